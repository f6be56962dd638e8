"""A fit that is killed goes on from its checkpoint, and ends with the bits of one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strates import Checkpoint, MLPClassifier, NetworkClassifier, Recorder
from strates.engine.backend import keras
from strates.exceptions import CheckpointError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

L = keras.layers


class Crash(RuntimeError):
    """What ends a fit without warning."""


class Crashing:
    """A callback that ends the fit at an epoch: after a checkpoint may have been written, before the next."""

    def __init__(self, epoch: int) -> None:
        self.name = f"epoch {epoch}"

    def setup(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.task_name == self.name:
            raise Crash

    def teardown(self, estimator: Any, context: Any) -> None: ...


def build(input_shape: tuple[int, ...], n_classes: int) -> Any:
    layers = [L.Dense(5), L.BatchNormalization(), L.GaussianNoise(0.1), L.Dropout(0.2), L.Dense(n_classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])


def schedule() -> Any:
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 7, 0.8), momentum=0.9)


MAKERS: dict[str, Any] = {
    "adam": lambda: MLPClassifier((6,), max_iter=12, random_state=0),
    "many things": lambda: MLPClassifier(
        (6, 5), max_iter=12, random_state=0, dropout=0.3, batch_norm=True, batch_size=16, alpha=0.1, l1_ratio=0.5,
        max_norm=2.0, label_smoothing=0.1, class_weight="balanced", learning_rate="one_cycle",
    ),
    "early stopping": lambda: MLPClassifier(
        (6,), max_iter=40, random_state=1, early_stopping=True, n_iter_no_change=4, learning_rate_init=0.1
    ),
    "adaptive": lambda: MLPClassifier(
        (6,), max_iter=30, random_state=0, learning_rate="adaptive", solver="sgd", tol=1.0, n_iter_no_change=3
    ),
    "tolerance": lambda: MLPClassifier((6,), max_iter=60, random_state=0, tol=0.02, n_iter_no_change=3),
    "own schedule": lambda: MLPClassifier((6,), max_iter=12, random_state=0, solver=schedule(), batch_size=16),
    "network": lambda: NetworkClassifier(build, max_iter=12, random_state=0, batch_size=16),
}  # fmt: skip


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("name", MAKERS)
def test_a_fit_that_crashed_ends_as_if_it_had_not(
    binary: Any, tmp_path: Path, assert_same: Any, name: str, every: int
) -> None:
    whole = MAKERS[name]().fit(*binary)
    path = tmp_path / "fit.checkpoint"
    for epoch in (1, 4, 6, 7, 7, 10):  # crash, resume, crash again: some before anything new is saved
        clf = MAKERS[name]().set_callbacks(Checkpoint(path, every=every), Crashing(epoch))
        try:
            clf.fit(*binary)
        except Crash:
            continue
        break
    clf = MAKERS[name]().set_callbacks(Checkpoint(path, every=every)).fit(*binary)
    assert_same(clf, whole)
    assert clf.loss_curve_ == whole.loss_curve_
    assert clf.validation_scores_ == whole.validation_scores_
    assert clf.learning_rate_curve_ == whole.learning_rate_curve_
    assert (clf.n_iter_, clf.best_epoch_, clf.t_) == (whole.n_iter_, whole.best_epoch_, whole.t_)


@pytest.mark.parametrize("back", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", ["early stopping", "adaptive", "tolerance"])
def test_a_crash_near_the_end_changes_nothing(
    binary: Any, tmp_path: Path, assert_same: Any, name: str, back: int
) -> None:
    # saved, then killed before the fit could act on what the epoch told it: to stop, or to slow down
    whole = MAKERS[name]().fit(*binary)
    checkpoint = Checkpoint(tmp_path / "fit")
    with pytest.raises(Crash):
        MAKERS[name]().set_callbacks(checkpoint, Crashing(whole.n_iter_ - back)).fit(*binary)
    clf = MAKERS[name]().set_callbacks(checkpoint).fit(*binary)
    assert clf.loss_curve_ == whole.loss_curve_
    assert_same(clf, whole)


def test_a_film_of_a_resumed_fit_shows_what_it_saw(binary: Any, tmp_path: Path, assert_same: Any) -> None:
    whole = MAKERS["adam"]().set_callbacks(Recorder(1000)).fit(*binary)
    frames = {frame.step: frame.estimator for frame in whole.recording_}
    checkpoint = Checkpoint(tmp_path / "fit")
    with pytest.raises(Crash):
        MAKERS["adam"]().set_callbacks(checkpoint, Crashing(5)).fit(*binary)
    resumed = MAKERS["adam"]().set_callbacks(checkpoint, Recorder(1000)).fit(*binary)
    steps = [frame.step for frame in resumed.recording_]
    assert steps == sorted(set(steps))
    assert steps[-1] == 12
    for frame in resumed.recording_:
        assert_same(frame.estimator, frames[frame.step])


class TestFinished:
    @pytest.mark.parametrize("name", ["early stopping", "many things"])
    def test_fits_return_at_once(self, binary: Any, tmp_path: Path, assert_same: Any, name: str) -> None:
        checkpoint = Checkpoint(tmp_path / "fit", every=3)
        first = MAKERS[name]().set_callbacks(checkpoint).fit(*binary)
        again = MAKERS[name]().set_callbacks(checkpoint, Crashing(1), Crashing(2), Recorder(3)).fit(*binary)
        assert_same(first, again)
        assert (again.n_iter_, again.best_epoch_) == (first.n_iter_, first.best_epoch_)
        assert again.history_.equals(first.history_)
        assert_same(again.recording_[-1].estimator, again)

    def test_a_partial_fit_goes_on_from_a_resumed_fit(self, binary: Any, tmp_path: Path, assert_same: Any) -> None:
        checkpoint = Checkpoint(tmp_path / "fit")
        clf = [MAKERS["adam"]().set_callbacks(checkpoint).fit(*binary).partial_fit(*binary) for _ in range(2)]
        assert_same(*clf)
        assert clf[0].loss_curve_ == clf[1].loss_curve_

    def test_ctrl_c_is_not_the_end(self, binary: Any, tmp_path: Path, assert_same: Any) -> None:
        class CtrlC(Crashing):
            def on_fit_task_end(self, estimator: Any, context: Any) -> None:
                if context.task_name == self.name:
                    raise KeyboardInterrupt

        checkpoint = Checkpoint(tmp_path / "fit", every=4)
        clf = MAKERS["many things"]().set_callbacks(checkpoint, CtrlC(6))
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.fit(*binary)
        assert clf.n_iter_ == 6
        resumed = MAKERS["many things"]().set_callbacks(checkpoint).fit(*binary)
        assert_same(resumed, MAKERS["many things"]().fit(*binary))

    def test_without_a_seed_the_fit_that_was_begun_is_ended(self, binary: Any, tmp_path: Path) -> None:
        make = lambda: MLPClassifier((6,), max_iter=8, dropout=0.2)  # noqa: E731
        checkpoint = Checkpoint(tmp_path / "fit")
        clf = make().set_callbacks(checkpoint, Crashing(5), Recorder(100))
        with pytest.raises(Crash):
            clf.fit(*binary)
        with zipfile.ZipFile(tmp_path / "fit") as archive:
            losses = [e["loss"] for e in json.loads(archive.read("progress.json"))["epochs"]]
        ended = make().set_callbacks(checkpoint).fit(*binary)
        assert ended.n_iter_ == 8
        assert ended.loss_curve_[: len(losses)] == losses


SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from strates import Checkpoint, MLPClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = (np.abs(X[:, 0]) + X[:, 1] > 0.7).astype(int)
clf = MLPClassifier(
    (6,), dropout=0.3, batch_norm=True, batch_size=16, max_iter=300, learning_rate="cosine", random_state=0
)
clf.set_callbacks(Checkpoint(sys.argv[1], every=2)).fit(X, y)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_at_random_moments(binary: Any, tmp_path: Path, assert_same: Any) -> None:
    make = lambda: MLPClassifier(  # noqa: E731
        (6,), dropout=0.3, batch_norm=True, batch_size=16, max_iter=300, learning_rate="cosine", random_state=0
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    paths = [tmp_path / f"{i}.checkpoint" for i in range(2)]
    begun = {p: subprocess.Popen([sys.executable, "-c", SCRIPT, str(p)], env=environment) for p in paths}
    try:
        for path, process in begun.items():
            end = time.monotonic() + 120
            while not path.exists():
                assert process.poll() is None, "the fit ended before it saved anything"
                assert time.monotonic() < end
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
    finally:
        codes = []
        for process in begun.values():
            process.kill()
            codes.append(process.wait())
    assert codes == [-signal.SIGKILL] * 2
    whole = make().fit(*binary)
    done = []
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            progress = json.loads(archive.read("progress.json"))
        done.append(len(progress["epochs"]))
        assert not progress["finished"]
        clf = make().set_callbacks(Checkpoint(path, every=500)).fit(*binary)
        assert_same(clf, whole)
        assert clf.loss_curve_ == whole.loss_curve_
    assert all(0 < n < 300 for n in done), done


OTHERS: dict[str, Any] = {
    "parameter": lambda X, y: (MLPClassifier((6,), max_iter=12, random_state=0, alpha=0.5), (X, y), {}),
    "seed": lambda X, y: (MLPClassifier((6,), max_iter=12, random_state=1), (X, y), {}),
    "rows": lambda X, y: (MAKERS["adam"](), (X + 1e-3, y), {}),
    "fewer rows": lambda X, y: (MAKERS["adam"](), (X[:-1], y[:-1]), {}),
    "labels": lambda X, y: (MAKERS["adam"](), (X, 1 - y), {}),
    "names of labels": lambda X, y: (MAKERS["adam"](), (X, y + 1), {}),
    "weights": lambda X, y: (MAKERS["adam"](), (X, y), {"sample_weight": np.arange(60)}),
    "validation": lambda X, y: (MAKERS["adam"](), (X, y), {"validation_data": (X[:9], y[:9])}),
    "class": lambda X, y: (NetworkClassifier(max_iter=12, random_state=0), (X, y), {}),
}  # fmt: skip


class TestOtherFits:
    @pytest.mark.parametrize("name", OTHERS)
    def test_are_refused_and_the_file_stays(self, binary: Any, tmp_path: Path, name: str) -> None:
        path = tmp_path / "fit"
        MAKERS["adam"]().set_callbacks(Checkpoint(path)).fit(*binary)
        content = path.read_bytes()
        clf, data, options = OTHERS[name](*binary)
        with pytest.raises(CheckpointError, match=r"checkpoint fit belongs to another fit.*Delete it.*another path"):
            clf.set_callbacks(Checkpoint(path)).fit(*data, **options)
        assert path.read_bytes() == content

    def test_that_differ_in_their_validation_rows(self, binary: Any, tmp_path: Path) -> None:
        X, y = binary
        clf = MAKERS["early stopping"]().set_callbacks(Checkpoint(tmp_path / "fit"))
        clf.fit(X[20:], y[20:], validation_data=(X[:20], y[:20]))
        with pytest.raises(CheckpointError, match="another fit"):
            clf.fit(X[20:], y[20:], validation_data=(X[:19], y[:19]))

    def test_that_differ_in_the_network(self, binary: Any, tmp_path: Path) -> None:
        def given(seed: int) -> Any:
            keras.utils.set_random_seed(seed)
            return build((4,), 1)

        builders = [lambda s, n, k=k: keras.Sequential([keras.Input(s), L.Dense(k), L.Dense(n)]) for k in (3, 4)]
        for i, (one, other) in enumerate([(given(0), given(1)), builders]):
            checkpoint = Checkpoint(tmp_path / str(i))
            NetworkClassifier(one, max_iter=3, random_state=0).set_callbacks(checkpoint).fit(*binary)
            with pytest.raises(CheckpointError, match="another fit"):
                NetworkClassifier(other, max_iter=3, random_state=0).set_callbacks(checkpoint).fit(*binary)

    def test_a_warm_start_is_another_fit(self, binary: Any, tmp_path: Path) -> None:
        clf = MLPClassifier((6,), max_iter=4, random_state=0, warm_start=True).set_callbacks(
            Checkpoint(tmp_path / "fit")
        )
        clf.fit(*binary)
        with pytest.raises(CheckpointError, match="another fit"):
            clf.fit(*binary)

    def test_how_much_is_printed_does_not_make_another(self, binary: Any, tmp_path: Path, assert_same: Any) -> None:
        one = MAKERS["adam"]().set_callbacks(Checkpoint(tmp_path / "fit")).fit(*binary)
        other = MAKERS["adam"]().set_params(verbose=True).set_callbacks(Checkpoint(tmp_path / "fit")).fit(*binary)
        assert_same(one, other)

    def test_lbfgs_cannot_be_saved(self, binary: Any, tmp_path: Path) -> None:
        clf = MLPClassifier((6,), solver="lbfgs").set_callbacks(Checkpoint(tmp_path / "fit"))
        with pytest.raises(ParameterError, match=r"Checkpoint needs a gradient solver.*Use solver='adam' or 'sgd'"):
            clf.fit(*binary)


@pytest.fixture(scope="module")
def content(binary: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint of a fit that crashed."""
    path = tmp_path_factory.mktemp("checkpoint") / "fit"
    with pytest.raises(Crash):
        MAKERS["adam"]().set_callbacks(Checkpoint(path), Crashing(3)).fit(*binary)
    return path.read_bytes()


