"""A chain of layers on the blackboard: counted, computed by hand, and differentiated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from strates.backprop import Network
from strates.backprop.layers import (
    Activation,
    Dense,
    Flatten,
    LogisticLoss,
    MaxPool2D,
    Penalty,
    SoftmaxCrossEntropy,
)
from strates.exceptions import DataError, ParameterError, TargetError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3))
Y = np.array([0, 1, 1, 0, 1, 0])
W1, B1 = RNG.normal(size=(3, 4)), RNG.normal(size=4)
W2, B2 = RNG.normal(size=(4, 2)), RNG.normal(size=2)


def small(**options) -> Network:
    hidden = Dense(W1, B1, name="hidden")
    layers = (hidden, Activation("tanh", name="bend"), Dense(W2, B2, name="outputs"))
    return Network(layers, SoftmaxCrossEntropy(), **options)


def stack(*widths: int) -> Network:
    """A network of dense layers, with a logistic unit at the end if it has one output."""
    layers = [Dense(np.zeros(shape), np.zeros(shape[1]), name=f"layer {i}") for i, shape in enumerate(pairwise(widths))]
    return Network(tuple(layers), LogisticLoss() if widths[-1] == 1 else SoftmaxCrossEntropy())


@pytest.mark.parametrize(
    ("widths", "weights", "biases"), [((3, 4, 2), 20, 6), ((3, 4, 4, 1), 32, 9), ((2, 100, 3), 500, 103)]
)
def test_networks_of_the_notes_have_their_numbers_of_parameters(widths, weights, biases):
    parameters = stack(*widths).parameters
    assert sum(p.size for name, p in parameters.items() if name.endswith("/kernel")) == weights
    assert sum(p.size for name, p in parameters.items() if name.endswith("/bias")) == biases


def test_the_way_up_and_down_by_hand():
    penalty = Penalty(0.3, l1_ratio=0.25)
    network = small(penalties={"hidden/kernel": penalty})
    there = network.forward(X, Y)
    back = network.backward(there)

    a = np.tanh(X @ W1 + B1)
    z = a @ W2 + B2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(6), Y]).mean()
    extra = 0.3 * (0.25 * np.abs(W1).sum() + 0.75 * (W1**2).sum() / 2)
    dz = (p - np.eye(2)[Y]) / 6
    da = dz @ W2.T
    du = da * (1 - a**2)

    np.testing.assert_allclose(there.scores, z, rtol=1e-14)
    assert there.loss == pytest.approx(loss, rel=1e-14)
    assert there.penalty == pytest.approx(extra, rel=1e-14)
    assert there.objective == pytest.approx(loss + extra, rel=1e-14)
    for own, wanted in zip(there.inputs, (X, X @ W1 + B1, a), strict=True):
        np.testing.assert_allclose(own, wanted, rtol=1e-14)
    for own, wanted in zip(back.deltas, (du, da, dz), strict=True):
        np.testing.assert_allclose(own, wanted, atol=1e-15)
    np.testing.assert_allclose(back.inputs, du @ W1.T, atol=1e-15)
    wanted = {
        "hidden/kernel": X.T @ du + 0.3 * (0.25 * np.sign(W1) + 0.75 * W1),
        "hidden/bias": du.sum(axis=0),
        "outputs/kernel": a.T @ dz,
        "outputs/bias": dz.sum(axis=0),
    }
    assert list(back.parameters) == list(wanted) == list(network.parameters)
    for name, gradient in wanted.items():
        np.testing.assert_allclose(back.parameters[name], gradient, atol=1e-15, err_msg=name)


def test_the_neuron_of_the_notes():
    # w = [2, -3, -3], x = [-1, -2]: its dot product is 1 and its answer 0.731059
    neuron = Network((Dense([[2.0], [-3.0]], [-3.0], name="neuron"),), LogisticLoss())
    there = neuron.forward([[-1.0, -2.0]], [1])
    back = neuron.backward(there)
    assert there.scores.item() == 1.0
    assert np.exp(-there.loss) == pytest.approx(0.731059, abs=5e-7)
    missing = 1 - 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(back.parameters["neuron/kernel"].ravel(), missing * np.array([1, 2]), rtol=1e-14)
    np.testing.assert_allclose(back.inputs.ravel(), -missing * np.array([2, -3]), rtol=1e-14)


def test_an_untrained_network_does_not_know():
    there = stack(5, 4, 10).forward(np.ones((3, 5)), [1, 2, 3])
    assert there.loss == pytest.approx(2.302585, abs=1e-6)


def test_the_loss_is_a_mean_so_that_repeated_rows_change_nothing():
    network = small()
    once, twice = network.forward(X, Y), network.forward(np.vstack([X, X]), np.hstack([Y, Y]))
    assert once.loss == pytest.approx(twice.loss, rel=1e-14)
    for name, gradient in network.backward(once).parameters.items():
        np.testing.assert_allclose(network.backward(twice).parameters[name], gradient, atol=1e-15)


def test_copies_leave_the_network_as_it_is():
    network = small(penalties={"outputs/kernel": Penalty(1.0)})
    other = network.with_parameter("hidden/bias", np.zeros(4))
    np.testing.assert_array_equal(network.parameters["hidden/bias"], B1)
    np.testing.assert_allclose(other.forward(X, Y).inputs[1], X @ W1, rtol=1e-14)
    bent = network.with_layer(1, Activation("relu", name="bend"))
    np.testing.assert_allclose(bent.forward(X, Y).inputs[2], np.maximum(X @ W1 + B1, 0), rtol=1e-14)
    free = network.without_penalty().forward(X, Y)
    assert free.objective == free.loss == network.forward(X, Y).loss
    assert network.forward(X, Y).penalty == pytest.approx((W2**2).sum() / 2)


def test_a_pass_may_begin_in_the_middle():
    network = small()
    whole = network.forward(X, Y)
    assert network.position("outputs/kernel") == 2
    assert network.forward_from(2, whole.inputs[2], Y).loss == whole.loss


def test_pieces_tell_on_which_side_of_a_kink_each_unit_stands():
    image = np.array([[1.0, -2.0], [-3.0, 0.5]]).reshape(1, 2, 2, 1)
    layers = (Activation("relu"), MaxPool2D(2), Flatten(), Activation("tanh"), Dense(np.ones((1, 2))))
    network = Network(layers, SoftmaxCrossEntropy())
    pieces = network.pieces(network.forward(image, [0]))
    assert {name: on.ravel().tolist() for name, on in pieces.items()} == {"relu": [1, 0, 0, 1], "max_pool2d": [0]}


def test_single_precision_rounds_what_every_layer_gives():
    network = small(penalties={"hidden/kernel": Penalty(0.3)})
    there = network.forward(X, Y, single_precision=True)
    for value in (*there.inputs[1:], there.scores, there.loss, there.penalty):
        np.testing.assert_array_equal(np.float32(value), value)
    assert (network.forward(X, Y).inputs[1] != there.inputs[1]).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Network((Dense(W1, name="a"), Activation("tanh"), Activation("tanh")), SoftmaxCrossEntropy()),
            "Several layers are called 'tanh'. Give each a name of its own",
        ),
        (
            lambda: small(penalties={"hiden/kernel": Penalty()}),
            "no parameter 'hiden/kernel' to penalise. Did you mean 'hidden/kernel'.* Known: hidden/kernel, hidden/bias",
        ),
        (
            lambda: small().with_parameter("hidden/kernl", W1),
            "no parameter 'hidden/kernl'. Did you mean 'hidden/kernel'",
        ),
        (
            lambda: small().with_parameter("hidden/kernel", W2),
            r"Layer 'hidden' \(Dense\) has a kernel of shape \(3, 4\), but the new one has shape \(4, 2\)",
        ),
    ],
)
def test_what_cannot_be_a_network_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_rows_and_targets_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"Layer 'hidden' \(Dense\) got x of shape \(6, 2\); expected \(n_rows, 3\)"):
        small().forward(X[:, :2], Y)
    with pytest.raises(TargetError, match="target 2 in row 0; expected class numbers from 0 to 1"):
        small().forward(X, Y + 2 * (np.arange(6) == 0))
