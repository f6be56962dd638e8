"""Autoencoders against principal components, Wiener's filter, and gradients by hand."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from strates import Autoencoder, Checkpoint, Recorder, load, save
from strates.engine.backend import keras
from strates.engine.predictor import predictor
from strates.engine.program import clear_programs, count_traces
from strates.exceptions import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def wine() -> Any:
    return scale(load_wine().data)


@pytest.fixture(scope="module")
def fitted(wine: Any) -> Autoencoder:
    """An autoencoder d-6-3-6-d of 178 rows."""
    return Autoencoder((6, 3), activation="tanh", max_iter=40, learning_rate_init=0.01, random_state=0).fit(wine)


def weights_of(auto: Any) -> list[Any]:
    found: list[Any] = auto.network_.get_weights()
    return found


class TestLinear:
    """Baldi & Hornik (1989): a linear autoencoder's error surface has one minimum, the principal components'."""

    @pytest.mark.parametrize("tied", [False, True])
    @pytest.mark.parametrize(("name", "n_codes"), [("wine", 2), ("digits", 8)])
    def test_reaches_the_error_of_principal_components(self, name: str, n_codes: int, tied: bool) -> None:
        X = scale(load_wine().data) if name == "wine" else load_digits().data[:600] / 16
        pca = PCA(n_codes).fit(X)
        smallest = ((X - pca.inverse_transform(pca.transform(X))) ** 2).mean()
        linear = Autoencoder(
            (n_codes,), activation="identity", solver="lbfgs", max_iter=600, tied=tied, random_state=0
        ).fit(X)
        error = linear.reconstruction_error(X).mean()
        assert smallest * (1 - 1e-5) < error < smallest * 1.01

    def test_codes_span_the_principal_components(self, wine: Any) -> None:
        linear = Autoencoder((2,), activation="identity", solver="lbfgs", random_state=0).fit(wine)
        codes = np.column_stack([np.ones(len(wine)), linear.transform(wine)])
        scores = PCA(2).fit_transform(wine)
        missed = scores - codes @ np.linalg.lstsq(codes, scores, rcond=None)[0]
        assert missed.var() < 1e-3 * scores.var()

    @pytest.mark.parametrize(
        ("load", "n_codes"),
        [(load_wine, 2), (load_breast_cancer, 4), (load_digits, 8)],
        ids=["wine", "cancer", "digits"],
    )
    def test_so_it_does_as_it_comes(self, load: Any, n_codes: int) -> None:
        X = load().data
        X = X / 16 if load is load_digits else scale(X)
        pca = PCA(n_codes).fit(X)
        smallest = ((X - pca.inverse_transform(pca.transform(X))) ** 2).mean()
        linear = Autoencoder((n_codes,), activation="identity", random_state=0).fit(X)
        assert smallest * (1 - 1e-5) < -linear.score(X) < smallest * 1.01


class TestByHand:
    X = RNG.normal(size=(30, 4)).astype(np.float32)
    shares = RNG.uniform(0.5, 2, size=30)

    def gradients(self, X: Any, weights: list[Any]) -> list[Any]:
        """Differentiate the weighted mean squared error of d-3-d with tanh, by the chain rule in float64."""
        V, b, W, c = (np.asarray(w, np.float64) for w in weights)
        h = np.tanh(X @ V + b)
        rows = self.shares[:, None] / self.shares.sum()
        delta = 2 * (h @ W + c - X) / X.shape[1] * rows
        hidden = (delta @ W.T) * (1 - h**2)
        return [X.T @ hidden, hidden.sum(0), h.T @ delta, delta.sum(0)]

    @pytest.mark.parametrize("tied", [False, True])
    @pytest.mark.parametrize(("n_features", "n_codes"), [(4, 3), (260, 200)], ids=["packed", "wide"])
    def test_one_step_of_gradient_descent(self, n_features: int, n_codes: int, tied: bool) -> None:
        X = self.X if n_features == 4 else RNG.normal(size=(30, n_features)).astype(np.float32)
        auto = Autoencoder(
            (n_codes,), code_activation="tanh", tied=tied, max_iter=1, solver=keras.optimizers.SGD(0.5), random_state=0
        )
        auto.set_callbacks(Recorder(1)).fit(X, sample_weight=self.shares)
        before = weights_of(auto.recording_[0].estimator)
        kernel, bias, other, last = self.gradients(X, before)
        if tied:  # both uses of the one kernel
            kernel = kernel + other.T
            other = kernel.T
        for old, new, slope in zip(before, weights_of(auto), (kernel, bias, other, last), strict=True):
            np.testing.assert_allclose(new, old - 0.5 * slope, atol=1e-6)

    def test_the_loss_is_the_mean_over_rows_and_features(self) -> None:
        auto = Autoencoder((3,), solver="lbfgs", alpha=0.1, max_iter=5, random_state=0).fit(self.X)
        V, b, W, c = weights_of(auto)
        squares = (((self.X @ V + b) @ W + c - self.X) ** 2).mean()
        assert auto.history_["train_loss"].iloc[-1] == pytest.approx(squares, rel=1e-5)
        assert auto.loss_ == pytest.approx(squares + 0.05 * ((V**2).sum() + (W**2).sum()), rel=1e-5)

    def test_a_tied_kernel_is_penalised_once(self) -> None:
        auto = Autoencoder((3,), solver="lbfgs", alpha=0.1, tied=True, max_iter=5, random_state=0).fit(self.X)
        V = weights_of(auto)[0]
        assert auto.history_["penalty"].iloc[-1] == pytest.approx(0.05 * (V**2).sum(), rel=1e-5)


@pytest.fixture(scope="module")
def rows() -> Any:
    """1500 rows in two dimensions of six."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(1500, 2)) @ rng.normal(size=(2, 6))


