"""Estimators of scikit-learn and skrub as the code that makes them."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from strates.engine.keras_code.layout import Call, Keyword, literal
from strates.exceptions import ParameterError

_LIBRARIES = ("sklearn", "skrub")


class SklearnWriter:
    """Writes estimators, and remembers which names have to be imported.

    Attributes
    ----------
    imports : dict of module to names

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> writer = SklearnWriter()
    >>> print(writer.call(SimpleImputer(add_indicator=True)), writer.imports)
    SimpleImputer(add_indicator=True) {'sklearn.impute': ('SimpleImputer',)}
    """

    def __init__(self) -> None:
        self.imports: dict[str, tuple[str, ...]] = {}

    def call(self, est: Any) -> Call:
        """Write the call that makes an estimator: the parameters that are not its defaults.

        Raises
        ------
        ParameterError
            It is of somebody's own class.
        """
        kind: type[Any] = type(est)
        name = self._name(kind, est)
        signature = inspect.signature(type(est)).parameters
        values = est.get_params(deep=False)
        arguments = []
        for key, parameter in signature.items():
            if key not in values or repr(values[key]) == repr(parameter.default):
                continue
            written = self._value(values[key])
            required = parameter.default is parameter.empty
            arguments.append(written if required else Keyword(key, written))
        return Call(f"{name}(", tuple(arguments))

    def _name(self, cls: type[Any], shown: Any) -> str:
        parts = str(cls.__module__).split(".")
        public = ".".join(part for i, part in enumerate(parts) if not any(p.startswith("_") for p in parts[: i + 1]))
        if parts[0] not in _LIBRARIES or getattr(sys.modules.get(public), cls.__name__, None) is not cls:
            raise ParameterError(
                f"{cls.__module__}.{cls.__name__}, a step of the preprocessing ({shown!r}), is not of scikit-learn or "
                "skrub: its code stands elsewhere, and cannot be written into a script. Export the last step, "
                "pipeline[-1], and give the script rows that went through the others."
            )
        self.imports[public] = tuple({*self.imports.get(public, ()), cls.__name__})
        return str(cls.__name__)

    def _value(self, value: Any) -> Any:
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self.call(value)
        if isinstance(value, list):
            return Call("[", tuple(self._value(one) for one in value), "]")
        if isinstance(value, tuple):
            return Call("(", tuple(self._value(one) for one in value)) if value else "()"
        name = str(getattr(value, "__name__", ""))
        if callable(value) and name and getattr(np, name, None) is value:
            return f"np.{name}"
        if callable(value):
            return self._name(value if name else type(value), value)
        return repr(value) if isinstance(value, slice) else literal(value)
