"""Fine-tuning: a head on features, then groups of layers unfrozen one after the other, as far as it helps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.batches import dense_rows
from strates.estimators._gradient_fit import Validation
from strates.estimators._stage_tasks import StageTasks
from strates.estimators._transfer_fit import Learning, fit_head, fit_unfrozen

#: Groups that unfreeze="auto" tries, at most, and the parts of the rows that it judges them by.
TRIED_GROUPS, FOLDS = 2, 3


def fine_tune(estimator: Any, learning: Learning) -> None:
    """Train the head, then unfreeze the backbone's groups from the features down, and train what is unfrozen.

    Parameters
    ----------
    estimator : TransferClassifier
        Receives ``_unfreeze_scores`` besides what a fit leaves.
    learning : Learning
        With rows set aside and ``early_stopping``, an unfreezing that does harm there is undone.
    """
    n_groups = len(estimator._architecture.backbone.groups)
    n_stages = {"auto": TRIED_GROUPS, "all": n_groups}.get(estimator.unfreeze, estimator.unfreeze)
    n_stages = int(min(n_stages, n_groups))
    if estimator.unfreeze == "auto" and not estimator.early_stopping:
        scores = estimator._unfreeze_scores = _judge(estimator, learning, n_stages)
        n_stages = _best(scores) if scores else 1
    if not n_stages:
        fit_head(estimator, learning)
        return
    fit_head(estimator, replace(learning, tasks=StageTasks(learning.tasks, 0, 0)))
    for stage in range(n_stages):
        kept = estimator._weights, estimator._architecture
        before = _watched(estimator, learning)
        tasks = StageTasks(learning.tasks, stage, n_stages)
        fit_unfrozen(estimator, replace(learning, tasks=tasks), stage + 1)
        if _watched(estimator, learning) < before:  # it did not help
            estimator._weights, estimator._architecture = kept
            estimator.best_validation_score_ = before[0]
            break
    steps, epochs = (stage + 1) * tasks.n_steps, (stage + 1) * estimator.fine_tune_max_iter
    learning.tasks.close_recordings(steps, epochs, lambda: copy.copy(estimator))


def _judge(estimator: Any, learning: Learning, most: int) -> list[tuple[float, float]]:
    """Return accuracy and loss of rows that were held out, with no group unfrozen, one, ...; nothing where none can be.

    Each part of the rows is predicted by a network that learned from the others.
    """
    sums = np.zeros((most + 1, 3))
    for fold in _folds(estimator, learning):
        twin, watched = copy.copy(estimator), fold.validation
        weight = 0.0 if watched is None else float(watched.weights.sum())
        for n_unfrozen in range(most + 1):
            if n_unfrozen:
                fit_unfrozen(twin, fold, n_unfrozen)
            else:
                fit_head(twin, fold)
            epoch = twin._epochs[-1]
            sums[n_unfrozen] += weight, weight * epoch.validation_score, weight * epoch.validation_loss
    return [(hits / weight, loss / weight) for weight, hits, loss in sums.tolist() if weight]


def _folds(estimator: Any, learning: Learning) -> Iterator[Learning]:
    """Yield the rows without a part, and that part to watch; nothing where a class has a single row."""
    rows = learning.rows
    kept = np.flatnonzero(rows.weights > 0)
    codes: AnyArray | None = None if estimator._kind == "multilabel" else rows.targets.ravel().astype(int)[kept]
    fewest = len(kept) if codes is None else int(np.unique(codes, return_counts=True)[1].min())
    n_folds = min(FOLDS, fewest)
    if n_folds < 2:
        return
    kind = KFold if codes is None else StratifiedKFold
    split = kind(n_folds, shuffle=True, random_state=integer_seed(learning.seed, "unfreeze"))
    tasks = StageTasks(learning.tasks, 0, 0)
    for train, test in split.split(kept, codes):
        learn, watch = np.sort(kept[train]), np.sort(kept[test])
        watched = Validation(dense_rows(rows.X, watch), rows.targets[watch], rows.weights[watch])
        part = rows._replace(X=rows.X[learn], targets=rows.targets[learn], weights=rows.weights[learn])
        yield Learning(part, watched, learning.seed, tasks)


def _best(scores: list[tuple[float, float]]) -> int:
    """Return how many groups to unfreeze: those with the most rows right; of equal ones, with the smallest loss."""
    return max(range(len(scores)), key=lambda n: (scores[n][0], -scores[n][1]))


def _watched(estimator: Any, learning: Learning) -> tuple[float, float]:
    """Return the share of the rows set aside that are predicted right, and minus their loss, if they are to count."""
    rows = learning.validation
    if rows is None or not estimator.early_stopping:
        return 0.0, 0.0
    outputs = estimator._outputs(rows.X)
    if estimator._kind == "categorical":
        hits = outputs.argmax(axis=1) == rows.targets
        right = outputs[np.arange(len(outputs)), rows.targets]
    else:
        hits = ((outputs > 0.5) == (rows.targets > 0.5)).all(axis=1)
        right = np.where(rows.targets > 0.5, outputs, 1 - outputs).prod(axis=1)
    losses = -np.log(np.maximum(right, 1e-7))
    return float(np.average(hits, weights=rows.weights)), -float(np.average(losses, weights=rows.weights))
