"""The rows on which an export is compared with its estimator: those given, or random ones of their kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from strates._types import AnyArray
from strates.exceptions import DataError, StratesError
from strates.export.fitted_parts import FittedParts
from strates.export.recipe import Affine, Impute, Indicators, Recipe, Select, Single, Step

#: How many rows are compared.
N_ROWS = 100
#: Probabilities further apart are no matter of rounding.
TOLERANCE = 1e-4


def compared_rows(parts: FittedParts, recipe: Recipe | None, X: Any) -> Any:
    """Return up to a hundred rows of what the estimator takes.

    Parameters
    ----------
    parts : FittedParts
    recipe : Recipe or None
        None where the network's own inputs are compared.
    X : array-like or None
        Rows to take the first of; None for random ones.

    Returns
    -------
    DataFrame or ndarray
    """
    if X is not None:
        rows = X if hasattr(X, "iloc") else X.toarray() if sparse.issparse(X) else np.asarray(X)
        if not len(rows):
            raise DataError("X has no rows to compare on. Give some, or leave X out for random ones.")
        return rows.iloc[:N_ROWS] if hasattr(rows, "iloc") else rows[:N_ROWS]
    draw = np.random.default_rng(0)
    if recipe is None:
        return _inputs(parts, draw)
    if not recipe.columns:
        matrix = np.column_stack([_numbers(draw, recipe.steps, i) for i in range(recipe.n_inputs)])
        return _framed(parts, matrix)
    return _table(parts, recipe, draw)


def _inputs(parts: FittedParts, draw: np.random.Generator) -> Any:
    shape = (N_ROWS, *(n or 1 for n in parts.input_shape))
    scale = next((one.scale for one in parts.model.layers if type(one).__name__ == "Rescaling"), None)
    if isinstance(scale, float) and scale:  # of pixels
        return draw.uniform(0, 1 / scale, shape).astype(np.float32)
    rows = draw.normal(size=shape).astype(np.float32)
    return _framed(parts, rows) if rows.ndim == 2 else rows


def _framed(parts: FittedParts, rows: AnyArray) -> Any:
    """Give rows the names of the fit, where it had any."""
    names = getattr(parts.estimator, "feature_names_in_", None)
    return rows if names is None else pd.DataFrame(rows, columns=names)


def _table(parts: FittedParts, recipe: Recipe, draw: np.random.Generator) -> Any:
    names = getattr(parts.estimator, "feature_names_in_", None)
    given = [f"x{i}" for i in range(recipe.n_inputs)] if names is None else list(names)
    table = {name: np.full(N_ROWS, None, object) for name in given}
    for block in recipe.blocks:
        place = 0
        for source in block.sources:
            if isinstance(source, Indicators):
                values = draw.choice(source.categories, N_ROWS).astype(object) if len(source.categories) else None
                if values is not None:
                    values[values == ""] = None
                    table[recipe.columns[source.column].name] = values
                place += len(source.categories)
                continue
            for column in source.columns:
                steps = (*block.steps, *recipe.steps) if len(recipe.blocks) == 1 else block.steps
                table[recipe.columns[column].name] = _numbers(draw, steps, place)
                place += 1
    frame = pd.DataFrame(table)
    return frame if names is not None else frame.to_numpy()


def _numbers(draw: np.random.Generator, steps: tuple[Step, ...], place: int) -> AnyArray:
    """Draw a column about where the first scaling of it has its centre, with gaps where gaps are filled."""
    centre, width, gaps = 0.0, 1.0, False
    for step in steps:
        if isinstance(step, Impute | Select):
            where = np.flatnonzero(step.kept == place)
            gaps = gaps or isinstance(step, Impute)
            if not len(where):
                break
            place = int(where[0])
        elif isinstance(step, Affine):
            centre, width = float(step.shift[place]), 1 / float(step.factor[place]) if step.factor[place] else 1.0
            break
        elif not isinstance(step, Single):
            break
    values = centre + width * draw.normal(size=N_ROWS)
    if gaps:
        values[draw.random(N_ROWS) < 0.05] = np.nan
    return values


def columns_of(recipe: Recipe, rows: Any) -> list[AnyArray]:
    """Return rows as what a recipe takes: its columns, text with "" where it is missing; or one matrix of numbers.

    Parameters
    ----------
    recipe : Recipe
    rows : DataFrame or ndarray

    Returns
    -------
    list of ndarray
    """
    if not recipe.columns:
        return [np.asarray(rows, np.float64)]
    found = []
    for column in recipe.columns:
        values = rows[column.name] if hasattr(rows, "columns") else rows[:, int(column.name[1:])]
        found.append(np.array(list(_texts(values))) if column.text else np.asarray(values, np.float64))
    return found


def _texts(values: Any) -> Iterator[str]:
    for value in np.asarray(values, object):
        yield "" if pd.isna(value) else str(value)


def largest_difference(format_: str, found: AnyArray, wanted: AnyArray) -> float:
    """Return how far two arrays of outputs are apart.

    Raises
    ------
    StratesError
        Further than rounding explains.
    """
    if found.shape != wanted.shape:
        raise StratesError(
            f"The {format_} file was not written: its outputs have shape {found.shape}, the estimator's "
            f"{wanted.shape}. Please report this."
        )
    difference = float(np.abs(found - wanted).max(initial=0.0))
    if not difference <= TOLERANCE:
        raise StratesError(
            f"The {format_} file was not written: run on {len(found)} rows, its outputs differ from the estimator's by "
            f"up to {difference:.2g}, which is more than {TOLERANCE:g}. Please report this, with the estimator's repr."
        )
    return difference
