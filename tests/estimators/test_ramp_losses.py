"""The loss of each step: a fit at the same rates has the same."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates import MLPClassifier
from strates.estimators.ramp_losses import ramp_losses
from strates.exceptions import DataError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
CHOICES: dict[str, Any] = {
    "alpha": 0.1,
    "dropout": 0.3,
    "batch_size": 60,
    "random_state": 3,
    "n_iter_no_change": np.inf,
    "max_iter": 30,
}


def test_a_constant_rate_is_a_fit(binary: Any) -> None:
    clf = MLPClassifier((6,), learning_rate_init=0.05, **CHOICES).fit(*binary)
    losses = ramp_losses(clf, *binary, np.full(30, 0.05))  # an epoch is a step
    assert losses == pytest.approx(clf.history_["train_loss"].to_numpy(), rel=1e-6)


def test_a_growing_rate_is_a_fit_with_that_schedule(binary: Any) -> None:
    low, high = 1e-3, 1.0
    schedule = keras.optimizers.schedules.ExponentialDecay(low, 29, high / low)
    fitted = MLPClassifier((6,), solver=keras.optimizers.SGD(schedule), **CHOICES).fit(*binary)
    losses = ramp_losses(
        MLPClassifier((6,), solver=keras.optimizers.SGD(), **CHOICES), *binary, np.geomspace(low, high, 30)
    )
    assert losses == pytest.approx(fitted.history_["train_loss"].to_numpy(), rel=1e-4)


def test_short_batches_and_weights_are_means(binary: Any) -> None:
    X, y = binary
    clf = MLPClassifier((6,), batch_size=25, shuffle=False, class_weight={0: 1.0, 1: 3.0}, random_state=0, max_iter=1)
    losses = ramp_losses(clf, X, y, np.zeros(4))
    start = clf.initialized(X, y)
    rows = -np.log(start.predict_proba(X)[np.arange(60), y])
    weights = np.where(y == 1, 3.0, 1.0)
    parts = [slice(0, 25), slice(25, 50), slice(50, 60), slice(0, 25)]
    expected = [np.average(rows[part], weights=weights[part]) for part in parts]
    assert losses == pytest.approx(expected, rel=1e-5)


def test_what_blows_up_ends_the_ramp(binary: Any) -> None:
    clf = MLPClassifier((6,), solver="sgd", batch_size=10, random_state=0)
    losses = ramp_losses(clf, *binary, np.geomspace(1e-3, 1e6, 60))
    known = ~np.isnan(losses)
    n = int(known.sum())
    assert 10 < n < 60
    assert known[:n].all()


def test_lengths_that_differ(binary: Any) -> None:
    with pytest.raises(DataError, match="X has 60 rows, y has 59 labels"):
        ramp_losses(MLPClassifier((6,)), binary[0], binary[1][:59], np.zeros(3))
