"""Pictures of weights, judged by the numbers behind their pixels and bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.datasets import load_digits

from strates import LogisticRegression, MLPClassifier
from strates.datasets import moons
from strates.displays import WeightsDisplay
from strates.displays.weights import SIGNS
from strates.exceptions import ParameterError

DIGITS, LABELS = load_digits(n_class=4, return_X_y=True)


@pytest.fixture(scope="module")
def clf() -> Any:
    model = MLPClassifier((20,), solver="lbfgs", max_iter=30, tol=1.0, random_state=0).fit(DIGITS / 16, LABELS)
    weights = [np.array(one) for one in model.network_.get_weights()]
    weights[0][:16] = 0
    weights[0][:, 5] = 0  # the weakest unit
    model.network_.set_weights(weights)
    return model


@pytest.fixture(scope="module")
def display(clf: Any) -> WeightsDisplay:
    return WeightsDisplay.from_estimator(clf).plot()


def test_matrices_are_the_weights_on_a_scale_with_white_at_zero(clf: Any, display: WeightsDisplay) -> None:
    for matrix, kernel in zip(display.matrices_, clf.coefs_, strict=True):
        np.testing.assert_array_equal(np.asarray(matrix.get_array()), kernel)
        low, high = matrix.get_clim()
        assert -low == high == pytest.approx(np.abs(kernel).max())
        assert matrix.to_rgba(0.0)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    blue, vermilion = to_rgb("#0072B2"), to_rgb("#D55E00")
    assert SIGNS(1.0)[:3] == pytest.approx(blue)
    assert SIGNS(0.0)[:3] == pytest.approx(vermilion)


def test_histograms_count_every_weight_and_are_even_about_zero(clf: Any, display: WeightsDisplay) -> None:
    for bars, kernel in zip(display.histograms_, clf.coefs_, strict=True):
        assert sum(bar.get_height() for bar in bars) == kernel.size
        for bar in bars:
            left, right = bar.get_x(), bar.get_x() + bar.get_width()
            inside = ((kernel >= left + 1e-9) & (kernel < right - 1e-9)).sum()
            assert bar.get_height() == pytest.approx(inside, abs=2)
        edges = [bar.get_x() for bar in bars]
        assert edges[0] == pytest.approx(-(edges[-1] + bars[-1].get_width()))
        assert len(bars) % 2 == 1


def test_exact_zeros_are_told(clf: Any, display: WeightsDisplay) -> None:
    zeros = int((clf.coefs_[0] == 0).sum())
    assert zeros >= 16 * 20 + 48
    share = f"{100 * zeros / clf.coefs_[0].size:.0f} % exactly 0"
    texts = [text.get_text() for ax in display.figure_.axes for text in ax.texts]
    assert f"64 × 20, {share}" in texts
    assert share in display.describe()
    assert "20 × 4, none exactly 0" in texts


def test_the_sixteen_strongest_units_are_images_on_one_scale(clf: Any, display: WeightsDisplay) -> None:
    strength = np.linalg.norm(clf.coefs_[0], axis=0)
    assert display.image_units_ == sorted(np.argsort(-strength)[:16])
    assert 5 not in display.image_units_
    limits = {image.get_clim() for image in display.images_}
    assert len(limits) == 1
    for unit, image in zip(display.image_units_, display.images_, strict=True):
        np.testing.assert_array_equal(np.asarray(image.get_array()).ravel(), clf.coefs_[0][:, unit])
        assert image.axes.get_title() == f"unit {unit + 1}"
    assert WeightsDisplay.from_estimator(clf, image_shape=None).plot().images_ == []


def test_a_linear_classifiers_images_are_named_by_class() -> None:
    drawn = WeightsDisplay.from_estimator(LogisticRegression(alpha=0.1).fit(DIGITS / 16, LABELS)).plot()
    assert [image.axes.get_title() for image in drawn.images_] == ["0", "1", "2", "3"]


def test_images_with_colours_have_grey_for_zero() -> None:
    X = np.random.default_rng(0).normal(size=(40, 27))
    clf = LogisticRegression(alpha=0.1).fit(X, np.arange(40) % 2)
    drawn = WeightsDisplay.from_estimator(clf, image_shape=(3, 3, 3)).plot()
    (image,) = drawn.images_
    largest = np.abs(clf.coef_).max()
    expected = 0.5 + clf.coef_.reshape(3, 3, 3) / (2 * largest)
    np.testing.assert_allclose(np.asarray(image.get_array()), expected, atol=1e-6)


def test_deep_networks_show_the_first_seven_layers_and_the_last() -> None:
    clf = MLPClassifier((2,) * 10, solver="lbfgs", max_iter=5, tol=10.0, random_state=0).fit(*moons(40))
    drawn = WeightsDisplay.from_estimator(clf).plot()
    assert len(drawn.layers) == 11
    assert [one.name for one in drawn.shown] == [*(f"hidden_{i}" for i in range(1, 8)), "outputs"]
    assert len(drawn.matrices_) == 8


def test_pictures_are_part_of_the_page(display: WeightsDisplay) -> None:
    svg = display.to_svg()
    assert svg.count("data:image/png;base64,") >= 18  # two matrices, sixteen images
    assert "Weights of hidden_1 (64 × 20" in svg


def test_no_layer() -> None:
    with pytest.raises(ParameterError, match="There is no layer to draw"):
        WeightsDisplay([])
