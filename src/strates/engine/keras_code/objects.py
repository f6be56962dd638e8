"""Objects of Keras as the code that makes them: layers, optimizers, initializers, regularizers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from strates.engine.backend import keras
from strates.engine.keras_code.layout import Call, Keyword, literal
from strates.exceptions import ParameterError

_HOMES = (
    "layers", "optimizers", "optimizers.schedules", "initializers", "regularizers", "constraints", "activations",
    "losses", "dtype_policies",
)  # fmt: skip
#: Arguments that say nothing about what an object computes here.
_SILENT = frozenset({"dtype", "trainable", "autocast", "build_config", "batch_input_shape", "batch_shape"})


def public_name(cls: type) -> str | None:
    """Return where Keras shows a class, such as "keras.layers.Dense"; None for one that is not of Keras.

    Examples
    --------
    >>> public_name(keras.layers.Dense)
    'keras.layers.Dense'
    """
    for home in _HOMES:
        module = keras
        for part in home.split("."):
            module = getattr(module, part)
        if getattr(module, cls.__name__, None) is cls:
            return f"keras.{home}.{cls.__name__}"
    return None


def keras_call(one: Any, *, extra: Mapping[str, Any] | None = None, without: Iterable[str] = ()) -> Call:
    """Write the call that makes an object of Keras: the arguments that are not Keras's defaults.

    Parameters
    ----------
    one : object of Keras
        Has ``get_config``.
    extra : mapping of str to code, optional
        Further arguments, or others than the object's own.
    without : iterable of str
        Arguments to leave out.

    Returns
    -------
    Call

    Raises
    ------
    ParameterError
        The object, or one inside it, is of somebody's own class or function, which cannot be written out.

    Examples
    --------
    >>> print(keras_call(keras.layers.Dense(3, activation="tanh", name="hidden")))
    keras.layers.Dense(3, activation="tanh", name="hidden")
    """
    name = public_name(type(one))
    if name is None:
        raise cannot_write(one)
    config = one.get_config()
    parameters = _parameters(type(one))
    defaults = _defaults(type(one), config, parameters)
    given: dict[str, Any] = {}
    required = [p.name for p in parameters.values() if p.default is p.empty and p.name in config]
    for key, parameter in parameters.items():
        if key not in config or key in _SILENT or key in without or (extra and key in extra):
            continue
        value = config[key]
        if parameter.default is parameter.empty or not _same(value, defaults.get(key, parameter.default)):
            given[key] = _code(value, one)
    dtype = _dtype(one)
    if dtype is not None:
        given["dtype"] = literal(dtype)
    given |= dict(extra or {})
    last = given.pop("name", None)
    if last is not None and isinstance(one, keras.layers.Layer):
        given["name"] = last
    leading = required if name.startswith("keras.layers.") and all(key in given for key in required) else []
    arguments = [given.pop(key) for key in leading]
    return Call(f"{name}(", (*arguments, *(Keyword(key, value) for key, value in given.items())))


def cannot_write(one: Any) -> ParameterError:
    """Return the error that names an object of somebody's own."""
    cls = one if inspect.isfunction(one) or isinstance(one, type) else type(one)
    where = f" named {one.name!r}" if isinstance(one, keras.layers.Layer) else ""
    return ParameterError(
        f"{cls.__module__}.{cls.__qualname__}{where} is not a part of Keras: its code stands in your own file, and "
        "cannot be written into a script. Use a layer of Keras in its place, or keep the network as a whole with "
        "clf.network_.save(...) or strates.export.to_saved_model."
    )


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Return what a constructor takes, those of its bases where it passes them on."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        own = inspect.signature(vars(base)["__init__"]).parameters
        for name, parameter in own.items():
            if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(name, parameter)
        if not any(p.kind is p.VAR_KEYWORD for p in own.values()):
            break
    if issubclass(cls, keras.layers.Layer):
        found.setdefault("name", inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None))
    return found


def _defaults(cls: type, config: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return the configuration of such an object made with nothing but what it must be given."""
    required = {key: config[key] for key, p in parameters.items() if p.default is p.empty and key in config}
    try:
        found: dict[str, Any] = cls.from_config(required).get_config()  # type: ignore[attr-defined]
    except Exception:  # arguments that depend on one another: the signature's defaults serve
        return {}
    return {key: value for key, value in found.items() if key != "name"}


def _dtype(one: Any) -> str | None:
    policy = getattr(getattr(one, "dtype_policy", None), "name", None)
    return policy if isinstance(one, keras.layers.Layer) and policy not in (None, keras.config.floatx()) else None


def _same(value: Any, default: Any) -> bool:
    value, default = _settled(value), _settled(default)
    try:
        return bool(value == default)
    except ValueError:  # arrays
        return np.array_equal(value, default)


def _settled(value: Any) -> Any:
    """Return a configuration without what a draw made of it."""
    if isinstance(value, tuple):
        return [_settled(one) for one in value]
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if isinstance(value, dict):
        return {key: _settled(one) for key, one in value.items() if key not in ("seed", "registered_name")}
    return value


def _code(value: Any, owner: Any) -> Any:
    """Write one value of a configuration."""
    if isinstance(value, dict) and "class_name" in value:
        if value["class_name"] == "function" or value["class_name"] == "__lambda__":
            raise cannot_write(getattr(owner, "activation", None) or owner)
        made = keras.saving.deserialize_keras_object(value)
        if isinstance(made, type) or inspect.isfunction(made):
            raise cannot_write(made)
        return keras_call(made, without=("name",) if not isinstance(made, keras.layers.Layer) else ())
    if isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value):
        return Call("[", tuple(_code(one, owner) for one in value), "]")
    if hasattr(value, "get_config"):
        return keras_call(value)
    if isinstance(value, list) and all(isinstance(one, int | float) for one in value):
        return literal(tuple(value))
    return literal(_short(value))


def _short(value: Any) -> Any:
    """Return 0.01 for the float32 that is nearest to it, which Keras makes of a rate."""
    if isinstance(value, float) and np.isfinite(value) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value
