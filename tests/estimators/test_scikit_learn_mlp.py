"""What scikit-learn 1.9 tests of its own MLPClassifier, asked of ours.

Each test states an intent of ``sklearn/neural_network/tests/test_mlp.py`` in public terms. Where scikit-learn looks
at private attributes, the public ones that say the same stand here: ``learning_rate_curve_`` for the optimizer's rate,
``network_.set_weights`` for assigning ``coefs_`` and ``intercepts_``.
"""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.datasets import load_digits, load_iris, make_classification, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import LabelBinarizer

from strates import MLPClassifier
from strates.engine.lbfgs import objective
from strates.exceptions import DivergenceError

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def raw_digits() -> Any:
    return load_digits(n_class=3, return_X_y=True)


@pytest.fixture(scope="module")
def raw_iris() -> Any:
    return load_iris(return_X_y=True)


@quiet
def test_a_larger_alpha_shrinks_every_layer(digits: Any) -> None:
    X, y = (a[:100] for a in digits[2])
    small, large = (MLPClassifier(10, alpha=alpha, random_state=1).fit(X, y).coefs_ for alpha in (0.0, 1.0))
    for a, b in zip(small, large, strict=True):
        assert np.abs(a).sum() > np.abs(b).sum()


@quiet
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_one_step_of_gradient_descent_worked_out_by_hand(method: str) -> None:
    X, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    settings: dict[str, Any] = {
        "hidden_layer_sizes": 2, "solver": "sgd", "learning_rate_init": 0.1, "alpha": 0.1, "activation": "logistic",
        "momentum": 0.0, "max_iter": 1, "warm_start": True, "random_state": 1,
    }  # fmt: skip
    W1, b1 = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0.0]]), np.array([0.1, 0.1])
    W2, b2 = np.array([[0.1], [0.2]]), np.array([1.0])
    clf = MLPClassifier(**settings)
    clf.partial_fit(X, y, classes=[0, 1])  # makes the network
    clf.network_.set_weights([W1, b1, W2, b2])
    if method == "partial_fit":
        clf.partial_fit(X, y)
    else:  # fit wants both classes: a second row of no weight
        clf.fit(np.vstack([X, X]), [0, 1], sample_weight=[1, 0])
    h = expit(X @ W1 + b1)
    np.testing.assert_allclose(h, [[0.679178699175393, 0.574442516811659]])
    out = expit(h @ W2 + b2)
    np.testing.assert_allclose(out, [[0.76543]], atol=1e-4)
    delta2 = out  # minus the target, 0
    delta1 = delta2 @ W2.T * h * (1 - h)
    expected = [
        W1 - 0.1 * (X.T @ delta1 + 0.1 * W1), b1 - 0.1 * delta1[0], W2 - 0.1 * (h.T @ delta2 + 0.1 * W2),
        b2 - 0.1 * delta2[0],
    ]  # fmt: skip
    for a, b in zip(clf.network_.get_weights(), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    # the numbers that scikit-learn's worked example ends in, to its three places
    np.testing.assert_allclose(
        clf.coefs_[0], [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]], atol=1.5e-3
    )
    np.testing.assert_allclose(clf.coefs_[1], [[0.04706], [0.154089]], atol=1.5e-3)
    np.testing.assert_allclose(clf.intercepts_[0], [0.098333, 0.09626], atol=1.5e-3)
    np.testing.assert_allclose(clf.intercepts_[1], [0.9235], atol=1.5e-3)
    assert clf.predict_proba(X)[0, 1] == pytest.approx(0.739, abs=1.5e-3)


@quiet
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_labels", [2, 3])
def test_the_gradient_is_that_of_finite_differences(activation: str, n_labels: int) -> None:
    X = np.random.RandomState(42).rand(5, 10)
    y = 1 + np.mod(np.arange(5) + 1, n_labels)
    clf = MLPClassifier(10, solver="lbfgs", activation=activation, alpha=1e-5, max_iter=1, random_state=1).fit(X, y)
    goal = objective(clf._architecture, clf._kind)
    targets = LabelBinarizer().fit_transform(y).astype(np.float32) if n_labels == 2 else (y - 1).astype(np.int32)
    blocks = [(X, targets, np.full(5, 0.2))]
    point = goal.pack(clf.network_.get_weights())
    _, gradient, _ = goal.value_and_gradient(point, blocks, 0.0)
    steps = 1e-5 * np.eye(len(point))
    numeric = [
        (goal.value_and_gradient(point + s, blocks, 0.0)[0] - goal.value_and_gradient(point - s, blocks, 0.0)[0]) / 2e-5
        for s in steps
    ]
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)


