"""The filters of a convolution as small pictures."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage

from strates.displays.display import Display
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import MUTED
from strates.displays.weights import SIGNS
from strates.inspection.feature_maps import Filters, filters

MAX_FILTERS, MAX_DEEP, MAX_CHANNELS = 32, 8, 8
_PANEL, _A_ROW = 0.8, 8


class FiltersDisplay(Display):
    """The strongest filters of a convolution, on one scale: blue multiplies by positive weights, vermilion by negative.

    Of a first layer each filter is a picture: grey levels as signs, colours around grey, which is zero. A filter of a
    deeper layer has a picture for each channel that comes in: a row of them, the channels that matter most to the
    layer.

    Parameters
    ----------
    filters : Filters
        What :func:`strates.inspection.filters` returned. The 32 strongest are drawn, 8 of a deeper layer.

    Attributes
    ----------
    images_ : list of AxesImage
        Filter by filter.
    shown_ : list of int
        Which filters, counted from 0.
    channels_ : list of int
        Of a deeper layer, which channels; empty otherwise.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 6), hidden_layer_sizes=(), max_iter=2, learning_rate="one_cycle", random_state=0)
    >>> display = FiltersDisplay.from_estimator(clf.fit(X[:300], y[:300])).plot()
    >>> len(display.images_), display.images_[0].get_array().shape
    (4, (3, 3))
    """

    title = "Filters"
    images_: list[AxesImage]
    shown_: list[int]
    channels_: list[int]

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        n, _, _, channels = filters.kernels.shape
        self._deep = channels not in (1, 3)
        most = MAX_DEEP if self._deep else MAX_FILTERS
        self._chosen = sorted(np.argsort(-filters.norms, kind="stable")[: min(n, most)].tolist())
        strength = np.linalg.norm(np.moveaxis(filters.kernels, -1, 0).reshape(channels, -1), axis=1)
        self._seen = sorted(np.argsort(-strength, kind="stable")[:MAX_CHANNELS].tolist()) if self._deep else []

    @classmethod
    def from_estimator(cls, clf: Any, *, layer: str | int = 0) -> Self:
        """Take the filters of a fitted network.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        layer : str or int, default=0
            Its name, or its number among the convolutions.

        Returns
        -------
        FiltersDisplay
            Not yet drawn.
        """
        return cls(filters(clf, layer))

    def _grid(self) -> tuple[int, int]:
        if self._deep:
            return len(self._chosen), len(self._seen)
        columns = min(len(self._chosen), _A_ROW)
        return -(-len(self._chosen) // columns), columns

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the filters."""
        rows, columns = self._grid()
        return max(2.6, _PANEL * columns + 0.9 + 0.5 * self._deep), max(
            1.3, (_PANEL + 0.22 * (not self._deep)) * rows + 0.3
        )

    def _draw(self, ax: Axes) -> None:
        rows, columns = self._grid()
        grid = side_by_side(ax, rows, columns)
        largest = float(np.abs(self.filters.kernels[self._chosen]).max()) or 1.0
        self.images_, self.shown_, self.channels_ = [], self._chosen, self._seen
        places = [one for row in grid for one in row]
        for place in places:
            place.set_xticks([])
            place.set_yticks([])
            place.spines[:].set_visible(True)
        if self._deep:
            self._draw_deep(grid, largest)
        else:
            for place, number in zip(places, self._chosen, strict=False):
                self.images_.append(_draw_filter(place, self.filters.kernels[number], largest))
                place.set_title(f"filter {number}", fontsize=8, pad=2, color=MUTED)
            for place in places[len(self._chosen) :]:
                place.set_axis_off()
        if self.filters.kernels.shape[-1] != 3:
            figure: Any = ax.get_figure(root=False)
            scale = ScalarMappable(Normalize(-largest, largest), SIGNS)
            bar = figure.colorbar(scale, ax=places, fraction=0.05, pad=0.02, aspect=20, ticks=[-largest, 0, largest])
            bar.ax.set_yticklabels([f"\u2212{largest:.2g}", "0", f"{largest:.2g}"], fontsize=8)
            bar.outline.set_visible(False)
        settle(ax)

    def _draw_deep(self, grid: list[list[Axes]], largest: float) -> None:
        for row, number in zip(grid, self._chosen, strict=True):
            for place, channel in zip(row, self._seen, strict=True):
                picture = self.filters.kernels[number, :, :, channel]
                self.images_.append(_draw_filter(place, picture[..., None], largest))
            row[0].set_ylabel(f"filter {number}", fontsize=8, color=MUTED, rotation=0, ha="right", va="center")
        for place, channel in zip(grid[0], self._seen, strict=True):
            place.set_title(f"channel {channel}", fontsize=8, pad=2, color=MUTED)

    def describe(self) -> str:
        """Return the size of the filters, the spread of their weights, and the strongest."""
        n, rows, columns, channels = self.filters.kernels.shape
        norms = self.filters.norms
        return (
            f"{n} filters of {self.filters.layer}, each {rows} by {columns} on {channels} "
            f"channel{'s' * (channels > 1)}; weights from {self.filters.kernels.min():.2g} to "
            f"{self.filters.kernels.max():.2g}; the strongest is filter {int(norms.argmax())}, of norm "
            f"{norms.max():.2g}, the weakest {int(norms.argmin())}, of norm {norms.min():.2g}. {self._shown()}"
            + (" Their colours are their weights on red, green and blue; middle grey is zero." if channels == 3 else "")
        )

    def _shown(self) -> str:
        """Say which filters, and which of their channels, are drawn."""
        n, _, _, channels = self.filters.kernels.shape
        which = "all" if len(self._chosen) == n else f"the {len(self._chosen)} strongest"
        deep = self._deep and len(self._seen) < channels
        return f"Shown: {which}{f', on the {len(self._seen)} strongest channels' if deep else ''}."


def _draw_filter(ax: Axes, kernel: Any, largest: float) -> AxesImage:
    if kernel.shape[-1] == 3:
        return ax.imshow(np.clip(0.5 + kernel / (2 * largest), 0, 1), interpolation="nearest")
    return ax.imshow(kernel[..., 0], cmap=SIGNS, vmin=-largest, vmax=largest, interpolation="nearest")
