"""Why there are adversarial examples: many small steps in one direction add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from strates._random import stream
from strates._types import AnyArray, FloatArray
from strates.estimators.mlp import MLPClassifier
from strates.exceptions import DataError, ParameterError
from strates.inspection.network_inputs import network_inputs
from strates.studies.paired_runs import paired_runs
from strates.studies.run import Run
from strates.studies.setting import Setting
from strates.studies.sign_steps import SignSteps

#: Difference between the planted classes' means in each coordinate, in standard deviations of it.
SIGNAL = 0.1
PLANTED_ROWS = 8000
EFFECTS = ("margin", "change", "linear_change", "random_change", "linear_random_change", "fooled", "random_fooled")
#: Test rows that are moved, at most.
MOVED_ROWS = 500


def adversarial_linearity(
    X: Any = None,
    y: Any = None,
    *,
    sizes: Sequence[int] | None = None,
    epsilon: float = 0.05,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    r"""Measure what a step of a fixed size in every coordinate does to the margin, as there are more coordinates.

    A step of ε against the sign of the gradient g changes a linear score by exactly ε |g|₁, which grows with the number
    of coordinates; signs drawn by chance, just as large, change it by about ε |g|₂, which grows with its square root
    (Goodfellow et al., 2015). Networks are linear enough for that to show.

    In the planted problem each coordinate brings as much of its own as the others, and the change itself grows about in
    proportion to their number. Neighbouring pixels share what they tell, and a network its weight between them: there
    it is the change beside that by chance which grows, with the square root of their number.

    Parameters
    ----------
    X : array of shape (n_rows, height, width), default=None
        Square grey images, resized to each of the sizes by averaging over areas. By default a planted problem: two
        classes, normal, that differ by 0.1 standard deviations in each coordinate.
    y : array-like of shape (n_rows,), default=None
        Labels.
    sizes : sequence of int, default=None
        Sides of the images in pixels, by default (4, 7, 14, 28); coordinates of the planted problem, by default (16,
        64, 256, 1024).
    epsilon : float, default=0.05
        Size of the step in each coordinate, in their units. Bounds are not enforced: it is the effect that is measured.
    estimator : classifier, default=None
        On flat rows; by default 32 units with a penalty, for 10 epochs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``dimension`` (numbers of a row) and ``epsilon``. Measures
        over test rows that are predicted right, 500 at most, where the margin is the true class's logit less that of
        its strongest rival:

        - ``margin``: its mean before any step;
        - ``change``: mean fall of the margin by the step against the gradient's sign;
        - ``linear_change``: what its tangent says, the mean of ε |g|₁;
        - ``random_change``: root mean square of the change by random signs;
        - ``linear_random_change``: what the tangent says of that, the root mean square of ε |g|₂;
        - ``fooled``, ``random_fooled``: shares of the rows that are then taken for another class.

    Raises
    ------
    ParameterError
        Sizes or epsilon that cannot be used, or one of X and y alone.
    DataError
        X holds no square images.

    See Also
    --------
    adversarial_path : How linear one network is along the sign of its gradient.

    References
    ----------
    Goodfellow, Shlens & Szegedy (2015), Explaining and harnessing adversarial examples,
    https://arxiv.org/abs/1412.6572.

    Examples
    --------
    >>> frame = adversarial_linearity(sizes=(64, 1024), seeds=[0])
    >>> few, many = frame[["change", "random_change"]].to_numpy()
    >>> power, by_chance = np.log(many / few) / np.log(1024 / 64)  # of the dimension
    >>> bool(0.75 < power < 1.1), bool(0.2 < by_chance < 0.6)
    (True, True)
    """
    planted = X is None and y is None
    if (X is None) != (y is None):
        raise ParameterError("X and y go together: give both, or neither for a planted problem.")
    chosen = _sizes(sizes, (16, 64, 256, 1024) if planted else (4, 7, 14, 28))
    if not isinstance(epsilon, Real) or not 0 < float(epsilon) < np.inf:
        raise ParameterError(f"epsilon={epsilon!r} cannot be used: it is a positive number, in units of the inputs.")
    base = _default_estimator() if estimator is None else estimator
    if planted:
        rows, labels = _planted(max(chosen))
    else:
        rows, labels = _images(X), np.asarray(y)
    settings = []
    for size in chosen:
        step = FunctionTransformer(first_columns if planted else resized, kw_args={"size": size})
        dimension = size if planted else size**2
        columns = {"dimension": dimension, "epsilon": float(epsilon)}
        settings.append(Setting.from_parameters(make_pipeline(step, base), {}, columns=columns))
    # one look at each run serves all measures
    effects = lru_cache(maxsize=1)(partial(_effects, epsilon=float(epsilon)))
    measures = {name: partial(_measure, name, effects) for name in EFFECTS}
    return paired_runs(
        rows, labels, settings, estimator=base, seeds=seeds, test_size=test_size, train_size=train_size,
        measures=measures, progress=progress,
    )  # fmt: skip


def _measure(name: str, effects: Callable[[Run], dict[str, float]], run: Run) -> float:
    return effects(run)[name]


def _effects(run: Run, *, epsilon: float) -> dict[str, float]:
    inputs, classifier = network_inputs(run.estimator, run.X_test)
    steps = SignSteps.of(classifier, inputs[:MOVED_ROWS], run.y_test[:MOVED_ROWS])
    right = steps.right
    if not right.any():
        return dict.fromkeys(EFFECTS, np.nan)
    after, fooled = steps.moved(steps.against(), epsilon)
    control, misled = steps.moved(steps.at_random(stream(run.seed, "signs")), epsilon)
    fall, chance, slopes = (steps.margins - after)[right], (steps.margins - control)[right], steps.gradients[right]
    return {
        "margin": float(steps.margins[right].mean()),
        "change": float(fall.mean()),
        "linear_change": float(epsilon * np.abs(slopes).sum(axis=1).mean()),
        "random_change": float(np.sqrt(np.square(chance).mean())),
        "linear_random_change": float(epsilon * np.sqrt(np.square(slopes).sum(axis=1).mean())),
        "fooled": float(fooled[right].mean()),
        "random_fooled": float(misled[right].mean()),
    }


def first_columns(X: AnyArray, *, size: int) -> AnyArray:
    """Return the first coordinates of each row.

    Examples
    --------
    >>> first_columns(np.array([[1, 2, 3]]), size=2).tolist()
    [[1, 2]]
    """
    return X[:, :size]


def resized(X: AnyArray, *, size: int) -> FloatArray:
    """Return square images of another size, each pixel the mean over the area that it covers, as flat rows.

    Parameters
    ----------
    X : ndarray of shape (n_rows, side, side)
    size : int
        The new side.

    Returns
    -------
    ndarray of shape (n_rows, size**2), float32

    Examples
    --------
    >>> resized(np.array([[[0.0, 1.0, 2.0, 3.0]] * 4]), size=2).tolist()
    [[0.5, 2.5, 0.5, 2.5]]
    """
    ends = np.linspace(0, X.shape[1], size + 1)
    pixels = np.arange(X.shape[1])
    low, high = np.maximum(ends[:-1, None], pixels), np.minimum(ends[1:, None], pixels + 1)
    shares = np.maximum(high - low, 0) * size / X.shape[1]
    smaller: FloatArray = np.einsum("ap,npq,bq->nab", shares, X, shares, optimize=True).astype(np.float32)
    return smaller.reshape(len(X), -1)


def _sizes(given: Sequence[int] | None, usual: Sequence[int]) -> list[int]:
    chosen = list(usual if given is None else given)
    if not chosen or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in chosen):
        raise ParameterError(f"sizes={given!r} cannot be used: give positive integers, such as {tuple(usual)}.")
    return [int(n) for n in chosen]


def _planted(n_columns: int) -> tuple[FloatArray, AnyArray]:
    """Return two normal classes that differ by the same amount in each coordinate."""
    rng = np.random.default_rng(0)
    labels = np.arange(PLANTED_ROWS) % 2
    noise = rng.standard_normal((PLANTED_ROWS, n_columns), dtype=np.float32)
    return noise + np.float32(SIGNAL) * (labels[:, None] - np.float32(0.5)), labels


def _images(X: Any) -> FloatArray:
    images = np.asarray(X, np.float32)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise DataError(
            f"X has shape {images.shape}; expected square grey images, (n, side, side). Reshape flat rows, or cut the "
            "images square."
        )
    return images


def _default_estimator() -> MLPClassifier:
    return MLPClassifier(
        (32,), alpha=0.03, batch_size=200, learning_rate="cosine", learning_rate_init=0.003, max_iter=10
    )