@quiet
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_class", [2, 3])
class TestLbfgs:
    def test_learns_digits(self, digits: Any, n_class: int, activation: str) -> None:
        X, y = digits[n_class]
        clf = MLPClassifier(50, solver="lbfgs", max_iter=150, random_state=1, activation=activation)
        clf.fit(X[:150], y[:150])
        assert clf.score(X[:150], y[:150]) > 0.95
        answer = clf.predict(X[150:])
        assert (answer.shape[0], answer.dtype.kind) == (50, y.dtype.kind)

    def test_max_fun_limits_it(self, digits: Any, n_class: int, activation: str) -> None:
        clf = MLPClassifier(50, solver="lbfgs", max_iter=150, max_fun=10, random_state=1, activation=activation)
        with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
            clf.fit(*digits[n_class])
        assert clf.n_iter_ <= 10


@quiet
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_warm_starts_go_on_with_the_rate(learning_rate: str) -> None:
    X, y = [[3, 2], [1, 6], [5, 6], [-2, -4]], [1, 1, 1, 0]
    clf = MLPClassifier(4, solver="sgd", learning_rate=learning_rate, max_iter=1, power_t=0.25, warm_start=True)
    for _ in range(3):
        clf.fit(X, y)
    # the rate that an epoch is taken with: rows seen before it are 0, 4, 8
    expected = [1e-3 if learning_rate == "constant" else 1e-3 / (4 * i + 1) ** 0.25 for i in range(3)]
    np.testing.assert_allclose(clf.learning_rate_curve_, expected)


@pytest.fixture(scope="module")
def multilabel() -> Any:
    return make_multilabel_classification(n_samples=50, random_state=0, return_indicator=True)


LOGISTIC: dict[str, Any] = {
    "hidden_layer_sizes": 50, "alpha": 1e-5, "max_iter": 150, "random_state": 0, "activation": "logistic",
    "learning_rate_init": 0.2,
}  # fmt: skip


@quiet
class TestMultilabel:
    def test_fit(self, multilabel: Any) -> None:
        assert MLPClassifier(solver="lbfgs", **LOGISTIC).fit(*multilabel).score(*multilabel) > 0.97

    def test_partial_fit(self, multilabel: Any) -> None:
        clf = MLPClassifier(solver="sgd", **LOGISTIC)
        for _ in range(100):
            clf.partial_fit(*multilabel, classes=[0, 1, 2, 3, 4])
        assert clf.score(*multilabel) > 0.9

    def test_early_stopping_splits_without_strata(self, multilabel: Any) -> None:
        MLPClassifier(early_stopping=True).fit(*multilabel).predict(multilabel[0])

    def test_probabilities_do_not_sum_to_one(self, multilabel: Any) -> None:
        X, Y = multilabel
        clf = MLPClassifier(30, solver="lbfgs", random_state=0).fit(X, Y)
        p, log_p = clf.predict_proba(X), clf.predict_log_proba(X)
        assert p.shape == Y.shape
        np.testing.assert_array_equal(p > 0.5, Y)
        assert ((p.sum(axis=1) - 1) ** 2).sum() > 1e-10
        np.testing.assert_array_equal(p.argmax(axis=1), log_p.argmax(axis=1))
        np.testing.assert_allclose(log_p, np.log(p), rtol=1e-5)


