"""The bridge between a fit and scikit-learn's callback protocol, kept in one place.

Callbacks of the protocol see one task for the fit and one for each epoch. A :class:`Recorder` and a
:class:`Checkpoint` say more precisely what they want: weights at some steps, and a fit's progress.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.estimators._gradient_fit import FitProgress
from strates.estimators.checkpoint import Checkpoint
from strates.estimators.recorder import Recorder, Recording


class FitTasks:
    """The callbacks of one fit.

    Parameters
    ----------
    estimator : estimator
    X, y, sample_weight
        As the user passed them, so that a callback scores what the user would.
    max_epochs : int
    silent : bool
        Call nobody: ``partial_fit`` is no fit of the protocol.

    Attributes
    ----------
    recorders, checkpoints : list
        Those among the callbacks.
    recordings : list of Recording
        One a recorder.
    watched : bool
        Whether a callback wants to see each epoch's end.
    progress : FitProgress or None
        What a checkpoint left; see :meth:`find_progress`.
    fingerprint : str
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, max_epochs: int, *, silent: bool = False
    ) -> None:
        self._estimator = estimator
        callbacks = [] if silent else getattr(estimator, "_skl_callbacks", [])
        self.progress: FitProgress | None = None
        self.fingerprint = ""
        self._silent = silent
        self.recorders = [c for c in callbacks if isinstance(c, Recorder)]
        self.checkpoints = [c for c in callbacks if isinstance(c, Checkpoint)]
        self.watched = len(callbacks) > len(self.recorders)
        self.recordings = [Recording() for _ in self.recorders]
        self._given = {
            "X": X,
            "y": y,
            "metadata": {} if sample_weight is None else {"sample_weight": sample_weight},
        }
        self._context: Any = None
        self._epoch: Any = None
        if not silent:
            self._context = estimator._init_callback_context(max_subtasks=max_epochs)
            self._context.call_on_fit_task_begin(estimator=estimator, **self._given)

    def find_progress(self, fingerprint: str, seed: int) -> int:
        """Look for what the fit of this fingerprint left in a checkpoint; return the seed that it had.

        Raises
        ------
        CheckpointError
            The file belongs to another fit, or is damaged.
        """
        self.fingerprint = fingerprint
        found = self.checkpoints[0].read(fingerprint)
        if found is None:
            return seed
        self.progress, seed = found
        return seed

    def begin(self, number: int) -> None:
        """Tell that an epoch begins."""
        if self.watched:
            self._epoch = self._context.subcontext(task_name=f"epoch {number}")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._given)

    def end(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell that an epoch ended; return whether a callback asks to stop."""
        if not self.watched:
            return False
        return bool(
            self._epoch.call_on_fit_task_end(
                estimator=self._estimator, reconstruction_attributes=attributes, **self._given
            )
        )

    def finish(self) -> None:
        """Tell that the fit ended."""
        if self._silent:
            return
        self._context.call_on_fit_task_end(estimator=self._estimator, reconstruction_attributes=dict, **self._given)

    def pauses(self, n_steps: int) -> AnyArray:
        """Return the steps at which a recorder wants the weights, sorted."""
        wanted = [recorder.steps(n_steps) for recorder in self.recorders]
        return np.unique(np.concatenate(wanted)) if wanted else np.array([], np.int64)

    def record(self, step: int, epoch: float, n_steps: int, usable: Callable[[], Any]) -> None:
        """Let the recorders that want this step take a frame."""
        for recorder, recording in zip(self.recorders, self.recordings, strict=True):
            if step == 0 or step in recorder.steps(n_steps):
                recording.add(step, epoch, usable())

    def close_recordings(self, step: int, epoch: float, usable: Callable[[], Any]) -> None:
        """Add the last frame where it is missing."""
        for recording in self.recordings:
            if not len(recording) or recording[-1].step != step:
                recording.add(step, epoch, usable())
