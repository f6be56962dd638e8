"""A network for telephones and small boards."""

from __future__ import annotations

import os
from typing import Any

from strates._atomic_write import atomic_write
from strates.engine.saved_formats import run_tflite, tflite_bytes
from strates.export.compared_rows import compared_rows, largest_difference
from strates.export.destination import check_destination
from strates.export.export_result import ExportResult
from strates.export.fitted_parts import fitted_parts
from strates.export.network_inputs import network_inputs
from strates.export.whole_or_network import only_network


def to_tflite(est: Any, path: str | os.PathLike[str], *, X: Any = None, overwrite: bool = False) -> ExportResult:
    """Write a fitted network as a TFLite file, for telephones and small boards.

    Its interpreter is run and compared with the estimator before the file takes its place. Weights stay float32. The
    file takes float32 rows of the network's own inputs and returns the network's outputs: a probability for each
    class, of a binary problem the one of the second class.

    Parameters
    ----------
    est : fitted estimator, or pipeline that ends in one
        Any with a ``network_``. Of a pipeline only the network is written, which a warning says.
    path : str or path-like
        ``.tflite`` is added when there is no suffix.
    X : array-like or DataFrame, optional
        Rows to compare on, of which the first hundred are taken; random ones by default.
    overwrite : bool, default=False
        Replace a file that exists.

    Returns
    -------
    ExportResult

    Raises
    ------
    ParameterError
        The network has an operation that TFLite has not, or the file exists.

    Warns
    -----
    StratesWarning
        The estimator is a pipeline: the network takes what ``pipeline[:-1].transform(X)`` gives.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = to_tflite(clf, pathlib.Path(folder) / "moons")
    >>> result.path.name, result.rows, result.max_difference < 1e-6
    ('moons.tflite', 100, True)
    """
    parts = fitted_parts(est)
    target = check_destination(path, ".tflite", overwrite=overwrite)
    parts, X = only_network(parts, "The TFLite file", X)
    rows = compared_rows(parts, None, X)
    content = tflite_bytes(parts.model, parts.input_shape)
    found = parts.whole(run_tflite(content, network_inputs(parts, rows)))
    difference = largest_difference("TFLite", found, parts.answers(rows))
    atomic_write(target, content)
    return ExportResult(
        path=target,
        format="TFLite",
        max_difference=difference,
        rows=len(found),
        size=len(content),
        whole=parts.whole_pipeline(est),
        usage=(
            f'run = tf.lite.Interpreter("{target.name}").get_signature_runner()\n'
            '[name] = run.get_input_details()\nrun(**{name: X.astype("float32")})'
        ),
    )
