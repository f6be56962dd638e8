"""An affine layer y = Wx + b as certificates need it: W, |W|, its transpose, and what float32 may add."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from strates._types import FloatArray
from strates.backprop.layers import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    Normalization,
    Rescaling,
    Reshape,
)

Shape = tuple[int, ...]

#: Half the distance from 1 to the next number of float32: a result is rounded by this share of it at most.
FLOAT32_ROUNDOFF = 2.0**-24


class AffineStep(ABC):
    """y = Wx + b for arrays of rows, whatever the layer.

    Parameters
    ----------
    layer : Layer
    input_shape : tuple of int
        Of one row.

    Attributes
    ----------
    offset : ndarray of shape (1, *output_shape)
        b.
    output_shape : tuple of int
    is_diagonal : bool
        Whether each output is one input, scaled.
    """

    is_diagonal = False

    def __init__(self, layer: Layer, input_shape: Shape) -> None:
        self.layer = layer
        self.name = layer.name
        self.input_shape = input_shape
        self.offset: FloatArray = self.apply(np.zeros((1, *input_shape)))
        self.output_shape: Shape = self.offset.shape[1:]

    def apply(self, x: FloatArray) -> FloatArray:
        """Return Wx + b."""
        return np.asarray(self.layer.forward(x)[0])

    @abstractmethod
    def absolute(self, r: FloatArray) -> FloatArray:
        """Return |W| r: the half-width of the output for inputs within ±r."""

    @abstractmethod
    def pull(self, A: FloatArray) -> FloatArray:
        """Return AW, for a vector of the output's shape in each row: A·y = (AW)·x + A·b."""

    @abstractmethod
    def squared(self, s: FloatArray) -> FloatArray:
        """Return the sum over the inputs of W² s."""

    def dual_norm(self, scale: FloatArray, norm: str) -> FloatArray:
        """Return, for each output, how far a unit ball can move it: the dual norm of its row of W times ``scale``.

        Parameters
        ----------
        scale : ndarray of shape (1, *input_shape)
            Not negative.
        norm : {"l2", "l1"}
            The ball's. Of an l1 ball, the l2 ball around it is taken (but not by Dense).
        """
        return np.asarray(np.sqrt(self.squared(scale**2)))

    def rounding(self, magnitude: FloatArray) -> FloatArray:
        """Bound how far the output in float32 is from the exact one, for inputs of at most a magnitude.

        A sum of k products, in whatever order, errs by at most k u / (1 - k u) times the sum of their magnitudes, u
        being the unit roundoff (N. J. Higham 2002, Accuracy and stability of numerical algorithms, section 3.1).
        """
        share = (self.terms + 3) * FLOAT32_ROUNDOFF
        return share / (1 - share) * (self.absolute(magnitude) + np.abs(self.offset))

    @property
    @abstractmethod
    def terms(self) -> int:
        """Count the terms of one output's sum."""


class DenseStep(AffineStep):
    """A layer of weighted sums."""

    layer: Dense

    def absolute(self, r: FloatArray) -> FloatArray:
        """Return |W| r."""
        return np.asarray(r @ np.abs(self.layer.kernel))

    def pull(self, A: FloatArray) -> FloatArray:
        """Return AW."""
        return np.asarray(A @ self.layer.kernel.T)

    def squared(self, s: FloatArray) -> FloatArray:
        """Return W² s."""
        return np.asarray(s @ self.layer.kernel**2)

    def dual_norm(self, scale: FloatArray, norm: str) -> FloatArray:
        """Return each column's dual norm."""
        if norm == "l1":
            return np.asarray((np.abs(self.layer.kernel) * scale.reshape(-1, 1)).max(axis=0, keepdims=True))
        return super().dual_norm(scale, norm)

    @property
    def terms(self) -> int:
        """Count the terms of one output's sum."""
        return len(self.layer.kernel)


class ConvStep(AffineStep):
    """A convolution."""

    layer: Conv2D

    def absolute(self, r: FloatArray) -> FloatArray:
        """Return |W| r."""
        return np.asarray(replace(self.layer, kernel=np.abs(self.layer.kernel), bias=None).forward(r)[0])

    def pull(self, A: FloatArray) -> FloatArray:
        """Return AW."""
        kernel, (height, width, _) = self.layer.kernel, self.input_shape
        parts = A.reshape(-1, A.shape[-1]) @ kernel.reshape(-1, A.shape[-1]).T
        return self.layer.windows.paste(parts.reshape(*A.shape[:3], *kernel.shape[:3]), height, width)

    def squared(self, s: FloatArray) -> FloatArray:
        """Return W² s."""
        return np.asarray(replace(self.layer, kernel=self.layer.kernel**2, bias=None).forward(s)[0])

    @property
    def terms(self) -> int:
        """Count the terms of one output's sum."""
        return math.prod(self.layer.kernel.shape[:3])


