"""Which values of a drawn circuit stand in which column, in what order and at what height."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from statistics import fmean

from strates.backprop import Circuit

PORT = 0.075  # inches of two wires into a box, above and below its middle
HALF_NODE, HALF_WIRE = 0.31, 0.12  # room above and below: for a box with its name and numbers, for a wire that passes
_SWEEPS = 12
_UNORDERED = ("+", "*", "maximum")  # which of the wires is above does not matter


class CircuitColumns:
    """Which values stand in, or pass through, each column, and in what order.

    A value stands in the column before the first of its uses; its wire passes through the columns up to the last.

    Parameters
    ----------
    circuit : Circuit

    Attributes
    ----------
    column_of : list of int
        The column of each value.
    columns : list of lists of int
        The values in each column, from the top.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        n = len(circuit.nodes)
        self.column_of = [circuit.depth] * n
        for number in reversed(range(n - 1)):
            self.column_of[number] = min(self.column_of[use.node] for use in circuit.nodes[number].uses) - 1
        self.columns: list[list[int]] = [[] for _ in range(circuit.depth + 1)]
        for number in self._from_the_output():
            last = max((self.column_of[use.node] for use in circuit.nodes[number].uses), default=circuit.depth + 1)
            for column in range(self.column_of[number], last):
                self.columns[column].append(number)

    def _from_the_output(self) -> Iterator[int]:
        """Yield values from the output backwards, operands in their order: a tree is then without crossings."""
        seen: set[int] = set()
        stack = [len(self.circuit.nodes) - 1]
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                yield number
                stack.extend(reversed(self.circuit.nodes[number].parents))

    def is_wire(self, number: int, column: int) -> bool:
        """Whether a value only passes through a column in which it is listed."""
        return column > self.column_of[number]

    def links(self, column: int) -> list[tuple[int, int, float]]:
        """Return the wires from a column to the next: value, what it goes to (itself, if it passes), port."""
        place = {number: i for i, number in enumerate(self.columns[column])}
        links = [(number, number, 0.0) for number in self.columns[column + 1] if number in place]
        for target in self.columns[column + 1]:
            if self.is_wire(target, column + 1):
                continue
            node = self.circuit.nodes[target]
            parents = sorted(node.parents, key=place.__getitem__) if node.operation in _UNORDERED else node.parents
            ports = (PORT, -PORT) if len(parents) == 2 else (0.0,) * len(parents)
            links += [(parent, target, port) for parent, port in zip(parents, ports, strict=True)]
        return links

    def crossings(self) -> int:
        """Return how many pairs of wires cross between neighbouring columns."""
        return sum(self._crossings(gap) for gap in range(len(self.columns) - 1))

    def _crossings(self, *gaps: int) -> int:
        """Return the crossings behind the given columns, as far as there are such."""
        found = 0
        for gap in gaps:
            if 0 <= gap < len(self.columns) - 1:
                left = {number: i for i, number in enumerate(self.columns[gap])}
                right = {number: i for i, number in enumerate(self.columns[gap + 1])}
                ends = sorted((left[start], right[end] - port) for start, end, port in self.links(gap))
                found += sum(a < c and b > d for (a, b), (c, d) in itertools.combinations(ends, 2))
        return found

    def untangle(self) -> None:
        """Reorder the columns until fewer crossings are not found: by averages, then by exchanges of neighbours."""
        best, kept = self.crossings(), [list(column) for column in self.columns]
        for sweep in range(_SWEEPS):
            if not best:
                break
            self._sort_by_averages(leftwards=sweep % 2 == 0)
            self._exchange_neighbours()
            if self.crossings() < best:
                best, kept = self.crossings(), [list(column) for column in self.columns]
        self.columns = kept

    def _sort_by_averages(self, *, leftwards: bool) -> None:
        gaps = range(len(self.columns) - 1)
        for gap in reversed(gaps) if leftwards else gaps:
            links = self.links(gap)
            moved, fixed = (gap, gap + 1) if leftwards else (gap + 1, gap)
            places: dict[int, list[float]] = {number: [] for number in self.columns[moved]}
            for start, end, port in links:
                if leftwards:
                    places[start].append(self.columns[fixed].index(end) - port)
                else:
                    places[end].append(self.columns[fixed].index(start))
            order = self.columns[moved]
            averages = {number: fmean(found) if found else order.index(number) for number, found in places.items()}
            order.sort(key=averages.__getitem__)

    def _exchange_neighbours(self) -> None:
        for column, order in enumerate(self.columns):
            before = self._crossings(column - 1, column)
            for i in range(len(order) - 1):
                if not before:
                    break
                order[i], order[i + 1] = order[i + 1], order[i]
                after = self._crossings(column - 1, column)
                if after < before:
                    before = after
                else:
                    order[i], order[i + 1] = order[i + 1], order[i]

    def heights(self) -> list[dict[int, float]]:
        """Return y for each value in each column: near what it is joined to, and far enough from its neighbours."""
        heights = [dict.fromkeys(order, 0.0) for order in self.columns]
        columns = range(len(heights))
        for sweep in range(4 * _SWEEPS):
            for column in columns if sweep % 2 else reversed(columns):
                self._level(heights, column)
        for column in columns:  # at last from the left alone, which makes chains straight
            self._level(heights, column, backwards=True)
        return heights

    def _level(self, heights: list[dict[int, float]], column: int, *, backwards: bool = False) -> None:
        """Move the values of a column towards the mean height of what they are joined to."""
        order = self.columns[column]
        wanted: dict[int, list[float]] = {number: [] for number in order}
        for start, end, port in self.links(column - 1) if column else ():
            wanted[end].append(heights[column - 1][start] - port)
        for start, end, port in self.links(column) if column < len(heights) - 1 else ():
            if not (backwards and wanted[start]):
                wanted[start].append(heights[column + 1][end] + port)
        half = [HALF_WIRE if self.is_wire(number, column) else HALF_NODE for number in order]
        means = [fmean(wanted[number] or [0.0]) for number in order]
        heights[column] = dict(zip(order, _spread(means, half), strict=True))


def _spread(wanted: Sequence[float], half: Sequence[float]) -> list[float]:
    """Return the heights nearest to the wanted ones (least squares) that fall from one to the next by enough room.

    >>> _spread([0.0, 0.0], [0.31, 0.31])
    [0.31, -0.31]
    """
    offsets = list(itertools.accumulate((a + b for a, b in itertools.pairwise(half)), initial=0.0))
    blocks: list[list[float]] = []  # pool adjacent violators: heights plus offsets must not rise
    for height, offset in zip(wanted, offsets, strict=True):
        blocks.append([height + offset])
        while len(blocks) > 1 and fmean(blocks[-2]) < fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1].extend(last)
    levels = [fmean(block) for block in blocks for _ in block]
    return [level - offset for level, offset in zip(levels, offsets, strict=True)]
