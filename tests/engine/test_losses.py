"""Cross-entropy and hits against their formulas in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_expit, log_softmax, softmax

from strates.engine.backend import tf
from strates.engine.losses import row_hits, row_losses, target_dtype

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=3, size=(50, 4))
CODES = RNG.integers(0, 4, 50)
BITS = RNG.integers(0, 2, (50, 4)).astype(np.float64)


def losses(kind: Any, outputs: Any, targets: Any, smoothing: float, logits: bool, dtype: str = "float32") -> Any:
    targets = tf.constant(targets, target_dtype(kind))
    return row_losses(kind, tf.constant(outputs, dtype), targets, smoothing, logits=logits).numpy()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("logits", [True, False], ids=["logits", "probabilities"])
class TestFormulas:
    def test_categorical(self, smoothing: float, logits: bool) -> None:
        targets = (1 - smoothing) * np.eye(4)[CODES] + smoothing / 4
        expected = -(targets * log_softmax(LOGITS, axis=1)).sum(axis=1)
        outputs = LOGITS if logits else softmax(LOGITS, axis=1)
        np.testing.assert_allclose(
            losses("categorical", outputs, CODES, smoothing, logits), expected, rtol=1e-5, atol=1e-6
        )

    def test_binary(self, smoothing: float, logits: bool) -> None:
        z, bits = LOGITS[:, :1], BITS[:, :1]
        targets = (1 - smoothing) * bits + smoothing / 2
        expected = -(targets * log_expit(z) + (1 - targets) * log_expit(-z)).sum(axis=1)
        found = losses("binary", z if logits else expit(z), bits, smoothing, logits)
        # 1 - p cancels in float32 where p is near one
        np.testing.assert_allclose(found, expected, rtol=1e-5 if logits else 1e-3, atol=1e-6)

    def test_multilabel_sums_over_labels(self, smoothing: float, logits: bool) -> None:
        targets = (1 - smoothing) * BITS + smoothing / 2
        expected = -(targets * log_expit(LOGITS) + (1 - targets) * log_expit(-LOGITS)).sum(axis=1)
        found = losses("multilabel", LOGITS if logits else expit(LOGITS), BITS, smoothing, logits)
        np.testing.assert_allclose(found, expected, rtol=1e-5 if logits else 1e-3, atol=1e-6)


class TestEdges:
    def test_gradient_of_softmax_cross_entropy(self) -> None:
        # the case study's: p = [.2, .3, .5], y = 1 gives [.2, -.7, .5]
        z = tf.constant(np.log([[0.2, 0.3, 0.5]]), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(z)
            loss = row_losses("categorical", z, tf.constant([1]), 0.0, logits=True)
        np.testing.assert_allclose(tape.gradient(loss, z), [[0.2, -0.7, 0.5]], atol=1e-6)

    def test_logits_far_out_give_large_finite_losses(self) -> None:
        # log(softmax) would overflow: exp(200) is beyond float32
        assert losses("categorical", [[200.0, -200.0]], [1], 0.0, True) == pytest.approx([400.0])
        assert losses("binary", [[300.0]], [[0.0]], 0.0, True) == pytest.approx([300.0])

    def test_probabilities_of_zero_and_one_give_finite_losses(self) -> None:
        for kind, p, y in [("categorical", [[1.0, 0.0]], [1]), ("binary", [[1.0]], [[0.0]])]:
            found = losses(kind, p, y, 0.0, False)
            assert np.isfinite(found).all()
            assert found[0] > 10

    def test_float64_is_kept(self) -> None:
        assert losses("categorical", LOGITS, CODES, 0.1, True, "float64").dtype == np.float64

    def test_classes_of_equal_scores_cost_ln_c(self) -> None:
        assert losses("categorical", np.zeros((1, 10)), [3], 0.0, True) == pytest.approx([np.log(10)])


class TestHits:
    @pytest.mark.parametrize("logits", [True, False])
    def test_are_the_rows_that_argmax_or_one_half_gets_right(self, logits: bool) -> None:
        def hits(kind: Any, outputs: Any, targets: Any) -> Any:
            targets = tf.constant(targets, target_dtype(kind))
            return row_hits(kind, tf.constant(outputs, tf.float32), targets, logits=logits).numpy()

        p = LOGITS if logits else softmax(LOGITS, axis=1)
        np.testing.assert_array_equal(hits("categorical", p, CODES), LOGITS.argmax(axis=1) == CODES)
        p = LOGITS if logits else expit(LOGITS)
        right = (LOGITS > 0) == (BITS > 0.5)
        np.testing.assert_array_equal(hits("multilabel", p, BITS), right.all(axis=1))
        np.testing.assert_array_equal(hits("binary", p[:, :1], BITS[:, :1]), right[:, 0])
