"""Is the class of each row the same for all inputs nearby? Proofs, where attacks only try."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import check_choice, check_positive
from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.certificates.certified_network import CertifiedNetwork
from strates.attacks.certificates.exact_search import ExactSearch
from strates.attacks.certificates.largest_radius import largest_radius
from strates.attacks.certificates.margins import Relaxation, least_margin
from strates.exceptions import ParameterError

Method = Literal["interval", "linear", "exact"]
_METHODS = ("interval", "linear", "exact")
_NORMS = ("linf", "l2", "l1")


def certify(
    clf: Any,
    X: Any,
    y: Any = None,
    *,
    epsilon: float,
    norm: str = "linf",
    bounds: Any = (0, 1),
    method: Method = "linear",
    time_limit: float = 60.0,
    max_unstable: int = 400,
) -> CertificateResult:
    """Prove that no input within a distance of a row is of another class.

    An attack that fails proves nothing. A certificate does: where ``certified`` is True, no attack within ``epsilon``
    can succeed, known or unknown. Where it is False the class may be robust all the same, unless ``status`` says
    "counterexample".

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Of strates, a chain of layers: dense, convolution, pooling, batch normalisation, rescaling, dropout, activations
        of single units. A perceptron will do. The pipeline's other steps: scalers, PCA, imputers; distances are in the
        units of X, before them.
    X : DataFrame or array of n_rows rows
        Numbers, or images in any form that the classifier takes.
    y : array-like of shape (n_rows,), optional
        True classes; rows that the classifier has wrong are counted apart. Without it, the predicted ones are to stay.
    epsilon : float
        The distance, in the units of X.
    norm : {"linf", "l2", "l1"}, default="linf"
        How distances are measured: the largest change of a number, the Euclidean length, the sum of all changes.
    bounds : tuple (low, high) or None, default=(0, 1)
        Numbers, or arrays like one row: inputs beyond them do not count. None for no bounds.
    method : {"linear", "interval", "exact"}, default="linear"
        "interval" sends an interval of each number through the network: fast, and for networks of several layers that
        were not trained for it very cautious. "linear" puts two lines around each bend, and proves several times the
        radius in somewhat more time. "exact" decides each row that "linear" does not, by mixed-integer programming;
        for linf and small networks of relus. All three are exact for a linear classifier in linf, and in l2 and l1
        without bounds.
    time_limit : float, default=60.0
        Seconds for each row, of the exact method.
    max_unstable : int, default=400
        Relus that may change sign within epsilon of a row, at most, for the exact method to begin.

    Returns
    -------
    CertificateResult
        ``certified``, ``certified_accuracy``, ``status``, ``radius``; of the exact method also ``counterexamples`` and
        their ``distance``, which is the least there is.

    Raises
    ------
    ParameterError
        A parameter cannot be used, the network is no chain or has a layer for which no bounds are known, or it is too
        large for the exact method.
    DataError
        X is out of bounds, or holds what is no finite number.
    TargetError
        A label is not among the classes.

    Notes
    -----
    Bounds are computed in float64 and widened by what float32 may add in the network, so that a certificate holds for
    what the classifier computes on a processor (Jia and Rinard 2021 fool proofs that leave it out). It does not cover
    arithmetic of lower precision, such as TF32 of graphics cards. The exact method trusts its solver within 1e-5 of a
    score.

    References
    ----------
    S. Gowal et al. (2018), On the effectiveness of interval bound propagation. H. Zhang et al. (2018), Efficient neural
    network robustness certification (CROWN). V. Tjeng, K. Xiao, R. Tedrake (2019), Evaluating robustness of neural
    networks with mixed integer programming. K. Jia, M. Rinard (2021), Exploiting verified neural networks via
    floating point numerical error.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X / 16, y)
    >>> certify(clf, X[:100] / 16, y[:100], epsilon=0.05).certified_accuracy
    0.86
    """
    check_positive("epsilon", epsilon, unit=", a distance in the units of X")
    network = _network(clf, X, y, norm, bounds, method)
    epsilon = float(epsilon)
    relaxation: Relaxation = "interval" if method == "interval" else "linear"
    wrong = network.codes != network.predicted
    right = np.flatnonzero(~wrong)
    proved = np.zeros(len(wrong), bool)
    proved[right] = _margins(network, right, np.full(len(right), epsilon), norm, relaxation) > 0
    report = _Report(network, np.where(proved, epsilon, 0.0))
    if method == "exact":
        _check_exact(time_limit, max_unstable)
        rest = np.flatnonzero(~wrong & ~proved)
        known = _largest(network, rest, norm, relaxation, np.full(len(rest), epsilon), tol=0.05)
        search = ExactSearch(network, epsilon, time_limit, max_unstable)
        report.add(rest, search.search(rest, known) if len(rest) else [])
    return report.result(wrong, report.radius >= epsilon, epsilon, norm, method)


def certified_radius(
    clf: Any,
    X: Any,
    y: Any = None,
    *,
    norm: str = "linf",
    bounds: Any = (0, 1),
    method: Method = "linear",
    tol: float = 1e-3,
    time_limit: float = 60.0,
    max_unstable: int = 400,
) -> CertificateResult:
    """Find for each row the largest distance within which its class is proved to stay.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        As :func:`certify` takes it.
    X : DataFrame or array of n_rows rows
    y : array-like of shape (n_rows,), optional
        True classes; without it, the predicted ones.
    norm : {"linf", "l2", "l1"}, default="linf"
    bounds : tuple (low, high) or None, default=(0, 1)
    method : {"linear", "interval", "exact"}, default="linear"
        "exact" gives the distance of the nearest counterexample, and it.
    tol : float, default=1e-3
        How precisely to bisect: what could not be proved is at most a share of ``tol`` larger.
    time_limit : float, default=60.0
        Seconds for each row, of the exact method; what is proved by then counts.
    max_unstable : int, default=400
        As of :func:`certify`.

    Returns
    -------
    CertificateResult
        ``radius`` holds the distances, 0 for rows that are wrong, infinite where no input within the bounds has another
        class. No adversarial example is nearer.

    Raises
    ------
    ParameterError, DataError, TargetError
        As of :func:`certify`.

    Examples
    --------
    A straight boundary at 0 and a row at 2:

    >>> import numpy as np
    >>> from strates import LogisticRegression
    >>> X = np.array([[-3.0, 1.0], [-1.0, 0.0], [1.0, 1.0], [3.0, 0.0]])
    >>> clf = LogisticRegression(alpha=0.1).fit(X, [0, 0, 1, 1])
    >>> w, b = clf.coef_[0], clf.intercept_[0]
    >>> row = np.array([[2.0, 1.0]])
    >>> float(certified_radius(clf, row, norm="l2", bounds=None).radius[0])
    2.058
    >>> float(((row @ w + b) / np.linalg.norm(w))[0])
    2.058
    """
    check_positive("tol", tol)
    network = _network(clf, X, y, norm, bounds, method)
    wrong = network.codes != network.predicted
    right = np.flatnonzero(~wrong)
    relaxation: Relaxation = "interval" if method == "interval" else "linear"
    radius = np.zeros(len(wrong))
    radius[right] = _largest(network, right, norm, relaxation, network.out_of_reach(norm)[right], tol=tol)
    report = _Report(network, radius)
    if method == "exact":
        _check_exact(time_limit, max_unstable)
        rest = right[np.isfinite(radius[right])]
        search = ExactSearch(network, None, time_limit, max_unstable)
        report.add(rest, search.search(rest, radius[rest]) if len(rest) else [])
    return report.result(wrong, report.radius > 0, None, norm, method)


class _Report:
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


def _network(clf: Any, X: Any, y: Any, norm: str, bounds: Any, method: str) -> CertifiedNetwork:
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


def _check_exact(time_limit: float, max_unstable: int) -> None:
    check_positive("time_limit", time_limit, unit=" of seconds")
    check_positive("max_unstable", max_unstable, whole=True)


def _margins(
    network: CertifiedNetwork, rows: AnyArray, radii: FloatArray, norm: str, relaxation: Relaxation
) -> FloatArray:
    """Return how far ahead the classes of some rows stay, in batches."""
    found = np.zeros(len(rows))
    vectors = network.chain.n_scores if relaxation == "linear" else 1
    for batch in network.batches(np.arange(len(rows)), vectors=vectors):
        ball = network.ball(rows[batch], radii[batch], norm)
        found[batch] = least_margin(network.chain, ball, network.codes[rows[batch]], relaxation)
    return found


def _largest(
    network: CertifiedNetwork, rows: AnyArray, norm: str, relaxation: Relaxation, cap: FloatArray, *, tol: float
) -> FloatArray:
    """Return the largest radii at which some rows pass."""
    start = np.minimum(_guess(network, norm), cap)
    return largest_radius(
        lambda which, radii: _margins(network, rows[which], radii, norm, relaxation), start, cap, tol=tol
    )


def _guess(network: CertifiedNetwork, norm: str) -> float:
    """Return a radius to begin with: a hundredth of how far a number spreads, in the given norm."""
    flat = network.rows.reshape(len(network.rows), -1)
    widths = (network.high - network.low).ravel()
    spread = float(np.mean(np.where(np.isfinite(widths), widths, flat.std(axis=0))))
    power = {"linf": 0.0, "l2": 0.5, "l1": 1.0}[norm]
    return float(0.01 * (spread or float(np.abs(flat).max()) or 1.0) * flat.shape[1] ** power)
