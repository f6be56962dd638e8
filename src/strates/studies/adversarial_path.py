"""How linear a network is along the direction that fools it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from strates._random import root_seed, stream
from strates.exceptions import DataError, ParameterError
from strates.inspection.network_inputs import network_inputs
from strates.studies.sign_steps import SignSteps


def adversarial_path(
    clf: Any, X: Any, y: Any, *, epsilons: Sequence[float] | None = None, random_state: Any = 0
) -> pd.DataFrame:
    """Follow each row's margin along the sign of its gradient, and compare it with its tangent.

    Where the two columns ``margin`` and ``tangent`` stay together, the network is as linear as the explanation of its
    adversarial examples supposes (Goodfellow et al., 2015).

    Parameters
    ----------
    clf : fitted classifier or pipeline
        With a ``network_``. In a pipeline, steps are taken in what reaches the network.
    X : DataFrame or array of n_rows rows
    y : array-like of shape (n_rows,)
        True labels. Rows that are predicted wrong are left out.
    epsilons : sequence of float, default=None
        Steps in each input, in their units; negative ones go the other way. By default 11, from -0.25 to 0.25.
    random_state : int, default=0
        Of the random signs.

    Returns
    -------
    DataFrame
        A row an epsilon, with means over the rows: ``epsilon``; ``margin``, the true class's logit less that of its
        strongest rival at the row itself; ``tangent``, what the gradient says of it; ``random_margin``, after a step as
        large with random signs; ``right`` and ``random_right``, the shares still predicted right.

    Raises
    ------
    ParameterError
        The classifier has no network, or the epsilons are no finite numbers.
    DataError
        No row is predicted right.

    See Also
    --------
    adversarial_linearity : The effect as there are more inputs.

    References
    ----------
    Goodfellow, Shlens & Szegedy (2015), https://arxiv.org/abs/1412.6572.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((32,), max_iter=30, learning_rate="cosine", random_state=0).fit(X[:1000] / 16, y[:1000])
    >>> path = adversarial_path(clf, X[1000:] / 16, y[1000:], epsilons=(0.0, 0.02))
    >>> fall = -path[["margin", "tangent", "random_margin"]].diff().iloc[1]
    >>> bool(abs(fall["margin"] / fall["tangent"] - 1) < 0.05), bool(fall["random_margin"] < fall["margin"] / 5)
    (True, True)
    """
    sizes = np.linspace(-0.25, 0.25, 11) if epsilons is None else np.asarray(epsilons)
    if sizes.ndim != 1 or not sizes.size or sizes.dtype.kind not in "fi" or not np.isfinite(sizes).all():
        raise ParameterError(f"epsilons={epsilons!r} cannot be used: give finite numbers, such as (0.0, 0.05, 0.1).")
    inputs, classifier = network_inputs(clf, X)
    steps = SignSteps.of(classifier, inputs, np.asarray(y))
    right = steps.right
    if not right.any():
        raise DataError(f"None of the {len(right)} rows is predicted right; there is no margin to lose. Give others.")
    against, by_chance = steps.against(), steps.at_random(stream(root_seed(random_state), "signs"))
    slope = np.abs(steps.gradients[right]).sum(axis=1).mean()
    start = float(steps.margins[right].mean())
    rows = []
    for epsilon in sizes.tolist():
        margins, fooled = steps.moved(against, epsilon)
        control, misled = steps.moved(by_chance, epsilon)
        rows.append(
            {
                "epsilon": float(epsilon),
                "margin": float(margins[right].mean()),
                "tangent": start - epsilon * float(slope),
                "random_margin": float(control[right].mean()),
                "right": float(1 - fooled[right].mean()),
                "random_right": float(1 - misled[right].mean()),
            }
        )
    return pd.DataFrame(rows)
