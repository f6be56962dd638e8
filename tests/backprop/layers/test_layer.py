"""What holds of every layer: its protocol, its formulas, its complaints."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from strates.backprop import layers
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
    LogisticLoss,
    MaxPool2D,
    Normalization,
    Penalty,
    Rescaling,
    Reshape,
    Rule,
    Softmax,
    SoftmaxCrossEntropy,
)
from strates.backprop.layers.elementwise import FUNCTIONS
from strates.exceptions import DataError, ParameterError

ROWS, IMAGES = (5, 4), (2, 4, 4, 3)
FOUR, ONES = np.arange(4.0), np.ones(4)
LAYERS: list[tuple[Layer, tuple[int, ...]]] = [
    (Dense(np.ones((4, 2)), np.ones(2)), ROWS),
    (Activation("tanh"), ROWS),
    (Softmax(), ROWS),
    (Dropout(0.5, [True, False, True, True]), ROWS),
    (BatchNorm(ONES, FOUR, FOUR, ONES, training=True), ROWS),
    (LayerNorm(ONES, FOUR), ROWS),
    (Normalization(FOUR, ONES), ROWS),
    (Rescaling(2.0, 1.0), ROWS),
    (Reshape((2, 2)), ROWS),
    (Flatten(), IMAGES),
    (Conv2D(np.ones((2, 2, 3, 2)), np.ones(2)), IMAGES),
    (MaxPool2D(2), IMAGES),
    (AveragePool2D(2), IMAGES),
    (GlobalAveragePool2D(), IMAGES),
]
each_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=[type(layer).__name__ for layer, _ in LAYERS])


def test_the_list_is_complete() -> None:
    kinds = {one for one in vars(layers).values() if inspect.isclass(one) and issubclass(one, Layer)}
    assert kinds - {Layer} == {type(layer) for layer, _ in LAYERS}


@each_layer
def test_float64_whatever_comes(layer: Layer, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    output, cache = layer.forward(x)
    np.testing.assert_array_equal(layer.forward(x.tolist())[0], output)
    down, gradients = layer.backward(np.ones(output.shape, np.float32), cache)
    assert {array.dtype for array in (output, down, *gradients.values())} == {np.dtype(np.float64)}
    assert down.shape == x.shape
    assert {key: array.shape for key, array in gradients.items()} == {k: a.shape for k, a in layer.parameters.items()}


@each_layer
def test_writing_into_an_answer_changes_no_question(layer: Layer, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    before = x.copy()
    output, cache = layer.forward(x)
    gradient = np.ones(output.shape)
    down, gradients = layer.backward(gradient, cache)
    for array in (output, down, *gradients.values()):
        array[:] = 7
    np.testing.assert_array_equal(x, before)
    assert (gradient == 1).all()
    for parameter in layer.parameters.values():
        assert not (parameter == 7).all()


@each_layer
def test_the_way_down_is_linear(layer: Layer, shape: tuple[int, ...]) -> None:
    """Backward multiplies by a Jacobian: twice the gradient, twice the answer; nothing in, nothing out."""
    rng = np.random.default_rng(1)
    output, cache = layer.forward(rng.normal(size=shape))
    g, h = rng.normal(size=(2, *output.shape))
    (gx, gp), (hx, hp), (bx, bp) = (layer.backward(one, cache) for one in (g, h, 2 * g - h))
    np.testing.assert_allclose(bx, 2 * gx - hx, atol=1e-12)
    for key in bp:
        np.testing.assert_allclose(bp[key], 2 * gp[key] - hp[key], atol=1e-12)


@each_layer
def test_a_gradient_of_another_shape_is_refused(layer: Layer, shape: tuple[int, ...]) -> None:
    output, cache = layer.forward(np.ones(shape))
    with pytest.raises(
        DataError, match=rf"Layer '{layer.name}' \(\w+\) got a gradient of shape .*; expected .*same for"
    ):
        layer.backward(np.ones((1, *output.shape)), cache)


@each_layer
def test_nan_is_named_by_layer_and_place(layer: Layer, shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    x[1, 2] = np.nan
    place = r"row 1, column 2" if len(shape) == 2 else r"position \(1, 2, 0, 0\)"
    with pytest.raises(
        DataError, match=rf"'{layer.name}' \(\w+\): x holds nan in {place}, from 0; expected finite num"
    ):
        layer.forward(x)


@each_layer
def test_rows_are_needed(layer: Layer, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"which has no rows; expected one at least"):
        layer.forward(np.ones((0, *shape[1:])))
    with pytest.raises(DataError, match=r"x of shape \(\), which has no rows"):
        layer.forward(3.0)


def test_one_row_without_its_axis() -> None:
    with pytest.raises(
        DataError, match=r"got x of shape \(4,\); expected \(n_rows, 4\)\. One row alone is x\[np.newaxis"
    ):
        Dense(np.ones((4, 2))).forward(np.ones(4))
    with pytest.raises(
        DataError, match=r"got x of shape \(4, 4, 3\); expected \(n_rows, any, any, any\)\. One row alone"
    ):
        MaxPool2D().forward(np.ones((4, 4, 3)))


def test_words_are_no_numbers() -> None:
    with pytest.raises(
        DataError, match=r"Layer 'tanh' \(Activation\): x cannot be read as an array of numbers \(could"
    ):
        Activation("tanh").forward([["a"]])


def test_a_parameter_that_is_nan() -> None:
    with pytest.raises(ParameterError, match=r"'dense' \(Dense\): kernel holds inf in position \(0, 1\), from 0"):
        Dense([[1.0, np.inf]])


@each_layer
def test_frozen_and_renewed(layer: Layer, shape: tuple[int, ...]) -> None:
    with pytest.raises(FrozenInstanceError):
        layer.name = "other"  # type: ignore[misc]
    for key, array in layer.parameters.items():
        other = layer.with_parameters(**{key: array + 1})
        assert type(other) is type(layer)
        np.testing.assert_array_equal(other.parameters[key], array + 1)
        np.testing.assert_array_equal(layer.parameters[key], array)
        assert other.name == layer.name
        with pytest.raises(ParameterError, match=rf"has a {key} of shape .*, but the new one has shape \(7,\)"):
            layer.with_parameters(**{key: np.ones(7)})


def test_parameters_that_do_not_exist() -> None:
    with pytest.raises(ParameterError, match=r"has no parameter 'kernal'\. Did you mean 'kernel'\?"):
        Dense([[1.0]]).with_parameters(kernal=1)
    with pytest.raises(ParameterError, match=r"Layer 'softmax' \(Softmax\) has no parameter 'bias'\. It has none"):
        Softmax().with_parameters(bias=1)


def test_names() -> None:
    found = [layer.name for layer, _ in LAYERS]
    assert found[:6] == ["dense", "tanh", "softmax", "dropout", "batch_norm", "layer_norm"]
    assert found[-4:] == ["conv2d", "max_pool2d", "average_pool2d", "global_average_pool2d"]
    assert repr(Dense(np.ones((3, 2)), np.ones(2), name="h")) == "Dense(name='h', kernel=(3, 2), bias=(2,))"


# --- the formulas as data -------------------------------------------------------------------------

VARIANTS = [
    *(layer for layer, _ in LAYERS),
    Dense([[1.0]]),
    Conv2D(np.ones((1, 1, 1, 1))),
    Dropout(0.5),
    BatchNorm(None, None, ONES, ONES, training=True),
    BatchNorm(ONES, None, ONES, ONES),
    LayerNorm(None, ONES),
    *(Activation(name) for name in FUNCTIONS),
]


@pytest.mark.parametrize("layer", VARIANTS, ids=str)
def test_one_rule_for_each_result(layer: Layer) -> None:
    rules = layer.rules()
    assert [rule.quantity for rule in rules] == ["forward", "input", *layer.parameters]
    assert rules[1].text.startswith(("∂L/∂x = ", "∂L/∂z = "))
    letters = {"kernel": "W", "bias": "b", "gamma": "γ", "beta": "β"}
    for rule in rules[2:]:
        assert rule.text.startswith(f"∂L/∂{letters[rule.quantity]} = ")


@pytest.mark.parametrize("owner", [*VARIANTS, SoftmaxCrossEntropy(), LogisticLoss(), Penalty()], ids=str)
def test_latex_is_latex(owner: Any) -> None:
    for rule in owner.rules():
        assert isinstance(rule, Rule)
        assert rule.latex.isascii()
        MathTextParser("path").parse(f"${rule.latex}$")  # raises where it cannot be read


@pytest.mark.parametrize(
    "owner",
    [layer for layer, _ in LAYERS if not isinstance(layer, Activation | BatchNorm | LayerNorm)]
    + [SoftmaxCrossEntropy(), LogisticLoss(), Penalty()],
    ids=str,
)
def test_the_rules_are_those_of_the_docstring(owner: Any) -> None:
    text = inspect.getdoc(type(owner)) or ""
    assert [rule.text for rule in owner.rules() if rule.text not in text] == []
