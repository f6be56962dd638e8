"""Losses and penalty against TensorFlow, scikit-learn, centred differences and the numbers of the notes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from strates.backprop.layers import LogisticLoss, Penalty, Softmax, SoftmaxCrossEntropy
from strates.exceptions import DataError, ParameterError, TargetError

SEEDS = st.integers(0, 2**32 - 1)


def check_gradient(loss: Any, z: Any, targets: Any, weights: Any, expected: Any) -> None:
    """Compare with TensorFlow's mean of the row losses, their derivative, and centred differences."""
    w = np.ones(len(z)) if weights is None else weights
    t = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(t)
        mean = tf.reduce_sum(expected(t) * w) / w.sum()
    value, cache = loss.value(z, targets, weights=weights)
    gradient = loss.gradient(cache)
    assert value == pytest.approx(float(mean), rel=1e-12)
    np.testing.assert_allclose(gradient, tape.gradient(mean, t), atol=1e-13)
    h = 1e-5
    for i in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[i] = h
        up, down = (loss.value(z + sign * step, targets, weights=weights)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((up - down) / (2 * h), abs=1e-8)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(2, 5), st.floats(0, 0.9), st.booleans(), SEEDS)
def test_softmax_cross_entropy(n: int, n_classes: int, smoothing: float, weighted: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=3, size=(n, n_classes)), rng.integers(0, n_classes, n)
    soft = (1 - smoothing) * np.eye(n_classes)[y] + smoothing / n_classes
    check_gradient(
        SoftmaxCrossEntropy(label_smoothing=smoothing),
        z,
        y,
        rng.uniform(0.1, 2, n) if weighted else None,
        lambda t: tf.nn.softmax_cross_entropy_with_logits(soft, t),
    )


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 4), st.floats(0, 0.9), st.booleans(), SEEDS)
def test_logistic_loss_sums_over_outputs(n: int, k: int, smoothing: float, weighted: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=3, size=(n, k)), rng.integers(0, 2, (n, k))
    soft = (1 - smoothing) * y + smoothing / 2
    check_gradient(
        LogisticLoss(label_smoothing=smoothing),
        z,
        y,
        rng.uniform(0.1, 2, n) if weighted else None,
        lambda t: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(soft, t), axis=1),
    )


def test_the_numbers_of_the_notes() -> None:
    value, cache = SoftmaxCrossEntropy().value(np.log([[0.2, 0.3, 0.5]]), [1])
    assert value == pytest.approx(-np.log(0.3))
    assert SoftmaxCrossEntropy().gradient(cache)[0] == pytest.approx([0.2, -0.7, 0.5])
    assert SoftmaxCrossEntropy().value(np.zeros((4, 10)), [0, 3, 5, 9])[0] == pytest.approx(2.302585, abs=5e-7)
    assert SoftmaxCrossEntropy().value(np.zeros((1, 3)), [2])[0] == pytest.approx(1.098612, abs=5e-7)


def test_as_scikit_learn_counts() -> None:
    rng = np.random.default_rng(0)
    z, y, w = rng.normal(size=(20, 3)), rng.integers(0, 3, 20), rng.uniform(size=20)
    expected = log_loss(y, Softmax().forward(z)[0], sample_weight=w, labels=[0, 1, 2])
    assert SoftmaxCrossEntropy().value(z, y, weights=w)[0] == pytest.approx(expected)
    expected = log_loss(y > 0, 1 / (1 + np.exp(-z[:, 0])), sample_weight=w)
    assert LogisticLoss().value(z[:, :1], y > 0, weights=w)[0] == pytest.approx(expected)


def test_one_logistic_output_is_a_softmax_of_two() -> None:
    z, y = np.random.default_rng(0).normal(size=(6, 1)), [0, 1, 1, 0, 1, 0]
    one, cache = LogisticLoss().value(z, y)
    two, caches = SoftmaxCrossEntropy().value(np.hstack([0 * z, z]), y)
    assert one == pytest.approx(two)
    np.testing.assert_allclose(LogisticLoss().gradient(cache)[:, 0], SoftmaxCrossEntropy().gradient(caches)[:, 1])


def test_softmax_and_its_loss_taken_apart_give_the_same() -> None:
    """∂L/∂p = -y/p, sent through the Jacobian of softmax."""
    z, y = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 2, 1, 1])
    a, cache = Softmax().forward(z)
    apart, _ = Softmax().backward(-np.eye(3)[y] / a / 4, cache)
    fused = SoftmaxCrossEntropy().gradient(SoftmaxCrossEntropy().value(z, y)[1])
    np.testing.assert_allclose(fused, apart, atol=1e-15)


def test_scores_far_out_and_digits_in_the_tails() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert SoftmaxCrossEntropy().value([[2000.0, -2000.0]], [1])[0] == 4000.0
        assert SoftmaxCrossEntropy(label_smoothing=0.5).value([[2000.0, -2000.0]], [0])[0] == pytest.approx(1000.0)
        assert LogisticLoss().value([[3000.0]], [0])[0] == 3000.0
    # log(1 + exp(-40)) = exp(-40) to first order
    assert LogisticLoss().value([[40.0]], [1])[0] == pytest.approx(np.exp(-40.0), rel=1e-12)


