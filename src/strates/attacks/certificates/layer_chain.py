"""A network as certificates take it: affine steps and bends, from the inputs to the scores of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.attacks.certificates.affine_step import AffineStep, Shape, affine_step
from strates.attacks.certificates.bend import Bend, bend
from strates.backprop.keras_chain import keras_chain
from strates.backprop.keras_translation import translate
from strates.backprop.layers import Activation, Layer, Reshape, Softmax
from strates.exceptions import ParameterError

#: Operations that turn scores into a decision, at the end of a perceptron: the largest score still wins before them.
_DECISIONS = ("Greater", "Argmax", "ArgMax", "OneHot", "Cast")


@dataclass(frozen=True, eq=False)
class LayerChain:
    """What :func:`layer_chain` makes of a network.

    Attributes
    ----------
    steps : tuple of AffineStep or Bend
        Up to the scores; the last activation is left out, for it does not change their order.
    input_shape : tuple of int
    n_scores : int
        1 of two classes with one output (positive: the second class), else one a class.
    """

    steps: tuple[AffineStep | Bend, ...]
    input_shape: Shape
    n_scores: int

    def scores(self, X: FloatArray) -> FloatArray:
        """Return the scores of rows, in float64."""
        for step in self.steps:
            X = step.apply(X)
        return X

    def differences(self, codes: Any) -> FloatArray:
        """Return the margins of classes as vectors: the class's score less each other's.

        Parameters
        ----------
        codes : ndarray of int of shape (n_rows,)

        Returns
        -------
        ndarray of shape (n_rows, n_margins, n_scores)
            One margin for two classes, else one for each other class, in their order.
        """
        codes = np.asarray(codes)
        if self.n_scores == 1:
            return np.where(codes == 1, 1.0, -1.0)[:, None, None]
        own = np.eye(self.n_scores)
        every = own[:, None, :] - own[None, :, :]
        others = np.array([[j for j in range(self.n_scores) if j != c] for c in range(self.n_scores)])
        return np.asarray(every[codes[:, None], others[codes]])


def layer_chain(model: Any, *, front: Sequence[Layer] = (), input_shape: Shape | None = None) -> LayerChain:
    """Read a network, in float64.

    Parameters
    ----------
    model : keras.Model
        Ending in a softmax, one logistic unit, or a perceptron's decision.
    front : sequence of Layer, default=()
        What comes before it, such as the scaling of a pipeline.
    input_shape : tuple of int, optional
        Of one row as it reaches ``front``; the network's own by default.

    Returns
    -------
    LayerChain

    Raises
    ------
    ParameterError
        The network is no chain, has a layer for which no bounds are known, or ends otherwise.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=5, random_state=0).fit(
    ...     *moons(n_samples=60, random_state=0)
    ... )
    >>> [step.name for step in layer_chain(clf.network_).steps]
    ['hidden_1', 'hidden_1 (relu)', 'outputs']
    """
    found = keras_chain(model)
    decided = bool(found) and type(found[-1]).__name__ in _DECISIONS
    while found and type(found[-1]).__name__ in _DECISIONS:
        found.pop()
    layers = [made for keras_layer in found for made in translate(keras_layer)]
    last = None if decided else _last_activation(layers)
    own = tuple(model.input_shape[1:])
    shape = own if input_shape is None else input_shape
    if None in shape or (None in own and front):
        raise ParameterError(
            f"The network takes rows of shape {own}: of any size where None stands. A certificate needs a network of "
            "a fixed input shape; build it with keras.Input(shape) of your rows."
        )
    start, steps = shape, []
    unflat = [Reshape(own, name="as_images")] if None not in own and len(own) > 1 and (front or shape != own) else []
    for layer in (*front, *unflat, *layers):
        step = affine_step(layer, shape) or bend(layer, shape)
        if step is None:
            raise ParameterError(
                f"No bounds are known for layer {layer.name!r} ({type(layer).__name__}). Certificates know dense "
                "layers, convolutions, pooling, batch normalisation, rescaling and activations of single units. Leave "
                "the layer out, or use RandomizedSmoothing, which takes any classifier."
            )
        steps.append(step)
        shape = step.output_shape
    if len(shape) != 1:
        raise ParameterError(f"The network's scores have shape {shape}; expected one number a class, (n_classes,).")
    if isinstance(last, Activation) and shape[0] > 1:
        raise ParameterError(
            f"The network ends in {shape[0]} logistic units: several labels a row, or classes that do not exclude each "
            "other. A certificate says that the class stays the same; it needs a softmax, or one logistic unit."
        )
    return LayerChain(tuple(steps), start, shape[0])


def _last_activation(layers: list[Layer]) -> Layer:
    """Take the last activation off: it does not change the order of the scores."""
    last = layers.pop() if layers else None
    if isinstance(last, Softmax) or (isinstance(last, Activation) and last.activation in ("logistic", "sigmoid")):
        return last
    raise ParameterError(
        f"The network ends in {last!r}; a certificate needs one that ends in a softmax, or in one logistic unit."
    )
