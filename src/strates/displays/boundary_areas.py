"""The lines between the areas of a plane, the areas themselves, and where to write their names."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from strates._types import FloatArray
from strates.displays.boundary_shades import shade

_DEPTHS = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97, 2.0)
_ROOM, _LITTLE_ROOM = 0.03, 0.05  # above and below a name, as a share of the picture, beside points and over them
_NARROWER = 0.4


def tie_lines(x: FloatArray, y: FloatArray, ahead: FloatArray) -> list[FloatArray]:
    """Return the lines on which the two most probable classes are tied.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Coordinates of the grid.
    ahead : ndarray of shape (n, n, n_classes)
        Lead of each class, as :func:`strates.displays.boundary_shades.leads` returns it.

    Returns
    -------
    list of ndarray of shape (n_corners, 2)
        Of more than two classes, the line between two of them comes twice, once for each.
    """
    scratch = Figure().add_subplot()
    n_classes = ahead.shape[-1]
    lines: list[FloatArray] = []
    for k in range(1 if n_classes == 2 else n_classes):
        lead = ahead[..., k]
        if lead.min() < 0 < lead.max():
            drawn = scratch.contour(x, y, lead, levels=[0.0])
            for path in drawn.get_paths():
                path.should_simplify = False  # it would be in units of the data, not of pixels
                lines += [np.asarray(line) for line in path.to_polygons(closed_only=False)]
            drawn.remove()
    return lines


def draw_areas(ax: Axes, x: FloatArray, y: FloatArray, ahead: FloatArray, colours: FloatArray) -> list[QuadContourSet]:
    """Fill the area of each class in steps of depth, as shapes that stay sharp at any size.

    Parameters
    ----------
    ax : Axes
    x, y : ndarray of shape (n,)
        Coordinates of the grid.
    ahead : ndarray of shape (n, n, n_classes)
        Lead of each class.
    colours : ndarray of shape (n_classes, 3)

    Returns
    -------
    list of QuadContourSet
    """
    drawn = []
    for k, colour in enumerate(colours):
        lead = ahead[..., k]
        for low, high in pairwise(_DEPTHS):
            if lead.max() > low and (low > 0 or lead.max() > 0):
                # each step covers the deeper ones too, so that no seam shows between them
                tint = shade(colour, np.array((low + min(high, 1.0)) / 2))
                levels = [low, 2.0] if lead.min() < low else [-2.0, 2.0]
                drawn.append(ax.contourf(x, y, lead, levels=levels, colors=[tuple(tint)], zorder=0))
    return drawn


def name_places(
    x: FloatArray, y: FloatArray, ahead: FloatArray, points: FloatArray
) -> list[tuple[float, float] | None]:
    """Return where there is most room for the name of each class: inside its area, off the points where possible.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Coordinates of the grid.
    ahead : ndarray of shape (n, n, n_classes)
        Lead of each class.
    points : ndarray of shape (n_points, 2)
        What not to cover.

    Returns
    -------
    list of (tuple of float, or None)
        None for a class without an area, or with a small one.
    """
    best, n = ahead.argmax(axis=-1), len(x)
    free = np.ones((n, n), dtype=bool)
    free[nearest(x, y, points)] = False
    places: list[tuple[float, float] | None] = []
    for k in range(ahead.shape[-1]):
        own = best == k
        places.append(_roomiest(x, y, own & free, _ROOM) or _roomiest(x, y, own, _LITTLE_ROOM))
    return places


def nearest(x: FloatArray, y: FloatArray, points: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row and the column of the grid's point that is nearest to each of some points.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Coordinates of the grid, evenly spaced.
    points : ndarray of shape (n_points, 2)

    Returns
    -------
    tuple of two ndarray of shape (n_points,)

    Examples
    --------
    >>> rows, columns = nearest(np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0, 7.0]), np.array([[1.9, 5.2]]))
    >>> rows.tolist(), columns.tolist()
    ([0], [2])
    """
    places = [
        np.clip(np.rint((points[:, axis] - grid[0]) / (grid[-1] - grid[0]) * (len(grid) - 1)), 0, len(grid) - 1)
        for axis, grid in enumerate((x, y))
    ]
    return places[1].astype(np.intp), places[0].astype(np.intp)


def _roomiest(x: FloatArray, y: FloatArray, allowed: FloatArray, room: float) -> tuple[float, float] | None:
    # a name is wider than high: what is beside it counts as nearer
    distance = distance_transform_edt(np.pad(allowed, 1), sampling=(1.0, _NARROWER))[1:-1, 1:-1]
    if distance.max() < room * len(x):
        return None
    best = np.argwhere(distance >= 0.999 * distance.max())  # of equal places the one in their midst
    row, column = best[np.square(best - best.mean(axis=0)).sum(axis=1).argmin()]
    return float(x[column]), float(y[row])
