"""Oracles: scikit-learn's reports, and tables whose answers are known by construction."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection import Evaluation, evaluate


def network(X: Any, y: Any) -> Any:
    return MLPClassifier((16,), solver="lbfgs", max_iter=30, random_state=0, tol=1).fit(X, y)


def halves(load: Any) -> tuple[Any, Any, Any, Any]:
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return X[::2], y[::2], X[1::2], y[1::2]


def test_class_reports_and_confusion_are_scikit_learns() -> None:
    X, y, X_test, y_test = halves(load_wine)
    clf = GaussianNB().fit(X, y)
    found = evaluate(clf, X_test, y_test, importance=False)
    predicted = clf.predict(X_test)
    assert np.array_equal(found.confusion, confusion_matrix(y_test, predicted))
    precision, recall, f1, support = precision_recall_fscore_support(y_test, predicted)
    assert [one.precision for one in found.per_class] == pytest.approx(precision)
    assert [one.recall for one in found.per_class] == pytest.approx(recall)
    assert [one.f1 for one in found.per_class] == pytest.approx(f1)
    assert [one.support for one in found.per_class] == support.tolist()
    assert (found.n_rows, found.n_wrong) == (len(y_test), int((predicted != y_test).sum()))


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits])
def test_round_trip_through_json(load: Any) -> None:
    X, y, X_test, y_test = halves(load)
    found = evaluate(GaussianNB().fit(X, y), X_test, y_test, n_bootstrap=20, n_repeats=1)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert Evaluation.from_dict(json.loads(text)) == found


@pytest.mark.parametrize(
    "labels",
    [
        ["yes", "no"],
        [True, False],
        [3, 11],
        [1.0, 2.0],
        pd.Categorical(["yes", "no"]),
        np.array(["été", "<b>"], dtype=object),
    ],
    ids=str,
)
def test_labels_of_any_type(labels: Any) -> None:
    X, y, X_test, y_test = halves(load_breast_cancer)
    names = pd.Series(labels)
    found = evaluate(
        GaussianNB().fit(X, names.iloc[y]),
        X_test,
        names.iloc[y_test].reset_index(drop=True),
        n_bootstrap=20,
        n_repeats=1,
    )
    expected = sorted(names.tolist())
    assert found.classes == tuple(f"{one:g}" if isinstance(one, float) else str(one) for one in expected)
    plain = GaussianNB().fit(X, y).score(X_test, y_test)
    assert found.metric("accuracy").value == pytest.approx(plain)


def test_string_dtype_of_pandas() -> None:
    X, y, X_test, y_test = halves(load_wine)
    names = pd.Series(["a", "b", "c"], dtype="string")
    clf = GaussianNB().fit(X, names.iloc[y].to_numpy(dtype=object))
    assert evaluate(clf, X_test, names.iloc[y_test], importance=False).classes == ("a", "b", "c")


def test_twenty_six_classes_with_absent_and_rare_ones() -> None:
    X, y = make_classification(1500, 20, n_informative=15, n_classes=26, n_clusters_per_class=1, random_state=0)
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))[y]
    clf = network(X, letters)
    kept = np.flatnonzero((letters != "Q") & ((letters != "B") | (np.cumsum(letters == "B") == 1)))[:400]
    found = evaluate(clf, X[kept], letters[kept], n_repeats=1)
    assert len(found.classes) == len(found.confusion) == 26
    assert found.per_class[16].recall is None
    assert "Q (0)" in found.notes[0]
    assert len(found.roc) == 25
    assert "No row of Q" in found.metric("roc_auc").note


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_one_row(load: Any) -> None:
    X, y, X_test, y_test = halves(load)
    found = evaluate(network(X, y), X_test[:1], y_test[:1])
    assert found.n_rows == 1
    assert found.metric("roc_auc").value is None
    assert found.roc == ()
    assert found.notes[0].startswith("Only 1 row")
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


def test_mistakes_are_the_surest_first_with_their_rows() -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, np.nan], "town": ["Pau", None, "Lyon", "Nice"]}, index=list("abcd"))

    class Fixed:
        classes_ = np.array(["no", "yes"])

        def predict_proba(self, X: pd.DataFrame) -> Any:
            return np.array([[0.6, 0.4], [0.1, 0.9], [0.2, 0.8], [0.45, 0.55]])[: len(X)]

        def predict(self, X: pd.DataFrame) -> Any:
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    found = evaluate(Fixed(), frame, ["yes", "no", "yes", "no"], importance=False)
    assert [(one.row, one.true, one.predicted) for one in found.mistakes] == [
        ("b", "no", "yes"),
        ("a", "yes", "no"),
        ("d", "no", "yes"),
    ]
    assert found.mistakes[0].probability == pytest.approx(0.9)
    assert found.mistakes[0].true_probability == pytest.approx(0.1)
    assert [one.values for one in found.mistakes] == [
        {"x": "1", "town": ""},
        {"x": "0", "town": "Pau"},
        {"x": "", "town": "Nice"},
    ]


def test_decisions_are_those_of_predict() -> None:
    class Cautious(GaussianNB):
        def predict(self, X: Any) -> Any:
            return np.zeros(len(X), dtype=int)

    X, y, X_test, y_test = halves(load_breast_cancer)
    found = evaluate(Cautious().fit(X, y), X_test, y_test, importance=False)
    assert found.metric("accuracy").value == pytest.approx((y_test == 0).mean())


def test_sparse_rows_and_images_have_no_importance_and_say_so() -> None:
    X, y, X_test, y_test = halves(load_wine)
    clf = LogisticRegression().fit(csr_matrix(X), y)
    found = evaluate(clf, csr_matrix(X_test), y_test)
    assert (found.importance, found.importance_rows) == ((), 0)
    assert "importance of the columns was not measured" in found.notes[-1]
    images = np.zeros((4, 8, 8, 1))
    guess = DummyClassifier().fit(images, [0, 1, 1, 1])
    assert evaluate(guess, images, [0, 1, 1, 0]).mistakes[0].values == {}


def test_lists_are_rows_too() -> None:
    clf = GaussianNB().fit([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1])
    assert evaluate(clf, [[0.0], [1.0]], [0, 1]).metric("accuracy").value == 1


def test_no_probabilities() -> None:
    X, y, X_test, y_test = halves(load_wine)
    with pytest.raises(ParameterError, match=r"LinearSVC has no predict_proba; .*CalibratedClassifierCV"):
        evaluate(LinearSVC().fit(X, y), X_test, y_test)


def test_labels_never_learned() -> None:
    X, y, X_test, _ = halves(load_wine)
    with pytest.raises(TargetError, match=r"never learned: 'a'. It knows 0, 1, 2. Drop those rows, or fit on data"):
        evaluate(GaussianNB().fit(X, y), X_test[:2], [0, "a"])


def test_missing_labels() -> None:
    X, y, X_test, _ = halves(load_wine)
    with pytest.raises(TargetError, match=r"1 missing labels among 2. Drop those rows first"):
        evaluate(GaussianNB().fit(X, y), X_test[:2], [0, None])


def test_several_labels_a_row() -> None:
    X, y, X_test, _ = halves(load_wine)
    with pytest.raises(TargetError, match=r"y has shape \(2, 2\); .* one column at a time"):
        evaluate(GaussianNB().fit(X, y), X_test[:2], [[0, 1], [1, 1]])


def test_no_rows() -> None:
    X, y, X_test, y_test = halves(load_wine)
    with pytest.raises(DataError, match=r"X has no rows; .* held out"):
        evaluate(GaussianNB().fit(X, y), X_test[:0], y_test[:0])


def test_lengths_that_differ() -> None:
    X, y, X_test, y_test = halves(load_wine)
    with pytest.raises(DataError, match=r"X has 3 rows and y has 2 labels; .* from one table"):
        evaluate(GaussianNB().fit(X, y), X_test[:3], y_test[:2])


def test_probabilities_that_are_not_finite() -> None:
    class Broken(GaussianNB):
        def predict_proba(self, X: Any) -> Any:
            return np.full((len(X), 3), np.nan)

    X, y, X_test, y_test = halves(load_wine)
    with pytest.raises(DataError, match=r"267 values that are not finite. Look for infinite or missing values"):
        evaluate(Broken().fit(X, y), X_test, y_test)
