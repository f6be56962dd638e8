"""Each affine layer against the matrix that it is, read off the blackboard's layer one unit vector at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from strates.attacks.certificates.affine_step import AffineStep, affine_step
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
    LayerNorm,
    MaxPool2D,
    Normalization,
    Rescaling,
    Reshape,
)

RNG = np.random.default_rng(0)
KERNEL, IMAGE = RNG.normal(size=(3, 2, 2, 3)), (5, 4, 2)
CASES: dict[str, tuple[Layer, tuple[int, ...]]] = {
    "dense": (Dense(RNG.normal(size=(6, 4)), RNG.normal(size=4)), (6,)),
    "dense on pixels without bias": (Dense(RNG.normal(size=(3, 2))), (3,)),
    "conv": (Conv2D(KERNEL, RNG.normal(size=3)), IMAGE),
    "conv, padded, strides": (Conv2D(KERNEL, strides=(2, 1), padding="same"), IMAGE),
    "conv, dilated": (Conv2D(KERNEL, RNG.normal(size=3), dilation=(2, 1)), IMAGE),
    "average pool": (AveragePool2D((2, 2)), IMAGE),
    "average pool, padded": (AveragePool2D((3, 3), strides=(2, 2), padding="same"), IMAGE),
    "global average": (GlobalAveragePool2D(), IMAGE),
    "batch norm": (BatchNorm(RNG.normal(size=2), RNG.normal(size=2), RNG.normal(size=2), RNG.uniform(1, 2, 2)), IMAGE),
    "batch norm, bare": (BatchNorm(None, None, RNG.normal(size=2), RNG.uniform(1, 2, 2)), IMAGE),
    "normalization": (Normalization(RNG.normal(size=6), RNG.uniform(1, 2, 6)), (6,)),
    "rescaling": (Rescaling(-1 / 255, 0.5), IMAGE),
    "rescaling by columns": (Rescaling(RNG.normal(size=6), RNG.normal(size=6)), (6,)),
    "flatten": (Flatten(), IMAGE),
    "reshape": (Reshape((2, 3, 1)), (6,)),
    "dropout": (Dropout(0.5), (6,)),
    "identity": (Activation("linear"), (6,)),
}


def matrix_of(layer: Layer, shape: tuple[int, ...]) -> np.ndarray:
    """Return W, of shape (n_inputs, n_outputs)."""
    n = math.prod(shape)
    units = layer.forward(np.eye(n).reshape(n, *shape))[0] - layer.forward(np.zeros((n, *shape)))[0]
    return np.asarray(units.reshape(n, -1))


def step_of(layer: Layer, shape: tuple[int, ...]) -> AffineStep:
    step = affine_step(layer, shape)
    assert step is not None
    return step


@pytest.mark.parametrize("case", CASES)
def test_step_is_its_matrix(case: str) -> None:
    layer, shape = CASES[case]
    step, W = step_of(layer, shape), matrix_of(layer, shape)
    x, r = RNG.normal(size=(3, *shape)), RNG.uniform(size=(3, *shape))
    A = RNG.normal(size=(3, *step.output_shape))
    flat = {name: value.reshape(3, -1) for name, value in {"x": x, "r": r, "A": A}.items()}
    assert step.apply(x).reshape(3, -1) == pytest.approx(flat["x"] @ W + step.offset.ravel(), abs=1e-12)
    assert step.absolute(r).reshape(3, -1) == pytest.approx(flat["r"] @ np.abs(W), abs=1e-12)
    assert step.squared(r).reshape(3, -1) == pytest.approx(flat["r"] @ W**2, abs=1e-12)
    assert step.pull(A).reshape(3, -1) == pytest.approx(flat["A"] @ W.T, abs=1e-12)
    assert step.absolute(r).shape == step.apply(x).shape == (3, *step.output_shape)
    assert step.pull(A).shape == x.shape
    assert step.is_diagonal == bool(((W != 0).sum(axis=0) <= 1).all())


@pytest.mark.parametrize("case", CASES)
def test_dual_norm_is_how_far_a_ball_moves_an_output(case: str) -> None:
    layer, shape = CASES[case]
    step, W = step_of(layer, shape), matrix_of(layer, shape)
    scale = RNG.uniform(0.5, 2, size=(1, *shape))
    weighted = W * scale.reshape(-1, 1)
    assert step.dual_norm(scale, "l2").ravel() == pytest.approx(np.linalg.norm(weighted, axis=0), rel=1e-12)
    reach = step.dual_norm(scale, "l1").ravel()
    assert (reach >= np.abs(weighted).max(axis=0) * (1 - 1e-12)).all()
    if isinstance(layer, Dense):
        assert reach == pytest.approx(np.abs(weighted).max(axis=0), rel=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_float32_errs_by_less_than_is_said(case: str) -> None:
    layer, shape = CASES[case]
    step, W = step_of(layer, shape), matrix_of(layer, shape)
    x = (100 * RNG.normal(size=(200, *shape))).astype(np.float32)
    exact = step.apply(x.astype(np.float64)).reshape(200, -1)
    total = np.zeros(exact.shape, np.float32)
    for i, row in enumerate(W.astype(np.float32)):  # one term after the other, the worst order
        total += x.reshape(200, -1)[:, i, None] * row
    total += step.offset.astype(np.float32).ravel()
    error = np.abs(total - exact)
    # W and b were rounded to float32 as well: one more unit for each
    allowed = np.broadcast_to(step.rounding(np.abs(x.astype(np.float64))).reshape(-1, exact.shape[1]), exact.shape)
    if step.rounding(np.ones((1, *shape))).any():
        assert (error <= allowed).all()
        assert (allowed <= 1e-5 * (np.abs(x.reshape(200, -1)) @ np.abs(W) + 10 + np.abs(step.offset).max())).all()
    else:
        assert (error == 0).all()


@pytest.mark.parametrize("layer", [Activation("relu"), MaxPool2D(2), LayerNorm(None, None)])
def test_other_layers_are_not_affine(layer: Layer) -> None:
    assert affine_step(layer, IMAGE) is None
