"""The film of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates import MLPClassifier, NetworkClassifier, Recorder
from strates.estimators import Recording
from strates.exceptions import ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def film(binary: Any, frames: int = 20, **changes: Any) -> Any:
    settings: dict[str, Any] = {"max_iter": 40, "random_state": 0, "tol": 0.0, "batch_size": 16, **changes}
    return MLPClassifier((6,), **settings).set_callbacks(Recorder(frames)).fit(*binary)


class TestSteps:
    @pytest.mark.parametrize(("frames", "n_steps"), [(1, 100), (5, 30), (60, 160), (60, 10**7), (10, 3), (7, 1)])
    def test_are_log_spaced_and_bounded(self, frames: int, n_steps: int) -> None:
        steps = Recorder(frames).steps(n_steps)
        assert len(steps) <= frames
        assert steps[0] == 1
        assert (np.diff(steps) > 0).all()
        assert frames == 1 or steps[-1] == n_steps
        late = steps[steps > 100]
        if len(late) > 3:  # far out, one step is a fixed multiple of the one before
            np.testing.assert_allclose(late[1:] / late[:-1], n_steps ** (1 / (frames - 1)), rtol=0.02)

    def test_first_and_last_are_always_there(self, binary: Any) -> None:
        clf = film(binary, frames=3)
        assert [f.step for f in clf.recording_] == [0, 1, 13, 160]  # sqrt(160) is 12.6
        assert [f.epoch for f in clf.recording_] == [0, 0.25, 3.25, 40]
        assert len(film(binary, frames=1).recording_) == 3

    @pytest.mark.parametrize("frames", [0, -1, 2.5, None])
    def test_frames_that_cannot_be(self, binary: Any, frames: Any) -> None:
        with pytest.raises(ParameterError, match=r"frames=.* cannot be used: it must be an integer of at least 1"):
            film(binary, frames=frames)


class TestFrames:
    def test_are_the_weights_of_their_step(self, binary: Any, assert_same: Any) -> None:
        clf = film(binary, frames=1000)
        assert [f.step for f in clf.recording_] == list(range(161))
        for epochs in (1, 7, 40):  # a fit that ends there has those weights
            shorter = MLPClassifier((6,), max_iter=epochs, random_state=0, tol=0.0, batch_size=16).fit(*binary)
            assert_same(clf.recording_[4 * epochs].estimator, shorter)
        assert_same(clf.recording_[-1].estimator, clf)

    def test_are_usable_estimators(self, binary: Any) -> None:
        X, y = binary
        clf = film(binary)
        scores = []
        for frame in clf.recording_:
            seen = frame.estimator
            assert seen.predict_proba(X).shape == (60, 2)
            assert seen.transform(X).shape == (60, 6)
            np.testing.assert_allclose(
                seen.network_(X.astype(np.float32))[:, 0], seen.predict_proba(X)[:, 1], atol=1e-6
            )
            assert seen.coefs_[0].shape == (4, 6)
            assert seen.n_iter_ == len(seen.loss_curve_) == len(seen.history_) == int(frame.epoch)
            assert seen.loss_curve_ == clf.loss_curve_[: int(frame.epoch)]
            scores.append(seen.score(X, y))
        assert scores[-1] > scores[0]

    def test_hold_arrays_only(self, binary: Any) -> None:
        clf = film(binary, frames=60)
        n_weights = sum(w.nbytes for w in clf.network_.get_weights())
        held = sum(sum(w.nbytes for w in f.estimator._weights) for f in clf.recording_)
        assert len(clf.recording_) <= 62
        assert held <= 62 * n_weights
        assert not any("network" in f.estimator._cache for f in list(clf.recording_)[:-1])

    @pytest.mark.parametrize(
        "changes",
        [
            {"batch_size": "auto", "tol": 1e-2, "n_iter_no_change": 3, "max_iter": 400},
            {"batch_size": "auto", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 2, "max_iter": 400},
            {"early_stopping": True, "max_iter": 400},
        ],
        ids=["tol", "adaptive", "early stopping"],
    )
    def test_end_where_the_fit_ends(self, binary: Any, changes: dict[str, Any]) -> None:
        clf = film(binary, **changes)
        steps = [f.step for f in clf.recording_]
        per_epoch = 4 if changes["max_iter"] and changes.get("early_stopping") else 1
        assert clf.n_iter_ < 400
        assert steps == sorted(set(steps))
        assert steps[-1] == clf.n_iter_ * per_epoch
        X = binary[0]
        np.testing.assert_array_equal(clf.recording_[-1].estimator.predict_proba(X), clf.predict_proba(X))

    def test_after_an_adaptive_change_of_rate_are_those_of_the_fit(self, binary: Any, assert_same: Any) -> None:
        changes: dict[str, Any] = {"batch_size": "auto", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 5}
        clf = film(binary, frames=1000, max_iter=25, **changes)
        for number in (7, 8, 15):
            shorter = MLPClassifier((6,), max_iter=number, random_state=0, **changes).fit(*binary)
            frame = next(f for f in clf.recording_ if f.step == number)
            assert_same(frame.estimator, shorter)

    def test_of_lbfgs(self, binary: Any, assert_same: Any) -> None:
        clf = film(binary, solver="lbfgs", max_iter=20)
        steps = [f.step for f in clf.recording_]
        assert steps[0] == 0
        assert steps[-1] == clf.n_iter_
        assert steps == sorted(set(steps))
        assert_same(clf.recording_[-1].estimator, clf)
        losses = [f.estimator.loss_ for f in list(clf.recording_)[1:]]
        assert losses == sorted(losses, reverse=True)

    def test_of_a_keras_network(self, binary: Any, assert_same: Any) -> None:
        clf = NetworkClassifier(max_iter=6, random_state=0).set_callbacks(Recorder(3)).fit(*binary)
        assert [f.step for f in clf.recording_] == [0, 1, 2, 6]
        assert_same(clf.recording_[-1].estimator, clf)

    def test_fitting_again_makes_a_film_of_its_own(self, binary: Any) -> None:
        clf = film(binary, frames=3)
        first = clf.recording_
        clf.set_params(random_state=1).fit(*binary)
        assert clf.recording_ is not first
        assert len(first) == len(clf.recording_) == 4


def test_a_recording_is_a_sequence(binary: Any) -> None:
    recording = film(binary, frames=3).recording_
    assert isinstance(recording, Recording)
    assert [f.step for f in recording[1:3]] == [1, 13]
    assert recording[-1].step == 160
    assert repr(recording) == "Recording(4 frames, steps 0 to 160)"
    assert repr(Recording()) == "Recording(empty)"
