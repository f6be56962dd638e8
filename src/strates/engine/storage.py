"""A network to bytes and back: the ``.keras`` format, read so that nothing in it can run."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strates.engine.backend import keras
from strates.exceptions import ModelFileError, UnsafeModelFileError


def network_to_bytes(model: keras.Model) -> bytes:
    """Return a model as the bytes of a ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        model.save(path)
        return path.read_bytes()


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
