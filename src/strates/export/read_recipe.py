"""From fitted transformers to the recipe that they follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.exceptions import ParameterError
from strates.export.fitted_parts import FittedParts
from strates.export.recipe import (
    Affine,
    Block,
    Clip,
    Column,
    Impute,
    Indicators,
    Numbers,
    Project,
    Recipe,
    Select,
    Single,
    Squash,
    Step,
)

#: Beyond this, what skrub's SquashingScaler is given is at its limit in float64; infinite numbers among it.
_FAR = 1e12


class StepNotWritten(ParameterError):
    """A step of a pipeline that cannot be written out; the message names it and says how to export the network."""


def read_recipe(parts: FittedParts) -> Recipe:
    """Read what comes before the network.

    Parameters
    ----------
    parts : FittedParts
        With steps.

    Returns
    -------
    Recipe

    Raises
    ------
    StepNotWritten
        A step is none of those known.
    """
    reader = _Reader(parts.estimator)
    steps = list(parts.steps)
    kind = _kind(steps[0][1])
    if kind == "TableVectorizer":
        blocks = reader.table(*steps.pop(0))
    elif kind == "ColumnTransformer":
        blocks = reader.column_transformer(*steps.pop(0))
    elif kind == "OneHotEncoder":
        blocks = (reader.block(list(range(steps[0][1].n_features_in_)), [steps.pop(0)]),)
    else:
        blocks = ()
    after = tuple(step for name, one in steps for step in _steps(name, one))
    if kind == "TableVectorizer":  # an imputer then fills columns of float32
        after = tuple(replace(one, fill=_single(one.fill)) if isinstance(one, Impute) else one for one in after)
    return Recipe(reader.columns if blocks else (), reader.n_inputs, blocks, after)


def _kind(step: Any) -> str:
    """Name a class of scikit-learn or skrub; one of anybody else's computes what it likes."""
    return type(step).__name__ if type(step).__module__.startswith(("sklearn.", "skrub.")) else ""


@dataclass
class _Reader:
    """Reads blocks, and notes which columns they take."""

    estimator: Any
    _taken: dict[int, bool] = field(default_factory=dict)  # number of the input column -> whether it is text
    _order: list[int] = field(default_factory=list)

    @property
    def n_inputs(self) -> int:
        return int(self.estimator.n_features_in_)

    @property
    def names(self) -> list[str]:
        names = getattr(self.estimator, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_inputs)] if names is None else [str(name) for name in names]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(self.names[i], self._taken[i]) for i in self._order)

    def take(self, i: int, *, text: bool, name: str) -> int:
        """Return a column's number among those of the recipe."""
        if self._taken.setdefault(i, text) != text:
            raise _refusal(name, f"column {self.names[i]!r} is used as text and as numbers")
        if i not in self._order:
            self._order.append(i)
        return self._order.index(i)

    # -- what makes numbers of columns --------------------------------------------------------------------

    def table(self, name: str, table: Any) -> tuple[Block, ...]:
        """Read skrub's TableVectorizer."""
        place = {column: i for i, column in enumerate(table.feature_names_in_)}
        sources: list[Numbers | Indicators] = []
        for column in dict.fromkeys(table.output_to_input_[output] for output in table.all_outputs_):
            encoder, i = table.transformers_[column], place[column]
            if _kind(encoder) == "PassThrough":
                sources.append(Numbers((self.take(i, text=False, name=name),)))
            elif _kind(encoder) == "OneHotEncoder":
                sources += self.indicators([i], name, encoder)
            else:
                raise _refusal(name, f"column {column!r} goes through {type(encoder).__name__}")
        return (Block(tuple(sources), (Single(),)),)

    def column_transformer(self, name: str, transformer: Any) -> tuple[Block, ...]:
        """Read scikit-learn's ColumnTransformer."""
        blocks = []
        for key, one, _ in transformer.transformers_:
            where = transformer._transformer_to_input_indices.get(key, [])
            if (isinstance(one, str) and one == "drop") or not len(where):
                continue
            blocks.append(self.block([int(i) for i in where], _opened(f"{name}.{key}", one)))
        return tuple(blocks)

    def block(self, where: list[int], steps: Sequence[tuple[str, Any]]) -> Block:
        """Read a chain of transformers of some columns."""
        rest, fills = list(steps), None
        if len(rest) > 1 and _kind(rest[0][1]) == "SimpleImputer" and _kind(rest[1][1]) == "OneHotEncoder":
            imputer = rest.pop(0)
            fills = [str(fill) for fill in imputer[1].statistics_]
            if imputer[1].add_indicator:
                raise _refusal(imputer[0], "of text, add_indicator=True")
        if rest and _kind(rest[0][1]) == "OneHotEncoder":
            name, encoder = rest.pop(0)
            sources: tuple[Numbers | Indicators, ...] = self.indicators(where, name, encoder, fills)
        else:
            label = rest[0][0] if rest else "passthrough"
            sources = (Numbers(tuple(self.take(i, text=False, name=label) for i in where)),)
        return Block(sources, tuple(step for name, one in rest for step in _steps(name, one)))

    def indicators(
        self, where: Sequence[int], name: str, encoder: Any, fills: list[str] | None = None
    ) -> tuple[Indicators, ...]:
        """Read scikit-learn's OneHotEncoder."""
        if any(one is not None for one in getattr(encoder, "infrequent_categories_", None) or ()):
            raise _refusal(name, "OneHotEncoder puts rare categories together")
        dropped = [None] * len(where) if encoder.drop_idx_ is None else encoder.drop_idx_
        found = []
        for k, (i, categories) in enumerate(zip(where, encoder.categories_, strict=True)):
            text = categories.dtype.kind in "OUS"
            if text:
                categories = np.array(["" if c is None or c != c else str(c) for c in categories])
            kept = [j for j in range(len(categories)) if j != dropped[k]]
            column = self.take(int(i), text=text, name=name)
            numbers = categories if text else categories.astype(np.float64)
            found.append(Indicators(column, numbers[kept], None if fills is None or not text else fills[k]))
        return tuple(found)


