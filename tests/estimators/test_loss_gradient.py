"""What back-propagation computes, asked of a fitted estimator."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from strates import CNNClassifier, LogisticRegression, MLPClassifier
from strates.backprop import gradient_check
from strates.exceptions import DataError, TargetError


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), np.where(y == 1, "benign", "malignant")


def test_the_gradient_vanishes_at_the_optimum(cancer):
    clf = LogisticRegression(alpha=0.01, tol=1e-10).fit(*cancer)
    found = clf.loss_gradient(*cancer, penalty=True)
    assert found.loss == pytest.approx(log_loss(cancer[1], clf.predict_proba(cancer[0]).astype(float)), rel=1e-5)
    assert found.loss + found.penalty == pytest.approx(clf.loss_, rel=1e-6)
    for gradient in found.parameters.values():
        assert np.abs(gradient).max() < 1e-6
    assert np.abs(clf.loss_gradient(*cancer).parameters["outputs/kernel"]).max() > 1e-3  # the penalty holds it


def test_logistic_regressions_gradient_is_the_textbooks(cancer):
    X, y = cancer
    clf = LogisticRegression(alpha=0.01).fit(X, y)
    p = clf.predict_proba(X)[:, 1].astype(float)
    found = clf.loss_gradient(X, y)
    residual = (p - (y == clf.classes_[1])) / len(X)
    np.testing.assert_allclose(found.parameters["outputs/kernel"][:, 0], X.T @ residual, atol=1e-6)
    np.testing.assert_allclose(found.inputs, np.outer(residual, clf.coef_[0]), atol=1e-6)


def test_images_may_be_flat_and_their_gradient_is_shaped_as_they_are():
    X, y = load_digits(return_X_y=True)
    clf = CNNClassifier(
        (4,), hidden_layer_sizes=(), batch_size=64, learning_rate="cosine", max_iter=1, random_state=0
    ).fit(X[:300], y[:300])  # fmt: skip
    given, codes = X[:5], y[:5]
    found = {shape: clf.loss_gradient(given.reshape(5, *shape), codes) for shape in ((64,), (8, 8), (8, 8, 1))}
    for shape, one in found.items():
        assert one.inputs.shape == (5, *shape)
        np.testing.assert_array_equal(one.inputs.reshape(5, 64), found[8, 8, 1].inputs.reshape(5, 64))
    assert found[(64,)].loss == pytest.approx(log_loss(codes, clf.predict_proba(given), labels=range(10)), rel=1e-5)
    assert gradient_check(clf, given, codes, entries=5).tensorflow_error < 1e-9


def test_unknown_labels_and_lengths_are_refused():
    X, y = load_iris(return_X_y=True)
    clf = MLPClassifier((3,), learning_rate="cosine", max_iter=2).fit(X, y)
    with pytest.raises(TargetError, match=r"classes not in `self.classes_`.*\[0 1 2\].*\[7\]"):
        clf.loss_gradient(X[:1], [7])
    with pytest.raises(DataError, match="X has 2 rows, y has 1 labels"):
        clf.loss_gradient(X[:2], y[:1])
