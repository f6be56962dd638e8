"""The smallest change of a row: against formulas, every point of small grids, and the bounds of the data."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from strates import tabular_pipeline
from strates.attacks import TabularAttack
from strates.exceptions import DataError, ParameterError, TargetError

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "age": RNG.integers(18, 70, 120),
        "income": RNG.integers(10, 60, 120) * 1000,
        "rate": np.round(RNG.uniform(0, 5, 120), 1),
        "job": RNG.choice(["nurse", "clerk", "cook"], 120),
        "member": RNG.random(120) < 0.5,
        "since": pd.date_range("2020-01-01", periods=120),
        "note": [f"note {number}" for number in range(120)],
    }
)


class Formula:
    """A classifier of two classes, "no" and "yes", whose log-odds are a formula of the table."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, log_odds: Any) -> None:
        self.log_odds = log_odds
        self.calls: list[int] = []

    def predict_proba(self, X: pd.DataFrame) -> Any:
        self.calls.append(len(X))
        yes = 1 / (1 + np.exp(-np.asarray(self.log_odds(X), float)))
        return np.column_stack([1 - yes, yes])


def iqr(column: pd.Series[Any]) -> float:
    return float(column.quantile(0.75) - column.quantile(0.25))


# --- the smallest, by formula ---------------------------------------------------------------------


def test_distance_to_the_boundary_of_a_logistic_regression() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    X, y = X[50:], y[50:]
    clf = LogisticRegression(max_iter=1000).fit(X, y)
    others = list(X.columns[1:])
    result = TabularAttack(
        immutable=others, ranges={X.columns[0]: (-1000, 1000)}, steps={X.columns[0]: 0.0001}
    ).perturb(clf, X)
    expected = np.abs(clf.decision_function(X)) / np.abs(clf.coef_[0, 0]) / iqr(X[X.columns[0]])
    assert result.success.all()
    np.testing.assert_allclose(result.cost, expected, atol=0.0001 / iqr(X[X.columns[0]]))
    assert (result.cost >= expected - 1e-9).all()


def test_an_integer_crosses_by_the_first_whole_number() -> None:
    clf = Formula(lambda X: X["age"] - 40.5)
    result = TabularAttack().perturb(clf, TABLE)
    assert set(result.adversarial["age"]) == {40, 41}
    np.testing.assert_allclose(
        result.cost, np.where(TABLE["age"] > 40, TABLE["age"] - 40, 41 - TABLE["age"]) / iqr(TABLE["age"])
    )


def test_what_a_category_and_a_boolean_cost() -> None:
    clf = Formula(lambda X: np.where((X["job"] == "cook") & X["member"], 1.0, -1.0))
    result = TabularAttack(costs={"job": 2.5}).perturb(clf, TABLE)
    cook, member = TABLE["job"] == "cook", TABLE["member"]
    # into the class both must hold; out of it the cheaper is enough
    expected = np.where(cook & member, 1.0, 2.5 * ~cook + 1.0 * ~member)
    np.testing.assert_allclose(result.cost, expected)
    assert (result.to_frame()["n_changes"] == np.where(cook & member, 1, (~cook).astype(int) + ~member)).all()


def test_the_better_bargain_is_taken() -> None:
    # a scale of age is worth 1, one of income 3: whatever is lacking, income brings it for a third of the price
    clf = Formula(lambda X: X["age"] / iqr(TABLE["age"]) + 3 * X["income"] / iqr(TABLE["income"]) - 5)
    wide = {"age": (-1000, 1000), "income": (-1e6, 1e6)}
    result = TabularAttack(ranges=wide, steps={"age": 1, "income": 1}).perturb(clf, TABLE)
    lacking = np.abs(clf.log_odds(TABLE))
    np.testing.assert_allclose(result.cost, lacking / 3, atol=1.1 / iqr(TABLE["income"]))
    assert set(result.changes["column"]) == {"income"}


