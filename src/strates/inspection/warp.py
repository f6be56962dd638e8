"""What a network does to the plane of its inputs, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.exceptions import ParameterError
from strates.inspection.dense_steps import DenseBlock, dense_blocks
from strates.inspection.hidden_layers import INPUT, output_weights
from strates.inspection.network_inputs import input_names, network_inputs
from strates.inspection.representations import plane_boundary, principal_plane
from strates.inspection.straight_boundary import Box, StraightBoundary

_WIDTHS = (2, 3)
# flattened: carried to less than this share of its length in one direction, where float64 tells it from nothing
_FLAT = 1e-14


@dataclass(frozen=True, eq=False)
class WarpedSpace:
    """The plane of inputs after one layer.

    Attributes
    ----------
    name : str
        "input", or the layer's name.
    width : int
        2, or 3: then the first two principal components of the carried grid are what the arrays hold.
    share_shown : float
        Share of the carried grid's variance that the two axes show: 1 for two units.
    axis_names : tuple of two str
    lines : ndarray of shape (2 * n_lines, n_points, 2)
        The grid's lines, carried here: first those upright in the input, from left to right, then the level ones.
    points : ndarray of shape (n_rows, 2)
        The rows, carried here.
    activation : str
        Of the layer; "" for the input.
    determinant : float or None
        Of the layer's weights (batch normalisation included): by how much it would grow areas without its activation,
        negative when it turns the plane over. None where the matrix is not square.
    condition : float
        Its largest singular value over its smallest; infinite for a singular matrix.
    share_flattened : float
        Share of the input's box that lies on a line or a point here: what was apart has become one, and no later
        layer can tell it apart. For relu it is where units are off.
    share_folded : float or None
        Share of the box, flattened parts aside, that lies turned over in comparison with the rest; None for 3 units,
        where a surface has no side. With two units a layer, an activation that rises cannot fold.
    areas : ndarray of shape (resolution, resolution)
        Growth of areas from the input to here, at the mesh; signed with two units.
    boundary : StraightBoundary or None
        How the output layer parts the last space.
    """

    name: str
    width: int
    share_shown: float
    axis_names: tuple[str, str]
    lines: FloatArray
    points: FloatArray
    activation: str
    determinant: float | None
    condition: float
    share_flattened: float
    share_folded: float | None
    areas: FloatArray
    boundary: StraightBoundary | None = None


@dataclass(frozen=True, eq=False)
class Warp:
    """A grid over the plane of inputs, carried through each layer of a network.

    Attributes
    ----------
    spaces : tuple of WarpedSpace
        The input first.
    box : tuple of float
        Left, right, bottom and top of the grid, in the input.
    mesh : ndarray of shape (resolution, resolution, 2)
        The points of the input at which areas and shares were computed.
    _blocks, _planes : tuple
        The layers, and the origin and axes in which each is seen.
    """

    spaces: tuple[WarpedSpace, ...]
    box: Box
    mesh: FloatArray
    _blocks: tuple[DenseBlock, ...]
    _planes: tuple[tuple[FloatArray, FloatArray], ...]

    def carry(self, points: Any) -> tuple[FloatArray, ...]:
        """Carry points of the input through each layer.

        Parameters
        ----------
        points : array-like of shape (..., 2)
            In what reaches the network.

        Returns
        -------
        tuple of ndarray of shape (..., 2)
            Where they are in each space, the input first.
        """
        return tuple(
            (values - center) @ axes
            for values, (center, axes) in zip(_through(self._blocks, points), self._planes, strict=True)
        )


def warp(
    clf: Any,
    X: Any,
    *,
    bounds: Box | None = None,
    n_lines: int = 21,
    n_points: int = 201,
    resolution: int = 101,
) -> Warp:
    """Carry a grid of the input plane through each layer of a network.

    A layer is an affine map followed by the same function of each unit. With two units, a regular matrix and a strictly
    rising activation (tanh) it bends the plane without tearing or folding it, so that what surrounds something goes on
    surrounding it; relu flattens the plane where units are off. A third unit is a way out of the plane.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Two columns reach its network, a chain of dense layers of two units each. Layers of three units are seen in the
        plane of their first two principal components.
    X : DataFrame or array of n_rows rows
        Rows to carry along, as the pipeline takes them.
    bounds : tuple of float, default=None
        Left, right, bottom and top of the grid in what reaches the network; by default the rows with a margin of 10 %.
    n_lines : int, default=21
        Lines in each direction, 2 at least.
    n_points : int, default=201
        Points of a line.
    resolution : int, default=101
        Points a side of the mesh for areas and shares.

    Returns
    -------
    Warp

    Raises
    ------
    ParameterError
        The input has not two columns, a layer is wider than 3 or narrower than 2, or is not dense; the message names
        it. Or the bounds are empty.

    References
    ----------
    Christopher Olah, "Neural Networks, Manifolds, and Topology", 2014.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(200, noise=0.1)
    >>> clf = MLPClassifier((2,), activation="tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> plane, hidden = warp(clf, X).spaces
    >>> hidden.lines.shape, hidden.share_flattened, hidden.share_folded
    ((42, 201, 2), 0.0, 0.0)
    """
    inputs, last = network_inputs(clf, X)
    last.transform(inputs)  # refuses what does not fit the network, or cannot be looked into
    rows = np.asarray(inputs.toarray() if hasattr(inputs, "toarray") else inputs, dtype=np.float64)
    rows = rows.reshape(len(rows), -1)
    blocks = dense_blocks(last.network_)
    _check_widths(rows.shape[1], blocks)
    box = _box(rows, bounds)
    mesh, lines = _mesh(box, resolution), _lines(box, n_lines, n_points)
    meshes, grids, points = (_through(blocks, one) for one in (mesh, lines, rows))
    jacobian: FloatArray = np.broadcast_to(np.eye(2), (*mesh.shape, 2))
    planes, spaces = [], []
    for number, block in enumerate((None, *blocks)):
        if block is not None:
            jacobian = block.jacobian(meshes[number - 1]) @ jacobian
        center, axes, ratio = principal_plane(meshes[number].reshape(-1, meshes[number].shape[-1]))
        planes.append((center, axes))
        names = input_names(clf, 2) if block is None else ("unit 1", "unit 2") if block.width == 2 else ("PC 1", "PC 2")
        determinant, condition = _of_matrix(np.eye(2) if block is None else block.kernel)
        flattened, folded, areas = _of_jacobians(jacobian)
        spaces.append(
            WarpedSpace(
                name=INPUT if block is None else block.name,
                width=axes.shape[0],
                share_shown=min(1.0, float(ratio.sum())),
                axis_names=(names[0], names[1]),
                lines=(grids[number] - center) @ axes,
                points=(points[number] - center) @ axes,
                activation="" if block is None else block.activation,
                determinant=determinant,
                condition=condition,
                share_flattened=flattened,
                share_folded=folded,
                areas=areas,
                boundary=plane_boundary(output_weights(last), center, axes) if number == len(blocks) else None,
            )
        )
    return Warp(tuple(spaces), box, mesh, blocks, tuple(planes))


def _through(blocks: tuple[DenseBlock, ...], points: Any) -> list[FloatArray]:
    found: list[FloatArray] = [np.asarray(points, dtype=np.float64)]
    for block in blocks:
        found.append(block.carry(found[-1]))
    return found


def _check_widths(n_inputs: int, blocks: tuple[DenseBlock, ...]) -> None:
    if n_inputs != 2:
        raise ParameterError(
            f"{n_inputs} columns reach the network; a plane of inputs has 2. Choose two columns of the table, or look "
            "at strates.inspection.representations, which takes any number."
        )
    for block in blocks:
        if block.width not in _WIDTHS:
            kind = "wide" if block.width > 3 else "narrow"
            raise ParameterError(
                f"Layer {block.name!r} has {block.width} unit{'s' if block.width > 1 else ''}, too {kind} to draw a "
                "plane in; each layer needs 2, or 3 to be seen by principal components. Fit hidden_layer_sizes=(2, 2), "
                "or look at strates.inspection.representations, which takes any width."
            )


def _box(rows: FloatArray, bounds: Box | None) -> Box:
    if bounds is None:
        low, high = rows.min(axis=0), rows.max(axis=0)
        margin = np.where(high > low, 0.1 * (high - low), 1.0)
        left, bottom = (low - margin).tolist()
        right, top = (high + margin).tolist()
        return left, right, bottom, top
    left, right, bottom, top = (float(one) for one in bounds)
    if not (left < right and bottom < top and np.isfinite([left, right, bottom, top]).all()):
        raise ParameterError(
            f"bounds={bounds!r} is no box; expected (left, right, bottom, top) with left < right and bottom < top."
        )
    return left, right, bottom, top


def _mesh(box: Box, resolution: int) -> FloatArray:
    left, right, bottom, top = box
    x, y = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return np.stack([x, y], axis=-1)


def _lines(box: Box, n_lines: int, n_points: int) -> FloatArray:
    """Return the points of the upright lines, then of the level ones, of shape (2 * n_lines, n_points, 2)."""
    left, right, bottom, top = box
    x, y = np.meshgrid(np.linspace(left, right, n_lines), np.linspace(bottom, top, n_points), indexing="ij")
    upright = np.stack([x, y], axis=-1)
    y, x = np.meshgrid(np.linspace(bottom, top, n_lines), np.linspace(left, right, n_points), indexing="ij")
    return np.concatenate([upright, np.stack([x, y], axis=-1)])


def _of_matrix(kernel: FloatArray) -> tuple[float | None, float]:
    """Return determinant and condition number."""
    determinant = float(np.linalg.det(kernel)) if kernel.shape[0] == kernel.shape[1] else None
    sizes = np.linalg.svd(kernel, compute_uv=False)
    return determinant, float(sizes[0] / sizes[-1]) if sizes[-1] > 0 else float("inf")


def _of_jacobians(jacobians: FloatArray) -> tuple[float, float | None, FloatArray]:
    """Return the shares flattened and folded, and the growth of areas, of maps of shape (m, m, width, 2)."""
    sizes = np.linalg.svd(jacobians, compute_uv=False)
    flat = sizes[..., 1] <= _FLAT * sizes[..., 0]
    if jacobians.shape[-2] > 2:
        return float(flat.mean()), None, np.where(flat, 0.0, sizes.prod(axis=-1))
    areas = np.where(flat, 0.0, np.linalg.det(jacobians))
    over, upright = int((areas < 0).sum()), int((areas > 0).sum())
    folded = min(over, upright) / max(over + upright, 1)
    return float(flat.mean()), folded, areas