class TestPartialFit:
    def test_other_classes_later(self) -> None:
        clf = MLPClassifier(solver="sgd").partial_fit([[3, 2]], [0], classes=[0, 1])
        with pytest.raises(ValueError, match=r"is not the same as on last call to partial_fit"):
            clf.partial_fit([[3, 2]], [0], classes=[1, 2])

    @quiet
    @pytest.mark.parametrize("n_class", [2, 3])
    @pytest.mark.parametrize("momentum", [0, 0.9])
    def test_a_hundred_equal_a_fit(self, digits: Any, n_class: int, momentum: float) -> None:
        X, y = digits[n_class]
        settings: dict[str, Any] = {
            "solver": "sgd", "random_state": 1, "tol": 0, "alpha": 1e-5, "learning_rate_init": 0.2,
            "momentum": momentum,
        }  # fmt: skip
        whole = MLPClassifier(max_iter=100, **settings).fit(X, y)
        parts = MLPClassifier(**settings)
        for _ in range(100):
            parts.partial_fit(X, y, classes=np.unique(y))
        np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
        np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-4)
        assert parts.score(X, y) > 0.95

    def test_classes_that_come_later(self) -> None:
        clf = MLPClassifier(random_state=0)
        clf.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
        clf.partial_fit([[4]], ["d"])
        assert clf.score([[1], [2], [3], [4]], ["a", "b", "c", "d"]) > 0

    def test_errors(self) -> None:
        with pytest.raises(ValueError, match=r"classes not in|one class only"):
            MLPClassifier(solver="sgd").partial_fit([[3, 2], [1, 6]], [1, 0], classes=[2])
        assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")

    def test_after_a_fit_with_early_stopping(self, raw_iris: Any) -> None:
        clf = MLPClassifier(early_stopping=True, random_state=0).fit(*raw_iris)
        with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
            clf.partial_fit(*raw_iris)

    def test_after_joblib(self, tmp_path: Any) -> None:
        X, y = np.array([[2.0], [-2.0]]), np.array([0, 1])
        clf = MLPClassifier((42,), random_state=42, learning_rate_init=0.01, max_iter=200, tol=1e-2).fit(X, y)
        joblib.dump(clf, tmp_path / "mlp.joblib")
        loaded = joblib.load(tmp_path / "mlp.joblib")
        for _ in range(200):
            loaded.partial_fit(X, 1 - y)  # it learns the opposite
        np.testing.assert_array_equal(loaded.predict(X), 1 - y)
        np.testing.assert_array_equal(clf.predict(X), y)


def test_values_that_are_too_large_to_compute_with() -> None:
    rng = np.random.RandomState(0)
    X, y = np.finfo(np.float64).max * rng.uniform(size=(10, 2)), rng.randint(0, 2, 10)
    with pytest.raises(ValueError, match=r"infinity or a value too large for dtype\('float32'\)"):
        MLPClassifier().fit(X, y)
    with pytest.raises(DivergenceError, match="scale the inputs"):  # within float32, and too large to learn from
        MLPClassifier(solver="sgd").fit(1e30 * rng.uniform(size=(10, 2)), y)


@quiet
class TestProbabilities:
    def test_of_two_classes(self, digits: Any) -> None:
        X, y = (a[:50] for a in digits[2])
        clf = MLPClassifier(5, activation="logistic", random_state=1).fit(X, y)
        self.check(clf, X, 2)
        assert roc_auc_score(y, clf.predict_proba(X)[:, 1]) == 1.0

    def test_of_three(self, digits: Any) -> None:
        X, y = (a[:10] for a in digits[3])
        self.check(MLPClassifier(5).fit(X, y), X, 3)

    @staticmethod
    def check(clf: Any, X: Any, n_classes: int) -> None:
        p, log_p = clf.predict_proba(X), clf.predict_log_proba(X)
        assert p.shape == (len(X), n_classes)
        np.testing.assert_array_equal(p.argmax(axis=1), log_p.argmax(axis=1))
        np.testing.assert_allclose(log_p, np.log(p), rtol=1e-5)


@quiet
def test_shuffling_matters_and_repeats() -> None:
    X, y = make_classification(n_samples=50, n_features=5, random_state=0)

    def fit(shuffle: bool) -> Any:
        return MLPClassifier(1, max_iter=1, batch_size=1, random_state=0, shuffle=shuffle).fit(X, y).coefs_[0]

    for shuffle in (True, False):
        np.testing.assert_array_equal(fit(shuffle), fit(shuffle))
    assert (fit(True) != fit(False)).any()


@quiet
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_and_dense_rows_give_one_answer(digits: Any, container: Any) -> None:
    X, y = (a[:50] for a in digits[2])
    clf = MLPClassifier(15, solver="lbfgs", random_state=1)
    dense = clf.fit(X, y).predict(X)
    np.testing.assert_array_equal(clf.fit(container(X), y).predict(container(X)), dense)
    np.testing.assert_array_equal(clf.predict(X), clf.predict(container(X)))


