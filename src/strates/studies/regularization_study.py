"""What each way of holding a network back does to it, as it gets stronger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from strates.exceptions import ParameterError, did_you_mean
from strates.studies.default_estimator import default_estimator
from strates.studies.measures import complexity, weight_norm, zero_share
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting, parameter_name

#: Penalty -> (column, values from the weakest on).
PENALTIES: dict[str, tuple[str, tuple[float, ...]]] = {
    "l2": ("alpha", (0.0, 1e-4, 1e-3, 1e-2, 1e-1)),
    "l1": ("alpha", (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
    "dropout": ("dropout", (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)),
    "max_norm": ("max_norm", (8.0, 4.0, 2.0, 1.0, 0.5)),
    "input_noise": ("input_noise", (0.0, 0.1, 0.2, 0.4, 0.8)),
    "width": ("width", (64, 32, 16, 8, 4, 2)),
}


def regularization_study(
    X: Any,
    y: Any,
    *,
    penalty: str = "l2",
    values: Sequence[float] | None = None,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Strengthen one kind of regularisation step by step.

    A stronger one costs accuracy on the rows that are learned from, smooths the boundary between the classes, and helps
    on other rows up to a point. Where a network separates the classes with certainty, most rows lie on plateaus of
    probability 0 or 1, without a slope: ``boundary_complexity`` may then rise before it falls, as the penalty takes the
    certainty away; ``weight_norm`` and the losses tell.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    penalty : {"l2", "l1", "dropout", "max_norm", "input_noise", "width"}, default="l2"
        "l2" and "l1" vary ``alpha``; "width" the units of each hidden layer; the others the classifier's parameter of
        that name.
    values : sequence of float, default=None
        Some that suit most problems by default.
    estimator : classifier or pipeline, default=None
        An ``MLPClassifier``, or a pipeline that ends in one; by default two layers of 64, on standardised inputs,
        without any other regularisation, for 200 epochs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`; fewer rows to learn from make regularisation matter more.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``penalty`` and that which varies: ``alpha``, ``dropout``,
        ``max_norm``, ``input_noise`` or ``width``. Measures:

        - ``boundary_complexity``: mean gradient norm of the probabilities over the test rows; see
          :func:`strates.inspection.boundary_complexity`;
        - ``weight_norm``: Euclidean norm of all weights;
        - ``zero_share``: share of weights that are exactly zero, which "l1" makes.

    Raises
    ------
    ParameterError
        ``penalty`` is unknown.

    Examples
    --------
    >>> from strates.datasets import moons
    >>> frame = regularization_study(*moons(200), values=(0.0, 0.3), seeds=[0])
    >>> frame.sort_values("boundary_complexity")["alpha"].tolist()
    [0.3, 0.0]
    """
    if penalty not in PENALTIES:
        raise ParameterError(f"penalty={penalty!r} is not known. {did_you_mean(str(penalty), PENALTIES)}")
    base = default_estimator(X, (64, 64), max_iter=200) if estimator is None else estimator
    column, usual = PENALTIES[penalty]
    settings = []
    for value in usual if values is None else values:
        parameters = _parameters(base, penalty, column, value)
        settings.append(Setting.from_parameters(base, parameters, columns={"penalty": penalty, column: value}))
    measures = {"boundary_complexity": complexity, "weight_norm": weight_norm, "zero_share": zero_share}
    return paired_runs(
        X, y, settings, seeds=seeds, test_size=test_size, train_size=train_size,
        measures=None if by_epoch else measures, by_epoch=by_epoch, progress=progress,
    )  # fmt: skip


def _parameters(base: Any, penalty: str, column: str, value: Any) -> dict[str, Any]:
    if penalty in ("l1", "l2"):
        return {"alpha": value, "l1_ratio": float(penalty == "l1")}
    if penalty == "width":
        name = parameter_name(base, "hidden_layer_sizes")
        depth = max(1, np.size(base.get_params()[name]))
        return {name: (int(value),) * depth}
    return {column: value}
