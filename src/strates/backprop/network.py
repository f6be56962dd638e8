"""A whole network on the blackboard: layers in a chain, the loss at its end, the penalty beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from strates.backprop.layers import Layer, Loss, Penalty
from strates.backprop.layers.layer import Array
from strates.exceptions import ParameterError, did_you_mean


@dataclass(frozen=True)
class ForwardPass:
    """What a forward pass leaves on the blackboard.

    Attributes
    ----------
    inputs : tuple of ndarray
        What went into each layer; the first is the rows themselves.
    caches : tuple
        What each layer keeps for the way back.
    scores : ndarray of shape (n_rows, n_outputs)
        What comes out of the last layer: the logits.
    loss : float
        Mean over the rows, in nats.
    loss_cache : object
        What the loss keeps for the way back.
    penalty : float
    """

    inputs: tuple[Array, ...]
    caches: tuple[Any, ...]
    scores: Array
    loss: float
    loss_cache: Any
    penalty: float

    @property
    def objective(self) -> float:
        """Loss plus penalty: what training makes small."""
        return self.loss + self.penalty


@dataclass(frozen=True)
class BackwardPass:
    """What a backward pass leaves on the blackboard: derivatives of the objective.

    Attributes
    ----------
    parameters : dict of str to ndarray
        By "layer/parameter", such as "hidden_1/kernel".
    deltas : tuple of ndarray
        With respect to each layer's output, from the first to the last.
    inputs : ndarray of shape (n_rows, ...)
        With respect to the rows.
    """

    parameters: dict[str, Array]
    deltas: tuple[Array, ...]
    inputs: Array


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in a chain, a loss, and a penalty on the kernels.

    Parameters
    ----------
    layers : tuple of Layer
        From the rows to the scores (logits).
    loss : Loss
        Takes scores and targets.
    penalties : dict of str to Penalty, default={}
        By "layer/parameter": what is added to the loss for the size of that array.

    Examples
    --------
    A 3-4-2 network, as in the notes of Stanford's CS231n, has 20 weights and 6 biases:

    >>> rng = np.random.default_rng(0)
    >>> from strates.backprop.layers import Activation, Dense, SoftmaxCrossEntropy
    >>> hidden = Dense(rng.normal(size=(3, 4)), np.zeros(4), name="hidden")
    >>> outputs = Dense(rng.normal(size=(4, 2)), np.zeros(2), name="outputs")
    >>> network = Network((hidden, Activation("tanh"), outputs), SoftmaxCrossEntropy())
    >>> sum(p.size for p in network.parameters.values())
    26
    >>> there = network.forward([[0.5, -1.0, 2.0]], [1])
    >>> back = network.backward(there)
    >>> back.parameters["outputs/kernel"].shape
    (4, 2)
    """

    layers: tuple[Layer, ...]
    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ParameterError(
                f"Several layers are called {', '.join(map(repr, repeated))}. Give each a name of its own."
            )
        for name in self.penalties:
            if name not in self.parameters:
                raise ParameterError(
                    f"There is no parameter {name!r} to penalise. {did_you_mean(name, self.parameters)}"
                )

    @property
    def parameters(self) -> dict[str, Array]:
        """What training changes, by "layer/parameter"."""
        return {f"{layer.name}/{key}": value for layer in self.layers for key, value in layer.parameters.items()}

    def with_parameter(self, name: str, value: Any) -> Self:
        """Return a copy in which one parameter has another value."""
        owner, key = self._owner(name)
        return self.with_layer(owner, self.layers[owner].with_parameters(**{key: value}))

    def with_layer(self, position: int, layer: Layer) -> Self:
        """Return a copy in which one layer is another."""
        return replace(self, layers=(*self.layers[:position], layer, *self.layers[position + 1 :]))

    def without_penalty(self) -> Self:
        """Return a copy whose objective is the loss alone."""
        return replace(self, penalties={})

    def position(self, name: str) -> int:
        """Return which layer a parameter belongs to, counted from 0."""
        return self._owner(name)[0]

    def forward(self, x: Any, targets: Any, *, single_precision: bool = False) -> ForwardPass:
        """Go up: from the rows to the objective.

        Parameters
        ----------
        x : array-like of shape (n_rows, ...)
        targets : array-like
            What the loss takes: class numbers of shape (n_rows,), or 0/1 of shape (n_rows, n_outputs).
        single_precision : bool, default=False
            Round what every layer gives to float32, to see what that does to finite differences.

        Returns
        -------
        ForwardPass
        """
        return self.forward_from(0, np.asarray(x, dtype=np.float64), targets, single_precision=single_precision)

    def forward_from(self, first: int, x: Array, targets: Any, *, single_precision: bool = False) -> ForwardPass:
        """Go up from some layer on, given what goes into it."""
        inputs, caches = [], []
        for layer in self.layers[first:]:
            inputs.append(x)
            x, cache = layer.forward(x)
            caches.append(cache)
            if single_precision:
                x = _rounded(x)
        loss, loss_cache = self.loss.value(x, targets)
        parameters = self.parameters if self.penalties else {}
        penalty = sum(rule.value(parameters[name]) for name, rule in self.penalties.items())
        if single_precision:
            loss, penalty = float(np.float32(loss)), float(np.float32(penalty))
        return ForwardPass(tuple(inputs), tuple(caches), x, float(loss), loss_cache, float(penalty))

    def backward(self, there: ForwardPass) -> BackwardPass:
        """Come down: the chain rule, one layer at a time.

        Parameters
        ----------
        there : ForwardPass
            Of the whole network.

        Returns
        -------
        BackwardPass
        """
        gradients: dict[str, Array] = {}
        deltas: list[Array] = []
        delta = self.loss.gradient(there.loss_cache)
        for layer, cache in zip(reversed(self.layers), reversed(there.caches), strict=True):
            deltas.append(delta)
            delta, own = layer.backward(delta, cache)
            gradients |= {f"{layer.name}/{key}": value for key, value in own.items()}
        for name, rule in self.penalties.items():
            gradients[name] = gradients[name] + rule.gradient(self.parameters[name])
        return BackwardPass({name: gradients[name] for name in self.parameters}, tuple(reversed(deltas)), delta)

    def pieces(self, there: ForwardPass, first: int = 0) -> dict[str, NDArray[np.int64]]:
        """Say on which piece of each function by cases every unit stands, by layer.

        Parameters
        ----------
        there : ForwardPass
        first : int, default=0
            The layer that the pass began with.

        Returns
        -------
        dict of str to ndarray of int
            Layers that are smooth are left out.
        """
        found = {}
        for layer, cache in zip(self.layers[first:], there.caches, strict=True):
            on = layer.pieces(cache)
            if on is not None:
                found[layer.name] = on
        return found

    def _owner(self, name: str) -> tuple[int, str]:
        if name not in self.parameters:
            raise ParameterError(f"There is no parameter {name!r}. {did_you_mean(name, self.parameters)}")
        owner, _, key = name.rpartition("/")
        return [layer.name for layer in self.layers].index(owner), key


def _rounded(x: Array) -> Array:
    return x.astype(np.float32).astype(np.float64)
