"""Rows to learn from, rows to validate on, and batches of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.architecture import ProblemKind
from strates.engine.batches import ArrayBatches, as_rows, dense_rows, merge_equal_rows
from strates.engine.losses import target_dtype
from strates.engine.program import chunk_steps
from strates.estimators._gradient_fit import Validation
from strates.estimators._inputs import check_weights
from strates.estimators._targets import LabelEncoding, as_labels
from strates.exceptions import DataError

#: Rows of a batch under batch_size="auto", as in scikit-learn.
AUTO_BATCH = 200


class TrainingRows(NamedTuple):
    """Rows as a network takes them.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_rows, ...)
    targets : ndarray
        What :func:`network_targets` makes.
    weights : ndarray of shape (n_rows,)
    """

    X: Any
    targets: AnyArray
    weights: AnyArray


def network_targets(codes: AnyArray, kind: ProblemKind) -> AnyArray:
    """Return class numbers of shape (n,) for a softmax, 0/1 of shape (n, n_outputs) otherwise."""
    targets = codes.astype(target_dtype(kind))
    return targets.reshape(-1, 1) if kind == "binary" else targets


def given_validation(estimator: Any, given: Any, encoding: LabelEncoding, kind: ProblemKind) -> Validation:
    """Check the rows passed as ``validation_data``."""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise DataError(f"validation_data is a {type(given).__name__}; expected (X, y) or (X, y, sample_weight).")
    X, y, *rest = given
    rows = estimator._check_X(X, reset=False)
    codes = encoding.codes(as_labels(y))
    if len(codes) != rows.shape[0]:
        raise DataError(f"validation_data has {rows.shape[0]} rows in X and {len(codes)} labels. Give one label a row.")
    weights = check_weights(rest[0] if rest else None, rows.shape[0])
    return Validation(dense_rows(as_rows(rows), slice(None)), network_targets(codes, kind), weights.astype(np.float32))


def split_off_validation(
    rows: TrainingRows, strata: AnyArray | None, fraction: float, seed: int
) -> tuple[TrainingRows, Validation]:
    """Set a part of the rows aside, stratified by class where there are classes."""
    X, targets, weights = rows
    try:
        learn, watch = train_test_split(
            np.arange(len(targets)),
            test_size=fraction,
            stratify=strata,
            random_state=integer_seed(seed, "validation"),
        )
    except ValueError as error:
        mend = "Change" if strata is None else "Give every class two rows or more, change"
        raise DataError(
            f"early_stopping=True cannot split off {fraction:.0%} of {len(targets)} rows: {error} "
            f"{mend} validation_fraction, or pass validation_data."
        ) from error
    if len(watch) < 2:
        raise DataError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    validation = Validation(dense_rows(X, watch), targets[watch], weights[watch])
    return TrainingRows(X[learn], targets[learn], weights[learn]), validation


def make_batches(
    rows: TrainingRows, *, batch_size: Any, shuffle: bool, row_wise: bool, n_parameters: int, seed: int
) -> ArrayBatches:
    """Cut rows into batches of fixed shape.

    Parameters
    ----------
    rows : TrainingRows
    batch_size : int or "auto"
    shuffle : bool
    row_wise : bool
        Whether a row's output is a function of that row alone, so that equal rows may be merged.
    n_parameters : int
        Of the network.
    seed : int
    """
    X, targets, weights = rows
    n = int(X.shape[0])
    size = AUTO_BATCH if batch_size == "auto" else int(batch_size)
    # the shape depends on the parameter, not on the rows, so that fits of any length share one compilation;
    # a batch_size far beyond the rows is cut to the next power of two
    padded = min(size, max(256, 1 << (n - 1).bit_length()))
    if n <= size and row_wise:
        X, targets, weights = merge_equal_rows(X, targets, weights)
        shuffle = False  # one batch: its order means nothing
    return ArrayBatches(
        X,
        targets,
        weights,
        batch_size=min(size, len(weights)),
        padded_size=padded,
        chunk_steps=chunk_steps(padded, 4 * int(np.prod(X.shape[1:])), n_parameters),
        shuffle=shuffle,
        seed=integer_seed(seed, "order"),
    )
