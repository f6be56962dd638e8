"""When a fit stops, which weights it keeps, and what it tells of its epochs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from strates import MLPClassifier, NetworkClassifier, Recorder
from strates.engine.epoch import Epoch
from strates.estimators._stopping import Stopping
from strates.exceptions import DivergenceError

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def epoch(number: int, loss: float, score: float | None = None, validation_loss: float | None = None) -> Epoch:
    return Epoch(number, loss, 0.0, loss, 0.5, validation_loss, score, 0.1, 0.01)


class TestRule:
    """scikit-learn's: an epoch counts as idle when it does not gain ``tol`` on the best before it."""

    def test_of_the_training_loss(self) -> None:
        stopping = Stopping(False, tol=0.1, patience=2)
        idle = []
        for number, loss in enumerate([1.0, 0.95, 0.91, 0.8, 0.79, 0.81, 0.75], start=1):
            stopping.see(epoch(number, loss))
            idle.append(stopping.no_improvement)
        # gains on the best so far: -, .05, .04, .11, .01, -.02, .04
        assert idle == [0, 1, 2, 0, 1, 2, 3]
        assert stopping.stalled
        assert (stopping.best_loss, stopping.best_epoch) == (0.75, 7)

    def test_of_the_validation_score(self) -> None:
        stopping = Stopping(True, tol=0.05, patience=2)
        scores = [0.5, 0.6, 0.62, 0.61, 0.62, 0.9]
        losses = [1.0, 0.9, 0.8, 0.7, 0.6, 0.9]
        best = [stopping.see(epoch(i, 1.0, s, v)) for i, (s, v) in enumerate(zip(scores, losses, strict=True), start=1)]
        assert best == [True, True, True, False, True, True]  # at equal scores, the smaller loss
        assert stopping.best_epoch == 6
        assert stopping.no_improvement == 0

    def test_infinite_patience(self) -> None:
        stopping = Stopping(False, tol=1e9, patience=np.inf)
        for number in range(1, 500):
            stopping.see(epoch(number, 1.0))
        assert not stopping.stalled
        assert stopping.no_improvement == 498


@pytest.fixture(scope="module", params=["mlp", "network", "validation_data"])
def film(request: pytest.FixtureRequest, binary: Any) -> Any:
    """A fit that stops early, with the weights of every epoch, and the rows that it was validated on."""
    X, y = binary
    settings: dict[str, Any] = {
        "early_stopping": True, "learning_rate_init": 0.1, "n_iter_no_change": 4, "random_state": 3,
        "validation_fraction": 0.3, "tol": 0.0,
    }  # fmt: skip
    clf = NetworkClassifier(**settings) if request.param == "network" else MLPClassifier((12,), **settings)
    given = None if request.param != "validation_data" else (X[:20], y[:20])
    rows = (X, y) if given is None else (X[20:], y[20:])
    clf.set_callbacks(Recorder(frames=10_000)).fit(*rows, validation_data=given)
    return clf, given


