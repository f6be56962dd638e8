"""What a strates estimator leaves out of a model file's object tree, and how it comes back.

While a model is saved, an estimator hands its network over to be kept as a ``.keras`` file, and writes its Keras
objects (an optimizer, an initializer) as configurations. While one is loaded, it takes them back. Two context
variables say which of the two is going on; pickling and copying happen with neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from strates.engine.architecture import DenseArchitecture
from strates.engine.autoencoder_architecture import AutoencoderArchitecture
from strates.engine.backend import keras
from strates.engine.conv_architecture import ConvArchitecture
from strates.engine.keras_architecture import KerasArchitecture, maker_of, remember_maker
from strates.engine.made_network import NetworkMaker
from strates.engine.storage import (
    network_from_bytes,
    network_to_bytes,
    object_from_config,
    weights_from_bytes,
    weights_to_bytes,
)
from strates.exceptions import ModelFileError, ParameterError, UnsafeModelFileError

_KERAS = "keras configuration: "
#: Keras's objects that stand in the file as their configuration.
_WRITTEN = keras.optimizers.Optimizer | keras.initializers.Initializer | keras.layers.Layer | keras.losses.Loss
#: Left out: what a fit's callbacks collected, and what is made again on demand.
_LEFT_OUT = ("_cache", "recording_", "_skl_callbacks", "_exact_weights")
#: Architectures that are values; of any other the network itself tells what it is.
_PLAIN = (DenseArchitecture, ConvArchitecture, AutoencoderArchitecture)


@dataclass
class _Pack:
    networks: list[bytes] = field(default_factory=list)
    custom_objects: Mapping[str, Any] = field(default_factory=dict)


_PACKING: ContextVar[_Pack | None] = ContextVar("packing", default=None)
_UNPACKING: ContextVar[_Pack | None] = ContextVar("unpacking", default=None)


@contextmanager
def packing() -> Iterator[list[bytes]]:
    """Collect the networks of the estimators that are saved inside."""
    pack = _Pack()
    token = _PACKING.set(pack)
    try:
        yield pack.networks
    finally:
        _PACKING.reset(token)


@contextmanager
def unpacking(networks: list[bytes], custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Hand networks back to the estimators that are loaded inside."""
    token = _UNPACKING.set(_Pack(networks, custom_objects))
    try:
        yield
    finally:
        _UNPACKING.reset(token)


def pack_state(estimator: Any, state: dict[str, Any]) -> dict[str, Any]:
    """Return the state that stands in a model file, when one is being written; the state itself otherwise."""
    pack = _PACKING.get()
    if pack is None:
        return state
    # a function is code, which no model file holds
    code = {name for name in ("network", "loss") if name in state and not isinstance(state[name], keras.losses.Loss)}
    packed = {k: None if k in code else _to_config(v) for k, v in state.items() if k not in _LEFT_OUT}
    if "_weights" in state:
        architecture = state["_architecture"]
        packed["_network_number"] = len(pack.networks)
        pack.networks.append(_packed_network(estimator.network_))
        del packed["_weights"]
        if isinstance(architecture, _PLAIN):
            initializer = _to_config(architecture.kernel_initializer)
            packed["_architecture"] = replace(architecture, kernel_initializer=initializer)
        else:
            packed["_architecture"] = list(architecture.input_shape)
    if isinstance(state.get("backbone"), keras.Model):  # of which the network has what it needs
        packed["backbone"] = None
    return packed


def unpack_state(state: dict[str, Any]) -> dict[str, Any]:
    """Undo :func:`pack_state`."""
    pack = _UNPACKING.get()
    if pack is None:
        return state
    whole = {k: _from_config(v, pack.custom_objects) for k, v in state.items()}
    if "_network_number" in whole:
        network = _unpacked_network(pack, pack.networks[whole.pop("_network_number")], whole)
        architecture = whole["_architecture"]
        if isinstance(architecture, _PLAIN):
            initializer = _from_config(architecture.kernel_initializer, pack.custom_objects)
            whole["_architecture"] = replace(architecture, kernel_initializer=initializer)
        else:
            whole["_architecture"] = KerasArchitecture(
                network, tuple(architecture), keep_weights=True, loss=whole.get("loss")
            )
            maker = maker_of(network)
            whole["network"] = maker.network if isinstance(maker, NetworkMaker) else network
        whole["_weights"] = network.get_weights()
        whole["_cache"] = {}
    return whole


def _packed_network(network: keras.Model) -> bytes:
    try:
        return network_to_bytes(network)
    except ParameterError:
        if maker_of(network) is None:
            raise
        return weights_to_bytes(network)  # the function that makes it comes with the loading


def _unpacked_network(pack: _Pack, data: bytes, state: dict[str, Any]) -> keras.Model:
    weights = weights_from_bytes(data)
    if weights is None:
        return network_from_bytes(data, pack.custom_objects)
    build = pack.custom_objects.get("network")
    if build is None:
        raise UnsafeModelFileError(
            "The file holds the weights of a network that a function of your own builds, and never the code. Nothing "
            "was loaded. Load it with that function: strates.load(path, custom_objects={'network': the function})."
        )
    encoding = state["_encoding"]
    maker = NetworkMaker(build, tuple(state["_architecture"]), encoding.n_outputs, encoding.kind)
    network = maker()
    remember_maker(network, maker)
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise ModelFileError(
            f"The function that was given builds another network than the one that was saved ({error}). Give the one "
            "that the model was trained with."
        ) from error
    return network


def _to_config(value: Any) -> Any:
    if isinstance(value, _WRITTEN):
        return _KERAS + json.dumps(keras.saving.serialize_keras_object(value))
    if isinstance(value, tuple | list) and any(isinstance(one, keras.layers.Layer) for one in value):
        return type(value)(_to_config(one) for one in value)
    return value


def _from_config(value: Any, custom_objects: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith(_KERAS):
        return object_from_config(json.loads(value.removeprefix(_KERAS)), custom_objects)
    if isinstance(value, tuple | list) and any(isinstance(one, str) and one.startswith(_KERAS) for one in value):
        return type(value)(_from_config(one, custom_objects) for one in value)
    return value
