"""Logistic regression against scikit-learn, statsmodels, closed forms and the case study's numbers."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model
import statsmodels.api as sm
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

import strates
from strates import LogisticRegression
from strates.datasets import spiral
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError

LOADERS = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer, "digits": load_digits}


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    found = {}
    for name, loader in LOADERS.items():
        X, y = loader(return_X_y=True)
        found[name] = StandardScaler().fit_transform(X), y
    return found


def noisy(n_classes: int, n: int = 200) -> tuple[Any, Any]:
    """Rows whose classes overlap, so that the maximum-likelihood estimate exists."""
    rng = np.random.default_rng(n_classes)
    X = rng.normal(size=(n, 3))
    scores = X @ rng.normal(size=(3, n_classes)) + rng.gumbel(size=(n, n_classes)) + rng.normal(size=n_classes)
    return X, scores.argmax(axis=1)


def scikit_learns(X: Any, y: Any, alpha: float, l1_ratio: float = 0.0, weights: Any = None) -> Any:
    total = len(y) if weights is None else weights.sum()
    settings: dict[str, Any] = {"tol": 1e-10} if not l1_ratio else {"solver": "saga", "tol": 1e-8}
    model = sklearn.linear_model.LogisticRegression(
        C=1 / (alpha * total), l1_ratio=l1_ratio, max_iter=20_000, **settings
    )
    return model.fit(X, y, weights)


class TestAgainstScikitLearn:
    @pytest.mark.parametrize(
        ("name", "alpha"), [*((n, a) for n in ("iris", "wine", "breast_cancer") for a in (0.1, 1e-3)), ("digits", 0.1)]
    )
    def test_l2(self, tables: Any, name: str, alpha: float) -> None:
        X, y = tables[name]
        clf, expected = LogisticRegression(alpha=alpha).fit(X, y), scikit_learns(X, y, alpha)
        np.testing.assert_allclose(clf.coef_, expected.coef_, atol=1e-5)
        intercept = expected.intercept_ - (expected.intercept_.mean() if len(expected.intercept_) > 1 else 0)
        np.testing.assert_allclose(clf.intercept_, intercept, atol=2e-5)
        np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-5)
        assert (clf.predict(X) == expected.predict(X)).all()

    @pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
    @pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.05, 1.0), (0.02, 0.5)])
    def test_l1_and_elastic_net_with_the_same_zeros(
        self, tables: Any, name: str, alpha: float, l1_ratio: float
    ) -> None:
        X, y = tables[name]
        clf = LogisticRegression(alpha=alpha, l1_ratio=l1_ratio).fit(X, y)
        expected = scikit_learns(X, y, alpha, l1_ratio)
        np.testing.assert_allclose(clf.coef_, expected.coef_, atol=1e-4)
        np.testing.assert_array_equal(clf.coef_ == 0, expected.coef_ == 0)
        assert (clf.coef_ == 0).any()

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_unpenalised(self, n_classes: int) -> None:
        X, y = noisy(n_classes)
        clf = LogisticRegression().fit(X, y)
        expected = sklearn.linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(clf.coef_, expected.coef_, atol=1e-5)
        np.testing.assert_allclose(clf.decision_function(X), expected.decision_function(X), atol=1e-4)
        assert clf.separation_ is None

    def test_sample_weights(self) -> None:
        X, y = noisy(3)
        weights = np.random.default_rng(0).uniform(0, 3, len(y))
        clf = LogisticRegression(alpha=0.01).fit(X, y, weights)
        np.testing.assert_allclose(clf.coef_, scikit_learns(X, y, 0.01, weights=weights).coef_, atol=1e-5)


class TestNumbers:
    """The case study's softmax classifier."""

    DESCENT: ClassVar[dict[str, Any]] = {
        "solver": "sgd", "momentum": 0, "batch_size": 300, "alpha": 1e-3, "learning_rate_init": 1.0, "tol": 0,
        "kernel_initializer": "normal(0.01)", "n_iter_no_change": np.inf,
    }  # fmt: skip

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_descent(self) -> None:
        X, y = spiral()
        clf = LogisticRegression(max_iter=191, random_state=0, **self.DESCENT).fit(X, y)
        assert 1.0966 < clf.loss_curve_[0] < 1.1010
        assert clf.loss_curve_[190] == pytest.approx(0.786302, abs=2e-6)
        assert clf.score(X, y) == pytest.approx(0.493, abs=0.0034)

    def test_optimum(self) -> None:
        X, y = spiral()
        clf = LogisticRegression(alpha=1e-3).fit(X, y)
        assert clf.loss_ == pytest.approx(0.786230, abs=1e-6)
        assert clf.score(X, y) == pytest.approx(0.493, abs=0.0034)
        assert len(clf.loss_curve_) == clf.n_iter_

    def test_starts_at_ln_of_the_number_of_classes(self) -> None:
        X, y = noisy(3)
        with pytest.warns(ConvergenceWarning):
            clf = LogisticRegression(solver="sgd", max_iter=1, batch_size=500).fit(X, y)
        assert clf.loss_curve_[0] == pytest.approx(np.log(3), abs=1e-6)


