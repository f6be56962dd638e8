"""Look a fitted classifier over."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.doctor import classes, fit_quality, gradients, inputs, learning_rate, table, units
from strates.inspection.doctor.check import Check
from strates.inspection.doctor.finding import SEVERITIES, Finding
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.words import LANGUAGES

#: In the order in which they look: causes before what comes of them.
CHECKS: tuple[Check, ...] = (
    *table.CHECKS,
    *inputs.CHECKS,
    *gradients.CHECKS,
    *learning_rate.CHECKS,
    *units.CHECKS,
    *fit_quality.CHECKS,
    *classes.CHECKS,
)


def diagnose(
    clf: Any, X: Any, y: Any, *, X_test: Any = None, y_test: Any = None, language: str = "en"
) -> list[Finding]:
    """Look a fitted classifier over, and say what ails it: what was measured, what would be normal, what to do.

    Any classifier is asked about its answers and its rows: leakage, repeated rows, over- and under-fitting, classes
    passed over. A network of strates is asked, besides, about its inputs, its layers, its penalty and its steps, before
    training and after it.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Of strates or scikit-learn; of a search, its best estimator is looked at.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        The rows that it learned from, as it takes them.
    y : array-like of shape (n_rows,) or (n_rows, n_labels)
        Their labels.
    X_test, y_test : the same for other rows, default=None
        Rows that were held out: for the gap between the two accuracies, and for rows that occur in both. Without
        them the gap is that to the rows which the fit itself watched, if any.
    language : {"en", "fr"}, default="en"
        Of the messages. Codes and severities are the same in both.

    Returns
    -------
    list of Finding
        The gravest first; empty for a healthy one. Codes:

        - of the rows: "leakage", "duplicate-rows";
        - of the answers: "overfitting", "underfitting", "class-never-predicted", "imbalance-ignored";
        - of the network at its start: "inputs-not-scaled", "initial-loss", "vanishing-gradients",
          "exploding-gradients";
        - of its training: "learning-rate-too-high", "learning-rate-too-low", "update-ratio",
          "stopped-before-converging", "penalty-dominates";
        - of what became of it: "dead-units", "saturated-units"; "layers-not-examined" for a subclass of
          ``keras.Model``.

    Raises
    ------
    ParameterError
        There is no such language; X_test comes without y_test.
    DataError
        There are no rows, or X and y differ in length.
    TargetError
        A label that the classifier does not know.

    See Also
    --------
    gradient_flow : All the numbers behind the checks of the layers.

    Notes
    -----
    Answers are those to 10,000 rows at most, drawn at random; layers are looked at with 500, simple classifiers and
    single columns are tried on 2,000, with which the first steps are made again too; all with fewer of images.
    Intervals are of 95 %: a finding is something that chance in the rows does not explain.

    References
    ----------
    https://cs231n.github.io/neural-networks-3/, for most of what to look at.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from strates import MLPClassifier
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> clf = MLPClassifier((16,), learning_rate="cosine", max_iter=50, random_state=0).fit(X, y)
    >>> found = diagnose(clf, X, y)[0]
    >>> found.severity, found.code, round(found.measured)
    ('critical', 'inputs-not-scaled', 810)
    >>> print(found.remedy)
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    <BLANKLINE>
    clf = make_pipeline(StandardScaler(), clf).fit(X, y)
    """
    if language not in LANGUAGES:
        raise ParameterError(f"language={language!r} is not known. {did_you_mean(str(language), LANGUAGES)}")
    if (X_test is None) != (y_test is None):
        lacking = "X_test" if X_test is None else "y_test"
        raise ParameterError(
            f"{lacking} is missing. Give X_test and y_test, the held-out rows with their labels, or neither."
        )
    check_is_fitted(clf)
    rows, labels = _checked(X, y, "X", "y")
    held_out = (None, None) if X_test is None else _checked(X_test, y_test, "X_test", "y_test")
    patient = Patient(clf, rows, labels, *held_out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of others' packages, about rows and fits that are the doctor's alone
        found = [finding for check in CHECKS for finding in check.findings(patient, language)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _checked(X: Any, y: Any, name: str, name_y: str) -> tuple[Any, AnyArray]:
    """Return rows that can be taken by number, and labels of shape (n,) or (n, n_labels)."""
    rows: Any = X if hasattr(X, "shape") else np.asarray(X)
    if issparse(rows):
        rows = rows.tocsr()
    labels = np.asarray(y.toarray() if issparse(y) else y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    n = rows.shape[0]
    if n != len(labels):
        raise DataError(f"{name} has {n} rows, {name_y} has {len(labels)} labels. Give one label for each row.")
    if n == 0:
        raise DataError(f"{name} has no rows; a diagnosis needs those that the classifier learned from.")
    return rows, labels
