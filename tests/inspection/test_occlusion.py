"""Occlusion, patch by patch by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, Perceptron
from strates.exceptions import DataError, ParameterError
from strates.inspection import occlusion_map

IRIS = load_iris(as_frame=True)


def test_every_patch_by_hand(digits: Any) -> None:
    clf, images, labels = digits
    found = occlusion_map(clf, images, labels, size=(3, 2), stride=(2, 2), fill=5.0)
    places = [(i, j) for i in (0, 2, 4, 5) for j in (0, 2, 4, 6)]  # the last rows' patches are moved inwards
    assert found.drops is not None
    assert found.drops.shape == (6, 4, 4)
    assert found.size == (3, 2)
    total, times = np.zeros((6, 8, 8)), np.zeros((8, 8))
    before = clf.predict_proba(images)[np.arange(6), labels]
    np.testing.assert_allclose(found.scores, before, rtol=1e-6)
    for k, (i, j) in enumerate(places):
        hidden = images.copy()
        hidden[:, i : i + 3, j : j + 2] = 5.0
        fall = before - clf.predict_proba(hidden)[np.arange(6), labels]
        np.testing.assert_allclose(found.drops.reshape(6, -1)[:, k], fall, atol=1e-6)
        total[:, i : i + 3, j : j + 2] += fall[:, None, None]
        times[i : i + 3, j : j + 2] += 1
    assert times.min() >= 1
    np.testing.assert_allclose(found.maps, total / times, atol=1e-6)
    np.testing.assert_array_equal(found.heat, found.maps)


def test_a_region_that_decides_is_found(planted: Any) -> None:
    """Hiding it takes the mark away; hiding anything else leaves the answer as it is."""
    found = occlusion_map(planted.clf, planted.marked, "marked", size=3, stride=1, fill=0.15)
    assert found.drops is not None
    assert (found.drops[:, 1, 6] > 0.9).all()  # the patch that covers the region
    assert (found.drops.reshape(6, -1).argmax(axis=1) // 10 <= 3).all()
    assert (np.abs(found.drops[:, 5:]) < 0.1).all()


def test_columns_of_a_table_one_by_one() -> None:
    clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(IRIS.data, IRIS.target)
    rows = clf[0].transform(IRIS.data)
    z = rows @ clf[-1].coef_.T + clf[-1].intercept_
    found = occlusion_map(clf, IRIS.data, IRIS.target)
    for column in range(4):
        hidden = z - rows[:, [column]] * clf[-1].coef_[:, column]
        p, q = (np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) for s in (z, hidden))
        fall = (p - q)[np.arange(150), IRIS.target]
        np.testing.assert_allclose(found.maps[:, column], fall, atol=1e-5)
    assert found.names == tuple(IRIS.feature_names)
    mean = occlusion_map(clf, IRIS.data, IRIS.target, fill="mean")  # of standardised columns: 0
    np.testing.assert_allclose(mean.maps, found.maps, atol=1e-5)


def test_log_odds_of_two_classes_are_linear() -> None:
    X, y = IRIS.data[50:], IRIS.target[50:]
    clf = LogisticRegression(alpha=0.1).fit(X, y)  # knows the columns by name
    found = occlusion_map(clf, X, 2, score="log_odds")
    np.testing.assert_allclose(found.maps, X.to_numpy() * clf.coef_[0], atol=2e-3)
    other = occlusion_map(clf, X, 1, score="log_odds")
    np.testing.assert_allclose(other.maps, -found.maps, atol=2e-3)


def test_log_odds_against_all_other_classes(digits: Any) -> None:
    clf, images, labels = digits
    p = clf.predict_proba(images)[np.arange(6), labels].astype(float)
    found = occlusion_map(clf, images, labels, score="log_odds")
    np.testing.assert_allclose(found.scores, np.log(p / (1 - p)), rtol=1e-3)


def test_steps_need_no_slope() -> None:
    X, y = IRIS.data[:100], IRIS.target[:100]
    clf = Perceptron(random_state=0).fit(X, y)
    found = occlusion_map(clf, X[:3], 0)
    before = clf.predict_proba(X[:3])[:, 0]
    for column in range(4):
        hidden = X[:3].copy()
        hidden.iloc[:, column] = 0.0
        np.testing.assert_allclose(found.maps[:, column], before - clf.predict_proba(hidden)[:, 0])


def test_each_image_is_filled_with_its_own_mean(digits: Any) -> None:
    clf, images, labels = digits
    together = occlusion_map(clf, images, labels, size=4, fill="mean")
    alone = occlusion_map(clf, images[1:2], labels[1], size=4, fill=images[1].mean())
    np.testing.assert_allclose(together.maps[1], alone.maps[0], atol=1e-6)


def test_refusals(digits: Any) -> None:
    clf, images, _ = digits
    with pytest.raises(ParameterError, match=r"A patch of \(9, 9\) pixels is larger than the images, \(8, 8\)"):
        occlusion_map(clf, images, size=9)
    with pytest.raises(ParameterError, match="fill='grey' cannot be used; expected a number, \"mean\" or an array"):
        occlusion_map(clf, images, fill="grey")
    with pytest.raises(ParameterError, match='score=\'logit\' cannot be used; expected "probability" or "log_odds"'):
        occlusion_map(clf, images, score="logit")
    table = LogisticRegression(alpha=1.0).fit(pd.DataFrame(IRIS.data), IRIS.target)
    with pytest.raises(DataError, match="size and stride are those of a patch of an image"):
        occlusion_map(table, IRIS.data[:2], size=2)
