"""The rule between XLA and the plain graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strates.engine.backend import keras
from strates.engine.compiler import (
    COMPILE_SECONDS,
    EXPECTED_FITS,
    SAVED_PER_FLOP,
    SAVED_PER_STEP,
    choose_compiler,
    is_dense,
)

L = keras.layers
SIZES = {
    "n_parameters": st.integers(1, 10**7),
    "batch_size": st.integers(1, 10**4),
    "n_steps": st.integers(1, 10**6),
}


class Doubled(L.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


class Dense(L.Layer):  # a stranger with a familiar name
    def call(self, x: Any) -> Any:
        return 3 * x


class TestRule:
    @given(**SIZES)
    def test_xla_when_five_fits_repay_its_compilation(self, n_parameters: int, batch_size: int, n_steps: int) -> None:
        flops = 6 * n_parameters * batch_size
        saved = EXPECTED_FITS * n_steps * (SAVED_PER_STEP + SAVED_PER_FLOP * flops)
        chosen = choose_compiler(dense=True, n_parameters=n_parameters, batch_size=batch_size, n_steps=n_steps)
        assert chosen == ("xla" if saved > COMPILE_SECONDS else "graph")

    @given(**SIZES)
    def test_never_for_convolutions(self, n_parameters: int, batch_size: int, n_steps: int) -> None:
        sizes: dict[str, int] = {"n_parameters": n_parameters, "batch_size": batch_size, "n_steps": n_steps}
        assert choose_compiler(dense=False, **sizes) == "graph"

    @given(**SIZES, more=st.integers(1, 100))
    def test_more_work_never_leads_back_to_the_graph(
        self, n_parameters: int, batch_size: int, n_steps: int, more: int
    ) -> None:
        sizes = {"n_parameters": n_parameters, "batch_size": batch_size, "n_steps": n_steps}
        if choose_compiler(dense=True, **sizes) == "xla":
            for name in sizes:
                assert choose_compiler(dense=True, **{**sizes, name: sizes[name] * more}) == "xla"


class TestIsDense:
    def test_what_goes_between_dense_layers(self, dense: Any) -> None:
        assert is_dense(dense(hidden=(5, 4), dropout=(0.1, 0.2), batch_norm=True).build())
        assert is_dense(keras.Sequential([keras.Input((3,)), L.LayerNormalization(), L.Dense(2), L.Softmax()]))
        inner = keras.Sequential([keras.Input((3,)), L.Dense(4, activation="relu")])
        assert is_dense(keras.Sequential([keras.Input((3,)), inner, L.Dense(2)]))

    @pytest.mark.parametrize(
        "layers",
        [
            [keras.Input((8, 8, 1)), L.Conv2D(2, 3), L.Flatten(), L.Dense(2)],
            [keras.Input((64,)), L.Reshape((8, 8)), L.Conv1D(2, 3), L.Flatten(), L.Dense(2)],
            [keras.Input((5, 3)), L.LSTM(4), L.Dense(2)],
            [keras.Input((5, 3)), L.Dense(2)],
            [keras.Input((3,)), Doubled(), L.Dense(2)],
            [keras.Input((3,)), Dense()],
            [keras.Input((3,)), L.Lambda(lambda x: 2 * x), L.Dense(2)],
        ],
        ids=["conv2d", "conv1d", "lstm", "sequence", "own layer", "own layer with a known name", "lambda"],
    )
    def test_others_are_not(self, layers: Any) -> None:
        assert not is_dense(keras.Sequential(layers))

    def test_a_subclass_is_not(self) -> None:
        class Network(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.out = L.Dense(2)

            def call(self, x: Any) -> Any:
                return self.out(x)

        network = Network()
        network(np.zeros((1, 3), np.float32))
        assert not is_dense(network)
