"""Derivatives of scores against finite differences, linear models, and a region that decides."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron
from strates.backprop import rebuild
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError
from strates.inspection import saliency

METHODS = ["gradient", "gradient_x_input", "smooth_grad", "integrated_gradients"]
IRIS = load_iris(as_frame=True)


@pytest.fixture(scope="module")
def linear() -> Any:
    clf = LogisticRegression(alpha=0.01)
    return make_pipeline(StandardScaler(), clf).fit(IRIS.data, IRIS.target_names[IRIS.target])


# --- gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_the_gradient_is_what_finite_differences_say(digits: Any, score: str) -> None:
    clf, images, labels = digits
    rng = np.random.default_rng(0)
    rows = (images + rng.uniform(size=images.shape))[..., None]  # where pixels are equal, max-pooling has a kink
    found = saliency(clf, rows, labels, score=score)
    assert found.maps.shape == (6, 8, 8, 1)
    blackboard = rebuild(clf)

    def scores(rows: Any) -> Any:
        z = blackboard.forward(rows, labels).scores
        return (z if score == "logit" else softmax(z, axis=1))[np.arange(6), labels]

    np.testing.assert_allclose(found.scores, scores(rows), rtol=1e-4)
    for _ in range(5):
        direction, h = rng.normal(size=rows.shape), 1e-6
        slope = (scores(rows + h * direction) - scores(rows - h * direction)) / (2 * h)
        along = (found.maps * direction).reshape(6, -1).sum(axis=1)
        np.testing.assert_allclose(along, slope, rtol=1e-3, atol=1e-5)


def test_a_linear_models_gradient_is_its_coefficients(linear: Any) -> None:
    for k, label in enumerate(linear.classes_):
        found = saliency(linear, IRIS.data[:3], label)
        np.testing.assert_allclose(found.maps, np.tile(linear[-1].coef_[k], (3, 1)), rtol=1e-5)
        assert found.targets.tolist() == [label] * 3
    assert saliency(linear, IRIS.data[::50]).targets.tolist() == ["setosa", "versicolor", "virginica"]  # as predicted


def test_the_two_classes_of_one_logistic_unit_are_each_others_negative() -> None:
    X, y = IRIS.data.to_numpy()[50:], IRIS.target.to_numpy()[50:]
    clf = LogisticRegression(alpha=0.1).fit(X, y)
    first, second = (saliency(clf, X[:4], label) for label in (1, 2))
    np.testing.assert_allclose(first.maps, -second.maps)
    np.testing.assert_allclose(second.maps, np.tile(clf.coef_, (4, 1)), rtol=1e-5)
    np.testing.assert_allclose(second.scores, clf.decision_function(X[:4]), rtol=1e-4)
    shares = [saliency(clf, X[:4], label, score="probability").scores for label in (1, 2)]
    np.testing.assert_allclose(np.transpose(shares), clf.predict_proba(X[:4]), rtol=1e-5)


def test_a_region_that_decides_is_found(planted: Any) -> None:
    """It is 9 of 144 pixels: a sixteenth."""
    for method in METHODS:
        found = saliency(planted.clf, planted.marked, "marked", method=method)
        weight = np.abs(found.heat)
        inside = weight[(slice(None), *planted.region)].sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
        assert inside.mean() > 3 / 16, method
    shares = saliency(planted.clf, planted.marked, "marked", method="integrated_gradients").heat
    assert (shares[(slice(None), *planted.region)].sum(axis=(1, 2)) > 0).all()
    for image in shares:
        assert image.max() == image[planted.region].max()


# --- what is made of gradients --------------------------------------------------------------------


def test_gradient_times_input(linear: Any) -> None:
    found = saliency(linear, IRIS.data[:3], "setosa", method="gradient_x_input")
    rows = linear[0].transform(IRIS.data[:3])
    np.testing.assert_allclose(found.maps, rows * linear[-1].coef_[0], rtol=1e-4, atol=1e-6)


def test_smooth_gradients_approach_the_mean_over_the_cloud() -> None:
    """Of S = w tanh(x), the mean slope under noise of standard deviation s is an integral that quadrature gives."""
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="tanh"), keras.layers.Dense(1)])
    X, y = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 0.5], [-1.0, 0.0]]), np.array([0, 1, 0, 1])
    clf = NetworkClassifier(network, learning_rate="cosine", max_iter=1).fit(X, y)
    w = np.array([1.5, -2.0])
    clf.network_.set_weights([np.eye(2), np.zeros(2), w[:, None], np.zeros(1)])
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    slopes = np.array(
        [[np.sum(weights * (1 - np.tanh(x + 0.7 * points) ** 2)) / np.sqrt(2 * np.pi) for x in row] for row in X]
    )
    found = saliency(clf, X, 1, method="smooth_grad", noise=0.7, n_samples=4000).maps
    np.testing.assert_allclose(found, w * slopes, atol=0.05)
    exact = saliency(clf, X, 1, method="smooth_grad", noise=0.0, n_samples=3).maps
    np.testing.assert_allclose(exact, w * (1 - np.tanh(X) ** 2), rtol=1e-5)


def test_smooth_gradients_do_not_depend_on_the_company(digits: Any) -> None:
    clf, images, labels = digits
    alone = saliency(clf, images[2:3], labels[2], method="smooth_grad", n_samples=7, random_state=3)
    together = saliency(clf, images, labels, method="smooth_grad", n_samples=7, random_state=3)
    np.testing.assert_allclose(alone.maps[0], together.maps[2], atol=1e-6)
    other = saliency(clf, images, labels, method="smooth_grad", n_samples=7, random_state=4)
    assert not np.allclose(other.maps, together.maps)


def test_integrated_gradients_are_complete_on_a_linear_model_in_one_step(linear: Any) -> None:
    found = saliency(linear, IRIS.data, "virginica", method="integrated_gradients", n_steps=1)
    assert found.completeness is not None
    np.testing.assert_allclose(found.completeness.errors, 0, atol=1e-4)
    rows, coef = linear[0].transform(IRIS.data), linear[-1].coef_[2]
    np.testing.assert_allclose(found.maps, rows * coef, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.completeness.differences, rows @ coef, rtol=1e-3, atol=1e-4)


def test_the_midpoint_rule_by_hand() -> None:
    X, y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
    clf = MLPClassifier((6,), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=100, tol=1.0, random_state=0).fit(
        X, y
    )
    (W1, W2), (b1, _) = clf.coefs_, clf.intercepts_
    rows, start = X[::30], np.array([5.0, 3.0, 2.0, 1.0])
    for n_steps in (3, 100):
        total = np.zeros_like(rows)
        for k in range(n_steps):
            a = np.tanh((start + (k + 0.5) / n_steps * (rows - start)) @ W1 + b1)
            total += ((1 - a**2) * W2[:, 1]) @ W1.T
        found = saliency(clf, rows, 1, method="integrated_gradients", n_steps=n_steps, baseline=start, score="logit")
        np.testing.assert_allclose(found.maps, (rows - start) * total / n_steps, atol=1e-4)
    assert found.completeness is not None
    np.testing.assert_allclose(found.completeness.errors, 0, atol=1e-3)


def test_sums_and_differences_are_what_they_are_called(digits: Any) -> None:
    clf, images, labels = digits
    coarse, fine = (
        saliency(clf, images, labels, method="integrated_gradients", n_steps=n_steps) for n_steps in (64, 512)
    )
    for found in (coarse, fine):
        assert found.completeness is not None
        np.testing.assert_allclose(found.maps.reshape(6, -1).sum(axis=1), found.completeness.sums)
        at_black = saliency(clf, 0 * images, labels).scores
        np.testing.assert_allclose(found.completeness.differences, found.scores - at_black, atol=1e-5)
    assert fine.completeness is not None
    assert coarse.completeness is not None
    assert np.abs(fine.completeness.errors).max() < 0.01 < np.abs(fine.completeness.differences).max()
    assert np.abs(fine.completeness.errors).max() < np.abs(coarse.completeness.errors).max()


def test_another_baseline(digits: Any) -> None:
    clf, images, labels = digits
    given = saliency(clf, images, labels, method="integrated_gradients", baseline=images.mean(axis=0))
    flat = saliency(clf, images, labels, method="integrated_gradients", baseline=images.mean(axis=0).ravel())
    np.testing.assert_array_equal(given.maps, flat.maps)
    same = saliency(clf, images[:1], labels[:1], method="integrated_gradients", baseline=images[0])
    np.testing.assert_array_equal(same.maps, 0)


def test_incomplete_sums_are_told(planted: Any) -> None:
    with pytest.warns(
        StratesWarning, match=r"n_steps=1 sum to \S+ in row \d, where the score changes by \S+: .*n_steps=4\."
    ):
        saliency(planted.clf, planted.marked, "plain", method="integrated_gradients", n_steps=1, score="probability")


# --- forms of input -------------------------------------------------------------------------------


def test_images_in_every_form(digits: Any) -> None:
    clf, images, labels = digits
    found = saliency(clf, images, labels)
    for form in (images[..., None], images.reshape(6, 64), images.tolist()):
        np.testing.assert_array_equal(saliency(clf, form, labels).maps, found.maps)
    np.testing.assert_array_equal(found.heat, found.maps[..., 0])
    with pytest.raises(DataError, match=r"maps have shape \(6, 8, 8, 1\): images, which are looked at as such"):
        found.to_frame()


def test_colours_add_up_or_the_strongest_counts() -> None:
    rng = np.random.default_rng(0)
    network = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    X = rng.uniform(size=(8, 2, 2, 3))
    clf = NetworkClassifier(network, learning_rate="cosine", max_iter=1).fit(X, np.arange(8) % 2)
    w = np.asarray(clf.network_.get_weights()[0]).reshape(2, 2, 3)
    gradient = saliency(clf, X[:1], 1).heat[0]
    strongest = np.take_along_axis(w, np.abs(w).argmax(axis=2)[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(gradient, strongest, rtol=1e-5)
    shares = saliency(clf, X[:1], 1, method="integrated_gradients").heat[0]
    np.testing.assert_allclose(shares, (w * X[0]).sum(axis=2), rtol=1e-4)


def test_tables_are_told_by_column(linear: Any) -> None:
    table = saliency(linear, IRIS.data[:2], "setosa").to_frame()
    assert table.columns.tolist() == ["row", "target", "input", "value"]
    coef = dict(zip(IRIS.feature_names, linear[-1].coef_[0], strict=True))
    assert table["input"][:4].tolist() == sorted(coef, key=lambda name: -abs(coef[name]))
    np.testing.assert_allclose(table["value"], [coef[name] for name in table["input"]], rtol=1e-5)
    with pytest.raises(DataError, match=r"the rows are no images\. to_frame\(\) tells them by column"):
        _ = saliency(linear, IRIS.data[:2]).heat


def test_rows_of_pixels_are_laid_out() -> None:
    X = np.random.default_rng(0).uniform(size=(20, 12))
    clf = MLPClassifier((3,), learning_rate="cosine", max_iter=1, random_state=0).fit(X, np.arange(20) % 2)
    found = saliency(clf, X[:2])
    shown = found.as_images((3, 4))
    np.testing.assert_array_equal(shown.heat, found.maps.reshape(2, 3, 4))
    with pytest.raises(DataError, match=r"image_shape=\(5, 5\) has 25 numbers, the rows 12"):
        found.as_images((5, 5))


def test_a_subclassed_network_has_probabilities_only() -> None:
    class Own(keras.Model):
        def __init__(self, **choices: Any) -> None:
            super().__init__(**choices)
            self.dense = keras.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.dense(x)

    X = np.random.default_rng(0).normal(size=(12, 4))
    clf = NetworkClassifier(lambda shape, n: Own(), learning_rate="cosine", max_iter=1).fit(X, np.arange(12) % 3)
    with pytest.raises(
        ParameterError, match=r"logits of a Own, a subclass of keras.Model, cannot be read. Ask for score="
    ):
        saliency(clf, X[:2], 1)
    kernel = np.asarray(clf.network_.get_weights()[0])
    found = saliency(clf, X[:2], 1, score="probability")
    p = clf.predict_proba(X[:2])
    expected = p[:, 1:2] * (kernel[:, 1] - p @ kernel.T)
    np.testing.assert_allclose(found.maps, expected, atol=1e-6)


# --- refusals -------------------------------------------------------------------------------------


def test_refusals(linear: Any) -> None:
    X = IRIS.data[:2]
    with pytest.raises(ParameterError, match=r"method='smoothgrad' cannot be used. Did you mean 'smooth_grad'"):
        saliency(linear, X, method="smoothgrad")
    with pytest.raises(ParameterError, match='score=\'loss\' cannot be used; expected "logit" or "probability"'):
        saliency(linear, X, score="loss")
    with pytest.raises(ParameterError, match="n_steps=0 cannot be used: it is a positive integer"):
        saliency(linear, X, method="integrated_gradients", n_steps=0)
    with pytest.raises(ParameterError, match="noise=-1 cannot be used: it is a share of an image's range"):
        saliency(linear, X, method="smooth_grad", noise=-1)
    with pytest.raises(TargetError, match="rose"):
        saliency(linear, X, "rose")
    with pytest.raises(TargetError, match=r"target has shape \(3,\), X has 2 rows\. Give one label for all, one a row"):
        saliency(linear, X, ["setosa"] * 3)
    with pytest.raises(DataError, match=r"baseline cannot be laid over rows of shape \(4,\)"):
        saliency(linear, X, method="integrated_gradients", baseline=np.zeros(3))
    stepped = Perceptron().fit(IRIS.data[:100], IRIS.target[:100])
    with pytest.raises(ParameterError, match="A perceptron answers in steps, which have no slope between them"):
        saliency(stepped, X)
