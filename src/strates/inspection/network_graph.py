"""A dense network as neurons and weights: the few that a picture can show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.record import Record

MAX_NEURONS = 10
MAX_COLUMNS = 6
_SHOWN = ("strongest", "first")


@dataclass(frozen=True)
class NetworkColumn(Record):
    """A layer of neurons, the inputs being the first.

    Attributes
    ----------
    name : str
        The layer's name.
    n_neurons : int
        How many there are.
    shown : tuple of int
        Which of them are kept, increasing.
    labels : tuple of str
        Names of those kept; empty where neurons have none.
    activation : str or None
        None for inputs.
    notes : tuple of str
        What else happens there, such as "dropout 0.2".
    n_folded_after : int
        Layers left out between this one and the next.
    """

    name: str
    n_neurons: int
    shown: tuple[int, ...]
    labels: tuple[str, ...] = ()
    activation: str | None = None
    notes: tuple[str, ...] = ()
    n_folded_after: int = 0


@dataclass(frozen=True)
class NetworkGraph(Record):
    """A dense network, folded to what a picture can show; it goes to JSON and back.

    Attributes
    ----------
    columns : tuple of NetworkColumn
        From the inputs to the outputs.
    weights : tuple of matrices
        Between neighbouring columns: a row a kept neuron on the left, a number a kept neuron on the right, with five
        significant digits. Empty where layers were left out between.
    biases : tuple of (tuple of float, or None)
        Of the kept neurons, for each column but the first.
    largest : float
        The largest absolute weight of the whole network, biases aside, kept or not.
    """

    columns: tuple[NetworkColumn, ...]
    weights: tuple[tuple[tuple[float, ...], ...], ...]
    biases: tuple[tuple[float, ...] | None, ...]
    largest: float


def graph_from_weights(
    coefs: Sequence[Any],
    intercepts: Sequence[Any] | None = None,
    *,
    feature_names: Iterable[Any] | None = None,
    class_names: Iterable[Any] | None = None,
    activations: Sequence[str | None] | None = None,
    layer_names: Sequence[str] | None = None,
    notes: Sequence[Sequence[str]] | None = None,
    max_neurons: int = MAX_NEURONS,
    shown: str = "strongest",
) -> NetworkGraph:
    """Fold the weights of a dense network to what a picture can show.

    Parameters
    ----------
    coefs : sequence of arrays of shape (n_in, n_out)
        Weights of each layer, as in ``coefs_``.
    intercepts : sequence of (array of shape (n_out,), or None), default=None
        Biases of each layer, as in ``intercepts_``; None for a layer, or all of them, without.
    feature_names : iterable, default=None
        Names of the inputs; "x0", "x1", ... by default.
    class_names : iterable, default=None
        Names of the outputs; of two names for one output, the second. "y0", ... by default.
    activations : sequence of (str or None), default=None
        Of each layer.
    layer_names : sequence of str, default=None
        Of each layer, the inputs aside; "hidden 1", ..., "outputs" by default.
    notes : sequence of sequences of str, default=None
        What else happens in each column, the inputs among them.
    max_neurons : int, default=10
        Neurons of a layer to keep, at most.
    shown : {"strongest", "first"}, default="strongest"
        Which to keep. "strongest": those through which most can pass, by the Euclidean norm of the weights that come
        in times that of the weights that go out (inputs: out alone), in their own order; of the outputs the first.

    Returns
    -------
    NetworkGraph

    Raises
    ------
    ParameterError
        The shapes do not chain, or names, activations or biases are not as many as they should be.
    DataError
        A weight is not finite.

    Examples
    --------
    >>> graph = graph_from_weights([[[1.0, -2.0]], [[0.5], [3.0]]], activations=["tanh", "logistic"])
    >>> [(column.name, column.n_neurons, column.activation) for column in graph.columns]
    [('inputs', 1, None), ('hidden 1', 2, 'tanh'), ('outputs', 1, 'logistic')]
    >>> graph.weights[0], graph.largest
    (((1.0, -2.0),), 3.0)
    """
    kernels = _check_kernels(coefs)
    n_layers = len(kernels)
    biases = _check_biases(intercepts, kernels)
    if shown not in _SHOWN:
        raise ParameterError(f"shown={shown!r} cannot be used. {did_you_mean(str(shown), _SHOWN)}")
    if max_neurons < 1:
        raise ParameterError(f"max_neurons={max_neurons!r} cannot be used; expected one neuron a layer at least.")
    names = _as_many(layer_names, n_layers, "layer_names") or [
        *(f"hidden {i}" for i in range(1, n_layers)),
        "outputs",
    ]
    functions = _as_many(activations, n_layers, "activations") or [None] * n_layers
    remarks = _as_many(notes, n_layers + 1, "notes") or [()] * (n_layers + 1)
    widths = [kernels[0].shape[0], *(kernel.shape[1] for kernel in kernels)]
    kept = [_kept(kernels, c, max_neurons, shown) for c in range(n_layers + 1)]
    places = _kept_columns(n_layers + 1)
    labels = {
        0: _labels(feature_names, widths[0], "x", kept[0], "feature_names"),
        n_layers: _labels(_of_outputs(class_names, widths[-1]), widths[-1], "y", kept[-1], "class_names"),
    }
    following = [*(right - left - 1 for left, right in pairwise(places)), 0]
    columns = tuple(
        NetworkColumn(
            name="inputs" if c == 0 else str(names[c - 1]),
            n_neurons=widths[c],
            shown=tuple(kept[c]),
            labels=labels.get(c, ()),
            activation=None if c == 0 else functions[c - 1],
            notes=tuple(remarks[c]),
            n_folded_after=folded,
        )
        for c, folded in zip(places, following, strict=True)
    )
    return NetworkGraph(
        columns,
        tuple(
            _matrix(kernels[left][np.ix_(kept[left], kept[right])]) if right == left + 1 else ()
            for left, right in pairwise(places)
        ),
        tuple(None if (b := biases[c - 1]) is None else _row(b[kept[c]]) for c in places[1:]),
        _short(max(float(np.abs(kernel).max()) for kernel in kernels)),
    )


def _check_kernels(coefs: Sequence[Any]) -> list[FloatArray]:
    kernels: list[FloatArray] = [np.asarray(kernel, dtype=float) for kernel in coefs]
    shapes = [kernel.shape for kernel in kernels]
    chained = all(len(shape) == 2 and 0 not in shape for shape in shapes)
    if not kernels or not chained or any(left[1] != right[0] for left, right in pairwise(shapes)):
        raise ParameterError(
            f"The weights have shapes {shapes}, which make no chain of dense layers; expected a matrix a layer, of "
            "shape (n_in, n_out), each with as many rows as the one before has columns."
        )
    if not all(np.isfinite(kernel).all() for kernel in kernels):
        raise DataError("The weights are not all finite: the training diverged. Fit again with a lower learning rate.")
    return kernels


def _check_biases(intercepts: Sequence[Any] | None, kernels: list[FloatArray]) -> list[FloatArray | None]:
    given = _as_many(intercepts, len(kernels), "intercepts") or [None] * len(kernels)
    biases: list[FloatArray | None] = [None if one is None else np.asarray(one, dtype=float).ravel() for one in given]
    for number, (bias, kernel) in enumerate(zip(biases, kernels, strict=True)):
        if bias is not None and len(bias) != kernel.shape[1]:
            raise ParameterError(
                f"Layer {number} has {len(bias)} biases for {kernel.shape[1]} neurons; expected one a neuron, or None."
            )
        if bias is not None and not np.isfinite(bias).all():
            raise DataError(
                "The biases are not all finite: the training diverged. Fit again with a lower learning rate."
            )
    return biases


def _as_many(given: Sequence[Any] | None, n: int, name: str) -> list[Any] | None:
    if given is None:
        return None
    if len(given) != n:
        raise ParameterError(f"{name} has {len(given)} entries; expected {n}, one a layer.")
    return list(given)


def _of_outputs(class_names: Iterable[Any] | None, n_outputs: int) -> list[Any] | None:
    if class_names is None:
        return None
    names = list(class_names)
    return names[1:] if n_outputs == 1 and len(names) == 2 else names


def _labels(names: Iterable[Any] | None, n: int, letter: str, kept: list[int], what: str) -> tuple[str, ...]:
    if names is None:
        every = [f"{letter}{i}" for i in range(n)] if n > 1 or letter == "x" else [letter]
    else:
        every = [str(name) for name in names]
        if len(every) != n:
            raise ParameterError(f"{what} has {len(every)} entries; expected {n}, one a neuron.")
    return tuple(every[i] for i in kept)


def _kept(kernels: list[FloatArray], column: int, max_neurons: int, shown: str) -> list[int]:
    """Return the neurons of a column to keep, increasing."""
    n = kernels[0].shape[0] if column == 0 else kernels[column - 1].shape[1]
    if n <= max_neurons:
        return list(range(n))
    if shown == "first" or column == len(kernels):
        return list(range(max_neurons))
    strength: AnyArray = np.linalg.norm(kernels[column], axis=1)
    if column > 0:
        strength = strength * np.linalg.norm(kernels[column - 1], axis=0)
    return sorted(np.argsort(-strength, kind="stable")[:max_neurons].tolist())


def _kept_columns(n_columns: int) -> list[int]:
    """Return the columns to keep: of a very deep network, the first ones and the last two."""
    if n_columns <= MAX_COLUMNS:
        return list(range(n_columns))
    return [*range(MAX_COLUMNS - 2), n_columns - 2, n_columns - 1]


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _row(values: FloatArray) -> tuple[float, ...]:
    return tuple(_short(value) for value in values.tolist())


def _matrix(values: FloatArray) -> tuple[tuple[float, ...], ...]:
    return tuple(_row(row) for row in values)
