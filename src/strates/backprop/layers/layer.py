"""What every layer of the blackboard promises: a step forward, and the same step backward."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from types import EllipsisType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from strates.exceptions import DataError, ParameterError, did_you_mean

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """One formula of a layer, as data, to be printed beside its numbers.

    Attributes
    ----------
    quantity : str
        What it gives: ``"forward"``, ``"input"`` (the derivative handed down) or the name of a parameter.
    text : str
        In plain Unicode: ``"∂L/∂W = xᵀδ"``.
    latex : str
        The same for LaTeX, without dollars.
    """

    quantity: str
    text: str
    latex: str


@dataclass(frozen=True, eq=False, repr=False)
class Layer(ABC):
    """A step of a network, written forward and backward. Everything is float64.

    Going up, a layer turns x into its output and keeps in a cache what the way down will need. Coming down, it is
    handed ∂L/∂output and answers with ∂L/∂x and with ∂L/∂parameter for each of its parameters: the chain rule, one
    link at a time. L may be any number that depends on the output; what the rows contribute is summed.

    Attributes
    ----------
    name : str
        What messages and tables call it; the class's name in small letters unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from strates.backprop.layers import Dense
    >>> layer = Dense(np.array([[1.0, 2.0], [3.0, 4.0]]), name="outputs")
    >>> layer
    Dense(name='outputs', kernel=(2, 2))
    >>> z, cache = layer.forward([[1.0, 10.0]])
    >>> z
    array([[31., 42.]])
    >>> down, gradients = layer.backward([[1.0, 0.0]], cache)
    >>> down, gradients["kernel"].tolist()
    (array([[1., 3.]]), [[1.0, 0.0], [10.0, 0.0]])
    """

    name: str = field(default="", kw_only=True)

    #: Fields that training changes, and fields that hold other arrays.
    trainable: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        default = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()
        self._set("name", self.name or default)
        for key in (*self.trainable, *self.fixed):
            if getattr(self, key) is not None:
                self._set(key, self._numbers(getattr(self, key), key, ParameterError))

    @abstractmethod
    def forward(self, x: Any) -> tuple[Array, Any]:
        """Return the output, and the cache that :meth:`backward` needs.

        Parameters
        ----------
        x : array-like of shape (n_rows, ...)

        Returns
        -------
        output : ndarray of shape (n_rows, ...)
        cache : object
            What the formulas of the way back mention.

        Raises
        ------
        DataError
            The shape is not what the layer takes, or a number is not finite.
        """

    @abstractmethod
    def backward(self, gradient: Any, cache: Any) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x and, by name, ∂L/∂parameter.

        Parameters
        ----------
        gradient : array-like, of the output's shape
            ∂L/∂output.
        cache : object
            What :meth:`forward` gave with that output.

        Returns
        -------
        input_gradient : ndarray, of the shape of x
        parameter_gradients : dict of ndarray
            As :attr:`parameters`; summed over the rows.

        Raises
        ------
        DataError
            The gradient has another shape than the output.
        """

    @abstractmethod
    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas: ``"forward"``, then ``"input"``, then one a parameter."""

    def pieces(self, cache: Any) -> NDArray[np.int64] | None:
        """Say on which piece of a function by cases each unit of each row stands.

        Between two points on different pieces a finite difference crosses a kink, and is no derivative.

        Parameters
        ----------
        cache : object
            What :meth:`forward` gave.

        Returns
        -------
        ndarray of int, of the output's shape, or None
            None for a layer that is smooth.
        """
        return None

    @property
    def parameters(self) -> dict[str, Array]:
        """What training changes, by name."""
        return {key: getattr(self, key) for key in self.trainable if getattr(self, key) is not None}

    def with_parameters(self, **arrays: Any) -> Self:
        """Return a copy that has other parameters.

        Parameters
        ----------
        **arrays : array-like
            Each of the shape of the parameter that it replaces.

        Returns
        -------
        Layer

        Raises
        ------
        ParameterError
            The layer has no such parameter, or it has another shape.
        """
        own = self.parameters
        for key, array in arrays.items():
            if key not in own:
                hint = did_you_mean(key, own) if own else "It has none."
                raise ParameterError(f"{self.title} has no parameter {key!r}. {hint}")
            if np.shape(array) != own[key].shape:
                raise ParameterError(
                    f"{self.title} has a {key} of shape {own[key].shape}, but the new one has shape {np.shape(array)}. "
                    "Make another layer for another shape."
                )
        return replace(self, **arrays)

    # --- what the layers have in common: clean input, clear complaints ----------------------------

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"Layer {self.name!r} ({type(self).__name__})"

    def __repr__(self) -> str:
        own = "".join(f", {key}={array.shape}" for key, array in self.parameters.items())
        return f"{type(self).__name__}(name={self.name!r}{own})"

    def _set(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)  # a frozen dataclass may tidy its fields while it is made

    def _rows(self, x: Any, *shape: int | EllipsisType | None) -> Array:
        """Return x as finite numbers of shape (n_rows, *shape): None is any size, a leading ... any axes."""
        rows = self._numbers(x, "x", DataError)
        if not len(rows.shape) or not rows.shape[0]:
            raise DataError(f"{self.title} got x of shape {rows.shape}, which has no rows; expected one at least.")
        if not _fits(rows.shape[1:], shape):
            words = ", ".join("..." if size is ... else "any" if size is None else str(size) for size in shape)
            hint = (
                "One row alone is x[np.newaxis]." if _fits(rows.shape, shape) else "See what the layer before it gives."
            )
            raise DataError(f"{self.title} got x of shape {rows.shape}; expected (n_rows, {words}). {hint}")
        return rows

    def _spread(self, key: str, shape: tuple[int, ...]) -> Array:
        """Return one of the layer's fixed arrays, repeated to the shape of x."""
        array = getattr(self, key)
        try:
            return np.broadcast_to(array, shape)
        except ValueError as reason:
            raise DataError(
                f"{self.title} has a {key} of shape {array.shape}, which does not fit x of shape {shape}; expected one "
                "number, or one for each unit of the last axis."
            ) from reason

    def _incoming(self, gradient: Any, shape: tuple[int, ...]) -> Array:
        """Return ∂L/∂output as finite numbers of the output's shape."""
        delta = self._numbers(gradient, "the gradient", DataError)
        if delta.shape != shape:
            raise DataError(
                f"{self.title} got a gradient of shape {delta.shape}; expected {shape}, that of its output. Pass the "
                "cache of the same forward pass."
            )
        return delta

    def _numbers(self, values: Any, what: str, error: type[ValueError]) -> Array:
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as reason:
            raise error(f"{self.title}: {what} cannot be read as an array of numbers ({reason}).") from reason
        if not np.isfinite(array).all():
            first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            place = f"position {first}" if what != "x" or array.ndim != 2 else "row {}, column {}".format(*first)
            raise error(f"{self.title}: {what} holds {array[first]} in {place}, from 0; expected finite numbers.")
        return array


def _fits(shape: tuple[int, ...], pattern: tuple[int | EllipsisType | None, ...]) -> bool:
    if pattern and pattern[0] is ...:
        pattern = pattern[1:]
        shape = shape[max(0, len(shape) - len(pattern)) :]
    return len(shape) == len(pattern) and all(p in (None, s) for s, p in zip(shape, pattern, strict=True))
