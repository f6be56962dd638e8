"""Which learning rates a network can learn with, found in one short training."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone

from strates._types import FloatArray
from strates.estimators.ramp_losses import ramp_losses
from strates.exceptions import DivergenceError, ParameterError, StratesWarning
from strates.inspection.network_inputs import split_pipeline
from strates.studies.checked_arguments import checked_seeds
from strates.studies.progress import StudyProgress

#: Standard deviation of the smoothing, in powers of ten of the rate.
SMOOTHING = 0.2
#: The suggestion is the rate at which the loss is back where it began, divided by this. Of the rules tried on 32
#: problems (4 tables, 4 solvers, 2 networks; 30 epochs, constant and cosine) it came nearest to the rate of the lowest
#: test loss: within a factor of 10 for 88 and 97 % of them; a tenth of the minimum's for 78 and 72, the steepest's for
#: 66 and 56.
BELOW_COMEBACK = 20.0


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """The loss as the learning rate grows, and the rate that it suggests.

    Attributes
    ----------
    frame : DataFrame
        A row a seed and step: ``seed``, ``step``, ``learning_rate``, ``loss`` (mean cross-entropy in nats of the step's
        batch, just before it is learned from) and ``smoothed`` (the same, free of what the batch itself is easy or hard
        by, and smoothed). Steps are those that all seeds reached.
    suggestion : float
        A twentieth of ``comeback``. NaN when nothing was learned at any rate.
    comeback : float
        The rate at which the mean smoothed loss, having fallen, is back where it began: beyond it training destroys
        more than it learns. The last rate tried, if that never came.
    minimum : float
        The rate at which it is lowest; a tenth of it is another rule in use, more cautious.
    steepest : float
        The rate at which it falls fastest, for each factor that the rate grows by; the most cautious rule.
    """

    frame: pd.DataFrame
    suggestion: float
    comeback: float
    minimum: float
    steepest: float


def learning_rate_range_test(
    clf: Any,
    X: Any,
    y: Any,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 200,
    seeds: Iterable[int] = range(5),
    progress: bool | None = None,
) -> LearningRateRange:
    """Train for a few steps while the learning rate grows exponentially, and see where the loss falls and rises.

    Too small a rate changes nothing, a good one lowers the loss, too large a one raises it. The suggested rate is a
    twentieth of the one at which the smoothed loss is back where it began. It is a place to start, good to a factor of
    ten or so: a rate on each side is worth a trial.

    The loss of each batch is compared with what the network that has not learned makes of the same batch; the
    difference is what is smoothed, so that an easy batch does not pass for a good rate.

    Parameters
    ----------
    clf : classifier or pipeline
        A strates classifier with ``solver="adam"``, ``"sgd"`` or a Keras optimizer, or a pipeline that ends in one. It
        is left as it is: every seed starts from fresh weights.
    X : DataFrame, array or sparse matrix of n_rows rows
        What to learn from.
    y : array-like of shape (n_rows,)
        Labels.
    low, high : float, default=1e-6, 10
        The first rate and the last one.
    steps : int, default=200
        Training steps of each seed, at least 20.
    seeds : iterable of int, default=range(5)
        Of initial weights, batches and dropout.
    progress : bool, default=None
        Show a bar on standard error; by default where it can be seen moving.

    Returns
    -------
    LearningRateRange
        ``frame``, ``suggestion``, and other rates of note.

    Raises
    ------
    ParameterError
        The classifier's solver has no learning rate, or the rates leave no range.
    DivergenceError
        The loss is no number from the first steps on.

    Warns
    -----
    StratesWarning
        The loss did not fall at any rate, or did not rise again up to ``high``; or the test was interrupted, and is
        read from the seeds that were done.

    See Also
    --------
    optimizer_study : Whole trainings at several rates.
    strates.displays.LearningRateRangeDisplay : The picture.

    References
    ----------
    L. N. Smith (2017), Cyclical learning rates for training neural networks, https://arxiv.org/abs/1506.01186.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> found = learning_rate_range_test(MLPClassifier((16,)), *moons(200), seeds=[0])
    >>> found.minimum > found.suggestion > 1e-4, len(found.frame)
    (True, 200)
    """
    if not (0 < low < high < math.inf):
        raise ParameterError(f"low={low!r} and high={high!r} leave no range: give 0 < low < high, as 1e-6 and 10.")
    if not isinstance(steps, int | np.integer) or steps < 20:
        raise ParameterError(f"steps={steps!r} cannot be used: give an integer of at least 20; 200 is usual.")
    numbers = checked_seeds(seeds)
    before, last = split_pipeline(clf)
    rows = X if before is None else clone(before).fit_transform(X, y)
    rates = np.geomspace(low, high, steps)
    losses, references = [], []
    with StudyProgress(len(numbers), show=progress) as bar:
        try:
            for seed in numbers:
                bar.begin(f"seed {seed}")
                one = clone(last).set_params(random_state=seed)
                ramp = ramp_losses(one, rows, y, rates)
                references.append(ramp_losses(one, rows, y, np.zeros(steps)))  # the same batches, nothing learned
                losses.append(ramp)
                bar.advance()
        except KeyboardInterrupt:
            if not losses:
                raise
            warnings.warn(
                f"The test was interrupted after {len(losses)} of {len(numbers)} seeds; those are read.",
                StratesWarning,
                stacklevel=2,
            )
    done = len(losses)
    return _read(numbers[:done], rates, np.array(losses), np.array(references[:done]))


def _read(seeds: list[int], rates: FloatArray, losses: FloatArray, references: FloatArray) -> LearningRateRange:
    """Smooth the losses, and find the rates of note."""
    lost = np.isnan(losses).any(axis=0)
    n = int(np.argmax(lost)) if lost.any() else len(rates)
    if n < 3:
        raise DivergenceError(
            f"The loss is no number from step {n + 1} on, at a learning rate of {rates[n]:.3g}. Begin lower, or scale "
            "the inputs to about unit variance (strates.tabular_pipeline does)."
        )
    level = references.mean(axis=1, keepdims=True)
    width = SMOOTHING * (len(rates) - 1) / math.log10(rates[-1] / rates[0])
    smoothed = gaussian_filter1d((losses - references)[:, :n] + level, width, axis=1, mode="nearest")
    mean = smoothed.mean(axis=0)
    lowest = int(mean.argmin())
    back = np.flatnonzero(mean[lowest:] > mean[0])
    comeback = float(rates[lowest + back[0]] if len(back) else rates[n - 1])
    suggestion = comeback / BELOW_COMEBACK
    if lowest == 0:
        suggestion = math.nan
        _warn(
            f"The loss fell at no rate between {rates[0]:.3g} and {rates[-1]:.3g}, so that none is suggested. Look at "
            "the initial weights and at the inputs' scale."
        )
    elif not len(back) and n == len(rates):
        _warn(
            f"The loss did not rise again up to a rate of {rates[-1]:.3g}; a larger one than the suggested "
            f"{suggestion:.3g} may serve. Raise high."
        )
    frame = pd.DataFrame(
        {
            "seed": np.repeat(seeds, n),
            "step": np.tile(np.arange(1, n + 1), len(seeds)),
            "learning_rate": np.tile(rates[:n], len(seeds)),
            "loss": losses[:, :n].ravel(),
            "smoothed": smoothed.ravel(),
        }
    )
    fastest = int(np.gradient(mean)[: lowest + 1].argmin())
    return LearningRateRange(frame, suggestion, comeback, float(rates[lowest]), float(rates[fastest]))


def _warn(message: str) -> None:
    warnings.warn(message, StratesWarning, stacklevel=4)
