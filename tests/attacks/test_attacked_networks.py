"""Attacks on networks of all kinds: the gradient that they follow is that of what predicts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from strates import CNNClassifier, MLPClassifier, NetworkClassifier, TransferClassifier
from strates.attacks import FGSM, PGD, CarliniWagner, DeepFool, Square, UniversalPerturbation, Victim

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


def preprocessed(input_shape: tuple[int, ...], n: int) -> keras.Model:
    """A network whose first layer has adapted to rows, and which holds another."""
    scaled = keras.layers.Normalization()
    scaled.adapt(np.stack([np.zeros(input_shape), np.ones(input_shape)]))
    inner = keras.Sequential([keras.Input((64,)), keras.layers.Dense(12, activation="tanh")])
    layers = [keras.Input(input_shape), scaled, keras.layers.GaussianNoise(0.1), inner, keras.layers.Dense(n)]
    return keras.Sequential(layers)


class OwnClassifier(NetworkClassifier):
    """Somebody's class of classifiers."""


NETWORKS = {
    "dropout and batch normalisation": MLPClassifier((16,), dropout=0.3, batch_norm=True, max_iter=8, **FAST),
    "nested": NetworkClassifier(nested, max_iter=8, **FAST),
    "adapted layers in a class of one's own": OwnClassifier(preprocessed, max_iter=8, **FAST),
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


@pytest.fixture(scope="module")
def transferred() -> Any:
    """Digits 0, 1, 2 behind what a small network learned of 3 to 9: bytes in, its scaling inside."""
    keras.utils.set_random_seed(0)
    pixels, labels = load_digits(return_X_y=True)
    images = (15 * pixels).astype(np.uint8).reshape(-1, 8, 8, 1)
    old = labels > 2
    L = keras.layers
    first = [keras.Input((8, 8, 1)), L.Rescaling(1 / 120, -1.0), L.Conv2D(8, 3, padding="same")]
    second = [L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(), L.Conv2D(8, 3, activation="relu"), L.Flatten()]
    backbone = keras.Sequential([*first, *second, L.Dense(7, activation="softmax")])
    backbone.compile("adam", "sparse_categorical_crossentropy")
    backbone.fit(images[old][:600], labels[old][:600] - 3, epochs=3, verbose=0)
    return TransferClassifier(backbone, random_state=0).fit(images[~old], labels[~old]), images[~old], labels[~old]


ATTACKS = [
    FGSM(epsilon=60, bounds=(0, 255)),
    PGD(epsilon=60, steps=10, bounds=(0, 255), random_state=0),
    DeepFool(bounds=(0, 255)),
    CarliniWagner(bounds=(0, 255), max_iter=100),
    Square(epsilon=60, max_queries=200, bounds=(0, 255), random_state=0),
    UniversalPerturbation(epsilon=100, bounds=(0, 255), random_state=0),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: type(attack).__name__)
def test_what_was_transferred_is_attacked_in_bytes(transferred, attack):
    clf, images, labels = transferred
    result = attack.perturb(clf, images[:40], labels[:40])
    assert result.clean_accuracy > 0.9
    assert result.success_rate > 0.4
    assert result.adversarial.shape == images[:40].shape
    assert result.adversarial.min() >= 0
    assert result.adversarial.max() <= 255
    # judged by the classifier, that is by backbone and head together
    np.testing.assert_array_equal(result.predicted, clf.predict(result.adversarial))
    assert result.distances["linf"].max() <= attack.get_params().get("epsilon", 255)


def test_the_step_through_a_backbone_is_uphill(transferred):
    clf, images, _ = transferred
    rows = images[:20].astype(np.float32)
    step = FGSM(epsilon=2.0, norm="l2", bounds=None).perturb(clf, rows)
    noise = np.random.default_rng(0).normal(size=rows.shape)
    noise *= 2 / np.linalg.norm(noise.reshape(20, -1), axis=1)[:, None, None, None]
    codes = clf.predict(rows)[:, None]

    def surprise(given):
        return -np.log(np.take_along_axis(clf.predict_proba(given), codes, axis=1))[:, 0]

    first = surprise(rows)
    risen = surprise(step.adversarial) - first
    assert (risen > 0).all()
    # a random direction of 64 has an eighth of the slope, up or down
    assert np.median(risen) > 3 * np.median(np.abs(surprise(rows + noise) - first))
