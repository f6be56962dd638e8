"""What the command line takes of robustness for its report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris

from strates import CNNClassifier, LogisticRegression, tabular_pipeline
from strates.attacks import PGD
from strates.cli.robustness_view import image_robustness, table_robustness

X, Y = load_iris(return_X_y=True, as_frame=True)
NAMES = pd.Series(load_iris().target_names[Y], name="species")


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return tabular_pipeline(LogisticRegression(alpha=0.01)).fit(X[::2], NAMES[::2])


def test_changes_of_held_out_rows(pipeline: Any) -> None:
    found = table_robustness(pipeline, X[1::2], NAMES[1::2], X[::2], 0)["robustness"]
    assert found.n_rows == 75
    assert found.n_attacked == int((pipeline.predict(X[1::2]) == NAMES[1::2]).sum())
    assert 0 < found.n_small <= found.n_flipped <= found.n_attacked
    assert found.max_changes == 2
    assert found == table_robustness(pipeline, X[1::2], NAMES[1::2], X[::2], 0)["robustness"]


def test_few_of_many_rows_and_none_of_a_very_wide_table(pipeline: Any) -> None:
    many, labels = pd.concat([X] * 2, ignore_index=True), pd.concat([NAMES] * 2, ignore_index=True)
    assert table_robustness(pipeline, many, labels, X, 0)["robustness"].n_rows == 100
    wide = pd.DataFrame(np.zeros((30, 200)), columns=[f"c{number}" for number in range(200)])
    assert table_robustness(pipeline, wide, labels[:30], wide, 0) == {}


def test_nothing_may_change(pipeline: Any) -> None:
    assert table_robustness(pipeline, X[:30], NAMES[:30], X[:1], 0) == {}


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any, Any]:
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    clf = CNNClassifier((8,), max_iter=2, learning_rate="one_cycle", random_state=0).fit(images[:600], labels[:600])
    return clf, images[600:], labels[600:]


def test_curve_of_images(digits: Any) -> None:
    clf, images, labels = digits
    names = [f"{number}.png" for number in range(60)]
    found = image_robustness(clf, images[:60], labels[:60], names, 0)
    curve = found["robustness_curve"]
    assert curve["n_rows"].tolist() == [60] * len(curve)
    assert curve["accuracy"][0] == pytest.approx(clf.score(images[:60], labels[:60]))
    assert (np.diff(curve["accuracy"]) <= 0).all()
    # epsilon is told as a share of the range from 0 to 255
    attack = PGD(epsilon=0.05 * 255, steps=7, bounds=(0, 255), random_state=0)
    left = attack.perturb(clf, images[:60].astype(np.float32), labels[:60]).robust_accuracy
    assert curve.set_index("epsilon")["accuracy"].loc[0.05] == pytest.approx(left, abs=0.1)
    shown = found["attacked_pictures"]
    assert len(shown) == 4
    for one in shown:
        row = names.index(one.original.name)
        assert one.before == str(labels[row]) == str(clf.predict(images[[row]])[0])
        assert one.after != one.before
        assert one.factor >= 1 / (2 * 0.1) - 1e-3  # the change is at most the largest epsilon


def test_no_curve_of_a_network_too_large_for_a_quick_look(digits: Any) -> None:
    clf, _, labels = digits
    large = np.zeros((30, 2000, 2000, 1), np.uint8)
    assert image_robustness(clf, large, labels[:30], ["x"] * 30, 0) == {}