class TestDenoising:
    """A linear denoising autoencoder of full width is a linear filter, whose optimum is known."""

    level = 0.5
    d = 6

    def best(self, S: Any, corruption: str) -> Any:
        """Return Wiener's filter for rows of second moments S: E[x x~'] E[x~ x~']^-1."""
        keep = 1 - self.level
        if corruption == "masking":
            return keep * S @ np.linalg.inv(keep**2 * S + keep * self.level * np.diag(np.diag(S)))
        return S @ np.linalg.inv(S + self.level**2 * np.eye(self.d))

    @pytest.mark.parametrize("corruption", ["gaussian", "masking"])
    def test_learns_wieners_filter(self, rows: Any, corruption: str) -> None:
        X = rows - rows.mean(axis=0)
        settings: dict[str, Any] = {"activation": "identity", "batch_size": 50, "learning_rate": "cosine"}
        settings |= {"learning_rate_init": 0.01, "max_iter": 150, "random_state": 0}
        auto = Autoencoder((self.d,), denoising=self.level, corruption=corruption, **settings).fit(X)
        rng = np.random.default_rng(2)
        if corruption == "masking":
            noisy = X * (rng.uniform(size=X.shape) >= self.level)
        else:
            noisy = X + rng.normal(scale=self.level, size=X.shape)
        optimum = ((noisy @ self.best(X.T @ X / len(X), corruption).T - X) ** 2).mean()
        error = ((auto.reconstruct(noisy) - X) ** 2).mean()
        damage = ((noisy - X) ** 2).mean()
        assert optimum < 0.6 * damage
        assert error < 1.05 * optimum
        plain = Autoencoder((self.d,), **settings).fit(X)  # wide enough to learn the identity, noise and all
        assert ((plain.reconstruct(noisy) - X) ** 2).mean() > 1.3 * error

    def test_an_integer_decides_what_is_corrupted(self, rows: Any) -> None:
        one, two = (Autoencoder((3,), denoising=0.4, max_iter=3, random_state=5).fit(rows) for _ in range(2))
        for a, b in zip(weights_of(one), weights_of(two), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_tied_weights_are_tied_after_training(wine: Any, solver: str) -> None:
    auto = Autoencoder((6, 3), tied=True, solver=solver, max_iter=5, random_state=0)
    start = auto.set_callbacks(Recorder(1)).fit(wine).recording_[0].estimator
    weights = weights_of(auto)
    np.testing.assert_array_equal(weights[6], weights[0].T)
    np.testing.assert_array_equal(weights[4], weights[2].T)
    assert np.abs(weights[0] - weights_of(start)[0]).max() > 1e-3


class TestTransformer:
    def test_both_ways_together_are_the_network(self, fitted: Autoencoder, wine: Any) -> None:
        codes = fitted.transform(wine)
        assert codes.shape == (178, 3)
        expected = np.asarray(fitted.network_(wine.astype(np.float32)))
        np.testing.assert_allclose(fitted.inverse_transform(codes), expected, atol=1e-5)
        np.testing.assert_allclose(fitted.reconstruct(wine), expected, atol=1e-5)
        np.testing.assert_allclose(fitted.encoder_(wine.astype(np.float32)), codes, atol=1e-5)
        np.testing.assert_allclose(fitted.decoder_(codes), expected, atol=1e-5)

    def test_errors_are_mean_squares(self, fitted: Autoencoder, wine: Any) -> None:
        errors = ((wine - np.asarray(fitted.network_(wine.astype(np.float32)))) ** 2).mean(axis=1)
        np.testing.assert_allclose(fitted.reconstruction_error(wine), errors, rtol=1e-4)
        assert fitted.score(wine) == pytest.approx(-errors.mean(), rel=1e-5)
        shares = np.arange(178)
        assert fitted.score(wine, sample_weight=shares) == pytest.approx(-np.average(errors, weights=shares), rel=1e-5)

    def test_the_parts_share_the_weights_of_the_network(self, fitted: Autoencoder, wine: Any) -> None:
        twin = pickle.loads(pickle.dumps(fitted))
        encoder, decoder = twin.encoder_, twin.decoder_
        twin.network_.set_weights([w * 0 + 2 for w in weights_of(twin)])
        np.testing.assert_allclose(encoder(np.ones((1, 13))), np.full((1, 3), 2 + 12 * np.tanh(28)), rtol=1e-6)
        np.testing.assert_allclose(decoder(np.zeros((1, 3))), np.full((1, 13), 2 + 12 * np.tanh(2)), rtol=1e-6)
        np.testing.assert_allclose(twin.transform(wine[:0:-60]), np.asarray(encoder(wine[:0:-60])), rtol=1e-5)

    def test_names_its_codes(self, wine: Any) -> None:
        frame = pd.DataFrame(wine, columns=load_wine().feature_names)
        auto = Autoencoder((2,), max_iter=2).set_output(transform="pandas").fit(frame)
        assert auto.transform(frame).columns.tolist() == ["autoencoder0", "autoencoder1"]
        assert auto.feature_names_in_.tolist() == load_wine().feature_names

    def test_sparse_rows_are_as_good(self) -> None:
        X = RNG.poisson(0.3, size=(50, 12)).astype(float)
        settings: dict[str, Any] = {"max_iter": 10, "random_state": 0, "batch_size": 20}
        for extra in ({}, {"solver": "lbfgs"}):
            dense = Autoencoder((3,), **settings, **extra).fit(X)
            thin = Autoencoder((3,), **settings, **extra).fit(sparse.csr_array(X))
            np.testing.assert_allclose(thin.transform(sparse.csr_array(X)), dense.transform(X), atol=1e-6)
            np.testing.assert_allclose(
                thin.reconstruction_error(sparse.csr_array(X)), dense.reconstruction_error(X), rtol=1e-5
            )

    def test_is_a_step_of_pipelines_and_searches(self, wine: Any) -> None:
        pipeline = make_pipeline(StandardScaler(), Autoencoder((2,), solver="lbfgs", random_state=0))
        search = GridSearchCV(pipeline, {"autoencoder__hidden_layer_sizes": [(1,), (5,)]}, cv=3).fit(wine)
        assert search.best_params_ == {"autoencoder__hidden_layer_sizes": (5,)}
        assert search.transform(wine).shape == (178, 5)


class TestRows:
    @pytest.mark.parametrize("n", [1, 2, 5, 199, 200, 201, 450])
    def test_works_with_any_number(self, n: int) -> None:
        X = RNG.normal(size=(n, 3))
        for extra in ({}, {"denoising": 0.1}, {"solver": "lbfgs"}):
            auto = Autoencoder((2,), max_iter=3, random_state=0, **extra).fit(X)  # type: ignore[arg-type]
            assert np.isfinite(auto.reconstruct(X)).all()

    def test_one_row_is_learned_by_heart(self) -> None:
        X = np.array([[3.0, -1.0, 500.0]])
        auto = Autoencoder((1,), solver="lbfgs", tol=1e-8, random_state=0).fit(X)
        np.testing.assert_allclose(auto.reconstruct(X), X, rtol=1e-3)

    def test_refitting_starts_afresh(self, wine: Any) -> None:
        for extra in ({}, {"tied": True}, {"solver": "lbfgs"}):
            auto = Autoencoder((4,), max_iter=4, random_state=0, **extra)  # type: ignore[arg-type]
            auto.fit(RNG.normal(size=(40, 3)))
            auto.fit(wine)
            anew = clone(auto).fit(wine)
            for a, b in zip(weights_of(auto), weights_of(anew), strict=True):
                np.testing.assert_array_equal(a, b)
            assert auto.n_iter_ == anew.n_iter_ == len(auto.history_)

    def test_a_warm_start_goes_on(self, wine: Any) -> None:
        auto = Autoencoder((3,), max_iter=10, learning_rate_init=0.01, warm_start=True, random_state=0).fit(wine)
        first = auto.loss_
        assert auto.fit(wine).loss_ < first
        assert len(auto.history_) == 20
        with pytest.raises(ParameterError, match=r"weights of shapes .* hidden_layer_sizes now ask for"):
            auto.set_params(hidden_layer_sizes=(4,)).fit(wine)

    def test_partial_fits_are_the_epochs_of_a_fit(self, wine: Any) -> None:
        settings: dict[str, Any] = {"shuffle": False, "batch_size": 50, "learning_rate": "constant", "random_state": 0}
        whole = Autoencoder((3,), max_iter=3, **settings).fit(wine)
        parts = Autoencoder((3,), **settings)
        for _ in range(3):
            parts.partial_fit(wine)
        for a, b in zip(weights_of(whole), weights_of(parts), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


class TestLogisticOutputs:
    def test_are_trained_by_cross_entropy(self) -> None:
        X = RNG.uniform(size=(60, 5))
        auto = Autoencoder((2,), out_activation="logistic", solver="lbfgs", max_iter=30, random_state=0).fit(X)
        V, b, W, c = (w.astype(np.float64) for w in weights_of(auto))
        p = expit((X @ V + b) @ W + c)
        np.testing.assert_allclose(auto.reconstruct(X), p, atol=1e-6)
        assert auto.loss_ == pytest.approx(-(X * np.log(p) + (1 - X) * np.log(1 - p)).mean(), rel=1e-5)
        assert auto.score(X) == pytest.approx(-((X - p) ** 2).mean(), rel=1e-5)
        assert auto.history_["train_score"].iloc[-1] == pytest.approx(auto.score(X), rel=1e-5)

    def test_need_numbers_from_0_to_1(self, wine: Any) -> None:
        low, high = f"{wine.min():g}", f"{wine.max():g}"
        words = rf"X holds values from {low} to {high}.*reconstructs numbers in \[0, 1\]\. Scale X .*MinMaxScaler"
        with pytest.raises(DataError, match=words):
            Autoencoder((2,), out_activation="logistic").fit(wine)


class TestTraining:
    def test_early_stopping_keeps_the_best_epoch(self, wine: Any) -> None:
        learn, watch = wine[:60], wine[60:]
        auto = Autoencoder(
            (40, 20), early_stopping=True, learning_rate_init=0.02, max_iter=300, n_iter_no_change=5, random_state=0
        ).fit(learn, validation_data=watch)
        scores = np.asarray(auto.validation_scores_)
        assert auto.best_epoch_ == 1 + int(scores.argmax())
        assert auto.best_epoch_ < auto.n_iter_ < 300
        assert auto.best_validation_score_ == scores.max() == pytest.approx(auto.score(watch), rel=1e-5)

    def test_a_part_of_the_rows_is_split_off(self, wine: Any) -> None:
        auto = Autoencoder((3,), early_stopping=True, validation_fraction=0.5, max_iter=3, random_state=0).fit(wine)
        assert len(auto.validation_scores_ or []) == 3
        with pytest.raises(DataError, match=r"cannot split off 10% of 1 rows: .* Change validation_fraction"):
            auto.set_params(validation_fraction=0.1).fit(wine[:1])

    def test_fits_of_one_architecture_are_traced_once(self) -> None:
        clear_programs()
        for i, n in enumerate((1, 30, 200, 333, 900)):
            auto = Autoencoder(
                (4,), denoising=0.1 + 0.1 * i, alpha=10.0**-i, learning_rate_init=10.0 ** (-1 - i), max_iter=2,
                random_state=i, learning_rate=["constant", "cosine"][i % 2],
            ).fit(RNG.normal(size=(n, 5)))  # fmt: skip
            auto.transform(RNG.normal(size=(n, 5)))
        assert count_traces() == 1
        assert predictor(auto._architecture.encoder).traces == 1
        clear_programs()

    def test_a_recording_shows_the_error_fall(self, wine: Any) -> None:
        auto = Autoencoder((4,), max_iter=30, learning_rate_init=0.01, random_state=0)
        frames = auto.set_callbacks(Recorder(5)).fit(wine).recording_
        errors = [-frame.estimator.score(wine) for frame in frames]
        assert len(errors) > 4
        assert (np.diff(errors) < 0).all()

    def test_a_checkpoint_changes_nothing_and_is_found_again(self, wine: Any, tmp_path: Path) -> None:
        plain = Autoencoder((4,), max_iter=6, denoising=0.2, random_state=0).fit(wine)
        for _ in range(2):
            auto = Autoencoder((4,), max_iter=6, denoising=0.2, random_state=0)
            auto.set_callbacks(Checkpoint(tmp_path / "c")).fit(wine)
            for a, b in zip(weights_of(plain), weights_of(auto), strict=True):
                np.testing.assert_array_equal(a, b)

    def test_travels_in_files(self, wine: Any, tmp_path: Path) -> None:
        auto = Autoencoder(
            (5, 2), tied=True, denoising=0.1, max_iter=3, random_state=0,
            kernel_initializer=keras.initializers.RandomNormal(),
        ).fit(wine)  # fmt: skip
        auto.decoder_.summary(print_fn=str)  # a second use of the decoder's layers
        twin = load(save(auto, tmp_path / "auto"))
        np.testing.assert_array_equal(twin.transform(wine), auto.transform(wine))
        np.testing.assert_array_equal(twin.inverse_transform([[1, 2]]), auto.inverse_transform([[1, 2]]))
        assert twin.history_.equals(auto.history_)
        assert all(type(layer).__module__.startswith("keras.") for layer in twin.network_.layers)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(auto)).reconstruct(wine), auto.reconstruct(wine))

    def test_notebooks_show_it(self, fitted: Autoencoder) -> None:
        shown = fitted._repr_html_()
        assert "encoder_2" in shown
        assert f"{13 * 6 + 6 + 18 + 3 + 18 + 6 + 6 * 13 + 13:,}" in shown


