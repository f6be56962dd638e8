"""Gradient solvers: scikit-learn's names, or any Keras optimizer."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from strates.engine.backend import keras

#: Keras optimizers whose update of a weight depends on nothing but that weight's own gradients, so that all
#: weights may be updated as one vector: ten operations a step in place of ten a layer.
ELEMENTWISE = frozenset({"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion"})
_NOT_ELEMENTWISE_OPTIONS = ("clipnorm", "global_clipnorm", "weight_decay", "use_ema", "gradient_accumulation_steps")


class Solver:
    """A gradient solver before it has a state.

    Building a Keras optimizer takes milliseconds, as long as a whole fit of a small network, so it is built only
    where a training program is.

    Parameters
    ----------
    solver : {"adam", "sgd"} or keras.optimizers.Optimizer
    settings : mapping
        See :func:`make_optimizer`.
    """

    def __init__(self, solver: Any, settings: Mapping[str, Any]) -> None:
        self._solver, self._settings = solver, dict(settings)
        given = isinstance(solver, keras.optimizers.Optimizer)
        self.key: Hashable = optimizer_key(solver) if given else (solver, tuple(sorted(self._settings.items())))
        #: The rate that a Keras optimizer brings with it; None for one that is named.
        self.own_rate: float | None = None
        #: The Keras schedule that it brings with it, as a function of the step.
        self.schedule: Callable[[int], float] | None = None
        if given and has_own_schedule(solver):  # it wins over every rate
            self.own_rate, self.schedule = 1.0, lambda step: float(solver._learning_rate(step))
        elif given:
            self.own_rate = float(solver.learning_rate)

    def build(self) -> keras.optimizers.Optimizer:
        """Build a fresh Keras optimizer."""
        return make_optimizer(self._solver, self._settings)


def make_optimizer(solver: Any, settings: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    """Build a fresh Keras optimizer.

    Parameters
    ----------
    solver : {"adam", "sgd"} or keras.optimizers.Optimizer
        An optimizer is copied; its own state is not used.
    settings : mapping
        ``momentum``, ``nesterov`` for "sgd"; ``beta_1``, ``beta_2``, ``epsilon`` for "adam".

    Returns
    -------
    keras.optimizers.Optimizer
    """
    if isinstance(solver, keras.optimizers.Optimizer):
        return type(solver).from_config(solver.get_config())
    if solver == "adam":
        return keras.optimizers.Adam(
            **{k: float(settings[k]) for k in ("beta_1", "beta_2", "epsilon") if k in settings}
        )
    momentum = float(settings.get("momentum", 0.9))
    # Keras refuses nesterov with a momentum of zero, where it changes nothing
    return keras.optimizers.SGD(momentum=momentum, nesterov=bool(settings.get("nesterov", True)) and momentum > 0)


def optimizer_key(optimizer: keras.optimizers.Optimizer) -> Hashable:
    """Describe an optimizer's rule; its learning rate is an input of the compiled function, so not part of it."""
    config = {k: v for k, v in optimizer.get_config().items() if k not in ("name", "learning_rate")}
    if has_own_schedule(optimizer):
        config["schedule"] = keras.saving.serialize_keras_object(optimizer._learning_rate)
    return (type(optimizer), json.dumps(config, sort_keys=True, default=repr))


def has_own_schedule(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether the learning rate is a Keras LearningRateSchedule, which then wins over ``learning_rate``."""
    return isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)


def is_elementwise(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether all weights may be updated as one vector."""
    config = optimizer.get_config()
    return type(optimizer).__name__ in ELEMENTWISE and not any(config.get(k) for k in _NOT_ELEMENTWISE_OPTIONS)
