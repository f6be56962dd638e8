"""A finding begins where its threshold is: just inside it is silent."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from scipy import sparse

from strates import NetworkClassifier
from strates._types import AnyArray
from strates.inspection import Finding, diagnose
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.update_ratios import NONE

Rows = tuple[AnyArray, AnyArray, AnyArray, AnyArray]


def codes(clf: Any, X: Any, y: Any, **others: Any) -> dict[str, Finding]:
    return {one.code: one for one in diagnose(clf, X, y, **others)}


@pytest.fixture(scope="module")
def inputs(fit: Any) -> Any:
    """Return a function that shows a network inputs of four columns, made of standardised ones."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(100, 4))
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    y = (Z[:, 0] > 0).astype(int)

    def show(scale: Any = 1.0, shift: Any = 0.0) -> Finding | None:
        X = Z * np.array(scale) + np.array(shift)
        clf = fit(X, y, max_iter=1)
        return codes(clf, X, y).get("inputs-not-scaled")

    return show


def test_size_of_an_input(inputs: Any) -> None:
    assert inputs([1, 1, 1, 9.9]) is None
    found = inputs([1, 1, 1, 10.1])
    assert found is not None
    assert (found.measured, found.severity) == (pytest.approx(10.1), "warning")
    assert "“x3”" in found.message
    grave = inputs([1, 1, 1, 101])
    assert grave is not None
    assert grave.severity == "critical"


def test_distance_of_a_mean(inputs: Any) -> None:
    assert inputs([0.5] * 4, [4.9, 0, 0, 0]) is None
    found = inputs([0.5] * 4, [5.1, 0, 0, 0])
    assert found is not None
    assert found.measured == pytest.approx(10.2)
    assert "is 5.1 with a standard deviation of 0.5: its mean lies 10.2 of them from zero" in found.message


def test_small_inputs(inputs: Any) -> None:
    assert inputs(0.031) is None
    found = inputs(0.029)
    assert found is not None
    assert found.measured == pytest.approx(0.029)
    assert "learns very slowly" in found.message


def test_one_narrow_input_of_four(inputs: Any) -> None:
    assert inputs([1, 1, 2, 0.022]) is None
    found = inputs([1, 1, 2, 0.018])
    assert found is not None
    assert found.measured == pytest.approx(0.009)
    assert "“x3” varies 0.009 times as much as “x2”, and 1 of 4 inputs less than a hundredth" in found.message


def test_rare_indicators_and_constants_do_no_harm(fit: Any, wine: Rows) -> None:
    X, y, *_ = wine
    rare, always = (np.arange(len(y)) == 3).astype(float), np.full(len(y), 20.0)
    wide = np.column_stack([X, rare, 1 - rare, always])
    assert "inputs-not-scaled" not in codes(fit(wide, y, max_iter=1), wide, y)


def test_sparse_inputs_are_measured_alike(fit: Any, raw_wine: Rows) -> None:
    X, y, *_ = raw_wine
    rows = sparse.csr_matrix(X)
    found = codes(fit(rows, y, max_iter=1), rows, y)["inputs-not-scaled"]
    assert found.measured == pytest.approx(np.sqrt(np.square(X).mean(axis=0)).max())
    assert "MaxAbsScaler" in found.remedy


def test_networks_that_scale_by_themselves(digits: Rows) -> None:
    X, y = 255 * digits[0].reshape(-1, 8, 8, 1), digits[1]

    def build(first: list[Any]) -> Any:
        layers = [*first, keras.layers.Flatten(), keras.layers.Dense(10)]
        return lambda shape, n: keras.Sequential([keras.Input(shape), *layers])

    def look(first: list[Any]) -> dict[str, Finding]:
        clf = NetworkClassifier(build(first), learning_rate="cosine", max_iter=1, random_state=0).fit(X, y)
        return codes(clf, X, y)

    found = look([])["inputs-not-scaled"]
    assert found.remedy == "clf.fit(X / 255, y)"
    assert "inputs-not-scaled" not in look([keras.layers.Rescaling(1 / 255)])
    assert "inputs-not-scaled" not in look([keras.layers.BatchNormalization()])


@pytest.mark.parametrize(("n_dead", "told"), [(6, False), (7, True), (16, True)])
def test_share_of_dead_units(fit: Any, wine: Rows, n_dead: int, told: bool) -> None:
    clf = fit()
    kernel, bias, *others = clf.network_.get_weights()
    bias[:n_dead] = -1e3
    alive = (kernel.T @ wine[0].T + bias[:, None] > 0).any(axis=1)
    assert alive.sum() == 16 - n_dead
    clf.network_.set_weights([kernel, bias, *others])
    found = codes(clf, *wine[:2])
    assert ("dead-units" in found) == told
    if n_dead == 16:
        assert found["dead-units"].severity == "critical"


@pytest.mark.parametrize(("n_repeated", "told"), [(1, False), (2, True)])
def test_one_repeated_row_is_chance(healthy: Any, wine: Rows, n_repeated: int, told: bool) -> None:
    X, y, X_test, y_test = wine
    asked = np.vstack([X_test, X[:n_repeated]]), np.concatenate([y_test, y[:n_repeated]])
    assert ("duplicate-rows" in codes(healthy, X, y, X_test=asked[0], y_test=asked[1])) == told


def test_fewer_rows_of_wide_activations(digits: Rows) -> None:
    X, y = digits[0].reshape(-1, 8, 8, 1), digits[1]

    def build(shape: tuple[int, ...], n: int) -> keras.Model:
        layers = [keras.layers.Conv2D(900, 1, activation="relu"), keras.layers.GlobalAveragePooling2D()]
        return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(n)])

    clf = NetworkClassifier(build, learning_rate="cosine", max_iter=1, random_state=0).fit(X, y)
    # 8 x 8 x 900 outputs of a convolution, 900 of the pooling, 10 answers
    assert Patient(clf, X, y).n_looked == 8_000_000 // (57_600 + 900 + 10)


def test_no_steps_to_repeat(fit: Any, wine: Rows) -> None:
    for clf in (fit(solver="lbfgs", max_iter=50), fit(learning_rate="one_cycle", max_iter=2)):
        assert Patient(clf, *wine[:2]).update_ratios is NONE


def test_rate_with_a_schedule_of_its_own_is_left_alone(wine: Rows) -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-6, 100, 0.9)
    clf = NetworkClassifier(solver=keras.optimizers.SGD(schedule), learning_rate="cosine", max_iter=2, random_state=0)
    patient = Patient(clf.fit(*wine[:2]), *wine[:2])
    assert patient.learning_rate is None
    assert not {code for code in codes(clf, *wine[:2]) if code.startswith("learning-rate")}
