"""What more units and more layers can learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from strates.studies.default_estimator import default_estimator
from strates.studies.measures import n_weights
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting


def width_depth_study(
    X: Any,
    y: Any,
    *,
    widths: Sequence[int] = (2, 4, 8, 16, 32),
    depths: Sequence[int] = (1, 2, 3),
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Compare networks of several widths and depths.

    Accuracy on the rows that are learned from rises with width; on other rows it levels off, or falls.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    widths : sequence of int, default=(2, 4, 8, 16, 32)
        Units of each hidden layer.
    depths : sequence of int, default=(1, 2, 3)
        Hidden layers; 0 is a linear classifier, which is run once and has no width (NaN).
    estimator : classifier or pipeline, default=None
        An ``MLPClassifier``, or a pipeline that ends in one; by default on standardised inputs, for 200 epochs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``depth`` and ``width``, and the measure ``n_weights``:
        how many numbers the network learns, biases among them. Each width and depth compiles once.

    See Also
    --------
    strates.displays.StudyHeatmapDisplay : Width by depth, with the numbers.

    Examples
    --------
    >>> from strates.datasets import circles
    >>> frame = width_depth_study(*circles(200), widths=(2, 8), depths=(1,), seeds=[0])
    >>> frame[["depth", "width", "n_weights"]].values.tolist()
    [[1.0, 2.0, 9.0], [1.0, 8.0, 33.0]]
    """
    base = default_estimator(X, max_iter=200) if estimator is None else estimator
    settings = []
    for depth in depths:
        for width in widths if depth else [None]:
            hidden = () if width is None else (width,) * depth
            columns = {"depth": depth, "width": width}
            settings.append(Setting.from_parameters(base, {"hidden_layer_sizes": hidden}, columns=columns))
    return paired_runs(
        X, y, settings, seeds=seeds, test_size=test_size, train_size=train_size,
        measures=None if by_epoch else {"n_weights": n_weights}, by_epoch=by_epoch, progress=progress,
    )  # fmt: skip
