"""What reaches an attack: pipelines that are affine, and the input that cannot be attacked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression as OtherClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from strates import LogisticRegression, MLPClassifier, Perceptron, tabular_pipeline
from strates.attacks import BIM, FGSM, PGD, Victim
from strates.exceptions import DataError, ParameterError, TargetError

X, Y = load_iris(return_X_y=True)
X32 = X.astype(np.float32)

AFFINE = [
    (StandardScaler(),),
    (StandardScaler(with_mean=False),),
    (StandardScaler(with_std=False),),
    (MinMaxScaler((-2, 3)),),
    (MaxAbsScaler(),),
    (RobustScaler(),),
    (RobustScaler(with_centering=False), MinMaxScaler()),
    (PCA(3),),
    (StandardScaler(), PCA(2, whiten=True), MaxAbsScaler()),
    (IncrementalPCA(2),),
    (TruncatedSVD(3, random_state=0),),
    (FunctionTransformer(),),
    ("passthrough", StandardScaler()),
    (make_pipeline(StandardScaler(), PCA(3)), MinMaxScaler()),
    # not known by name: asked
    (FunctionTransformer(lambda x: 3 * x - 1),),
    (SelectKBest(k=2),),
    (SimpleImputer(), StandardScaler()),
    (ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2])]),),
]
OTHERS = [
    PowerTransformer(), QuantileTransformer(n_quantiles=20), Normalizer(), MinMaxScaler(clip=True),
    FunctionTransformer(np.log1p),
]  # fmt: skip


@pytest.mark.parametrize("steps", AFFINE, ids=lambda steps: "-".join(type(s).__name__ for s in steps))
def test_the_model_takes_what_the_pipeline_takes(steps):
    clf = make_pipeline(*steps, LogisticRegression(alpha=0.01)).fit(X, Y)
    victim = Victim(clf, X)
    draw = np.random.default_rng(0)
    rows = (X + draw.normal(size=X.shape)).astype(np.float32)
    np.testing.assert_allclose(victim.model(rows), clf.predict_proba(rows), atol=2e-5)
    assert victim.is_differentiable


@pytest.mark.parametrize("step", OTHERS, ids=lambda step: type(step).__name__)
def test_a_step_that_is_not_affine_is_named(step):
    clf = make_pipeline(step, LogisticRegression(alpha=0.01)).fit(X, Y)
    assert not Victim(clf, X).is_differentiable
    name = clf.steps[0][0]
    with pytest.raises(ParameterError, match=rf"step '{name}' \({type(step).__name__}\) is not an affine map.*Square"):
        FGSM(bounds=None).perturb(clf, X, Y)
    # what the message says to do
    found = FGSM(bounds=None).perturb(clf[-1], clf[:-1].transform(X), Y)
    assert found.success_rate > 0


def test_raw_tables_are_for_other_attacks():
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 2]})
    clf = tabular_pipeline(LogisticRegression(alpha=0.01)).fit(table, Y)
    with pytest.raises(ParameterError, match=r"step 'table'|step 'scale'"):
        PGD(bounds=None).perturb(clf, table, Y)
    with pytest.raises(DataError, match=r"no number.*TabularAttack"):
        PGD(bounds=None).perturb(clf, table.assign(a="x"), Y)


def test_attack_through_a_pipeline_is_the_attack_of_the_composed_classifier():
    """Scaling by s and a classifier w are one linear classifier w/s: its margin says which rows fall."""
    X, y = load_breast_cancer(return_X_y=True)
    clf = make_pipeline(MinMaxScaler(), LogisticRegression(alpha=0.001)).fit(X, y)
    w = clf[-1].coef_[0] * clf[0].scale_
    f = (clf[0].transform(X) @ clf[-1].coef_[0] + clf[-1].intercept_[0]) * np.where(y == 1, 1, -1)
    epsilon = float(np.quantile(f, 0.6)) / np.linalg.norm(w)
    room = f - epsilon * np.linalg.norm(w)
    result = BIM(epsilon=epsilon, norm="l2", bounds=None).perturb(clf, X, y)
    clear = np.abs(room) > 2e-3
    assert 0.2 < (room > 0).mean() < 0.8
    np.testing.assert_array_equal((result.predicted == y)[clear], (room > 0)[clear])


def test_large_columns_that_vary_little_keep_their_digits():
    moved = X + np.array([1e5, 0, 0, 0])
    clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(moved, Y)
    victim = Victim(clf, moved)
    exact = clf.predict_proba(victim.rows.astype(np.float64))  # in float32 the scaler itself rounds its mean
    np.testing.assert_allclose(victim.model(victim.rows), exact, atol=2e-5)


def test_a_second_attack_of_a_pipeline_builds_nothing():
    clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, Y)
    whole = Victim(clf, X).model
    assert Victim(clf, X32[:3]).model is whole
    # ... unless the network or what is before it has changed
    other = make_pipeline(MinMaxScaler().fit(X), clf[-1])
    np.testing.assert_allclose(Victim(other, X).model(X32), other.predict_proba(X32), atol=2e-5)
    network = clf[-1].network_
    network.set_weights([2 * w for w in network.get_weights()])
    changed = Victim(other, X).model(X32)
    np.testing.assert_allclose(changed, other.predict_proba(X32), atol=2e-5)


def test_frames_lists_and_sparse_rows_are_rows():
    frame = pd.DataFrame(X, columns=list("abcd"))
    clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(frame, Y)
    attack = PGD(epsilon=0.3, bounds=None, random_state=0)
    result = attack.perturb(clf, frame, pd.Series(Y))
    plain = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, Y)
    for rows in (X, X.tolist(), sparse.csr_matrix(X)):
        net = plain if not sparse.issparse(rows) else plain[-1]
        found = attack.perturb(net, rows, Y)
        assert found.adversarial.shape == X.shape
    np.testing.assert_allclose(attack.perturb(plain, X, Y).adversarial, result.adversarial, atol=1e-6)


# --- what is counted ------------------------------------------------------------------------------


def test_rows_that_were_wrong_are_counted_apart():
    clf = LogisticRegression(alpha=0.01).fit(X, Y)
    wrong = clf.predict(X) != Y
    assert wrong.any()
    result = FGSM(epsilon=0.5, bounds=None).perturb(clf, X, Y)
    np.testing.assert_array_equal(result.already_wrong, wrong)
    np.testing.assert_array_equal(result.adversarial[wrong], X32[wrong])
    assert not result.success[wrong].any()
    assert not result.queries[wrong].any()
    right = ~wrong
    after = clf.predict(result.adversarial)
    assert result.success_rate == pytest.approx((after != Y)[right].mean())
    assert result.clean_accuracy == pytest.approx(right.mean())
    assert result.robust_accuracy == pytest.approx((right & (after == Y)).mean())
    frame = result.to_frame()
    assert frame["success"].sum() == result.success.sum()
    moved = result.adversarial.astype(np.float64) - X32
    np.testing.assert_allclose(frame["l1"], np.abs(moved).sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(frame["l0"], (moved != 0).sum(axis=1))
    assert f"{result.success.sum()} of {right.sum()} rows fooled" in repr(result)


def test_all_rows_wrong():
    clf = LogisticRegression(alpha=0.01).fit(X, Y)
    result = FGSM(bounds=None).perturb(clf, X[:10], np.full(10, 2))
    assert result.already_wrong.all()
    assert np.isnan(result.success_rate)
    assert result.robust_accuracy == 0
    assert "0 of 0 rows fooled (-)" in result.summary()


def test_without_y_the_predictions_are_attacked():
    labels = np.array(["a", "b", "c"])[Y]
    clf = LogisticRegression(alpha=0.01).fit(X, labels)
    result = PGD(epsilon=0.5, bounds=None, random_state=0).perturb(clf, X)
    np.testing.assert_array_equal(result.labels, clf.predict(X))
    assert not result.already_wrong.any()
    assert result.clean_accuracy == 1


def test_targets_one_a_row():
    labels = np.array(["a", "b", "c"])[Y]
    clf = LogisticRegression(alpha=0.001).fit(X, labels)
    target = np.where(labels == "b", "c", "b")
    result = PGD(epsilon=3.0, bounds=None, random_state=0).perturb(clf, X, labels, target=target)
    right = ~result.already_wrong
    np.testing.assert_array_equal(result.success[right], result.predicted[right] == target[right])
    assert result.success_rate > 0.95
    assert "brought to the target" in result.summary()


# --- what cannot be attacked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (PGD(epsilon=0), "epsilon=0 cannot be used: it is a positive, finite number, a distance in the units of X"),
        (PGD(epsilon=-1), "epsilon=-1 cannot"),
        (FGSM(epsilon=float("nan")), "epsilon=nan cannot"),
        (BIM(epsilon=float("inf")), "epsilon=inf cannot"),
        (PGD(epsilon="large"), "epsilon='large' cannot"),
        (PGD(epsilon=True), "epsilon=True cannot"),
        (PGD(norm="linff"), r"norm='linff' cannot be used. Did you mean 'linf'\? Known: linf, l2, l1"),
        (FGSM(norm=2), "norm=2 cannot"),
        (PGD(steps=0), "steps=0 cannot be used: it is a positive integer"),
        (BIM(steps=2.5), "steps=2.5 cannot"),
        (PGD(n_restarts=0), "n_restarts=0 cannot"),
        (PGD(step_size=0.0), 'step_size=0.0 cannot.*or "auto"'),
        (PGD(step_size="large"), "step_size='large' cannot"),
        (PGD(loss="hinge"), "loss='hinge' cannot be used.*cross_entropy"),
        (PGD(random_state=-3), "random_state=-3 cannot"),
        (PGD(bounds=(1, 0)), r"bounds=\(1, 0\) cannot be used: give \(low, high\)"),
        (PGD(bounds=3), "bounds=3 cannot"),
        (PGD(bounds=(np.zeros(3), np.ones(3))), r"row of shape \(4,\)"),
    ],
)
def test_parameters_that_cannot_be_used(attack, message):
    clf = LogisticRegression(alpha=0.01).fit(X / 10, Y)
    with pytest.raises(ParameterError, match=message):
        attack.perturb(clf, X / 10, Y)


@pytest.mark.parametrize(
    ("rows", "y", "target", "error", "message"),
    [
        (
            X * 30,
            Y,
            None,
            DataError,
            r"X holds values from 3 to 237, but this attack works in \[0, 1\]. Divide X by 255",
        ),
        (X * 2, Y, None, DataError, r"Divide X by 16, or pass bounds=\(0, 16\) \(None: no bounds\)"),
        (X - 5, Y, None, DataError, r"works in \[0, 1\]. Pass bounds that hold them, such as \(-4.9, 2.9\)"),
        (np.where(X > 7.8, np.nan, X) / 10, Y, None, (DataError, ValueError), "NaN or infinity, first in row 131"),
        (X[0] / 10, Y, None, (DataError, ValueError), "shape"),
        (X[:0], Y[:0], None, (DataError, ValueError), "one row or more"),
        (X[:, :3] / 10, Y, None, ValueError, "3 features"),
        (X / 10, Y[:5], None, TargetError, r"X has 150 rows, y has shape \(5,\). Give one label for each row"),
        (X / 10, Y + 1, None, TargetError, "y holds the label 3, which is not among the classes 0, 1, 2"),
        (X / 10, Y, 7, TargetError, "target holds the label 7, which is not among the classes 0, 1, 2"),
        (X / 10, Y, 1, TargetError, r"target is the class of 50 of 150 rows already \(row 50, 51"),
        (X / 10, Y, [1, 2], TargetError, "target has shape"),
    ],
)
def test_rows_that_cannot_be_attacked(rows, y, target, error, message):
    clf = LogisticRegression(alpha=0.01).fit(X / 10, Y)
    with pytest.raises(error, match=message):
        FGSM().perturb(clf, rows, y, target=target)


def test_bounds_by_column_name_the_column():
    clf = LogisticRegression(alpha=0.01).fit(X, Y)
    bounds = (X.min(axis=0), X.max(axis=0) - [0, 0, 1, 0])
    with pytest.raises(DataError, match=r"leave the bounds, first in column 2, where the values go from 1 to 6\.9"):
        FGSM(bounds=bounds).perturb(clf, X, Y)


def test_classifiers_without_slopes_name_the_attacks_that_work():
    step = Perceptron(random_state=0).fit(X[:100], Y[:100])
    with pytest.raises(ParameterError, match=r"A Perceptron answers in steps.*Square and TabularAttack"):
        PGD(bounds=None).perturb(step, X[:100], Y[:100])
    other = OtherClassifier(max_iter=1000).fit(X, Y)
    with pytest.raises(ParameterError, match=r"has no network_, and hence no gradient.*Square"):
        PGD(bounds=None).perturb(other, X, Y)


def test_several_answers_a_row_are_refused():
    many = np.column_stack([Y == 0, Y == 1]).astype(int)
    clf = MLPClassifier((4,), solver="lbfgs", max_iter=200, tol=0.1, random_state=0).fit(X, many)
    with pytest.raises(ParameterError, match="says yes or no to each of 2 labels"):
        PGD(bounds=None).perturb(clf, X, many)


def test_what_is_no_classifier():
    with pytest.raises(ParameterError, match="dict has no predict"):
        PGD(bounds=None).perturb({}, X, Y)
