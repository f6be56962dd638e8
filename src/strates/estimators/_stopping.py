"""When to stop, and which epoch's weights to keep: a consumer of epochs, with scikit-learn's rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from strates.engine.epoch import Epoch


@dataclass
class Stopping:
    """Counts epochs without improvement.

    Attributes
    ----------
    by_validation : bool
        Watch the validation score (early stopping); otherwise the training objective.
    tol : float
        What counts as an improvement.
    patience : float
        ``n_iter_no_change``; may be infinite.
    best_loss : float
    best_score : float
    best_validation_loss : float
        At the best score; breaks ties, so that a small validation part, whose score has few values, still tells
        good epochs from better ones.
    best_epoch : int
        Number of the epoch whose weights are to be kept.
    no_improvement : int
    """

    by_validation: bool
    tol: float
    patience: float
    best_loss: float = np.inf
    best_score: float = -np.inf
    best_validation_loss: float = np.inf
    best_epoch: int = 0
    no_improvement: int = field(default=0)

    def see(self, epoch: Epoch) -> bool:
        """Take an epoch in; return whether its weights are the best so far."""
        if not self.by_validation:
            self.no_improvement = self.no_improvement + 1 if epoch.loss > self.best_loss - self.tol else 0
            self.best_loss = min(self.best_loss, epoch.loss)
            self.best_epoch = epoch.number
            return True
        score, loss = float(epoch.validation_score or 0.0), float(epoch.validation_loss or 0.0)
        self.no_improvement = self.no_improvement + 1 if score < self.best_score + self.tol else 0
        better = (score, -loss) > (self.best_score, -self.best_validation_loss)
        if better:
            self.best_score, self.best_validation_loss, self.best_epoch = score, loss, epoch.number
        return better

    @property
    def stalled(self) -> bool:
        """Whether patience is exhausted."""
        return self.no_improvement > self.patience