TWO_ROWS: Any = ([[3, 2], [1, 6]], [1, 0])


def test_tolerance_ends_the_fit() -> None:
    clf = MLPClassifier(tol=0.5, max_iter=3000, solver="sgd").fit(*TWO_ROWS)
    assert clf.n_iter_ < 3000


@quiet
def test_verbose_prints_iterations(capsys: pytest.CaptureFixture[str]) -> None:
    clf = MLPClassifier(2, solver="sgd", max_iter=2, verbose=10).fit(*TWO_ROWS)
    assert capsys.readouterr().out.count("Iteration") == 2
    clf.partial_fit(*TWO_ROWS)
    assert "Iteration 3" in capsys.readouterr().out


class TestEarlyStopping:
    def test_attributes_with_and_without(self, digits: Any) -> None:
        X, y = (a[:100] for a in digits[2])
        tol = 0.2
        clf = MLPClassifier(tol=tol, max_iter=3000, solver="sgd", early_stopping=True).fit(X, y)
        assert clf.n_iter_ < 3000
        assert clf.best_loss_ is None
        assert isinstance(clf.validation_scores_, list)
        assert max(clf.validation_scores_) == clf.best_validation_score_
        assert clf.best_validation_score_ + tol > max(clf.validation_scores_[-2:])
        clf = MLPClassifier(tol=tol, max_iter=3000, solver="sgd").fit(X, y)
        assert clf.validation_scores_ is None
        assert clf.best_validation_score_ is None
        assert clf.best_loss_ == min(clf.loss_curve_)

    def test_splits_by_strata(self) -> None:
        X, y = [[1, 2], [2, 3], [3, 4], [4, 5]], [0, 0, 0, 1]
        message = r"The least populated classes in y have only 1 member.*Classes with too few members are: \[1\]"
        with pytest.raises(ValueError, match=message):
            MLPClassifier(early_stopping=True).fit(X, y)

    @quiet
    def test_string_labels(self) -> None:
        X, y = make_classification(n_samples=200, n_features=10, n_classes=3, n_informative=5, random_state=42)
        y = np.array(["class_a", "class_b", "class_c"], dtype=object)[y]
        clf = MLPClassifier(early_stopping=True, max_iter=50, random_state=42).fit(X, y)
        assert len(clf.validation_scores_) == clf.n_iter_
        assert np.isfinite(clf.validation_scores_).all()

    def test_keeps_feature_names(self) -> None:
        X = pd.DataFrame(np.random.RandomState(0).randn(20, 2), columns=["colname_a", "colname_b"])
        y = pd.Series(np.arange(20) % 2, name="colname_y")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            MLPClassifier(early_stopping=True, validation_fraction=0.2).fit(X, y)

    @quiet
    def test_of_a_warm_start(self, raw_iris: Any) -> None:
        clf = MLPClassifier(max_iter=10, random_state=0, warm_start=True, early_stopping=True).fit(*raw_iris)
        n = len(clf.validation_scores_)
        assert len(clf.set_params(max_iter=20).fit(*raw_iris).validation_scores_) > n

    @quiet
    def test_weights_of_one_are_no_weights(self) -> None:
        X, y = make_classification(n_samples=100, n_features=2, n_redundant=0, random_state=42)
        settings: dict[str, Any] = {
            "hidden_layer_sizes": 10, "early_stopping": True, "tol": 1e-2, "learning_rate_init": 0.01, "batch_size": 10,
            "random_state": 42,
        }  # fmt: skip
        one = MLPClassifier(**settings).fit(X, y, sample_weight=np.ones(100))
        np.testing.assert_allclose(one.predict_proba(X), MLPClassifier(**settings).fit(X, y).predict_proba(X))

    def test_too_few_rows_to_validate_on(self) -> None:
        X, Y = make_multilabel_classification(n_samples=5, random_state=0)
        with pytest.raises(ValueError, match="The validation set is too small"):
            MLPClassifier(early_stopping=True, random_state=0).fit(X, Y)

    def test_a_loss_that_diverges(self, raw_iris: Any) -> None:
        # scikit-learn goes on with NaN; here the fit says what happened
        clf = MLPClassifier(
            100, activation="identity", solver="sgd", learning_rate_init=1e8, max_iter=20, early_stopping=True
        )
        with pytest.raises(DivergenceError, match="stopped being a finite number"):
            clf.fit(*raw_iris)


