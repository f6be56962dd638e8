"""The twin that is trained: same weights, logits, seeded dropout."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from strates.engine.backend import keras, tf
from strates.engine.training_form import (
    SeededDropout,
    TrainingInputs,
    is_clonable,
    noise_layers,
    output_activation,
    output_layer,
    training_form,
)

L = keras.layers


def forward(model: Any, X: Any, **options: Any) -> Any:
    return np.asarray(model(tf.constant(X), **options))


class TestTwin:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("kind", ["binary", "categorical", "multilabel"])
    def test_ends_in_the_logits_of_the_same_weights(
        self, dense: Any, rows: Any, numpy_network: Any, kind: Any, dtype: str
    ) -> None:
        architecture, X = dense(kind=kind, n_outputs=1 if kind == "binary" else 3), rows(7)[0]
        form = training_form(architecture.build(), dtype)
        weights = architecture.initial_weights(0)
        form.model.set_weights(weights)
        assert form.logits
        expected = numpy_network(weights, kind=kind).activations(X)[-1]
        logits = forward(form.model, X.astype(dtype))
        assert logits.dtype == dtype
        np.testing.assert_allclose(logits, expected, atol=1e-6 if dtype == "float32" else 1e-13)

    @pytest.mark.parametrize(
        "end", [[L.Dense(3, activation="softmax")], [L.Dense(3), L.Softmax()], [L.Dense(3), L.Activation("softmax")]]
    )
    def test_takes_off_the_last_activation_however_it_is_written(self, rows: Any, end: list[Any]) -> None:
        model = keras.Sequential([keras.Input((4,)), L.Dense(5, activation="relu"), *end])
        form = training_form(model)
        form.model.set_weights(model.get_weights())
        logits = forward(form.model, rows(6)[0]).astype(np.float64)
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(p, forward(model, rows(6)[0]), atol=1e-6)
        assert np.abs(logits.sum(axis=1) - 1).max() > 1e-3

    def test_the_given_model_is_not_touched(self, dense: Any, rows: Any) -> None:
        model, X = dense(dropout=(0.5,), batch_norm=True).build(), rows(5)[0]
        before, answer = model.get_weights(), forward(model, X)
        form = training_form(model)
        form.model.set_weights([w + 1 for w in before])
        np.testing.assert_array_equal(forward(model, X), answer)
        assert type(model.get_layer("dropout_1")) is L.Dropout

    def test_branches_shared_layers_and_nested_models(self, rows: Any) -> None:
        inputs = keras.Input((4,))
        shared = L.Dense(5, activation="tanh")
        inner = keras.Sequential([keras.Input((5,)), L.Dense(4, activation="relu"), L.Dropout(0.5)])
        joined = L.Concatenate()([inner(shared(inputs)), shared(L.Rescaling(2.0)(inputs))])
        model = keras.Model(inputs, L.Dense(3, activation="softmax")(L.Dropout(0.2)(joined)))
        form = training_form(model)
        form.model.set_weights(model.get_weights())
        assert is_clonable(model)
        assert [type(layer) for layer in noise_layers(model)] == [L.Dropout] * 2
        assert not noise_layers(form.model)
        assert form.inputs.n_layers == 2
        X = rows(6)[0]
        np.testing.assert_allclose(keras.ops.softmax(forward(form.model, X)), forward(model, X), atol=1e-6)

    def test_operations_between_layers(self, rows: Any) -> None:
        # x + y and keras.ops make nodes of the graph that are not layers
        inputs = keras.Input((4,))
        x = L.Dense(4, activation="tanh")(inputs)
        model = keras.Model(inputs, L.Dense(3, activation="softmax")(keras.ops.tanh(x + 2 * inputs)))
        form = training_form(model)
        form.model.set_weights(model.get_weights())
        X = rows(6)[0]
        np.testing.assert_allclose(keras.ops.softmax(forward(form.model, X)), forward(model, X), atol=1e-6)

    def test_a_subclass_is_used_as_it_is(self) -> None:
        class Network(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.out = L.Dense(2, activation="softmax")

            def call(self, x: Any) -> Any:
                return self.out(x)

        model = Network()
        model(np.zeros((1, 3), np.float32))
        form = training_form(model)
        assert form.model is model
        assert not form.logits
        assert output_activation(model) is None
        assert output_layer(model) is None

    def test_output_activation_looks_into_nested_models(self) -> None:
        inner = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="softmax")])
        assert output_activation(keras.Sequential([keras.Input((4,)), inner])) == "softmax"
        assert output_activation(keras.Sequential([keras.Input((4,)), L.Dense(3)])) == "linear"
        assert output_activation(keras.Sequential([keras.Input((4,)), L.Dense(3), L.BatchNormalization()])) == "linear"


@pytest.mark.parametrize("generator", ["philox", "threefry"])
class TestSeededDropout:
    ONES = np.ones((200, 500), np.float32)

    @staticmethod
    def layer(
        generator: str, rate: float = 0.3, *, position: int = 0, n_layers: int = 1, noise_shape: Any = None
    ) -> Any:
        """Make a function (X, seed, step, training) -> output, compiled as training compiles it."""
        inputs = TrainingInputs(levels=tf.constant([rate] * n_layers), n_layers=n_layers, generator=generator)
        dropout = SeededDropout(inputs, position, noise_shape)

        @tf.function(jit_compile=generator == "threefry", autograph=False)
        def run(X: Any, seed: Any, step: Any) -> Any:
            inputs.seed, inputs.step = seed, step
            return dropout(X, training=True)

        def draw(X: Any, seed: int = 5, step: int = 0) -> Any:
            return run(tf.constant(X), tf.constant(seed), tf.constant(step)).numpy()

        return draw, dropout

    @pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
    def test_keeps_the_expectation_and_drops_the_share(self, generator: str, rate: float) -> None:
        draw, _ = self.layer(generator, rate)
        out = draw(self.ONES)
        error = np.sqrt(rate * (1 - rate) / out.size)  # of a share; five standard errors
        assert abs((out == 0).mean() - rate) < 5 * error
        np.testing.assert_allclose(out[out != 0], 1 / (1 - rate), rtol=1e-6)
        assert abs(out.mean() - 1) < 5 * error / (1 - rate)

    def test_is_the_identity_at_test_time(self, generator: str) -> None:
        _, layer = self.layer(generator)
        np.testing.assert_array_equal(forward(layer, self.ONES, training=False), self.ONES)

    def test_masks_of_steps_layers_and_seeds_are_independent(self, generator: str) -> None:
        # three layers, four steps, two seeds: every pair of masks agrees as often as chance says
        masks = []
        for position in range(3):
            draw, _ = self.layer(generator, 0.5, position=position, n_layers=3)
            masks += [draw(self.ONES[:50, :200], seed, step) == 0 for seed in (1, 2) for step in range(4)]
        error = 0.5 / np.sqrt(masks[0].size)
        assert all(abs((a == b).mean() - 0.5) < 6 * error for a, b in combinations(masks, 2))

    def test_the_same_step_draws_the_same_mask(self, generator: str) -> None:
        (one, _), (other, _) = self.layer(generator), self.layer(generator)
        np.testing.assert_array_equal(one(self.ONES), other(self.ONES))

    def test_rows_and_columns_are_independent(self, generator: str) -> None:
        draw, _ = self.layer(generator, 0.5)
        dropped = draw(self.ONES) == 0
        for axis, n in ((0, 200), (1, 500)):
            share = dropped.mean(axis=axis)
            assert share.std() == pytest.approx(0.5 / np.sqrt(n), rel=0.3)

    def test_noise_shape_drops_whole_columns(self, generator: str) -> None:
        draw, _ = self.layer(generator, 0.5, noise_shape=(1, None))
        out = draw(self.ONES)
        assert (out == out[0]).all()
        assert 0.3 < (out[0] == 0).mean() < 0.7