class TestSummary:
    def test_binary_equals_statsmodels(self) -> None:
        X, y = load_iris(return_X_y=True, as_frame=True)
        X, y = X[50:], y[50:]  # raw: centimetres
        clf = LogisticRegression().fit(X, y)
        table, expected = clf.summary(X, y), sm.Logit(y - 1, sm.add_constant(X)).fit(disp=0, tol=1e-12)
        np.testing.assert_allclose(table["coefficient"], expected.params, atol=1e-4)
        np.testing.assert_allclose(table["std_error"], expected.bse, atol=1e-4)
        np.testing.assert_allclose(table["z"], expected.tvalues, atol=1e-4)
        np.testing.assert_allclose(table["p_value"], expected.pvalues, atol=1e-6)
        np.testing.assert_allclose(table[["low", "high"]], expected.conf_int(), atol=1e-4)
        np.testing.assert_allclose(table["odds_ratio"], np.exp(expected.params), rtol=1e-4)
        np.testing.assert_allclose(table[["odds_ratio_low", "odds_ratio_high"]], np.exp(expected.conf_int()), rtol=1e-4)
        assert table["feature"].tolist() == ["(intercept)", *X.columns]
        assert set(table["class"]) == {2}
        assert table.attrs["reference_class"] == 1
        assert table.attrs["deviance"] == pytest.approx(-2 * expected.llf, abs=1e-6)
        assert table.attrs["null_deviance"] == pytest.approx(-2 * expected.llnull, abs=1e-6)
        assert table.attrs["aic"] == pytest.approx(expected.aic, abs=1e-6)
        assert table.attrs["bic"] == pytest.approx(expected.bic, abs=1e-6)
        assert table.attrs["mcfadden_r2"] == pytest.approx(expected.prsquared, abs=1e-8)
        assert table.attrs["likelihood_ratio_p_value"] == pytest.approx(expected.llr_pvalue, rel=1e-6)

    def test_multinomial_equals_statsmodels(self) -> None:
        X, y = noisy(4, 400)
        clf = LogisticRegression().fit(X, y)
        table = clf.summary(X, y, level=0.9)
        expected = sm.MNLogit(y, sm.add_constant(X)).fit(disp=0, method="newton", tol=1e-12)
        for column, values in (("coefficient", expected.params), ("std_error", expected.bse)):
            np.testing.assert_allclose(table[column].to_numpy().reshape(3, 4), values.T, atol=1e-4)
        np.testing.assert_allclose(table["p_value"].to_numpy().reshape(3, 4), expected.pvalues.T, atol=1e-6)
        half = 1.6448536 * table["std_error"]
        np.testing.assert_allclose(table["high"], table["coefficient"] + half, atol=1e-6)
        assert table["class"].tolist() == np.repeat([1, 2, 3], 4).tolist()
        assert clf.fit_statistics(X, y).aic == pytest.approx(expected.aic, abs=1e-6)
        assert clf.fit_statistics(X, y).mcfadden_r2 == pytest.approx(expected.prsquared, abs=1e-8)

    def test_weights_count_rows(self) -> None:
        X, y = noisy(2, 80)
        counts = np.random.default_rng(0).integers(0, 4, 80)
        weighted = LogisticRegression().fit(X, y, counts).summary(X, y, sample_weight=counts)
        X2, y2 = np.repeat(X, counts, axis=0), np.repeat(y, counts)
        pd.testing.assert_frame_equal(weighted, LogisticRegression().fit(X2, y2).summary(X2, y2), atol=1e-8)
        assert weighted.attrs["n_observations"] == counts.sum()

    def test_a_table_of_two_by_two(self) -> None:
        X, y = np.repeat([[0], [1]], 50, axis=0), np.repeat(["no", "yes", "no", "yes"], [40, 10, 20, 30])
        row = LogisticRegression().fit(X, y).summary(X, y).iloc[1]
        assert row["odds_ratio"] == pytest.approx((30 / 20) / (10 / 40))
        assert row["std_error"] == pytest.approx(np.sqrt(1 / 40 + 1 / 10 + 1 / 20 + 1 / 30))  # Woolf's formula
        assert row["class"] == "yes"

    def test_refusals(self) -> None:
        X, y = noisy(2)
        with pytest.raises(ParameterError, match=r"summary needs alpha=0.*alpha=0\.1.*Fit with alpha=0"):
            LogisticRegression(alpha=0.1).fit(X, y).summary(X, y)
        with pytest.raises(ParameterError, match=r"class_weight='balanced'.*Fit with class_weight=None"):
            LogisticRegression(class_weight="balanced").fit(X, y).summary(X, y)
        clf = LogisticRegression().fit(X, y)
        with pytest.raises(ParameterError, match=r"level=95.*\(0, 1\)"):
            clf.summary(X, y, level=95)
        with pytest.raises(DataError, match="X has 200 rows, y has 3"):
            clf.summary(X, y[:3])
        with pytest.raises(DataError, match="0 or more"):
            clf.summary(X, y, sample_weight=-np.ones(200))
        with pytest.warns(StratesWarning, match=r"standard errors away .* Pass the rows .* that were fitted"):
            clf.summary(X[:100], y[:100])
        with pytest.raises(TargetError, match="one LogisticRegression a label"):
            LogisticRegression(alpha=0.1).fit(X, X > 0).fit_statistics(X, X > 0)

    def test_collinear_features_are_named(self) -> None:
        X, y = noisy(2)
        frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(sum=X[:, 0] + X[:, 1])
        clf = LogisticRegression().fit(frame, y)
        with pytest.raises(DataError, match=r"singular.*functions of one another: a, b, sum\. .*Drop one"):
            clf.summary(frame, y)
        np.testing.assert_allclose(
            clf.decision_function(frame), LogisticRegression().fit(X, y).decision_function(X), atol=1e-5
        )


