"""Going on from present weights: warm starts and partial fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import MLPClassifier, NetworkClassifier, Recorder
from strates.engine.backend import keras
from strates.engine.program import TrainingProgram
from strates.exceptions import ParameterError, TargetError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make(**changes: Any) -> MLPClassifier:
    return MLPClassifier((6,), **{"max_iter": 5, "random_state": 0, **changes})


class TestWarmStart:
    @pytest.mark.parametrize("settings", [{}, {"batch_size": 16, "dropout": 0.3}, {"solver": "lbfgs"}], ids=str)
    def test_begins_where_the_last_fit_ended(self, binary: Any, settings: dict[str, Any]) -> None:
        X, y = binary
        clf = make(warm_start=True, **settings).fit(X, y)
        ended = clf.coefs_
        clf.set_callbacks(Recorder(5)).fit(X, y)
        for a, b in zip(clf.recording_[0].estimator.coefs_, ended, strict=True):
            np.testing.assert_array_equal(a, b)
        assert clf.n_iter_ == 5
        assert len(clf.loss_curve_) == 10
        assert clf.history_["epoch"].tolist() == list(range(1, 11))

    def test_plain_descent_goes_on_as_one_fit(self, binary: Any, assert_same: Any) -> None:
        # no memory in the optimizer: two fits of five epochs are one of ten, order of rows and masks included
        settings: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "batch_size": 16, "dropout": 0.3}
        twice = make(warm_start=True, **settings).fit(*binary).fit(*binary)
        assert_same(twice, make(**{**settings, "max_iter": 10}).fit(*binary))
        assert twice.t_ == 10 * 60

    def test_false_begins_anew(self, binary: Any, assert_same: Any) -> None:
        clf = make().fit(*binary)
        first = make().fit(*binary)
        assert_same(clf.fit(*binary), first)
        assert len(clf.loss_curve_) == 5

    def test_takes_changed_settings(self, binary: Any) -> None:
        clf = make(warm_start=True).fit(*binary)
        clf.set_params(alpha=10.0, learning_rate_init=0.05, max_iter=60).fit(*binary)
        assert clf.history_["learning_rate"].iloc[-1] == pytest.approx(0.05)
        assert np.abs(clf.coefs_[0]).sum() < np.abs(make(max_iter=65).fit(*binary).coefs_[0]).sum() / 2

    @pytest.mark.parametrize(
        "change",
        [{"hidden_layer_sizes": (9,)}, {"activation": "tanh"}, {"dropout": 0.5}, {"batch_norm": True}],
        ids=str,
    )
    def test_a_changed_network_is_refused_or_trained_never_ignored(self, binary: Any, change: dict[str, Any]) -> None:
        def layers(clf: Any) -> Any:
            return [layer["config"] for layer in clf.network_.get_config()["layers"]]

        clf = make(warm_start=True).fit(*binary).set_params(**change)
        try:
            clf.fit(*binary)
        except ParameterError as error:
            assert next(iter(change)) in str(error)  # noqa: PT017
        else:
            assert layers(clf) == layers(MLPClassifier(**clf.get_params()).fit(*binary))

    def test_counts_rows_seen_over_data_of_several_lengths(self, binary: Any) -> None:
        X, y = binary
        clf = make(warm_start=True, learning_rate="invscaling", max_iter=1).fit(X[:20], y[:20]).fit(X, y)
        assert clf.t_ == 80
        np.testing.assert_allclose(clf.learning_rate_curve_, [1e-3, 1e-3 / np.sqrt(20 + 1)])

    def test_accepts_a_row_order_and_numbers_of_its_own(self, binary: Any) -> None:
        X, y = binary
        make(warm_start=True).fit(X, y).fit(X[::-1], y[::-1]).fit(X[:30], y[:30])

    def test_other_classes_are_refused(self, iris: Any) -> None:
        X, y = iris
        clf = make(warm_start=True).fit(X, y)
        for labels in (np.where(y == 2, 3, y), y[y < 2], np.where(y > 0, 1, 0)):
            with pytest.raises(
                TargetError, match=r"same classes as in the previous call to fit\. Previously got \[0 1 2\]"
            ):
                clf.fit(X[: len(labels)], labels)

    def test_of_a_keras_network(self, binary: Any) -> None:
        def build(input_shape: Any, n_classes: int) -> Any:
            return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_classes)])

        clf = NetworkClassifier(build, warm_start=True, max_iter=5, random_state=0).fit(*binary)
        ended = clf.network_.get_weights()
        clf.set_callbacks(Recorder(3)).fit(*binary)
        for a, b in zip(clf.recording_[0].estimator.network_.get_weights(), ended, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_goes_on_from_weights_set_by_hand(self, binary: Any) -> None:
        clf = make(warm_start=True, learning_rate_init=1e-12).fit(*binary)
        clf.network_.set_weights([np.full_like(w, 0.25) for w in clf.network_.get_weights()])
        clf.fit(*binary)
        for w in (*clf.coefs_, *clf.intercepts_):
            np.testing.assert_allclose(w, 0.25, atol=1e-6)


class TestPartialFit:
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"solver": "sgd"},
            {"batch_size": 16, "dropout": 0.2, "batch_norm": True},
            {"alpha": 0.1, "l1_ratio": 0.5},
        ],
        ids=str,
    )
    def test_as_often_as_there_are_epochs_is_a_fit(self, binary: Any, assert_same: Any, settings: Any) -> None:
        whole = make(**settings).fit(*binary)
        parts = make(**settings)
        for _ in range(5):
            parts.partial_fit(*binary, classes=[0, 1])
        assert_same(whole, parts)
        assert parts.loss_curve_ == whole.loss_curve_
        assert parts.t_ == whole.t_ == 300

    def test_goes_on_after_a_fit(self, binary: Any) -> None:
        clf = make(max_iter=20).fit(*binary)
        losses = list(clf.loss_curve_)
        for _ in range(3):
            clf.partial_fit(*binary)
        assert clf.loss_curve_[:20] == losses
        assert len(clf.loss_curve_) == 23
        assert clf.loss_curve_[-1] < losses[-1]

    def test_needs_the_classes_first(self, binary: Any) -> None:
        X, y = binary
        with pytest.raises(TargetError, match="classes must be passed on the first call to partial_fit"):
            make().partial_fit(X, y)
        clf = make().partial_fit(X[:1], ["b"], classes=["c", "a", "b"])
        assert clf.classes_.tolist() == ["a", "b", "c"]
        clf.partial_fit(X[:3], ["a", "c", "c"])
        clf.partial_fit(X[:3], ["a", "c", "c"], classes=["b", "a", "c"])
        assert clf.predict_proba(X).shape == (60, 3)
        with pytest.raises(
            TargetError, match=r"classes=\['a', 'd'\]` is not the same as on last call to partial_fit, was"
        ):
            clf.partial_fit(X[:1], ["a"], classes=["a", "d"])
        with pytest.raises(TargetError, match="has classes not in"):
            clf.partial_fit(X[:1], ["d"])

    def test_names_are_checked(self, binary: Any) -> None:
        X, y = binary
        frame = pd.DataFrame(X, columns=list("abcd"))
        clf = make().partial_fit(frame, y, classes=[0, 1])
        assert clf.feature_names_in_.tolist() == list("abcd")
        with pytest.raises(ValueError, match="feature names should match"):
            clf.partial_fit(frame.rename(columns={"a": "z"}), y)

    def test_is_not_there_for_lbfgs(self) -> None:
        clf = MLPClassifier(solver="lbfgs")
        assert not hasattr(clf, "partial_fit")
        with pytest.raises(AttributeError, match="partial_fit"):
            clf.partial_fit([[1.0]], [0], classes=[0, 1])
        assert hasattr(clf.set_params(solver="sgd"), "partial_fit")

    def test_refuses_early_stopping(self, binary: Any) -> None:
        message = r"partial_fit does not support early_stopping=True: .*Set early_stopping=False"
        with pytest.raises(ParameterError, match=message):
            make(early_stopping=True).partial_fit(*binary, classes=[0, 1])

    def test_of_batches_of_several_lengths_counts_rows(self, binary: Any) -> None:
        X, y = binary
        clf = make(learning_rate="invscaling")
        for n in (10, 60, 1):
            clf.partial_fit(X[:n], y[:n], classes=[0, 1])
        assert clf.t_ == 71
        np.testing.assert_allclose(clf.learning_rate_curve_, [1e-3 / np.sqrt(t + 1) for t in (0, 10, 70)])

    def test_masks_do_not_repeat_when_lengths_change(self, binary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A step's mask is that of its number, so no two steps may have one number."""
        X, y = binary
        seen: list[tuple[int, int]] = []
        run = TrainingProgram.run

        def spy(self: Any, state: Any, chunk: Any, n: int, rates: Any, penalties: Any, seed: int, first: int) -> Any:
            seen.extend((seed, first + i) for i in range(n))
            return run(self, state, chunk, n, rates, penalties, seed, first)

        monkeypatch.setattr(TrainingProgram, "run", spy)
        clf = make(dropout=0.5, batch_size=10)
        for n in [60] + [10] * 8:  # six steps, then one each
            clf.partial_fit(X[:n], y[:n], classes=[0, 1])
        assert len(set(seen)) == len(seen) == 14
