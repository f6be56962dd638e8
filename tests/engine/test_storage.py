"""Networks to bytes and back; files that would run something are refused, and nothing runs."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strates.engine.backend import keras
from strates.engine.storage import network_from_bytes, network_to_bytes
from strates.exceptions import ModelFileError, UnsafeModelFileError

L = keras.layers


class Scaled(L.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return self.factor * x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Network(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.out = L.Dense(units, activation="softmax")

    def build(self, input_shape: Any) -> None:
        self.out.build(input_shape)
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return self.out(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def branches() -> Any:
    inputs = keras.Input((4,))
    a = L.Dense(5, activation="relu", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2))(inputs)
    b = L.Dropout(0.2)(L.Dense(5, kernel_initializer="he_normal", kernel_constraint="max_norm")(inputs))
    return keras.Model(inputs, L.Dense(3, activation="softmax")(L.Concatenate()([a + b, keras.ops.tanh(a)])))


def adapted() -> Any:
    normalization = L.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(3, 2, size=(50, 4)))
    return keras.Sequential([keras.Input((4,)), normalization, L.Dense(3, activation="softmax")])


NETWORKS = {
    "batch_norm": lambda: keras.Sequential(
        [keras.Input((4,)), L.Dense(5), L.BatchNormalization(), L.Activation("gelu"), L.Dense(1, activation="sigmoid")]
    ),
    "branches": branches,
    "nested": lambda: keras.Sequential([keras.Input((4,)), branches(), L.Softmax()]),
    "operations": lambda: keras.Sequential([keras.Input((4,)), L.Activation(keras.ops.tanh), L.Dense(2)]),
    "adapted": adapted,
    "convolution": lambda: keras.Sequential(
        [keras.Input((16,)), L.Reshape((4, 4, 1)), L.Conv2D(2, 3), L.MaxPooling2D(2), L.Flatten(), L.Dense(2)]
    ),
    "recurrent": lambda: keras.Sequential([keras.Input((6, 2)), L.Bidirectional(L.LSTM(3)), L.Dense(2)]),
    "initializers": lambda: keras.Sequential(
        [keras.Input((4,)), L.Dense(3, kernel_initializer=keras.initializers.RandomNormal(0.0, 0.1, seed=1))]
    ),
}


def simple() -> Any:
    return keras.Sequential([keras.Input((4,)), L.Dense(3, activation="relu", name="first"), L.Dense(2)])


def edited(data: bytes, edit: Any) -> bytes:
    """Return a file whose config.json was changed by hand."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return held.getvalue()


class TestRoundTrip:
    @pytest.mark.parametrize("name", NETWORKS)
    def test_answers_are_the_same(self, name: str) -> None:
        model = NETWORKS[name]()
        X = np.random.default_rng(1).normal(size=(5, *model.input_shape[1:])).astype(np.float32)
        read = network_from_bytes(network_to_bytes(model))
        np.testing.assert_array_equal(np.asarray(read(X)), np.asarray(model(X)))

    def test_own_classes_are_read_when_they_are_passed(self) -> None:
        X = np.ones((2, 4), np.float32)
        for model, known in (
            (keras.Sequential([keras.Input((4,)), Scaled(3.0), L.Dense(2)]), {"Scaled": Scaled}),
            (Network(2), {"Network": Network}),
        ):
            model(X)
            read = network_from_bytes(network_to_bytes(model), known)
            np.testing.assert_array_equal(np.asarray(read(X)), np.asarray(model(X)))

    def test_nothing_stays_on_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        network_from_bytes(network_to_bytes(simple()))
        assert list(tmp_path.iterdir()) == []


