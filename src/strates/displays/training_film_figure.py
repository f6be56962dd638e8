"""The figure of a film of learning: its panels in two columns, laid out once, moved frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.gridspec import SubplotSpec
from numpy.typing import NDArray

from strates.displays.style import new_axes, style
from strates.displays.training_film_curves import LossPanel, weights_panel
from strates.displays.training_film_panels import BoundaryPanel, RepresentationPanel
from strates.exceptions import ParameterError
from strates.inspection.training_frames import TrainingFrames

_LEFT, _RIGHT = 4.95, 4.05  # inches
_AXES = 4.2  # of which the boundary's axes take so many
_LOSS, _WEIGHTS = 1.55, 1.9
_MOST_LAYOUTS, _AT_REST = 6, 5e-4  # the latter as a share of the figure: half a pixel of 900


class FilmPanels:
    """Boundary above loss on the left, last hidden layer above weights on the right.

    Without a hidden layer the loss takes its place, and the boundary has the left to itself.

    Parameters
    ----------
    ax : Axes
        Where; left empty, as the frame of the panels.
    frames : TrainingFrames

    Attributes
    ----------
    boundary, representation, loss, weights
        The panels; ``representation`` is None without a hidden layer.
    """

    def __init__(self, ax: Axes, frames: TrainingFrames) -> None:
        figure: Any = ax.get_figure(root=False)
        place = ax.get_subplotspec()
        if place is None:
            raise ParameterError("A film needs axes of a grid, such as Figure().subplots(); these have a free place.")
        ax.set_axis_off()
        halves = place.subgridspec(1, 2, width_ratios=[_LEFT, _RIGHT])
        height, moving = film_size(frames)[1], frames.representation
        if moving is None:
            columns = [1.0], [1.0, 1.0]
        else:
            upper = min(_RIGHT, height - _WEIGHTS)
            columns = [height - _LOSS, _LOSS], [upper, height - upper]
        self._left, self._right = (_stack(figure, halves[0, side], heights) for side, heights in enumerate(columns))
        self.boundary = BoundaryPanel(self._left[0], frames, inches=_AXES)
        self.representation = None
        if moving is not None:
            colours = self.boundary.display.colours
            self.representation = RepresentationPanel(self._right[0], frames, moving, colours)
        self.loss = LossPanel(self._left[1] if moving is not None else self._right[0], frames)
        self.weights = weights_panel(self._right[1], frames)

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        for panel in (self.boundary, self.representation, self.loss, self.weights):
            if panel is not None:
                panel.show(frame)

    def gap(self) -> int:
        """Return the middle of the gap between the two columns, in pixels from the left."""
        ends = [[getattr(one.get_tightbbox(), "x1", 0.0) for one in self._left]]
        ends += [[getattr(one.get_tightbbox(), "x0", 0.0) for one in self._right]]
        return round((max(ends[0]) + min(ends[1])) / 2)


def _stack(figure: Any, place: SubplotSpec, heights: list[float]) -> list[Axes]:
    grid = place.subgridspec(len(heights), 1, height_ratios=heights)
    return [figure.add_subplot(grid[row, 0]) for row in range(len(heights))]


def film_size(frames: TrainingFrames) -> tuple[float, float]:
    """Return width and height of the figure in inches: it suits the shape of the plane."""
    boundary = frames.boundary
    ratio = 0.8
    if boundary.same_unit:
        ratio = float(np.clip(np.ptp(boundary.y) / np.ptp(boundary.x), 0.6, 1.0))
    return _LEFT + _RIGHT, _AXES * ratio + 1.1 + _LOSS


def settle(figure: Any) -> None:
    """Lay a figure out once and for all: nothing jumps, and a frame takes a third of the time."""
    before = np.zeros(0)
    for _ in range(_MOST_LAYOUTS):  # axes of a fixed shape come to rest bit by bit
        figure.draw_without_rendering()
        places = np.concatenate([ax.get_position().extents for ax in figure.axes])
        if len(before) and np.abs(places - before).max() < _AT_REST:
            break
        before = places
    figure.set_layout_engine("none")


def film_images(frames: TrainingFrames, wanted: Sequence[int], *, dpi: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Draw frames one after the other on one figure.

    Parameters
    ----------
    frames : TrainingFrames
    wanted : sequence of int
        Which, counted from 0; one at least.
    dpi : int
        Dots an inch.

    Yields
    ------
    image : ndarray of shape (height, width, 3), uint8
        Red, green and blue.
    gap : int
        The middle of the gap between the columns of panels, in pixels from the left.
    """
    with style():
        ax = new_axes(*film_size(frames))
        figure: Any = ax.figure
        figure.set_dpi(dpi)
        canvas: Any = FigureCanvasAgg(figure)
        panels = FilmPanels(ax, frames)
        panels.show(wanted[0])
        settle(figure)
        gap = panels.gap()
    for frame in wanted:
        with style():  # not over the yield: whoever takes the image has settings of their own
            panels.show(frame)
            canvas.draw()
        yield np.array(canvas.buffer_rgba())[..., :3], gap
