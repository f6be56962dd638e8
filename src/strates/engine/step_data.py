"""What goes into a call of a training program, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from strates._types import AnyArray
from strates.engine.adversarial_training import AdversarialTraining


class State(NamedTuple):
    """Everything that a training step changes.

    Attributes
    ----------
    parameters : tuple of tensor
        The trainable weights: one vector when packed.
    others : tuple of tensor
        Weights that are not trained (moving averages), and the states of Keras's own seed generators.
    optimizer : tuple of tensor
    """

    parameters: tuple[Any, ...]
    others: tuple[Any, ...]
    optimizer: tuple[Any, ...]


class Chunk(NamedTuple):
    """Batches of one call.

    Attributes
    ----------
    X : ndarray of shape (chunk_steps, batch_size, ...)
    targets : ndarray of shape (chunk_steps, batch_size) or (chunk_steps, batch_size, n_outputs)
    weights : ndarray of shape (chunk_steps, batch_size)
        Sample weights with mean one over the training rows; zero where a short batch is padded.
    counts : ndarray of shape (chunk_steps,)
        Rows of each batch that are not padding.
    n_steps : int
        Steps that are filled.
    """

    X: AnyArray
    targets: AnyArray
    weights: AnyArray
    counts: AnyArray
    n_steps: int


@dataclass(frozen=True)
class Penalties:
    """The inputs of the objective that are not data.

    Attributes
    ----------
    alpha : float
        Strength of the penalty ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` on the kernels.
    l1_ratio : float
    max_norm : float or None
        Largest norm of a unit's incoming weights.
    label_smoothing : float
    noise_levels : tuple of float
        Share dropped by each Dropout layer, standard deviation of each GaussianNoise layer, in order.
    gradient_penalty : float
        What multiplies the mean of the rows' squared input gradients.
    adversarial : AdversarialTraining or None
        How the rows of a batch are attacked before they are learned from.
    """

    alpha: float = 0.0
    l1_ratio: float = 0.0
    max_norm: float | None = None
    label_smoothing: float = 0.0
    noise_levels: tuple[float, ...] = ()
    gradient_penalty: float = 0.0
    adversarial: AdversarialTraining | None = None

    @property
    def l1(self) -> float:
        """What multiplies |W|_1."""
        return self.alpha * self.l1_ratio

    @property
    def l2(self) -> float:
        """What multiplies |W|_2^2 / 2."""
        return self.alpha * (1 - self.l1_ratio)


class StepRecord(NamedTuple):
    """Numbers of the steps of one call, each of shape (n_steps,).

    ``loss`` and ``hits`` (rows predicted right) are weighted sums over a batch's rows.
    """

    loss: AnyArray
    penalty: AnyArray
    hits: AnyArray
