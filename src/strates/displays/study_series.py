"""One line of a study's figure: a measure of one group of settings, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.displays.study_axis import number_text
from strates.exceptions import ParameterError, did_you_mean
from strates.studies.study_columns import measured_columns, setting_columns
from strates.studies.summarize_study import interval_of

#: What the columns of a study are called in a figure.
MEASURES = {
    "train_accuracy": "accuracy on training rows",
    "test_accuracy": "accuracy on test rows",
    "train_loss": "loss on training rows",
    "test_loss": "loss on test rows",
    "n_iter": "epochs",
    "seconds": "seconds",
    "n_weights": "weights",
    "boundary_complexity": "boundary complexity",
    "zero_share": "share of weights that are zero",
    "initial_std": "initial deviation of the last layer",
    "initial_saturated": "share saturated before training",
    "dead_share": "share of dead units",
}
_PARTS = ("accuracy", "loss")
_ROWS = {"train": "training", "test": "test"}
_SHARES = ("accuracy", "share", "saturated", "score")  # intervals of theirs stay in [0, 1]


@dataclass(frozen=True, eq=False)
class StudySeries:
    """A measure at each value of the horizontal axis.

    Attributes
    ----------
    name : str
        In the legend.
    measure : str
        Column of the study.
    values : ndarray of shape (n_values, n_seeds)
        NaN where there is none.
    diverged : ndarray of shape (n_values,)
        Runs that diverged.
    colour, dash : int
        Number of the group of settings, and of the measure.
    complete : bool
        Whether a mean is wanted only where every seed still has a value: runs that end early would leave the others'.
    """

    name: str
    measure: str
    values: FloatArray
    diverged: AnyArray
    colour: int = 0
    dash: int = 0
    complete: bool = False

    def interval(self, *, geometric: bool = False) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean, lower and upper bound at each value, each of shape (n_values,); no bounds of a single seed.

        Parameters
        ----------
        geometric : bool, default=False
            Take them of the logarithms, wherever all numbers are positive.
        """
        found = np.full((3, len(self.values)), np.nan)
        wanted = int((~np.isnan(self.values)).any(axis=0).sum()) if self.complete else 1
        for i, row in enumerate(self.values):
            if np.count_nonzero(~np.isnan(row)) >= wanted:
                is_log = geometric and not (row <= 0).any()
                numbers = interval_of(np.log(row) if is_log else row)
                bounds = np.array([numbers["mean"], numbers["low"], numbers["high"]])
                found[:, i] = np.exp(bounds) if is_log else bounds
        if self.measure.endswith(_SHARES):
            found[1:] = np.clip(found[1:], 0, 1)
        return found[0], found[1], found[2]


def measure_text(measures: list[str]) -> str:
    """Name what one axis shows.

    Examples
    --------
    >>> measure_text(["test_accuracy"]), measure_text(["train_loss", "test_loss"])
    ('accuracy on test rows', 'loss')
    """
    for part in _PARTS:
        if len(measures) > 1 and all(measure.endswith(part) for measure in measures):
            return part
    return " / ".join(MEASURES.get(measure, measure.replace("_", " ")) for measure in measures)


def read_series(
    frame: pd.DataFrame, x: str | None, measures: list[str], hue: str | None
) -> tuple[list[Any], list[StudySeries], str]:
    """Arrange a study's table by a column of its settings.

    Parameters
    ----------
    frame : DataFrame
    x, hue : str or None
        Columns; None for the usual ones.
    measures : list of str

    Returns
    -------
    values : list
        Of the column ``x``, in their order.
    series : list of StudySeries
    x : str
        The column that was chosen.

    Raises
    ------
    ParameterError
        The columns are not there, or do not tell the rows apart.
    """
    keys = setting_columns(frame)
    measured_columns(frame, measures)
    if not len(frame):
        raise ParameterError(
            "The table has no rows, so there is nothing to draw. Give what a study returned, or a part."
        )
    varying = [name for name in keys if frame[name].nunique(dropna=False) > 1]
    if x is None:
        x = "epoch" if "epoch" in frame else (varying or keys)[-1]
    known = [*keys, *(["epoch"] if "epoch" in frame else [])]
    for name in (x, hue):
        if name is not None and name not in known:
            raise ParameterError(f"The study varies no {name!r}. {did_you_mean(name, known)}")
    others = [name for name in varying if name != x] if hue is None else [hue]
    fixed = [name for name in varying if name not in (x, *others)]
    if fixed or (x != "epoch" and "epoch" in frame):
        also = ", ".join(fixed) or "epoch"
        raise ParameterError(
            f"The rows also differ in {also}. Take those of one value, such as "
            f"frame[frame[{also.split(', ')[0]!r}] == ...], or leave hue out, which shows all that varies."
        )
    return *_arrange(frame, x, measures, others), x


def _arrange(
    frame: pd.DataFrame, x: str, measures: list[str], others: list[str]
) -> tuple[list[Any], list[StudySeries]]:
    values, seeds = frame[x].unique().tolist(), frame["seed"].unique().tolist()
    groups: list[tuple[str, pd.DataFrame]] = [("", frame)]
    if others:
        parts = frame.groupby(others, sort=False, dropna=False)
        groups = [
            (", ".join(_text(name, cell) for name, cell in zip(others, key, strict=True)), part) for key, part in parts
        ]
    rows = pd.factorize(frame[x], use_na_sentinel=False)[0]
    columns = pd.factorize(frame["seed"])[0]
    place = pd.DataFrame({"row": rows, "column": columns}, index=frame.index)
    series = []
    for colour, (name, part) in enumerate(groups):
        here = place.loc[part.index]
        lost = np.zeros(len(values))
        if "diverged" in part:
            np.add.at(lost, here["row"].to_numpy(), part["diverged"].to_numpy(float))
        for dash, measure in enumerate(measures):
            array = np.full((len(values), len(seeds)), np.nan)
            array[here["row"], here["column"]] = part[measure].to_numpy(float)
            label = ", ".join(([name] if name else []) + ([] if len(measures) == 1 else [_short(measure, measures)]))
            series.append(
                StudySeries(
                    label or MEASURES.get(measure, measure),
                    measure,
                    array,
                    lost if dash == 0 else np.zeros(len(values)),  # counted once
                    colour=dash if len(groups) == 1 else colour,
                    dash=dash,
                    complete=x == "epoch",
                )
            )
    return values, series


def _short(measure: str, measures: list[str]) -> str:
    """Name one of several measures that share an axis."""
    if measure_text(measures) in _PARTS and measure.partition("_")[0] in _ROWS:
        return _ROWS[measure.partition("_")[0]]
    return MEASURES.get(measure, measure.replace("_", " "))


def _text(name: str, cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    number = number_text(np.nan if cell is None else float(cell))
    return f"{name.replace('learning_rate_init', 'rate').replace('_', ' ')} {number}"
