"""A stage of how a transfer network learns: a head on features, some unfrozen layers, or all from random weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.layer_rates import with_rate_scales
from strates.engine.optimizers import has_own_schedule, make_optimizer
from strates.engine.transfer_architecture import TransferArchitecture, TransferStage
from strates.estimators._callbacks import FitTasks
from strates.estimators._fit_gradient import FitSetup, fit_by_gradient
from strates.estimators._fit_lbfgs import fit_by_lbfgs
from strates.estimators._gradient_fit import Validation
from strates.estimators._head_alpha import choose_alpha
from strates.estimators._training_rows import TrainingRows, make_batches

#: Images of a training step under batch_size="auto": a step through a deep network takes much memory.
AUTO_IMAGES = 32
#: Iterations of L-BFGS for each epoch that a head may take, where the solver was left open.
LBFGS_ITERATIONS = 10
#: Bytes of what frozen layers make of the rows, at most, to be computed once and held through a stage.
HELD_BYTES = 2**30


@dataclass(frozen=True)
class Learning:
    """What a fit learns from, and who watches.

    Attributes
    ----------
    rows : TrainingRows
    validation : Validation or None
    seed : int
    tasks : FitTasks
    """

    rows: TrainingRows
    validation: Validation | None
    seed: int
    tasks: FitTasks

    def seen_by(self, network: Callable[[AnyArray], AnyArray]) -> Learning:
        """Return the same with what a network makes of the rows in their place."""
        watched = self.validation
        if watched is not None:
            watched = replace(watched, X=network(watched.X))
        return replace(self, rows=self.rows._replace(X=network(self.rows.X)), validation=watched)


@dataclass(frozen=True)
class Lift:
    """From the weights of the part that is trained to those of the whole network.

    Attributes
    ----------
    architecture : TransferArchitecture
        The whole.
    whole_weights : callable (weights of the part) -> weights of the whole
    """

    architecture: TransferArchitecture
    whole_weights: Callable[[list[AnyArray]], list[AnyArray]]


def fit_scratch(estimator: Any, learning: Learning, start: list[AnyArray]) -> None:
    """Train the whole network from random weights."""
    alpha = 1e-4 if estimator.alpha == "auto" else estimator.alpha
    settings = {"solver": _gradient_solver(estimator), "alpha": alpha, "batch_size": _images_a_step(estimator)}
    _run(estimator, estimator._architecture, learning, start, settings, None)


def fit_head(estimator: Any, learning: Learning) -> None:
    """Train the head on features, which are computed once."""
    whole: TransferArchitecture = estimator._architecture
    backbone, head = whole.backbone, whole.head
    start = head.initial_weights(integer_seed(integer_seed(learning.seed, "weights"), "head"))
    learning = learning.seen_by(backbone.outputs)
    rows = learning.rows
    alpha: float | str = estimator.alpha
    if alpha == "auto" and not head.hidden and estimator._kind != "multilabel":
        found = choose_alpha(
            rows.X, rows.targets.ravel().astype(int), rows.weights, integer_seed(learning.seed, "alpha")
        )
        alpha = "auto" if found is None else found
    settings: dict[str, Any] = {"solver": _head_solver(estimator), "alpha": alpha}
    if settings["solver"] == "lbfgs" and estimator.solver == "auto":
        settings["max_iter"] = LBFGS_ITERATIONS * estimator.max_iter
    lift = Lift(whole, lambda part: whole.whole_weights(backbone.weights, part))
    _run(estimator, head, learning, start, settings, lift)
    estimator._head_alpha = estimator.alpha_  # what follows has none


def fit_unfrozen(estimator: Any, learning: Learning, n_unfrozen: int) -> None:
    """Train the head and the backbone's last groups, given the weights of the stage before.

    Each group has a rate ``layer_decay`` times smaller than the one above it, as in Howard & Ruder (2018).
    """
    architecture = replace(estimator._architecture, n_unfrozen=n_unfrozen)
    backbone = architecture.backbone
    stage = TransferStage(architecture, estimator._weights, whole=_must_be_whole(architecture, learning))
    if stage.layer is not None:
        layer = stage.layer
        learning = learning.seen_by(lambda X: backbone.outputs(X, layer))
    rate = estimator.fine_tune_learning_rate
    optimizer = make_optimizer(_gradient_solver(estimator), {})
    scaled = with_rate_scales(optimizer, [estimator.layer_decay**-distance for distance in stage.groups])
    if not has_own_schedule(scaled):
        scaled.learning_rate = rate
    settings = {
        "solver": scaled,
        "learning_rate": "one_cycle",
        "learning_rate_init": rate,
        "max_iter": estimator.fine_tune_max_iter,
        "batch_size": _images_a_step(estimator),
        "alpha": 0.0,
    }
    lift = Lift(architecture, stage.whole_weights)
    _run(estimator, stage.part, learning, stage.part.initial_weights(0), settings, lift)


def _must_be_whole(architecture: TransferArchitecture, learning: Learning) -> bool:
    """Whether a stage has to send rows through frozen layers at every step: they change, or would fill the memory."""
    groups = architecture.backbone.groups
    n_frozen = len(groups) - architecture.n_unfrozen
    if architecture.augmentation or not n_frozen:
        return True
    end = groups[n_frozen - 1][-1]
    cut = next(cut for cut in architecture.backbone.cuts if cut.layer == end)
    return 4 * math.prod(cut.shape) * len(learning.rows.weights) > HELD_BYTES


def _gradient_solver(estimator: Any) -> Any:
    """Return the solver of deep layers."""
    return "adam" if isinstance(estimator.solver, str) and estimator.solver in ("auto", "lbfgs") else estimator.solver


def _head_solver(estimator: Any) -> Any:
    if not isinstance(estimator.solver, str) or estimator.solver != "auto":
        return estimator.solver
    return "adam" if estimator._architecture.head.hidden or estimator.early_stopping else "lbfgs"


def _images_a_step(estimator: Any) -> int:
    return AUTO_IMAGES if estimator.batch_size == "auto" else int(estimator.batch_size)


def _run(
    estimator: Any,
    architecture: Any,
    learning: Learning,
    start: list[AnyArray],
    settings: dict[str, Any],
    lift: Lift | None,
) -> None:
    """Train one network by the compiled engine, as a copy of the estimator with other settings."""
    stage = copy.copy(estimator)
    for name, value in settings.items():
        setattr(stage, name, value)
    stage._architecture, stage._lift, stage._cache, stage._stopping = architecture, lift, {}, None
    rows, tasks = learning.rows, learning.tasks
    if isinstance(stage.solver, str) and stage.solver == "lbfgs":
        fit_by_lbfgs(stage, rows._replace(X=rows.X.astype(np.float64)), start, tasks, learning.validation)
    else:
        source = make_batches(
            rows, batch_size=stage.batch_size, shuffle=stage.shuffle, row_wise=architecture.row_wise,
            n_parameters=sum(w.size for w in start), seed=learning.seed,
        )  # fmt: skip
        n = len(rows.weights)
        fit_by_gradient(stage, FitSetup(source, learning.validation, start, learning.seed, tasks, n, tasks.fingerprint))
    parameters = estimator.get_params(deep=False)
    estimator.__dict__.update({name: value for name, value in vars(stage).items() if name not in parameters})