@pytest.mark.parametrize("max_changes", [2, 3])
@pytest.mark.parametrize("kind", ["tanh", "waves"])
def test_against_every_point_of_the_grid(kind: str, max_changes: int) -> None:
    rng = np.random.default_rng(3)
    X = pd.DataFrame(
        {"a": rng.integers(0, 21, 60), "b": rng.integers(0, 21, 60) / 10, "c": rng.choice(list("wxyz"), 60)}
    )
    grid = pd.DataFrame(
        itertools.product(range(X.a.min(), X.a.max() + 1), np.arange(21) / 10, "wxyz"), columns=list("abc")
    )
    grid = grid[grid["b"].between(X.b.min(), X.b.max())]
    ratios = []
    for seed in range(4):
        weights = np.random.default_rng(seed).normal(size=(7, 8))

        def log_odds(frame: pd.DataFrame, weights: Any = weights) -> Any:
            a, b = (frame["a"].to_numpy() - 10) / 6, (frame["b"].to_numpy() - 1) / 0.6
            c = np.stack([(frame["c"] == value).to_numpy() for value in "wxyz"], axis=1)
            if kind == "waves":
                return 1.5 * np.sin(2 * a + weights[6, 0]) + a * b + 0.7 * c @ weights[:4, 0]
            return 1.5 * np.tanh(np.column_stack([a, b, c]) @ weights[:6]) @ weights[6]

        clf = Formula(log_odds)
        result = TabularAttack(max_changes=max_changes).perturb(clf, X)
        answers, now = clf.predict_proba(grid).argmax(axis=1), clf.predict_proba(X).argmax(axis=1)
        for row in range(len(X)):
            apart = [grid["a"] != X.a[row], (grid["b"] - X.b[row]).abs() > 1e-9, grid["c"] != X.c[row]]
            price = (grid["a"] - X.a[row]).abs() / iqr(X.a) + (grid["b"] - X.b[row]).abs() / iqr(X.b) + apart[2]
            flipped = (answers != now[row]) & (np.sum(apart, axis=0) <= max_changes)
            assert result.success[row] == flipped.any()
            if flipped.any():
                ratios.append(result.cost[row] / price[flipped].min())
    ratios = np.array(ratios)
    assert len(ratios) > 150
    assert ratios.min() > 1 - 1e-9  # nothing is cheaper than the cheapest
    assert ratios.mean() < 1.01
    assert (ratios < 1 + 1e-9).mean() > 0.95


def test_what_is_found_flips_and_no_single_cell_can_be_taken_back() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = tabular_pipeline(LogisticRegression(max_iter=1000)).fit(X, y)
    result = TabularAttack().perturb(pipeline, X[::3], y[::3], reference=X)
    flipped = np.flatnonzero(result.success)
    assert len(flipped) > 40
    assert (pipeline.predict(result.adversarial)[flipped] != y[::3].to_numpy()[flipped]).all()
    np.testing.assert_allclose(pipeline.predict_proba(result.adversarial), result.probabilities, atol=1e-5)
    for _, cell in result.changes.iterrows():
        row = result.adversarial.loc[[cell["row"]]].copy()
        row[cell["column"]] = cell["from"]
        assert pipeline.predict(row)[0] == cell["class_before"]
        back = result.adversarial.loc[[cell["row"]]].copy()
        back[cell["column"]] = np.round(cell["to"] + 0.1 * np.sign(cell["from"] - cell["to"]), 1)
        assert pipeline.predict(back)[0] == cell["class_before"]  # nor made a step shorter


def test_numbers_among_several_changes_are_not_longer_than_needed() -> None:
    rng = np.random.default_rng(1)
    # most are 0, a few very large: its scale is small against its range
    gain = np.where(rng.random(200) < 0.9, 0, rng.integers(1, 100_000, 200))
    X = pd.DataFrame({"gain": gain, "job": rng.choice(["a", "b", "c"], 200), "age": rng.integers(18, 80, 200)})
    clf = Formula(lambda frame: frame["gain"] / 9_000 + 2.5 * (frame["job"] == "a") + frame["age"] / 40 - 7)
    result = TabularAttack().perturb(clf, X)
    several = result.to_frame()["n_changes"] > 1
    assert several.sum() > 100
    cells = result.changes[(result.changes["column"] != "job") & several.to_numpy()[result.changes["place"]]]
    assert len(cells) > 100
    for _, cell in cells.iterrows():
        back = result.adversarial.loc[[cell["row"]]].copy()
        back[cell["column"]] = cell["to"] + np.sign(cell["from"] - cell["to"])
        assert (clf.predict_proba(back)[0, 1] > 0.5) == (cell["class_before"] == "yes")


