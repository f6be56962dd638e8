"""One fit by a gradient solver: the consumers of its epochs, and what can be taken down and taken up again."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.batches import BatchSource
from strates.engine.epoch import Epoch
from strates.engine.loop import Training
from strates.engine.program import TrainingProgram
from strates.engine.schedules import Schedule
from strates.engine.step_data import Penalties, State
from strates.estimators._stopping import Stopping
from strates.exceptions import StratesWarning

#: "adaptive" divides the rate by 5 until it is below this, then stops (scikit-learn's numbers).
SMALLEST_RATE = 1e-6


@dataclass(frozen=True)
class Validation:
    """Rows that are not learned from.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
    targets : ndarray
    weights : ndarray of shape (n_rows,)
    """

    X: AnyArray
    targets: AnyArray
    weights: AnyArray


@dataclass
class FitProgress:
    """Where a fit stands: enough, with the data, to go on from here bit for bit.

    Attributes
    ----------
    weights : list of ndarray
        After the last epoch.
    best_weights : list of ndarray or None
        Those that the fit would keep, when they are others.
    optimizer : list of ndarray
    others : list of ndarray
        States that are not weights (Keras's seed generators among them).
    epochs : list of Epoch
        Of this fit.
    stopping : dict
    rate : float
        Base learning rate.
    finished : bool
    """

    weights: list[AnyArray]
    best_weights: list[AnyArray] | None
    optimizer: list[AnyArray]
    others: list[AnyArray]
    epochs: list[Epoch]
    stopping: dict[str, Any]
    rate: float
    finished: bool = False


@dataclass
class GradientFit:
    """Runs the epochs of one fit, and keeps what they leave.

    Attributes
    ----------
    program : TrainingProgram
    source : BatchSource
    state : State
        Where to start.
    schedule : Schedule
    penalties : Penalties
    seed : int
    stopping : Stopping
    first_epoch, max_epochs : int
        Epochs done before this fit; epochs to reach.
    validation : Validation or None
    adaptive : bool
        Divide the learning rate by 5 when training stalls, instead of stopping.
    scheduled : bool
        The learning rate has its end at ``max_epochs``: the training objective does not stop the fit, and
        reaching the end is no failure.
    single : bool
        One epoch of ``partial_fit``: no warnings, no stopping.
    step_offset : int
        Makes the dropout masks of a fit that goes on, on data of another length, others than those drawn before.
    own_rate : callable (step) -> float, optional
        Of an optimizer with a schedule of its own.
    verbose : bool
    """

    program: TrainingProgram
    source: BatchSource
    state: State
    schedule: Schedule
    penalties: Penalties
    seed: int
    stopping: Stopping
    first_epoch: int
    max_epochs: int
    validation: Validation | None = None
    adaptive: bool = False
    scheduled: bool = False
    single: bool = False
    own_rate: Callable[[int], float] | None = None
    step_offset: int = 0
    verbose: bool = False
    epochs: list[Epoch] = field(default_factory=list)
    training: Training | None = None
    best: State | None = None
    finished: bool = False

    def run(
        self,
        *,
        step_by_epoch: bool,
        on_begin: Callable[[int], None],
        on_end: Callable[[Epoch], bool],
        pauses: AnyArray | None = None,
        on_pause: Callable[[int, State], None] | None = None,
    ) -> None:
        """Train to the end, to the patience's end, or to Ctrl-C.

        Parameters
        ----------
        step_by_epoch : bool
            Somebody wants the weights at each epoch's end.
        on_begin : callable (number)
            Called before each epoch.
        on_end : callable (Epoch) -> bool
            Sees each epoch; returning True stops.
        pauses, on_pause
            See :class:`strates.engine.loop.Training`.
        """
        self.training = Training(
            self.program, self.source, self.state,
            schedule=self.schedule, penalties=self.penalties,
            seed=integer_seed(self.seed, "dropout"), step_offset=self.step_offset,
            first_epoch=self.first_epoch + len(self.epochs), max_epochs=self.max_epochs,
            step_by_epoch=step_by_epoch, validate=None if self.validation is None else self._validate,
            pauses=pauses, on_pause=on_pause, own_rate=self.own_rate,
        )  # fmt: skip
        try:
            self._train(self.training, on_begin, on_end)
            self.finished = True
        except KeyboardInterrupt:
            warnings.warn(
                f"Training interrupted by user in epoch {self.first_epoch + len(self.epochs) + 1}. The estimator keeps "
                "the best weights so far and can be used.",
                StratesWarning,
                stacklevel=2,
            )
        self.state = self.training.state

    def _train(self, training: Training, on_begin: Callable[[int], None], on_end: Callable[[Epoch], bool]) -> None:
        epochs = iter(training)
        while not training.finished:
            on_begin(self.first_epoch + len(self.epochs) + 1)
            epoch = next(epochs)
            self.epochs.append(epoch)
            if self.verbose:
                self._tell(epoch)
            if self.stopping.see(epoch) and self.stopping.by_validation:
                self.best = training.state
            # decided before anybody sees the epoch, so that what is saved now knows whether it was the last
            self.finished = self._stops(training) or training.finished
            if on_end(epoch):
                return
            if self.finished:
                break
        if not self.single and not self.scheduled and not self.stopping.stalled:
            warnings.warn(
                f"Maximum number of epochs ({self.max_epochs - self.first_epoch}) reached and the optimization hasn't "
                "converged yet. Raise max_iter, or tol.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _stops(self, training: Training) -> bool:
        """Whether patience is exhausted; under "adaptive", that first makes the rate smaller."""
        if not self.stopping.stalled or self.single or (self.scheduled and not self.stopping.by_validation):
            return False
        if not self.adaptive or training.learning_rate <= SMALLEST_RATE:
            return True
        training.learning_rate /= 5
        self.stopping.no_improvement = 0
        return False

    def _validate(self, state: State) -> tuple[float, float]:
        rows = self.validation
        if rows is None:
            raise RuntimeError("validation without validation rows")
        return self.program.evaluate(state, rows.X, rows.targets, rows.weights, self.penalties.adversarial)

    def _tell(self, epoch: Epoch) -> None:
        text = f"Iteration {epoch.number}, loss = {epoch.loss:.8f}"
        if epoch.validation_score is not None:
            text += f", validation score = {epoch.validation_score:.6f}"
        sys.stdout.write(text + "\n")

    @property
    def current(self) -> State:
        """The state after the last epoch seen."""
        return self.state if self.training is None else self.training.state

    @property
    def kept(self) -> State:
        """The state whose weights the fit keeps: the best by validation, or the last."""
        return self.program.finished(self.best if self.best is not None else self.current)

    def progress(self) -> FitProgress:
        """Take down where the fit stands."""
        state = self.current
        return FitProgress(
            weights=self.program.weights(state),
            best_weights=None if self.best is None else self.program.weights(self.best),
            optimizer=[np.array(t) for t in state.optimizer],
            others=[np.array(t) for t in state.others],
            epochs=list(self.epochs),
            stopping=asdict(self.stopping),
            rate=self.schedule.base if self.training is None else self.training.learning_rate,
            finished=self.finished,
        )

    def resume(self, progress: FitProgress) -> None:
        """Take up where a fit stood."""
        state = self.program.start(progress.weights, self.seed, progress.optimizer)
        self.state = state._replace(others=self.program.start_others(progress.others))
        if progress.best_weights is not None:
            self.best = self.program.start(progress.best_weights, self.seed)
        self.epochs = list(progress.epochs)
        self.stopping = Stopping(**progress.stopping)
        self.schedule = self.schedule.with_base(progress.rate)
        self.finished = progress.finished
