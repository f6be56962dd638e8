"""The epoch loop: a generator of records, over a compiled program.

When nobody looks at the weights between epochs, one call of the program runs several epochs. If training is
then to stop at an epoch inside the call, the call is run again from its start with fewer steps: the same
numbers come out, because everything random in a step is a function of its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from strates._types import AnyArray
from strates.engine.batches import BatchSource
from strates.engine.epoch import Epoch
from strates.engine.program import TrainingProgram
from strates.engine.schedules import Schedule
from strates.engine.step_data import Chunk, Penalties, State
from strates.exceptions import DivergenceError

Validate = Callable[[State], tuple[float, float]]


class _Call(NamedTuple):
    """A call of the program: where it started, and with what, so that a part of it can be run again."""

    origin: State
    first: int
    chunk: Chunk
    rates: AnyArray


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
    own_rate : callable (step) -> float, optional
        The learning rates of an optimizer that has a schedule of its own, for the records.
    step_offset : int
        What is added to a step's number to draw its dropout masks: steps of earlier fits on data of other lengths.
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
        own_rate: Callable[[int], float] | None = None,
        step_offset: int = 0,
    ) -> None:
        self._step_offset = step_offset
        self._own_rate = own_rate
        self._program, self._source = program, source
        self._schedule, self._penalties, self._seed = schedule, penalties, seed
        self._per_epoch = source.steps_per_epoch
        self._last_step = max_epochs * self._per_epoch
        self._validate, self._on_pause = validate, on_pause
        self._pauses = np.asarray([] if pauses is None else pauses, dtype=np.int64)
        # with somebody looking, a call must not run past an epoch that may be the last
        self._step_by_epoch = step_by_epoch or validate is not None or len(self._pauses) > 0
        self._start = self._reached = state
        self._reached_step = self._seen_step = first_epoch * self._per_epoch
        self._seen_in: _Call | None = None
        self._restarted = False

    @property
    def state(self) -> State:
        """The state after the last epoch that was yielded."""
        if self._seen_step == self._reached_step:
            return self._reached
        if self._seen_in is None:  # no epoch has ended yet
            return self._start
        call = self._seen_in
        steps = self._seen_step - call.first
        return self._run(call.origin, call.chunk, steps, call.rates, call.first)[0] if steps else call.origin

    @property
    def learning_rate(self) -> float:
        """The schedule's base rate; setting it acts from the next epoch on."""
        return self._schedule.base

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._start = self._reached = self.state
        self._reached_step, self._seen_in = self._seen_step, None
        self._schedule = self._schedule.with_base(rate)
        self._restarted = True

    @property
    def finished(self) -> bool:
        """Whether ``max_epochs`` is reached."""
        return self._seen_step >= self._last_step

    def __iter__(self) -> Iterator[Epoch]:
        """Yield a record an epoch until ``max_epochs`` is reached."""
        sums = np.zeros(3)
        seconds = 0.0
        while self._seen_step < self._last_step:
            start = time.perf_counter()
            call, records = self._advance()
            elapsed = time.perf_counter() - start
            n = len(records)
            self._restarted = False
            for i, record in enumerate(records):
                sums += record * (1, call.chunk.counts[i], 1)
                seconds += elapsed / n
                if (call.first + i + 1) % self._per_epoch:
                    continue
                self._seen_in, self._seen_step = call, call.first + i + 1
                epoch = self._epoch(sums, seconds, self._rate(call, i))
                sums, seconds = np.zeros(3), 0.0
                yield epoch
                if self._restarted:
                    break
            # after the record of an epoch that ends here, so that who sees the weights knows of it
            if self._on_pause is not None and self._reached_step in self._pauses:
                self._on_pause(self._reached_step, self._reached)

    def _advance(self) -> tuple[_Call, AnyArray]:
        """Run one call from the state reached; return it and its steps' numbers, shape (n_steps, 3)."""
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
        call = _Call(self._reached, first, chunk, rates)
        self._reached, self._reached_step = state, first + n
        return call, records

    def _run(self, state: State, chunk: Chunk, n: int, rates: AnyArray, first: int) -> tuple[State, AnyArray]:
        state, record = self._program.run(
            state, chunk, n, rates, self._penalties, self._seed, first + self._step_offset
        )
        return state, np.column_stack(record).astype(np.float64)

    def _rate(self, call: _Call, i: int) -> float:
        return float(call.rates[i]) if self._own_rate is None else self._own_rate(call.first + i)

    def _epoch(self, sums: AnyArray, seconds: float, rate: float) -> Epoch:
        n_rows = self._source.n_rows
        number = self._seen_step // self._per_epoch
        loss, penalty = float(sums[0]) / n_rows, float(sums[1]) / n_rows
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
