"""How activations are distributed, layer by layer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from strates.displays.display import Display
from strates.displays.side_by_side import side_by_side
from strates.displays.style import BLUE, MUTED, label_text
from strates.inspection.activation_histograms import ActivationHistograms, activation_histograms

MAX_PANELS = 10
_PANEL = 1.7, 1.55  # inches


class ActivationStatisticsDisplay(Display):
    """A histogram a hidden layer, from the first to the last, on one scale of outputs: what becomes of the signal.

    A spike at zero is a signal that has vanished; masses at both ends of tanh are units that have saturated. Outputs
    that are exactly zero, of rectified units, are not drawn but said. The heights are each layer's own. What lies
    beyond the ends is counted in the last bins. Of more than ten layers, ten are drawn.

    Parameters
    ----------
    histograms : ActivationHistograms
        What :func:`strates.inspection.activation_histograms` returned.

    Attributes
    ----------
    axes_ : list of Axes
        One a layer drawn.
    steps_ : list of StepPatch
        The histograms.
    texts_ : list of Text
        Standard deviation, with the share of saturated outputs, of zeros, or of dead units.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 100))
    >>> clf = MLPClassifier((100,) * 3, activation="tanh", kernel_initializer="normal(0.01)", random_state=0)
    >>> display = ActivationStatisticsDisplay.from_estimator(clf, X).plot()
    >>> [text.get_text() for text in display.texts_]
    ['std 0.1', 'std 0.0099', 'std 0.001']
    """

    title = "Activations by layer"
    axes_: list[Axes]
    steps_: list[StepPatch]
    texts_: list[Text]

    def __init__(self, histograms: ActivationHistograms) -> None:
        self.histograms = histograms
        n = len(histograms.statistics)
        self.shown = np.unique(np.linspace(0, n - 1, min(n, MAX_PANELS)).round().astype(int)).tolist()

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any = None, *, n_bins: int = 41, initial: bool = False, training: bool = True
    ) -> Self:
        """Measure a network, before any training or after it.

        Parameters
        ----------
        clf : strates classifier or pipeline
            Fitted; or a description of a network, whose weights are drawn.
        X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
            Rows to look at; some hundreds do.
        y : array-like of shape (n_rows,), default=None
            Labels, where the network of an unfitted classifier depends on them.
        n_bins : int, default=41
            Of each histogram.
        initial, training : bool
            See :func:`strates.inspection.activation_statistics`.

        Returns
        -------
        ActivationStatisticsDisplay
            Not yet drawn.
        """
        return cls(activation_histograms(clf, X, y, n_bins=n_bins, initial=initial, training=training))

    @property
    def _n_columns(self) -> int:
        return min(len(self.shown), 5)

    @property
    def _n_rows(self) -> int:
        return -(-len(self.shown) // self._n_columns)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the layers."""
        return max(2.8, 0.2 + _PANEL[0] * self._n_columns), 0.3 + _PANEL[1] * self._n_rows

    def _draw(self, ax: Axes) -> None:
        grid = [one for row in side_by_side(ax, self._n_rows, self._n_columns) for one in row]
        self.axes_, self.steps_, self.texts_ = grid[: len(self.shown)], [], []
        for one in grid[len(self.shown) :]:
            one.set_axis_off()
        edges = self.histograms.edges
        for number, (one, layer) in enumerate(zip(self.axes_, self.shown, strict=True)):
            shares = self.histograms.shares[layer]
            self.steps_.append(one.stairs(shares, edges, fill=True, color=BLUE))
            one.set_xlim(edges[0], edges[-1])
            one.set_ylim(0, 1.3 * shares.max() or 1.0)
            one.set_yticks([])
            one.spines["left"].set_visible(False)
            one.locator_params(axis="x", nbins=3)
            one.tick_params(labelbottom=number + self._n_columns >= len(self.shown), labelsize=8, pad=2)
            one.set_title(
                label_text(self.histograms.statistics["layer"].iloc[layer], 18), loc="left", fontsize=9, pad=3
            )
            place: Any = {"xytext": (0, -2), "textcoords": "offset points", "ha": "center", "va": "top"}
            facts = self._facts(layer, short=True)
            text = one.annotate(facts, (0.5, 1), xycoords="axes fraction", **place, fontsize=8.5, color=MUTED)
            self.texts_.append(text)

    def _facts(self, layer: int, *, short: bool = False) -> str:
        """Say a layer's spread, and what is saturated, zero or dead of it: one of them, if it is to be short."""
        row = self.histograms.statistics.iloc[layer]
        shares = {"dead": row["dead"], "saturated": row["saturated"], "zero": self.histograms.zeros[layer]}
        said = [f"{100 * share:.0f} % {name}" for name, share in shares.items() if share >= 0.005]
        return ", ".join([f"std {row['std']:.2g}", *(said[:1] if short else said)])

    def describe(self) -> str:
        """Return each layer's standard deviation, with what is saturated, zero or dead."""
        names = self.histograms.statistics["layer"].tolist()
        said = "; ".join(f"{name} {self._facts(layer)}" for layer, name in enumerate(names))
        return f"Activations of {len(names)} hidden layers: {said}."
