"""How a classifier divides a plane."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from numpy.typing import ArrayLike

from strates.displays.boundary_areas import draw_areas, name_places, nearest, tie_lines
from strates.displays.boundary_labels import axis_label, by_rows, caption_lines, legend_columns, legend_keys
from strates.displays.boundary_points import draw_rings, draw_rows, fill_rows, write_marks, write_names
from strates.displays.boundary_shades import class_colours, leads, shaded_image
from strates.displays.boundary_words import boundary_words, caption_text
from strates.displays.display import Display
from strates.displays.style import INK, MUTED
from strates.displays.svg import figure_to_svg
from strates.exceptions import DataError, ParameterError
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.decision_boundary import decision_boundary
from strates.inspection.outcome import sample_rows
from strates.inspection.plane import Plane

MAX_POINTS = 1000
_WIDTH, _BESIDE, _LABEL = 5.2, 0.8, 0.2  # of the figure, what stands beside the axes, and a longer label, in inches


class DecisionBoundaryDisplay(Display):
    """Areas of the classes on a plane, the line where the two most probable are tied, and the rows.

    The deeper the colour, the further the most probable class leads the second; white is undecided. A row is drawn at
    the point of the plane nearest to it, with the marker and colour of its class. It is hollow where the classifier
    gives the row itself another class than the background there, and ringed where the classifier is wrong about it.

    Parameters
    ----------
    boundary : DecisionBoundary
        What :func:`strates.inspection.decision_boundary` returned.
    max_points : int, default=1000
        Rows to draw at most, drawn at random; the caption tells.
    caption : bool, default=True
        Whether to say below the axes how much of the data the plane shows.
    width : float, default=5.2
        Of the figure that :meth:`plot` makes when it is given no axes, in inches; 3.4 suits a phone or a column.

    Attributes
    ----------
    image_ : AxesImage or None
        The shades; None in a drawing made by :meth:`to_svg`, which has shapes instead.
    line_ : LineCollection
        Where the two most probable classes are tied.
    points_ : list of PathCollection
        The rows, one collection a class, in the order of the classes.
    rings_ : PathCollection or None
        Around the mistakes; None when the rows have no labels.
    names_ : list of (Annotation or None)
        Names written in the areas.
    legend_ : Legend
        Above the axes.
    caption_ : Annotation or None
        Below them.
    marks_ : list of Annotation
        Names of the three rows that define the plane, where rows do.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X, y)
    >>> display = DecisionBoundaryDisplay.from_estimator(clf, X, y, plane="discriminant").plot()
    >>> len(display.points_), len(display.rings_.get_offsets())
    (3, 4)
    """

    title = "Decision boundary"
    image_: AxesImage | None
    line_: LineCollection
    points_: list[PathCollection]
    rings_: PathCollection | None
    names_: list[Annotation | None]
    legend_: Legend
    caption_: Annotation | None
    marks_: list[Annotation]
    _as_shapes = False

    def __init__(
        self, boundary: DecisionBoundary, *, max_points: int = MAX_POINTS, caption: bool = True, width: float = _WIDTH
    ) -> None:
        if max_points < 0:
            raise ParameterError(f"max_points={max_points!r} cannot be used; expected 0 points or more.")
        if not 2 <= width <= 40:
            raise ParameterError(f"width={width!r} cannot be used; expected 2 to 40 inches.")
        self.boundary = boundary
        self.caption = caption
        self.width = width
        self.shown = sample_rows(self._groups, max_points, 0)[:max_points]
        self.colours = class_colours(len(boundary.classes), last_is_rest=boundary.n_merged > 0)

    @classmethod
    def from_boundary(
        cls, boundary: DecisionBoundary, *, max_points: int = MAX_POINTS, caption: bool = True, width: float = _WIDTH
    ) -> Self:
        """Take what :func:`strates.inspection.decision_boundary` returned; see the class for the parameters."""
        return cls(boundary, max_points=max_points, caption=caption, width=width)

    @classmethod
    def from_estimator(
        cls,
        est: Any,
        X: Any,
        y: Any = None,
        *,
        plane: str | Plane = "auto",
        features: Sequence[Any] | None = None,
        rows: Sequence[int] | None = None,
        at: Any = "median",
        classes: Sequence[Any] | None = None,
        resolution: int = 200,
        margin: float = 0.05,
        max_points: int = MAX_POINTS,
        caption: bool = True,
        width: float = _WIDTH,
    ) -> Self:
        """Ask a classifier on a plane through the data.

        Parameters
        ----------
        est : fitted classifier or pipeline
            Anything with ``classes_``, ``predict`` and ``predict_proba``.
        X : DataFrame or array of n_rows rows
            What it takes.
        y : array-like of shape (n_rows,), default=None
            Their classes; without them the rows bear those that they are given.
        plane, features, rows, at, classes, resolution, margin
            As :func:`strates.inspection.decision_boundary` takes them.
        max_points, caption, width
            As the class takes them.

        Returns
        -------
        DecisionBoundaryDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            A choice does not suit the table or the classifier.
        DataError
            The table has too few rows or numbers.
        """
        found = decision_boundary(
            est, X, y, plane=plane, features=features, rows=rows, at=at, classes=classes, resolution=resolution,
            margin=margin,
        )  # fmt: skip
        return cls(found, max_points=max_points, caption=caption, width=width)

    # -- the drawing ----------------------------------------------------------------------------------

    def figure_size(self) -> tuple[float, float]:
        """Return a size that suits the shape of the plane, the legend and the caption."""
        box, texts = self._box(self.width), self._keys()[1]
        n_lines = axis_label(self.boundary.axis_names[0], box).count("\n") + 1
        n_lines += len(caption_lines(self._caption_text(), box)) if self.caption else 0
        n_rows = -(-len(texts) // legend_columns(texts, box))
        return self.width, box * self._ratio() + 0.45 + 0.19 * n_rows + 0.16 * n_lines

    def _box(self, width: float) -> float:
        """Return the width of the axes in a figure of theirs."""
        return width - _BESIDE - (_LABEL if self.boundary.same_unit else 0.0)

    def _ratio(self) -> float:
        """Return the height of the axes for a width of 1."""
        if not self.boundary.same_unit:
            return 0.78
        x, y = self.boundary.x, self.boundary.y
        return float(np.clip((y[-1] - y[0]) / (x[-1] - x[0]), 0.5, 1.2))

    def _draw(self, ax: Axes) -> None:
        boundary = self.boundary
        x, y = boundary.x, boundary.y
        ahead = leads(boundary.probabilities)
        self.image_ = None
        if self._as_shapes:
            draw_areas(ax, x, y, ahead, self.colours)
        else:
            step_x, step_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
            self.image_ = ax.imshow(
                shaded_image(ahead, self.colours),
                origin="lower",
                extent=(x[0] - step_x, x[-1] + step_x, y[0] - step_y, y[-1] + step_y),
                interpolation="bilinear",
                aspect="auto",
                zorder=0,
            )
        self.line_ = LineCollection(tie_lines(x, y, ahead), colors=INK, linewidths=1.3, zorder=2)
        ax.add_collection(self.line_, autolim=False)
        self._draw_rows(ax)
        self.names_ = write_names(
            ax, boundary.classes, name_places(x, y, ahead, boundary.points[self.shown]), self.colours
        )
        self.marks_ = write_marks(ax, boundary.marks, float(x[0] + x[-1]) / 2)
        ax.set_xlim(x[0], x[-1])
        ax.set_ylim(y[0], y[-1])
        ax.set_aspect("equal" if boundary.same_unit else "auto")
        ax.grid(False)
        ax.spines[:].set_visible(True)
        self._label(ax)

    def _draw_rows(self, ax: Axes) -> None:
        boundary, shown = self.boundary, self.shown
        points = boundary.points[shown]
        self.points_ = draw_rows(ax, points, self._groups[shown], self.colours)
        fill_rows(self.points_, self._groups[shown], self._hollow, self.colours)
        wrong = self._wrong
        self.rings_ = None if wrong is None else draw_rings(ax, points[wrong], len(points))

    @property
    def _groups(self) -> Any:
        """The class whose marker each row bears: its own, or, where that is unknown, the one that it is given."""
        return self.boundary.predicted if self.boundary.labels is None else self.boundary.labels

    @property
    def _hollow(self) -> Any:
        return (self.boundary.predicted != self.boundary.background)[self.shown]

    @property
    def _wrong(self) -> Any:
        mistakes = self.boundary.mistakes
        return None if mistakes is None else mistakes[self.shown]

    def _keys(self) -> tuple[list[Line2D], list[str]]:
        ring = self._wrong is not None and bool(self._wrong.any())
        return legend_keys(self.boundary.classes, self.colours, ring=ring, hollow=bool(self._hollow.any()))

    def _caption_text(self) -> str:
        return caption_text(self.boundary, len(self.shown))

    def _label(self, ax: Axes) -> None:
        figure: Any = ax.figure
        alone = figure.axes == [ax]  # then the layout gives it all the room, of which the labels take some
        box = (
            self._box(figure.get_figure(root=True).get_figwidth())
            if alone
            else ax.get_window_extent().width / figure.dpi
        )
        size = 9 if self.boundary.same_unit else 10
        across, aside = self.boundary.axis_names
        ax.set_xlabel(axis_label(across, box), fontsize=size)
        ax.set_ylabel(axis_label(aside, box * self._ratio()), fontsize=size)
        handles, texts = self._keys()
        n_columns = legend_columns(texts, box)
        order = by_rows(len(texts), n_columns)
        self.legend_ = ax.legend(
            [handles[k] for k in order], [texts[k] for k in order], loc="lower left", bbox_to_anchor=(0, 1.0),
            ncols=n_columns, borderaxespad=0.2, handlelength=1.0, handletextpad=0.4, columnspacing=1.0, borderpad=0.2,
        )  # fmt: skip
        self.caption_ = None
        if self.caption:
            self.caption_ = ax.annotate(
                "\n".join(caption_lines(self._caption_text(), box)), (0, 0), xycoords=("axes fraction", ax.xaxis.label),
                xytext=(0, -7), textcoords="offset points", va="top", ha="left", fontsize=8, color=MUTED,
                linespacing=1.3, annotation_clip=False,
            )  # fmt: skip

    # -- what can be done with it ---------------------------------------------------------------------

    def set_probabilities(self, probabilities: ArrayLike, predicted: ArrayLike | None = None) -> None:
        """Draw other probabilities on the same grid, in milliseconds: the next frame of a film.

        The name of an area is hidden while its place belongs to another class. Axes, rows and caption stay.

        Parameters
        ----------
        probabilities : array-like of shape (n, n, n_classes)
            Such as ``boundary.probabilities_of(frame)``.
        predicted : array-like of shape (n_rows,), default=None
            Index of the class that each row of ``boundary.points`` is given now. With it the rings follow, and rows
            become hollow or full (the background being that of the nearest point of the grid); without it they stay.

        Raises
        ------
        ParameterError
            Nothing is drawn yet.
        DataError
            A shape is another.
        """
        boundary = self.boundary
        if getattr(self, "image_", None) is None:
            raise ParameterError("There is no picture to change. Call plot() first.")
        values = np.asarray(probabilities)
        if values.shape != boundary.probabilities.shape:
            raise DataError(
                f"The probabilities have shape {values.shape}; expected {boundary.probabilities.shape}, those of the "
                "grid. Take boundary.probabilities_of(clf)."
            )
        ahead = leads(values)
        best = ahead.argmax(axis=-1)
        self.image_.set_data(shaded_image(ahead, self.colours))  # type: ignore[union-attr]
        self.line_.set_segments(tie_lines(boundary.x, boundary.y, ahead))
        for k, name in enumerate(self.names_):
            if name is not None:
                name.set_visible(bool(best[nearest(boundary.x, boundary.y, np.array([name.xy]))][0] == k))
        if predicted is not None:
            self._set_predicted(np.asarray(predicted), best)

    def _set_predicted(self, predicted: Any, best: Any) -> None:
        boundary, shown = self.boundary, self.shown
        if predicted.shape != boundary.predicted.shape:
            raise DataError(
                f"predicted has shape {predicted.shape}; expected {boundary.predicted.shape}, a class for each of "
                "boundary.points."
            )
        points = boundary.points[shown]
        hollow = predicted[shown] != best[nearest(boundary.x, boundary.y, points)]
        fill_rows(self.points_, self._groups[shown], hollow, self.colours)
        if self.rings_ is not None and boundary.labels is not None:
            self.rings_.set_offsets(points[boundary.labels[shown] != predicted[shown]])

    def to_svg(self) -> str:
        """Return a fresh drawing as an ``<svg>`` element, its areas as shapes, with title and description."""
        fresh = copy.copy(self)
        fresh._as_shapes = True
        return figure_to_svg(fresh.plot().figure_, title=self.title, description=self.describe())

    def describe(self) -> str:
        """Return the axes, the areas, the share of variance, the distances, and how many rows the background belies."""
        return boundary_words(self.boundary, len(self.shown))
