"""What an autoencoder keeps of rows, and what it loses."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.side_by_side import side_by_side
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.inspection.reconstructions import Reconstructions, reconstructions

MAX_IMAGES, MAX_FEATURES = 10, 15
_IMAGE = 0.86


class ReconstructionDisplay(Display):
    """Rows and their reconstructions: of images, some above what becomes of them; of tables, the error by column.

    Images go from the smallest error, at the left, to the largest, evenly between, with the error under each. Of a
    table the columns with the largest errors are bars; the line across each stands at the column's variance, which is
    what answering its mean would leave: a bar that reaches it tells of a column that the code says nothing about.

    Parameters
    ----------
    found : Reconstructions
        What :func:`strates.inspection.reconstructions` returned.
    max_images : int, default=10
        Images at most.

    Attributes
    ----------
    originals_, reconstructed_ : list of AxesImage
        Pairs of images; empty for a table.
    rows_ : list of int
        Their rows.
    bars_ : BarContainer or None
        A table's columns, from the top.
    variances_ : Line2D or None
        The lines across the bars.
    legend_ : Legend or None

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import Autoencoder
    >>> from strates.displays import ReconstructionDisplay
    >>> X = load_digits().data[:200] / 16
    >>> auto = Autoencoder((8,), solver="lbfgs", max_iter=100, tol=0.1, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(auto, X).plot()
    >>> len(display.originals_), len(display.reconstructed_)
    (10, 10)
    """

    title = "Rows and their reconstructions"
    originals_: list[AxesImage]
    reconstructed_: list[AxesImage]
    rows_: list[int]
    bars_: BarContainer | None
    variances_: Line2D | None
    legend_: Legend | None

    def __init__(self, found: Reconstructions, *, max_images: int = MAX_IMAGES) -> None:
        self.found = found
        self.max_images = max_images

    @classmethod
    def from_estimator(
        cls,
        autoencoder: Any,
        X: Any,
        *,
        image_shape: tuple[int, ...] | str | None = "auto",
        max_images: int = MAX_IMAGES,
    ) -> Self:
        """Send rows through a fitted autoencoder.

        Parameters
        ----------
        autoencoder : fitted autoencoder or pipeline
        X : DataFrame, array or sparse matrix of n_rows rows
            Rows that it has not learned from, if the errors are to be believed.
        image_shape : "auto", tuple of int or None, default="auto"
            Of rows that are images; see :func:`strates.inspection.reconstructions`.
        max_images : int, default=10
            Images at most.

        Returns
        -------
        ReconstructionDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            It is no autoencoder, or ``image_shape`` does not fit.
        """
        return cls(reconstructions(autoencoder, X, image_shape=image_shape), max_images=max_images)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the images, or the columns."""
        if self.found.image_shape is None:
            return 5.2, 1.35 + 0.28 * max(min(len(self.found.feature_names), MAX_FEATURES), 2)
        height, width = self.found.image_shape[:2]
        n = min(self.max_images, len(self.found.errors))
        return max(3.2, 0.8 + _IMAGE * n), 0.6 + 2 * _IMAGE * float(np.clip(height / width, 0.3, 3))

    def _draw(self, ax: Axes) -> None:
        self.originals_, self.reconstructed_, self.rows_ = [], [], []
        self.bars_ = self.variances_ = self.legend_ = None
        if self.found.image_shape is None:
            self._draw_columns(ax)
        else:
            self._draw_images(ax, self.found.image_shape)

    def _draw_images(self, ax: Axes, shape: tuple[int, ...]) -> None:
        found = self.found
        rows = found.spread_rows(self.max_images)
        limits = float(found.originals[rows].min()), float(found.originals[rows].max())
        above, below = side_by_side(ax, 2, len(rows))
        for places, values, kept, word in (
            (above, found.originals, self.originals_, "row"),
            (below, found.reconstructed, self.reconstructed_, "reconstructed"),
        ):
            for place, row in zip(places, rows, strict=True):
                kept.append(_draw_image(place, values[row].reshape(shape), limits))
            places[0].set_ylabel(word, fontsize=8.5, color=INK)
        for place, row in zip(below, rows, strict=True):
            place.set_xlabel(f"{found.errors[row]:.2g}", fontsize=8.5, color=MUTED)
        below[0].set_xlabel(f"error {found.errors[rows[0]]:.2g}", fontsize=8.5, color=MUTED)
        self.rows_ = rows.tolist()

    def _draw_columns(self, ax: Axes) -> None:
        table = self.found.feature_errors()[:MAX_FEATURES]
        place = np.arange(len(table))
        self.bars_ = ax.barh(place, table["error"], height=0.62, color=BLUE, label="error of the reconstruction")
        (self.variances_,) = ax.plot(
            table["variance"], place, "|", color=VERMILION, markersize=13, markeredgewidth=2,
            label="error of the column's mean",
        )  # fmt: skip
        ax.set_yticks(place, [label_text(name, 24) for name in table["feature"]], color=INK)
        ax.set_ylim(len(table) - 0.4, -0.6)
        ax.set_xlim(0, 1.06 * float(max(table["error"].max(), table["variance"].max())) or 1.0)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("mean squared error")
        self.legend_ = ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, columnspacing=1.2)

    def describe(self) -> str:
        """Return the mean error, the smallest and the largest, and the columns that lose most."""
        found = self.found
        n = len(found.errors)
        said = (
            f"Mean squared error of {n} reconstructed row{'' if n == 1 else 's'}: {found.errors.mean():.3g}, from "
            f"{found.errors.min():.3g} (row {int(found.errors.argmin())}) to {found.errors.max():.3g} "
            f"(row {int(found.errors.argmax())})."
        )
        if found.image_shape is not None:
            return said
        worst = found.feature_errors()[:5].itertuples(index=False)
        told = ", ".join(f"{feature} {error:.3g} of a variance of {spread:.3g}" for feature, error, spread in worst)
        return f"{said} Largest by column: {told}."


def _draw_image(ax: Axes, image: FloatArray, limits: tuple[float, float]) -> AxesImage:
    low, high = limits
    if image.ndim == 3:
        span = (high - low) or 1.0
        drawn = ax.imshow(np.clip((image - low) / span, 0, 1), interpolation="nearest")
    else:
        drawn = ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[:].set_visible(True)
    return drawn
