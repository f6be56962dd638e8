"""One array of the ledger: its rule, its numbers, and the product behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from strates.backprop.layers.layer import Array
from strates.backprop.products import Place

#: Where in the course of the computation: what is given, the way up, the way back.
Stage = Literal["given", "forward", "backward"]


@dataclass(frozen=True, eq=False)
class LedgerLine:
    """An array that came about on the way, for one row.

    Attributes
    ----------
    stage : {"given", "forward", "backward"}
    layer : str
        Whose: a layer of the network, "inputs" or "loss".
    quantity : str
        What it is: "output", "kernel", "bias", "kernel gradient", "input gradient", ...
    symbol : str
        The left side of the rule, such as "∂L/∂W".
    rule : str
        The formula in plain Unicode.
    latex : str
        The formula for LaTeX, without dollars.
    value : ndarray
        Without an axis of rows; a scalar has shape ().
    product : callable (place) -> str
        The numbers that made one entry.
    row_names, column_names : tuple of str
        Of the first and of the last axis; empty where they are only numbered.
    """

    stage: Stage
    layer: str
    quantity: str
    symbol: str
    rule: str
    latex: str
    value: Array
    product: Callable[[Place], str] = field(default=lambda place: "", repr=False)
    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()

    @property
    def table(self) -> Array:
        """The numbers in rows and columns: all axes but the last go down, of an image of one channel the height."""
        shape = self._table_shape
        return self.value.reshape(-1, shape[-1]) if shape else self.value.reshape(1, 1)

    @property
    def row_labels(self) -> tuple[str, ...]:
        """A label for each row of the table: its name, or where it stands; of a single row an empty one."""
        places = tuple(", ".join(map(str, place)) for place in np.ndindex(*self._table_shape[:-1]))
        if len(places) <= 1:
            return ("",)
        return self.row_names if len(self.row_names) == len(places) else places

    @property
    def _table_shape(self) -> tuple[int, ...]:
        shape = self.value.shape
        while len(shape) >= 3 and shape[-1] == 1:
            shape = shape[:-1]
        return shape

    def places(self) -> Iterator[Place]:
        """Iterate over the indices of the numbers, in order."""
        return (tuple(int(i) for i in place) for place in np.ndindex(self.value.shape))

    def summary(self) -> dict[str, float]:
        """Return norm, mean, least and greatest of the numbers, and how many are zero."""
        return {
            "norm": float(np.linalg.norm(self.value)),
            "mean": float(self.value.mean()),
            "min": float(self.value.min()),
            "max": float(self.value.max()),
            "zeros": float((self.value == 0).sum()),
        }

    def extreme_places(self) -> dict[str, Place]:
        """Return where the least and the greatest number stand."""
        shape = self.value.shape
        found = {"min": int(self.value.argmin()), "max": int(self.value.argmax())}
        return {name: tuple(int(i) for i in np.unravel_index(flat, shape)) for name, flat in found.items()}
