"""Weights of rows and of classes: a row of weight 2 is two rows, of weight 0 none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from strates import MLPClassifier, NetworkClassifier
from strates.exceptions import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {"max_iter": 30},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 30},
    "lbfgs": {"solver": "lbfgs", "max_iter": 30},
    "network": {},
}


def make(name: str, **changes: Any) -> Any:
    if name == "network":
        return NetworkClassifier(max_iter=30, random_state=0, **changes)
    return MLPClassifier((6,), random_state=0, **SETTINGS[name], **changes)


@pytest.fixture(scope="module")
def counts(binary: Any) -> Any:
    return np.random.default_rng(1).integers(0, 4, len(binary[1]))


class TestSampleWeight:
    @pytest.mark.parametrize("name", SETTINGS)
    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
    def test_equals_repetition_and_removal(self, binary: Any, counts: Any, name: str, container: Any) -> None:
        X, y = binary
        weighted = make(name).fit(container(X), y, sample_weight=counts)
        repeated = make(name).fit(container(np.repeat(X, counts, axis=0)), np.repeat(y, counts))
        np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4)
        assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-4)

    def test_over_several_batches_equals_steps_by_hand(self, binary: Any) -> None:
        # many batches, one pass, no shuffling: plain gradient descent by hand
        X, y = binary
        X32, w = X.astype(np.float32).astype(np.float64), np.random.default_rng(2).uniform(0, 2, len(y))
        clf = MLPClassifier(
            (), solver="sgd", momentum=0, learning_rate_init=0.5, batch_size=7, alpha=0, shuffle=False, max_iter=2,
            kernel_initializer="zeros",
        ).fit(X, y, sample_weight=w)  # fmt: skip
        kernel, bias, scaled = np.zeros(4), 0.0, w / w.mean()
        for _ in range(2):
            for first in range(0, len(y), 7):
                part = slice(first, first + 7)
                delta = scaled[part] * (1 / (1 + np.exp(-(X32[part] @ kernel + bias))) - y[part])
                kernel, bias = kernel - 0.5 * X32[part].T @ delta / len(delta), bias - 0.5 * delta.mean()
        np.testing.assert_allclose(clf.coefs_[0].ravel(), kernel, atol=1e-5)
        np.testing.assert_allclose(clf.intercepts_[0], bias, atol=1e-5)

    @pytest.mark.parametrize("name", ["adam", "lbfgs"])
    def test_its_scale_does_not_matter(self, binary: Any, counts: Any, name: str) -> None:
        X, y = binary
        one, other = (make(name).fit(X, y, sample_weight=c * (counts + 1)) for c in (1, 1000))
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-4)

    def test_ones_change_nothing(self, binary: Any, assert_same: Any) -> None:
        X, y = binary
        plain = make("adam", batch_size=16).fit(X, y)
        for ones in (np.ones(len(y)), [1] * len(y), 1.0):
            assert_same(plain, make("adam", batch_size=16).fit(X, y, sample_weight=ones))

    def test_of_zero_in_mini_batches_learns_nothing_from_the_row(self, binary: Any) -> None:
        X, y = binary
        w = (np.arange(len(y)) % 3 > 0).astype(float)
        poisoned = np.where(w[:, None] > 0, X, 50.0)
        one, other = (make("adam", batch_size=16).fit(data, y, sample_weight=w) for data in (X, poisoned))
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-5)

    def test_of_validation_rows_count(self, binary: Any) -> None:
        X, y = binary
        w = np.random.default_rng(0).uniform(0, 2, len(y))
        clf = make("adam").fit(X, y, validation_data=(X, y, w))
        p = clf.predict_proba(X).astype(np.float64)
        expected = np.average(-np.log(p[np.arange(len(y)), y]), weights=w)
        assert clf.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-4)
        assert clf.validation_scores_[-1] == pytest.approx(np.average(clf.predict(X) == y, weights=w), rel=1e-5)

    def test_of_a_partial_fit(self, binary: Any, counts: Any) -> None:
        X, y = binary
        one, other = MLPClassifier((6,), random_state=0), MLPClassifier((6,), random_state=0)
        for _ in range(5):
            one.partial_fit(X, y, classes=[0, 1], sample_weight=counts)
            other.partial_fit(np.repeat(X, counts, axis=0), np.repeat(y, counts), classes=[0, 1])
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-4)

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            (lambda n: np.ones(n - 1), r"sample_weight\.shape == \(59,\), expected \(60,\): one weight for each row"),
            (
                lambda n: np.ones((n, 2)),
                r"Sample weights must be 1D array or scalar; sample_weight has shape \(60, 2\)",
            ),
            (lambda n: np.full(n, -1.0), r"negative number \(-1\); weights are 0 or more"),
            (lambda n: np.zeros(n), "All sample weights are zero, so there is nothing to learn from"),
            (lambda n: np.r_[np.nan, np.ones(n - 1)], "sample_weight contains NaN or infinity"),
            (lambda n: np.r_[np.inf, np.ones(n - 1)], "sample_weight contains NaN or infinity"),
        ],
    )
    def test_errors(self, binary: Any, weights: Any, message: str) -> None:
        X, y = binary
        with pytest.raises(DataError, match=message):
            make("adam").fit(X, y, sample_weight=weights(len(y)))


class TestClassWeight:
    def test_is_scikit_learns(self, iris: Any) -> None:
        X, y = iris
        X, y = X[:120], np.array(["setosa", "versicolor", "virginica"])[y[:120]]  # 50, 50, 20
        weight = {"setosa": 1.0, "versicolor": 0.5, "virginica": 4.0}
        for class_weight in (weight, "balanced"):
            clf = MLPClassifier(
                (), solver="lbfgs", alpha=0.01, class_weight=class_weight, tol=1e-7, random_state=0
            ).fit(X, y)
            factors = np.array([weight[label] for label in y])
            if class_weight == "balanced":
                factors = np.array([120 / (3 * (y == label).sum()) for label in y])
            expected = LogisticRegression(
                C=1 / (0.01 * factors.sum()), tol=1e-9, max_iter=5000, class_weight=class_weight
            )
            np.testing.assert_allclose(clf.predict_proba(X), expected.fit(X, y).predict_proba(X), atol=1e-4)

    def test_multiplies_the_sample_weight(self, binary: Any, assert_same: Any) -> None:
        X, y = binary
        w = np.random.default_rng(0).uniform(0.5, 2, len(y))
        one = make("adam", class_weight={0: 3.0}).fit(X, y, sample_weight=w)
        other = make("adam").fit(X, y, sample_weight=w * np.where(y == 0, 3.0, 1.0))
        assert_same(one, other)

    def test_balanced_counts_weights_not_rows(self, binary: Any) -> None:
        X, y = binary
        w = np.where(y == 1, 5.0, 1.0)
        balanced = make("adam", class_weight="balanced").fit(X, y, sample_weight=w)
        plain = make("adam", class_weight="balanced").fit(X, y)
        np.testing.assert_allclose(balanced.predict_proba(X), plain.predict_proba(X), atol=1e-4)

    def test_labels_left_out_weigh_one(self, binary: Any, assert_same: Any) -> None:
        assert_same(
            make("adam", class_weight={1: 2}).fit(*binary), make("adam", class_weight={0: 1, 1: 2}).fit(*binary)
        )

    @pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [10, 20], [1.0, 2.0]], ids=str)
    def test_keys_are_labels_as_given(self, binary: Any, assert_same: Any, labels: list[Any]) -> None:
        X, y = binary
        given = make("adam", class_weight={labels[1]: 3}).fit(X, np.array(labels)[y])
        assert_same(given, make("adam", class_weight={1: 3}).fit(X, y))

    @pytest.mark.parametrize(
        ("class_weight", "error", "message"),
        [
            (
                {2: 1.0},
                ParameterError,
                r"class_weight has the key 2, which is not a class of y\. The classes are \[0, 1\]",
            ),
            ({"1": 1.0}, ParameterError, "class_weight has the key '1', which is not a class of y"),
            ("balance", ParameterError, "class_weight='balance' is not known: it must be None, 'balanced' or a dict"),
            ([1, 2], ParameterError, r"class_weight=\[1, 2\] is not known"),
            ({0: -1.0}, ParameterError, r"class_weight.*-1"),
            ({0: "much"}, ParameterError, r"class_weight.*'much'"),
            ({0: np.nan}, ParameterError, r"class_weight.*nan"),
        ],
    )
    def test_errors(self, binary: Any, class_weight: Any, error: Any, message: str) -> None:
        with pytest.raises(error, match=message):
            make("adam", class_weight=class_weight).fit(*binary)

    def test_of_a_multilabel_problem_is_refused(self, binary: Any) -> None:
        X, y = binary
        with pytest.raises(ParameterError, match="one label a row; y is a multilabel matrix"):
            make("adam", class_weight="balanced").fit(X, np.c_[y, 1 - y])