class TestSeparation:
    @pytest.mark.parametrize("name", ["wine", "breast_cancer"])
    def test_complete(self, tables: Any, name: str) -> None:
        X, y = tables[name]
        with pytest.warns(StratesWarning, match=r"complete separation.*does not exist.*Use alpha > 0"):
            clf = LogisticRegression().fit(X, y)
        assert clf.separation_ == "complete"
        with pytest.raises(DataError, match=r"classes are separated.*does not exist"):
            clf.summary(X, y)

    def test_quasi_complete(self, tables: Any) -> None:
        X, y = tables["iris"]  # setosa lies apart; the other two overlap
        with pytest.warns(StratesWarning, match=r"quasi-complete separation.*some rows"):
            clf = LogisticRegression().fit(X, y)
        assert clf.separation_ == "quasi-complete"
        with pytest.raises(DataError, match="quasi-complete"):
            clf.summary(X, y)

    def test_a_category_that_only_one_class_has(self) -> None:
        X, y = noisy(2)
        frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(only=((X[:, 0] > 0.5) & (y == 1)).astype(float))
        with pytest.warns(StratesWarning, match=r"quasi-complete.*along 'only'"):
            LogisticRegression().fit(frame, y)
        assert LogisticRegression(alpha=1e-3).fit(frame, y).separation_ is None


class TestConvergence:
    def test_warns_with_the_gradient(self) -> None:
        X, y = noisy(3)
        with pytest.warns(ConvergenceWarning, match=r"3 iterations.*gradient norm \d"):
            clf = LogisticRegression(max_iter=3).fit(X, y)
        assert clf.n_iter_ == 3

    def test_raw_units_converge(self) -> None:
        rng = np.random.default_rng(0)
        z = rng.normal(size=(300, 3))
        y = (z.sum(axis=1) + rng.logistic(size=300) > 0).astype(int)
        X = z * [1e-3, 1, 1e4] + [0, 0, 5e4]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            clf = LogisticRegression().fit(X, y)
        plain = LogisticRegression().fit(z, y)
        np.testing.assert_allclose(clf.predict_proba(X), plain.predict_proba(z), atol=1e-6)

    def test_each_iteration_is_recorded(self) -> None:
        X, y = noisy(3)
        clf = LogisticRegression(alpha=0.1).fit(X, y)
        history = clf.history_
        assert history["epoch"].tolist() == list(range(1, clf.n_iter_ + 1))
        assert (np.diff(history["loss"]) <= 1e-12).all()
        assert history["penalty"].iloc[-1] == pytest.approx(0.05 * (clf.coef_**2).sum(), rel=1e-9)


