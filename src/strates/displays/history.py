"""How training went, epoch by epoch."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.style import BLUE, MUTED, VERMILION
from strates.exceptions import ParameterError, did_you_mean

_QUANTITIES = {"loss": "Loss", "score": "Accuracy"}


class HistoryDisplay(Display):
    """Learning curves: the loss, or the score, on the training and the validation rows.

    Parameters
    ----------
    epoch : ndarray of shape (n_epochs,)
        Numbers of the epochs, from 1.
    training, validation : ndarray of shape (n_epochs,)
        Values; NaN where there is none.
    quantity : {"loss", "score"}
        What the values are.
    best_epoch : int or None
        The epoch whose weights were kept.

    Attributes
    ----------
    training_line_, validation_line_ : Line2D or None
        The curves; None for one without a value.
    best_line_ : Line2D or None
        The mark of the epoch kept.

    Examples
    --------
    >>> display = HistoryDisplay(np.array([1, 2]), np.array([0.9, 0.5]), np.array([1.0, 0.7]), best_epoch=2).plot()
    >>> display.training_line_.get_ydata().tolist()
    [0.9, 0.5]
    """

    training_line_: Line2D | None
    validation_line_: Line2D | None
    best_line_: Line2D | None

    def __init__(
        self,
        epoch: FloatArray,
        training: FloatArray,
        validation: FloatArray,
        *,
        quantity: str = "loss",
        best_epoch: int | None = None,
    ) -> None:
        self.epoch = epoch
        self.training = training
        self.validation = validation
        self.quantity = quantity
        self.best_epoch = best_epoch
        self.title = f"{_QUANTITIES[quantity]} by epoch"

    @classmethod
    def from_history(cls, history: pd.DataFrame, *, quantity: str = "loss", best_epoch: int | None = None) -> Self:
        """Take the curves from the table of a fit.

        Parameters
        ----------
        history : DataFrame
            A row an epoch, with columns such as ``epoch``, ``train_loss``, ``validation_loss``, ``train_score`` and
            ``validation_score``; those that are missing are not drawn.
        quantity : {"loss", "score"}, default="loss"
            What to draw.
        best_epoch : int, default=None
            The epoch whose weights were kept.

        Returns
        -------
        HistoryDisplay

        Raises
        ------
        ParameterError
            ``quantity`` is unknown.

        Examples
        --------
        >>> history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.9, 0.5], "validation_loss": [1.0, 0.7]})
        >>> HistoryDisplay.from_history(history, best_epoch=2).describe()[:51]
        'Training loss fell from 0.9 at epoch 1 to 0.5 at ep'
        """
        if quantity not in _QUANTITIES:
            raise ParameterError(f"quantity is {quantity!r}. {did_you_mean(str(quantity), _QUANTITIES)}")

        def column(name: str) -> FloatArray:
            if name not in history:
                return np.full(len(history), np.nan)
            return pd.to_numeric(history[name], errors="coerce").to_numpy(dtype=float)

        training = column(f"train_{quantity}")
        if quantity == "loss" and np.isnan(training).all():
            training = column("loss")
        epoch = column("epoch") if "epoch" in history else np.arange(1.0, len(history) + 1)
        return cls(epoch, training, column(f"validation_{quantity}"), quantity=quantity, best_epoch=best_epoch)

    @classmethod
    def from_estimator(cls, clf: Any, *, quantity: str = "loss") -> Self:
        """Take the curves from a fitted strates classifier: ``history_`` and ``best_epoch_``."""
        return cls.from_history(clf.history_, quantity=quantity, best_epoch=getattr(clf, "best_epoch_", None))

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to draw."""
        return bool(np.isnan(self.training).all() and np.isnan(self.validation).all())

    def _curve(self, ax: Axes, values: FloatArray, label: str, colour: str, dash: str) -> Line2D | None:
        known = ~np.isnan(values)
        if not known.any():
            return None
        marker = "o" if known.sum() < 3 else None
        line: Line2D
        (line,) = ax.plot(self.epoch[known], values[known], dash, color=colour, label=label, marker=marker)
        return line

    def _draw(self, ax: Axes) -> None:
        self.training_line_ = self._curve(ax, self.training, "training", BLUE, "-")
        self.validation_line_ = self._curve(ax, self.validation, "validation", VERMILION, "--")
        self.best_line_ = None
        if self.best_epoch is not None:
            self.best_line_ = ax.axvline(
                self.best_epoch, color=MUTED, linewidth=1.2, linestyle=":", label=f"epoch {self.best_epoch} kept"
            )
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        ax.set_xlabel("epoch")
        ax.margins(x=0.02)
        ax.set_ylabel(_QUANTITIES[self.quantity].lower())
        if self.quantity == "loss":
            ax.set_ylim(bottom=0)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="best")

    def describe(self) -> str:
        """Return the first and last values of each curve, and the epoch kept."""
        said = []
        for name, values in (("Training", self.training), ("Validation", self.validation)):
            known = np.flatnonzero(~np.isnan(values))
            if len(known):
                first, last = values[known[0]], values[known[-1]]
                verb = "fell" if last < first else "rose" if last > first else "went"
                said.append(
                    f"{name} {_QUANTITIES[self.quantity].lower()} {verb} from {first:.4g} at epoch "
                    f"{self.epoch[known[0]]:.0f} to {last:.4g} at epoch {self.epoch[known[-1]]:.0f}."
                )
        if self.best_epoch is not None:
            said.append(f"The weights of epoch {self.best_epoch} were kept.")
        return " ".join(said) or "No value was recorded."
