"""Any network as a list of planned layers: fitted, of Keras, described, or of the literature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from strates.engine.layer_walk import Shape, layer_records
from strates.exceptions import DataError, ParameterError
from strates.inspection.layer_spec import LayerSpec
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.planned_layer import PlannedLayer, planned_keras_layer
from strates.inspection.reference_network import NetworkPlan, reference_network


def plan_network(network: Any, input_shape: Sequence[int] | None = None) -> tuple[Shape, list[PlannedLayer]]:
    """Return a network's layers in the order in which they run.

    Parameters
    ----------
    network : fitted classifier or pipeline, keras.Model, sequence of LayerSpec, NetworkPlan or str
        A string names a :func:`reference_network`.
    input_shape : tuple of int, optional
        Of one row; the network's own by default.

    Returns
    -------
    input_shape : tuple of int or None
        Empty where it is not known.
    layers : list of PlannedLayer

    Raises
    ------
    ParameterError
        It is no network, or one that cannot be looked into.
    """
    if isinstance(network, str):
        network = reference_network(network)
    if isinstance(network, NetworkPlan):
        return _plan_specs(network.layers, input_shape or network.input_shape)
    if isinstance(network, LayerSpec):
        network = [network]
    if isinstance(network, Sequence) and network and all(isinstance(one, LayerSpec) for one in network):
        return _plan_specs(network, input_shape)
    last = split_pipeline(network)[1]
    model = getattr(last, "network_", last)
    if not hasattr(model, "layers"):
        raise ParameterError(
            f"{type(last).__name__} is no network to look into. Give a fitted classifier of strates, a keras.Model, a "
            'list of strates.inspection.LayerSpec, or a name such as "vgg-16".'
        )
    start, records = layer_records(model, None if input_shape is None else tuple(input_shape))
    seen: set[int] = set()
    layers = []
    for record in records:
        layers.append(planned_keras_layer(record, counted=id(record.operation) in seen))
        seen.add(id(record.operation))
    return start, layers


def _plan_specs(specs: Sequence[LayerSpec], input_shape: Sequence[int] | None) -> tuple[Shape, list[PlannedLayer]]:
    start: Shape = (None, None, None)
    if input_shape is not None:
        start = (*input_shape, 1)[:3]
    layers: list[PlannedLayer] = []
    numbers: dict[str, int] = {}
    shape = start
    for place, spec in enumerate(specs):
        numbers[spec.kind] = numbers.get(spec.kind, 0) + 1
        planned = _planned(spec, shape, place - 1)
        layers.append(replace(planned, name=spec.name or f"{spec.kind}_{numbers[spec.kind]}"))
        shape = planned.output_shape
    return start, layers


def _planned(spec: LayerSpec, shape: Shape, source: int) -> PlannedLayer:
    """Return what a described layer makes of an input."""
    name, kind, sources = spec.name or f"a {spec.kind} layer", spec.kind, (source,)
    channels = shape[-1]
    if spec.window is not None:
        if len(shape) != 3:
            raise DataError(f"{name} takes an image, but what comes before it makes a row of {shape[0]} numbers.")
        size = (None, None) if shape[0] is None or shape[1] is None else spec.window.stops(shape[0], shape[1])
        if kind == "pool":
            return PlannedLayer(name, kind, sources, (*size, channels), "window", spec.window)
        if channels is not None and channels % spec.groups:
            raise ParameterError(f"{name} parts {channels} channels into {spec.groups} groups, which are not whole.")
        kernel = None if channels is None else math.prod(spec.window.size) * channels // spec.groups
        return _with_costs(PlannedLayer(name, kind, sources, (*size, spec.units), "window", spec.window), spec, kernel)
    if kind == "dense":
        inputs = None if None in shape else math.prod(n or 0 for n in shape)
        action = "whole" if len(shape) == 3 else "place"
        return _with_costs(PlannedLayer(name, kind, sources, (spec.units,), action), spec, inputs)
    flat = None if None in shape else math.prod(n or 0 for n in shape)
    return PlannedLayer(name, kind, sources, (channels if kind == "global_pool" else flat,), "whole")


def _with_costs(layer: PlannedLayer, spec: LayerSpec, inputs: int | None) -> PlannedLayer:
    """Add what one output number's weights cost, times how many outputs there are."""
    if inputs is None or None in layer.output_shape:
        return layer
    units = spec.units or 0
    weights, biases = inputs * units, units * spec.bias
    places = math.prod(n or 0 for n in layer.output_shape[:-1])
    return replace(
        layer, weights=weights, biases=biases, parameters=weights + biases, multiply_adds=places * weights
    )  # fmt: skip
