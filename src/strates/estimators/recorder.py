"""The film of a fit: its weights at log-spaced steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from strates._types import AnyArray
from strates.estimators._parameters import integer


@dataclass(frozen=True)
class Frame:
    """A moment of training.

    Attributes
    ----------
    step : int
        Updates of the weights before it; 0 is the network as it was drawn.
    epoch : float
        The same in passes over the data.
    estimator : estimator
        As if the fit had stopped there: it predicts, transforms, and has a ``network_``.
    """

    step: int
    epoch: float
    estimator: Any


class Recording(Sequence[Frame]):
    """The frames of one fit, in order: what ``recording_`` is after a fit with a :class:`Recorder`.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((8,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(*moons(n_samples=60, random_state=0))
    >>> clf.recording_
    Recording(6 frames, steps 0 to 30)
    """

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def add(self, step: int, epoch: float, estimator: Any) -> None:
        """Append a frame."""
        self._frames.append(Frame(step, epoch, estimator))

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        return self._frames[index]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def __repr__(self) -> str:
        if not self._frames:
            return "Recording(empty)"
        return f"Recording({len(self)} frames, steps {self[0].step} to {self[-1].step})"


class Recorder:
    """Record the weights of a fit at log-spaced steps, as a scikit-learn callback.

    Learning is fast at first and slow later, so the frames are close together at first. The estimator keeps
    them in ``recording_``. Memory is bounded: at most ``frames + 2`` copies of the weights.

    Parameters
    ----------
    frames : int, default=60
        How many moments to keep, besides the first and the last.

    See Also
    --------
    Checkpoint : Resume a fit that was killed.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=60, random_state=0)
    >>> clf = MLPClassifier((8,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(X, y)
    >>> [frame.step for frame in clf.recording_]
    [0, 1, 2, 5, 13, 30]
    >>> clf.recording_[0].estimator.predict(X[:4]).shape
    (4,)
    """

    def __init__(self, frames: int = 60) -> None:
        self.frames = frames

    def steps(self, n_steps: int) -> AnyArray:
        """Return the steps to record, out of ``n_steps``, shape (at most ``frames``,)."""
        integer(1)("frames", self.frames)
        return np.unique(np.rint(np.geomspace(1, max(1, n_steps), self.frames)).astype(np.int64))

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing: the estimator keeps the frames."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: frames are taken at steps, not at tasks."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing: frames are taken at steps, not at tasks."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""
