"""The frames of a fit, and what stands before the network that they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.exceptions import ParameterError
from strates.inspection.network_inputs import split_pipeline

_HOW = "Fit it with a recorder: clf.set_callbacks(Recorder(frames=60)).fit(X, y)."


@dataclass(frozen=True, eq=False)
class RecordedFit:
    """A recording with the pipeline, if any, that its network stands in.

    Attributes
    ----------
    fitted : fitted classifier or pipeline
        What takes the user's rows.
    before : fitted pipeline or None
        The steps before the network.
    estimators : tuple of fitted classifiers, n_frames of them
        They take what ``before`` gives.
    steps : ndarray of shape (n_frames,)
        Updates of the weights before each frame.
    epochs : ndarray of shape (n_frames,)
        The same in passes over the data.
    """

    fitted: Any
    before: Any
    estimators: tuple[Any, ...]
    steps: NDArray[np.int64]
    epochs: FloatArray

    @property
    def last(self) -> Any:
        """The classifier of the last frame."""
        return self.estimators[-1]

    def inputs(self, X: Any) -> Any:
        """Return rows as they reach the network."""
        return X if self.before is None else self.before.transform(X)


def recorded_fit(source: Any) -> RecordedFit:
    """Find the recording of a fit.

    Parameters
    ----------
    source : Recording, or fitted classifier or pipeline
        Frames with ``step``, ``epoch`` and ``estimator``; or what was fitted with a :class:`strates.Recorder`.

    Returns
    -------
    RecordedFit

    Raises
    ------
    ParameterError
        There is no recording, or no frame in it.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(*moons(100))
    >>> recorded_fit(clf).steps
    array([ 0,  1,  2,  5, 13, 30])
    """
    before, classifier = split_pipeline(source)
    frames = classifier if _is_recording(classifier) else getattr(classifier, "recording_", None)
    if frames is None:
        if hasattr(classifier, "fit"):
            name = type(classifier).__name__
            how = _HOW if hasattr(classifier, "set_callbacks") else f"A {name} takes none: take an MLPClassifier."
            raise ParameterError(f"This {name} has no recording_, of which the film is made. {how}")
        raise ParameterError(
            f"A film is made of a recording or of what was fitted with a Recorder; got {type(source).__name__}. {_HOW}"
        )
    if not len(frames):
        raise ParameterError(f"The recording is empty, and there is nothing to show. {_HOW}")
    estimators = tuple(frame.estimator for frame in frames)
    return RecordedFit(
        fitted=estimators[-1] if frames is classifier else source,
        before=before,
        estimators=estimators,
        steps=np.array([frame.step for frame in frames], dtype=np.int64),
        epochs=np.array([frame.epoch for frame in frames], dtype=float),
    )


def _is_recording(source: Any) -> bool:
    return hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "fit")
