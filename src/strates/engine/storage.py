"""A network to bytes and back: the ``.keras`` format, read so that nothing in it can run."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.backend import keras
from strates.exceptions import ModelFileError, ParameterError, UnsafeModelFileError


def network_to_bytes(model: keras.Model) -> bytes:
    """Return a model as the bytes of a ``.keras`` file.

    Raises
    ------
    ParameterError
        A class of somebody's own does not tell its configuration.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        try:
            model.save(path)
        except (NotImplementedError, TypeError) as error:
            reason = " ".join(str(error).partition("Please implement")[0].split())[:300]
            raise ParameterError(
                f"The network cannot be saved: a model file holds the configuration of each class and not its code, "
                f"and one does not tell its own ({reason}). Give that class get_config(), which returns the arguments "
                "of its __init__, or build the network of Keras's own layers."
            ) from error
        return path.read_bytes()


def weights_to_bytes(model: keras.Model) -> bytes:
    """Return a model's weights alone, for a network whose configuration does not tell how to build it."""
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, **{f"weight_{i}": w for i, w in enumerate(model.get_weights())})
    return held.getvalue()


def weights_from_bytes(data: bytes) -> list[AnyArray] | None:
    """Return what :func:`weights_to_bytes` kept; None for the bytes of a whole network."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return [found[f"weight_{i}"] for i in range(len(found.files))]
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError):
        return None


def network_from_bytes(data: bytes, custom_objects: Mapping[str, Any] | None = None) -> keras.Model:
    """Read a model from the bytes of a ``.keras`` file.

    Parameters
    ----------
    data : bytes
    custom_objects : mapping of str to class, optional
        The network's own classes, which the caller vouches for.

    Returns
    -------
    keras.Model

    Raises
    ------
    UnsafeModelFileError
        The configuration names something outside Keras that was not passed, or a Lambda layer.
    ModelFileError
        The bytes are not a ``.keras`` file.
    """
    known = dict(custom_objects or {})
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"The network inside the model file is damaged ({error}). Save the model again."
        ) from error
    _refuse_code(config, known)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        path.write_bytes(data)
        try:
            return keras.saving.load_model(path, custom_objects=known, compile=False, safe_mode=True)
        except Exception as error:
            raise ModelFileError(f"Keras cannot read the network inside the model file: {error}") from error


def object_from_config(config: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Build a Keras object (an optimizer, an initializer) from its configuration, refusing what is not Keras's own."""
    _refuse_code(config, custom_objects)
    return keras.saving.deserialize_keras_object(config, custom_objects=dict(custom_objects), safe_mode=True)


def _refuse_code(config: Any, known: Mapping[str, Any]) -> None:
    """Walk a configuration, and refuse what is not one of Keras's own layers, initializers and so on."""
    if isinstance(config, list):
        for item in config:
            _refuse_code(item, known)
        return
    if not isinstance(config, dict):
        return
    name = config.get("class_name")
    if isinstance(name, str) and name not in known:
        if name in ("Lambda", "__lambda__", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TFSMLayer"):
            raise UnsafeModelFileError(
                f"The network holds a {name} layer, whose code would run on loading. Nothing was loaded. "
                "Write the layer as a class and pass it in custom_objects."
            )
        module = config.get("module")
        registered = config.get("registered_name")
        builtin = isinstance(module, str) and (module == "keras" or module.startswith("keras.")) and "src" not in module
        plain = module in ("builtins", None) and name in _PLAIN
        # the operations that x + y and keras.ops leave in a graph
        builtin = builtin or (isinstance(module, str) and module.startswith("keras.src.ops."))
        functional = name == "Functional" and module == "keras.src.models.functional"
        if not (builtin or plain or functional) or (builtin and registered not in (None, name)):
            raise UnsafeModelFileError(
                f"The network holds {name!r} from {module or registered!r}, which is not a part of Keras. Nothing was "
                f"loaded. If you trust the file, pass custom_objects={{{name!r}: the class}}."
            )
    for value in config.values():
        _refuse_code(value, known)


_PLAIN = ("__tuple__", "__list__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__",
          "__keras_tensor__", "DTypePolicy", "dict", "list", "tuple", "int", "float", "str", "bool")  # fmt: skip
