"""Training on the worst rows within reach (Madry et al., 2018): each batch is attacked before it is learned from.

The objective is a minimum of maxima: over the weights, of the mean over rows of the loss's maximum in a ball around the
row. By Danskin's theorem its gradient is the loss's own at the maximum. A training step therefore climbs first, on the
inputs and against the weights as they are, and then descends as ever, with the rows that it found in place of the clean
ones; both in one compiled step.

While it is attacked, the network is as it predicts: nothing is dropped, no noise is added, batch normalisation uses its
moving averages. The attack on a row is a function of that row, the weights and the step's number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.architecture import ProblemKind
from strates.engine.backend import tf
from strates.engine.class_lead import class_lead
from strates.engine.losses import row_losses
from strates.engine.perturbation import Norm, climb, project, random_point

Slopes = Callable[[Any], Any]


@dataclass(frozen=True)
class AttackForm:
    """What of an attack shapes the graph, and so stands in a compiled function's key.

    Attributes
    ----------
    norm : {"linf", "l2", "l1"}
    random_start : bool
    """

    norm: Norm
    random_start: bool


@dataclass(frozen=True, eq=False)
class AdversarialTraining:
    """The attack that a training step begins with.

    Attributes
    ----------
    epsilon : float
        Radius of the ball that a row may be moved in, in units of the inputs.
    norm : {"linf", "l2", "l1"}
    n_steps : int
    step : float
        Length of a step, in that norm.
    random_start : bool
        Begin at a random point of the ball in place of the row itself.
    low, high : ndarray of the shape of a row
        Between which every number of a row stays; infinite for none.
    """

    epsilon: float
    norm: Norm
    n_steps: int
    step: float
    random_start: bool
    low: AnyArray
    high: AnyArray

    @property
    def form(self) -> AttackForm:
        """What shapes the graph; radius, steps and bounds are inputs of it."""
        return AttackForm(self.norm, self.random_start)

    @property
    def inputs(self) -> list[AnyArray]:
        """What :func:`attacked_rows` takes as tensors."""
        numbers = np.array([self.epsilon, self.step], np.float32)
        return [numbers, np.array(self.n_steps, np.int32), self.low.astype(np.float32), self.high.astype(np.float32)]


def attacked_rows(form: AttackForm, attack: Sequence[Any], rows: Any, slopes: Slopes, seed: Any, generator: str) -> Any:
    """Climb the loss within the ball around each row; what is traced.

    Parameters
    ----------
    form : AttackForm
    attack : sequence of tensor
        See :attr:`AdversarialTraining.inputs`.
    rows : float32 tensor of shape (n_rows, ...)
    slopes : callable (rows) -> tensor
        Derivative of what each row is to gain.
    seed : int tensor of shape (2,)
        Of the random start.
    generator : {"philox", "threefry"}

    Returns
    -------
    tensor like rows
        In the ball and within the bounds.
    """
    numbers, n_steps, low, high = attack
    epsilon, step = tf.unstack(numbers)

    def ascend(i: Any, moved: Any) -> Any:
        moved = climb(moved, slopes(moved), step, low, high, form.norm, sorting=generator == "philox")
        near = rows + project(moved - rows, epsilon, form.norm)
        return i + 1, tf.ensure_shape(near, rows.shape)

    start = rows
    if form.random_start:
        start = rows + epsilon * random_point(tf.shape(rows), form.norm, seed, generator=generator)
        start = tf.ensure_shape(tf.clip_by_value(start, low, high), rows.shape)
    _, found = tf.while_loop(lambda i, _: i < n_steps, ascend, (tf.constant(0), start))
    return tf.clip_by_value(found, low, high)


def row_gains(kind: ProblemKind, outputs: Any, targets: Any, *, logits: bool) -> Any:
    r"""Return what an attack raises: a number a row, whose steepest direction is the cross-entropy's.

    ::

        softmax          log Σ_{j≠y} exp(z_j) - z_y         see class_lead
        logistic unit    (1 - 2y) z                         likewise

    Of several labels, or of a network that ends in probabilities, the cross-entropy itself serves.

    Parameters
    ----------
    kind : {"binary", "categorical", "multilabel"}
    outputs, targets, logits
        See :func:`strates.engine.losses.row_losses`.

    Returns
    -------
    tensor of shape (n_rows,)
    """
    if not logits or kind == "multilabel":
        return row_losses(kind, outputs, targets, None, logits=logits)
    if kind == "binary":
        return tf.squeeze((1.0 - 2.0 * targets) * outputs, axis=1)
    return class_lead(outputs, targets, soft=True)


def squared_slopes(rows: Any, slopes: Slopes) -> Any:
    """Return the squared Euclidean norm of each row's input gradient; what is traced, and differentiated again.

    Its mean is the penalty of double back-propagation (Drucker & LeCun, 1992; Ross & Doshi-Velez, 2018).

    Parameters
    ----------
    rows : tensor of shape (n_rows, ...)
    slopes : callable (rows) -> tensor
        Derivative of each row's loss.

    Returns
    -------
    tensor of shape (n_rows,)
    """
    found = slopes(rows)
    return tf.reduce_sum(tf.square(found), axis=list(range(1, found.shape.rank)))