def _opened(name: str, step: Any) -> list[tuple[str, Any]]:
    if hasattr(step, "steps"):
        return [pair for inner, one in step.steps for pair in _opened(f"{name}.{inner}", one)]
    return [] if step is None or isinstance(step, str) else [(name, step)]


# --- transformers of numbers ------------------------------------------------------------------------------


def _steps(name: str, step: Any) -> tuple[Step, ...]:
    kind = _kind(step)
    if kind == "FunctionTransformer" and step.func is None:
        return ()
    if hasattr(step, "get_support") and kind:
        return (Select(step.get_support(indices=True)),)
    if kind not in _READERS:
        known = "ColumnTransformer, OneHotEncoder, TableVectorizer, " + ", ".join(sorted(_READERS))
        raise _refusal(name, f"{type(step).__name__} is none of those known: {known}")
    return _READERS[kind](name, step)


def _refusal(name: str, why: str) -> StepNotWritten:
    return StepNotWritten(
        f"Step {name!r} cannot be written out: {why}. Export the network alone, pipeline[-1]: it takes what "
        "pipeline[:-1].transform(X) gives."
    )


def _standard(_: str, step: Any) -> tuple[Step, ...]:
    n = step.n_features_in_
    mean = step.mean_ if step.with_mean else np.zeros(n)
    return (Affine(_float(mean), 1 / _float(step.scale_ if step.with_std else np.ones(n))),)


def _min_max(_: str, step: Any) -> tuple[Step, ...]:
    affine = Affine(-_float(step.min_) / _float(step.scale_), _float(step.scale_))
    return (affine, Clip(*(float(end) for end in step.feature_range))) if step.clip else (affine,)


def _max_abs(_: str, step: Any) -> tuple[Step, ...]:
    affine = Affine(np.zeros(step.n_features_in_), 1 / _float(step.scale_))
    return (affine, Clip(-1.0, 1.0)) if getattr(step, "clip", False) else (affine,)


def _robust(_: str, step: Any) -> tuple[Step, ...]:
    n = step.n_features_in_
    centre = step.center_ if step.with_centering else np.zeros(n)
    return (Affine(_float(centre), 1 / _float(step.scale_ if step.with_scaling else np.ones(n))),)


def _squashing(_: str, step: Any) -> tuple[Step, ...]:
    shift, factor = np.zeros(step.n_features_in_), np.zeros(step.n_features_in_)
    if step.robust_cols_.any():
        shift[step.robust_cols_] = step.robust_scaler_.center_
        factor[step.robust_cols_] = 1 / _float(step.robust_scaler_.scale_)
    if step.minmax_cols_.any():
        shift[step.minmax_cols_] = step.minmax_scaler_.median_
        factor[step.minmax_cols_] = step.minmax_scaler_.scale_
    return Affine(shift, factor), Clip(-_FAR, _FAR), Squash(float(step.max_absolute_value))


def _imputer(name: str, step: Any) -> tuple[Step, ...]:
    marks_nan = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    if not marks_nan or np.asarray(step.statistics_).dtype.kind not in "fiu":
        raise _refusal(name, "SimpleImputer is known for numbers, missing ones NaN")
    fill = _float(step.statistics_)
    kept = np.arange(len(fill)) if step.keep_empty_features else np.flatnonzero(~np.isnan(fill))
    flagged = step.indicator_.features_ if step.add_indicator else np.zeros(0, int)
    return (Impute(kept, fill[kept], flagged),)


def _pca(_: str, step: Any) -> tuple[Step, ...]:
    directions = _float(step.components_).T
    if step.whiten:
        directions = directions / np.sqrt(np.maximum(step.explained_variance_, np.finfo(np.float64).eps))
    return (Project(_float(step.mean_), directions),)


def _float(values: Any) -> AnyArray:
    return np.asarray(values, np.float64)


def _single(values: AnyArray) -> AnyArray:
    return values.astype(np.float32).astype(np.float64)


_READERS: dict[str, Callable[[str, Any], tuple[Step, ...]]] = {
    "MaxAbsScaler": _max_abs,
    "MinMaxScaler": _min_max,
    "PCA": _pca,
    "RobustScaler": _robust,
    "SimpleImputer": _imputer,
    "SquashingScaler": _squashing,
    "StandardScaler": _standard,
}
