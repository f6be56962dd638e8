"""The epoch loop: a generator of records, over a compiled program.

When nobody looks at the weights between epochs, one call of the program runs several epochs. If training is
then to stop at an epoch inside the call, the call is run again from its start with fewer steps: the same
numbers come out, because everything random in a step is a function of its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from strates._types import AnyArray
from strates.engine.batches import BatchSource
from strates.engine.epoch import Epoch
from strates.engine.program import Chunk, Penalties, State, TrainingProgram
from strates.engine.schedules import Schedule
from strates.exceptions import DivergenceError

Validate = Callable[[State], tuple[float, float]]


class Training:
    """Training under way: iterate over it for :class:`Epoch` records, read :attr:`state` at any of them.

    Parameters
    ----------
    program : TrainingProgram
    source : BatchSource
    state : State
        Where to start.
    schedule : Schedule
    penalties : Penalties
    seed : int
        Of the dropout masks.
    first_epoch, max_epochs : int
        Epochs done already; epochs to reach.
    step_by_epoch : bool
        Return from the compiled call at each epoch's end, because somebody wants the weights there.
    validate : callable (State) -> (loss, score), optional
        Implies ``step_by_epoch``.
    pauses : sorted array of int
        Steps after which ``on_pause`` sees the weights.
    on_pause : callable (step, State), optional
    """

    def __init__(
        self,
        program: TrainingProgram,
        source: BatchSource,
        state: State,
        *,
        schedule: Schedule,
        penalties: Penalties,
        seed: int,
        first_epoch: int,
        max_epochs: int,
        step_by_epoch: bool = False,
        validate: Validate | None = None,
        pauses: AnyArray | None = None,
        on_pause: Callable[[int, State], None] | None = None,
    ) -> None:
        self._program, self._source = program, source
        self._schedule, self._penalties, self._seed = schedule, penalties, seed
        self._per_epoch = source.steps_per_epoch
        self._last_step = max_epochs * self._per_epoch
        self._step_by_epoch = step_by_epoch or validate is not None
        self._validate, self._on_pause = validate, on_pause
        self._pauses = np.asarray([] if pauses is None else pauses, dtype=np.int64)
        self._origin = self._reached = state
        self._origin_step = self._reached_step = self._seen_step = first_epoch * self._per_epoch
        self._chunk: Chunk | None = None
        self._rates = np.zeros(program.chunk_steps)
        self._restarted = False

    @property
    def state(self) -> State:
        """The state after the last epoch that was yielded."""
        if self._seen_step != self._reached_step and self._chunk is not None:
            if self._seen_step == self._origin_step:
                return self._origin
            steps = self._seen_step - self._origin_step
            return self._run(self._origin, self._chunk, steps, self._rates, self._origin_step)[0]
        return self._reached

    @property
    def learning_rate(self) -> float:
        """The schedule's base rate; setting it acts from the next epoch on."""
        return self._schedule.base

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._reached, self._reached_step, self._chunk = self.state, self._seen_step, None
        self._schedule = self._schedule.with_base(rate)
        self._restarted = True

    @property
    def finished(self) -> bool:
        """Whether ``max_epochs`` is reached."""
        return self._seen_step >= self._last_step

    def __iter__(self) -> Iterator[Epoch]:
        """Yield a record an epoch until ``max_epochs`` is reached."""
        sums = np.zeros(3)
        seconds, done = 0.0, 0
        while self._seen_step < self._last_step:
            start = time.perf_counter()
            records = self._advance()
            elapsed = time.perf_counter() - start
            n = len(records)
            self._restarted = False
            for i, record in enumerate(records):
                sums += record
                seconds += elapsed / n
                done += 1
                if (self._origin_step + i + 1) % self._per_epoch:
                    continue
                self._seen_step = self._origin_step + i + 1
                epoch = self._epoch(sums, seconds, done, float(self._rates[i]))
                sums, seconds, done = np.zeros(3), 0.0, 0
                yield epoch
                if self._restarted:
                    break

    def _advance(self) -> AnyArray:
        """Run one call from the state reached; return its steps' numbers, shape (n_steps, 3)."""
        first = self._reached_step
        n = min(self._program.chunk_steps, self._last_step - first)
        if self._step_by_epoch:
            n = min(n, self._per_epoch - first % self._per_epoch)
        later = self._pauses[np.searchsorted(self._pauses, first, side="right") :]
        if len(later):
            n = min(n, int(later[0]) - first)
        chunk = self._source.fill(first, n)
        rates = np.zeros(self._program.chunk_steps)
        rates[:n] = self._schedule.rates(first, n)
        state, records = self._run(self._reached, chunk, n, rates, first)
        if not np.isfinite(records).all():
            bad = int(np.argmin(np.isfinite(records).all(axis=1)))
            self._diverged((first + bad) // self._per_epoch + 1, float(rates[bad]))
        # one assignment, so that Ctrl-C finds either the old call or the new one
        (self._origin, self._origin_step, self._chunk, self._rates, self._reached, self._reached_step) = (
            self._reached, first, chunk, rates, state, first + n,
        )  # fmt: skip
        if self._on_pause is not None and len(later) and later[0] == self._reached_step:
            self._on_pause(self._reached_step, state)
        return records

    def _run(self, state: State, chunk: Chunk, n: int, rates: AnyArray, first: int) -> tuple[State, AnyArray]:
        state, record = self._program.run(state, chunk, n, rates, self._penalties, self._seed, first)
        return state, np.column_stack(record).astype(np.float64)

    def _epoch(self, sums: AnyArray, seconds: float, n_steps: int, rate: float) -> Epoch:
        n_rows = self._source.n_rows
        number = self._seen_step // self._per_epoch
        loss, penalty = float(sums[0]) / n_rows, float(sums[1]) / n_steps
        watched_loss, watched_score = None, None
        if self._validate is not None:
            start = time.perf_counter()
            watched_loss, watched_score = self._validate(self.state)
            seconds += time.perf_counter() - start
            if not np.isfinite(watched_loss):
                self._diverged(number, rate)
        score = float(sums[2]) / n_rows
        return Epoch(number, loss + penalty, penalty, loss, score, watched_loss, watched_score, seconds, rate)

    def _diverged(self, epoch: int, rate: float) -> None:
        raise DivergenceError(
            f"Training diverged: the loss stopped being a finite number in epoch {epoch}, at a learning rate of "
            f"{rate:g}. Try learning_rate_init={rate / 10:g}, scale the inputs to about unit variance "
            "(strates.tabular_pipeline does), or look for extreme values in X."
        )
