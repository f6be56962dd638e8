"""What rows become on their way through a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Text
from numpy.typing import NDArray

from strates.displays.class_legend import draw_legend, legend_height
from strates.displays.class_points import (
    draw_points,
    draw_straight_boundary,
    name_classes,
    square_box,
)
from strates.displays.display import Display
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import INK, MUTED, label_text
from strates.exceptions import DataError
from strates.inspection.linear_probes import linear_probes
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import class_names, encode_labels, sample_rows, take_rows
from strates.inspection.representations import Representation, representations
from strates.inspection.straight_boundary import Box

MAX_PANELS = 6
MAX_POINTS = 1_000
_PANEL, _COLUMNS = 2.45, 3
_PROBE_WORDS = {"logistic": "logistic", "knn": "k-NN"}


class RepresentationDisplay(Display):
    """The rows in each space of a network, side by side from the input to the last hidden layer.

    Each space is seen in the plane of its first two principal components, or as it is when it has two units. In the
    last one lies the network's boundary, which is straight there: exactly with two units; of a wider layer the straight
    line is where the boundary, a hyperplane, cuts the plane through the mean, and rows off that plane may belong to the
    other side. Below each space stands how well a linear classifier and nearest neighbours do in it.

    Of more than six spaces the input, the last and four evenly between are drawn.

    Parameters
    ----------
    spaces : sequence of Representation
        What :func:`strates.inspection.representations` returned.
    codes : array-like of shape (n_rows,)
        Number of each row's class.
    classes : sequence of str
        Names of the classes.
    probes : DataFrame, default=None
        What :func:`strates.inspection.linear_probes` returned.

    Attributes
    ----------
    axes_ : list of Axes
        One a space drawn.
    points_ : list of lists of PathCollection
        The rows of each class, space by space.
    boundary_lines_ : list of Line2D
        The straight pieces of the boundary, in the last space.
    regions_ : PolyCollection or None
        The sides of the boundary, tinted.
    note_ : Text or None
        That the boundary is only cut by the plane that is drawn, where the last space is wider than two units.
    names_ : list of Text
        Names of the classes beside their rows, where there are more classes than colours.
    legend_ : Legend or None
        Names of the classes.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> from strates.displays import RepresentationDisplay
    >>> X, y = moons(200, noise=0.1)
    >>> clf = MLPClassifier((2,), activation="tanh", solver="lbfgs", random_state=0).fit(X[:100], y[:100])
    >>> display = RepresentationDisplay.from_estimator(clf, X[100:], y[100:]).plot()
    >>> len(display.axes_), len(display.boundary_lines_)
    (2, 1)
    """

    title = "What the network learned"
    axes_: list[Axes]
    points_: list[list[PathCollection]]
    boundary_lines_: list[Line2D]
    regions_: PolyCollection | None
    note_: Text | None
    names_: list[Text]
    legend_: Legend | None

    def __init__(
        self, spaces: Sequence[Representation], codes: Any, classes: Sequence[str], probes: pd.DataFrame | None = None
    ) -> None:
        self.spaces = tuple(spaces)
        self.codes: NDArray[np.intp] = np.asarray(codes, dtype=np.intp)
        self.classes = tuple(classes)
        self.probes = probes
        self.shown = _evenly(self.spaces, MAX_PANELS)

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any, *, layers: Any = None, probes: bool = True, max_rows: int = MAX_POINTS
    ) -> Self:
        """Carry rows through a fitted network.

        Parameters
        ----------
        clf : fitted classifier, autoencoder or pipeline
            A classifier of strates, an autoencoder (its spaces down to the code, whose plane shows whether classes
            that it was never told of lie apart), or a pipeline that ends in one.
        X : DataFrame or array of n_rows rows
            Rows that the network was not trained on, if the probes are to be believed.
        y : array-like of shape (n_rows,)
            Their classes.
        layers : sequence of (str or int), str, int or None, default=None
            Which spaces; see :func:`strates.inspection.representations`.
        probes : bool, default=True
            Whether to cross-validate classifiers in each space. There are none where the rows do not allow it, such as
            a single row.
        max_rows : int, default=1000
            Rows at most, drawn at random.

        Returns
        -------
        RepresentationDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            There is no such layer, or the network cannot be looked into.
        DataError
            X has no row, or X and y differ in length.
        """
        known = np.asarray(getattr(split_pipeline(clf)[1], "classes_", np.unique(y)))
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        if n_rows != len(y):
            raise DataError(f"X has {n_rows} rows and y has {len(y)} labels; they must be as many.")
        codes = encode_labels(y, known)
        rows = sample_rows(codes, max_rows, seed=0)
        few = take_rows(np.asarray(X) if isinstance(X, list) else X, rows)
        spaces = representations(clf, few, layers=layers)
        table = None
        if probes and np.unique(codes[rows], return_counts=True)[1].min() >= 2 and len(np.unique(codes[rows])) > 1:
            labels = np.asarray(y, dtype=object)[rows]
            n_folds = int(min(5, np.unique(codes[rows], return_counts=True)[1].min()))
            table = linear_probes(clf, few, labels, layers=layers, cv=n_folds)
        return cls(spaces, codes[rows], class_names(known), table)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the spaces."""
        n_rows, n_columns = self._grid()
        width = max(3.6, _PANEL * n_columns + 0.2)
        return width, (_PANEL + 0.75) * n_rows + legend_height(self.classes, set(self.codes.tolist()), width)

    def _grid(self) -> tuple[int, int]:
        n = len(self.shown)
        n_columns = n if n <= 4 else _COLUMNS
        return -(-n // n_columns), n_columns

    def _draw(self, ax: Axes) -> None:
        n_rows, n_columns = self._grid()
        places = [one for row in side_by_side(ax, n_rows, n_columns) for one in row]
        for unused in places[len(self.shown) :]:
            unused.set_axis_off()
        self.axes_ = places[: len(self.shown)]
        self.points_, self.boundary_lines_, self.regions_, self.note_, self.names_ = [], [], None, None, []
        for one, space in zip(self.axes_, self.shown, strict=True):
            self._draw_space(one, space)
        self.legend_ = draw_legend(ax, self.classes, set(self.codes.tolist()), self.figure_size()[0])
        settle(ax)

    def _draw_space(self, ax: Axes, space: Representation) -> None:
        points = space.projection
        if space.width == 1:  # a lane for each class, so that rows do not hide one another
            lanes = self.codes / max(len(self.classes) - 1, 1) - 0.5
            jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(points)) / max(len(self.classes), 2)
            points = np.column_stack([points[:, 0], lanes + jitter])
            box = _lane_box(points)
            ax.set_box_aspect(1)
        else:
            box = square_box(points)
            ax.set_aspect("equal")
        ax.set_xlim(box[0], box[1])
        ax.set_ylim(box[2], box[3])
        if space.boundary is not None:
            self.boundary_lines_, self.regions_ = draw_straight_boundary(ax, space.boundary, box)
            if not space.is_exact:
                self.note_ = _write_note(ax)
        self.points_.append(draw_points(ax, points, self.codes, len(self.classes)))
        self.names_ += name_classes(ax, points, self.codes, self.classes)
        self._label(ax, space)

    def _label(self, ax: Axes, space: Representation) -> None:
        ax.set_title(label_text(space.name, 26), fontsize=10, pad=19)
        ax.annotate(
            _about(space), (0.5, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=8.5, color=MUTED,
        )  # fmt: skip
        ax.tick_params(labelsize=8, length=2)
        ax.locator_params(nbins=4)
        shares = ["" if space.width <= 2 else f" ({100 * one:.0f} %)" for one in space.explained_variance_ratio]
        said = _probe_text(self.probes, space.name)
        ax.set_xlabel(
            label_text(space.axis_names[0], 20) + shares[0] + (f"\n{said}" if said else ""), fontsize=8.5, color=INK
        )
        if space.width == 1:
            ax.set_yticks([])
            ax.set_ylabel("classes", fontsize=8.5, color=MUTED)
        else:
            ax.set_ylabel(label_text(space.axis_names[1], 20) + shares[1], fontsize=8.5, labelpad=1)

    def describe(self) -> str:
        """Return the spaces, what the plane shows of each, how probes do in it, and where the boundary is straight."""
        told = [_describe(space, self.probes) for space in self.spaces]
        last = self.spaces[-1]
        boundary = ""
        if last.boundary is not None and last.is_exact:
            boundary = f" In {last.name} the network's boundary is straight."
        elif last.boundary is not None:
            boundary = (
                f" In {last.name} the network's boundary is a hyperplane; the straight line is where it cuts the plane "
                "through the mean."
            )
        hidden = len(self.spaces) - len(self.shown)
        left_out = f" {hidden} spaces between are not drawn." if hidden else ""
        rows = f"{len(self.codes)} row{'s' if len(self.codes) != 1 else ''}"
        return f"{rows} of {len(self.classes)} classes, space by space: {'; '.join(told)}.{boundary}{left_out}"


def _write_note(ax: Axes) -> Text:
    halo = [Stroke(linewidth=2.5, foreground="white"), Normal()]
    return ax.text(
        0.5, 0.02, "the boundary, cut by this plane", transform=ax.transAxes, ha="center", fontsize=8, color=INK,
        path_effects=halo, zorder=5,
    )  # fmt: skip


def _evenly(spaces: tuple[Representation, ...], most: int) -> tuple[Representation, ...]:
    if len(spaces) <= most:
        return spaces
    return tuple(spaces[round(i)] for i in np.linspace(0, len(spaces) - 1, most))


def _lane_box(points: Any) -> Box:
    left, right, _, _ = square_box(np.column_stack([points[:, 0], np.zeros(len(points))]))
    return left, right, -0.8, 0.8


def _about(space: Representation) -> str:
    noun = "column" if space.name == "input" else "unit"
    said = f"{space.width:,} {noun}{'s' if space.width > 1 else ''}"
    return said if space.is_exact else f"{said}, {100 * space.share_shown:.0f} % of variance"


def _probe_values(probes: pd.DataFrame | None, name: str) -> dict[str, float]:
    if probes is None:
        return {}
    table = probes[probes["space"] == name]
    return dict(zip(table["probe"], table["accuracy"], strict=True))


def _probe_text(probes: pd.DataFrame | None, name: str) -> str:
    values = _probe_values(probes, name)
    return " · ".join(f"{_PROBE_WORDS[probe]} {100 * value:.1f} %" for probe, value in values.items())


def _describe(space: Representation, probes: pd.DataFrame | None) -> str:
    values = [f"{_PROBE_WORDS[probe]} {value:.3f}" for probe, value in _probe_values(probes, space.name).items()]
    right = f", accuracy of {', '.join(values)}" if values else ""
    return f"{space.name} ({_about(space)}{right})"
