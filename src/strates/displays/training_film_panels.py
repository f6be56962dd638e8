"""The two spaces that a film of learning shows: each panel is drawn once, and then only moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from strates._types import FloatArray
from strates.displays.boundary_labels import by_rows, legend_columns, legend_keys
from strates.displays.boundary_points import draw_rows, fill_rows
from strates.displays.class_points import square_box
from strates.displays.decision_boundary import DecisionBoundaryDisplay
from strates.displays.style import INK, label_text
from strates.inspection.moving_representation import MovingRepresentation
from strates.inspection.straight_boundary import Box
from strates.inspection.training_frames import TrainingFrames


class BoundaryPanel:
    """The areas of the classes, and the rows with their mistakes.

    Parameters
    ----------
    ax : Axes
    frames : TrainingFrames
    inches : float
        Width of the axes, about.
    """

    def __init__(self, ax: Axes, frames: TrainingFrames, *, inches: float) -> None:
        self._frames = frames
        boundary = frames.boundary
        self._labels: Any = boundary.labels
        self.display = DecisionBoundaryDisplay(boundary, max_points=len(boundary.points), caption=False).plot(ax)
        handles, texts = self._keys()
        n_columns = legend_columns(texts, inches)
        order = by_rows(len(texts), n_columns)
        ax.legend(
            [handles[k] for k in order], [texts[k] for k in order], loc="lower left", bbox_to_anchor=(0, 1.0),
            ncols=n_columns, borderaxespad=0.2, handlelength=1.0, handletextpad=0.4, columnspacing=1.0, borderpad=0.2,
        )  # fmt: skip
        above = 7 + 13.5 * -(-len(texts) // n_columns)
        self.title = ax.set_title("", loc="left", pad=above, fontsize=12, fontweight="bold")

    def _keys(self) -> tuple[list[Line2D], list[str]]:
        """Return the keys of all that some frame shows."""
        frames = self._frames
        ring = bool((frames.predicted != self._labels).any())
        hollow = bool((frames.predicted != frames.background).any())
        return legend_keys(frames.boundary.classes, self.display.colours, ring=ring, hollow=hollow)

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        frames, display = self._frames, self.display
        display.set_probabilities(frames.probabilities[frame])
        predicted = frames.predicted[frame]
        fill_rows(display.points_, self._labels, predicted != frames.background[frame], display.colours)
        if display.rings_ is not None:
            display.rings_.set_offsets(frames.boundary.points[predicted != self._labels])
        self.title.set_text(frame_words(frames, frame))


class RepresentationPanel:
    """The rows in the last hidden layer, and the straight boundary there; the axes widen and move with the rows.

    Parameters
    ----------
    ax : Axes
    frames : TrainingFrames
    moving : MovingRepresentation
        That of ``frames``.
    colours : ndarray of shape (n_classes, 3)
        Those of the other panel.
    """

    def __init__(self, ax: Axes, frames: TrainingFrames, moving: MovingRepresentation, colours: FloatArray) -> None:
        self._ax, self._moving, self._colours = ax, moving, colours
        self._codes: Any = np.asarray(frames.boundary.labels)
        self._places = _with_lanes(moving, self._codes, len(colours))
        self.points = draw_rows(ax, self._places[-1], self._codes, colours)
        self.lines = LineCollection([], colors=INK, linewidths=1.6, zorder=2)
        self.sides = PolyCollection([], edgecolors="none", alpha=0.13, zorder=1)
        for collection in (self.lines, self.sides):
            ax.add_collection(collection, autolim=False)
        self.title = ax.set_title("", loc="left", fontsize=10)
        ax.set_xlabel(moving.axis_names[0], fontsize=8.5)
        ax.set_ylabel(moving.axis_names[1], fontsize=8.5, labelpad=1)
        ax.tick_params(labelsize=8, length=2)
        ax.locator_params(nbins=3)
        ax.yaxis.set_major_formatter(_of_one_width)
        if moving.width > 1:
            ax.set_aspect("equal")
        else:
            ax.set_yticks([])

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        moving, places = self._moving, self._places[frame]
        for k, collection in enumerate(self.points):
            collection.set_offsets(places[self._codes == k])
        box = _lane_box(places) if moving.width == 1 else square_box(places)
        self._ax.set_xlim(box[0], box[1])
        self._ax.set_ylim(box[2], box[3])
        boundary = moving.boundaries[frame]
        regions = [] if boundary is None else boundary.regions(box)
        self.lines.set_segments([] if boundary is None else [ends for _, _, ends in boundary.lines(box)])
        self.sides.set_verts([corners for _, corners in regions])
        self.sides.set_facecolor([tuple(self._colours[k]) for k, _ in regions])
        units = f"{moving.width:,} unit{'s' if moving.width > 1 else ''}"
        share = "" if moving.is_exact else f", {100 * moving.shares[frame]:.0f} % of variance"
        self.title.set_text(f"{label_text(moving.name)}: {units}{share}")


def frame_words(frames: TrainingFrames, frame: int) -> str:
    """Return when a frame was taken and how many of the rows it has right.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> taken: Any = SimpleNamespace(steps=[0, 1250], epochs=[0, 12.5], accuracy=[0.5, 0.975], best_epoch=None)
    >>> frame_words(taken, 1)
    'step 1,250, epoch 12.5: 97.5 % right'
    """
    epoch, n = frames.epochs[frame], len(frames.steps)
    epochs = f"{epoch:,.0f}" if epoch >= 100 or epoch == round(epoch) else f"{epoch:.3g}"
    if frames.best_epoch is not None and frame == n - 1:  # the weights that early stopping went back to
        epochs += f" ({frames.best_epoch} kept)"
    return f"step {frames.steps[frame]:,}, epoch {epochs}: {100 * frames.accuracy[frame]:.1f} % right"


def _of_one_width(value: float, position: float) -> str:
    """Write a tick so that its width stays while the axis moves, and nothing beside it jumps."""
    return f"{value:.3g}".replace("-", "\u2212").rjust(5, "\u2007")


def _with_lanes(moving: MovingRepresentation, codes: Any, n_classes: int) -> FloatArray:
    """Give the rows of a single unit a lane for each class, so that they do not hide one another."""
    if moving.width != 1:
        return moving.projections
    lanes = codes / max(n_classes - 1, 1) - 0.5
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(codes)) / max(n_classes, 2)
    along = moving.projections[..., 0]
    return np.stack([along, np.broadcast_to(lanes + jitter, along.shape)], axis=-1)


def _lane_box(places: FloatArray) -> Box:
    left, right, _, _ = square_box(places * [1.0, 0.0])
    return left, right, -0.8, 0.8
