"""What may change in a table, from the rows at hand and what the user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from strates.attacks.tabular.column_domain import (
    ColumnDomain,
    categories_of,
    is_text,
    number_grid,
    number_scale,
)
from strates.datasets.column_types import column_type
from strates.exceptions import DataError, ParameterError, did_you_mean

DIRECTIONS = {"increase": 1, "decrease": -1}


@dataclass(frozen=True)
class TableRules:
    """What the user says of the columns.

    Attributes
    ----------
    immutable : tuple
        Columns that stay.
    ranges : mapping
        Columns to (low, high), or to the categories that are allowed.
    directions : mapping
        Columns to "increase" or "decrease".
    steps : mapping
        Columns to the step of their grid.
    costs : mapping
        Columns to the cost of a change by one scale, or to another category.
    """

    immutable: tuple[Any, ...] = ()
    ranges: Mapping[Any, Any] = field(default_factory=dict)
    directions: Mapping[Any, str] = field(default_factory=dict)
    steps: Mapping[Any, float] = field(default_factory=dict)
    costs: Mapping[Any, float] = field(default_factory=dict)

    def check(self, columns: Sequence[Any]) -> None:
        """Refuse columns that the table does not have, and values that mean nothing.

        Raises
        ------
        ParameterError
        """
        named: dict[str, Iterable[Any]] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for parameter, given in named.items():
            for column in given:
                if column not in columns:
                    raise ParameterError(
                        f"{parameter} names column {column!r}, which the table does not have. "
                        f"{did_you_mean(str(column), map(str, columns))}"
                    )
        for column, word in self.directions.items():
            if word not in DIRECTIONS:
                raise ParameterError(
                    f'directions gives {word!r} for column {column!r}; expected "increase" or "decrease".'
                )
        for parameter in ("steps", "costs"):
            for column, value in getattr(self, parameter).items():
                if not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
                    raise ParameterError(
                        f"{parameter} gives {value!r} for column {column!r}; expected a number above 0. A column that "
                        "must not change belongs into immutable."
                    )


def table_domain(reference: pd.DataFrame, X: pd.DataFrame, rules: TableRules) -> list[ColumnDomain]:
    """Return the columns that may change, with what they may hold.

    Parameters
    ----------
    reference : DataFrame
        Rows that show which values there are.
    X : DataFrame
        The rows to be changed, with the same columns.
    rules : TableRules

    Returns
    -------
    list of ColumnDomain
        Dates, text, constants and immutable columns are left out.

    Raises
    ------
    ParameterError
        A rule cannot be followed, or nothing is left that may change.
    DataError
        The tables have other columns.
    """
    if reference.columns.tolist() != X.columns.tolist():
        odd = [str(name) for name in X.columns if name not in reference.columns]
        odd += [str(name) for name in reference.columns if name not in X.columns]
        raise DataError(
            "reference and X have other columns"
            + (f" ({', '.join(odd[:5])})" if odd else ", or the same in another order")
            + ". Give both the columns that the pipeline was fitted on, in their order."
        )
    rules.check(X.columns.tolist())
    found = [_column(reference, X, place, rules) for place in range(X.shape[1])]
    domains = [one for one in found if one is not None]
    if not domains:
        raise ParameterError(
            f"No column may change: {len(X.columns)} are immutable, constant in the {len(reference)} rows of the "
            "reference, dates or text. Give reference=, rows that show which values there are, or fewer immutable "
            "columns."
        )
    return domains


def _column(reference: pd.DataFrame, X: pd.DataFrame, place: int, rules: TableRules) -> ColumnDomain | None:
    name, dtype = X.columns[place], X.dtypes.iloc[place]
    column = reference.iloc[:, place]
    kind = column_type(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        kind = "text"
    if kind == "datetime" and (name in rules.ranges or name in rules.directions):
        raise ParameterError(f"Column {name!r} holds dates, which stay as they are. Take it out of ranges, directions.")
    if name in rules.immutable or kind == "datetime":
        return None
    if kind == "number":
        return _number(column, name, place, dtype, rules)
    return _category(column, name, place, dtype, rules)


def _number(column: pd.Series[Any], name: Any, place: int, dtype: Any, rules: TableRules) -> ColumnDomain | None:
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise DataError(
            f"Column {name!r} holds numbers in X, but {column.dtype} in the reference. Read both in the same way."
        )
    numbers = np.array(column.to_numpy(dtype=float, na_value=np.nan), dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    low, high = _range(rules.ranges.get(name), numbers, name)
    scale = number_scale(numbers) or (high - low)
    if not high > low or not scale > 0:
        return None
    step, decimals = number_grid(numbers if len(numbers) else np.array([low, high]), dtype, scale)
    if pd.api.types.is_integer_dtype(dtype) and decimals > 0:
        step, decimals = 1.0, 0
    if name in rules.steps:
        step, decimals = float(rules.steps[name]), 12
        if pd.api.types.is_integer_dtype(dtype) and not step.is_integer():
            raise ParameterError(f"steps gives {step:g} for column {name!r}, which holds integers; expected one too.")
    return ColumnDomain(
        name, place, low=low, high=high, step=step, decimals=decimals, scale=scale,
        cost=float(rules.costs.get(name, 1.0)), direction=DIRECTIONS.get(rules.directions.get(name, ""), 0),
    )  # fmt: skip


def _range(given: Any, numbers: Any, name: Any) -> tuple[float, float]:
    ends = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 0.0)
    if given is None:
        return ends
    try:
        low, high = (end if one is None else float(one) for one, end in zip(given, ends, strict=True))
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ParameterError(
            f"ranges gives {given!r} for column {name!r}, which holds numbers; expected (low, high), where None is the "
            "end that the rows show."
        )
    return low, high


def _category(column: pd.Series[Any], name: Any, place: int, dtype: Any, rules: TableRules) -> ColumnDomain | None:
    for parameter in ("directions", "steps"):
        if name in getattr(rules, parameter):
            raise ParameterError(f"{parameter} names column {name!r}, which holds no numbers. Take it out.")
    values = categories_of(column)
    if isinstance(dtype, pd.CategoricalDtype):
        values = [value for value in values if value in dtype.categories]
    given = rules.ranges.get(name)
    if given is not None:
        allowed = [given] if isinstance(given, str) else list(given)
        unknown = [value for value in allowed if value not in values]
        if unknown:
            raise ParameterError(
                f"ranges allows {unknown[0]!r} in column {name!r}, where the rows have no such value. "
                f"{did_you_mean(str(unknown[0]), map(str, values))}"
            )
        values = [value for value in values if value in allowed]
    elif is_text(values, len(column)):
        return None
    if not values or (len(values) < 2 and given is None):
        return None
    return ColumnDomain(name, place, values=tuple(values), cost=float(rules.costs.get(name, 1.0)))
