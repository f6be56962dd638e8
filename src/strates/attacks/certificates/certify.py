"""Is the class of each row the same for all inputs nearby? Proofs, where attacks only try."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates.attacks.attack import check_positive
from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.certificates.certificate_search import (
    Method,
    Report,
    check_limits,
    largest_radii,
    margins_at,
    read_network,
)
from strates.attacks.certificates.exact_search import ExactSearch
from strates.attacks.certificates.margins import Relaxation


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
        for linf and small networks of relus. "linear" and "interval" are exact for linear classifiers: in linf, and
        without bounds in l2 and l1.
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
    arithmetic of lower precision, such as TF32 of graphics cards. "interval" and "linear" rest on nothing else. The
    exact method also trusts its solver, HiGHS, to within 1e-5 of a score; every program is put to it twice, in two
    ways, and the smaller distance counts.

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
    network = read_network(clf, X, y, norm, bounds, method)
    epsilon = float(epsilon)
    relaxation: Relaxation = "interval" if method == "interval" else "linear"
    wrong = network.codes != network.predicted
    right = np.flatnonzero(~wrong)
    proved = np.zeros(len(wrong), bool)
    proved[right] = margins_at(network, right, np.full(len(right), epsilon), norm, relaxation) > 0
    report = Report(network, np.where(proved, epsilon, 0.0))
    if method == "exact":
        check_limits(time_limit, max_unstable)
        rest = np.flatnonzero(~wrong & ~proved)
        known = largest_radii(network, rest, norm, relaxation, np.full(len(rest), epsilon), tol=0.05)
        search = ExactSearch(network, epsilon, time_limit, max_unstable)
        report.add(rest, search.search(rest, known) if len(rest) else [])
    return report.result(wrong, report.radius >= epsilon, epsilon, norm, method)
