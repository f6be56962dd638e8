"""What one distance and the largest have in common: reading, asking in batches, reporting."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import check_choice, check_positive
from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.certificates.certified_network import CertifiedNetwork
from strates.attacks.certificates.largest_radius import largest_radius
from strates.attacks.certificates.margins import Relaxation, least_margin
from strates.exceptions import ParameterError

Method = Literal["interval", "linear", "exact"]
_METHODS = ("interval", "linear", "exact")
_NORMS = ("linf", "l2", "l1")


class Report:
    """Collects what is known of each row."""

    def __init__(self, network: CertifiedNetwork, radius: FloatArray) -> None:
        self.network = network
        self.radius = radius
        self.distance = np.full(len(radius), np.inf)
        self.counterexamples: FloatArray | None = None

    def add(self, rows: AnyArray, found: Any) -> None:
        """Take in what the exact search found."""
        examples = np.full(self.network.victim.rows.shape, np.nan, np.float32)
        for row, one in zip(rows, found, strict=True):
            self.radius[row] = max(self.radius[row], one.radius)
            self.distance[row] = one.distance
            if one.counterexample is not None:
                examples[row] = one.counterexample
        self.counterexamples = self.network.victim.in_given_shape(examples)

    def result(
        self, wrong: NDArray[np.bool_], proved: NDArray[np.bool_], epsilon: float | None, norm: str, method: str
    ) -> CertificateResult:
        """Return all of it."""
        status = np.full(len(wrong), "undecided", dtype="<U14")
        within = np.isfinite(self.distance) if epsilon is None else self.distance <= epsilon
        status[within] = "counterexample"
        status[proved & ~wrong] = "proved"
        status[wrong] = "already wrong"
        classes = self.network.victim.classes
        return CertificateResult(
            labels=classes[self.network.codes],
            predicted=classes[self.network.predicted],
            already_wrong=wrong,
            status=status,
            radius=np.where(wrong, 0.0, self.radius),
            distance=self.distance,
            counterexamples=self.counterexamples,
            epsilon=epsilon,
            norm=norm,
            method=method,
        )


def read_network(clf: Any, X: Any, y: Any, norm: str, bounds: Any, method: str) -> CertifiedNetwork:
    """Check the choices, and read the classifier and its rows."""
    check_choice("norm", norm, _NORMS)
    if method == "smoothing":
        raise ParameterError(
            'method="smoothing" would be a certificate of another classifier, the smoothed one: use '
            "RandomizedSmoothing(clf).certify(X, y)."
        )
    check_choice("method", method, _METHODS)
    if method == "exact" and norm != "linf":
        raise ParameterError(f'method="exact" measures in linf, not {norm}. Use method="linear", or norm="linf".')
    return CertifiedNetwork(clf, X, y, bounds=bounds)


def check_limits(time_limit: float, max_unstable: int) -> None:
    """Refuse limits of the exact method that cannot be used."""
    check_positive("time_limit", time_limit, unit=" of seconds")
    check_positive("max_unstable", max_unstable, whole=True)


def margins_at(
    network: CertifiedNetwork, rows: AnyArray, radii: FloatArray, norm: str, relaxation: Relaxation
) -> FloatArray:
    """Return how far ahead the classes of some rows stay, in batches."""
    found = np.zeros(len(rows))
    vectors = network.chain.n_scores if relaxation == "linear" else 1
    for batch in network.batches(np.arange(len(rows)), vectors=vectors):
        ball = network.ball(rows[batch], radii[batch], norm)
        found[batch] = least_margin(network.chain, ball, network.codes[rows[batch]], relaxation)
    return found


def largest_radii(
    network: CertifiedNetwork, rows: AnyArray, norm: str, relaxation: Relaxation, cap: FloatArray, *, tol: float
) -> FloatArray:
    """Return the largest radii at which some rows pass."""
    start = np.minimum(_guess(network, norm), cap)
    return largest_radius(
        lambda which, radii: margins_at(network, rows[which], radii, norm, relaxation), start, cap, tol=tol
    )


def _guess(network: CertifiedNetwork, norm: str) -> float:
    """Return a radius to begin with: a hundredth of how far a number spreads, in the given norm."""
    flat = network.rows.reshape(len(network.rows), -1)
    widths = (network.high - network.low).ravel()
    spread = float(np.mean(np.where(np.isfinite(widths), widths, flat.std(axis=0))))
    power = {"linf": 0.0, "l2": 0.5, "l1": 1.0}[norm]
    return float(0.01 * (spread or float(np.abs(flat).max()) or 1.0) * flat.shape[1] ** power)
