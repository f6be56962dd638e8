"""Frozen dataclasses that travel as JSON.

A model file keeps the evaluation of its network, so that a report can be written again without the
data. Everything that an evaluation holds is therefore made of numbers, strings, tuples, mappings
and other records.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from strates.exceptions import DataError


def to_plain(value: Any) -> Any:
    """Turn a record, or anything nested in one, into what ``json`` can write.

    Parameters
    ----------
    value : Any
        A record, mapping, tuple, list, NumPy or Python scalar, or None.

    Returns
    -------
    Any
        Dicts, lists, strings, finite numbers, booleans and None. A number that is not finite becomes None, for JSON has
        no such number; an object of another kind becomes its ``str``.

    Examples
    --------
    >>> to_plain({"a": (1, float("nan"))})
    {'a': [1, None]}
    """
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return to_plain(value.tolist())
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _from_plain(value: Any, kind: Any) -> Any:
    """Build a value of the annotated ``kind`` from what ``json`` read."""
    if value is None:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        concrete = [argument for argument in arguments if argument is not type(None)]
        return _from_plain(value, concrete[0]) if len(concrete) == 1 else value
    if origin in (tuple, list):
        return origin(_from_plain(item, arguments[0]) for item in value)
    if origin in (dict, Mapping):
        return {key: _from_plain(item, arguments[1]) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind.from_dict(value)
    if kind is float:
        return float(value)
    return value


class Record:
    """Base of the frozen dataclasses that go to JSON and come back equal.

    A subclass is a frozen dataclass whose fields are scalars, None, ``tuple[T, ...]``, ``list[T]``, ``dict[str, T]`` or
    records.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point(Record):
    ...     x: float
    ...     y: float
    >>> Point.from_dict(Point(1.0, 2.0).to_dict())
    Point(x=1.0, y=2.0)
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as nested dicts and lists that ``json`` can write."""
        return {field.name: to_plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build the record from what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            Names of fields to plain values. Unknown names are ignored and missing ones take their defaults, so that
            files of a neighbouring version stay readable.

        Returns
        -------
        Record

        Raises
        ------
        DataError
            A field that has no default is missing.
        """
        hints = get_type_hints(cls)
        known = {field.name: field for field in dataclasses.fields(cls)}
        missing = [
            name
            for name, field in known.items()
            if name not in values
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        ]
        if missing:
            raise DataError(
                f"A stored {cls.__name__} lacks {', '.join(missing)}; it was expected to hold {', '.join(known)}. "
                "Store it again with to_dict()."
            )
        return cls(**{name: _from_plain(values[name], hints[name]) for name in known if name in values})
