"""The autoencoder's network: its shapes, its ties, what corrupts its inputs, its losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_expit

from strates.engine.autoencoder_architecture import AutoencoderArchitecture
from strates.engine.backend import tf
from strates.engine.compiler import is_dense
from strates.engine.losses import row_hits, row_losses
from strates.engine.training_form import training_form

RNG = np.random.default_rng(0)
OUTPUTS = RNG.normal(size=(20, 5))
ROWS = RNG.uniform(size=(20, 5))


class TestLosses:
    def test_mean_squared_error(self) -> None:
        found = row_losses("reconstruction", tf.constant(OUTPUTS), tf.constant(ROWS), None, logits=False)
        np.testing.assert_allclose(found, ((OUTPUTS - ROWS) ** 2).mean(axis=1), rtol=1e-12)
        score = row_hits("reconstruction", tf.constant(OUTPUTS), tf.constant(ROWS), logits=False)
        np.testing.assert_allclose(score, -((OUTPUTS - ROWS) ** 2).mean(axis=1), rtol=1e-12)

    def test_logits_have_cross_entropy_and_are_scored_by_squared_error(self) -> None:
        found = row_losses("reconstruction", tf.constant(OUTPUTS), tf.constant(ROWS), 0.1, logits=True)
        expected = -(ROWS * log_expit(OUTPUTS) + (1 - ROWS) * log_expit(-OUTPUTS)).mean(axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        score = row_hits("reconstruction", tf.constant(OUTPUTS), tf.constant(ROWS), logits=True)
        np.testing.assert_allclose(score, -((expit(OUTPUTS) - ROWS) ** 2).mean(axis=1), rtol=1e-12)


def forward(weights: list[Any], X: Any, activations: list[Any]) -> Any:
    """Compute dense layers one after the other."""
    for kernel, bias, activate in zip(weights[::2], weights[1::2], activations, strict=True):
        X = activate(X @ kernel + bias)
    return X


class TestNetwork:
    architecture = AutoencoderArchitecture(6, (5, 4, 2), "tanh")

    def test_mirrors_the_encoder(self) -> None:
        model = self.architecture.build()
        assert [tuple(w.shape) for w in model.weights[::2]] == [(6, 5), (5, 4), (4, 2), (2, 4), (4, 5), (5, 6)]
        names = ["encoder_1", "encoder_2", "encoder_3", "decoder_1", "decoder_2", "outputs"]
        assert [layer.name for layer in model.layers[1:]] == names

    def test_computes_what_it_says(self) -> None:
        weights = [np.asarray(w + 0.1) for w in self.architecture.initial_weights(3)]
        model = self.architecture.build()
        model.set_weights(weights)
        X = RNG.normal(size=(7, 6)).astype(np.float32)
        identity = np.positive
        expected = forward(weights, X, [np.tanh, np.tanh, identity, np.tanh, np.tanh, identity])
        np.testing.assert_allclose(model(X), expected, atol=1e-6)
        code = forward(weights[:6], X, [np.tanh, np.tanh, identity])
        for part, values, inputs, result in (
            (self.architecture.encoder, weights[:6], X, code),
            (self.architecture.decoder, weights[6:], code, expected),
        ):
            half = part.build()
            half.set_weights(values)
            np.testing.assert_allclose(half(inputs), result, atol=1e-6)

    def test_ties_each_kernel_to_the_one_it_mirrors(self) -> None:
        tied = AutoencoderArchitecture(6, (5, 4, 2), tied=True)
        assert tied.transposed == ((10, 0), (8, 2), (6, 4))
        weights = tied.initial_weights(0)
        for kernel, mirrored in zip(weights[:6:2], weights[10:4:-2], strict=True):
            np.testing.assert_array_equal(mirrored, kernel.T)
        assert self.architecture.transposed == ()

    def test_the_key_leaves_out_what_the_function_is_given(self) -> None:
        def key(**settings: Any) -> Any:
            return AutoencoderArchitecture(6, (2,), **settings).key

        assert key(denoising=0.1) == key(denoising=0.7, kernel_initializer="he")
        others = [key(), key(denoising=0.1), key(denoising=0.1, corruption="masking"), key(tied=True)]
        others += [key(activation="tanh"), key(out_activation="sigmoid"), key(code_activation="relu")]
        assert len(set(others)) == len(others)


class TestCorruption:
    X = RNG.normal(size=(500, 6)).astype(np.float32)

    def corrupted(self, *, training: bool, **settings: Any) -> Any:
        """Return what the first layer of the training form makes of rows."""
        architecture = AutoencoderArchitecture(6, (2,), **settings)
        form = training_form(architecture.build_for_training())
        assert is_dense(form.model)
        form.inputs.levels, form.inputs.seed = tf.constant([settings["denoising"]]), tf.constant(1)
        form.inputs.step = tf.constant(3)
        return np.asarray(form.model.get_layer("corruption")(self.X, training=training))

    def test_masking_sets_a_share_to_zero_and_leaves_the_rest(self) -> None:
        found = self.corrupted(training=True, denoising=0.3, corruption="masking")
        kept = found != 0
        np.testing.assert_array_equal(found[kept], self.X[kept])
        assert abs(kept.mean() - 0.7) < 4 * np.sqrt(0.21 / kept.size)  # four standard errors

    def test_gaussian_noise_has_its_standard_deviation(self) -> None:
        noise = self.corrupted(training=True, denoising=0.3) - self.X
        assert abs(noise.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * noise.size)
        assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(noise.size)

    @pytest.mark.parametrize("corruption", ["gaussian", "masking"])
    def test_nothing_is_corrupted_outside_training(self, corruption: str) -> None:
        found = self.corrupted(training=False, denoising=0.3, corruption=corruption)
        np.testing.assert_array_equal(found, self.X)

    def test_the_network_that_people_see_is_without(self) -> None:
        model = AutoencoderArchitecture(6, (2,), denoising=0.3).build()
        assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense", "Dense"]