class MeanStep(AffineStep):
    """Average pooling, of windows or of the whole image: every weight is 1 / m."""

    layer: AveragePool2D | GlobalAveragePool2D

    def absolute(self, r: FloatArray) -> FloatArray:
        """Return the means of r."""
        return self.apply(r)

    def pull(self, A: FloatArray) -> FloatArray:
        """Return AW."""
        return np.asarray(self.layer.backward(A, (len(A), *self.input_shape))[0])

    def squared(self, s: FloatArray) -> FloatArray:
        """Return the means of s, divided by m."""
        return self.apply(s) / self._cells()

    @property
    def terms(self) -> int:
        """Count the terms of one output's sum."""
        return int(self._cells().max())

    def _cells(self) -> FloatArray:
        height, width, _ = self.input_shape
        if isinstance(self.layer, GlobalAveragePool2D):
            return np.array(float(height * width))
        return np.asarray(self.layer.windows.cut(np.ones((1, height, width, 1))).sum(axis=(3, 4)))


class ScaleStep(AffineStep):
    """A scale and an offset for each number: Rescaling, Normalization, BatchNorm when it predicts."""

    layer: BatchNorm | Normalization | Rescaling
    is_diagonal = True

    def __init__(self, layer: Layer, input_shape: Shape) -> None:
        super().__init__(layer, input_shape)
        ones = np.ones((1, *input_shape))
        self._scale: FloatArray = np.asarray(layer.backward(ones, layer.forward(ones)[1])[0])

    def absolute(self, r: FloatArray) -> FloatArray:
        """Return |W| r."""
        return r * np.abs(self._scale)

    def pull(self, A: FloatArray) -> FloatArray:
        """Return AW."""
        return A * self._scale

    def squared(self, s: FloatArray) -> FloatArray:
        """Return W² s."""
        return s * self._scale**2

    def rounding(self, magnitude: FloatArray) -> FloatArray:
        """Bound the error in float32; the mean that is subtracted counts as a part of x."""
        mean = getattr(self.layer, "moving_mean", getattr(self.layer, "mean", 0.0))
        return super().rounding(magnitude + 2 * np.abs(mean))

    @property
    def terms(self) -> int:
        """Count the terms of one output's sum."""
        return 3  # and 3 more: variance + epsilon, its root, a quotient, two products, a sum


class ShapeStep(AffineStep):
    """The same numbers, perhaps in another arrangement."""

    is_diagonal = True

    def absolute(self, r: FloatArray) -> FloatArray:
        """Return r in the output's shape."""
        return r.reshape(len(r), *self.output_shape)

    def pull(self, A: FloatArray) -> FloatArray:
        """Return A in the input's shape."""
        return A.reshape(len(A), *self.input_shape)

    def squared(self, s: FloatArray) -> FloatArray:
        """Return s in the output's shape."""
        return self.absolute(s)

    def rounding(self, magnitude: FloatArray) -> FloatArray:
        """Return zeros: nothing is computed."""
        return np.zeros((1, *self.output_shape))

    @property
    def terms(self) -> int:
        """Count the terms of one output's sum."""
        return 0


_STEPS: dict[type[Layer], type[AffineStep]] = {
    Dense: DenseStep,
    Conv2D: ConvStep,
    AveragePool2D: MeanStep,
    GlobalAveragePool2D: MeanStep,
    BatchNorm: ScaleStep,
    Normalization: ScaleStep,
    Rescaling: ScaleStep,
    Flatten: ShapeStep,
    Reshape: ShapeStep,
    Dropout: ShapeStep,
}


def affine_step(layer: Layer, input_shape: Shape) -> AffineStep | None:
    """Return a layer as an affine step; None if it is not affine when the network predicts.

    Parameters
    ----------
    layer : Layer
        Of the blackboard.
    input_shape : tuple of int
        Of one row.

    Returns
    -------
    AffineStep or None

    Examples
    --------
    >>> step = affine_step(Dense([[1.0], [-2.0]], [0.5]), (2,))
    >>> step.apply(np.array([[1.0, 1.0]])), step.absolute(np.array([[1.0, 1.0]])), step.pull(np.array([[1.0]]))
    (array([[-0.5]]), array([[3.]]), array([[ 1., -2.]]))
    >>> affine_step(Activation("relu"), (2,)) is None
    True
    """
    if isinstance(layer, Activation):
        return ShapeStep(layer, input_shape) if layer.activation in ("identity", "linear") else None
    kind = _STEPS.get(type(layer))
    return None if kind is None else kind(layer, input_shape)
