"""A network of relus as matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from strates._types import FloatArray
from strates.attacks.certificates.affine_step import AffineStep
from strates.attacks.certificates.bend import ActivationBend
from strates.attacks.certificates.layer_chain import LayerChain
from strates.exceptions import ParameterError

#: Entries of one matrix, at most.
_MOST_ENTRIES = 20_000_000


@dataclass(frozen=True, eq=False)
class ReluBlocks:
    """A ReLU network as matrices: x -> relu(x W1 + b1) -> ... -> scores.

    Attributes
    ----------
    matrices : list of ndarray of shape (n_inputs, n_outputs)
    offsets : list of ndarray of shape (n_outputs,)
    bends : list of int
        Which steps of the chain the relus are.
    """

    matrices: list[FloatArray]
    offsets: list[FloatArray]
    bends: list[int] = field(default_factory=list)

    def margins(self, X: FloatArray, differences: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return margins and their gradients.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_inputs)
        differences : ndarray of shape (n_rows, n_margins, n_scores)

        Returns
        -------
        margins : ndarray of shape (n_rows, n_margins)
        gradients : ndarray of shape (n_rows, n_margins, n_inputs)
        """
        live: list[FloatArray] = []
        for matrix, offset in zip(self.matrices[:-1], self.offsets[:-1], strict=True):
            z = X @ matrix + offset
            live.append((z > 0).astype(np.float64))
            X = np.maximum(z, 0)
        scores = X @ self.matrices[-1] + self.offsets[-1]
        gradients = differences @ self.matrices[-1].T
        for matrix, on in zip(reversed(self.matrices[:-1]), reversed(live), strict=True):
            gradients = (gradients * on[:, None]) @ matrix.T
        return (differences @ scores[:, :, None])[..., 0], gradients


def relu_blocks(chain: LayerChain) -> ReluBlocks:
    """Write a chain as matrices with relus between.

    Parameters
    ----------
    chain : LayerChain

    Returns
    -------
    ReluBlocks

    Raises
    ------
    ParameterError
        A bend is no relu, or a matrix would be too large.

    Examples
    --------
    >>> from strates.attacks.certificates.affine_step import affine_step
    >>> from strates.attacks.certificates.bend import bend
    >>> from strates.backprop.layers import Activation, Dense, Rescaling
    >>> steps = (affine_step(Rescaling(2.0), (1,)), affine_step(Dense([[1.0, -1.0]]), (1,)))
    >>> relu_blocks(LayerChain((*steps, bend(Activation("relu"), (2,))), (1,), 2)).matrices
    [array([[ 2., -2.]]), array([[1., 0.], [0., 1.]])]
    """
    blocks = ReluBlocks([], [])
    run: list[AffineStep] = []
    shape = chain.input_shape
    for i, step in enumerate(chain.steps):
        if isinstance(step, AffineStep):
            run.append(step)
            continue
        if not (isinstance(step, ActivationBend) and step.layer.activation == "relu"):
            raise ParameterError(
                f'method="exact" knows networks whose only bends are relus; layer {step.name!r} is a '
                f'{getattr(step.layer, "activation", type(step.layer).__name__)}. Use method="linear".'
            )
        _add(blocks, run, shape)
        blocks.bends.append(i)
        run, shape = [], step.output_shape
    _add(blocks, run, shape)
    return blocks


def _add(blocks: ReluBlocks, run: list[AffineStep], shape: tuple[int, ...]) -> None:
    n_inputs = math.prod(shape)
    largest = n_inputs * max((math.prod(step.output_shape) for step in run), default=n_inputs)
    if largest > _MOST_ENTRIES:
        raise ParameterError(
            f'method="exact" is for small networks; a layer of this one is a matrix of {largest:,} numbers. Use '
            'method="linear" or "interval".'
        )
    matrix: FloatArray = np.eye(n_inputs).reshape(n_inputs, *shape)
    offset: FloatArray = np.zeros((1, *shape))
    for step in run:
        matrix, offset = step.apply(matrix) - step.offset, step.apply(offset)
    blocks.matrices.append(matrix.reshape(n_inputs, -1))
    blocks.offsets.append(offset.ravel())
