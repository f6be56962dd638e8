"""What networks cost: the course's numbers, Keras's counts, and multiplications counted one by one."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates import CNNClassifier
from strates.exceptions import DataError, ParameterError
from strates.inspection import LayerSpec, memory_and_flops, reference_network

layers = keras.layers


def total(table: Any) -> Any:
    return table.set_index("layer").loc["total"]


def test_vgg_16() -> None:
    table = memory_and_flops("vgg-16")
    sums = total(table)
    assert sums["parameters"] == 138_357_544
    assert sums["weights"] == 138_344_128
    assert sums["activations"] == 15_237_608
    assert sums["activation_bytes"] == 4 * 15_237_608
    assert (table.drop(index=table.index[-1])["parameters"].sum()) == 138_357_544
    # most activations come early, most parameters in the first dense layer
    named = table.set_index("layer")
    assert named.loc[["conv_1", "conv_2"], "activations"].sum() == 2 * 224 * 224 * 64
    assert named.loc["dense_1", "weights"] == 7 * 7 * 512 * 4096


def test_alexnet_and_lenet() -> None:
    table = memory_and_flops("alexnet").set_index("layer")
    assert table.loc["conv_1", "output_shape"] == (55, 55, 96)
    assert table.loc["conv_1", "activations"] == 290_400
    assert table.loc["conv_1", "parameters"] == 34_944
    assert table.loc["total", "parameters"] == 60_965_224  # as Caffe's bvlc_alexnet has
    assert total(memory_and_flops("lenet-5"))["parameters"] == 61_706


def same_in_keras(specs: Any, input_shape: tuple[int, ...]) -> Any:
    """Build a described network in Keras."""
    steps: list[Any] = [keras.Input(input_shape)]
    for spec in specs:
        if spec.kind == "conv":
            padding = "same" if spec.window.padding != ((0, 0), (0, 0)) else "valid"
            steps.append(
                layers.Conv2D(
                    spec.units, spec.window.size, strides=spec.window.strides, padding=padding, groups=spec.groups
                )
            )
        elif spec.kind == "pool":
            steps.append(layers.MaxPooling2D(spec.window.size, strides=spec.window.strides))
        else:
            steps.append(layers.Flatten() if spec.kind == "flatten" else layers.Dense(spec.units))
    return keras.Sequential(steps)


def test_descriptions_are_what_keras_builds() -> None:
    plan = reference_network("lenet-5")
    network = same_in_keras(plan.layers, plan.input_shape)
    ours, theirs = memory_and_flops(plan), memory_and_flops(network)
    for column in ("activations", "weights", "biases", "parameters", "multiply_adds"):
        assert ours[column].tolist() == theirs[column].tolist()
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers]
    assert ours["output_shape"].tolist()[1:-1] == shapes
    assert total(ours)["parameters"] == network.count_params()


def test_multiplications_counted_one_by_one() -> None:
    """Every product of a weight with an activation adds 1 to the output, if all weights and inputs are 1."""
    steps: list[Any] = [
        layers.Conv2D(4, 3, strides=2, groups=2, use_bias=False), layers.DepthwiseConv2D(2, use_bias=False),
        layers.Flatten(), layers.Dense(5, use_bias=False),
    ]  # fmt: skip
    network = keras.Sequential([keras.Input((9, 8, 2)), *steps])
    table = memory_and_flops(network)
    x, counts = np.ones((1, 9, 8, 2), "float32"), []
    for layer in steps:
        layer.set_weights([np.ones_like(w) for w in layer.get_weights()])
        made = np.asarray(layer(x))
        counts.append(int(made.sum()) if layer.weights else 0)
        x = np.ones_like(made)
    assert table["multiply_adds"].tolist()[1:-1] == counts
    assert total(table)["multiply_adds"] == sum(counts)


@pytest.mark.parametrize(("name", "macs"), [("MobileNet", 569e6), ("MobileNetV2", 300e6)])
def test_papers_multiply_adds(name: str, macs: float) -> None:
    """Howard et al. (2017), table 4; Sandler et al. (2018), table 4."""
    network = getattr(keras.applications, name)(weights=None)
    sums = total(memory_and_flops(network))
    assert sums["multiply_adds"] == pytest.approx(macs, rel=0.01)
    assert sums["parameters"] == network.count_params()


def test_a_fitted_network_layer_by_layer() -> None:
    X, y = np.random.default_rng(0).uniform(size=(20, 64)), np.arange(20) % 3
    clf = CNNClassifier((3,), hidden_layer_sizes=(5,), batch_norm=True, dropout=0.5, learning_rate="cosine", max_iter=1)
    table = memory_and_flops(clf.fit(X, y)).set_index("layer")
    assert table.loc["total", "parameters"] == clf.network_.count_params()
    assert table.loc["conv_1_batch_norm", ["weights", "biases", "parameters"]].tolist() == [0, 3, 12]
    assert table.loc[["flatten", "dropout_1"], "activations"].tolist() == [0, 0]  # they hand on what they are given
    assert table.loc["conv_1_activation", "activations"] == 8 * 8 * 3


def test_any_size_shared_layers_and_unknown_costs() -> None:
    inputs = keras.Input((None, None, 1))
    shared = layers.Conv2D(1, 3, padding="same", name="shared")
    free = keras.Model(inputs, shared(shared(inputs)))
    with pytest.raises(
        DataError, match=r"takes inputs of shape \(None, None, 1\), whose size is not known\. Give input_shape"
    ):
        memory_and_flops(free)
    table = memory_and_flops(free, input_shape=(10, 6, 1))
    assert table["output_shape"].tolist()[1:-1] == [(10, 6, 1)] * 2
    assert table["parameters"].tolist() == [0, 10, 0, 10]  # learned once
    assert table["multiply_adds"].tolist() == [0, 540, 540, 1080]
    recurrent = keras.Sequential([keras.Input((5, 2)), layers.LSTM(3, name="lstm"), layers.Dense(1)])
    table = memory_and_flops(recurrent).set_index("layer")
    assert table["multiply_adds"].isna().tolist() == [False, True, False, True]
    assert table.loc["total", "parameters"] == recurrent.count_params()


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"a window that covers 5 x 5 does not fit into an image of 4 x 4"):
        memory_and_flops([LayerSpec.conv(4, 5)], input_shape=(4, 4, 1))
    with pytest.raises(ParameterError, match="parts 3 channels into 2 groups, which are not whole"):
        memory_and_flops([LayerSpec.conv(4, 3, groups=2)], input_shape=(8, 8, 3))
    with pytest.raises(DataError, match="takes an image, but what comes before it makes a row of 9 numbers"):
        memory_and_flops([LayerSpec.dense(9), LayerSpec.pool()], input_shape=(8, 8, 3))
    with pytest.raises(ParameterError, match="filters=0 cannot be used: it is a positive integer"):
        LayerSpec.conv(0, 3)
