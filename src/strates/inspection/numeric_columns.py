"""The numbers of a table apart from the rest, and the way back: numbers in, rows like those of the table out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.importance import column_names
from strates.inspection.outcome import take_rows


def as_rows(X: Any) -> Any:
    """Return X as a DataFrame or an array of numbers, whose first axis counts the rows.

    Raises
    ------
    DataError
        X is sparse, has no columns or no rows, or is an array that holds text.
    """
    if sparse.issparse(X):
        raise DataError(
            f"X is a sparse matrix of shape {X.shape}; a plane is laid through dense numbers. Give X.toarray(), of "
            "some thousand rows at most."
        )
    if not isinstance(X, pd.DataFrame):
        X = np.asarray(X)
        if X.dtype.kind not in "fiub":
            try:
                X = X.astype(float)
            except (TypeError, ValueError) as error:
                raise DataError(
                    f"X is an array that holds text or objects ({error}). Give a DataFrame, whose columns have types "
                    "of their own."
                ) from error
    if X.ndim < 2 or 0 in X.shape:
        raise DataError(f"X has shape {X.shape}; expected rows by columns, with one of each at least.")
    return X


def names_of(X: Any) -> list[str]:
    """Return the names of the columns; those of pixels and unnamed columns are x0, x1, ..."""
    return column_names(X if hasattr(X, "columns") else _flat(X))


def find_column(X: Any, name: Any) -> int:
    """Return the place of a column, given by its name or its place.

    Raises
    ------
    ParameterError
        There is no such column.
    """
    labels: list[Any] = list(X.columns) if hasattr(X, "columns") else []
    if isinstance(name, Hashable) and name in labels:
        return labels.index(name)
    names = names_of(X)
    if isinstance(name, str) and name in names:
        return names.index(name)
    if isinstance(name, Integral) and not isinstance(name, bool) and -len(names) <= int(name) < len(names):
        return int(name) % len(names)
    raise ParameterError(f"X has no column {name!r}. {did_you_mean(str(name), names)}")


def is_numeric(X: Any) -> NDArray[np.bool_]:
    """Return whether each column holds numbers; yes/no columns count as categories, of shape (n_columns,)."""
    if not hasattr(X, "columns"):
        return np.ones(_flat(X).shape[1], dtype=bool)
    types = X.dtypes.tolist()
    return np.array([pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in types])


@dataclass(frozen=True, eq=False)
class NumericColumns:
    """Some numeric columns of a table, and a row that says what all columns are held at.

    Attributes
    ----------
    names : tuple of str
        Of the numeric columns, n_numeric of them.
    positions : ndarray of shape (n_numeric,)
        Their places among all columns.
    held : DataFrame of one row, or ndarray of shape (1, ...)
        A row of the table's form: what the other columns are held at.
    """

    names: tuple[str, ...]
    positions: NDArray[np.intp]
    held: Any

    def values(self, X: Any) -> FloatArray:
        """Return the numbers of rows of the table's form; missing and infinite ones are NaN.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows

        Returns
        -------
        ndarray of shape (n_rows, n_numeric)

        Raises
        ------
        DataError
            X has other columns.
        """
        rows = as_rows(X)
        if type(rows) is not type(self.held) or rows.shape[1:] != self.held.shape[1:]:
            raise DataError(
                f"X is a {type(rows).__name__} with rows of shape {rows.shape[1:]}, but the plane was laid through a "
                f"{type(self.held).__name__} with rows of shape {self.held.shape[1:]}. Give rows of the same form."
            )
        if hasattr(rows, "columns") and rows.columns.tolist() != self.held.columns.tolist():
            other = next(name for name, known in zip(rows.columns, self.held.columns, strict=True) if name != known)
            raise DataError(
                f"X has column {other!r} out of place. Give it the columns that the plane was laid through."
            )
        return numbers_of(rows, self.positions)

    def rows(self, values: FloatArray) -> Any:
        """Put numbers in the place of those held.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_numeric)

        Returns
        -------
        DataFrame or ndarray of n_rows rows
        """
        n_rows = len(values)
        if not hasattr(self.held, "columns"):
            flat = np.tile(_flat(self.held).astype(float), (n_rows, 1))
            flat[:, self.positions] = values
            return flat.reshape(n_rows, *self.held.shape[1:])
        n_columns = self.held.shape[1]
        others = np.setdiff1d(np.arange(n_columns), self.positions)
        # two blocks side by side: one column after another would take minutes where there are a thousand
        still = self.held.iloc[np.zeros(n_rows, dtype=int), others].reset_index(drop=True)
        frame = pd.concat([pd.DataFrame(values), still], axis=1)
        frame = frame.iloc[:, np.argsort(np.concatenate([self.positions, others]))]
        frame.columns = self.held.columns
        return frame


def numbers_of(X: Any, positions: Sequence[int] | NDArray[np.intp]) -> FloatArray:
    """Return numeric columns as float64, of shape (n_rows, n_positions); missing and infinite values are NaN."""
    if hasattr(X, "columns"):
        chosen = X.iloc[:, np.asarray(positions, dtype=int)]
        values = np.array(chosen.to_numpy(dtype=float, na_value=np.nan), dtype=float)
    else:
        values = np.array(_flat(X)[:, np.asarray(positions, dtype=int)], dtype=float)
    values[~np.isfinite(values)] = np.nan
    return values


def held_row(X: Any, at: Any) -> Any:
    """Return the row that says what the columns are held at which a plane does not span.

    Parameters
    ----------
    X : DataFrame or array of n_rows rows
    at : "median", "mean", int or mapping
        Numbers at their median or mean and other columns at their commonest value; or all at those of the row at a
        place; or some columns at given values and the rest as with "median".

    Returns
    -------
    DataFrame of one row, or ndarray of shape (1, ...)

    Raises
    ------
    ParameterError
        ``at`` is none of these, names a column or a row that X does not have, or gives text for numbers.
    """
    if isinstance(at, (Mapping, pd.Series)):
        return _with_given(X, held_row(X, "median"), dict(at))
    if isinstance(at, Integral) and not isinstance(at, bool):
        row = check_row(X, at, "at")
        return _filled(take_rows(X, np.array([row])), held_row(X, "median"))
    if not isinstance(at, str) or at not in {"median", "mean"}:
        raise ParameterError(
            f"at={at!r} cannot be used; expected 'median', 'mean', the place of a row such as 0, or a mapping of "
            "columns to values."
        )
    if not hasattr(X, "columns"):
        return _middle(numbers_of(X, range(_flat(X).shape[1])), at).reshape(1, *X.shape[1:])
    row = X.iloc[[0]].reset_index(drop=True)
    numeric = np.flatnonzero(is_numeric(X))
    for place, value in zip(numeric, _middle(numbers_of(X, numeric), at), strict=True):
        row.isetitem(place, pd.Series([value]))
    for place in np.flatnonzero(~is_numeric(X)):
        row.isetitem(place, pd.Series([_commonest(X.iloc[:, place])], dtype=X.dtypes.iloc[place]))
    return row


def check_row(X: Any, row: Any, what: str) -> int:
    """Return the place of a row, counted from 0.

    Raises
    ------
    ParameterError
        X has no such row.
    """
    n_rows = len(X)
    if not isinstance(row, Integral) or isinstance(row, bool) or not -n_rows <= int(row) < n_rows:
        raise ParameterError(f"{what}={row!r} is no row of X; expected a place from 0 to {n_rows - 1}.")
    return int(row) % n_rows


def _flat(X: AnyArray) -> AnyArray:
    return X.reshape(len(X), -1)


def _middle(values: FloatArray, at: str) -> FloatArray:
    if at == "median":
        frame = pd.DataFrame(values)
        return np.asarray(frame.median() if np.isnan(values).any() else np.median(values, axis=0), dtype=float)
    return np.asarray(pd.DataFrame(values).mean(), dtype=float)


def _commonest(column: pd.Series[Any]) -> Any:
    try:
        counts = column.value_counts()
    except TypeError:  # lists and the like cannot be counted
        return column.iloc[0]
    return counts.index[0] if len(counts) and counts.iloc[0] else column.iloc[0]


def _filled(row: Any, middle: Any) -> Any:
    """Put the median, or the commonest value, where a row lacks one."""
    if not hasattr(row, "columns"):
        return np.where(np.isfinite(row), row, middle)
    row = row.reset_index(drop=True)
    for place in np.flatnonzero(row.isna().iloc[0]):
        row.isetitem(place, middle.iloc[:, place])
    return row


def _with_given(X: Any, row: Any, given: dict[Any, Any]) -> Any:
    numeric = is_numeric(X)
    for name, value in given.items():
        place = find_column(X, name)
        number = isinstance(value, (int, float, np.number)) and np.isfinite(value)
        if numeric[place] and not number:
            raise ParameterError(
                f"at gives {value!r} for column {names_of(X)[place]!r}, which holds numbers; expected a finite number."
            )
        if not hasattr(row, "columns"):
            _flat(row)[0, place] = value
        else:
            kind = float if numeric[place] else X.dtypes.iloc[place]
            row.isetitem(place, pd.Series([value], dtype=kind))
    return row
