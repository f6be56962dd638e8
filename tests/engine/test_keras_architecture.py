"""Anybody's Keras network as an architecture."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest

from strates.engine.backend import keras
from strates.engine.keras_architecture import (
    KerasArchitecture,
    as_probabilities,
    copy_of,
    is_functional,
    seeded_keras,
)
from strates.exceptions import ParameterError

L = keras.layers


def network(*, units: int = 3, activation: Any = "softmax", hidden: int = 5, rate: float = 0.2) -> Any:
    return keras.Sequential(
        [keras.Input((4,)), L.Dense(hidden, activation="tanh"), L.Dropout(rate), L.Dense(units, activation=activation)]
    )


class Scaled(L.Layer):
    """A layer whose whole meaning is in its configuration."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return self.factor * x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Hidden(L.Layer):
    """A layer that keeps something out of its configuration."""

    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.secret = factor

    def call(self, x: Any) -> Any:
        return self.secret * x


class Network(keras.Model):
    def __init__(self, units: int = 3, activation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.out = L.Dense(units, activation=activation)

    def call(self, x: Any) -> Any:
        return self.out(x)


def architecture(model: Any, *, keep_weights: bool = False) -> KerasArchitecture:
    return KerasArchitecture(model, (4,), keep_weights=keep_weights)


class TestKey:
    def test_two_networks_of_one_configuration_share_it(self) -> None:
        assert architecture(network()).key == architecture(network()).key

    @pytest.mark.parametrize("change", [{"hidden": 6}, {"rate": 0.3}, {"activation": None}, {"units": 4}], ids=str)
    def test_another_configuration_has_another(self, change: dict[str, Any]) -> None:
        assert architecture(network()).key != architecture(network(**change)).key

    def test_own_layers_share_it_when_their_configuration_says_all(self) -> None:
        def with_factor(factor: float) -> Any:
            return architecture(keras.Sequential([keras.Input((4,)), Scaled(factor), L.Dense(3)])).key

        assert with_factor(2.0) == with_factor(2.0)
        assert with_factor(2.0) != with_factor(3.0)

    def test_code_outside_the_configuration_is_never_shared(self) -> None:
        for make in (
            lambda k: keras.Sequential([keras.Input((4,)), L.Lambda(lambda x: k * x), L.Dense(3)]),
            lambda k: keras.Sequential([keras.Input((4,)), Hidden(k), L.Dense(3)]),
        ):
            assert architecture(make(2.0)).key != architecture(make(3.0)).key

    def test_branches_that_cross_differ(self) -> None:
        def make(first: bool) -> Any:
            x = keras.Input((4,))
            a, b = L.Dense(4, activation="tanh")(x), L.Dense(4, activation="relu")(x)
            return keras.Model(x, L.Dense(3)(L.Subtract()([a, b] if first else [b, a])))

        assert architecture(make(True)).key == architecture(make(True)).key
        assert architecture(make(True)).key != architecture(make(False)).key

    def test_is_hashable_and_survives_pickling(self) -> None:
        one = architecture(network())
        assert hash(pickle.loads(pickle.dumps(one)).key) == hash(one.key)


class TestWeights:
    def test_given_ones_are_kept(self) -> None:
        model = network()
        for w, v in zip(architecture(model, keep_weights=True).initial_weights(3), model.get_weights(), strict=True):
            np.testing.assert_array_equal(w, v)

    def test_new_ones_are_drawn_by_the_seed(self) -> None:
        one = architecture(network())
        a, b, c = (one.initial_weights(seed)[0] for seed in (1, 1, 2))
        np.testing.assert_array_equal(a, b)
        assert (a != c).all()

    def test_drawing_leaves_pythons_generator_alone(self) -> None:
        one = architecture(network())
        random.seed(4)
        expected = random.random()
        random.seed(4)
        with seeded_keras(9):
            random.random()
        one.initial_weights(1)
        assert random.random() == expected

    def test_building_again_does_not_share_weights(self) -> None:
        model = network()
        copy = architecture(model).build()
        before = model.get_weights()
        copy.set_weights([w + 1 for w in before])
        np.testing.assert_array_equal(model.get_weights()[0], before[0])


class TestAsProbabilities:
    ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)

    @pytest.mark.parametrize(
        ("kind", "units", "activation", "wanted"),
        [
            ("categorical", 3, "softmax", "categorical"),
            ("categorical", 3, None, "categorical"),
            ("binary", 1, "sigmoid", "binary"),
            ("binary", 1, None, "binary"),
            ("binary", 2, "softmax", "categorical"),
            ("binary", 2, None, "categorical"),
            ("multilabel", 3, "sigmoid", "multilabel"),
            ("multilabel", 3, None, "multilabel"),
        ],
    )
    @pytest.mark.parametrize("subclass", [False, True], ids=["sequential", "subclass"])
    def test_logits_and_probabilities(
        self, kind: Any, units: int, activation: Any, wanted: str, subclass: bool
    ) -> None:
        model = Network(units, activation) if subclass else network(units=units, activation=activation)
        logits_or_p = np.asarray(model(self.ROWS), np.float64)
        ended, found = as_probabilities(model, (4,), kind, 1 if kind == "binary" else units)
        assert found == wanted
        p = np.asarray(ended(self.ROWS))
        if activation is not None:
            expected = logits_or_p
        elif wanted == "categorical":
            expected = np.exp(logits_or_p) / np.exp(logits_or_p).sum(axis=1, keepdims=True)
        else:
            expected = 1 / (1 + np.exp(-logits_or_p))
        np.testing.assert_allclose(p, expected, atol=1e-6)

    @pytest.mark.parametrize(
        ("kind", "n_outputs", "units", "activation", "message"),
        [
            (
                "categorical",
                3,
                4,
                None,
                r"output has shape \(None, 4\), but this problem needs \(None, 3\).*Dense\(3\)",
            ),
            ("binary", 1, 3, None, r"output has shape \(None, 3\).*one unit, the probability of the second class"),
            ("categorical", 3, 3, "sigmoid", "ends in 'sigmoid', but this problem needs 'softmax'"),
            ("multilabel", 3, 3, "softmax", "ends in 'softmax', but this problem needs 'sigmoid'"),
            ("categorical", 3, 3, "relu", "ends in 'relu', but this problem needs 'softmax', or no activation"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, kind: Any, n_outputs: int, units: int, activation: Any, message: str
    ) -> None:
        with pytest.raises(ParameterError, match=message):
            as_probabilities(network(units=units, activation=activation), (4,), kind, n_outputs)

    def test_maps_of_classes_are_refused(self) -> None:
        model = keras.Sequential([keras.Input((4, 2)), L.Dense(3)])
        with pytest.raises(ParameterError, match=r"output has shape \(None, 4, 3\)"):
            as_probabilities(model, (4, 2), "categorical", 3)


class TestCopies:
    def test_a_subclass_that_cannot_be_rebuilt_says_so(self) -> None:
        class Closed(keras.Model):
            def __init__(self, table: Any) -> None:
                super().__init__()
                self.table = table

            def call(self, x: Any) -> Any:
                return x

        with pytest.raises(ParameterError, match=r"(?s)Closed, a subclass of keras.Model.*get_config\(\)"):
            copy_of(Closed(object()), (4,))

    def test_what_is_functional(self) -> None:
        assert is_functional(network())
        x = keras.Input((4,))
        assert is_functional(keras.Model(x, L.Dense(2)(x)))
        assert not is_functional(Network())


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([L.Dense(4), L.LayerNormalization()], True),
        ([L.Dense(4), L.Dropout(0.1)], False),
        ([L.Dense(4), L.BatchNormalization()], False),
        ([L.Dense(4), L.GaussianNoise(0.1)], False),
        ([Scaled(2.0)], False),  # nobody knows what it does with a batch
    ],
    ids=["layer_norm", "dropout", "batch_norm", "noise", "own"],
)
def test_row_wise(layers: Any, expected: bool) -> None:
    model = keras.Sequential([keras.Input((4,)), *layers, L.Dense(3)])
    assert architecture(model).row_wise is expected
