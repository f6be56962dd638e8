"""Ctrl-C: the best weights so far, a warning, an estimator that can be used."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest

from strates import MLPClassifier, NetworkClassifier, Recorder
from strates.engine import loop
from strates.engine.program import TrainingProgram

MESSAGE = "Training interrupted by user in epoch {}. The estimator keeps the best weights so far and can be used"


class CtrlC:
    """A callback that interrupts at the end (or the beginning) of an epoch."""

    def __init__(self, epoch: int, *, begin: bool = False) -> None:
        self.name, self.begin = f"epoch {epoch}", begin

    def setup(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        if self.begin and context.task_name == self.name:
            raise KeyboardInterrupt

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if not self.begin and context.task_name == self.name:
            raise KeyboardInterrupt

    def teardown(self, estimator: Any, context: Any) -> None: ...


def make(**changes: Any) -> MLPClassifier:
    settings: dict[str, Any] = {"max_iter": 50, "random_state": 0, "batch_size": 16, "tol": 0.0, **changes}
    return MLPClassifier((6,), **settings)


def assert_usable(clf: Any, data: Any) -> None:
    X, y = data
    assert clf.predict(X).shape == y.shape
    assert clf.transform(X).shape[0] == len(X)
    assert clf.history_.shape[0] == len(clf.loss_curve_)
    assert clf.network_.count_params() > 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("epoch", [1, 4])
@pytest.mark.parametrize("begin", [True, False])
def test_keeps_the_epochs_done(binary: Any, assert_same: Any, epoch: int, begin: bool) -> None:
    clf = make().set_callbacks(CtrlC(epoch, begin=begin))
    done = epoch - 1 if begin else epoch
    with pytest.warns(UserWarning, match=MESSAGE.format(done + 1)):
        clf.fit(*binary)
    assert clf.n_iter_ == len(clf.loss_curve_) == done
    assert_usable(clf, binary)
    if done:
        assert_same(clf, make(max_iter=done).fit(*binary))
    else:  # the network as it was drawn
        start = make(max_iter=1).set_callbacks(Recorder(1)).fit(*binary).recording_[0].estimator
        assert_same(clf, start)


def test_keeps_the_best_weights_under_early_stopping(binary: Any, assert_same: Any) -> None:
    settings: dict[str, Any] = {"early_stopping": True, "learning_rate_init": 0.3, "n_iter_no_change": 100}
    clf = make(**settings).set_callbacks(CtrlC(30), Recorder(1000))
    with pytest.warns(UserWarning, match=MESSAGE.format(31)):
        clf.fit(*binary)
    assert clf.best_epoch_ < clf.n_iter_ == 30
    best = next(f for f in clf.recording_ if f.epoch == clf.best_epoch_)
    assert_same(clf, best.estimator)
    assert clf.best_validation_score_ == max(clf.validation_scores_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_within_the_compiled_call(binary: Any, assert_same: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, calls = TrainingProgram.run, []

    def interrupted(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(self, *arguments)

    monkeypatch.setattr(TrainingProgram, "run", interrupted)
    clf = make(batch_size=1, max_iter=30)  # 60 steps an epoch; a call ends within one
    with pytest.warns(UserWarning, match=r"Training interrupted by user in epoch \d+"):
        clf.fit(*binary)
    assert 0 < clf.n_iter_ < 30
    assert_usable(clf, binary)
    assert_same(clf, make(batch_size=1, max_iter=clf.n_iter_).fit(*binary))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
def test_by_the_signal_itself(binary: Any) -> None:
    class Soon(CtrlC):
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
            if context.task_name == self.name:
                threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

        def on_fit_task_end(self, estimator: Any, context: Any) -> None: ...

    clf = make(max_iter=10**6, n_iter_no_change=np.inf).set_callbacks(Soon(3))
    with pytest.warns(UserWarning, match="Training interrupted by user in epoch"):
        clf.fit(*binary)
    assert 2 <= clf.n_iter_ < 10**6
    assert_usable(clf, binary)


def test_of_lbfgs(binary: Any) -> None:
    clf = make(solver="lbfgs").set_callbacks(CtrlC(4))
    try:
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.fit(*binary)
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C went through the fit")
    assert clf.n_iter_ == len(clf.loss_curve_) == 4
    assert_usable(clf, binary)


def test_of_a_keras_network(binary: Any) -> None:
    clf = NetworkClassifier(max_iter=50, random_state=0).set_callbacks(CtrlC(2))
    with pytest.warns(UserWarning, match=MESSAGE.format(3)):
        clf.fit(*binary)
    assert clf.n_iter_ == 2
    assert_usable(clf, binary)


def test_of_a_partial_fit_keeps_the_weights_before_it(binary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clf = make().partial_fit(*binary, classes=[0, 1])
    before = clf.predict_proba(binary[0])

    def interrupt(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.Training, "_advance", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.partial_fit(*binary)
    np.testing.assert_array_equal(clf.predict_proba(binary[0]), before)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_goes_on(binary: Any, assert_same: Any) -> None:
    settings: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "dropout": 0.2}
    clf = make(warm_start=True, **settings).set_callbacks(CtrlC(4))
    with pytest.warns(UserWarning, match=MESSAGE.format(5)):
        clf.fit(*binary)
    clf.set_callbacks().set_params(max_iter=6).fit(*binary)
    assert_same(clf, make(max_iter=10, **settings).fit(*binary))
