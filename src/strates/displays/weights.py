"""The weights of a network as matrices, histograms and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.side_by_side import side_by_side
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.exceptions import ParameterError
from strates.inspection.layer_weights import LayerWeights, layer_weights

MAX_LAYERS, MAX_IMAGES = 8, 16
_COLUMNS, _PANEL, _IMAGE, _IMAGES_A_ROW = 4, 2.4, 0.95, 8
#: Vermilion below zero, white at it, blue above: apart for every eye.
SIGNS = LinearSegmentedColormap.from_list("signs", [VERMILION, "white", BLUE])


class WeightsDisplay(Display):
    """The weights of each layer: a matrix, blue where positive and vermilion where negative, above a histogram.

    White is zero, in every matrix; each has a scale of its own, which its bar tells. Rows are what comes in, columns
    are units. The share of weights that are exactly zero stands above. Where the input is an image, the weights that
    come into the first units are shown as images too, the sixteen strongest of them, on one scale.

    Parameters
    ----------
    layers : sequence of LayerWeights
        What :func:`strates.inspection.layer_weights` returned; of more than eight the first seven and the last are
        drawn.

    Attributes
    ----------
    matrices_ : list of AxesImage
        One a layer drawn.
    histograms_ : list of BarContainer
        One a layer drawn.
    images_ : list of AxesImage
        Incoming weights of first units; empty where the input is no image.
    image_units_ : list of int
        Their units.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> from strates.displays import WeightsDisplay
    >>> clf = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(*moons(100))
    >>> display = WeightsDisplay.from_estimator(clf).plot()
    >>> [matrix.get_array().shape for matrix in display.matrices_]
    [(2, 4), (4, 1)]
    """

    title = "Weights"
    matrices_: list[AxesImage]
    histograms_: list[BarContainer]
    images_: list[AxesImage]
    image_units_: list[int]

    def __init__(self, layers: Sequence[LayerWeights]) -> None:
        if not layers:
            raise ParameterError("There is no layer to draw; give what strates.inspection.layer_weights returns.")
        self.layers = tuple(layers)
        n = len(self.layers)
        self.shown = self.layers if n <= MAX_LAYERS else (*self.layers[: MAX_LAYERS - 1], self.layers[-1])

    @classmethod
    def from_estimator(cls, clf: Any, *, image_shape: tuple[int, ...] | str | None = "auto") -> Self:
        """Take the weights of a fitted network.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        image_shape : "auto", tuple of int or None, default="auto"
            Of an input that is an image; see :func:`strates.inspection.layer_weights`.

        Returns
        -------
        WeightsDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            There is no network, or ``image_shape`` does not fit.
        """
        return cls(layer_weights(clf, image_shape=image_shape))

    def _units(self) -> list[int]:
        """Return the first units whose incoming weights are shown as images: the strongest, in their order."""
        images = self.layers[0].images
        if images is None:
            return []
        strength = np.linalg.norm(images.reshape(len(images), -1), axis=1)
        return sorted(np.argsort(-strength, kind="stable")[:MAX_IMAGES].tolist())

    def _heights(self) -> list[float]:
        """Return the heights of the rows of panels, in inches: matrices and histograms in turn, then images."""
        bands = -(-len(self.shown) // _COLUMNS)
        images = -(-len(self._units()) // self._images_a_row())
        return [2.3, 1.45] * bands + ([_IMAGE * images + 0.35] if images else [])

    def _columns(self) -> int:
        return min(len(self.shown), _COLUMNS)

    def _images_a_row(self) -> int:
        return _IMAGES_A_ROW if self._columns() > 1 else 4

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the layers."""
        return max(3.4, _PANEL * self._columns() + 0.3), sum(self._heights()) + 0.15

    def _draw(self, ax: Axes) -> None:
        heights, units = self._heights(), self._units()
        n_columns = self._columns()
        rows = side_by_side(ax, len(heights), 1, height_ratios=heights)
        self.matrices_, self.histograms_ = [], []
        for band in range(-(-len(self.shown) // _COLUMNS)):
            matrices = side_by_side(rows[2 * band][0], 1, n_columns)[0]
            histograms = side_by_side(rows[2 * band + 1][0], 1, n_columns)[0]
            layers = self.shown[band * _COLUMNS : (band + 1) * _COLUMNS]
            for unused in (*matrices[len(layers) :], *histograms[len(layers) :]):
                unused.set_axis_off()
            for above, below, layer in zip(matrices, histograms, layers, strict=False):
                self.matrices_.append(_draw_matrix(above, layer))
                self.histograms_.append(_draw_histogram(below, layer))
        self.images_, self.image_units_ = [], units
        if units:
            self._draw_images(rows[-1][0], units)

    def _draw_images(self, ax: Axes, units: list[int]) -> None:
        images = self.layers[0].images
        if images is None:
            return
        a_row = self._images_a_row()
        places = [one for row in side_by_side(ax, -(-len(units) // a_row), a_row) for one in row]
        largest = float(np.abs(images).max()) or 1.0
        for one in places[len(units) :]:
            one.set_axis_off()
        for one, unit in zip(places, units, strict=False):
            picture = images[unit]
            if picture.ndim == 3:  # colours: grey is zero
                drawn = one.imshow(np.clip(0.5 + picture / (2 * largest), 0, 1), interpolation="nearest")
            else:
                drawn = one.imshow(picture, cmap=SIGNS, vmin=-largest, vmax=largest, interpolation="nearest")
            one.set_xticks([])
            one.set_yticks([])
            one.spines[:].set_visible(True)
            one.set_title(label_text(self.layers[0].unit_names[unit], 12), fontsize=8, pad=2, color=MUTED)
            self.images_.append(drawn)

    def describe(self) -> str:
        """Return the size, the spread and the exact zeros of each layer's weights."""
        told = []
        for layer in self.layers:
            w = layer.kernel
            told.append(
                f"{layer.name} ({' × '.join(str(n) for n in layer.shape)}, standard deviation {w.std():.3g}, largest "
                f"{np.abs(w).max(initial=0.0):.3g} in absolute value, {_zeros(layer)})"
            )
        images = f" {len(self._units())} first units as images." if self._units() else ""
        return f"Weights of {', '.join(told)}.{images}"


def _zeros(layer: LayerWeights) -> str:
    if not layer.n_zeros:
        return "none exactly 0"
    share = 100 * layer.share_zero
    return f"{share:.0f} % exactly 0" if share >= 0.5 else f"{layer.n_zeros} exactly 0"


def _draw_matrix(ax: Axes, layer: LayerWeights) -> AxesImage:
    largest = float(np.abs(layer.kernel).max(initial=0.0)) or 1.0
    drawn = ax.imshow(layer.kernel, cmap=SIGNS, vmin=-largest, vmax=largest, interpolation="nearest", aspect="auto")
    ax.grid(False)
    ax.spines[:].set_visible(True)
    ax.set_title(label_text(layer.name, 24), fontsize=10, pad=19)
    ax.annotate(
        f"{' × '.join(str(n) for n in layer.shape)}, {_zeros(layer)}", (0.5, 1), xycoords="axes fraction",
        xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5, color=MUTED,
    )  # fmt: skip
    for axis, n in ((ax.xaxis, layer.kernel.shape[1]), (ax.yaxis, layer.kernel.shape[0])):
        places = np.unique(
            [int(p) for p in MaxNLocator(5, integer=True, min_n_ticks=1).tick_values(1, n) if 1 <= p <= n]
        )
        axis.set_ticks([p - 1 for p in places], [str(p) for p in places])
    ax.tick_params(labelsize=8, length=2)
    ax.set_xlabel("unit", fontsize=8.5)
    ax.set_ylabel("input", fontsize=8.5, labelpad=1)
    figure: Any = ax.get_figure(root=False)
    bar = figure.colorbar(drawn, ax=ax, fraction=0.06, pad=0.03, ticks=[-largest, 0, largest])
    bar.ax.set_yticklabels([_signed(-largest), "0", _signed(largest)], fontsize=7.5)
    bar.outline.set_visible(False)
    return drawn


def _draw_histogram(ax: Axes, layer: LayerWeights) -> BarContainer:
    values = layer.kernel.ravel()
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    n_bins = int(np.clip(2 * np.sqrt(values.size), 8, 40)) // 2 * 2 + 1  # odd: one bin around zero
    counts, edges = np.histogram(values, bins=np.linspace(-largest, largest, n_bins + 1))
    drawn = ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=_bin_colours(edges, largest), linewidth=0.4,
                   edgecolor=INK)  # fmt: skip
    ax.set_xlim(-1.05 * largest, 1.05 * largest)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.locator_params(axis="x", nbins=4)
    ax.tick_params(labelsize=8, length=2)
    ax.set_xlabel("weight", fontsize=8.5)
    ax.set_ylabel("count", fontsize=8.5)
    return drawn


def _bin_colours(edges: FloatArray, largest: float) -> list[Any]:
    middles = (edges[:-1] + edges[1:]) / 2
    return [SIGNS(0.5 + middle / (2 * largest)) for middle in middles]


def _signed(value: float) -> str:
    return f"{value:+.2g}".replace("-", "\u2212")
