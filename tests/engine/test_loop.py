"""The epoch loop: records by hand, and the weights of exactly the epoch that one stops at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates.engine.backend import keras
from strates.engine.batches import ArrayBatches, StreamBatches
from strates.engine.loop import Training
from strates.engine.schedules import Schedule
from strates.engine.step_data import Penalties, StepRecord
from strates.exceptions import DivergenceError

N, BATCH, CHUNK = 20, 8, 7  # three steps an epoch, the last of four rows; epochs end inside chunks


class Bench:
    """A small problem whose training can be started in many ways."""

    def __init__(self, dense: Any, program_of: Any, rows: Any, *, batch: int = BATCH, chunk: int = CHUNK) -> None:
        self.architecture = dense(hidden=(6,), dropout=(0.3,))
        self.X, self.y, self.w = rows(N)
        self.batch, self.chunk = batch, chunk
        self.program = program_of(self.architecture, keras.optimizers.Adam(), shape=(chunk, batch))
        self.weights = self.architecture.initial_weights(0)

    def source(self, *, shuffle: bool = True) -> Any:
        sizes = {"batch_size": self.batch, "padded_size": self.batch, "chunk_steps": self.chunk}
        return ArrayBatches(self.X, self.y, self.w, **sizes, shuffle=shuffle, seed=1)

    def training(self, epochs: int, *, state: Any = None, first: int = 0, source: Any = None, **options: Any) -> Any:
        source = self.source() if source is None else source
        settings: dict[str, Any] = {
            "schedule": self.schedule(source),
            "penalties": Penalties(alpha=0.01, noise_levels=(0.3,)),
            "seed": 3,
            "first_epoch": first,
            "max_epochs": epochs,
        }
        state = self.program.start(self.weights, 0) if state is None else state
        return Training(self.program, source, state, **{**settings, **options})

    def schedule(self, source: Any, base: float = 0.02, name: str = "constant") -> Schedule:
        return Schedule(name, base, 0.5, source.n_rows, source.steps_per_epoch, 100)

    def after(self, epochs: int) -> Any:
        """Weights after some epochs of an undisturbed run."""
        training = self.training(epochs)
        list(training)
        return self.program.weights(training.state)


@pytest.fixture(scope="module")
def bench(dense: Any, program_of: Any, rows: Any) -> Bench:
    return Bench(dense, program_of, rows)


def assert_same(one: Any, other: Any) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


class TestStopping:
    @pytest.mark.parametrize("stop", range(1, 7))
    def test_in_the_middle_of_a_chunk_gives_that_epochs_weights(self, bench: Bench, stop: int) -> None:
        training = bench.training(30)
        epochs = []
        for epoch in training:
            epochs.append(epoch)
            if epoch.number == stop:
                break
        assert [e.number for e in epochs] == list(range(1, stop + 1))
        assert_same(bench.program.weights(training.state), bench.after(stop))

    def test_weights_can_be_read_at_every_epoch(self, bench: Bench) -> None:
        training = bench.training(6)
        assert_same(bench.program.weights(training.state), bench.weights)
        for epoch in training:
            assert_same(bench.program.weights(training.state), bench.after(epoch.number))
        assert training.finished

    def test_returning_at_each_epoch_changes_no_bit(self, bench: Bench) -> None:
        together, apart = bench.training(6), bench.training(6, step_by_epoch=True)
        for a, b in zip(together, apart, strict=True):
            assert (a.number, a.loss, a.penalty, a.train_score) == (b.number, b.loss, b.penalty, b.train_score)
        assert_same(bench.program.weights(together.state), bench.program.weights(apart.state))

    def test_going_on_from_an_epoch_changes_no_bit(self, bench: Bench) -> None:
        first = bench.training(2)
        list(first)
        rest = bench.training(5, state=first.state, first=2)
        assert [e.number for e in rest] == [3, 4, 5]
        assert_same(bench.program.weights(rest.state), bench.after(5))

    def test_running_again_compiles_nothing(self, bench: Bench) -> None:
        assert bench.program.traces <= 1

    def test_ctrl_c_within_an_epoch_leaves_the_last_whole_one(self, dense: Any, program_of: Any, rows: Any) -> None:
        bench = Bench(dense, program_of, rows, batch=2, chunk=4)  # ten steps an epoch, four a call
        for calls in range(1, 9):
            source = bench.source()
            source.fill = Interrupted(source.fill, calls)
            training = bench.training(5, source=source)
            with pytest.raises(KeyboardInterrupt):
                list(training)
            assert_same(bench.program.weights(training.state), bench.after(4 * calls // 10))


class Interrupted:
    """A function that Ctrl-C hits at one of its calls."""

    def __init__(self, function: Any, calls: int) -> None:
        self.function, self.calls = function, calls

    def __call__(self, *arguments: Any) -> Any:
        if not self.calls:
            raise KeyboardInterrupt
        self.calls -= 1
        return self.function(*arguments)


class TestLearningRate:
    @pytest.mark.parametrize("change_after", [1, 2, 3])
    def test_a_change_acts_from_the_next_epoch_on(self, bench: Bench, change_after: int) -> None:
        training = bench.training(5)
        rates = []
        for epoch in training:
            rates.append(epoch.learning_rate)
            if epoch.number == change_after:
                training.learning_rate /= 5
        first = bench.training(change_after)
        list(first)
        slower = bench.schedule(bench.source(), 0.02 / 5)
        rest = bench.training(5, state=first.state, first=change_after, schedule=slower)
        list(rest)
        assert_same(bench.program.weights(training.state), bench.program.weights(rest.state))
        assert rates == pytest.approx([0.02] * change_after + [0.004] * (5 - change_after))
        assert training.learning_rate == pytest.approx(0.004)

    def test_an_epochs_rate_is_that_of_its_last_step(self, bench: Bench) -> None:
        schedule = bench.schedule(bench.source(), name="cosine")
        found = [e.learning_rate for e in bench.training(4, schedule=schedule)]
        assert found == pytest.approx([0.02 * (1 + np.cos(np.pi * s / 100)) / 2 for s in (2, 5, 8, 11)])


class TestRecords:
    def test_by_hand(self, dense: Any, program_of: Any, rows: Any, numpy_network: Any) -> None:
        architecture, (X, y, w) = dense(), rows(N)
        program = program_of(architecture, shape=(CHUNK, BATCH))
        sizes = {"batch_size": BATCH, "padded_size": BATCH, "chunk_steps": CHUNK}
        source = ArrayBatches(X, y, w, **sizes, shuffle=False, seed=0)
        weights = architecture.initial_weights(0)
        training = Training(
            program, source, program.start(weights, 0), schedule=Schedule("constant", 0.3, 0.5, N, 3, 9),
            penalties=Penalties(alpha=0.1), seed=0, first_epoch=0, max_epochs=3,
        )  # fmt: skip
        scaled = w / w.mean()
        for number, epoch in enumerate(training, start=1):
            losses, penalties, hits = [], [], 0
            for first in range(0, N, BATCH):
                part = slice(first, first + BATCH)
                network = numpy_network(weights)
                losses.extend(scaled[part] * network.row_losses(X[part], y[part]))
                hits += (scaled[part] * (network.probabilities(X[part]).argmax(axis=1) == y[part])).sum()
                penalties.append(network.penalty(0.1))
                gradients = network.gradients(X[part], y[part], scaled[part], alpha=0.1)
                weights = [a - 0.3 * g for a, g in zip(weights, gradients, strict=True)]
            penalty = np.average(penalties, weights=[len(X[f : f + BATCH]) for f in range(0, N, BATCH)])
            assert epoch.number == number
            assert epoch.train_loss == pytest.approx(np.mean(losses), rel=1e-5)
            assert epoch.penalty == pytest.approx(penalty, rel=1e-5)
            assert epoch.loss == pytest.approx(np.mean(losses) + penalty, rel=1e-5)
            assert epoch.train_score == pytest.approx(hits / N, rel=1e-5)
            assert (epoch.validation_loss, epoch.validation_score) == (None, None)
            assert epoch.seconds > 0
        for a, b in zip(program.weights(training.state), weights, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_validation_sees_the_weights_at_the_epochs_end(self, bench: Bench) -> None:
        seen = []

        def validate(state: Any) -> tuple[float, float]:
            seen.append(bench.program.weights(state))
            return float(len(seen)), 0.5

        epochs = list(bench.training(4, validate=validate))
        assert [(e.validation_loss, e.validation_score) for e in epochs] == [(i, 0.5) for i in (1.0, 2.0, 3.0, 4.0)]
        for number, weights in enumerate(seen, start=1):
            assert_same(weights, bench.after(number))

    def test_a_stream_trains_as_the_array_it_holds(self, bench: Bench) -> None:
        def read(epoch: int) -> Any:
            w = (bench.w / bench.w.mean(dtype=np.float64)).astype(np.float32)
            for rows in (slice(0, 9), slice(9, 10), slice(10, N)):
                yield bench.X[rows], bench.y[rows], w[rows]

        stream = StreamBatches(read, n_rows=N, batch_size=BATCH, chunk_steps=CHUNK)
        found = []
        for source in (stream, bench.source(shuffle=False)):
            training = bench.training(4, source=source)
            found.append([*(e.loss for e in training), *bench.program.weights(training.state)])
        assert_same(*found)


class TestPauses:
    def test_come_at_their_steps_with_those_weights(self, bench: Bench) -> None:
        seen: dict[int, Any] = {}
        pauses = np.array([1, 2, 6, 7, 11])
        training = bench.training(
            4, pauses=pauses, on_pause=lambda step, state: seen.update({step: bench.program.weights(state)})
        )
        losses = [epoch.loss for epoch in training]
        assert sorted(seen) == [1, 2, 6, 7, 11]
        # one step a call: the path that the pauses are points of
        state, source = bench.program.start(bench.weights, 0), bench.source()
        rates, penalties = np.full(CHUNK, 0.02), Penalties(alpha=0.01, noise_levels=(0.3,))
        for step in range(12):
            state, _ = bench.program.run(state, source.fill(step, 1), 1, rates, penalties, 3, step)
            if step + 1 in seen:
                assert_same(seen[step + 1], bench.program.weights(state))
        assert losses == [epoch.loss for epoch in bench.training(4)]

    def test_none_comes_after_the_epoch_that_training_stopped_at(self, bench: Bench) -> None:
        # the call that holds the last epoch may have run further; what it ran past never was
        seen: list[int] = []
        training = bench.training(9, pauses=np.arange(1, 28), on_pause=lambda step, state: seen.append(step))
        epochs = iter(training)
        assert next(epochs).number == 1
        assert seen == [1, 2]  # that at the epoch's end comes when its record has been seen
        assert next(epochs).number == 2
        assert seen == [1, 2, 3, 4, 5]
        seen.clear()
        training = bench.training(9, pauses=np.array([5]), on_pause=lambda step, state: seen.append(step))
        assert next(iter(training)).number == 1
        assert seen == []


class Fake:
    """A program whose step number ``bad`` diverges."""

    chunk_steps = CHUNK

    def __init__(self, bad: int) -> None:
        self.bad = bad

    def run(self, state: Any, chunk: Any, n: int, rates: Any, penalties: Any, seed: int, first: int) -> Any:
        loss = np.ones(n)
        if first <= self.bad < first + n:
            loss[self.bad - first :] = np.nan
        return state, StepRecord(loss, np.zeros(n), np.zeros(n))


class TestDivergence:
    @pytest.mark.parametrize(("step", "epoch"), [(0, 1), (2, 1), (3, 2), (10, 4)])
    def test_names_epoch_and_rate_and_what_to_try(self, bench: Bench, step: int, epoch: int) -> None:
        source = bench.source()
        schedule = bench.schedule(source, 8.0, "invscaling")
        rate = 8 / np.sqrt((epoch - 1) * N + 1)
        training = Training(
            Fake(step), source, (), schedule=schedule, penalties=Penalties(), seed=0, first_epoch=0, max_epochs=9
        )  # type: ignore[arg-type]
        message = (
            rf"stopped being a finite number in epoch {epoch}, at a learning rate of {rate:g}\. "
            rf"Try learning_rate_init={rate / 10:g}, scale the inputs to about unit variance"
        )
        with pytest.raises(DivergenceError, match=message):
            list(training)

    def test_of_the_validation_loss_too(self, bench: Bench) -> None:
        training = bench.training(3, validate=lambda state: (np.inf, 0.0))
        with pytest.raises(DivergenceError, match=r"in epoch 1, at a learning rate of 0\.02"):
            list(training)

    def test_of_real_training(self, bench: Bench) -> None:
        with pytest.raises(DivergenceError, match=r"in epoch \d, at a learning rate of 1e\+30"):
            list(bench.training(9, schedule=bench.schedule(bench.source(), 1e30)))