def test_rules_of_both() -> None:
    assert [rule.quantity for rule in SoftmaxCrossEntropy().rules()] == ["forward", "input"]
    assert {loss.rules()[1].text for loss in (SoftmaxCrossEntropy(), LogisticLoss())} == {"∂L/∂zᵢ = wᵢ(pᵢ - yᵢ)"}


class TestBadInput:
    def test_labels_out_of_range(self) -> None:
        with pytest.raises(
            TargetError, match=r"got the target 3 in row 1; expected class numbers from 0 to 2, for z has 3 c"
        ):
            SoftmaxCrossEntropy().value(np.zeros((2, 3)), [0, 3])
        with pytest.raises(TargetError, match=r"got the target -1 in row 0; expected class numbers from 0 to 2"):
            SoftmaxCrossEntropy().value(np.zeros((2, 3)), [-1, 2])
        with pytest.raises(TargetError, match=r"LogisticLoss got the target .*2.* in row 1; expected 0 or 1"):
            LogisticLoss().value(np.zeros((2, 1)), [0, 2])
        with pytest.raises(TargetError, match=r"LogisticLoss got the target .*nan.* in row 0; expected 0 or 1"):
            LogisticLoss().value(np.zeros((1, 2)), [[np.nan, 1.0]])

    def test_labels_of_another_type(self) -> None:
        with pytest.raises(
            TargetError, match=r"targets of type <U3, such as .*'cat'.*; expected integers.*searchsorted"
        ):
            SoftmaxCrossEntropy().value(np.zeros((1, 3)), ["cat"])
        with pytest.raises(TargetError, match=r"targets of type float64, such as .*0\.5"):
            SoftmaxCrossEntropy().value(np.zeros((1, 3)), [0.5])
        with pytest.raises(TargetError, match=r"LogisticLoss got the target .*'yes'.* in row 0; expected 0 or 1"):
            LogisticLoss().value(np.zeros((1, 1)), ["yes"])

    def test_shapes(self) -> None:
        with pytest.raises(TargetError, match=r"got targets of shape \(1,\); expected \(2,\), a class number a row"):
            SoftmaxCrossEntropy().value(np.zeros((2, 3)), [1])
        with pytest.raises(
            TargetError, match=r"LogisticLoss got targets of shape \(2,\); expected \(2, 3\), that of z"
        ):
            LogisticLoss().value(np.zeros((2, 3)), [1, 0])
        with pytest.raises(
            DataError, match=r"got z of shape \(3,\); expected scores of shape \(n_rows, n_outputs\), one row"
        ):
            SoftmaxCrossEntropy().value(np.zeros(3), [1])

    def test_scores_that_are_no_numbers(self) -> None:
        with pytest.raises(DataError, match=r"z holds nan in row 1, column 0, from 0; expected finite scores"):
            LogisticLoss().value([[0.0], [np.nan]], [0, 1])

    @pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0]])
    def test_weights(self, weights: list[float]) -> None:
        with pytest.raises(
            DataError, match=r"got weights of shape .* for 2 rows; expected one number a row, none of them n"
        ):
            LogisticLoss().value([[0.0], [0.0]], [0, 1], weights=weights)

    @pytest.mark.parametrize("smoothing", [-0.1, 1.0, np.nan])
    def test_label_smoothing(self, smoothing: float) -> None:
        with pytest.raises(ParameterError, match=r"label_smoothing=.* cannot be used; expected a share in \[0, 1\)"):
            SoftmaxCrossEntropy(label_smoothing=smoothing)


class TestPenalty:
    def test_ridge_has_gradient_lambda_w(self) -> None:
        ridge, W = Penalty(1e-3), np.array([[3.0, -4.0], [0.0, 1.0]])
        assert ridge.value(W) == pytest.approx(0.5 * 1e-3 * 26)
        np.testing.assert_allclose(ridge.gradient(W), 1e-3 * W)

    def test_lasso(self) -> None:
        assert Penalty(2.0, 1.0).value([-3.0, 0.0, 1.0]) == 8.0
        assert Penalty(2.0, 1.0).gradient([-3.0, 0.0, 1.0]).tolist() == [-2.0, 0.0, 2.0]

    @settings(max_examples=15)
    @given(st.floats(0, 2), st.floats(0, 1), SEEDS)
    def test_centred_differences(self, alpha: float, l1_ratio: float, seed: int) -> None:
        penalty, h = Penalty(alpha, l1_ratio), 1e-5
        W = np.random.default_rng(seed).normal(size=(2, 3))
        W += np.where(W >= 0, 1e-3, -1e-3)  # away from the corner of |W|
        gradient = penalty.gradient(W)
        for i in np.ndindex(W.shape):
            step = np.zeros_like(W)
            step[i] = h
            slope = (penalty.value(W + step) - penalty.value(W - step)) / (2 * h)
            assert gradient[i] == pytest.approx(slope, abs=1e-8)

    @pytest.mark.parametrize(("alpha", "l1_ratio"), [(-1.0, 0.0), (np.inf, 0.0), (1.0, 1.5), (np.nan, 0.0)])
    def test_what_makes_none(self, alpha: float, l1_ratio: float) -> None:
        with pytest.raises(ParameterError, match=r"make no penalty; expected alpha >= 0 and l1_ratio in \[0, 1\]"):
            Penalty(alpha, l1_ratio)