class TestPath:
    def test_equals_fits_of_their_own(self, tables: Any) -> None:
        X, y = tables["iris"]
        template = LogisticRegression(l1_ratio=1.0)
        path = template.regularization_path(X, y, [0.01, 0.3, 0.1])
        assert path.alphas.tolist() == [0.3, 0.1, 0.01]
        assert not hasattr(template, "classes_")
        for alpha, coef, intercept, loss in zip(path.alphas, path.coefs, path.intercepts, path.losses, strict=True):
            clf = LogisticRegression(alpha=alpha, l1_ratio=1.0).fit(X, y)
            np.testing.assert_allclose(coef, clf.coef_, atol=1e-6)
            np.testing.assert_allclose(intercept, clf.intercept_, atol=1e-6)
            assert loss == pytest.approx(clf.history_["train_loss"].iloc[-1], abs=1e-8)
        assert path.n_nonzero.tolist() == [(c != 0).sum() for c in path.coefs]
        frame = path.to_frame()
        assert len(frame) == 3 * 3 * 4
        first = frame.query("alpha == 0.1 and `class` == 2")
        np.testing.assert_array_equal(first["coefficient"], path.coefs[1, 2])

    def test_default_alphas_begin_where_all_is_zero(self, tables: Any) -> None:
        X, y = tables["breast_cancer"]
        path = LogisticRegression(l1_ratio=1.0, max_iter=200).regularization_path(X[:, :6], y)
        assert path.coefs.shape == (30, 1, 6)
        assert path.classes.tolist() == [1]
        assert path.n_nonzero[0] == 0
        assert path.n_nonzero[1] >= 1
        assert path.n_nonzero[-1] >= 4
        assert path.alphas[0] / path.alphas[-1] == pytest.approx(1e4)

    def test_no_alpha(self) -> None:
        with pytest.raises(ParameterError, match="alphas is empty; expected one penalty or more"):
            LogisticRegression().regularization_path(*noisy(2), [])


class TestContract:
    def test_labels_frames_sparse_rows(self) -> None:
        X, y = noisy(3)
        names = np.array(["ant", "bee", "cat"])[y]
        frame = pd.DataFrame(X, columns=["a", "b", "c"])
        plain, clf = LogisticRegression().fit(X, y), LogisticRegression().fit(frame, names)
        np.testing.assert_array_equal(plain.coef_, clf.coef_)
        assert clf.predict(frame).tolist() == np.array(["ant", "bee", "cat"])[plain.predict(X)].tolist()
        assert clf.feature_names_in_.tolist() == ["a", "b", "c"]
        thin = LogisticRegression().fit(sparse.csr_array(X), y)
        np.testing.assert_allclose(thin.coef_, plain.coef_, atol=1e-9)
        np.testing.assert_allclose(thin.decision_function(sparse.csr_array(X)), plain.decision_function(X), atol=1e-8)

    def test_coefficients_are_centred(self) -> None:
        clf = LogisticRegression().fit(*noisy(3))
        np.testing.assert_allclose(clf.coef_.sum(axis=0), 0, atol=1e-12)
        assert clf.intercept_.sum() == pytest.approx(0, abs=1e-12)
        assert clf.coef_.dtype == np.float64

    def test_network_is_the_same_model(self) -> None:
        X, y = noisy(3)
        clf = LogisticRegression().fit(X, y)
        np.testing.assert_allclose(clf.network_(X).numpy(), clf.predict_proba(X), atol=1e-6)
        kernel, bias = clf.network_.get_weights()
        clf.network_.set_weights([2 * kernel, bias])  # the network is the model: what is set counts
        np.testing.assert_allclose(clf.coef_, 2 * kernel.T.astype(float), atol=1e-6)
        np.testing.assert_allclose(clf.network_(X).numpy(), clf.predict_proba(X), atol=1e-6)
        np.testing.assert_array_equal(clf.transform(X), X.astype(np.float32))

    def test_saved_and_pickled(self, tmp_path: Path) -> None:
        X, y = noisy(3)
        clf = LogisticRegression().fit(X, y)
        for again in (strates.load(strates.save(clf, tmp_path / "model")), pickle.loads(pickle.dumps(clf))):
            np.testing.assert_array_equal(again.coef_, clf.coef_)
            np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
            pd.testing.assert_frame_equal(again.summary(X, y), clf.summary(X, y))

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_warm_start_and_partial_fit(self) -> None:
        X, y = noisy(3)
        clf = LogisticRegression(warm_start=True).fit(X, y)
        first = clf.n_iter_
        assert clf.fit(X, y).n_iter_ < first
        clf = LogisticRegression(solver="sgd", learning_rate_init=0.5, batch_size=200)
        for _ in range(300):
            clf.partial_fit(X, y, classes=[0, 1, 2])
        np.testing.assert_allclose(clf.coef_, LogisticRegression().fit(X, y).coef_, atol=0.02)
