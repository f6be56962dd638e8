"""Optimizers whose learning rate shrinks by layer: discriminative fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from strates.engine.backend import keras


def with_rate_scales(optimizer: keras.optimizers.Optimizer, scales: Sequence[float]) -> keras.optimizers.Optimizer:
    """Return an optimizer that multiplies its learning rate by a number of its own for each weight.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        It is not changed.
    scales : sequence of float
        One for each trainable variable, in the order of the network's.

    Returns
    -------
    keras.optimizers.Optimizer
        Of the same rule.

    References
    ----------
    Howard & Ruder (2018), Universal language model fine-tuning for text classification,
    https://arxiv.org/abs/1801.06146.

    Examples
    --------
    >>> slow = with_rate_scales(keras.optimizers.SGD(1.0), [1.0, 0.25])
    >>> weights = [keras.Variable(0.0), keras.Variable(0.0)]
    >>> slow.build(weights)
    >>> slow.apply([keras.ops.array(1.0), keras.ops.array(1.0)])
    >>> [float(w) for w in weights]
    [-1.0, -0.25]
    """
    config = {**optimizer.get_config(), "rate_scales": [float(scale) for scale in scales]}
    rule: Any = type(optimizer)
    return _scaled(rule).from_config(config)


@cache  # one class for each rule, so that equal optimizers have equal keys
def _scaled(rule: Any) -> Any:
    class Scaled(rule):
        def __init__(self, *args: Any, rate_scales: Sequence[float] = (), **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.rate_scales = tuple(rate_scales)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            scale = self.rate_scales[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * scale)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "rate_scales": list(self.rate_scales)}

    Scaled.__name__ = Scaled.__qualname__ = f"Scaled{rule.__name__}"
    return Scaled