class TestDamage:
    @pytest.mark.parametrize(
        "change",
        [
            lambda c: b"",
            lambda c: b"not a zip",
            lambda c: c[: len(c) // 2],
            lambda c: c[:-1],
            lambda c: c[1:],
            lambda c: bytes(100) + c[100:],
        ],
    )
    def test_is_refused_and_the_file_stays(self, binary: Any, tmp_path: Path, content: bytes, change: Any) -> None:
        path = tmp_path / "fit"
        path.write_bytes(change(content))
        with pytest.raises(CheckpointError, match=r"fit is not a readable checkpoint.*Delete it, or give another path"):
            MAKERS["adam"]().set_callbacks(Checkpoint(path)).fit(*binary)
        assert path.read_bytes() == change(content)

    @pytest.mark.parametrize("meta", [b"{}", b"[]", b"null", b"{", b'{"format": 1}', b'{"weights": 1}'])
    def test_of_its_description(self, binary: Any, tmp_path: Path, content: bytes, meta: bytes) -> None:
        path = tmp_path / "fit"
        path.write_bytes(content)
        with zipfile.ZipFile(path) as archive:
            arrays = archive.read("arrays.npz")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("progress.json", meta)
            archive.writestr("arrays.npz", arrays)
        with pytest.raises(CheckpointError, match="not a readable checkpoint"):
            MAKERS["adam"]().set_callbacks(Checkpoint(path)).fit(*binary)

    def test_at_any_byte_is_noticed_or_does_not_matter(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "fit"
        path.write_bytes(content)
        with zipfile.ZipFile(path) as archive:
            meta = json.loads(archive.read("progress.json"))
        sound, _ = Checkpoint(path).read(meta["fingerprint"])
        rng = np.random.default_rng(0)
        for place in rng.integers(0, len(content), 200):
            changed = bytearray(content)
            changed[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(bytes(changed))
            try:
                read, _ = Checkpoint(path).read(meta["fingerprint"])
            except CheckpointError:
                continue
            for a, b in zip(read.weights + read.optimizer, sound.weights + sound.optimizer, strict=True):
                np.testing.assert_array_equal(a, b)
            assert read.epochs == sound.epochs

    def test_pickles_are_not_read(self, tmp_path: Path, binary: Any, content: bytes) -> None:
        path = tmp_path / "fit"
        path.write_bytes(content)
        with zipfile.ZipFile(path) as archive:
            meta = archive.read("progress.json")
        np.savez(tmp_path / "evil.npz", weights_0=np.array([Crash()], dtype=object))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("progress.json", meta)
            archive.writestr("arrays.npz", (tmp_path / "evil.npz").read_bytes())
        with pytest.raises(CheckpointError, match="not a readable checkpoint"):
            MAKERS["adam"]().set_callbacks(Checkpoint(path)).fit(*binary)


class TestSettings:
    @pytest.mark.parametrize("every", [0, -1, 1.5, "often"])
    def test_every(self, binary: Any, tmp_path: Path, every: Any) -> None:
        with pytest.raises(ParameterError, match=r"every=.* cannot be used: it must be an integer of at least 1"):
            MAKERS["adam"]().set_callbacks(Checkpoint(tmp_path / "fit", every=every)).fit(*binary)

    def test_a_folder_that_does_not_exist(self, binary: Any, tmp_path: Path) -> None:
        with pytest.raises((CheckpointError, OSError), match="nowhere"):
            MAKERS["adam"]().set_callbacks(Checkpoint(tmp_path / "nowhere" / "fit")).fit(*binary)

    def test_a_folder_instead_of_a_file(self, binary: Any, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="not a readable checkpoint"):
            MAKERS["adam"]().set_callbacks(Checkpoint(tmp_path)).fit(*binary)

    def test_saves_every_so_often(self, binary: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        written = []
        write = Checkpoint.write
        monkeypatch.setattr(
            Checkpoint, "write", lambda self, f, p, s: (written.append(len(p.epochs)), write(self, f, p, s))[1]
        )
        MAKERS["adam"]().set_callbacks(Checkpoint(tmp_path / "fit", every=5)).fit(*binary)
        assert written == [5, 10, 12]  # and the end
