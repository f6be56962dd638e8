"""Which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from strates.displays.display import EvaluationDisplay
from strates.displays.style import BLUE, INK, MAX_SHOWN_CLASSES, label_text
from strates.inspection.evaluation import Evaluation

_SHADES = LinearSegmentedColormap.from_list("strates", ["#ffffff", "#a9d0e6", BLUE])


def fold_confusion(
    counts: NDArray[np.intp], labels: Sequence[str], limit: int = MAX_SHOWN_CLASSES
) -> tuple[NDArray[np.intp], list[str]]:
    """Merge the classes with the fewest errors into one, when there are too many to show.

    Parameters
    ----------
    counts : ndarray of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.
    labels : sequence of str
        Names of the classes.
    limit : int, default=26
        Rows and columns to show at most, the merged one included.

    Returns
    -------
    counts : ndarray of shape (n_shown, n_shown)
        Same sum.
    labels : list of str
        The last is such as ``"14 others"`` when classes were merged.

    Examples
    --------
    >>> counts, labels = fold_confusion(np.array([[5, 0, 0], [0, 4, 1], [0, 2, 3]]), ["a", "b", "c"], limit=2)
    >>> labels, counts.tolist()
    (['b', '2 others'], [[4, 1], [2, 8]])
    """
    k = len(counts)
    if k <= limit:
        return counts, list(labels)
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    shown = np.sort(np.argsort(-errors, kind="stable")[: limit - 1])
    place = np.full(k, limit - 1)
    place[shown] = np.arange(limit - 1)
    folded = np.zeros((limit, limit), dtype=counts.dtype)
    np.add.at(folded, (place[:, None], place[None, :]), counts)
    return folded, [*(labels[i] for i in shown), f"{k - limit + 1} others"]


class ConfusionMatrixDisplay(EvaluationDisplay):
    """Counts of true against predicted classes, shaded by the share of the true class.

    Parameters
    ----------
    counts : array-like of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.
    labels : sequence of str
        Names of the classes.

    Attributes
    ----------
    mesh_ : QuadMesh
        The shades: share of each true class, in [0, 1].
    text_ : dict of (int, int) to Text
        The number written in each cell that is not empty.

    Examples
    --------
    >>> display = ConfusionMatrixDisplay([[5, 1], [0, 4]], ["no", "yes"]).plot()
    >>> display.text_[0, 1].get_text()
    '1'
    """

    title = "Confusion matrix"
    mesh_: QuadMesh
    text_: dict[tuple[int, int], Text]

    def __init__(self, counts: ArrayLike, labels: Sequence[str]) -> None:
        self.counts, self.labels = fold_confusion(np.asarray(counts), labels)

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the counts from an evaluation."""
        return cls(np.array(evaluation.confusion, dtype=np.intp), evaluation.classes)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that leaves room for the numbers."""
        side = min(9.0, 2.6 + 0.36 * max(len(self.labels), 3))
        longest = max(len(label_text(label, 16)) for label in self.labels)
        return side + 0.06 * longest, side * 0.92 + (0.06 * longest if self._turned() else 0)

    def _turned(self) -> bool:
        return len(self.labels) * max(len(label_text(label, 16)) for label in self.labels) > 36

    def _draw(self, ax: Axes) -> None:
        k = len(self.labels)
        totals = self.counts.sum(axis=1, keepdims=True)
        shares = self.counts / np.maximum(totals, 1)
        self.mesh_ = ax.pcolormesh(shares, cmap=_SHADES, vmin=0, vmax=1, edgecolors="#e3e3e3", linewidth=0.8)
        size = 11 if k <= 6 else 9 if k <= 12 else 7
        self.text_ = {}
        for row, column in zip(*np.nonzero(self.counts), strict=True):
            self.text_[int(row), int(column)] = ax.text(
                column + 0.5,
                row + 0.5,
                f"{self.counts[row, column]}",
                ha="center",
                va="center",
                fontsize=size,
                color="white" if shares[row, column] > 0.7 else INK,
            )
        names = [label_text(label, 16) for label in self.labels]
        turned = self._turned()
        ax.set_xticks(np.arange(k) + 0.5, names, rotation=90 if turned and max(map(len, names)) > 2 else 0)
        ax.set_yticks(np.arange(k) + 0.5, names)
        ax.invert_yaxis()
        ax.grid(False)
        ax.tick_params(length=0, labelcolor=INK)
        ax.spines[:].set_visible(True)
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class")

    def describe(self) -> str:
        """Return how many rows are right, and the commonest confusions."""
        right, total = int(np.trace(self.counts)), int(self.counts.sum())
        wrong = self.counts - np.diag(np.diag(self.counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:6]
        said = []
        for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True):
            if wrong[row, column]:
                said.append(f"{wrong[row, column]} of {self.labels[row]} taken for {self.labels[column]}")
        commonest = f" Commonest confusions: {'; '.join(said)}." if said else ""
        return f"{right} of {total} rows lie on the diagonal, predicted right.{commonest}"