# --- the domain of the data -----------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), max_changes=st.integers(1, 4), small=st.booleans())
def test_nothing_leaves_the_domain(seed: int, max_changes: int, small: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 30
    X = pd.DataFrame(
        {
            "whole": rng.integers(-5, 6, n).astype(np.int8 if small else np.int64),
            "nullable": pd.array([None, *rng.integers(0, 9, n - 1).tolist()], dtype="Int64"),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 50, n)),
            "short": np.round(rng.normal(size=n), 2).astype(np.float32),
            "real": rng.normal(size=n),
            "word": rng.choice(["a", "b", None], n),
            "kind": pd.Categorical(rng.choice(["u", "v", "w"], n), categories=["u", "v", "w", "unseen"], ordered=True),
            "flag": pd.array(rng.choice([True, False, None], n), dtype="boolean"),
            "yes": rng.random(n) < 0.5,
            "date": pd.date_range("2024-01-01", periods=n),
            "still": rng.integers(0, 9, n),
            "up": rng.integers(0, 9, n),
            "tens": rng.integers(1, 40, n) * 10,
        },
        index=rng.permutation(n) + 100,
    )  # fmt: skip
    weights = rng.normal(size=11)

    def log_odds(frame: pd.DataFrame) -> Any:
        numbers = [frame[name].astype(float).fillna(0.0) for name in ("whole", "nullable", "gaps", "short", "real")]
        told = [frame["word"] == "a", frame["kind"] == "u", frame["flag"].fillna(False), frame["yes"]]
        columns = [
            *numbers,
            *(np.asarray(one, float) for one in told),
            frame["still"],
            frame["up"] - frame["tens"] / 40,
        ]
        return np.column_stack(columns) @ weights

    def ask(frame: pd.DataFrame) -> Any:
        assert frame.dtypes.equals(X.dtypes)
        return log_odds(frame)

    attack = TabularAttack(
        immutable=["still"], ranges={"whole": (-3, 3), "real": (None, 1.5)}, directions={"up": "increase"},
        max_changes=max_changes, beam_width=4,
    )  # fmt: skip
    result = attack.perturb(Formula(ask), X)
    after = result.adversarial
    pd.testing.assert_index_equal(after.index, X.index)
    assert after.dtypes.equals(X.dtypes)
    assert (after.isna() == X.isna()).all(axis=None)
    assert after[["date", "still"]].equals(X[["date", "still"]])
    differs = (after != X) & X.notna()
    assert (differs.fillna(False).sum(axis=1) == result.to_frame()["n_changes"]).all()
    assert (result.to_frame()["n_changes"] <= max_changes).all()
    bounds = {"whole": (-3, 3), "real": (float(X["real"].min()), 1.5)}
    for name in ("whole", "nullable", "gaps", "short", "real", "up", "tens"):
        low, high = bounds.get(name, (float(X[name].min()), float(X[name].max())))
        new = after.loc[differs[name].fillna(False), name].astype(float)
        assert new.between(low, high).all()
    assert (after["gaps"].dropna() % 1 == 0).all()
    assert (after["tens"] % 10 == 0).all()
    assert (np.round(after["short"], 2) == after["short"]).all()
    assert set(after["kind"]) <= set(X["kind"])
    assert set(after["word"].dropna()) <= {"a", "b"}
    assert (after["up"] >= X["up"]).all()
    # and it flips what it says that it flips, at the price that the table of changes adds up to
    assert (log_odds(after)[result.success] > 0).tolist() == (log_odds(X)[result.success] <= 0).tolist()
    added = result.changes.groupby("place")["cost"].sum()
    np.testing.assert_allclose(added.to_numpy(), result.cost[result.success])


def test_text_and_dates_stay_and_a_list_of_values_lets_text_change() -> None:
    clf = Formula(lambda X: np.where(X["note"] == "note 7", 1.0, -1.0))
    result = TabularAttack().perturb(clf, TABLE[:5], reference=TABLE)
    assert not result.success.any()
    assert result.adversarial.equals(TABLE[:5])
    allowed = TabularAttack(ranges={"note": ["note 7", "note 8"]}).perturb(clf, TABLE[:5], reference=TABLE)
    assert allowed.success.all()
    assert set(allowed.adversarial["note"]) == {"note 7"}


def test_ranges_of_the_reference_rule_and_rows_outside_may_come_in() -> None:
    clf = Formula(lambda X: X["age"] - 60.5)
    old = TABLE[:4].assign(age=[90, 95, 70, 20])
    young = TABLE[TABLE["age"] < 50]
    result = TabularAttack().perturb(clf, old, reference=young)
    # 49 is the oldest of the reference: the old come down to it, the young cannot reach 61
    assert result.adversarial["age"].tolist() == [young["age"].max()] * 3 + [20]
    assert result.success.tolist() == [True, True, True, False]


