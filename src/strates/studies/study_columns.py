"""Which columns of a study's table say what was set, and which what was measured."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from strates.exceptions import ParameterError, did_you_mean

_NOT_MEASURED = {"diverged", "epoch"}


def setting_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that name the settings: those before ``seed``.

    Raises
    ------
    ParameterError
        The table is not one that a study returned.

    Examples
    --------
    >>> setting_columns(pd.DataFrame(columns=["alpha", "seed", "test_accuracy"]))
    ['alpha']
    """
    names = [str(name) for name in frame.columns]
    if "seed" not in names[1:]:
        raise ParameterError(
            f"The table has the columns {', '.join(names)}; a study's has those of its settings, then 'seed'. Give "
            "what a study returned."
        )
    return names[: names.index("seed")]


def measured_columns(frame: pd.DataFrame, asked: str | Iterable[str] | None = None) -> list[str]:
    """Return the columns to summarize: all that were measured, or those asked for.

    Raises
    ------
    ParameterError
        One that is asked for is not there.

    Examples
    --------
    >>> frame = pd.DataFrame({"alpha": [0.1], "seed": [0], "test_accuracy": [0.9], "diverged": [False]})
    >>> measured_columns(frame)
    ['test_accuracy']
    """
    after = list(frame.columns[len(setting_columns(frame)) + 1 :])
    known = [name for name in after if name not in _NOT_MEASURED and pd.api.types.is_numeric_dtype(frame[name])]
    if asked is None:
        return known
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in known:
            raise ParameterError(f"The study measured no {name!r}. {did_you_mean(str(name), known)}")
    return names
