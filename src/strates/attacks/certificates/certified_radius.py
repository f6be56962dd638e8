"""How far from each row the class is proved to stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates.attacks.attack import check_positive
from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.certificates.certificate_search import Method, Report, check_limits, largest_radii, read_network
from strates.attacks.certificates.exact_search import ExactSearch
from strates.attacks.certificates.margins import Relaxation


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
    network = read_network(clf, X, y, norm, bounds, method)
    wrong = network.codes != network.predicted
    right = np.flatnonzero(~wrong)
    relaxation: Relaxation = "interval" if method == "interval" else "linear"
    radius = np.zeros(len(wrong))
    radius[right] = largest_radii(network, right, norm, relaxation, network.out_of_reach(norm)[right], tol=tol)
    report = Report(network, radius)
    if method == "exact":
        check_limits(time_limit, max_unstable)
        rest = right[np.isfinite(radius[right])]
        search = ExactSearch(network, None, time_limit, max_unstable)
        report.add(rest, search.search(rest, radius[rest]) if len(rest) else [])
    return report.result(wrong, report.radius > 0, None, norm, method)