class TestUnsafe:
    def test_lambda_layers(self, tmp_path: Path) -> None:
        trace = str(tmp_path / "ran")
        model = keras.Sequential([keras.Input((4,)), L.Lambda(lambda x: (os.makedirs(trace, exist_ok=True), x)[1])])
        data = network_to_bytes(model)
        os.rmdir(trace)
        with pytest.raises(UnsafeModelFileError, match=r"holds a Lambda layer.*Nothing was loaded.*custom_objects"):
            network_from_bytes(data)
        assert not Path(trace).exists()

    @pytest.mark.parametrize("model", [Scaled(name="x"), Network(2)], ids=["layer", "model"])
    def test_strangers_are_named(self, model: Any) -> None:
        model = keras.Sequential([keras.Input((4,)), model])
        name = type(model.layers[0]).__name__
        with pytest.raises(UnsafeModelFileError, match=rf"holds '{name}' from .*not a part of Keras.*\{{'{name}': the"):
            network_from_bytes(network_to_bytes(model))

    def test_passing_one_class_vouches_for_no_other(self) -> None:
        model = keras.Sequential([keras.Input((4,)), Scaled(), L.Lambda(lambda x: x)])
        with pytest.raises(UnsafeModelFileError, match="Lambda"):
            network_from_bytes(network_to_bytes(model), {"Scaled": Scaled})

    @pytest.mark.parametrize(
        "payload",
        [
            {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None},
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"},
            {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
            {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}, "registered_name": "Popen"},
            {"module": "builtins", "class_name": "__lambda__", "config": {"value": ["4wAA", None, None]}},
            {"module": None, "class_name": "Lambda", "config": {}, "registered_name": "Lambda"},
            {"module": "keras.src.layers.core.lambda_layer", "class_name": "Lambda", "config": {}},
            {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}},
            {
                "class_name": "__typespec__",
                "spec_name": "system",
                "module": "os",
                "registered_name": None,
                "config": [],
            },
            {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {}},
            {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": "os>system"},
        ],
        ids=lambda payload: f"{payload.get('module')}.{payload['class_name']}",
    )
    @pytest.mark.parametrize("place", ["activation", "kernel_initializer", "layer", "deep"])
    def test_hand_made_configurations(
        self, payload: dict[str, Any], place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran: list[Any] = []
        monkeypatch.setattr(os, "system", ran.append)
        monkeypatch.setattr("subprocess.Popen", lambda *a, **k: ran.append(a))

        def edit(config: Any) -> None:
            layers = config["config"]["layers"]
            if place == "layer":
                layers.insert(1, payload)
            elif place == "deep":
                layers[1]["config"]["extra"] = [{"a": [payload]}]
            else:
                layers[1]["config"][place] = payload

        with pytest.raises(UnsafeModelFileError, match="Nothing was loaded"):
            network_from_bytes(edited(network_to_bytes(simple()), edit))
        assert ran == []

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("keras.config", "enable_unsafe_deserialization"),
            ("keras.utils", "get_file"),
            ("keras.saving", "load_model"),
        ],
    )
    @pytest.mark.parametrize("as_function", [True, False])
    def test_keras_functions_that_are_no_part_of_a_network(self, module: str, name: str, as_function: bool) -> None:
        payload = {"module": module, "class_name": name, "config": {}, "registered_name": name}
        if as_function:
            payload |= {"class_name": "function", "config": name, "registered_name": "function"}

        def edit(config: Any) -> None:
            config["config"]["layers"][1]["config"]["activation"] = payload

        with pytest.raises(ModelFileError):
            network_from_bytes(edited(network_to_bytes(simple()), edit))
        with pytest.raises(ValueError, match=r"unsafe|safe_mode|lambda"):  # it is still refused
            keras.saving.deserialize_keras_object(
                {"class_name": "__lambda__", "config": {"value": ["", None, None]}}, safe_mode=True
            )

    def test_a_layer_that_would_read_another_file(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("key\nof\nthe house\n", encoding="utf-8")

        def edit(config: Any) -> None:
            layer = {
                "module": "keras.layers", "class_name": "StringLookup", "registered_name": None,
                "config": {"name": "x", "vocabulary": str(secret)},
            }  # fmt: skip
            config["config"]["layers"].insert(1, layer)

        with pytest.raises(ModelFileError):
            network_from_bytes(edited(network_to_bytes(simple()), edit))


class TestDamaged:
    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
    def test_truncated(self, share: float) -> None:
        data = network_to_bytes(simple())
        with pytest.raises(ModelFileError, match="damaged"):
            network_from_bytes(data[: int(share * len(data))])

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b'{"class_name": "Dense"}'])
    def test_configuration_that_says_nothing(self, content: bytes) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("config.json", content)
        with pytest.raises(ModelFileError):
            network_from_bytes(held.getvalue())

    def test_configuration_nested_too_deeply(self) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("config.json", b'{"a":' * 5000 + b"1" + b"}" * 5000)
        with pytest.raises(ModelFileError):
            network_from_bytes(held.getvalue())

    @pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
    def test_without_a_part(self, missing: str) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(network_to_bytes(simple()))) as old, zipfile.ZipFile(held, "w") as new:
            for name in old.namelist():
                if name != missing:
                    new.writestr(name, old.read(name))
        with pytest.raises(ModelFileError):
            network_from_bytes(held.getvalue())

    def test_a_changed_byte_is_noticed_or_does_not_matter(self) -> None:
        model, rng = simple(), np.random.default_rng(0)
        data = network_to_bytes(model)
        for place in rng.integers(0, len(data), 60):
            changed = bytearray(data)
            changed[place] ^= 1 << int(rng.integers(8))
            try:
                read = network_from_bytes(bytes(changed))
            except ModelFileError:
                continue
            for a, b in zip(read.get_weights(), model.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
