"""What is known after each pass over the data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows.

    Attributes
    ----------
    number : int
        From 1 on, counted since the weights were drawn.
    loss : float
        The objective: ``train_loss + penalty``, averaged over the epoch's steps.
    penalty : float
        ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)``, averaged over the steps' rows.
    train_loss : float
        Mean cross-entropy, in nats, of each batch just before it was learned from (dropout on); an autoencoder's
        reconstruction loss.
    train_score : float
        Share of training rows predicted right, weighted by the sample weights, measured likewise; an autoencoder's
        mean squared error, negative.
    validation_loss, validation_score : float or None
        The same two on the validation rows, with the weights at the epoch's end.
    seconds : float
        Time that the epoch took.
    learning_rate : float
        That of the epoch's last step.
    """

    number: int
    loss: float
    penalty: float
    train_loss: float
    train_score: float
    validation_loss: float | None
    validation_score: float | None
    seconds: float
    learning_rate: float
