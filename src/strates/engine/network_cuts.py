"""Where a network can be cut in two, and the groups of layers between such places."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from strates.engine.backend import keras


@dataclass(frozen=True)
class Cut:
    """A layer through whose output alone the input reaches what comes after.

    Attributes
    ----------
    layer : str
        Its name.
    shape : tuple of int
        Of its output, for one row.
    inside : tuple of str
        Layers from the cut before to this one, in the order in which they run.
    n_kernels : int
        How many of them have a kernel: convolutions and dense layers.
    has_weights : bool
        Whether one of them has weights, those of ``adapt`` left out.
    """

    layer: str
    shape: tuple[int, ...]
    inside: tuple[str, ...]
    n_kernels: int
    has_weights: bool


def network_cuts(model: keras.Model) -> list[Cut]:
    """List the places where a network can be cut, from the input to the output.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output.

    Returns
    -------
    list of Cut
        A residual block, whose input also goes around it, has none within.

    Examples
    --------
    >>> inputs = keras.Input((4,))
    >>> x = keras.layers.Dense(3, name="before")(inputs)
    >>> y = keras.layers.Dense(3, name="around")(x)
    >>> x = keras.layers.Add(name="sum")([x, y])
    >>> cuts = network_cuts(keras.Model(inputs, keras.layers.Dense(2, name="after")(x)))
    >>> [cut.layer for cut in cuts], cuts[1].inside
    (['before', 'sum', 'after'], ('around', 'sum'))
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    nodes = [node for node in nodes if not node.is_input]
    waiting: dict[int, int] = {}  # tensors that were made or given, and how many operations still want each
    for node in nodes:
        for tensor in node.input_tensors:
            waiting[id(tensor)] = waiting.get(id(tensor), 0) + 1
    waiting[id(graph.outputs[0])] = waiting.get(id(graph.outputs[0]), 0) + 1
    live = {id(graph.inputs[0])}
    called = [id(node.operation) for node in nodes]
    cuts: list[Cut] = []
    inside: list[keras.layers.Layer] = []
    for node in nodes:
        layer = node.operation
        for tensor in node.input_tensors:
            waiting[id(tensor)] -= 1
        outputs = {id(tensor) for tensor in node.output_tensors}
        live = {t for t in live | outputs if waiting.get(t, 0) > 0}
        if isinstance(layer, keras.layers.Layer):
            inside.append(layer)
            if live == outputs and len(outputs) == 1 and called.count(id(layer)) == 1:
                cuts.append(_cut(layer.name, tuple(node.output_tensors[0].shape[1:]), inside))
                inside = []
    return cuts


def _cut(name: str, shape: tuple[int, ...], inside: list[keras.layers.Layer]) -> Cut:
    learned = [layer for layer in inside if layer.weights and not hasattr(layer, "finalize_state")]
    n_kernels = sum(any(len(v.shape) > 1 for v in layer.weights) for layer in learned)
    return Cut(name, shape, tuple(layer.name for layer in inside), n_kernels, bool(learned))


def layer_groups(model: keras.Model) -> list[tuple[str, ...]]:
    """Sort a network's layers into groups, from the input to the output: what is unfrozen one at a time.

    Of a network on images, a group is what works at one resolution: it begins where the maps become smaller. Of any
    other network, it is one layer with weights and what follows it without. Every group has weights.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output.

    Returns
    -------
    list of tuple of str
        Names of layers, those that only prepare the input left out.

    Examples
    --------
    >>> layers = keras.layers
    >>> network = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, name="a")])
    >>> for layer in (layers.MaxPooling2D(name="b"), layers.Conv2D(4, 3, name="c"), layers.Flatten(name="d")):
    ...     network.add(layer)
    >>> network.add(layers.Dense(2, name="e"))
    >>> layer_groups(network)
    [('a',), ('b', 'c', 'd'), ('e',)]
    """
    cuts = network_cuts(model)
    ends = [end for end in _ends(cuts) if end < len(cuts) - 1]
    groups: list[tuple[str, ...]] = []
    for first, last in pairwise([-1, *ends, len(cuts) - 1]):
        part = cuts[first + 1 : last + 1]
        names = tuple(name for cut in part for name in cut.inside)
        if groups and not any(cut.has_weights for cut in part):  # what follows without weights belongs to the last
            groups[-1] += names
        else:
            groups.append(names)
    return groups


def _ends(cuts: list[Cut]) -> Iterator[int]:
    """Yield the places of the cuts that end a group."""
    begun = 0  # first cut of the group at hand
    side = 0
    for i, cut in enumerate(cuts):
        spatial = len(cut.shape) >= 2
        here = int(cut.shape[0]) if spatial else 0
        # padding may change a side by a pixel or two; a new resolution halves it, or nearly
        new = cut.has_weights if not spatial else here <= 0.75 * side
        side = here if spatial and (new or not side) else side
        if not new or i == 0:
            continue
        end = _narrowest(cuts, begun, i - 1) if spatial else i - 1
        if any(one.has_weights for one in cuts[begun : end + 1]):
            yield end
            begun = end + 1


def _narrowest(cuts: list[Cut], first: int, last: int) -> int:
    """Return the cut that hands on least of the last few, those with one kernel after them at most.

    A block that halves the maps often widens them before: the group ends where that begins.
    """
    best, kernels = last, 0
    for i in range(last, first, -1):
        kernels += cuts[i].n_kernels
        if kernels > 1 or not any(cut.has_weights for cut in cuts[first:i]):
            break
        if math.prod(cuts[i - 1].shape) < math.prod(cuts[best].shape):
            best = i - 1
    return best
