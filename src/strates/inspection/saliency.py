"""Which inputs a network's score for a class depends on, by derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._random import root_seed, stream
from strates._types import AnyArray, FloatArray
from strates.engine.score_gradient import score_gradient
from strates.exceptions import ParameterError, StratesWarning, did_you_mean
from strates.inspection.attribution import Attribution
from strates.inspection.explained_rows import ExplainedRows, check_score, explained_rows, like_rows

METHODS = ("gradient", "gradient_x_input", "smooth_grad", "integrated_gradients")
#: Rows of one call of the compiled gradient: copies of a few rows go together.
_ROWS_AT_ONCE = 256
#: How far integrated gradients may miss the score's change before a warning: a share of all that they attribute.
_INCOMPLETE = 0.05


@dataclass(frozen=True, eq=False)
class Completeness:
    """Whether integrated gradients add up to what they explain.

    Attributes
    ----------
    sums : ndarray of shape (n_rows,)
        Of all attributions of a row.
    differences : ndarray of shape (n_rows,)
        The score of the row minus that of the baseline, which the sums equal but for the steps' finiteness.
    """

    sums: FloatArray
    differences: FloatArray

    @property
    def errors(self) -> FloatArray:
        """Sums minus differences, of shape (n_rows,)."""
        return self.sums - self.differences


@dataclass(frozen=True, eq=False)
class Saliency(Attribution):
    """Derivatives of a score by the inputs, or what is made of them.

    Attributes
    ----------
    maps, inputs, targets, scores, score, method, names
        See :class:`Attribution`.
    completeness : Completeness or None
        Of integrated gradients.
    """

    completeness: Completeness | None = None


def saliency(
    clf: Any,
    X: Any,
    target: Any = None,
    *,
    method: str = "gradient",
    score: str = "logit",
    n_samples: int = 50,
    noise: float = 0.15,
    n_steps: int = 64,
    baseline: Any = 0.0,
    random_state: Any = 0,
) -> Saliency:
    r"""Return how a class's score S depends on each input, by its derivatives.

    ::

        gradient               ∂S/∂x                                    how much a small change would do
        gradient_x_input       x ∂S/∂x                                  to first order, what the input does
        smooth_grad            mean of ∂S/∂x at x + σ ε, ε ~ N(0, 1)    without the gradient's own noise
        integrated_gradients   (x - x₀) ∫₀¹ ∂S/∂x(x₀ + a(x - x₀)) da    adds up to S(x) - S(x₀)

    None of them is the reason for a decision: they tell what the function does near a point, or on the way to it.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        A network of strates, or a pipeline that ends in one. Derivatives are by the network's own inputs: through a
        pipeline, what the steps before it make of the table.
    X : DataFrame or array of n_rows rows
        Rows of a table, or images in any form that the classifier takes.
    target : label or array-like of n_rows labels, optional
        The class whose score is meant; the predicted one by default.
    method : {"gradient", "gradient_x_input", "smooth_grad", "integrated_gradients"}
    score : {"logit", "probability"}, default="logit"
        S: before or after the last softmax or sigmoid. The logit of a class rises by its own evidence alone; its
        probability also by what speaks against the others. A binary network's first class has minus the logit of its
        second.
    n_samples : int, default=50
        Of "smooth_grad".
    noise : float, default=0.15
        Of "smooth_grad": σ, as a share of each image's range; of a table in the network's own units, which are
        standard deviations where its columns were standardised.
    n_steps : int, default=64
        Of "integrated_gradients": midpoints of as many equal steps.
    baseline : float or array of the shape of a row, default=0.0
        Of "integrated_gradients": x₀, what stands for nothing. 0 is black, and the mean of a standardised column.
    random_state : int, RandomState or None, default=0
        Of the noise, which is the same for all rows: a row's map does not depend on its company.

    Returns
    -------
    Saliency
        ``maps`` in the shape of the network's inputs; of integrated gradients also ``completeness``.

    Raises
    ------
    ParameterError
        There is no network, one of steps, or an unknown method.
    TargetError
        A label is not among the classes.

    Warns
    -----
    StratesWarning
        Integrated gradients miss the score's change by more than 5 % of all that they attribute, signs aside.

    See Also
    --------
    grad_cam : Where, in a convolutional network.
    occlusion_map : What hiding a part does, without derivatives.
    strates.displays.SaliencyDisplay : The pictures.

    References
    ----------
    Simonyan, Vedaldi & Zisserman (2014), https://arxiv.org/abs/1312.6034. Smilkov et al. (2017), SmoothGrad,
    https://arxiv.org/abs/1706.03825. Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks,
    https://arxiv.org/abs/1703.01365. What such maps cannot tell: Adebayo et al. (2018), https://arxiv.org/abs/1810.03292.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> np.allclose(saliency(clf, X[:1], 2).maps, clf.coef_[2], atol=1e-5)
    True
    >>> shares = saliency(clf, X[:1], 2, method="integrated_gradients")
    >>> bool(abs(shares.completeness.errors[0]) < 1e-4)
    True
    """
    if method not in METHODS:
        raise ParameterError(f"method={method!r} cannot be used. {did_you_mean(str(method), METHODS)}")
    check_score(score)
    given = explained_rows(clf, X, target)
    start = like_rows(baseline, given.rows, "baseline")
    scores, maps = score_gradient(given.network, given.rows, given.codes, of=score)
    completeness = None
    if method == "gradient_x_input":
        maps = given.rows * maps
    elif method == "smooth_grad":
        maps = _smooth(given, score, _count("n_samples", n_samples), noise, root_seed(random_state))
    elif method == "integrated_gradients":
        maps = _integrated(given, score, _count("n_steps", n_steps), start)
        at_start, _ = score_gradient(given.network, start, given.codes, of=score)
        completeness = Completeness(maps.reshape(len(maps), -1).sum(axis=1), scores - at_start)
        _warn(maps, completeness, n_steps)
    return Saliency(maps, given.rows, given.labels, scores, score, method, given.names, completeness)


def _smooth(given: ExplainedRows, score: str, n_samples: int, noise: float, seed: int) -> FloatArray:
    """Return the mean gradient in a cloud around each row."""
    if not noise >= 0:
        raise ParameterError(f"noise={noise!r} cannot be used: it is a share of an image's range, 0 or more.")
    spread = np.full(1, noise, np.float32)
    if given.is_image:
        axes = (1, 2, 3)
        spread = spread * (given.rows.max(axis=axes, keepdims=True) - given.rows.min(axis=axes, keepdims=True))
    draw = stream(seed, "smooth_grad")
    clouds = draw.standard_normal((n_samples, *given.rows.shape[1:]), dtype=np.float32)
    return _mean_gradient(given, score, n_samples, lambda k: given.rows + spread * clouds[k])


def _integrated(given: ExplainedRows, score: str, n_steps: int, start: FloatArray) -> FloatArray:
    """Return the way from the baseline times the mean gradient on it."""
    way = given.rows - start
    return way * _mean_gradient(given, score, n_steps, lambda k: start + np.float32((k + 0.5) / n_steps) * way)


def _mean_gradient(given: ExplainedRows, score: str, n: int, copy: Callable[[int], AnyArray]) -> FloatArray:
    """Return the mean of the gradients at n changed copies of the rows, several copies to a call."""
    total = np.zeros(given.rows.shape)
    at_once = max(1, _ROWS_AT_ONCE // len(given.rows))
    for first in range(0, n, at_once):
        copies = np.stack([copy(k) for k in range(first, min(first + at_once, n))])
        rows = copies.reshape(-1, *given.rows.shape[1:])
        _, found = score_gradient(given.network, rows, np.tile(given.codes, len(copies)), of=score)
        total += found.reshape(copies.shape).sum(axis=0, dtype=np.float64)
    return total / n


def _warn(maps: AnyArray, completeness: Completeness, n_steps: int) -> None:
    handed_out = np.abs(maps).reshape(len(maps), -1).sum(axis=1)
    missed = np.abs(completeness.errors) / np.maximum(handed_out, np.finfo(np.float32).tiny)
    worst = int(missed.argmax())
    if missed[worst] > _INCOMPLETE:
        warnings.warn(
            f"Integrated gradients with n_steps={n_steps} sum to {completeness.sums[worst]:.3g} in row {worst}, where "
            f"the score changes by {completeness.differences[worst]:.3g}: it bends much on the way from the baseline. "
            f"Take n_steps={4 * n_steps}.",
            StratesWarning,
            stacklevel=3,
        )


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ParameterError(f"{name}={value!r} cannot be used: it is a positive integer.")
    return int(value)
