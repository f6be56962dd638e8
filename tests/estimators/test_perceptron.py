"""Rosenblatt's perceptron against the rule by hand, scikit-learn, and Novikoff's bound."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

import strates
from strates import Perceptron
from strates._types import FittedNetwork
from strates.exceptions import DataError, ParameterError, TargetError

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def cancer() -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def by_hand(X: Any, y: Any, n_epochs: int) -> tuple[Any, Any, list[int]]:
    """Return weights, their mean over all visits, and mistakes an epoch: the rule as Rosenblatt wrote it."""
    rows, signs = np.c_[X, np.ones(len(X))], np.where(y == 1, 1, -1)
    w, seen, curve = np.zeros(rows.shape[1]), [], []
    for _ in range(n_epochs):
        count = 0
        for x, s in zip(rows, signs, strict=True):
            if s * (w @ x) <= 0:
                w = w + s * x
                count += 1
            seen.append(w)
        curve.append(count)
        if not count:
            break
    return w, np.mean(seen, axis=0), curve


@quiet
class TestRule:
    def test_equals_the_rule_by_hand(self, cancer: Any) -> None:
        X, y = cancer
        w, mean, curve = by_hand(X, y, 7)
        clf = Perceptron(shuffle=False, max_iter=7).fit(X, y)
        np.testing.assert_allclose(np.append(clf.coef_, clf.intercept_), w, atol=1e-9)
        assert clf.mistakes_curve_ == curve
        assert clf.n_mistakes_ == sum(curve)
        averaged = Perceptron(shuffle=False, max_iter=7, average=True).fit(X, y)
        np.testing.assert_allclose(np.append(averaged.coef_, averaged.intercept_), mean, atol=1e-9)
        assert averaged.mistakes_curve_ == curve

    def test_equals_scikit_learns(self, cancer: Any) -> None:
        X, y = cancer
        for n_epochs in (1, 20):
            clf = Perceptron(shuffle=False, max_iter=n_epochs, eta0=0.5).fit(X, y)
            theirs = sklearn.linear_model.Perceptron(shuffle=False, tol=None, max_iter=n_epochs, eta0=0.5).fit(X, y)
            np.testing.assert_allclose(clf.coef_, theirs.coef_, atol=1e-9)
            np.testing.assert_allclose(clf.intercept_, theirs.intercept_, atol=1e-9)
        averaged = Perceptron(shuffle=False, max_iter=5, average=True).fit(X, y)
        theirs = sklearn.linear_model.SGDClassifier(
            loss="perceptron",
            penalty=None,
            learning_rate="constant",
            eta0=1,
            average=True,
            shuffle=False,
            tol=None,
            max_iter=5,
        ).fit(X, y)
        np.testing.assert_allclose(averaged.coef_, theirs.coef_, atol=1e-9)

    def test_multiclass_is_one_against_the_rest(self) -> None:
        X, y = load_iris(return_X_y=True)
        clf = Perceptron(shuffle=False, max_iter=30).fit(X, y)
        theirs = sklearn.linear_model.Perceptron(shuffle=False, tol=None, max_iter=30).fit(X, y)
        np.testing.assert_allclose(clf.coef_, theirs.coef_, atol=1e-9)
        np.testing.assert_allclose(clf.decision_function(X), theirs.decision_function(X), atol=1e-8)
        assert (clf.predict(X) == theirs.predict(X)).all()
        assert clf.coef_.shape == (3, 4)

    def test_through_the_origin(self, cancer: Any) -> None:
        X, y = cancer
        clf = Perceptron(shuffle=False, max_iter=5, fit_intercept=False).fit(X, y)
        theirs = sklearn.linear_model.Perceptron(shuffle=False, tol=None, max_iter=5, fit_intercept=False).fit(X, y)
        np.testing.assert_allclose(clf.coef_, theirs.coef_, atol=1e-9)
        assert clf.intercept_.tolist() == [0]


class TestStopping:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("margin", [0.5, 0.05])
    def test_novikoffs_bound(self, seed: int, margin: float) -> None:
        rng = np.random.default_rng(seed)
        normal = rng.normal(size=5)
        normal /= np.linalg.norm(normal)
        X = rng.normal(size=(400, 5))
        X = X[np.abs(X @ normal) >= margin]
        y = (X @ normal > 0).astype(int)
        clf = Perceptron(random_state=seed, max_iter=100_000).fit(X, y)
        radius = np.sqrt((X**2).sum(axis=1) + 1).max()
        assert clf.n_mistakes_ <= (radius / margin) ** 2
        assert clf.mistakes_curve_[-1] == 0
        assert clf.n_iter_ == len(clf.mistakes_curve_)
        assert clf.score(X, y) == 1

    def test_data_that_no_plane_separates(self) -> None:
        X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        with pytest.warns(ConvergenceWarning, match=r"still made \d mistakes in epoch 50.*no plane.*average=True"):
            clf = Perceptron(max_iter=50, random_state=0).fit(X, y)
        assert clf.n_iter_ == 50
        X, y = load_iris(return_X_y=True)
        with pytest.warns(ConvergenceWarning, match=r"unfinished: classes 1"):
            Perceptron(max_iter=20, random_state=0).fit(X, y)

    @quiet
    def test_the_average_is_steadier(self) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(2000, 10))
        y = (X[:, 0] + rng.normal(size=2000) > 0).astype(int)
        plain = [
            Perceptron(max_iter=5, random_state=s).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) for s in range(5)
        ]
        averaged = [
            Perceptron(max_iter=5, random_state=s, average=True).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
            for s in range(5)
        ]
        assert min(averaged) > max(plain)
        assert np.mean(averaged) == pytest.approx(0.75, abs=0.03)  # the best there is: P(sign(z) = sign(z + e)) = 3/4


class TestContract:
    def test_network_answers_the_same(self) -> None:
        X, y = load_iris(return_X_y=True)
        two = Perceptron(random_state=0).fit(X[:100], y[:100])
        assert isinstance(two, FittedNetwork)
        np.testing.assert_array_equal(two.network_(X).numpy().ravel(), two.predict_proba(X)[:, 1])
        np.testing.assert_array_equal(two.predict_proba(X).argmax(axis=1), two.predict(X))
        with pytest.warns(ConvergenceWarning):
            three = Perceptron(random_state=0, max_iter=10).fit(X, y)
        np.testing.assert_array_equal(three.network_(X).numpy(), three.predict_proba(X))
        assert set(np.unique(three.predict_proba(X))) == {0, 1}
        np.testing.assert_array_equal(three.transform(X), X.astype(np.float32))

    def test_labels_frames_sparse_rows(self) -> None:
        X, y = load_iris(return_X_y=True, as_frame=True)
        X, names = X[:100], np.array(["setosa", "versicolor"])[y[:100]]
        clf = Perceptron(random_state=0).fit(X, names)
        assert clf.feature_names_in_.tolist() == clf.get_feature_names_out().tolist() == X.columns.tolist()
        assert clf.predict(X).tolist() == names.tolist()
        thin = Perceptron(random_state=0).fit(sparse.csr_array(X.to_numpy()), names)
        np.testing.assert_array_equal(thin.coef_, clf.coef_)
        assert thin.predict(sparse.csr_array(X.to_numpy())).tolist() == names.tolist()

    @quiet
    def test_saved_and_pickled(self, cancer: Any, tmp_path: Path) -> None:
        X, y = cancer
        clf = Perceptron(random_state=0, max_iter=5).fit(X, y)
        assert clf.network_ is clf.network_
        for again in (strates.load(strates.save(clf, tmp_path / "model")), pickle.loads(pickle.dumps(clf))):
            np.testing.assert_array_equal(again.decision_function(X), clf.decision_function(X))
            np.testing.assert_array_equal(again.network_(X).numpy(), clf.network_(X).numpy())

    @quiet
    def test_warm_start(self, cancer: Any) -> None:
        X, y = cancer
        clf = Perceptron(shuffle=False, max_iter=3, warm_start=True).fit(X, y)
        clf.fit(X, y)
        whole = Perceptron(shuffle=False, max_iter=6).fit(X, y)
        np.testing.assert_allclose(clf.coef_, whole.coef_, atol=1e-9)
        with pytest.raises(TargetError, match="same classes as in the previous call"):
            clf.fit(X, y + 1)

    def test_random_state(self, cancer: Any) -> None:
        X, y = cancer
        with pytest.warns(ConvergenceWarning):
            one, same, other = (Perceptron(random_state=s, max_iter=2).fit(X, y) for s in (0, 0, 1))
        np.testing.assert_array_equal(one.coef_, same.coef_)
        assert (one.coef_ != other.coef_).any()

    def test_refusals(self, cancer: Any) -> None:
        X, y = cancer
        with pytest.raises(ParameterError, match=r"eta0=0.*number in \(0, inf\)"):
            Perceptron(eta0=0).fit(X, y)
        with pytest.raises(ParameterError, match=r"max_iter=0.*at least 1"):
            Perceptron(max_iter=0).fit(X, y)
        with pytest.raises(DataError, match=r"569 rows, y has 5"):
            Perceptron().fit(X, y[:5])
        with pytest.raises(TargetError, match=r"multilabel.*fit one perceptron a column"):
            Perceptron().fit(X, np.c_[y, 1 - y])
        with pytest.raises(DataError, match="NaN"):
            Perceptron().fit(pd.DataFrame(X).mask(X > 3), y)
