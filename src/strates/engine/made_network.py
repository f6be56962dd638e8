"""A network that a function builds: the function, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras
from strates.engine.keras_architecture import as_probabilities
from strates.exceptions import ParameterError


@dataclass(frozen=True)
class NetworkMaker:
    """Makes a network, and makes it again: for each copy where its configuration does not tell how.

    Attributes
    ----------
    network : callable (input_shape, n_classes) -> keras.Model
    input_shape : tuple of int
        Shape of one row.
    n_outputs : int
        Units that the problem needs.
    kind : {"binary", "categorical", "multilabel"}
        Of the problem.
    """

    network: Callable[[tuple[int, ...], int], keras.Model]
    input_shape: tuple[int, ...]
    n_outputs: int
    kind: ProblemKind

    def make(self) -> keras.Model:
        """Call the function, and return its model with weights.

        Raises
        ------
        ParameterError
            It returns no model.
        """
        model = self.network(self.input_shape, self.n_outputs)
        if not isinstance(model, keras.Model):
            raise ParameterError(
                f"network={self.network!r} gives a {type(model).__name__}; expected a keras.Model, or a function "
                "(input_shape, n_classes) that returns one."
            )
        if not model.built:
            model(keras.ops.zeros((1, *self.input_shape)))  # gives it its weights
        return model

    def __call__(self) -> keras.Model:
        """Make it, ending in probabilities."""
        return as_probabilities(self.make(), self.input_shape, self.kind, self.n_outputs)[0]
