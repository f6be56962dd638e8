"""What is particular to the multi-layer perceptron: its penalties, its pieces, its representations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline

from strates import MLPClassifier, Recorder
from strates.engine.backend import keras
from strates.exceptions import ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class TestLikeScikitLearns:
    """Trained side by side from the same weights, in the same order of rows."""

    @staticmethod
    def both(X: Any, y: Any, **settings: Any) -> tuple[Any, Any]:
        common: dict[str, Any] = {
            "hidden_layer_sizes": (7, 5), "max_iter": 6, "shuffle": False, "random_state": 0, "tol": 0.0, "alpha": 0.0,
        }  # fmt: skip
        common |= settings
        ours = MLPClassifier(**common).set_callbacks(Recorder(1)).fit(X, y)
        start = ours.recording_[0].estimator
        theirs = ScikitLearnMLP(**{**common, "warm_start": True, "max_iter": 1}).fit(X, y)
        theirs.coefs_ = [w.astype(np.float64) for w in start.coefs_]
        theirs.intercepts_ = [w.astype(np.float64) for w in start.intercepts_]
        theirs.t_, theirs.loss_curve_, theirs.best_loss_, theirs._no_improvement_count = 0, [], np.inf, 0
        theirs.set_params(max_iter=common["max_iter"]).fit(X, y)
        return ours, theirs

    @pytest.mark.parametrize(
        "settings",
        [
            {"solver": "adam", "learning_rate_init": 0.01, "batch_size": 40},
            {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-4, "batch_size": 40},
            {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.9, "batch_size": 40},
            {"solver": "sgd", "learning_rate_init": 0.1, "nesterovs_momentum": False, "batch_size": 40},
            {
                "solver": "sgd",
                "learning_rate_init": 0.5,
                "learning_rate": "invscaling",
                "power_t": 0.3,
                "batch_size": 40,
            },
            {
                "solver": "sgd",
                "learning_rate_init": 0.5,
                "learning_rate": "adaptive",
                "tol": 1.0,
                "n_iter_no_change": 1,
            },
        ],
        ids=["adam", "adam settings", "nesterov", "momentum", "invscaling", "adaptive"],
    )
    def test_solvers_and_rates(self, iris: Any, settings: dict[str, Any]) -> None:
        self.check(iris, activation="tanh", **settings)

    @pytest.mark.parametrize("activation", ["relu", "logistic", "identity"])
    def test_activations(self, iris: Any, activation: str) -> None:
        self.check(iris, activation=activation, learning_rate_init=0.01, batch_size=40)

    def check(self, iris: Any, **settings: Any) -> None:
        ours, theirs = self.both(*iris, **settings)
        for a, b in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
        np.testing.assert_allclose(ours.predict_proba(iris[0]), theirs.predict_proba(iris[0]), atol=1e-4)

    def test_alpha_is_theirs_divided_by_the_batch(self, iris: Any) -> None:
        X, y = iris  # three batches of fifty: their alpha of 5 is our 0.1
        ours = MLPClassifier((7,), solver="sgd", alpha=0.1, batch_size=50, shuffle=False, max_iter=4, random_state=0)
        ours.set_callbacks(Recorder(1)).fit(X, y)
        theirs = ScikitLearnMLP(
            (7,), solver="sgd", alpha=5.0, batch_size=50, shuffle=False, max_iter=1, warm_start=True
        )
        theirs.fit(X, y)
        start = ours.recording_[0].estimator
        theirs.coefs_ = [w.astype(np.float64) for w in start.coefs_]
        theirs.intercepts_ = [w.astype(np.float64) for w in start.intercepts_]
        theirs.set_params(max_iter=4).fit(X, y)
        for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_attributes_all_exist(self, iris: Any) -> None:
        ours, theirs = self.both(*iris)
        public = [n for n in vars(theirs) if n.endswith("_") and not n.startswith("_")]
        assert [n for n in public if not hasattr(ours, n)] == []
        for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "t_"):
            assert getattr(ours, name) == getattr(theirs, name), name


class TestPenalties:
    @pytest.mark.parametrize("alpha", [0.003, 0.05])
    def test_l2_is_logistic_regression(self, iris: Any, alpha: float) -> None:
        X, y = iris
        clf = MLPClassifier((), solver="lbfgs", alpha=alpha, tol=1e-7, max_iter=2000, random_state=0).fit(X, y)
        expected = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(clf.coefs_[0], expected.coef_.T, atol=1e-3)  # to 1e-4: tests/engine/test_lbfgs.py
        np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-4)

    @pytest.mark.parametrize(
        ("settings", "tolerance"),
        [
            ({"solver": "lbfgs", "tol": 1e-7, "max_iter": 2000}, 1e-4),
            ({"solver": "sgd", "learning_rate_init": 0.5, "momentum": 0.0, "max_iter": 1500}, 2e-3),
            ({"solver": "adam", "learning_rate_init": 0.05, "learning_rate": "cosine", "max_iter": 1500}, 2e-3),
        ],
        ids=["lbfgs", "sgd", "adam"],
    )
    def test_l1_is_the_lasso_with_exact_zeros(self, settings: dict[str, Any], tolerance: float) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(120, 8))
        y = (X[:, 0] - 0.7 * X[:, 1] + 0.3 * rng.normal(size=120) > 0).astype(int)
        alpha = 0.05
        clf = MLPClassifier(
            (), alpha=alpha, l1_ratio=1.0, batch_size=120, random_state=0, n_iter_no_change=np.inf, **settings
        ).fit(X, y)
        expected = LogisticRegression(l1_ratio=1.0, C=1 / (alpha * 120), solver="saga", tol=1e-9, max_iter=100_000)
        expected.fit(X, y)
        kernel = clf.coefs_[0].astype(np.float64)
        np.testing.assert_allclose(kernel.ravel(), expected.coef_.ravel(), atol=tolerance)
        np.testing.assert_array_equal(kernel.ravel() == 0, expected.coef_.ravel() == 0)
        assert 0 < (kernel == 0).sum() < 8
        # its own conditions: the data's slope is -alpha sign(w) at weights that are not zero, within alpha at zeros
        p = 1 / (1 + np.exp(-(X @ kernel + clf.intercepts_[0])))
        slope = X.T @ (p - y[:, None]) / 120
        np.testing.assert_allclose(slope[kernel != 0], -alpha * np.sign(kernel[kernel != 0]), atol=tolerance)
        assert (np.abs(slope[kernel == 0]) <= alpha + tolerance).all()

    @pytest.mark.parametrize("batch_size", [16, "auto"])
    def test_l1_makes_hidden_weights_exactly_zero_too(self, binary: Any, batch_size: Any) -> None:
        clf = MLPClassifier(
            (10,),
            alpha=0.02,
            l1_ratio=1.0,
            learning_rate_init=0.02,
            max_iter=150,
            batch_size=batch_size,
            random_state=0,
        ).fit(*binary)
        assert 0.1 < (clf.coefs_[0] == 0).mean() < 1
        dense = MLPClassifier((10,), alpha=0.02, learning_rate_init=0.02, max_iter=150, random_state=0).fit(*binary)
        assert (dense.coefs_[0] != 0).all()

    def test_a_weight_may_leave_zero_again(self, binary: Any) -> None:
        clf = MLPClassifier((6,), kernel_initializer="zeros", alpha=1e-4, l1_ratio=1.0, max_iter=3)
        linear = MLPClassifier((), kernel_initializer="zeros", alpha=1e-4, l1_ratio=1.0, max_iter=30)
        assert not clf.fit(*binary).coefs_[0].any()  # symmetry: no gradient reaches it
        assert linear.fit(*binary).coefs_[0].any()

    @pytest.mark.parametrize("settings", [{}, {"batch_norm": True}, {"solver": "sgd", "batch_size": 10}], ids=str)
    def test_max_norm_bounds_every_units_incoming_weights(self, binary: Any, settings: dict[str, Any]) -> None:
        for limit in (0.4, 1.5):
            clf = MLPClassifier(
                (8, 8), max_norm=limit, learning_rate_init=0.1, max_iter=40, random_state=0, **settings
            ).fit(*binary)
            norms = [np.linalg.norm(w, axis=0).max() for w in clf.coefs_]
            assert max(norms) <= limit * (1 + 1e-5)
            assert max(norms) > limit * 0.9
            constraints = [getattr(layer, "kernel_constraint", None) for layer in clf.network_.layers]
            assert [c.max_value for c in constraints if c] == [limit] * 3

    def test_label_smoothing_ends_at_smoothed_probabilities(self) -> None:
        # nothing to tell the rows apart by: the bias alone answers, with the mean of the smoothed targets
        X, y = np.zeros((40, 1)), np.array([0] * 20 + [1] * 12 + [2] * 8)
        clf = MLPClassifier((), solver="lbfgs", label_smoothing=0.3, alpha=0.0, tol=1e-8).fit(X, y)
        np.testing.assert_allclose(clf.predict_proba(X)[0], 0.7 * np.array([0.5, 0.3, 0.2]) + 0.1, atol=1e-5)
        clf = MLPClassifier((), solver="lbfgs", label_smoothing=0.3, alpha=0.0, tol=1e-8).fit(X, y > 0)
        np.testing.assert_allclose(clf.predict_proba(X)[0], [0.5, 0.5], atol=1e-5)


class TestPieces:
    def test_coefficients_are_those_of_the_network(self, iris: Any) -> None:
        clf = MLPClassifier((7, 5), max_iter=3).fit(*iris)
        assert [w.shape for w in clf.coefs_] == [(4, 7), (7, 5), (5, 3)]
        assert [b.shape for b in clf.intercepts_] == [(7,), (5,), (3,)]
        for w, b in zip(clf.network_.get_weights()[::2], clf.coefs_, strict=True):
            np.testing.assert_array_equal(w, b)
        assert (clf.n_layers_, clf.n_outputs_, clf.out_activation_) == (4, 3, "softmax")

    def test_with_batch_normalisation(self, iris: Any) -> None:
        clf = MLPClassifier((7, 5), batch_norm=True, max_iter=3).fit(*iris)
        assert [w.shape for w in clf.coefs_] == [(4, 7), (7, 5), (5, 3)]
        for i, b in enumerate(clf.intercepts_[:-1], start=1):
            np.testing.assert_array_equal(b, np.asarray(clf.network_.get_layer(f"batch_norm_{i}").beta))
        assert clf.intercepts_[-1].shape == (3,)

    def test_the_network_is_an_ordinary_keras_model(self, iris: Any) -> None:
        X, y = iris
        clf = MLPClassifier((7, 5), dropout=(0.1, 0.0), activation="gelu", max_iter=3).fit(X, y)
        assert isinstance(clf.network_, keras.Model)
        assert all(type(layer).__module__.startswith("keras.") for layer in clf.network_.layers)
        np.testing.assert_allclose(clf.network_.predict(X, verbose=0), clf.predict_proba(X), atol=1e-6)
        assert clf.network_ is clf.network_
        clf.network_.compile(loss="sparse_categorical_crossentropy")
        clf.network_.fit(X, y, verbose=0)

    def test_binary_networks_have_one_logistic_unit(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((7,), max_iter=3).fit(X, y)
        assert clf.network_.output_shape == (None, 1)
        np.testing.assert_allclose(clf.network_.predict(X, verbose=0)[:, 0], clf.predict_proba(X)[:, 1], atol=1e-6)

    def test_weights_set_by_hand_are_predicted_with(self, iris: Any) -> None:
        X, y = iris
        clf = MLPClassifier((7,), max_iter=3).fit(X, y)
        clf.predict(X)
        clf.network_.set_weights([np.zeros_like(w) for w in clf.network_.get_weights()])
        np.testing.assert_allclose(clf.predict_proba(X), 1 / 3, atol=1e-6)
        assert not clf.coefs_[0].any()

    def test_probabilities_and_their_logarithms(self, iris: Any) -> None:
        X, y = iris
        clf = MLPClassifier((50,), solver="lbfgs", alpha=0.0, max_iter=1000).fit(X * 100, y)
        p, log_p = clf.predict_proba(X * 1e4), clf.predict_log_proba(X * 1e4)  # as sure as a network can be
        assert np.isfinite(log_p).all()
        np.testing.assert_allclose(log_p, np.log(p), rtol=1e-5)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)

    @pytest.mark.parametrize("sizes", [(), (1,), 5, (3, 4, 5)], ids=str)
    def test_all_zero_weights_stay_alike(self, iris: Any, sizes: Any) -> None:
        clf = MLPClassifier(sizes, kernel_initializer="zeros", activation="tanh", max_iter=5).fit(*iris)
        for w in clf.coefs_[:-1]:
            np.testing.assert_array_equal(w, w[:, :1] + 0 * w)

    def test_twenty_examples_are_learned_by_heart(self, iris: Any) -> None:
        X, y = iris[0][::8], iris[1][::8]
        clf = MLPClassifier((50,), alpha=0.0, learning_rate_init=0.05, max_iter=150, random_state=0).fit(X, y)
        assert clf.score(X, y) == 1.0
        assert clf.loss_ < 0.01


@pytest.fixture(scope="module")
def clf(iris: Any) -> Any:
    return MLPClassifier((7, 5), activation="tanh", dropout=0.2, max_iter=3, random_state=0).fit(*iris)


class TestTransform:
    def test_gives_the_activations_of_any_layer(self, iris: Any, clf: Any) -> None:
        X, _ = iris
        first = np.tanh(X @ clf.coefs_[0] + clf.intercepts_[0])
        second = np.tanh(first @ clf.coefs_[1] + clf.intercepts_[1])
        for layers, expected in (((0, -2, "hidden_1"), first), ((1, -1, "hidden_2"), second)):
            for layer in layers:
                np.testing.assert_allclose(clf.transform(X, layer=layer), expected, atol=1e-5)
        np.testing.assert_allclose(clf.transform(X), second, atol=1e-5)
        np.testing.assert_allclose(clf.transform(X, layer="outputs"), clf.predict_proba(X), atol=1e-6)

    def test_with_batch_normalisation_is_after_the_activation(self, iris: Any) -> None:
        clf = MLPClassifier((7,), batch_norm=True, activation="relu", max_iter=3).fit(*iris)
        assert (clf.transform(iris[0]) >= 0).all()
        assert clf.transform(iris[0]).shape == (150, 7)

    def test_without_hidden_layers_is_the_input(self, iris: Any) -> None:
        clf = MLPClassifier((), max_iter=3).fit(*iris)
        np.testing.assert_allclose(clf.transform(iris[0]), iris[0], rtol=1e-6)
        assert clf.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3"]

    @pytest.mark.parametrize(
        ("layer", "message"),
        [
            (2, r"layer=2 does not exist: the network has 2 hidden layers, numbered 0 to 1 \(hidden_1, hidden_2\)"),
            (-3, "layer=-3 does not exist"),
            ("hiden", r"no layer 'hiden'\. It has: inputs, hidden_1"),
        ],
    )
    def test_layers_that_do_not_exist(self, iris: Any, clf: Any, layer: Any, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            clf.transform(iris[0], layer=layer)

    @pytest.mark.parametrize("layer", [0, 1.5, None])
    def test_layers_of_a_linear_classifier(self, iris: Any, layer: Any) -> None:
        clf = MLPClassifier((), max_iter=3).fit(*iris)
        if layer == 0:
            assert clf.transform(iris[0], layer=0).shape == (150, 4)
        else:
            with pytest.raises(ParameterError, match="layer="):
                clf.transform(iris[0], layer=layer)

    def test_goes_on_in_a_pipeline(self, iris: Any) -> None:
        X, y = iris
        pipeline = make_pipeline(MLPClassifier((7,), max_iter=20, random_state=0), LogisticRegression()).fit(X, y)
        assert pipeline.score(X, y) > 0.8

    def test_as_frames(self, iris: Any) -> None:
        X, y = iris
        clf = MLPClassifier((7, 5), max_iter=3).fit(X, y).set_output(transform="pandas")
        frame = clf.transform(pd.DataFrame(X).to_numpy())
        assert list(frame) == [f"mlpclassifier{i}" for i in range(5)]
        assert clf.transform(X, layer=0).shape == (150, 7)
