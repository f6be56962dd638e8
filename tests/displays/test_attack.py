"""Pictures of attacks, judged by the numbers of their results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression

from strates import LogisticRegression
from strates.attacks import FGSM, PGD, AttackResult, DeepFool, TabularAttack, robustness_curve
from strates.displays import AttackDisplay, AttackPathDisplay, RobustnessCurveDisplay, TabularAttackDisplay
from strates.exceptions import DataError, ParameterError
from strates.inspection import decision_boundary

DIGITS, DIGIT = load_digits(return_X_y=True)
DIGITS = DIGITS / 16
IRIS, KIND = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def clf() -> Any:
    return LogisticRegression(alpha=0.01).fit(DIGITS[:600], DIGIT[:600])


@pytest.fixture(scope="module")
def result(clf: Any) -> AttackResult:
    found: AttackResult = FGSM(epsilon=0.1).perturb(clf, DIGITS[600:660], DIGIT[600:660])
    return found


# --- examples -------------------------------------------------------------------------------------


def test_images_the_change_and_its_factor(clf: Any, result: AttackResult) -> None:
    display = AttackDisplay.from_result(result, clf, image_shape=(8, 8)).plot()
    assert len(display.rows) == 4
    assert result.success[display.rows].all()
    assert len(set(result.labels[display.rows])) == 4
    for k, row in enumerate(display.rows):
        before, after = result.original[row].reshape(8, 8), result.adversarial[row].reshape(8, 8)
        np.testing.assert_allclose(display.originals_[k].get_array(), before, atol=1e-6)  # digits go from 0 to 1
        np.testing.assert_allclose(display.adversarials_[k].get_array(), after, atol=1e-6)
        # the largest change has full colour, which stands for half of the range
        assert display.factors[k] == pytest.approx(0.5 / result.distances["linf"][row], rel=1e-5)
        np.testing.assert_allclose(
            display.changes_[k].get_array(), (after - before) * display.factors[k] / 0.5, atol=1e-5
        )
        titles = [
            one.axes.get_title() for one in (display.originals_[k], display.changes_[k], display.adversarials_[k])
        ]
        p = [clf.predict_proba(one[row : row + 1])[0] for one in (result.original, result.adversarial)]
        assert titles[0] == f"{result.predicted_before[row]}: {100 * p[0].max():.0f} %"
        assert titles[1] == f"change × {display.factors[k]:.2g}"
        assert titles[2] == f"{result.predicted[row]}: {100 * p[1].max():.0f} %"
        names = [int(text.get_text()) for text in display.before_bars_[k][0].axes.get_yticklabels()]
        np.testing.assert_allclose([bar.get_width() for bar in display.before_bars_[k]], p[0][names], atol=1e-6)
        np.testing.assert_allclose([bar.get_width() for bar in display.after_bars_[k]], p[1][names], atol=1e-6)
    assert f"Row {row}: {titles[0]} before, {titles[2]} after a change of linf 0.1, l2" in display.describe()
    assert "shown 5 times" in display.describe()


def test_colours_are_kept_and_no_change_is_grey(result: AttackResult) -> None:
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (2, 4, 4, 3))
    changed = images.copy()
    changed[0, 1, 2, 0] = 1.0 if images[0, 1, 2, 0] < 0.5 else 0.0
    some = replace(
        result, original=images, adversarial=changed, labels=np.array(["a", "b"]), success=np.array([True, False]),
        distances={name: np.zeros(2) for name in ("l0", "l1", "l2", "linf")},
    )  # fmt: skip
    p = np.array([[0.4, 0.6], [0.6, 0.4]])
    display = AttackDisplay(some, p[:, ::-1], p, ["a", "b"]).plot()
    assert display.rows == [0]
    assert np.asarray(display.originals_[0].get_array()).shape == (4, 4, 3)
    picture = np.asarray(display.changes_[0].get_array())
    assert picture[1, 2, 0] in (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0))
    picture[1, 2, 0] = 0.5
    np.testing.assert_allclose(picture, 0.5)


def test_rows_of_numbers_have_bars_of_their_changes() -> None:
    clf = LogisticRegression(alpha=0.01).fit(IRIS, KIND)
    result = PGD(epsilon=0.7, steps=10, bounds=None).perturb(clf, IRIS[60:90], KIND[60:90])
    display = AttackDisplay.from_result(result, clf).plot()
    for k, row in enumerate(display.rows):
        delta = result.adversarial[row] - result.original[row]
        order = np.argsort(-np.abs(delta), kind="stable")
        np.testing.assert_allclose([bar.get_width() for bar in display.change_bars_[k]], delta[order], rtol=1e-5)
        labels = [text.get_text() for text in display.change_bars_[k][0].axes.get_yticklabels()]
        assert all(label.startswith(IRIS.columns[j][:15]) for label, j in zip(labels, order, strict=True))
    chosen = AttackDisplay.from_result(result, clf, rows=[3]).plot()
    assert len(chosen.change_bars_) == 1


def test_examples_that_cannot_be_drawn(clf: Any, result: AttackResult) -> None:
    with pytest.raises(ParameterError, match=r"image_shape=\(8, 9\) has 72 pixels, but the rows have 64"):
        AttackDisplay.from_result(result, clf, image_shape=(8, 9))
    with pytest.raises(DataError, match="There is no row to draw: 0 of 60 were fooled"):
        AttackDisplay.from_result(replace(result, success=np.zeros(60, dtype=bool)), clf)
    with pytest.raises(DataError, match="places from 0 to 59"):
        AttackDisplay.from_result(result, clf, rows=[60])


# --- curves ---------------------------------------------------------------------------------------


def test_curves_bands_and_levels(clf: Any) -> None:
    X, y = DIGITS[600:700], DIGIT[600:700]
    attacks = {"one step": FGSM(), "ten": PGD(steps=10, random_start=False)}
    display = RobustnessCurveDisplay.from_estimator(clf, X, y, attack=attacks, epsilons=[0.05, 0.1]).plot()
    for attack, line, band in zip(attacks.values(), display.lines_, display.bands_, strict=True):
        expected = robustness_curve(clf, X, y, attack, [0, 0.05, 0.1])
        np.testing.assert_allclose(line.get_xdata(), [0, 0.05, 0.1])
        np.testing.assert_allclose(line.get_ydata(), expected["accuracy"])
        corners = band.get_paths()[0].vertices[:, 1]
        assert corners.min() == pytest.approx(expected["low"].min())
        assert corners.max() == pytest.approx(expected["high"].max())
    accuracy = float(clf.score(X, y))
    assert display.clean_line_.get_ydata()[0] == pytest.approx(accuracy)
    assert display.chance_line_.get_ydata()[0] == pytest.approx(np.bincount(y).max() / 100)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["one step", "ten"]
    assert f"one step: {100 * accuracy:.1f} % at epsilon 0" in display.describe()
    markers = {line.get_marker() for line in display.lines_}
    assert len(markers) == 2  # told apart without colour


def test_one_curve_needs_no_legend() -> None:
    curve = pd.DataFrame({"epsilon": [0.2, 0.1], "accuracy": [0.4, 0.6], "low": [0.3, 0.5], "high": [0.5, 0.7]})
    display = RobustnessCurveDisplay(curve, units="pixels").plot()
    assert display.ax_.get_legend() is None
    assert display.clean_line_ is None
    assert display.chance_line_ is None
    np.testing.assert_allclose(display.lines_[0].get_xdata(), [0.1, 0.2])
    assert display.ax_.get_xlabel() == "epsilon, in pixels"
    assert display.describe() == "Accuracy under attack: 60.0 % at epsilon 0.1, 40.0 % at 0.2."
    assert RobustnessCurveDisplay(curve, clean=0.9).plot().clean_line_.get_ydata()[0] == 0.9


def test_curves_that_cannot_be_drawn(clf: Any) -> None:
    with pytest.raises(DataError, match="no column low, high"):
        RobustnessCurveDisplay(pd.DataFrame({"epsilon": [0], "accuracy": [1]}))
    with pytest.raises(DataError, match="The curve has 0 rows"):
        RobustnessCurveDisplay(pd.DataFrame(columns=["epsilon", "accuracy", "low", "high"]))
    with pytest.raises(ParameterError, match="attack names none"):
        RobustnessCurveDisplay.from_estimator(clf, DIGITS[:5], DIGIT[:5], attack={}, epsilons=[0.1])


# --- ways to the boundary -------------------------------------------------------------------------


def test_arrows_go_from_the_rows_to_where_they_were_moved() -> None:
    X = IRIS[["petal length (cm)", "petal width (cm)"]][50:]
    clf = LogisticRegression(alpha=0.01).fit(X, KIND[50:])
    result = DeepFool(bounds=None).perturb(clf, X[:8], KIND[50:58])
    display = AttackPathDisplay.from_estimator(clf, X, KIND[50:], result=result, resolution=40).plot()
    moved = np.flatnonzero(result.success)
    assert len(display.arrows_) == len(display.distances_) == len(moved) > 5
    weights, bias = clf.coef_[0], clf.intercept_[0]
    for arrow, text, row in zip(display.arrows_, display.distances_, moved, strict=True):
        start, end = (np.array(point) for point in arrow._posA_posB)
        np.testing.assert_allclose(start, X.iloc[row], rtol=1e-5)
        np.testing.assert_allclose(end, result.adversarial[row], rtol=1e-5)
        # the shortest way to a straight line is its normal
        distance = abs(X.iloc[row] @ weights + bias) / np.linalg.norm(weights)
        assert float(text.get_text()) == pytest.approx(distance, rel=0.05)
    assert f"{len(moved)} rows moved over the line" in display.describe()
    assert "way over the line, with its distance" in [text.get_text() for text in display.legend_.get_texts()]


def test_ways_of_a_table_attack_and_many_of_them() -> None:
    clf = SklearnLogisticRegression(max_iter=1000).fit(IRIS, KIND)
    result = TabularAttack(max_changes=1).perturb(clf, IRIS[50:100], KIND[50:100], reference=IRIS)
    features = ["petal length (cm)", "petal width (cm)"]
    display = AttackPathDisplay.from_estimator(clf, IRIS, KIND, result=result, features=features, resolution=30).plot()
    moved = np.flatnonzero(result.success)
    assert len(display.arrows_) == len(moved) > 12
    assert display.distances_ == []
    ends = np.array([arrow._posA_posB[1] for arrow in display.arrows_])
    np.testing.assert_allclose(ends, result.adversarial[features].to_numpy()[moved])
    assert f"{np.median(result.cost[moved]):.2g} far in the median (interquartile" in display.describe()
    assert "Arrows are shadows" in display.describe()


def test_ways_that_cannot_be_drawn() -> None:
    clf = SklearnLogisticRegression(max_iter=1000).fit(IRIS, KIND)
    result = TabularAttack(max_changes=1).perturb(clf, IRIS[50:52], reference=IRIS)
    boundary = decision_boundary(clf, IRIS, KIND, resolution=10)
    with pytest.raises(ParameterError, match="came from a file, without its plane"):
        AttackPathDisplay(boundary.compact(), result)
    with pytest.raises(DataError, match="moved no row over the boundary"):
        AttackPathDisplay(boundary, replace(result, success=np.zeros(2, dtype=bool)))


# --- tables ---------------------------------------------------------------------------------------


def test_bars_and_points_of_changes() -> None:
    clf = SklearnLogisticRegression(max_iter=1000).fit(IRIS, KIND)
    result = TabularAttack(immutable=["petal length (cm)"]).perturb(clf, IRIS[50:100], KIND[50:100], reference=IRIS)
    display = TabularAttackDisplay.from_result(result, n_rows=5).plot()
    cost = result.cost[display.shown]
    assert len(display.shown) == 5
    assert (np.diff(cost) >= 0).all()
    assert cost[0] == np.nanmin(result.cost)
    assert cost[-1] == np.nanmax(result.cost)
    cells = pd.concat(display.cells)
    np.testing.assert_allclose([bar.get_width() for bar in display.bars_], cells["cost"])
    firsts = [one.iloc[0] for one in display.cells]
    np.testing.assert_allclose(display.before_.get_xdata(), [one["probability_before"] for one in firsts])
    np.testing.assert_allclose(display.after_.get_xdata(), [one["probability_after"] for one in firsts])
    assert (
        display.heads_[0].get_text()
        == f"row {firsts[0]['row']}: {firsts[0]['class_before']} → {firsts[0]['class_after']}"
    )
    label = display.bars_[0].axes.get_yticklabels()[0].get_text()
    assert label == f"{firsts[0]['column'][:20]}  {firsts[0]['from']:g} → {firsts[0]['to']:g}"
    assert result.sentences()[0][1:] in display.describe()
    assert "<svg" in display.to_svg()


def test_no_change_to_draw() -> None:
    clf = SklearnLogisticRegression(max_iter=1000).fit(IRIS, KIND)
    result = TabularAttack(max_changes=1).perturb(clf, IRIS[50:52], reference=IRIS)
    with pytest.raises(DataError, match="No row was flipped"):
        TabularAttackDisplay(replace(result, success=np.zeros(2, dtype=bool)))
