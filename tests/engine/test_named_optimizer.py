"""Keras's optimizers by name."""

from __future__ import annotations

import keras
import pytest

from strates.engine.named_optimizer import named_optimizer, optimizer_names
from strates.exceptions import ParameterError


def test_momenta_have_names_of_their_own() -> None:
    found = {name: named_optimizer(name, 0.01).get_config() for name in ("sgd", "momentum", "nesterov")}
    assert {name: (config["momentum"], config["nesterov"]) for name, config in found.items()} == {
        "sgd": (0.0, False),
        "momentum": (0.9, False),
        "nesterov": (0.9, True),
    }


@pytest.mark.parametrize("name", ["Adam", "rmsprop", "ADAGRAD", "lion"])
def test_kerass_names_with_kerass_settings(name: str) -> None:
    made = named_optimizer(name, 0.02)
    reference = type(made)()
    assert type(made).__name__.lower() == name.lower()
    assert float(made.learning_rate) == pytest.approx(0.02)
    ours, theirs = made.get_config(), reference.get_config()
    assert {k: v for k, v in ours.items() if k not in ("learning_rate", "name")} == {
        k: v for k, v in theirs.items() if k not in ("learning_rate", "name")
    }


def test_every_name_makes_one() -> None:
    for name in optimizer_names():
        assert float(named_optimizer(name, 0.5).learning_rate) == 0.5


def test_an_optimizer_is_copied_with_its_settings() -> None:
    given = keras.optimizers.RMSprop(0.1, rho=0.7)
    made = named_optimizer(given, 0.02)
    assert made is not given
    assert (made.rho, float(made.learning_rate)) == (0.7, pytest.approx(0.02))
    assert float(given.learning_rate) == pytest.approx(0.1)


def test_a_schedule_and_an_unknown_name_are_refused() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    with pytest.raises(ParameterError, match="This Adam has a schedule for its learning rate"):
        named_optimizer(keras.optimizers.Adam(schedule), 0.1)
    with pytest.raises(ParameterError, match=r"'rmsprob' is no optimizer of Keras\. Did you mean 'rmsprop'"):
        named_optimizer("rmsprob", 0.1)
