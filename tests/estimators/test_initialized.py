"""Estimators before they learn: the weights that their fit begins with."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Recorder
from strates.exceptions import DataError, ParameterError

SHORT: dict[str, Any] = {"learning_rate": "cosine", "max_iter": 1}


def dense(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
    layers = keras.layers
    return keras.Sequential([keras.Input(input_shape), layers.Dense(5, activation="tanh"), layers.Dense(n_classes)])


@pytest.mark.parametrize(
    "clf",
    [
        MLPClassifier((5,), random_state=3, **SHORT),
        MLPClassifier((5, 4), batch_norm=True, dropout=0.2, random_state=np.random.RandomState(3), **SHORT),
        MLPClassifier((5,), random_state=None, **SHORT),
        NetworkClassifier(dense, random_state=3, **SHORT),
    ],
    ids=["seeded", "generator", "unseeded", "network"],
)
def test_it_is_the_first_frame_of_the_fit(clf: Any, iris: Any) -> None:
    clf.set_callbacks(Recorder(frames=1))
    before = clf.initialized(*iris)
    assert not hasattr(clf, "classes_")
    clf.fit(*iris)
    frame = clf.recording_[0].estimator
    starts = [clf.initialized(iris[0])] if clf.random_state is None else [before, clf.initialized(iris[0])]
    for start in starts:
        assert start.n_iter_ == 0
        for one, other in zip(start.network_.get_weights(), frame.network_.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(start.predict_proba(iris[0]), frame.predict_proba(iris[0]))
        assert start.loss_gradient(*iris).loss == frame.loss_gradient(*iris).loss
    assert (clf.predict_proba(iris[0]) != frame.predict_proba(iris[0])).any()  # the fit has moved on


def test_labels_decide_the_outputs(iris: Any) -> None:
    X, y = iris
    clf = MLPClassifier((5,), random_state=0, **SHORT)
    assert clf.initialized(X).predict_proba(X[:2]).shape == (2, 2)
    named = clf.initialized(X, np.array(["x", "y", "z"])[y])
    assert named.classes_.tolist() == ["x", "y", "z"]
    assert named.network_.output_shape == (None, 3)
    many = make_multilabel_classification(20, 4, n_classes=5, random_state=0)[1]
    assert clf.initialized(X[:20], many).network_.output_shape == (None, 5)
    assert clf.fit(X, y).initialized(X).network_.output_shape == (None, 3)
    # a layer's draw depends on nothing but its own place and shape
    np.testing.assert_array_equal(clf.initialized(X).coefs_[0], clf.initialized(X, y % 2).coefs_[0])


def test_a_model_with_weights_begins_with_them(iris: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    start = NetworkClassifier(model).initialized(*iris)
    for one, other in zip(start.network_.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_can_be_trained_on(iris: Any) -> None:
    clf = MLPClassifier((5,), warm_start=True, random_state=0, learning_rate="cosine", max_iter=5)
    once = clf.initialized(*iris).fit(*iris)
    np.testing.assert_allclose(once.coefs_[0], clf.fit(*iris).coefs_[0], rtol=1e-6)
    step = clf.initialized(*iris).partial_fit(*iris)
    assert step.n_iter_ == 1


def test_logistic_regression_begins_at_even_odds(iris: Any) -> None:
    start = LogisticRegression().initialized(*iris)
    assert start.loss_gradient(*iris).loss == pytest.approx(np.log(3), rel=1e-6)


def test_what_cannot_be_fitted_cannot_be_initialized(iris: Any) -> None:
    with pytest.raises(ParameterError, match=r"kernel_initializer='glorott' is not known"):
        MLPClassifier(kernel_initializer="glorott").initialized(*iris)
    with pytest.raises(DataError, match="X contains NaN"):
        MLPClassifier().initialized(np.full((3, 2), np.nan))


def test_zero_weights_never_part(iris: Any) -> None:
    """All-zero weights: hidden units stay identical to one another for ever."""
    X, y = iris
    for activation in ("tanh", "logistic", "relu"):
        clf = MLPClassifier((6, 5), activation, kernel_initializer="zeros", learning_rate="cosine", max_iter=60,
                            learning_rate_init=0.05, batch_size=30, random_state=0).fit(X, y)  # fmt: skip
        for layer in range(2):
            units = clf.transform(X, layer=layer)
            np.testing.assert_allclose(units, np.repeat(units[:, :1], units.shape[1], axis=1), rtol=1e-5, atol=1e-7)
        for kernel, bias in zip(clf.coefs_[:2], clf.intercepts_[:2], strict=True):
            np.testing.assert_allclose(kernel, np.repeat(kernel[:, :1], kernel.shape[1], axis=1), rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(bias, bias[0], rtol=1e-5, atol=1e-7)
    # the witness: a draw parts them
    drawn = MLPClassifier((6, 5), "tanh", learning_rate="cosine", max_iter=60, random_state=0).fit(X, y).transform(X)
    assert np.ptp(drawn, axis=1).min() > 0.1
