"""From an estimator's parameters to a gradient fit, and from the fit back to the estimator."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.architecture import Architecture
from strates.engine.batches import BatchSource
from strates.engine.compiler import choose_compiler, is_dense
from strates.engine.epoch import Epoch
from strates.engine.optimizers import Solver
from strates.engine.program import training_program
from strates.engine.schedules import Schedule
from strates.estimators._callbacks import FitTasks
from strates.estimators._gradient_fit import GradientFit, Validation
from strates.estimators._stopping import Stopping


@dataclass(frozen=True)
class FitSetup:
    """What a gradient fit is given besides the estimator.

    Attributes
    ----------
    source : BatchSource
    validation : Validation or None
    start : list of ndarray
        Weights to start from.
    seed : int
    tasks : FitTasks
        Callbacks.
    n_samples : int
        Rows of an epoch, before equal ones were merged.
    fingerprint : str
        Of the fit, for its checkpoints.
    single : bool
        One epoch of ``partial_fit``.
    """

    source: BatchSource
    validation: Validation | None
    start: list[AnyArray]
    seed: int
    tasks: FitTasks
    n_samples: int
    fingerprint: str = ""
    single: bool = False


def fit_by_gradient(estimator: Any, setup: FitSetup) -> None:
    """Train an estimator's architecture, resuming from a checkpoint where there is one.

    Parameters
    ----------
    estimator : BaseNetworkClassifier
        Its architecture is set; receives weights and attributes.
    setup : FitSetup
    """
    fit = _make_fit(estimator, setup)
    if setup.tasks.progress is not None:
        fit.resume(setup.tasks.progress)
    if not fit.finished:
        _run(estimator, fit, setup)
    done = len(fit.epochs)
    setup.tasks.close_recordings(
        done * fit.source.steps_per_epoch, done, lambda: _frozen(estimator, fit, fit.program.weights(fit.kept))
    )
    _take_over(estimator, fit, setup.n_samples)


def _make_fit(estimator: Any, setup: FitSetup) -> GradientFit:
    architecture, source, single = estimator._architecture, setup.source, setup.single
    solver = Solver(estimator.solver, estimator._solver_settings())
    penalties = estimator._penalties(architecture, setup.n_samples)
    attack = penalties.adversarial
    compiler = choose_compiler(
        dense=_is_dense(architecture),
        n_parameters=sum(w.size for w in setup.start),
        batch_size=source.chunk_shape[1],
        # partial_fit does not tell how often it will be called, nor with how many rows: judge by max_iter alone
        # a step of an attack is a pass there and back, as a training step is
        n_steps=estimator.max_iter
        * (1 if single else source.steps_per_epoch)
        * (1 if attack is None else 1 + attack.n_steps),
    )
    program = training_program(
        architecture, estimator._kind, solver, compiler, source.chunk_shape,
        sparse=penalties.l1 > 0, max_norm=penalties.max_norm is not None, smoothing=penalties.label_smoothing > 0,
        attack=None if attack is None else attack.form, gradient_penalty=penalties.gradient_penalty > 0,
    )  # fmt: skip
    first, max_epochs = estimator._epochs_done, 1 if single else estimator.max_iter
    return GradientFit(
        program=program,
        source=source,
        state=program.start(
            setup.start, integer_seed(setup.seed, "layers"), estimator._optimizer_state if single else None
        ),
        schedule=_schedule(estimator, solver, setup, first, max_epochs),
        penalties=penalties,
        seed=setup.seed,
        stopping=_stopping(estimator, single),
        first_epoch=first,
        max_epochs=first + max_epochs,
        validation=setup.validation,
        adaptive=estimator.learning_rate == "adaptive" and not single,
        scheduled=estimator.learning_rate in ("cosine", "one_cycle"),
        single=single,
        own_rate=solver.schedule,
        step_offset=estimator._steps_done - first * source.steps_per_epoch,
        verbose=bool(estimator.verbose),
    )


def _stopping(estimator: Any, single: bool) -> Stopping:
    stopping = Stopping(bool(estimator.early_stopping) and not single, estimator.tol, estimator.n_iter_no_change)
    before = estimator._stopping
    if before is not None and not single:  # a warm start goes on comparing with the best so far
        stopping.best_loss, stopping.best_epoch = before.best_loss, before.best_epoch
    return stopping


def _schedule(
    estimator: Any,
    solver: Solver,
    setup: FitSetup,
    first: int,
    n_epochs: int,
) -> Schedule:
    per_epoch = setup.source.steps_per_epoch
    base = estimator.learning_rate_init if solver.own_rate is None else solver.own_rate
    name = estimator.learning_rate
    if setup.single and name in ("cosine", "one_cycle"):  # one pass has no end to fall towards
        name = "constant"
    n_steps = n_epochs * per_epoch
    return Schedule(name, base, estimator.power_t, setup.n_samples, per_epoch, n_steps, first * per_epoch, estimator.t_)


def _run(estimator: Any, fit: GradientFit, setup: FitSetup) -> None:
    tasks = setup.tasks
    per_epoch = fit.source.steps_per_epoch
    n_steps, origin = per_epoch * estimator.max_iter, fit.first_epoch * per_epoch

    def usable(state: Any) -> Any:
        return _frozen(estimator, fit, fit.program.weights(state))

    def save() -> None:
        for checkpoint in tasks.checkpoints:
            checkpoint.write(setup.fingerprint, fit.progress(), setup.seed)

    def end(epoch: Epoch) -> bool:
        if any(checkpoint.due(epoch.number) for checkpoint in tasks.checkpoints):
            save()
        return tasks.end(lambda: vars(usable(fit.current)))

    def on_pause(step: int, state: Any) -> None:
        done = step - origin
        tasks.record(done, done / per_epoch, n_steps, lambda: usable(state))

    if not fit.epochs:
        on_pause(origin, fit.state)
    fit.run(
        step_by_epoch=tasks.watched,
        on_begin=tasks.begin,
        on_end=end,
        pauses=origin + tasks.pauses(n_steps),
        on_pause=on_pause,
    )
    save()
    done = len(fit.epochs) * per_epoch
    if origin + done in origin + tasks.pauses(n_steps):  # the end of the last epoch, which nothing came after
        on_pause(origin + done, fit.current)


def _frozen(estimator: Any, fit: GradientFit, weights: list[AnyArray]) -> Any:
    """Return a copy of an estimator as if its fit had stopped with these weights."""
    frozen = copy.copy(estimator)
    for name in ("_skl_callbacks", "_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx"):
        frozen.__dict__.pop(name, None)
    frozen._weights, frozen._cache = weights, {}
    frozen._tell(list(fit.epochs), len(fit.epochs), fit.stopping, fit.validation is not None)
    return frozen


def _take_over(estimator: Any, fit: GradientFit, n_samples: int) -> None:
    """Make the estimator what the fit has come to."""
    estimator._weights = fit.program.weights(fit.kept)
    estimator._optimizer_state = [np.array(t) for t in fit.current.optimizer]
    estimator._epochs_done += len(fit.epochs)
    estimator._steps_done += len(fit.epochs) * fit.source.steps_per_epoch
    estimator.t_ += len(fit.epochs) * n_samples
    estimator._no_improvement_count = fit.stopping.no_improvement
    estimator._stopping = fit.stopping
    epochs = [*estimator._epochs, *fit.epochs]
    estimator._tell(epochs, len(fit.epochs), fit.stopping, fit.validation is not None)


_DENSE: dict[Any, bool] = {}


def _is_dense(architecture: Architecture) -> bool:
    """Whether an architecture is a dense network, remembered by its key."""
    key = architecture.key
    if key not in _DENSE:
        _DENSE[key] = is_dense(architecture.build())
    return _DENSE[key]