def test_one_direction_only() -> None:
    clf = Formula(lambda X: X["age"] - 40.5)
    result = TabularAttack(directions={"age": "increase"}).perturb(clf, TABLE)
    assert (result.success == (TABLE["age"] <= 40)).all()


def test_columns_described() -> None:
    attack = TabularAttack(immutable=["member"], directions={"age": "increase"}, costs={"job": 3})
    told = attack.describe_columns(TABLE).set_index("column")
    assert told["may"].to_dict() == {
        "age": "rise", "income": "rise and fall", "rate": "rise and fall", "job": "change", "member": "stay",
        "since": "stay", "note": "stay",
    }  # fmt: skip
    assert told.loc["income", "step"] == 1000
    assert told.loc["rate", "step"] == 0.1
    assert told.loc["job", "cost"] == 3
    assert float(told.loc["age", "unit"]) == pytest.approx(iqr(TABLE["age"]), rel=1e-3)


# --- targets, classes, results --------------------------------------------------------------------


@pytest.fixture(scope="module")
def iris() -> tuple[Any, pd.DataFrame, Any]:
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = load_iris().target_names[y]
    return LogisticRegression(max_iter=1000).fit(X, names), X, names


def test_a_target_is_reached_and_costs_no_less_than_any_class(iris: Any) -> None:
    clf, X, names = iris
    setosa = np.flatnonzero(names == "setosa")[::5]
    near = TabularAttack().perturb(clf, X.iloc[setosa], reference=X)
    far = TabularAttack(max_changes=4).perturb(clf, X.iloc[setosa], target="virginica", reference=X)
    assert far.success.all()
    assert set(far.predicted) == {"virginica"}
    assert far.target.tolist() == ["virginica"] * len(setosa)
    assert (far.cost >= near.cost - 1e-9).all()


def test_rows_that_are_wrong_are_counted_apart(iris: Any) -> None:
    clf, X, names = iris
    result = TabularAttack(max_changes=1).perturb(clf, X, names)
    wrong = clf.predict(X) != names
    assert wrong.any()
    assert (result.already_wrong == wrong).all()
    assert not result.success[wrong].any()
    assert np.isnan(result.cost[wrong]).all()
    assert (result.queries[wrong] == 0).all()
    assert result.adversarial[wrong].equals(X[wrong])
    assert result.clean_accuracy == (~wrong).mean()
    assert result.success_rate == result.success.sum() / (~wrong).sum()
    assert result.robust_accuracy == pytest.approx(result.clean_accuracy - result.success.mean())
    assert f"{wrong.sum()} of 150 were wrong before" in result.summary()


def test_sentences_and_changes() -> None:
    clf = Formula(lambda X: (30_500 - X["income"]) / 10_000 + np.where(X["job"] == "cook", 9.0, 0.0))
    X = TABLE[:2].assign(income=[31_000, 30_000], job=["nurse", "cook"]).set_axis(["Ann", "Bob"])
    result = TabularAttack(max_changes=2, costs={"job": 9}).perturb(clf, X, reference=TABLE)
    assert result.sentences()[0] == "row Ann: income 31,000 -> 30,000 flips the class (no -> yes, 0.49 -> 0.51)"
    bob = result.changes[result.changes["row"] == "Bob"]
    assert set(bob["column"]) == {"income", "job"}
    ann = result.changes.iloc[0]
    assert (ann["from"], ann["to"], ann["class_before"], ann["class_after"]) == (31_000, 30_000, "no", "yes")
    assert ann["probability_before"] == pytest.approx(1 / (1 + np.exp(0.05)))
    assert ann["probability_after"] == pytest.approx(1 / (1 + np.exp(-0.05)))
    assert ann["cost"] == pytest.approx(1000 / iqr(TABLE["income"]))
    assert result.sentences(1) == result.sentences()[:1]
    assert "flip the class" in result.sentences()[1]
    assert result.sentences()[0] in repr(result)


def test_an_array_of_numbers_comes_back_as_one() -> None:
    X, y = load_iris(return_X_y=True)
    clf = LogisticRegression(max_iter=1000).fit(X, y)
    result = TabularAttack(max_changes=2).perturb(clf, X[60:64], reference=X)
    assert isinstance(result.adversarial, np.ndarray)
    assert (clf.predict(result.adversarial) != clf.predict(X[60:64])).all()
    assert set(result.changes["column"]) <= {"x0", "x1", "x2", "x3"}