def test_adaptive_rate_falls_below_a_millionth() -> None:
    clf = MLPClassifier(tol=0.5, max_iter=3000, solver="sgd", learning_rate="adaptive").fit(*TWO_ROWS)
    assert clf.n_iter_ < 3000
    assert clf.learning_rate_curve_[-1] < 1e-6


@quiet
class TestWarmStart:
    def make(self) -> MLPClassifier:
        return MLPClassifier(2, solver="lbfgs", warm_start=True, random_state=42, tol=1e-2)

    def test_takes_the_same_classes(self, raw_iris: Any) -> None:
        X, y = raw_iris
        self.make().fit(X, y).fit(X, y).fit(X, np.repeat([0, 1, 2], [40, 40, 70]))

    @pytest.mark.parametrize("counts", [{0: 75, 1: 75}, {0: 50, 1: 50, 3: 50}, dict.fromkeys(range(5), 30)], ids=str)
    def test_refuses_others(self, raw_iris: Any, counts: dict[int, int]) -> None:
        X, y = raw_iris
        other = np.repeat(list(counts), list(counts.values()))
        message = (
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            f"Previously got [0 1 2], `y` has {np.unique(other)}"
        )
        clf = self.make().fit(X, y)
        with pytest.raises(ValueError, match=re.escape(message)):
            clf.fit(X, other)

    def test_takes_all_its_iterations(self, raw_iris: Any) -> None:
        clf = MLPClassifier(2, solver="sgd", warm_start=True, max_iter=3)
        for _ in range(2):
            assert clf.fit(*raw_iris).n_iter_ == 3

    @pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
    def test_counts_iterations_of_each_fit(self, raw_iris: Any, solver: str) -> None:
        clf = MLPClassifier(solver=solver, warm_start=True, n_iter_no_change=np.inf, random_state=0)
        for max_iter in (10, 20):
            with pytest.warns(ConvergenceWarning):
                clf.set_params(max_iter=max_iter).fit(*raw_iris)
            assert clf.n_iter_ == max_iter


class TestPatience:
    @pytest.mark.parametrize("n_iter_no_change", [2, 5, 10, 50, 100])
    def test_is_exhausted_one_epoch_after_it(self, digits: Any, n_iter_no_change: int) -> None:
        X, y = (a[:100] for a in digits[2])
        tol = 0.01
        clf = MLPClassifier(tol=tol, max_iter=3000, solver="sgd", n_iter_no_change=n_iter_no_change).fit(X, y)
        assert clf.n_iter_ < 3000
        losses = clf.loss_curve_
        best = itertools.accumulate(losses, min)
        idle = [loss > before - tol for before, loss in zip(itertools.chain([np.inf], best), losses, strict=False)]
        assert idle[-n_iter_no_change - 1 :] == [True] * (n_iter_no_change + 1)
        assert not idle[-n_iter_no_change - 2]

    @quiet
    def test_infinite(self, digits: Any) -> None:
        X, y = (a[:100] for a in digits[2])
        clf = MLPClassifier(tol=1e9, max_iter=3000, solver="sgd", n_iter_no_change=np.inf).fit(X, y)
        assert clf.n_iter_ == 3000


@quiet
def test_float32_and_float64_rows_give_the_same(raw_digits: Any) -> None:
    X, y = raw_digits

    def fit(dtype: Any) -> Any:
        clf = MLPClassifier((5, 3), alpha=1e-5, random_state=1, max_iter=100, tol=1e-1)
        return clf.fit(X[:300].astype(dtype), y[:300])

    one, other = fit(np.float64), fit(np.float32)
    np.testing.assert_array_equal(one.predict(X[300:]), other.predict(X[300:].astype(np.float32)))
    np.testing.assert_allclose(one.predict_proba(X[300:]), other.predict_proba(X[300:].astype(np.float32)), rtol=1e-2)
    for weights in (*one.coefs_, *one.intercepts_, *other.coefs_):  # scikit-learn: the rows' type
        assert weights.dtype == np.float32


def test_minus_one_and_one_are_labels(raw_iris: Any) -> None:
    X, y = raw_iris
    clf = MLPClassifier(20, solver="lbfgs", random_state=0, max_iter=300).fit(X, np.where(y == 0, -1, 1))
    assert set(clf.predict(X)) == {-1, 1}