class TestEarlyStopping:
    def test_keeps_the_weights_of_the_best_epoch(self, film: Any, assert_same: Any) -> None:
        clf, _ = film
        frames = {frame.step: frame.estimator for frame in clf.recording_}  # one step an epoch
        assert clf.best_epoch_ < clf.n_iter_ < 200
        assert_same(clf, frames[clf.best_epoch_])
        with np.testing.assert_raises(AssertionError):
            assert_same(clf, frames[clf.n_iter_])

    def test_the_best_epoch_is_that_of_the_best_score(self, film: Any) -> None:
        clf, _ = film
        scores, losses = np.array(clf.validation_scores_), np.array(clf.validation_loss_curve_)
        ties = np.flatnonzero(scores == scores.max())
        assert clf.best_epoch_ == ties[losses[ties].argmin()] + 1
        assert clf.best_validation_score_ == scores.max()
        assert clf.best_loss_ is None
        idle = scores[clf.n_iter_ - 5 :]
        assert (idle <= scores.max()).all()

    @pytest.mark.parametrize("film", ["validation_data"], indirect=True)
    def test_scores_are_those_of_the_validation_rows(self, film: Any) -> None:
        clf, (X, y) = film
        for frame in list(clf.recording_)[1:8]:
            i = frame.step - 1
            assert clf.validation_scores_[i] == pytest.approx(frame.estimator.score(X, y))
            assert clf.validation_loss_curve_[i] == pytest.approx(
                log_loss(y, frame.estimator.predict_proba(X)), rel=1e-4
            )

    def test_rows_set_aside_are_a_stratified_share_that_is_not_learned_from(self, iris: Any) -> None:
        # 30 of 150 rows, ten a class: the scores are multiples of 1/30, the training rows 120
        X, y = iris
        clf = MLPClassifier((5,), early_stopping=True, validation_fraction=0.2, random_state=0).fit(X, y)
        np.testing.assert_allclose(np.array(clf.validation_scores_) * 30 % 1 % 1, 0, atol=1e-4)
        assert clf.t_ == 120 * clf.n_iter_

    @quiet
    def test_patience_runs_from_the_last_gain(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((12,), early_stopping=True, tol=2.0, n_iter_no_change=6, random_state=0).fit(X, y)
        assert clf.n_iter_ == 1 + 6 + 1  # the first epoch gains on nothing; then more than six without a gain

    @quiet
    @pytest.mark.parametrize("settings", [{}, {"learning_rate": "adaptive"}], ids=str)
    def test_validation_data_without_early_stopping_only_watch(
        self, binary: Any, assert_same: Any, settings: dict[str, Any]
    ) -> None:
        X, y = binary
        clf = MLPClassifier((6,), max_iter=20, random_state=0, **settings)
        plain = clf.fit(X, y)
        losses = plain.loss_curve_
        assert (plain.validation_scores_, plain.validation_loss_curve_) == (None, None)
        weights = plain.coefs_
        watched = clf.fit(X, y, validation_data=(X[:9], y[:9]))
        assert watched.loss_curve_ == losses
        assert len(watched.validation_scores_) == len(watched.validation_loss_curve_) == 20
        for a, b in zip(weights, watched.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
        assert watched.best_epoch_ == 20
        assert watched.best_loss_ == min(losses)

    @quiet
    def test_lbfgs_watches_validation_data_too(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((6,), solver="lbfgs", max_iter=20, random_state=0).fit(X, y, validation_data=(X[:9], y[:9]))
        assert len(clf.validation_loss_curve_) == clf.n_iter_
        assert clf.validation_loss_curve_[-1] == pytest.approx(log_loss(y[:9], clf.predict_proba(X[:9])), rel=1e-3)


class TestEnd:
    def test_at_max_iter_warns(self, binary: Any) -> None:
        clf = MLPClassifier((6,), max_iter=3)
        with pytest.warns(ConvergenceWarning, match=r"Maximum number of epochs \(3\) reached.*Raise max_iter, or tol"):
            clf.fit(*binary)
        assert clf.n_iter_ == 3

    def test_of_lbfgs_at_max_iter_warns(self, binary: Any) -> None:
        with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 3 iterations.*Increase max_iter"):
            MLPClassifier((6,), max_iter=3, solver="lbfgs").fit(*binary)

    @pytest.mark.parametrize("name", ["cosine", "one_cycle"])
    def test_of_a_schedule_with_an_end_is_no_failure(self, binary: Any, name: str) -> None:
        clf = MLPClassifier((6,), max_iter=15, learning_rate=name, tol=1e9).fit(*binary)
        assert clf.n_iter_ == 15

    def test_adaptive_divides_by_five_until_a_millionth(self, binary: Any) -> None:
        clf = MLPClassifier((6,), max_iter=3000, learning_rate="adaptive", tol=1e9, n_iter_no_change=2).fit(*binary)
        rates = np.array(clf.learning_rate_curve_)
        # the first epoch gains on infinity, then three idle ones a rate
        expected = [1e-3 / 5**i for i in range(6) for _ in range(4 if i == 0 else 3)]
        np.testing.assert_allclose(rates, expected, rtol=1e-6)

    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_divergence_names_epoch_rate_and_remedy(self, binary: Any, early_stopping: bool) -> None:
        X, y = binary
        clf = MLPClassifier((6,), solver="sgd", learning_rate_init=1e20, early_stopping=early_stopping)
        message = r"in epoch \d+, at a learning rate of 1e\+20\. Try learning_rate_init=1e\+19, scale.*tabular_pipeline"
        with pytest.raises(DivergenceError, match=message) as caught:
            clf.fit(X, y)
        assert isinstance(caught.value, FloatingPointError)
        assert not clf.__sklearn_is_fitted__()

    def test_diverging_leaves_the_fit_before_it(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((6,), max_iter=500, tol=1.0).fit(X, y)
        expected = clf.predict_proba(X)
        with pytest.raises(DivergenceError):
            clf.set_params(solver="sgd", learning_rate_init=1e20, hidden_layer_sizes=(9,)).fit(X, y)
        np.testing.assert_array_equal(clf.predict_proba(X), expected)


@quiet
class TestHistory:
    def test_a_row_an_epoch(self, binary: Any) -> None:
        clf = MLPClassifier((6,), max_iter=7, early_stopping=True, alpha=0.1, random_state=0).fit(*binary)
        history = clf.history_
        assert list(history) == [
            "epoch", "loss", "penalty", "train_loss", "train_score", "validation_loss", "validation_score", "seconds",
            "learning_rate",
        ]  # fmt: skip
        assert history["epoch"].tolist() == list(range(1, 8))
        np.testing.assert_allclose(history["loss"], history["train_loss"] + history["penalty"])
        assert history["loss"].tolist() == clf.loss_curve_
        assert history["validation_score"].tolist() == clf.validation_scores_
        assert history["validation_loss"].tolist() == clf.validation_loss_curve_
        assert history["learning_rate"].tolist() == clf.learning_rate_curve_
        assert (history["seconds"] > 0).all()
        assert (history["penalty"] > 0).all()
        assert (clf.loss_, clf.n_iter_) == (clf.loss_curve_[-1], 7)

    def test_without_validation_its_columns_are_missing_numbers(self, binary: Any) -> None:
        history = MLPClassifier((6,), max_iter=2).fit(*binary).history_
        assert history[["validation_loss", "validation_score"]].isna().all(axis=None)
        assert history.dtypes.drop("epoch").eq(float).all()

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_training_numbers_are_those_of_all_rows(self, binary: Any, solver: str) -> None:
        """Repeated rows count as often as they stand, however the engine stores them."""
        X, y = binary
        X, y = np.repeat(X, np.arange(60) % 5, axis=0), np.repeat(y, np.arange(60) % 5)
        clf = MLPClassifier((), solver=solver, max_iter=4, alpha=0.0, random_state=0).set_callbacks(Recorder(9))
        clf.fit(X, y)
        frames = {f.step: f.estimator for f in clf.recording_}
        before = 0 if solver == "adam" else 1  # a gradient step is measured before it is taken
        for number in (2, 3):
            seen = frames[number - 1 + before]
            assert clf.history_["train_score"][number - 1] == pytest.approx(seen.score(X, y))
            assert clf.loss_curve_[number - 1] == pytest.approx(log_loss(y, seen.predict_proba(X)), rel=1e-4)

    def test_rows_of_weight_zero_do_not_count(self, binary: Any) -> None:
        X, w = binary[0], np.arange(60) % 2
        separable = (X[:, :1] > 0).astype(float) * 2 - 1, (X[:, 0] > 0).astype(int)
        settings: dict[str, Any] = {"max_iter": 30, "learning_rate_init": 0.5, "batch_size": 20, "random_state": 0}
        clf = MLPClassifier((), **settings).fit(*separable, sample_weight=w)
        assert clf.history_["train_score"].iloc[-1] == 1.0

    @pytest.mark.parametrize("rows", ["distinct", "repeated"])
    def test_t_counts_rows_seen(self, binary: Any, rows: str) -> None:
        X, y = binary
        if rows == "repeated":
            X, y = X[np.arange(60) % 7], y[np.arange(60) % 7]
        assert MLPClassifier((6,), max_iter=5).fit(X, y).t_ == 300

    def test_invscaling_counts_rows_seen(self, binary: Any) -> None:
        X, y = binary
        X, y = X[np.arange(60) % 7], y[np.arange(60) % 7]  # seven different rows, sixty in all
        clf = MLPClassifier((6,), learning_rate="invscaling", power_t=0.25, max_iter=4).fit(X, y)
        np.testing.assert_allclose(clf.learning_rate_curve_, [1e-3 / (60 * e + 1) ** 0.25 for e in range(4)])

    def test_verbose_prints_each_epoch(self, binary: Any, capsys: pytest.CaptureFixture[str]) -> None:
        clf = MLPClassifier((6,), max_iter=2, verbose=True, early_stopping=True).fit(*binary)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert lines[1].startswith(
            f"Iteration 2, loss = {clf.loss_:.8f}, validation score = {clf.validation_scores_[1]:.6f}"
        )
