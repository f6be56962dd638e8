"""Labels of any type, and what bad ones are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from strates import MLPClassifier, NetworkClassifier
from strates.exceptions import DataError, TargetError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make(**changes: Any) -> MLPClassifier:
    return MLPClassifier((6,), **{"max_iter": 4, "random_state": 0, **changes})


LABELS = {
    "str": np.array(["a", "b", "c"]),
    "object": np.array(["a", "b", "c"], dtype=object),
    "int": np.array([-3, 0, 70]),
    "float": np.array([1.0, 2.0, 5.0]),
    "category": pd.Series(["a", "b", "c"], dtype="category"),
    "pandas str": pd.Series(["a", "b", "c"], dtype="str"),
    "nullable": pd.Series([1, 2, 9], dtype="Int64"),
    "bytes-long": np.array(["a" * 40, "b", "c" * 3]),
}


class TestTypes:
    @pytest.mark.parametrize("name", LABELS)
    def test_come_back_as_they_were_given(self, iris: Any, assert_same: Any, name: str) -> None:
        X, codes = iris
        labels = LABELS[name]
        y = labels.iloc[codes].reset_index(drop=True) if isinstance(labels, pd.Series) else labels[codes]
        clf = make().fit(X, y)
        assert_same(clf, make().fit(X, codes))
        assert set(clf.predict(X).tolist()) <= set(labels.tolist())
        assert clf.classes_.tolist() == sorted(labels.tolist())
        assert clf.score(X, y) == (clf.predict(X) == np.asarray(y)).mean()

    @pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [0, 1], [-1, 1], [1.0, 2.0]], ids=str)
    def test_of_two_classes(self, binary: Any, assert_same: Any, labels: list[Any]) -> None:
        X, codes = binary
        y = np.array(labels)[codes]
        clf = make(early_stopping=True).fit(X, y)
        assert_same(clf, make(early_stopping=True).fit(X, codes))
        assert clf.predict(X).dtype == y.dtype
        p = clf.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(clf.predict(X) == y[codes == 1][0], p[:, 1] > p[:, 0])
        assert (clf.n_outputs_, clf.out_activation_) == (1, "logistic")

    def test_lists_and_columns(self, binary: Any, assert_same: Any) -> None:
        X, y = binary
        assert_same(make().fit(X, y.tolist()), make().fit(X, pd.Series(y, index=np.arange(len(y))[::-1])))
        with pytest.warns(UserWarning, match="A column-vector y was passed when a 1d array was expected"):
            assert_same(make().fit(X, y[:, None]), make().fit(X, y))

    def test_a_class_with_one_row(self, iris: Any) -> None:
        X, y = iris
        clf = make().fit(X[:101], y[:101])
        assert clf.classes_.tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def labels(iris: Any) -> Any:
    """Three labels a row."""
    X, _ = iris
    return np.c_[X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0].astype(int)


class TestMultilabel:
    @pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs", "max_iter": 200}, {"early_stopping": True}], ids=str)
    def test_each_label_has_its_own_probability(self, iris: Any, labels: Any, settings: dict[str, Any]) -> None:
        X, _ = iris
        clf = make(**{"learning_rate_init": 0.05, "max_iter": 30, **settings}).fit(X, labels)
        p = clf.predict_proba(X)
        assert p.shape == (150, 3)
        np.testing.assert_array_equal(clf.predict(X), (p > 0.5).astype(int))
        assert clf.score(X, labels) == (clf.predict(X) == labels).all(axis=1).mean()
        assert clf.classes_.tolist() == [0, 1, 2]
        assert (clf.predict(X) == labels).mean() > 0.8

    @pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, pd.DataFrame, lambda y: y.astype(bool)])
    def test_matrices_of_all_kinds(self, iris: Any, labels: Any, assert_same: Any, container: Any) -> None:
        X, _ = iris
        assert_same(make().fit(X, labels), make().fit(X, container(labels)))

    def test_the_loss_is_the_sum_over_labels(self, iris: Any, labels: Any) -> None:
        X, _ = iris
        clf = make(alpha=0.0, kernel_initializer="zeros", max_iter=1).fit(X, labels)
        assert clf.loss_curve_[0] == pytest.approx(3 * np.log(2), rel=1e-6)

    def test_another_number_of_labels_later_is_an_error(self, iris: Any, labels: Any) -> None:
        X, y = iris
        clf = make(warm_start=True).fit(X, labels)
        for method in (clf.fit, clf.partial_fit):
            with pytest.raises(TargetError, match="3 labels"):
                method(X, labels[:, :2])
            with pytest.raises(TargetError, match="3 labels"):
                method(X, y)
        with pytest.raises(TargetError, match="3 labels"):
            make().fit(X, labels, validation_data=(X, labels[:, :2]))

    def test_classes_of_a_partial_fit_must_agree(self, iris: Any, labels: Any) -> None:
        X, _ = iris
        make().partial_fit(X, labels, classes=[0, 1, 2])
        with pytest.raises(TargetError, match="3"):
            make().partial_fit(X, labels, classes=[0, 1])


MISSING = "NaN, infinity or None: 30 of 60 labels, the first in row 1"
BAD: list[tuple[Any, str]] = [
    (lambda y: np.zeros(60), r"y has one class only \(.*0.*\).*at least two classes"),
    (lambda y: np.array(["a"] * 60), r"y has one class only \(.*'a'"),
    (lambda y: y + 0.25, r"Unknown label type: continuous\. y holds numbers that are not whole \(.*\.25.*pandas\.cut"),
    (lambda y: np.c_[y, y + 1], r"Unknown label type: multiclass-multioutput.*shape \(60, 2\)"),
    (lambda y: np.c_[y, y] + 0.5, "Unknown label type: continuous-multioutput"),
    (lambda y: np.where(y > 0, np.nan, 0.0), r"Input y contains NaN, infinity or None: \d+ of 60 labels"),
    (lambda y: np.where(y > 0, np.inf, 0.0), "Input y contains NaN, infinity or None"),
    (lambda y: np.array(["a", None] * 30, dtype=object), MISSING),
    (lambda y: pd.Series(["a", pd.NA] * 30, dtype=object), MISSING),
    (lambda y: pd.Series(["a", None] * 30, dtype="str"), MISSING),
    (lambda y: pd.Series([1, pd.NA] * 30, dtype="Int64"), MISSING),
    (lambda y: pd.Series(["a", None] * 30, dtype="category"), MISSING),
    (lambda y: np.array(["a", 1] * 30, dtype=object), "y mixes labels of types int, str"),
    (lambda y: None, "requires y to be passed, but the target y is None"),
]


class TestErrors:
    @pytest.mark.parametrize(("y", "message"), BAD)
    def test_what_came_and_how_to_mend_it(self, binary: Any, y: Any, message: str) -> None:
        X, codes = binary
        with pytest.raises(DataError, match=message):
            make().fit(X, y(codes))

    def test_too_few_rows_of_a_class_to_split(self, binary: Any) -> None:
        X, _ = binary
        y = np.r_[np.zeros(59, int), 1]
        with pytest.raises(
            DataError, match=r"early_stopping=True cannot split off 10% of 60 rows.*only 1 member.*Give"
        ):
            make(early_stopping=True).fit(X, y)

    def test_more_classes_than_validation_rows(self) -> None:
        X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 20
        with pytest.raises(
            DataError, match=r"cannot split off 10% of 40 rows.*validation_fraction, or pass validation_d"
        ):
            make(early_stopping=True).fit(X, y)

    def test_labels_unseen_before(self, binary: Any) -> None:
        X, y = binary
        message = (
            r"`y` has classes not in `self\.classes_`\. `self\.classes_` has \[0 1\]\. 'y' has \[2\]\. Name every class"
        )
        with pytest.raises(TargetError, match=message):
            make().fit(X, y).partial_fit(X, np.where(y > 0, 2, 0))
        with pytest.raises(TargetError, match="'y' has \\['c'\\]"):
            make().fit(X, np.array(["a", "b"])[y], validation_data=(X[:2], ["a", "c"]))

    def test_nothing_is_left_of_a_fit_that_was_refused(self, binary: Any) -> None:
        X, _ = binary
        clf = make()
        with pytest.raises(TargetError):
            clf.fit(X, np.zeros(60))
        assert not hasattr(clf, "classes_")
        assert not clf.__sklearn_is_fitted__()

    def test_a_refused_fit_leaves_the_fit_before_it(self, binary: Any) -> None:
        X, y = binary
        clf = make().fit(X, np.array(["no", "yes"])[y])
        expected = clf.predict_proba(X)
        for bad in (np.zeros(60), y + 0.5, y[:10]):
            with pytest.raises(DataError):
                clf.fit(X, bad)
            np.testing.assert_array_equal(clf.predict_proba(X), expected)
            assert clf.classes_.tolist() == ["no", "yes"]


def test_a_network_of_two_outputs_takes_any_labels(binary: Any) -> None:
    X, y = binary
    clf = NetworkClassifier(max_iter=3, random_state=0).fit(X, np.array(["no", "yes"])[y])
    assert set(clf.predict(X)) <= {"no", "yes"}
