"""The preprocessing of a pipeline as a short list of plain operations, which NumPy and ONNX both have.

A recipe is read off fitted transformers of scikit-learn and skrub. Columns come in; each block makes numbers of
some of them; the blocks stand side by side; steps act on all numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from strates._types import AnyArray


@dataclass(frozen=True)
class Column:
    """A column that comes in.

    Attributes
    ----------
    name : str
    text : bool
        Whether it holds text; else numbers, missing ones NaN. Missing text is "".
    """

    name: str
    text: bool


@dataclass(frozen=True, eq=False)
class Indicators:
    """A column of 0 and 1 for each category.

    Attributes
    ----------
    column : int
        Which column of the recipe.
    categories : ndarray of str or float, of shape (n_kept,)
        Those that have a column.
    fill : str or None
        What a missing text stands for.
    """

    column: int
    categories: AnyArray
    fill: str | None = None


@dataclass(frozen=True)
class Numbers:
    """Columns of numbers, as they are.

    Attributes
    ----------
    columns : tuple of int
        Which columns of the recipe.
    """

    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Affine:
    """(x - shift) * factor, column by column."""

    shift: AnyArray  # (n_columns,)
    factor: AnyArray  # (n_columns,)


@dataclass(frozen=True)
class Squash:
    """z / sqrt(1 + (z / limit)^2): smoothly below the limit in absolute value."""

    limit: float


@dataclass(frozen=True)
class Clip:
    """Nothing below low, nothing above high."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Impute:
    """A number for each missing one, of the columns kept; then a 0/1 column for each of those that tell what missed."""

    kept: AnyArray  # (n_kept,), numbers of columns
    fill: AnyArray  # (n_kept,)
    flagged: AnyArray  # (n_flagged,), numbers of columns


@dataclass(frozen=True, eq=False)
class Select:
    """Some of the columns."""

    kept: AnyArray  # (n_kept,), numbers of columns


@dataclass(frozen=True, eq=False)
class Project:
    """(x - mean) @ directions: principal components."""

    mean: AnyArray  # (n_columns,)
    directions: AnyArray  # (n_columns, n_components)


@dataclass(frozen=True)
class Single:
    """Rounded to float32, as skrub's TableVectorizer does: what is lost there, a network can make visible."""


Step = Affine | Squash | Clip | Impute | Select | Project | Single


@dataclass(frozen=True, eq=False)
class Block:
    """Some columns, and what becomes of them alone.

    Attributes
    ----------
    sources : tuple of Numbers or Indicators
        Side by side.
    steps : tuple of Step
    """

    sources: tuple[Numbers | Indicators, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Recipe:
    """From what comes in to the network's inputs.

    Attributes
    ----------
    columns : tuple of Column
        None at all (empty) where one matrix of numbers comes in.
    n_inputs : int
        Columns of that matrix.
    blocks : tuple of Block
        Side by side; empty for a matrix.
    steps : tuple of Step
        On all numbers.
    """

    columns: tuple[Column, ...]
    n_inputs: int
    blocks: tuple[Block, ...]
    steps: tuple[Step, ...]
