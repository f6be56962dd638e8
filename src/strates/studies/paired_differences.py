"""What a setting changes, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from strates.exceptions import ParameterError
from strates.studies.study_columns import measured_columns, setting_columns
from strates.studies.summarize_study import interval_of


def paired_differences(
    frame: pd.DataFrame, reference: Mapping[str, Any], measures: str | Iterable[str] | None = None
) -> pd.DataFrame:
    """Return each setting minus a reference, run by run of the same seed: mean and 95 % interval.

    An easy split is easy for all settings; the difference within a seed is free of that, and its interval is the one
    to judge a change by. It is Student's over the seeds: how well the mean difference over all splits of these rows is
    known, not what other data would give.

    Parameters
    ----------
    frame : DataFrame
        What a study returned, a row a run.
    reference : mapping of str to value
        Values of some columns of the setting, such as ``{"alpha": 0.0}``. The other columns of the setting are kept
        equal: with ``{"solver": "adam"}``, each solver is compared with Adam at its own learning rate.
    measures : str or iterable of str, default=None
        Columns; all that were measured by default.

    Returns
    -------
    DataFrame
        A row a setting other than the reference and a measure: the columns of the setting, ``measure``, ``n`` (pairs
        with two numbers), ``mean``, ``sd``, ``low`` and ``high`` of the difference.

    Raises
    ------
    ParameterError
        The table is not a study's, or no run has the reference's values.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"alpha": [0, 0, 0, 1, 1, 1], "seed": [0, 1, 2] * 2, "test_accuracy": [0.5, 0.7, 0.9, 0.6, 0.8, 1.0]}
    ... )
    >>> paired_differences(frame, {"alpha": 0})[["alpha", "measure", "n", "mean"]].round(3).values.tolist()
    [[1, 'test_accuracy', 3, 0.1]]
    """
    keys = setting_columns(frame)
    names = measured_columns(frame, measures)
    if "epoch" in frame:
        raise ParameterError("The table has a row an epoch; differences are between runs. Study without by_epoch=True.")
    chosen = frame[_matches(frame, keys, reference)]
    others = [name for name in keys if name not in reference]
    pairs = frame.merge(chosen[[*others, "seed", *names]], on=[*others, "seed"], suffixes=("", " of reference"))
    pairs = pairs[~_matches(pairs, keys, reference)]
    rows = []
    for key, group in pairs.groupby(keys, sort=False, dropna=False):
        head = dict(zip(keys, key, strict=True))
        for name in names:
            difference = group[name].to_numpy(float) - group[f"{name} of reference"].to_numpy(float)
            rows.append(head | {"measure": name} | interval_of(difference))
    return pd.DataFrame(rows, columns=[*keys, "measure", "n", "mean", "sd", "low", "high"])


def _matches(frame: pd.DataFrame, keys: list[str], reference: Mapping[str, Any]) -> pd.Series[bool]:
    unknown = [name for name in reference if name not in keys]
    if unknown or not reference:
        raise ParameterError(
            f"reference={dict(reference)!r} names no setting: the study varies {', '.join(keys)}. Give a value of one."
        )
    matching = pd.Series(True, index=frame.index)
    for name, value in reference.items():
        matching &= frame[name].isna() if value is None else frame[name] == value
    if not matching.any():
        known = {name: frame[name].unique().tolist() for name in reference}
        raise ParameterError(f"No run has {dict(reference)!r}. The study has {known}.")
    return matching
