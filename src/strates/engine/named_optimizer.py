"""Keras optimizers by name, or by example, at any learning rate."""

from __future__ import annotations

import inspect
from typing import Any

from strates.engine.backend import keras
from strates.engine.optimizers import has_own_schedule
from strates.exceptions import ParameterError, did_you_mean

#: Plain gradient descent and its two momenta, which for Keras are one class.
_DESCENTS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
}


def optimizer_names() -> dict[str, type[keras.optimizers.Optimizer]]:
    """Return what can be asked for by name: Keras's optimizers, in small letters, and "momentum" and "nesterov".

    Examples
    --------
    >>> optimizer_names()["rmsprop"].__name__
    'RMSprop'
    """
    base = keras.optimizers.Optimizer
    found = [cls for _, cls in inspect.getmembers(keras.optimizers, inspect.isclass) if issubclass(cls, base)]
    # those that wrap others have no rate of their own
    own = {cls.__name__.lower(): cls for cls in found if "learning_rate" in inspect.signature(cls).parameters}
    own.pop("optimizer", None)
    return own | dict.fromkeys(_DESCENTS, keras.optimizers.SGD)


def named_optimizer(solver: Any, learning_rate: float) -> keras.optimizers.Optimizer:
    """Build a Keras optimizer with a learning rate.

    Parameters
    ----------
    solver : str or keras.optimizers.Optimizer
        "sgd" (without momentum), "momentum" (0.9), "nesterov" (0.9), or one of Keras's names in any letters, with
        Keras's own settings. An optimizer is copied, with its settings.
    learning_rate : float

    Returns
    -------
    keras.optimizers.Optimizer

    Raises
    ------
    ParameterError
        There is none of this name, or the optimizer has a schedule of its own.

    Examples
    --------
    >>> optimizer = named_optimizer("nesterov", 0.01)
    >>> round(float(optimizer.learning_rate), 6), optimizer.momentum
    (0.01, 0.9)
    """
    if isinstance(solver, keras.optimizers.Optimizer):
        if has_own_schedule(solver):
            raise ParameterError(
                f"This {type(solver).__name__} has a schedule for its learning rate, which no other can replace. Give "
                "one with a number, such as learning_rate=0.01."
            )
        return type(solver).from_config(solver.get_config() | {"learning_rate": learning_rate})
    known, name = optimizer_names(), str(solver).lower()
    if name not in known:
        raise ParameterError(f"{solver!r} is no optimizer of Keras. {did_you_mean(name, known)}")
    return known[name](learning_rate=learning_rate, **_DESCENTS.get(name, {}))
