"""How much of an image each layer of a network sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from strates.engine.layer_walk import Shape
from strates.exceptions import ParameterError
from strates.inspection.network_plan import plan_network
from strates.inspection.planned_layer import PlannedLayer


@dataclass(frozen=True)
class _Field:
    """What an axis of a layer's output sees of the image's.

    Attributes
    ----------
    start : float
        First pixel that the first unit sees; negative in the padding.
    size : float
        Pixels that a unit sees.
    stride : float
        Pixels from one unit's field to the next.
    n : int or None
        Units.
    whole : bool
        Whether every unit sees all that there is; the stride is then 0.
    """

    start: float = 0.0
    size: float = 1.0
    stride: float = 1.0
    n: int | None = None
    whole: bool = False


def receptive_field(network: Any, *, input_shape: Sequence[int] | None = None) -> pd.DataFrame:
    r"""Return how much of the image each layer sees: its receptive field.

    ::

        r' = r + (k - 1) j        j' = j s

    for a window that covers k of the places before it and stops at each s-th: r pixels are seen, and the fields of two
    neighbours are j pixels apart.

    Parameters
    ----------
    network : fitted classifier or pipeline, keras.Model, sequence of LayerSpec, or str
        A string names a :func:`reference_network`, such as "vgg-16". Nested networks are opened. Where paths meet, a
        unit sees what any of them sees.
    input_shape : tuple (height, width, channels), optional
        Of the image; the network's own by default. Without it, layers that look at all that there is (a dense layer
        after an image, global pooling) have no size.

    Returns
    -------
    DataFrame
        A row a layer, from the inputs. All but the names are in pixels of the image:

        - ``layer``, ``kind``;
        - ``height``, ``width``: the receptive field, what lies in the padding included;
        - ``stride_down``, ``stride_across``: from one unit's field to the next; 0 where all see the same;
        - ``padding_top``, ``padding_left``: how far the first unit's field reaches beyond the edge;
        - ``centre_down``, ``centre_across``: middle of the first unit's field; 0 is the first pixel's.

    Raises
    ------
    ParameterError
        It is no network, or it has a layer whose field is not known.

    See Also
    --------
    memory_and_flops : What the layers cost.

    References
    ----------
    Araujo, Norris & Sim (2019), Computing receptive fields of convolutional neural networks, Distill,
    https://distill.pub/2019/computing-receptive-fields. (Units in the middle count most: Luo et al., 2016,
    https://arxiv.org/abs/1701.04128.)

    Examples
    --------
    >>> from strates.inspection import LayerSpec
    >>> three = [LayerSpec.conv(8, 3)] * 3
    >>> receptive_field(three)[["layer", "height", "width"]].values.tolist()[1:]
    [['conv_1', 3, 3], ['conv_2', 5, 5], ['conv_3', 7, 7]]
    """
    start, layers = plan_network(network, input_shape)
    if len(start) != 3 and not (layers and _lays_out(layers[0])):
        raise ParameterError(
            f"The network takes rows of shape {start}, not images: every unit of a dense layer sees all of a row."
        )
    image = _axes(start)
    fields: list[tuple[_Field, _Field]] = []
    rows = [("inputs", "input", image)]
    for layer in layers:
        given = [image if source < 0 else fields[source] for source in layer.sources]
        down, across = (_axis(layer, axis, [one[axis] for one in given]) for axis in (0, 1))
        fields.append((down, across))
        if _lays_out(layer):
            fields[-1] = _axes(layer.output_shape)
        rows.append((layer.name, layer.kind, fields[-1]))
    table = pd.DataFrame([_row(*row) for row in rows])
    whole = {name: "int64" for name in table.columns[2:8] if (table[name] == table[name].round()).all()}
    return table.astype(whole)


def _lays_out(layer: PlannedLayer) -> bool:
    """Whether a layer lays the network's input, a row of pixels, out as the image that it is."""
    return layer.kind == "Reshape" and set(layer.sources) == {-1} and len(layer.output_shape) == 3


def _axes(shape: Shape) -> tuple[_Field, _Field]:
    height, width = shape[:2] if len(shape) == 3 else (1, 1)
    return _Field(n=height), _Field(n=width)


def _axis(layer: PlannedLayer, axis: int, given: list[_Field]) -> _Field:
    """Return what a layer's units see along an axis."""
    moved = layer.action == "place" and len(layer.output_shape) == 3 and given[0].n is not None
    if layer.action == "unknown" or (moved and layer.output_shape[axis] != max(one.n or 0 for one in given)):
        raise ParameterError(
            f"The receptive field of layer {layer.name!r}, a {layer.kind}, is not known. Windows (convolutions, "
            "pooling), padding, cropping, enlarging by repetition, and layers that treat each place by itself are."
        )
    field = _union(given)
    if layer.action == "whole":
        size = float("nan") if field.n is None else field.size + (field.n - 1) * field.stride
        return replace(field, size=size, stride=0.0, n=1, whole=True)
    if layer.action == "window" and layer.window is not None:
        covers, stride = layer.window.extent[axis], layer.window.strides[axis]
        n = field.n
        before, after = layer.window.borders(n, n)[axis]
        return replace(
            field,
            start=field.start - before * field.stride,
            size=field.size + (covers - 1) * field.stride,
            stride=field.stride * stride,
            n=None if n is None else (n + before + after - covers) // stride + 1,
        )
    if layer.action == "border":
        before, after = layer.border[axis]
        return replace(
            field, start=field.start - before * field.stride, n=None if field.n is None else field.n + before + after
        )
    if layer.action == "zoom":
        factor = layer.zoom[axis]
        return replace(field, stride=field.stride / factor, n=None if field.n is None else field.n * factor)
    return field


def _union(given: list[_Field]) -> _Field:
    """Return what units see that take what several paths bring to their place."""
    start = min(one.start for one in given)
    size = max(one.start + one.size for one in given) - start
    whole = any(one.whole for one in given)  # as a gate that looks at the whole image does
    stride = 0.0 if whole else max(one.stride for one in given)
    return _Field(start, size, stride, max(one.n or 0 for one in given) or None, whole)


def _row(name: str, kind: str, fields: tuple[_Field, _Field]) -> dict[str, Any]:
    down, across = fields
    return {
        "layer": name,
        "kind": kind,
        "height": down.size,
        "width": across.size,
        "stride_down": down.stride,
        "stride_across": across.stride,
        "padding_top": 0.0 - down.start,
        "padding_left": 0.0 - across.start,
        "centre_down": down.start + (down.size - 1) / 2,
        "centre_across": across.start + (across.size - 1) / 2,
    }
