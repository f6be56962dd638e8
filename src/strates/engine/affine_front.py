"""An affine map before a network, so that the network takes what came before the map."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras
from strates.engine.graft import graft
from strates.engine.keras_architecture import is_functional


@dataclass(frozen=True, eq=False)
class AffineMap:
    """The map x -> (x - centre) · linear + shift, of rows.

    Attributes
    ----------
    centre : ndarray of shape (n_inputs,)
        Subtracted first: a column of large numbers that vary little keeps its digits.
    linear : ndarray of shape (n_inputs,) or (n_inputs, n_outputs)
        A factor a column, or a matrix.
    shift : ndarray of shape (n_outputs,)
    """

    centre: FloatArray
    linear: FloatArray
    shift: FloatArray

    def __call__(self, X: AnyArray) -> FloatArray:
        """Return the rows' images, in float64."""
        moved = np.asarray(X, np.float64) - self.centre
        turned = moved * self.linear if self.linear.ndim == 1 else moved @ self.linear
        return np.asarray(turned + self.shift)

    def then(self, after: Self) -> AffineMap:
        """Return the map that applies this one, then another.

        Examples
        --------
        >>> double = AffineMap(np.zeros(1), np.full(1, 2.0), np.zeros(1))
        >>> double.then(double)(np.ones((1, 1)))
        array([[4.]])
        """
        between, centre = self.shift - after.centre, self.centre
        if self.linear.ndim == 1:  # the point that the second map subtracts, in the first one's units
            moves = np.divide(-between, self.linear, out=np.zeros_like(between), where=self.linear != 0)
            centre, between = centre + moves, between + moves * self.linear
        if after.linear.ndim == 1:
            return AffineMap(centre, self.linear * after.linear, between * after.linear + after.shift)
        linear = self.linear @ after.linear if self.linear.ndim == 2 else self.linear[:, None] * after.linear
        return AffineMap(centre, linear, between @ after.linear + after.shift)


class AffineFront(keras.layers.Layer):
    """An :class:`AffineMap` as a layer; its numbers are weights, so that maps of one shape share compiled functions."""

    def __init__(self, n_outputs: int, diagonal: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_outputs = n_outputs
        self.diagonal = diagonal

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        n_inputs = input_shape[-1]
        shape = (n_inputs,) if self.diagonal else (n_inputs, self.n_outputs)
        self.centre = self.add_weight(shape=(n_inputs,), name="centre", trainable=False, initializer="zeros")
        self.linear = self.add_weight(shape=shape, name="linear", trainable=False, initializer="zeros")
        self.shift = self.add_weight(shape=(self.n_outputs,), name="shift", trainable=False, initializer="zeros")

    def call(self, x: Any) -> Any:
        """Map rows."""
        moved = x - self.centre
        return (moved * self.linear if self.diagonal else keras.ops.matmul(moved, self.linear)) + self.shift

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the mapped rows."""
        return (*input_shape[:-1], self.n_outputs)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the layer anew."""
        return {**super().get_config(), "n_outputs": self.n_outputs, "diagonal": self.diagonal}


#: By network: the map that it was last put behind, its weights then, and what came of it.
_MADE: weakref.WeakKeyDictionary[keras.Model, tuple[AffineMap, list[AnyArray], keras.Model]] = (
    weakref.WeakKeyDictionary()
)


def behind_affine(network: keras.Model, front: AffineMap) -> keras.Model:
    """Build the network that maps its inputs first; the last of each network is kept.

    Parameters
    ----------
    network : keras.Model
        With one input and one output. It is not changed: layers are copied with their weights.
    front : AffineMap
        To the network's inputs; flat rows are given the network's shape after it.

    Returns
    -------
    keras.Model
        From what the map takes to what the network answers.

    Examples
    --------
    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    >>> whole = behind_affine(network, AffineMap(np.ones(2), np.array([[2.0], [3.0]]), np.zeros(1)))
    >>> whole(np.array([[2.0, 1.0]])).numpy().tolist()
    [[2.0]]
    """
    if not is_functional(network):  # not copied: what holds it would keep itself alive
        return _build(network, front)
    weights = network.get_weights()
    before, then, found = _MADE.get(network, (front, [], None))
    if found is None or not _are_equal(_numbers(before) + then, _numbers(front) + weights):
        found = _build(network, front)
        _MADE[network] = front, weights, found
    return found


def _numbers(front: AffineMap) -> list[AnyArray]:
    return [front.centre, front.linear, front.shift]


def _are_equal(first: list[AnyArray], second: list[AnyArray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def _build(network: keras.Model, front: AffineMap) -> keras.Model:
    layer = AffineFront(len(front.shift), front.linear.ndim == 1, name="preprocessing")
    inputs = keras.Input((len(front.centre),), name="inputs")
    x = layer(inputs)
    # what rounding takes from the centre of a large column goes into the shift
    centre = np.asarray(front.centre, np.float32)
    moved = centre.astype(np.float64) - front.centre
    shift = front.shift + (moved * front.linear if front.linear.ndim == 1 else moved @ front.linear)
    layer.set_weights([centre, np.asarray(front.linear, np.float32), np.asarray(shift, np.float32)])
    shape = tuple(network.input_shape[1:]) if is_functional(network) else (len(front.shift),)
    if len(shape) > 1:
        x = keras.layers.Reshape(shape, name="as_images")(x)
    if not is_functional(network):
        return keras.Model(inputs, network(x))
    return keras.Model(inputs, graft(network, x)[0])
