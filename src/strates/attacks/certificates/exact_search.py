"""Exact certificates of many rows: from a counterexample that is near to the nearest, or a proof that there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.attacks.certificates.certified_network import CertifiedNetwork
from strates.attacks.certificates.descent import descend
from strates.attacks.certificates.exact_certificate import nearest_counterexample
from strates.attacks.certificates.relu_blocks import ReluBlocks, relu_blocks
from strates.exceptions import ParameterError

#: Factor between one ball and the next, where no counterexample is known: small balls are soon searched.
_GROWTH = 1.5
#: How much further than a point to look for one that flips the class in float32 too, as a share of its distance.
_PUSHES = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 76)])


class ExactRow(NamedTuple):
    """Lower bound of the distance of the nearest counterexample; the one found, if any, and its distance."""

    radius: float
    counterexample: FloatArray | None
    distance: float


@dataclass(frozen=True, eq=False)
class ExactSearch:
    """The exact method, with its limits.

    Attributes
    ----------
    network : CertifiedNetwork
    epsilon : float or None
        How far to search; None for as far as it takes.
    time_limit : float
        Seconds for each row.
    max_unstable : int
        Relus that may change sign in the first ball that is searched.
    """

    network: CertifiedNetwork
    epsilon: float | None
    time_limit: float
    max_unstable: int

    def search(self, rows: AnyArray, known: FloatArray) -> list[ExactRow]:
        """Search around each of some rows, all of them right; ``known`` holds radii that are proved already."""
        blocks, network = relu_blocks(self.network.chain), self.network
        centres = network.rows[rows].reshape(len(rows), -1)
        differences = network.chain.differences(network.codes[rows])
        near = descend(blocks, centres, differences, network.low.ravel(), network.high.ravel())
        reach = network.out_of_reach("linf")[rows] if self.epsilon is None else np.full(len(rows), self.epsilon)
        found = []
        for i, row in enumerate(rows):
            best = self._verified(int(row), near.points[[i]] if np.isfinite(near.distances[i]) else near.points[:0])
            found.append(self._around(blocks, int(row), float(known[i]), float(reach[i]), best))
        return found

    def _around(self, blocks: ReluBlocks, row: int, proved: float, reach: float, best: ExactRow) -> ExactRow:
        """Search a ball that holds the best counterexample known, or balls that grow."""
        network, deadline = self.network, time.monotonic() + self.time_limit
        is_all = best.distance > reach
        radius = reach if self.epsilon is not None and is_all else min(reach, _GROWTH * proved)
        radius = radius if is_all else best.distance
        first = True
        while radius > 0 and proved < radius and time.monotonic() < deadline:
            ball = network.ball(np.array([row]), np.array([radius]), "linf")
            try:
                answer = nearest_counterexample(
                    network.chain, blocks, ball, int(network.codes[row]),
                    deadline=deadline, most_unstable=self.max_unstable,
                )  # fmt: skip
            except ParameterError:
                if first:
                    raise
                break
            first = False
            proved = max(proved, min(answer.lower, radius))
            if len(answer.points):
                best = min(best, self._verified(row, answer.points), key=lambda one: one.distance)
            if answer.lower < radius or np.isfinite(best.distance):
                break
            if radius >= reach:
                return ExactRow(np.inf if self.epsilon is None else proved, None, np.inf)
            radius = min(reach, _GROWTH * radius)
        return ExactRow(min(proved, best.distance), best.counterexample, best.distance)

    def _verified(self, row: int, points: FloatArray) -> ExactRow:
        """Return the nearest of some points, or just behind them, that the classifier itself gives another class."""
        nothing = ExactRow(0.0, None, np.inf)
        if not len(points):
            return nothing
        network, victim = self.network, self.network.victim
        centre = network.rows[row].ravel()
        tried = centre + (1 + _PUSHES[:, None, None]) * (points - centre)
        tried = np.clip(tried.reshape(-1, *network.chain.input_shape).astype(np.float32), victim.low, victim.high)
        distances = np.abs(tried.astype(np.float64).reshape(len(tried), -1) - centre).max(axis=1)
        distances[victim.predict_codes(tried) == network.codes[row]] = np.inf
        best = int(distances.argmin())
        return ExactRow(0.0, tried[best], float(distances[best])) if np.isfinite(distances[best]) else nothing
