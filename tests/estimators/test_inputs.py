"""Rows of every kind, and what bad ones are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from strates import MLPClassifier, NetworkClassifier
from strates.exceptions import DataError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAMES = ["age", "height", "weight", "dose"]


def make(**changes: Any) -> MLPClassifier:
    return MLPClassifier((6,), **{"max_iter": 4, "random_state": 0, **changes})


class TestKinds:
    @pytest.mark.parametrize(
        "container",
        [
            sparse.csr_array,
            sparse.csc_array,
            sparse.coo_array,
            sparse.csr_matrix,
            np.asfortranarray,
            pd.DataFrame,
            list,
        ],
        ids=lambda c: c.__name__,
    )
    @pytest.mark.parametrize("changes", [{}, {"batch_size": 16, "early_stopping": True}, {"solver": "lbfgs"}], ids=str)
    def test_all_learn_and_predict_the_same(
        self, binary: Any, assert_same: Any, container: Any, changes: dict[str, Any]
    ) -> None:
        X, y = binary
        X = np.where(np.abs(X) < 0.3, 0.0, X)
        plain = make(**changes).fit(X, y)
        other = make(**changes).fit(container(X), y)
        assert_same(plain, other)
        np.testing.assert_allclose(plain.predict_proba(X), other.predict_proba(container(X)), atol=1e-6)
        np.testing.assert_allclose(plain.transform(X), other.transform(container(X)), atol=1e-6)

    @pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.uint8, bool], ids=lambda d: d.__name__)
    def test_numbers_are_computed_with_in_float32(self, binary: Any, assert_same: Any, dtype: Any) -> None:
        X, y = binary
        X = (X > 0.3 if dtype is bool else np.abs(3 * X)).astype(dtype)
        one, other = make().fit(X, y), make().fit(X.astype(np.float64), y)
        assert_same(one, other)
        assert one.predict_proba(X).dtype == one.transform(X).dtype == np.float32

    def test_the_given_rows_are_not_written_to(self, binary: Any) -> None:
        X, y = (np.asarray(a).copy() for a in binary)
        X.flags.writeable = y.flags.writeable = False
        make(early_stopping=True).fit(X, y, sample_weight=np.ones(len(y))).predict(X)

    @pytest.mark.parametrize("n", [1, 2, 59])
    def test_rows_are_predicted_one_by_one_as_together(self, binary: Any, n: int) -> None:
        X, y = binary
        clf = make().fit(X, y)
        np.testing.assert_allclose(clf.predict_proba(X[:n]), clf.predict_proba(X)[:n], atol=1e-6)

    def test_more_classes_than_rows_in_a_batch(self) -> None:
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(60, 3)), np.arange(60) % 20
        clf = make(batch_size=4, max_iter=2).fit(X, y)
        assert clf.predict_proba(X).shape == (60, 20)

    def test_pandas_nullable_columns(self, binary: Any, assert_same: Any) -> None:
        X, y = binary
        X = np.round(3 * X)
        frame = pd.DataFrame(X, columns=NAMES)
        assert_same(make().fit(frame.astype("Int64"), y), make().fit(frame, y))


class TestNames:
    def test_are_checked_at_predict(self, binary: Any) -> None:
        X, y = binary
        frame = pd.DataFrame(X, columns=NAMES)
        clf = make().fit(frame, y)
        assert clf.feature_names_in_.tolist() == NAMES
        assert clf.n_features_in_ == 4
        clf.predict(frame)
        for method in (clf.predict, clf.predict_proba, clf.transform):
            with pytest.raises(ValueError, match=r"(?s)feature names should match.*unseen at fit time:\n- dosis"):
                method(frame.rename(columns={"dose": "dosis"}))
            with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
                method(frame[NAMES[::-1]])
        with pytest.warns(UserWarning, match="X does not have valid feature names, but MLPClassifier was fitted with"):
            clf.predict(X)

    def test_of_a_warm_start_and_a_partial_fit_too(self, binary: Any) -> None:
        X, y = binary
        frame = pd.DataFrame(X, columns=NAMES)
        clf = make(warm_start=True).fit(frame, y)
        for method in (clf.fit, clf.partial_fit):
            with pytest.raises(ValueError, match="feature names should match"):
                method(frame.rename(columns={"dose": "dosis"}), y)

    def test_of_validation_data_too(self, binary: Any) -> None:
        X, y = binary
        frame = pd.DataFrame(X, columns=NAMES)
        with pytest.raises(ValueError, match="feature names should match"):
            make().fit(frame, y, validation_data=(frame.rename(columns={"dose": "dosis"}), y))

    def test_fitting_again_forgets_them(self, binary: Any) -> None:
        X, y = binary
        clf = make().fit(pd.DataFrame(X, columns=NAMES), y).fit(X[:, :3], y)
        assert not hasattr(clf, "feature_names_in_")
        assert clf.n_features_in_ == 3
        assert clf.coefs_[0].shape == (3, 6)


class TestErrors:
    def test_width(self, binary: Any) -> None:
        X, y = binary
        clf = make().fit(X, y)
        with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4 features as input"):
            clf.predict(X[:, :3])
        with pytest.raises(ValueError, match="X has 5 features, but MLPClassifier is expecting 4 features as input"):
            clf.partial_fit(np.c_[X, X[:, :1]], y)

    @pytest.mark.parametrize("method", ["fit", "predict", "transform", "partial_fit"])
    def test_missing_values_point_at_the_pipeline(self, binary: Any, method: str) -> None:
        X, y = binary
        clf = make().fit(X, y)
        frame = pd.DataFrame(X, columns=NAMES)
        frame.loc[[7, 9], "weight"] = np.nan
        message = r"Input X contains NaN \(first in row 7, column 'weight'; 2 in all\).*strates\.tabular_pipeline"
        arguments = (frame, y) if "fit" in method else (frame,)
        with pytest.raises(DataError, match=message):
            getattr(make().fit(frame.fillna(0), y) if method != "fit" else clf, method)(*arguments)

    def test_missing_values_of_arrays_and_sparse_rows(self, binary: Any) -> None:
        X, y = binary
        X = X.copy()
        X[3, 2] = np.nan
        with pytest.raises(DataError, match=r"NaN \(first in row 3, column 2; 1 in all\)"):
            make().fit(X, y)
        with pytest.raises(DataError, match=r"Input X contains NaN\. .*tabular_pipeline"):
            make().fit(sparse.csr_array(X), y)

    @pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
    def test_values_beyond_float32(self, binary: Any, value: float) -> None:
        X, y = binary
        X = X.copy()
        X[5, 1] = value
        with pytest.raises(
            DataError, match=r"infinity or a value too large for dtype\('float32'\) \(first in row 5, col"
        ):
            make().fit(X, y)

    def test_text(self, binary: Any) -> None:
        X, y = binary
        frame = pd.DataFrame(X, columns=NAMES).assign(dose="high")
        with pytest.raises(
            DataError, match=r"X holds text where numbers are expected.*'high'.*strates\.tabular_pipeline"
        ):
            make().fit(frame, y)

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            (np.zeros((0, 4)), r"Found array with 0 sample\(s\)"),
            (np.zeros((5, 0)), r"0 feature\(s\)"),
            (np.zeros(4), "Expected 2D array, got 1D array"),
            (np.zeros((2, 2, 2)), "Found array with dim 3"),
        ],
    )
    def test_shapes(self, binary: Any, X: Any, message: str) -> None:
        y = np.arange(len(X)) % 2
        with pytest.raises(ValueError, match=message):
            make().fit(X, y)
        if X.ndim != 2 or len(X) == 0:
            with pytest.raises(ValueError, match=message):
                make().fit(*binary).predict(X)

    def test_lengths(self, binary: Any) -> None:
        X, y = binary
        with pytest.raises(DataError, match="inconsistent numbers of samples: X has 60 rows, y has 59"):
            make().fit(X, y[:-1])

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "transform"])
    @pytest.mark.parametrize("clf", [MLPClassifier(), NetworkClassifier()], ids=["mlp", "network"])
    def test_before_fit(self, binary: Any, clf: Any, method: str) -> None:
        with pytest.raises(ValueError, match="is not fitted yet"):
            getattr(clf, method)(binary[0])
        assert not hasattr(clf, "network_")

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ("X", "validation_data is a str; expected"),
            (lambda X, y: (X,), r"validation_data is a tuple; expected \(X, y\) or \(X, y, sample_weight\)"),
            (lambda X, y: (X, y[:-1]), "validation_data has 60 rows in X and 59 labels"),
            (lambda X, y: (X[:, :2], y), "X has 2 features, but MLPClassifier is expecting 4"),
            (lambda X, y: (X, y + 5), "classes not in `self.classes_`"),
            (lambda X, y: (X, y, np.ones(3)), r"sample_weight\.shape == \(3,\), expected \(60,\)"),
            (lambda X, y: (X, y, -np.ones(60)), "negative"),
        ],
    )
    def test_validation_data(self, binary: Any, given: Any, message: str) -> None:
        X, y = binary
        with pytest.raises(ValueError, match=message):
            make().fit(X, y, validation_data=given(X, y) if callable(given) else given)
