"""The callbacks of one stage of a fit that has several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.estimators._callbacks import FitTasks


class StageTasks(FitTasks):
    """Hands the callbacks of a fit on to its stages, whose epochs follow one another.

    Recorders are shown stages of equal length as one training; of a stage that comes before these, they see nothing.

    Parameters
    ----------
    tasks : FitTasks
    number, n_stages : int
        Which of the stages of equal length this is, from 0 on; none of them when there are 0.
    """

    def __init__(self, tasks: FitTasks, number: int, n_stages: int) -> None:
        self._tasks, self._number, self._n_stages = tasks, number, n_stages
        self.checkpoints = tasks.checkpoints
        self.fingerprint = tasks.fingerprint
        self.progress = tasks.progress
        self.watched = tasks.watched
        self.n_steps = 0  # of this stage at most, once it has begun

    def begin(self, number: int) -> None:
        """Tell that an epoch begins."""
        self._tasks.begin(number)

    def end(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell that an epoch ended; return whether a callback asks to stop."""
        return self._tasks.end(attributes)

    def pauses(self, n_steps: int) -> AnyArray:
        """Return the steps of this stage at which a recorder wants the weights, sorted."""
        self.n_steps = n_steps
        if not self._n_stages:
            return np.array([], np.int64)
        steps = self._tasks.pauses(n_steps * self._n_stages) - n_steps * self._number
        return steps[(steps >= 0) & (steps <= n_steps)]

    def record(self, step: int, epoch: float, n_steps: int, usable: Callable[[], Any]) -> None:
        """Let the recorders that want this step take a frame."""
        if self._n_stages and (step or not self._number):
            before = self._number * n_steps
            epochs = epoch / step * before if step else 0.0
            self._tasks.record(before + step, epochs + epoch, n_steps * self._n_stages, usable)

    def close_recordings(self, step: int, epoch: float, usable: Callable[[], Any]) -> None:
        """Add no frame: the last stage is not known to be the last."""
