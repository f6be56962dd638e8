"""Replicates of the metrics under resampling of the test rows.

Rows are drawn with replacement within each true class, as a test part is held out: with the share of each class fixed.
Every replicate then holds every class, and each metric is a function of sums of the drawn rows' counts, so
that a whole block of replicates is one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from strates.inspection.calibration import N_BINS, bin_numbers, calibration_events
from strates.inspection.outcome import Outcome
from strates.inspection.scores import brier_terms, ranked_classes

_BLOCK_CELLS = 1_000_000  # counts in one block: a few MB, so that it stays in cache
_WORK = 100_000_000  # rows x ranked classes x replicates that take about a second
_FEWEST_REPLICATES = 200

Floats = NDArray[np.floating[Any]]


def affordable_replicates(outcome: Outcome, wanted: int) -> int:
    """Return how many replicates to draw: ``wanted``, or fewer (200 at least) when there are many rows and classes."""
    work = outcome.n_rows * max(1, len(ranked_classes(outcome)))
    return min(wanted, max(_FEWEST_REPLICATES, _WORK // work))


def _draw_counts(support: NDArray[np.intp], n_replicates: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of shape (replicates, n_rows): how often each row is drawn, rows sorted by class."""
    rng = check_random_state(seed)
    n = int(support.sum())
    width = np.repeat(support, support)
    start = np.repeat(np.cumsum(support) - support, support)
    per_block = max(1, _BLOCK_CELLS // n)
    for begin in range(0, n_replicates, per_block):
        size = min(per_block, n_replicates - begin)
        drawn = (rng.random_sample((size, n)) * width).astype(np.intp) + start
        drawn += n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float32)


class _ClassArea:
    """The ROC AUC of one class against the rest, from counts of rows."""

    def __init__(self, score: Floats, positive: NDArray[np.bool_]) -> None:
        self.positive = np.flatnonzero(positive)
        negative = np.flatnonzero(~positive)
        self.negative = negative[np.argsort(score[negative], kind="stable")]
        ordered = score[self.negative]
        self.below = np.searchsorted(ordered, score[self.positive], side="left")
        self.up_to = np.searchsorted(ordered, score[self.positive], side="right")
        self.pairs = float(len(self.positive) * len(self.negative))

    def __call__(self, counts: Floats) -> Floats:
        cumulated = np.zeros((len(counts), len(self.negative) + 1), dtype=np.float32)
        # float32 counts integers exactly up to 2**24, more than there are rows in a block
        np.cumsum(counts[:, self.negative], axis=1, out=cumulated[:, 1:])
        beaten = cumulated[:, self.below].astype(float) + cumulated[:, self.up_to]
        areas: Floats = np.einsum("ij,ij->i", counts[:, self.positive], beaten) / (2 * self.pairs)
        return areas


def _one_hot(codes: NDArray[np.intp], width: int) -> Floats:
    table = np.zeros((len(codes), width), dtype=np.float32)
    table[np.arange(len(codes)), codes] = 1
    return table


def bootstrap_scores(outcome: Outcome, *, n_replicates: int, seed: int) -> dict[str, Floats]:
    """Draw replicates of the metrics that have no interval in closed form.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.
    n_replicates : int
        Number of replicates.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to ndarray of shape (n_replicates,)
        For ``log_loss``, ``brier_score``, ``macro_f1``, ``calibration_error`` and, where it exists, ``roc_auc``.
    """
    outcome = outcome.take(np.argsort(outcome.truth, kind="stable"))
    n, k = outcome.n_rows, outcome.n_classes
    support = outcome.support
    probability, happened = calibration_events(outcome)
    gaps = _one_hot(bin_numbers(probability), N_BINS) * (probability - happened)[:, None]
    means = np.column_stack([-np.log(outcome.true_probability()), brier_terms(outcome)])
    called = _one_hot(outcome.predicted, k)
    hits = _one_hot(outcome.truth, k) * outcome.correct[:, None]
    areas = [_ClassArea(outcome.probability[:, c], outcome.truth == c) for c in ranked_classes(outcome)]

    blocks: dict[str, list[Floats]] = {}
    for counts in _draw_counts(support, n_replicates, seed):
        averages = counts @ means / n
        denominator = support + counts @ called
        with np.errstate(invalid="ignore"):
            f1 = 2 * (counts @ hits) / denominator
        block = {
            "log_loss": averages[:, 0],
            "brier_score": averages[:, 1],
            "macro_f1": np.nanmean(np.where(denominator > 0, f1, np.nan), axis=1),
            "calibration_error": np.abs(counts @ gaps).sum(axis=1) / n,
        }
        if areas:
            block["roc_auc"] = np.mean([area(counts) for area in areas], axis=0)
        for name, values in block.items():
            blocks.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in blocks.items()}
