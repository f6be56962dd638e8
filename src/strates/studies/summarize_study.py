"""A study in a few numbers a setting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from strates._types import FloatArray
from strates.inspection.intervals import mean_interval
from strates.studies.study_columns import measured_columns, setting_columns


def summarize_study(frame: pd.DataFrame, measures: str | Iterable[str] | None = None) -> pd.DataFrame:
    """Return mean, standard deviation and 95 % interval over the seeds, for each setting and measure.

    The interval is Student's. It says how well the mean over all seeds (splits of these rows, initial weights, orders)
    is known from those that were run; not what other data would give. Two settings are better compared by
    :func:`paired_differences`: what a seed does to both cancels out there.

    Parameters
    ----------
    frame : DataFrame
        What a study returned: a row a run, or a row an epoch.
    measures : str or iterable of str, default=None
        Columns; all that were measured by default.

    Returns
    -------
    DataFrame
        A row a setting and measure (and epoch): the columns of the setting, ``measure``, ``n`` (runs with a number:
        those that diverged have none), ``mean``, ``sd``, ``low`` and ``high``. A single run has neither ``sd`` nor
        interval (NaN).

    Raises
    ------
    ParameterError
        The table is not a study's, or has no such measure.

    Examples
    --------
    >>> frame = pd.DataFrame({"alpha": [0.1] * 3, "seed": range(3), "test_accuracy": [0.7, 0.8, 0.9]})
    >>> summarize_study(frame)[["alpha", "measure", "n", "mean", "low", "high"]].round(3).values.tolist()
    [[0.1, 'test_accuracy', 3, 0.8, 0.552, 1.048]]
    """
    keys = [*setting_columns(frame), *(["epoch"] if "epoch" in frame else [])]
    names = measured_columns(frame, measures)
    rows = []
    for key, group in frame.groupby(keys, sort=False, dropna=False):
        head = dict(zip(keys, key, strict=True))
        rows += [head | {"measure": name} | interval_of(group[name].to_numpy(float)) for name in names]
    return pd.DataFrame(rows, columns=[*keys, "measure", "n", "mean", "sd", "low", "high"])


def interval_of(values: FloatArray) -> dict[str, Any]:
    """Return number, mean, standard deviation and Student's 95 % interval of the values that are not NaN."""
    known = values[~np.isnan(values)]
    unknown = dict.fromkeys(("sd", "low", "high"), np.nan)
    if len(known) < 2:
        return {"n": len(known), "mean": float(known.mean()) if len(known) else np.nan, **unknown}
    mean, low, high = mean_interval(known)
    return {"n": len(known), "mean": mean, "sd": float(known.std(ddof=1)), "low": low, "high": high}
