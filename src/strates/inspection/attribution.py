"""What explanations of a score have in common: a number for each input, or each place of an image."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError

_SHARES = ("integrated_gradients", "gradient_x_input")


@dataclass(frozen=True, eq=False)
class Attribution:
    """Which inputs a network's score for a class depends on, row by row.

    Attributes
    ----------
    maps : ndarray of shape (n_rows, n_features), (n_rows, height, width) or (n_rows, height, width, channels)
        Positive where an input speaks for the class, negative where it speaks against it.
    inputs : ndarray of shape (n_rows, ...)
        The rows as they reached the network.
    targets : ndarray of shape (n_rows,)
        The class that each row is explained for.
    scores : ndarray of shape (n_rows,)
        What the network gives that class.
    score : {"logit", "probability"}
        What kind of number that is.
    method : str
        How the maps were made.
    names : tuple of str
        Of the network's inputs; empty for images.
    """

    maps: FloatArray
    inputs: FloatArray
    targets: AnyArray
    scores: FloatArray
    score: str
    method: str
    names: tuple[str, ...]

    @property
    def heat(self) -> FloatArray:
        """One number a place, of shape (n_rows, height, width).

        Over colours, shares of a sum add up; of derivatives, the one largest in absolute value is taken.

        Raises
        ------
        DataError
            The rows are rows of a table.
        """
        if self.names or self.maps.ndim < 3:
            raise DataError(
                f"The maps have shape {self.maps.shape}: the rows are no images. to_frame() tells them by column."
            )
        if self.maps.ndim == 3:
            return self.maps
        if self.method in _SHARES:
            return np.asarray(self.maps.sum(axis=-1))
        strongest = np.abs(self.maps).argmax(axis=-1, keepdims=True)
        return np.take_along_axis(self.maps, strongest, axis=-1)[..., 0]

    def as_images(self, image_shape: tuple[int, ...]) -> Self:
        """Return it with rows of pixels laid out as the images that they are.

        Parameters
        ----------
        image_shape : tuple (height, width) or (height, width, channels)

        Raises
        ------
        DataError
            The rows have another number of pixels.
        """
        if math.prod(image_shape) != math.prod(self.inputs.shape[1:]):
            raise DataError(
                f"image_shape={image_shape} has {math.prod(image_shape)} numbers, the rows {self.inputs[0].size}."
            )
        n = len(self.inputs)
        maps = self.maps if self.maps[0].size != self.inputs[0].size else self.maps.reshape(n, *image_shape)
        return replace(self, maps=maps, inputs=self.inputs.reshape(n, *image_shape), names=())

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each row and input of a table, strongest first: ``row``, ``target``, ``input``, ``value``.

        Raises
        ------
        DataError
            The rows are images.
        """
        if not self.names:
            raise DataError(f"The maps have shape {self.maps.shape}: images, which are looked at as such (heat).")
        parts = []
        for row, (values, target) in enumerate(zip(self.maps, self.targets, strict=True)):
            order = np.argsort(-np.abs(values), kind="stable")
            names = [self.names[i] for i in order]
            parts.append(pd.DataFrame({"row": row, "target": target, "input": names, "value": values[order]}))
        return pd.concat(parts, ignore_index=True)
