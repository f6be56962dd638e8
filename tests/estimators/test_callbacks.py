"""scikit-learn's callback protocol: its own callbacks, alone, in pipelines and in searches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.callback import FitCallback, ProgressBar, ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import Checkpoint, MLPClassifier, NetworkClassifier, Recorder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Diary:
    """Writes down every call; may ask to stop."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.calls: list[str] = []
        self.given: list[dict[str, Any]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.calls.append("setup")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, metadata: Any, fitted_estimator: Any
    ) -> bool:
        self.calls.append(f"end {context.task_name}")
        self.given.append({"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator})
        return context.task_name == f"epoch {self.stop_at}"

    def teardown(self, estimator: Any, context: Any) -> None:
        self.calls.append("teardown")


def make(**changes: Any) -> MLPClassifier:
    return MLPClassifier((6,), **{"max_iter": 3, "random_state": 0, **changes})


def test_ours_follow_the_protocol() -> None:
    assert isinstance(Recorder(), FitCallback)
    assert isinstance(Checkpoint("path"), FitCallback)
    assert isinstance(Diary(), FitCallback)


@pytest.mark.parametrize(
    "clf",
    [make(), make(solver="lbfgs"), make(early_stopping=True), NetworkClassifier(max_iter=3)],
    ids=["adam", "lbfgs", "early stopping", "network"],
)
class TestTasks:
    def test_one_for_the_fit_and_one_for_each_epoch(self, binary: Any, clf: Any) -> None:
        diary = Diary()
        clf.set_callbacks(diary).fit(*binary)
        epochs = [f"{what} epoch {i}" for i in (1, 2, 3) for what in ("begin", "end")]
        assert diary.calls == ["setup", "begin fit", *epochs, "end fit", "teardown"]

    def test_each_sees_the_data_and_an_estimator_as_if_fit_had_ended(self, binary: Any, clf: Any) -> None:
        X, y = binary
        w = np.ones(60)
        diary = Diary()
        clf.set_callbacks(diary).fit(X, y, sample_weight=w)
        for number, seen in enumerate(diary.given[:3], start=1):
            assert seen["X"] is X
            assert seen["y"] is y
            assert seen["metadata"]["sample_weight"] is w
            fitted = seen["fitted"]
            assert fitted.n_iter_ == len(fitted.loss_curve_) == number
            assert fitted.loss_curve_ == clf.loss_curve_[:number]
            assert fitted.transform(X).shape[0] == 60
        answers = [seen["fitted"].predict_proba(X) for seen in diary.given[:3]]
        assert (answers[0] != answers[1]).any()
        if not getattr(clf, "early_stopping", False):
            np.testing.assert_allclose(answers[2], clf.predict_proba(X), atol=1e-6)
        np.testing.assert_allclose(diary.given[-1]["fitted"].predict_proba(X), clf.predict_proba(X), atol=1e-6)

    def test_one_may_stop_the_fit(self, binary: Any, clf: Any, recwarn: Any) -> None:
        clf.set_callbacks(Diary(stop_at=2)).fit(*binary)
        assert clf.n_iter_ == 2
        # what was asked for is no failure to converge
        assert not [w for w in recwarn if issubclass(w.category, ConvergenceWarning)]

    def test_they_change_no_bit(self, binary: Any, clf: Any, assert_same: Any) -> None:
        clf.set_params(random_state=4).set_callbacks()
        weights = clf.fit(*binary).network_.get_weights()
        clf.set_callbacks(Diary(), Recorder(4)).fit(*binary)
        for a, b in zip(weights, clf.network_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


class TestScoringMonitor:
    def test_scores_each_epoch(self, binary: Any) -> None:
        X, y = binary
        monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
        clf = make(max_iter=5).set_callbacks(monitor, Recorder(frames=100)).fit(X, y)
        logs = monitor.get_logs().data_as_pandas
        epochs = logs[logs["task_name"].str.startswith("epoch")]
        assert epochs["task_name"].tolist() == [f"epoch {i}" for i in range(1, 6)]
        frames = [f.estimator for f in clf.recording_][1:]
        assert epochs["accuracy"].tolist() == [f.score(X, y) for f in frames]
        # the loss of an epoch is that before its only step, and so of the frame before
        data_loss = clf.history_["train_loss"].to_numpy()
        np.testing.assert_allclose(-epochs["neg_log_loss"].to_numpy()[:-1], data_loss[1:], rtol=1e-4)

    def test_takes_sample_weights(self, binary: Any) -> None:
        X, y = binary
        monitor = ScoringMonitor(scoring="accuracy")
        w = np.where(y == 0, 1.0, 0.01)
        clf = make().set_callbacks(monitor).fit(X, y, sample_weight=w)
        last = next(row for row in monitor.get_logs().data if row["task_name"] == "epoch 3")
        assert last["accuracy"] == pytest.approx(clf.score(X, y, sample_weight=w))

    def test_in_a_pipeline(self, binary: Any) -> None:
        X, y = binary
        monitor = ScoringMonitor(scoring="accuracy")
        pipeline = make_pipeline(StandardScaler(), make().set_callbacks(monitor)).fit(X * 100, y)
        rows = [row for row in monitor.get_logs().data if row["task_name"].startswith("epoch")]
        assert [row["accuracy"] for row in rows][-1] == pytest.approx(pipeline.score(X * 100, y))
        assert len(rows) == 3

    def test_in_a_grid_search(self, binary: Any) -> None:
        monitor = ScoringMonitor(scoring="accuracy")
        search = GridSearchCV(make().set_callbacks(monitor), {"alpha": [1e-4, 1.0]}, cv=2).fit(*binary)
        logs = monitor.get_logs(select="all")
        rows = [row for log in logs for row in log.data if row["task_name"].startswith("epoch")]
        assert len(rows) == 3 * (2 * 2 + 1)  # epochs of four fits and of the refit
        assert search.best_estimator_.n_iter_ == 3


class TestProgressBar:
    def test_alone(self, binary: Any, capsys: pytest.CaptureFixture[str]) -> None:
        make().set_callbacks(ProgressBar()).fit(*binary)
        out = capsys.readouterr().out
        assert "MLPClassifier - fit" in out
        assert "100%" in out

    @pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"max_iter": 500, "tol": 10.0}], ids=str)
    def test_of_a_fit_that_ends_early_is_full(
        self, binary: Any, capsys: pytest.CaptureFixture[str], settings: Any
    ) -> None:
        make(**settings).set_callbacks(ProgressBar()).fit(*binary)
        assert "100%" in capsys.readouterr().out

    def test_from_a_pipeline_and_a_search(self, binary: Any, capsys: pytest.CaptureFixture[str]) -> None:
        make_pipeline(StandardScaler(), make()).set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*binary)
        assert "MLPClassifier - fit" in capsys.readouterr().out
        search = GridSearchCV(make(), {"alpha": [0.1, 1.0]}, cv=2)
        search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*binary)
        out = capsys.readouterr().out
        assert "GridSearchCV - fit" in out
        assert "MLPClassifier - fit" in out
        assert "100%" in out


def test_all_at_once(binary: Any, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monitor, diary = ScoringMonitor(scoring="accuracy"), Diary()
    clf = make().set_callbacks(ProgressBar(), monitor, Recorder(2), Checkpoint(tmp_path / "fit"), diary).fit(*binary)
    assert len([row for row in monitor.get_logs().data if row["task_name"].startswith("epoch")]) == 3
    assert clf.recording_[-1].step == 3
    assert diary.calls[-1] == "teardown"
    assert "100%" in capsys.readouterr().out


def test_teardown_comes_after_a_failure(binary: Any) -> None:
    X, y = binary
    diary = Diary()
    with pytest.raises(FloatingPointError):
        make(solver="sgd", learning_rate_init=1e20, max_iter=50).set_callbacks(diary).fit(X, y)
    assert diary.calls[-1] == "teardown"


def test_partial_fit_calls_nobody(binary: Any) -> None:
    diary = Diary()
    make().set_callbacks(diary).partial_fit(*binary, classes=[0, 1])
    assert diary.calls == []
