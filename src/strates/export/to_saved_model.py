"""A network in TensorFlow's own format for serving."""

from __future__ import annotations

import os
from typing import Any

from strates.engine.saved_formats import run_saved_model, write_saved_model
from strates.export.compared_rows import compared_rows, largest_difference
from strates.export.destination import beside, check_destination, put_folder
from strates.export.export_result import ExportResult
from strates.export.fitted_parts import fitted_parts
from strates.export.network_inputs import network_inputs
from strates.export.whole_or_network import only_network


def to_saved_model(est: Any, path: str | os.PathLike[str], *, X: Any = None, overwrite: bool = False) -> ExportResult:
    """Write a fitted network as a SavedModel, the folder that TensorFlow Serving and other languages load.

    It is loaded again and compared with the estimator before it takes its place. Its function ``serve`` takes float32
    rows of the network's own inputs and returns the network's outputs: a probability for each class, of a binary
    problem the one of the second class.

    Parameters
    ----------
    est : fitted estimator, or pipeline that ends in one
        Any with a ``network_``, subclassed ones too. Of a pipeline only the network is written, which a warning says.
    path : str or path-like
        The folder to make.
    X : array-like or DataFrame, optional
        Rows to compare on, of which the first hundred are taken; random ones by default.
    overwrite : bool, default=False
        Replace a SavedModel that is there.

    Returns
    -------
    ExportResult

    Raises
    ------
    ParameterError
        Something is at ``path``.

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
    ...     result = to_saved_model(clf, pathlib.Path(folder) / "moons")
    >>> result.rows, result.max_difference < 1e-6
    (100, True)
    """
    parts = fitted_parts(est)
    target = check_destination(path, "", overwrite=overwrite)
    parts, X = only_network(parts, "The SavedModel", X)
    rows = compared_rows(parts, None, X)
    with beside(target) as folder:
        made = folder / "made"
        write_saved_model(parts.model, made, parts.input_shape)
        found = parts.whole(run_saved_model(made, network_inputs(parts, rows)))
        difference = largest_difference("SavedModel", found, parts.answers(rows))
        put_folder(made, target, folder)
    return ExportResult(
        path=target,
        format="SavedModel",
        max_difference=difference,
        rows=len(found),
        size=sum(file.stat().st_size for file in target.rglob("*") if file.is_file()),
        whole=parts.whole_pipeline(est),
        usage=f'network = tf.saved_model.load("{target.name}")\nnetwork.serve(X.astype("float32"))',
    )
