"""Seeds and settings that a study can be run with, or an error that says why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from strates._random import root_seed
from strates.exceptions import ParameterError
from strates.studies.run import SCORES, Measures
from strates.studies.setting import Setting

_TAKEN = ("seed", *SCORES, "seconds", "diverged", "epoch")


def checked_seeds(seeds: Any) -> list[int]:
    """Return the seeds as a list of integers.

    Raises
    ------
    ParameterError
        They are no series of different integers in [0, 2**32).

    Examples
    --------
    >>> checked_seeds(range(3))
    [0, 1, 2]
    """
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        raise ParameterError(
            f"seeds={seeds!r} is not a series of integers. Give range(5) for five seeds, or [3] for seed 3 alone."
        )
    given = list(seeds)
    whole = all(isinstance(seed, int | np.integer) and not isinstance(seed, bool) for seed in given)
    if not whole or not given or len(set(given)) < len(given):
        raise ParameterError(f"seeds={given!r} cannot be used: give different integers, one at least, as range(5).")
    return [root_seed(seed) for seed in given]


def check_settings(settings: Sequence[Setting], measures: Measures, *, by_epoch: bool) -> None:
    """Refuse settings that a table could not tell apart, and measures that it has no place for.

    Raises
    ------
    ParameterError
    """
    if not settings:
        raise ParameterError("settings is empty; give one at least, such as {'alpha': 0.01}.")
    first = list(settings[0].columns)
    for setting in settings:
        if set(setting.columns) != set(first) or not first:
            raise ParameterError(
                f"The settings name {sorted(first)} and {sorted(setting.columns)}; all must name the same columns, one "
                "at least. Give those that are missing their default."
            )
    for i, name in enumerate(names := [*first, *measures]):
        if name in _TAKEN or name in names[:i]:
            raise ParameterError(f"The study has a column {name!r} already; choose another name.")
    if by_epoch and measures:
        raise ParameterError("measures are taken from a run as a whole; leave them out with by_epoch=True.")
    cells = [tuple(setting.cells[name] for name in first) for setting in settings]
    for i, cell in enumerate(cells):
        if cell in cells[:i]:
            raise ParameterError(f"The setting {dict(zip(first, cell, strict=True))} comes twice. Give it once.")