class TestRefusals:
    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ({"hidden_layer_sizes": ()}, r"leaves no layer for a code\. Give one width or more"),
            ({"hidden_layer_sizes": (4, 0)}, r"hidden_layer_sizes must be > 0, got \(4, 0\)"),
            ({"activation": "rleu"}, r"activation='rleu' is not known\. Did you mean 'relu'\?"),
            ({"out_activation": "softmax"}, r"out_activation='softmax' is not known\. .*Known: identity"),
            ({"code_activation": 3}, r"code_activation=3 is not known"),
            ({"corruption": "salt"}, r"corruption='salt' is not known\. .*Known: gaussian, masking"),
            ({"denoising": -0.1}, r"denoising=-0\.1 cannot be used: it must be a number in \[0, inf\)"),
            ({"denoising": 1.0, "corruption": "masking"}, r"it is the share of inputs set to zero, in \[0, 1\)"),
            ({"denoising": 0.1, "solver": "lbfgs"}, r"denoising corrupts the rows anew.* Use solver='adam'"),
            ({"tied": "yes"}, r"tied='yes' cannot be used: it must be True or False"),
            ({"solver": "newton"}, r"solver='newton' is not known"),
        ],
        ids=str,
    )
    def test_parameters(self, parameters: dict[str, Any], words: str) -> None:
        with pytest.raises(ParameterError, match=words):
            Autoencoder(**parameters).fit(np.zeros((5, 2)))

    def test_validation_rows_have_no_labels(self, wine: Any) -> None:
        with pytest.raises(DataError, match=r"validation_data is a tuple of 2; .* Give the rows alone"):
            Autoencoder((2,)).fit(wine, validation_data=(wine, None))
        with pytest.raises(DataError, match=r"shape \(178, 13, 1\).*laid flat: X.reshape\(178, -1\)"):
            Autoencoder((2,)).fit(wine[:, :, None])

    def test_codes_of_another_width(self, fitted: Autoencoder, wine: Any) -> None:
        with pytest.raises(DataError, match=r"The codes have 13 columns, but .* have 3\. Give what transform returns"):
            fitted.inverse_transform(wine)

    def test_partial_fit_cannot_stop_early(self, wine: Any) -> None:
        with pytest.raises(ParameterError, match=r"partial_fit does not support early_stopping=True"):
            Autoencoder((2,), early_stopping=True).partial_fit(wine)
        with pytest.raises(AttributeError, match="partial_fit"):
            Autoencoder((2,), solver="lbfgs").partial_fit(wine)
