"""The doctor on what was learned elsewhere: frozen layers are nobody's fault, and cost nothing."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates import TransferClassifier
from strates.inspection import diagnose
from strates.inspection.doctor import patient as patients
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import simplify

Rows = tuple[Any, Any, Any, Any]
TUNE = {"strategy": "fine_tune", "unfreeze": "all", "fine_tune_learning_rate": 0.01, "random_state": 0}


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    """A network three quarters of whose hidden units are never other than zero."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(80, activation="relu"), keras.layers.Dense(2)])
    model.layers[0].bias.assign(np.where(np.arange(80) < 60, -1e3, 0.0))
    return keras.Model(model.inputs[0], model.layers[0].output)


def test_dead_units_count_where_they_could_learn(backbone: keras.Model, digits: Rows) -> None:
    X, y, X_test, y_test = digits
    frozen = TransferClassifier(backbone, random_state=0).fit(X, y)
    assert "dead-units" not in {one.code for one in diagnose(frozen, X, y, X_test=X_test, y_test=y_test)}
    tuned = TransferClassifier(backbone, **TUNE).fit(X, y)
    found = {one.code: one for one in diagnose(tuned, X, y, X_test=X_test, y_test=y_test)}
    assert found["dead-units"].measured == pytest.approx(0.75, abs=0.05)


def test_fine_tuning_that_overfits_is_to_stop_at_features(backbone: keras.Model) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(160, 64)).astype(np.float32), rng.integers(0, 2, 160)  # there is nothing to learn
    wild = {**TUNE, "fine_tune_max_iter": 60, "fine_tune_learning_rate": 0.03}
    clf = TransferClassifier(backbone, **wild).fit(X[:80], y[:80])
    found = {one.code: one for one in diagnose(clf, X[:80], y[:80], X_test=X[80:], y_test=y[80:])}
    assert found["overfitting"].remedy == "clf.set_params(strategy='features').fit(X, y)"


def test_a_penalty_that_was_chosen_on_held_out_rows_is_not_raised(backbone: keras.Model, digits: Rows) -> None:
    X, y, _, _ = digits
    remedies = {
        alpha: simplify(Patient(TransferClassifier(backbone, alpha=alpha, random_state=0).fit(X[:90], y[:90]), X, y))
        for alpha in ("auto", 0.01)
    }
    assert remedies["auto"].code.startswith("print(clf.alpha_)  # chosen on held-out rows")
    assert remedies[0.01].settings == {"alpha": 0.1}


def test_losses_of_frozen_networks_are_those_of_their_answers(backbone: keras.Model, digits: Rows) -> None:
    X, y, _, _ = digits
    one = Patient(TransferClassifier(backbone, random_state=0).fit(X, y), X, y)
    rows, labels = one._few()
    told = one.classifier.predict_proba(rows)
    assert one.final_loss == pytest.approx(-np.log(told[np.arange(len(rows)), labels]).mean(), rel=1e-5)
    assert one.hidden_layers(start=True) is None


def test_few_rows_of_very_wide_networks(backbone: keras.Model, digits: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, _, _ = digits
    clf = TransferClassifier(backbone, random_state=0).fit(X, y)
    width = 64 + 80 + 10
    monkeypatch.setattr(patients, "LAYER_NUMBERS", 10 * width)
    assert Patient(clf, X, y).n_looked == patients.FEWEST_LAYER_ROWS
    monkeypatch.setattr(patients, "VERY_MANY_NUMBERS", 12 * width)
    assert Patient(clf, X, y).n_looked == 12
    monkeypatch.setattr(patients, "VERY_MANY_NUMBERS", width)
    assert Patient(clf, X, y).n_looked == patients.FEWEST_WIDE_ROWS