def test_many_rows_are_asked_about_in_few_calls() -> None:
    clf = Formula(lambda X: X["age"] / 20 + X["rate"] - 5 + (X["job"] == "cook") * X["income"] / 30_000)
    result = TabularAttack().perturb(clf, TABLE)
    assert result.queries.sum() == sum(clf.calls) - 2 * len(TABLE)  # before and after come on top
    assert len(clf.calls) < 60
    assert result.queries.min() > 20


def test_a_wide_table_is_looked_at_where_it_matters() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 80)), columns=[f"c{number}" for number in range(80)])
    clf = Formula(lambda frame: frame["c71"] + 0.05 * frame.sum(axis=1) + 0.1)
    result = TabularAttack(max_changes=1).perturb(clf, X)
    assert result.success.any()
    assert set(result.changes["column"]) == {"c71"}
    assert result.queries.max() < 2 * 80 + 32 * 40


def test_the_same_each_time_and_cloned() -> None:
    clf = Formula(lambda X: X["age"] / 20 + X["rate"] - 5)
    attack = TabularAttack(max_changes=2, immutable=["job"])
    first, again = attack.perturb(clf, TABLE[:20]), clone(attack).perturb(clf, TABLE[:20])
    pd.testing.assert_frame_equal(first.adversarial, again.adversarial)
    assert repr(clone(attack)) == "TabularAttack(immutable=['job'], max_changes=2)"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"max_changes": 0}, "max_changes=0 cannot be used"),
        ({"beam_width": 2.5}, "beam_width=2.5 cannot be used"),
        ({"immutable": "age"}, "immutable='age' is one text; expected a list"),
        ({"immutable": ["agee"]}, "immutable names column 'agee', which the table does not have. Did you mean 'age'"),
        ({"costs": {"age": 0}}, "costs gives 0 for column 'age'; expected a number above 0"),
        ({"steps": {"age": -1}}, "steps gives -1 for column 'age'"),
        ({"steps": {"age": 0.5}}, "steps gives 0.5 for column 'age', which holds integers"),
        ({"steps": {"job": 1}}, "steps names column 'job', which holds no numbers"),
        (
            {"directions": {"age": "up"}},
            "directions gives 'up' for column 'age'; expected \"increase\" or \"decrease\"",
        ),
        ({"directions": {"since": "increase"}}, "Column 'since' holds dates, which stay as they are"),
        ({"ranges": {"age": (50, 20)}}, r"ranges gives \(50, 20\) for column 'age'"),
        ({"ranges": {"age": 50}}, "ranges gives 50 for column 'age', which holds numbers"),
        ({"ranges": {"job": ["cok"]}}, "ranges allows 'cok' in column 'job', .* Did you mean 'cook'"),
        ({"immutable": list(TABLE.columns)}, "No column may change: 7 are immutable"),
    ],
)
def test_parameters_that_cannot_be_used(choices: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        TabularAttack(**choices).perturb(Formula(lambda X: X["age"] - 40), TABLE)


def test_data_that_do_not_belong_together() -> None:
    clf, attack = Formula(lambda X: X["age"] - 40), TabularAttack()
    with pytest.raises(DataError, match=r"other columns \(note\)"):
        attack.perturb(clf, TABLE, reference=TABLE.drop(columns="note"))
    with pytest.raises(DataError, match="the same in another order"):
        attack.perturb(clf, TABLE, reference=TABLE[TABLE.columns[::-1]])
    with pytest.raises(DataError, match="X has 120 rows and y has 3 labels"):
        attack.perturb(clf, TABLE, ["no", "no", "yes"])
    with pytest.raises(
        TargetError, match=r"target holds 'yess', which the classifier never learned. Did you mean 'yes'\?"
    ):
        attack.perturb(clf, TABLE, target="yess")
    with pytest.raises(TargetError, match=r"target is the class of .* of 120 rows already"):
        attack.perturb(clf, TABLE, target="yes")
    with pytest.raises(DataError, match=r"X has shape \(0, 7\)"):
        attack.perturb(clf, TABLE[:0])
    with pytest.raises(DataError, match="X has two columns 'age'"):
        attack.perturb(clf, pd.concat([TABLE, TABLE[["age"]]], axis=1))
    with pytest.raises(DataError, match=r"X has shape \(2, 3, 3\)"):
        attack.perturb(clf, np.zeros((2, 3, 3)))
    with pytest.raises(ParameterError, match="object has no predict_proba"):
        attack.perturb(object(), TABLE)
    with pytest.raises(DataError, match="240 values that are not finite"):
        attack.perturb(Formula(lambda X: X["age"] * np.nan), TABLE)
