"""A grid of the plane, bent by a network."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.displays.class_legend import draw_legend, legend_height
from strates.displays.class_points import draw_points, draw_straight_boundary, square_box
from strates.displays.display import Display
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import INK, MUTED, label_text
from strates.exceptions import DataError
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import class_names, encode_labels, sample_rows, take_rows
from strates.inspection.warp import Warp, WarpedSpace, warp

MAX_POINTS = 1_000
_PANEL, _COLUMNS = 2.7, 4
_CONTOUR = 301  # points a side of the mesh on which the boundary is looked for
_UPRIGHT, _LEVEL = "#8a8a8a", "#c3a15a"  # grey and ochre: apart in lightness too


class WarpDisplay(Display):
    """A grid over the plane of inputs, carried through each layer of two units, with the rows and the boundary.

    Lines that are upright in the input stay grey, level ones ochre. The boundary is straight in the last space, and the
    same curve, carried back, in those before it. Above each layer stand the determinant and the condition number of its
    weights, and below how much of the grid is flattened (a relu's units off) or folded over.

    Parameters
    ----------
    warp : Warp
        What :func:`strates.inspection.warp` returned.
    codes : array-like of shape (n_rows,), default=None
        Number of each row's class; one class by default.
    classes : sequence of str, default=None
        Names of the classes.

    Attributes
    ----------
    axes_ : list of Axes
        One a space.
    grids_ : list of LineCollection
        The grid's lines, space by space.
    points_ : list of lists of PathCollection
        The rows of each class, space by space.
    boundaries_ : list of lists of Line2D
        The boundary, space by space.
    regions_ : PolyCollection or None
        Its sides, tinted, in the last space.
    legend_ : Legend or None
        Names of the classes.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> from strates.displays import WarpDisplay
    >>> X, y = moons(200, noise=0.1)
    >>> clf = MLPClassifier((2,), activation="tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> display = WarpDisplay.from_estimator(clf, X, y).plot()
    >>> [len(grid.get_segments()) for grid in display.grids_]
    [42, 42]
    """

    title = "The plane, layer by layer"
    axes_: list[Axes]
    grids_: list[LineCollection]
    points_: list[list[PathCollection]]
    boundaries_: list[list[Line2D]]
    regions_: PolyCollection | None
    legend_: Legend | None

    def __init__(self, warp: Warp, codes: Any = None, classes: Any = None) -> None:
        self.warp = warp
        n_rows = len(warp.spaces[0].points)
        self.codes: NDArray[np.intp] = np.zeros(n_rows, np.intp) if codes is None else np.asarray(codes, dtype=np.intp)
        self.classes = ("rows",) if classes is None else tuple(str(one) for one in classes)

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any, *, max_rows: int = MAX_POINTS, **choices: Any) -> Self:
        """Carry a grid and rows through a fitted network.

        Parameters
        ----------
        clf : fitted classifier or pipeline
            With layers of two units (three are seen by principal components).
        X : DataFrame or array of n_rows rows
        y : array-like of shape (n_rows,)
            Their classes.
        max_rows : int, default=1000
            Rows at most, drawn at random.
        **choices
            Of :func:`strates.inspection.warp`.

        Returns
        -------
        WarpDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            The network is no chain of dense layers of two or three units on two inputs.
        DataError
            X and y differ in length.
        """
        known = np.asarray(split_pipeline(clf)[1].classes_)
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        if n_rows != len(y):
            raise DataError(f"X has {n_rows} rows and y has {len(y)} labels; they must be as many.")
        codes = encode_labels(y, known)
        rows = sample_rows(codes, max_rows, seed=0)
        few = take_rows(np.asarray(X) if isinstance(X, list) else X, rows)
        return cls(warp(clf, few, **choices), codes[rows], class_names(known))

    def _grid(self) -> tuple[int, int]:
        n = len(self.warp.spaces)
        return -(-n // _COLUMNS), min(n, _COLUMNS)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the layers."""
        n_rows, n_columns = self._grid()
        width = max(3.6, _PANEL * n_columns + 0.2)
        return width, (_PANEL + 0.8) * n_rows + legend_height(self.classes, set(self.codes.tolist()), width)

    def _draw(self, ax: Axes) -> None:
        places = [one for row in side_by_side(ax, *self._grid()) for one in row]
        for unused in places[len(self.warp.spaces) :]:
            unused.set_axis_off()
        self.axes_ = places[: len(self.warp.spaces)]
        self.grids_, self.points_, self.boundaries_, self.regions_ = [], [], [], None
        curves = self._boundary_curves()
        for number, (one, space) in enumerate(zip(self.axes_, self.warp.spaces, strict=True)):
            box = square_box(space.lines.reshape(-1, 2))
            one.set_xlim(box[0], box[1])
            one.set_ylim(box[2], box[3])
            one.set_aspect("equal")
            one.grid(False)
            colours = [_UPRIGHT] * (len(space.lines) // 2) + [_LEVEL] * (len(space.lines) // 2)
            self.grids_.append(LineCollection(list(space.lines), colors=colours, linewidths=0.8, zorder=1.5))
            one.add_collection(self.grids_[-1], autolim=False)
            if number == len(self.axes_) - 1 and space.boundary is not None and space.width == 2:
                lines, self.regions_ = draw_straight_boundary(one, space.boundary, box)
            else:
                lines = [one.plot(*curve[number].T, color=INK, linewidth=1.6, zorder=2)[0] for curve in curves]
            self.boundaries_.append(lines)
            self.points_.append(draw_points(one, space.points, self.codes, len(self.classes)))
            _label(one, space, first=number == 0)
        self.legend_ = draw_legend(ax, self.classes, set(self.codes.tolist()), self.figure_size()[0])
        settle(ax)

    def _boundary_curves(self) -> list[tuple[FloatArray, ...]]:
        """Return the curves of the boundary in the input, each carried through all spaces."""
        last = self.warp.spaces[-1]
        if last.boundary is None or last.width != 2:
            return []
        # the last plane holds all that the scores depend on, so that they are known at every point of the input
        left, right, bottom, top = self.warp.box
        x, y = np.linspace(left, right, _CONTOUR), np.linspace(bottom, top, _CONTOUR)
        scores = last.boundary.scores(self.warp.carry(np.stack(np.meshgrid(x, y), axis=-1))[-1])
        hidden = Figure().subplots()
        curves = []
        for k in range(scores.shape[-1] if scores.shape[-1] > 2 else 1):
            lead = scores[..., k] - np.delete(scores, k, axis=-1).max(axis=-1)
            if lead.min() < 0 < lead.max():
                contour = hidden.contour(x, y, lead, levels=[0.0])
                curves += [self.warp.carry(one) for one in contour.allsegs[0] if len(one) > 1]
        return curves

    def describe(self) -> str:
        """Return determinant, condition number, and the shares flattened and folded, layer by layer."""
        told = []
        for space in self.warp.spaces[1:]:
            determinant = "" if space.determinant is None else f", determinant {space.determinant:.3g}"
            folded = "" if space.share_folded is None else f", {100 * space.share_folded:.1f} % folded over"
            told.append(
                f"{space.name} ({space.activation}, {space.width} units{determinant}, condition {space.condition:.3g}, "
                f"{100 * space.share_flattened:.1f} % of the grid flattened{folded})"
            )
        if not told:
            return "The plane of inputs; the network has no hidden layer."
        return f"The plane of inputs carried through {'; '.join(told)}."


def _number(value: float) -> str:
    text = f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.2g}"
    return text.replace("-", "\u2212")


def _percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _label(ax: Axes, space: WarpedSpace, *, first: bool) -> None:
    ax.set_title(
        label_text(space.name, 20) + (f" ({space.activation})" if space.activation else ""), fontsize=10, pad=19
    )
    determinant = "" if space.determinant is None else f"det {_number(space.determinant)}, "
    about = "the plane of inputs" if first else f"{determinant}condition {_number(space.condition)}"
    ax.annotate(
        about, (0.5, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5,
        color=MUTED,
    )  # fmt: skip
    ax.tick_params(labelsize=8, length=2)
    ax.locator_params(nbins=4)
    said = ""
    if not first:
        said = f"\n{_percent(space.share_flattened)} flattened"
        said += "" if space.share_folded is None else f", {_percent(space.share_folded)} folded"
        said += "" if space.width == 2 else f"; {_percent(space.share_shown)} of variance"
    ax.set_xlabel(label_text(space.axis_names[0], 20) + said, fontsize=8.5, color=INK)
    ax.set_ylabel(label_text(space.axis_names[1], 20), fontsize=8.5, labelpad=1)
