"""Attacks on networks of all kinds: the gradient that they follow is that of what predicts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from strates import CNNClassifier, MLPClassifier, NetworkClassifier
from strates.attacks import FGSM, PGD, Victim

X, Y = load_digits(n_class=3, return_X_y=True)
X = (X / 16).astype(np.float32)
FAST: dict[str, Any] = {"learning_rate": "one_cycle", "learning_rate_init": 0.01, "batch_size": 50, "random_state": 0}


class Subclass(keras.Model):
    """A network whose layers cannot be read."""

    def __init__(self, n: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.hidden = keras.layers.Dense(12, activation="relu")
        self.last = keras.layers.Dense(n, activation="softmax")

    def call(self, x: Any) -> Any:
        """Answer."""
        return self.last(self.hidden(x))

    def get_config(self) -> dict[str, Any]:
        """Return what makes it anew."""
        return {"n": self.n}


def nested(input_shape: tuple[int, ...], n: int) -> keras.Model:
    """A network within a network, from flat rows to logits."""
    inner = keras.Sequential([keras.Input((12,)), keras.layers.Dense(12, activation="tanh")])
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(n)(inner(keras.layers.Dense(12)(inputs))))


NETWORKS = {
    "dropout and batch normalisation": MLPClassifier((16,), dropout=0.3, batch_norm=True, max_iter=8, **FAST),
    "nested": NetworkClassifier(nested, max_iter=8, **FAST),
    "subclass": NetworkClassifier(lambda shape, n: Subclass(n), max_iter=8, **FAST),
    "images behind a rotation": make_pipeline(
        PCA(64), CNNClassifier((4,), hidden_layer_sizes=(8,), augmentation="translation", max_iter=8, **FAST)
    ),
    "subclass behind a rotation": make_pipeline(
        PCA(20), NetworkClassifier(lambda shape, n: Subclass(n), max_iter=8, **FAST)
    ),
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_step_is_uphill_by_finite_differences(name):
    clf = NETWORKS[name].fit(X, Y)
    rows = X[np.flatnonzero(clf.predict(X) == Y)[:6]]
    # a step so short that the way is straight: it points along the gradient
    step = FGSM(epsilon=0.01, norm="l2", bounds=None).perturb(clf, rows)
    direction = (step.adversarial - rows) / 0.01
    codes = clf.predict(rows)
    own = np.eye(3, dtype=bool)[codes]

    def lead(given):
        z = np.log(clf.predict_proba(given).astype(np.float64))
        rivals = np.where(own, -np.inf, z)
        return np.log(np.exp(rivals).sum(axis=1)) - z[own]

    h = 2e-2
    slopes = np.column_stack(
        [(lead(rows + h * e) - lead(rows - h * e)) / (2 * h) for e in np.eye(64, dtype=np.float32)]
    )
    slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
    # kinks of rectified units lie within h of some rows
    assert np.median((slopes * direction).sum(axis=1)) > 0.98
    assert PGD(epsilon=0.4, random_state=0).perturb(clf, X[:60], Y[:60]).success_rate > 0.9


def test_a_subclass_is_attacked_by_its_probabilities():
    clf = NETWORKS["subclass"].fit(X, Y)
    victim = Victim(clf, X)
    assert victim.is_differentiable
    np.testing.assert_allclose(victim.model(X[:5]), clf.predict_proba(X[:5]), atol=1e-6)
