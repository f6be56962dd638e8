"""The plan: probes that others reproduce, cases that were planted, and a check of the advice."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from strates import TransferClassifier
from strates.displays import TransferPlanDisplay
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection.intervals import paired_proportions_interval, wilson_interval
from strates.studies import TransferPlan, paired_differences, transfer_plan
from strates.studies.transfer_regime import EARLIER, MORE_ROWS, MUCH_BELOW

L = keras.layers


def squares(n_rows: int, seed: int = 0, noise: float = 0.0) -> tuple[Any, Any]:
    """Return rows whose class is whether their first two numbers have the same sign: no linear classifier sees it.

    A share of the labels is wrong: that much no number of rows can mend.
    """
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n_rows, 6)).astype(np.float32)
    same = (X[:, 0] * X[:, 1] > 0) != (rng.random(n_rows) < noise)
    return X, np.where(same, "same", "other")


def network(*, forgets: bool) -> keras.Model:
    """Return |x + y| and |x - y| in a first layer, whose difference is the class; a second one may lose them."""
    signs = np.array([[1, -1, 1, -1], [1, -1, -1, 1]], np.float32)
    first = np.zeros((6, 4), np.float32)
    first[:2] = signs
    second = np.zeros((4, 3), np.float32)
    if not forgets:
        second[:, :2] = [[1, 0], [1, 0], [0, 1], [0, 1]]
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(4, activation="relu", name="sums"),
            L.Dense(3, activation="relu", name="last"),
            L.Dense(2, activation="softmax", name="classes"),
        ]
    )
    model.get_layer("sums").set_weights([first, np.zeros(4)])
    model.get_layer("last").set_weights([second, np.zeros(3)])
    return model


@pytest.fixture(scope="module")
def near() -> TransferPlan:
    return transfer_plan(network(forgets=False), *squares(150), check=["features", "scratch"], seeds=range(3))


def test_probes_are_those_of_scikit_learn(near: TransferPlan) -> None:
    X, y = squares(150)
    spaces = {"input": X}
    for name in ("sums", "last"):
        model = network(forgets=False)
        spaces[name] = keras.Model(model.inputs[0], model.get_layer(name).output)(X).numpy()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    assert near.probes["layer"].tolist() == list(spaces)
    assert near.probes["n_kernels"].tolist() == [0, 1, 2]
    for one, values in zip(near.depths, spaces.values(), strict=True):
        scaled = StandardScaler().fit_transform(values.astype(float))
        found = cross_val_predict(LogisticRegression(C=0.1, tol=1e-6, max_iter=5000), scaled, y, cv=folds)
        assert one.accuracy == pytest.approx(accuracy_score(y, found), abs=1.01 / 150)  # a row on the border
        assert (one.low, one.high) == wilson_interval(round(one.accuracy * 150), 150)


def test_little_data_near(near: TransferPlan) -> None:
    assert (near.regime, near.strategy, near.layer) == ("little data, near", "features", None)
    assert near.code == "TransferClassifier(backbone, strategy='features')"
    assert near.advice[0].startswith("Near: the features of the Sequential tell more than the input does (+")
    rows = next(one for one in near.measures if one.question == MORE_ROWS)
    assert rows.high >= MUCH_BELOW


def test_where_nothing_is_wrong_a_flat_curve_is_no_reason_for_more_weights() -> None:
    plan = transfer_plan(network(forgets=False), *squares(1500), check=False)
    rows = next(one for one in plan.measures if one.question == MORE_ROWS)
    assert rows.high < MUCH_BELOW
    assert plan.depths[-1].accuracy > 0.98
    assert plan.regime == "little data, near"


def test_much_data_near() -> None:
    plan = transfer_plan(network(forgets=False), *squares(1500, noise=0.1), check=False)
    assert (plan.regime, plan.strategy) == ("much data, near", "fine_tune")
    assert plan.check is None
    assert plan.verdict == "The advice was not checked."


def test_far_is_where_the_last_layers_have_lost_what_tells_the_classes() -> None:
    plan = transfer_plan(network(forgets=True), *squares(150), check=False)
    assert (plan.regime, plan.strategy, plan.layer) == ("little data, far", "features", "sums")
    assert plan.code == "TransferClassifier(backbone, strategy='features', layer='sums')"
    clf = eval(plan.code, {"TransferClassifier": TransferClassifier, "backbone": network(forgets=True)})
    X, y = squares(150)
    assert clf.fit(X, y).score(*squares(200, seed=1)) > 0.9
    before = next((one for one in plan.measures if one.question == EARLIER), None)
    assert before is not None
    assert before.low > 0.2
    much = transfer_plan(network(forgets=True), *squares(1500, noise=0.1), check=False)
    assert (much.regime, much.strategy) == ("much data, far", "fine_tune")
    assert "unfreeze='all'" in much.code


def test_a_backbone_that_is_of_no_use() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 6)).astype(np.float32)
    y = (X[:, 5] > 0) != (rng.random(1200) < 0.1)  # what the network does not look at
    plan = transfer_plan(network(forgets=False), X, y, check=False)
    assert (plan.regime, plan.strategy) == ("much data, far", "scratch")
    assert "tell no more than the input does" in plan.advice[0]


def test_the_check_compares_on_the_same_rows(near: TransferPlan) -> None:
    check = near.check
    assert check is not None
    assert check["strategy"].tolist() == ["features"] * 3 + ["scratch"] * 3
    expected = paired_differences(check, {"strategy": "scratch"}, "test_accuracy").iloc[0]
    found = near.differences
    assert found is not None
    np.testing.assert_allclose(
        found[["mean", "low", "high"]].iloc[0].tolist(), expected[["mean", "low", "high"]].tolist()
    )
    frame = near.to_frame()
    assert frame["part"].value_counts().to_dict() == {"probe": 3, "difference": 3, "check": 2}
    text = repr(near)
    assert text.startswith("TransferPlan: little data, near (the Sequential, 150 rows)")
    assert near.advice[-1].split()[-1] in text
    assert near.verdict.split(":")[0] in text


def test_verdicts() -> None:
    plan = transfer_plan(network(forgets=False), *squares(60), check=False)

    def judged(*scores: tuple[str, list[float]]) -> str:
        rows = [{"strategy": n, "seed": i, "test_accuracy": v} for n, values in scores for i, v in enumerate(values)]
        return plan.with_check(pd.DataFrame(rows)).verdict

    features = ("features", [0.80, 0.82, 0.84])
    assert judged(features, ("scratch", [0.6, 0.61, 0.63])).startswith(
        "The check bears it out: features is better than"
    )
    assert "does not speak against it: fine_tune may be as good" in judged(features, ("fine_tune", [0.81, 0.82, 0.82]))
    better = judged(features, ("fine_tune", [0.90, 0.92, 0.941]))
    assert better.startswith("The check speaks against it: fine_tune is better by 10.0 points (9.9 to 10.2)")


def test_json_and_the_picture(near: TransferPlan) -> None:
    again = TransferPlan.from_dict(json.loads(json.dumps(near.to_dict())))
    assert again == near
    display = TransferPlanDisplay(near).plot()
    points = display.errorbars_[0]
    np.testing.assert_allclose(points.get_xdata(), near.probes["accuracy"])
    assert float(display.chosen_.get_xdata()[0]) == near.depths[-1].accuracy
    assert display.describe().startswith("Accuracy of a linear classifier by depth of the Sequential: input 0.")
    drawn = TransferPlanDisplay.from_estimator(network(forgets=True), *squares(150)).plot()
    assert drawn.chosen_text_.get_text() == "cut here"


def test_differences_are_agresti_and_mins(near: TransferPlan) -> None:
    rows = near.measures[0]
    right = {one.layer: round(one.accuracy * near.n_rows) for one in near.depths}
    assert rows.difference == pytest.approx((right["last"] - right["input"]) / near.n_rows)
    wide = paired_proportions_interval(right["last"], right["input"], near.n_rows)
    assert wide[0] <= rows.low <= rows.difference <= rows.high <= wide[1]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"n_depths": 1}, "n_depths=1 cannot be used: the input and the features are two"),
        ({"cv": 1}, "cv=1 cannot be used: a cross-validation needs 2 folds"),
        ({"check": ["feature"]}, r"check=\['feature'\] cannot be used: it is True, False, or some of features"),
    ],
)
def test_what_cannot_be_used(choices: Any, message: str) -> None:
    X, y = squares(40)
    with pytest.raises(ParameterError, match=message):
        transfer_plan(network(forgets=False), X, y, **choices)
    with pytest.raises(TargetError, match="y holds 1 classes"):
        transfer_plan(network(forgets=False), X, np.zeros(40))
    with pytest.raises(DataError, match="X has 40 rows, y has 3 labels"):
        transfer_plan(network(forgets=False), X, y[:3])
