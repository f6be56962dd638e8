"""The code behind an estimator's parameters."""

from __future__ import annotations

from typing import Any

from strates.engine.keras_code.explain import CodeExplanation, explain
from strates.export.fitted_parts import fitted_parts


def explain_code(est: Any) -> CodeExplanation:
    """Show, beside each parameter of an estimator, the line of Keras that it becomes.

    The lines are those of the script that :func:`to_keras_script` writes. A parameter that becomes none says why.

    Parameters
    ----------
    est : fitted estimator of strates, pipeline that ends in one, or search over them
        Of a pipeline, the parameters of its last step.

    Returns
    -------
    CodeExplanation
        ``lines``, each with ``parameter``, ``value``, ``code`` and ``reason``; ``to_frame()``; as text, aligned.

    Raises
    ------
    NotFittedError
        The estimator has learned nothing.
    ParameterError
        It has no network, or one that cannot be written.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((8,), learning_rate="cosine", max_iter=2, random_state=0).fit(*moons(100, random_state=0))
    >>> table = explain_code(clf).to_frame().set_index("parameter")
    >>> table.loc["solver", "code"]
    'optimizer = keras.optimizers.Adam(learning_rate=learning_rate, epsilon=1e-08)'
    """
    return explain(fitted_parts(est).last)
