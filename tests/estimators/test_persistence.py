"""Copies of estimators: pickle, joblib, deepcopy, clone, other processes."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from strates import Checkpoint, MLPClassifier, NetworkClassifier, Recorder
from strates.engine.backend import keras

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def build(input_shape: tuple[int, ...], n_classes: int) -> Any:
    layers = [keras.Input(input_shape), keras.layers.Dense(5, "relu"), keras.layers.Dense(n_classes)]
    return keras.Sequential(layers)


def given() -> Any:
    keras.utils.set_random_seed(0)
    return build((4,), 1)


MAKERS = {
    "mlp": lambda: MLPClassifier((6,), max_iter=3, random_state=0, dropout=0.2, batch_norm=True),
    "lbfgs": lambda: MLPClassifier((6,), max_iter=3, random_state=0, solver="lbfgs"),
    "optimizer": lambda: MLPClassifier((6,), max_iter=3, random_state=0, solver=keras.optimizers.Adam(0.02)),
    "initializer": lambda: MLPClassifier(
        (6,), max_iter=3, random_state=0, kernel_initializer=keras.initializers.Ones()
    ),
    "network": lambda: NetworkClassifier(max_iter=3, random_state=0),
    "callable": lambda: NetworkClassifier(build, max_iter=3, random_state=0),
    "model": lambda: NetworkClassifier(given(), max_iter=3, random_state=0),
    "early stopping": lambda: MLPClassifier((6,), max_iter=3, random_state=0, early_stopping=True),
}


def through_joblib(value: Any, tmp_path: Path) -> Any:
    joblib.dump(value, tmp_path / "value.joblib")
    return joblib.load(tmp_path / "value.joblib")


COPIES = {
    "pickle": lambda value, tmp_path: pickle.loads(pickle.dumps(value)),
    "joblib": through_joblib,
    "deepcopy": lambda value, tmp_path: copy.deepcopy(value),
    "copy": lambda value, tmp_path: copy.copy(value),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", MAKERS)
class TestCopies:
    def test_fitted(self, binary: Any, tmp_path: Path, name: str, how: str) -> None:
        X, y = binary
        clf = MAKERS[name]().fit(X, y)
        before = clf.predict_proba(X)
        twin = COPIES[how](clf, tmp_path)
        np.testing.assert_array_equal(twin.predict_proba(X), before)
        np.testing.assert_allclose(twin.transform(X), clf.transform(X), atol=1e-6)
        assert twin.history_.equals(clf.history_)
        assert twin.get_params().keys() == clf.get_params().keys()
        twin.network_.set_weights([w + 1 for w in twin.network_.get_weights()])  # a network of its own
        np.testing.assert_allclose(clf.predict_proba(X), before, atol=1e-6)
        assert np.abs(twin.predict_proba(X) - before).max() > 0.01

    def test_unfitted(self, binary: Any, tmp_path: Path, name: str, how: str, assert_same: Any) -> None:
        twin = COPIES[how](MAKERS[name](), tmp_path)
        assert_same(twin.fit(*binary), MAKERS[name]().fit(*binary))


class TestContent:
    def test_weights_set_in_the_network_are_saved(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((6,), max_iter=3).fit(X, y)
        clf.network_.set_weights([w + 0.5 for w in clf.network_.get_weights()])
        twin = pickle.loads(pickle.dumps(clf))
        np.testing.assert_allclose(twin.predict_proba(X), clf.predict_proba(X), atol=1e-6)

    def test_training_goes_on_bit_for_bit(self, binary: Any, assert_same: Any) -> None:
        for clf in (
            MLPClassifier((6,), random_state=0, dropout=0.2),
            NetworkClassifier(build, random_state=0),
        ):
            clf.partial_fit(*binary, classes=[0, 1])
            twin = pickle.loads(pickle.dumps(clf))
            for one in (clf, twin):
                one.partial_fit(*binary).partial_fit(*binary)
            assert_same(clf, twin)

    def test_is_small(self, binary: Any) -> None:
        clf = MLPClassifier((6,), max_iter=3).fit(*binary)
        size = len(pickle.dumps(clf))
        clf.network_.predict(binary[0], verbose=0)
        assert len(pickle.dumps(clf)) == size < 20_000  # the Keras model is not in it

    def test_a_recording_travels_with_its_estimator(self, binary: Any) -> None:
        X, y = binary
        clf = MLPClassifier((6,), max_iter=3).set_callbacks(Recorder(3)).fit(X, y)
        twin = pickle.loads(pickle.dumps(clf))
        for one, other in zip(clf.recording_, twin.recording_, strict=True):
            np.testing.assert_array_equal(one.estimator.predict_proba(X), other.estimator.predict_proba(X))


class TestClone:
    @pytest.mark.parametrize("name", MAKERS)
    def test_is_unfitted_and_equal(self, binary: Any, name: str) -> None:
        clf = MAKERS[name]().fit(*binary)
        twin = clone(clf)
        assert not hasattr(twin, "classes_")
        assert twin.get_params().keys() == clf.get_params().keys()

    def test_a_cloned_model_starts_from_the_same_weights(self, binary: Any, assert_same: Any) -> None:
        clf = MAKERS["model"]()
        assert_same(clone(clf).fit(*binary), clf.fit(*binary))

    def test_keeps_callbacks(self, tmp_path: Path, binary: Any) -> None:
        clf = MLPClassifier((6,), max_iter=3, random_state=0).set_callbacks(Recorder(3), Checkpoint(tmp_path / "c"))
        twin = clone(clf).fit(*binary)
        assert len(twin.recording_) >= 3
        assert (tmp_path / "c").exists()


class TestProcesses:
    def test_cross_validation_in_two(self, binary: Any) -> None:
        for name in ("mlp", "model"):
            clf = MAKERS[name]()
            one, two = (cross_val_score(clf, *binary, cv=3, n_jobs=n) for n in (1, 2))
            np.testing.assert_allclose(one, two)

    def test_grid_search_in_two_brings_back_a_working_best(self, binary: Any) -> None:
        search = GridSearchCV(MAKERS["mlp"](), {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=2).fit(*binary)
        assert search.best_estimator_.predict_proba(binary[0]).shape == (60, 2)

    def test_threads_share_a_compiled_program(self, binary: Any, assert_same: Any) -> None:
        alone = MAKERS["mlp"]().fit(*binary)
        fitted = joblib.Parallel(n_jobs=4, backend="threading")(
            joblib.delayed(lambda: MAKERS["mlp"]().fit(*binary))() for _ in range(8)
        )
        for clf in fitted:
            assert_same(clf, alone)
