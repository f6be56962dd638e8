"""Histograms of activations hold the counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from strates import MLPClassifier
from strates.displays import ActivationStatisticsDisplay
from strates.inspection import ActivationHistograms, activation_histograms


def histograms(n_layers: int, **columns: Any) -> ActivationHistograms:
    """Make histograms whose layer i has all its outputs in bin i of eight."""
    rows: dict[str, Any] = {"layer": [f"hidden_{i + 1}" for i in range(n_layers)], "mean": 0.0}
    rows |= {"std": 10.0 ** -np.arange(n_layers), "saturated": np.nan, "dead": np.nan}
    shares = np.eye(8)[np.arange(n_layers) % 8]
    return ActivationHistograms(pd.DataFrame(rows | columns), np.linspace(-1, 1, 9), shares, np.zeros(n_layers))


def test_each_layer_has_a_panel_on_one_scale() -> None:
    found = histograms(7)
    display = ActivationStatisticsDisplay(found).plot()
    assert [ax.get_title(loc="left") for ax in display.axes_] == found.statistics["layer"].tolist()
    assert {ax.get_xlim() for ax in display.axes_} == {(-1, 1)}
    for patch, shares in zip(display.steps_, found.shares, strict=True):
        np.testing.assert_array_equal(patch.get_data().values, shares)
        np.testing.assert_array_equal(patch.get_data().edges, found.edges)
    assert [text.get_text() for text in display.texts_[:4]] == ["std 1", "std 0.1", "std 0.01", "std 0.001"]


def test_ills_are_said() -> None:
    found = histograms(3, saturated=[0.92, 0.001, np.nan], dead=[np.nan, np.nan, 0.1])
    found = ActivationHistograms(found.statistics, found.edges, found.shares, np.array([0, 0, 0.5]))
    display = ActivationStatisticsDisplay(found).plot()
    assert [text.get_text() for text in display.texts_] == ["std 1, 92 % saturated", "std 0.1", "std 0.01, 10 % dead"]
    assert display.describe() == (
        "Activations of 3 hidden layers: hidden_1 std 1, 92 % saturated; hidden_2 std 0.1; "
        "hidden_3 std 0.01, 10 % dead, 50 % zero."
    )


def test_of_many_layers_ten_are_drawn() -> None:
    display = ActivationStatisticsDisplay(histograms(30)).plot()
    names = [ax.get_title(loc="left") for ax in display.axes_]
    assert len(names) == 10
    assert (names[0], names[-1]) == ("hidden_1", "hidden_30")


def test_a_layer_of_zeros_is_drawn_empty() -> None:
    found = histograms(2)
    dead = ActivationHistograms(found.statistics, found.edges, np.zeros((2, 8)), np.ones(2))
    display = ActivationStatisticsDisplay(dead).plot(Figure().subplots())
    assert display.axes_[0].get_ylim() == (0, 1)
    assert display.texts_[0].get_text() == "std 1, 100 % zero"


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_from_a_description_of_a_network(activation: str) -> None:
    X = np.random.default_rng(0).normal(size=(100, 20))
    clf = MLPClassifier((20, 10), activation, random_state=0)
    display = ActivationStatisticsDisplay.from_estimator(clf, X, n_bins=15)
    wanted = activation_histograms(clf, X, n_bins=15)
    np.testing.assert_array_equal(display.histograms.shares, wanted.shares)
    assert ("zero" in display.describe()) == (activation == "relu")
    assert "Activations by layer" in display.to_svg()
