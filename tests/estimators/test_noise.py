"""Noise in training: dropout left on to see what a network is sure of, and Gaussian noise on the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import entropy

from strates import LogisticRegression, MLPClassifier
from strates.datasets import moons
from strates.exceptions import ParameterError

X, Y = moons(n_samples=200, noise=0.2, random_state=0)
QUICK = {"learning_rate": "cosine", "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def dropped():
    return MLPClassifier((16,), dropout=0.5, **QUICK).fit(X, Y)


class TestMonteCarloDropout:
    def test_draws_are_those_of_masks_drawn_by_hand(self, dropped):
        """One hidden layer of 16 and a rate of 1/2: the mean and spread over masks, by NumPy's own masks."""
        w1, b1, w2, b2 = (np.asarray(w, float) for w in dropped.network_.get_weights())
        a = np.maximum(X[:20] @ w1 + b1, 0)
        masks = np.random.default_rng(0).random((20_000, 1, 16)) < 0.5
        p = expit((a * masks * 2) @ w2 + b2)[..., 0]
        found = dropped.predict_mc_dropout(X[:20], n_samples=3000, random_state=1)
        np.testing.assert_allclose(found.mean[:, 1], p.mean(axis=0), atol=5 * 0.5 / np.sqrt(3000))
        np.testing.assert_allclose(found.std[:, 1], p.std(axis=0), atol=0.03)

    def test_shapes_and_sums(self, dropped):
        found = dropped.predict_mc_dropout(X[:7], n_samples=9)
        assert found.samples.shape == (9, 7, 2)
        np.testing.assert_allclose(found.samples.sum(axis=2), 1, atol=1e-6)
        np.testing.assert_allclose(found.predictive_entropy, entropy(found.mean.T), atol=1e-6)
        inside = np.mean([entropy(draw.T) for draw in found.samples], axis=0)
        np.testing.assert_allclose(found.mutual_information, found.predictive_entropy - inside, atol=1e-6)
        assert (found.mutual_information >= 0).all()

    def test_equal_seeds_give_equal_draws(self, dropped):
        one = dropped.predict_mc_dropout(X[:5], n_samples=4, random_state=3).samples
        np.testing.assert_array_equal(one, dropped.predict_mc_dropout(X[:5], n_samples=4, random_state=3).samples)
        assert not np.array_equal(one, dropped.predict_mc_dropout(X[:5], n_samples=4, random_state=4).samples)
        assert len(np.unique(one[:, 0, 1])) > 1

    def test_batch_normalisation_stays_as_in_prediction(self):
        clf = MLPClassifier((8,), dropout=1e-6, batch_norm=True, **QUICK).fit(X, Y)  # a mask that drops next to nothing
        found = clf.predict_mc_dropout(X, n_samples=2)
        np.testing.assert_allclose(found.mean, clf.predict_proba(X), atol=1e-5)

    def test_multilabel(self):
        labels = np.column_stack([Y, 1 - Y, X[:, 0] > 0]).astype(int)
        clf = MLPClassifier((8,), dropout=0.3, **QUICK).fit(X, labels)
        assert clf.predict_mc_dropout(X[:4], n_samples=3).samples.shape == (3, 4, 3)

    def test_a_network_without_dropout_is_refused(self):
        clf = LogisticRegression(alpha=0.1).fit(X, Y)
        with pytest.raises(ParameterError, match=r"needs a network with dropout; this one has none.*dropout=0\.2"):
            clf.predict_mc_dropout(X)
        with pytest.raises(ParameterError, match="n_samples"):
            MLPClassifier((4,), dropout=0.5, **QUICK).fit(X, Y).predict_mc_dropout(X, n_samples=0)


class TestInputNoise:
    def test_noise_on_a_linear_model_is_a_ridge_penalty(self):
        """Bishop (1995): for small noise, E loss = loss + s^2/2 * mean p(1-p) * |w|^2, so weights shrink as with it."""
        sgd = {"solver": "sgd", "momentum": 0.0, "learning_rate": "cosine", "learning_rate_init": 0.5, "alpha": 0.0}
        rows, labels = np.tile(X, (20, 1)), np.tile(Y, 20)
        noisy = MLPClassifier((), input_noise=0.7, max_iter=150, random_state=0, **sgd).fit(rows, labels)
        plain = MLPClassifier((), max_iter=150, random_state=0, **sgd).fit(rows, labels)
        # the same objective by brute force: rows with noise written into them, many times over
        many = np.repeat(X, 200, axis=0) + 0.7 * np.random.default_rng(1).normal(size=(200 * len(X), 2))
        wanted = LogisticRegression(alpha=0.0).fit(many, np.repeat(Y, 200)).coef_.ravel()
        np.testing.assert_allclose(noisy.coefs_[0].ravel(), wanted, rtol=0.05)
        assert np.linalg.norm(plain.coefs_[0]) > 1.3 * np.linalg.norm(noisy.coefs_[0])

    def test_prediction_adds_none(self):
        clf = MLPClassifier((4,), input_noise=0.5, **QUICK).fit(X, Y)
        np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(X))
        w1, b1, w2, b2 = clf.network_.get_weights()
        p = expit(np.maximum(X @ w1 + b1, 0) @ w2 + b2)
        np.testing.assert_allclose(clf.predict_proba(X)[:, 1:], p, atol=1e-5)

    def test_fits_repeat_and_levels_share_one_trace(self):
        from strates.engine.program import count_traces

        one = MLPClassifier((5,), input_noise=0.3, **QUICK).fit(X, Y)
        before = count_traces()
        again = MLPClassifier((5,), input_noise=0.3, **QUICK).fit(X, Y)
        other = MLPClassifier((5,), input_noise=0.6, **QUICK).fit(X, Y)
        assert count_traces() == before
        np.testing.assert_array_equal(one.coefs_[0], again.coefs_[0])
        assert not np.array_equal(one.coefs_[0], other.coefs_[0])

    def test_it_stands_in_the_keras_network(self):
        clf = MLPClassifier((4,), input_noise=0.25, dropout=0.5, **QUICK).fit(X, Y)
        layer = clf.network_.get_layer("input_noise")
        assert (type(layer).__name__, layer.stddev) == ("GaussianNoise", 0.25)
        assert clf.transform(X).shape == (200, 4)

    def test_a_negative_level_is_refused(self):
        with pytest.raises(ParameterError, match="input_noise=-1"):
            MLPClassifier(input_noise=-1).fit(X, Y)
