"""What reaches a network: the rows after a pipeline's earlier steps, and their names."""

from __future__ import annotations

from typing import Any

from strates.exceptions import DataError, ParameterError


def split_pipeline(clf: Any) -> tuple[Any, Any]:
    """Return the steps before a pipeline's classifier (None without a pipeline), and the classifier.

    Examples
    --------
    >>> split_pipeline("a classifier")
    (None, 'a classifier')
    """
    if not hasattr(clf, "steps"):
        return None, clf
    return (clf[:-1] if len(clf.steps) > 1 else None), clf[-1]


def network_inputs(clf: Any, X: Any) -> tuple[Any, Any]:
    """Return what reaches the network, and the network's classifier.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : DataFrame or array of n_rows rows
        As the pipeline takes them.

    Returns
    -------
    inputs : array or DataFrame
    classifier : classifier

    Raises
    ------
    ParameterError
        The classifier has no ``network_`` or no ``transform``.
    DataError
        There is no row.
    """
    steps, last = split_pipeline(clf)
    if hasattr(type(last), "network_") and not hasattr(last, "network_"):  # a property that needs a fit
        raise ParameterError(f"This {type(last).__name__} is not fitted yet: call fit first.")
    if not (hasattr(last, "network_") and hasattr(last, "transform")):
        raise ParameterError(
            f"{type(last).__name__} has no network_ and transform to look into. Give a fitted classifier of strates, "
            "such as MLPClassifier, or a pipeline that ends in one."
        )
    if (X.shape[0] if hasattr(X, "shape") else len(X)) == 0:
        raise DataError("X has no rows; a representation needs one at least. Give it the rows that were held out.")
    return (X if steps is None else steps.transform(X)), last


def input_names(clf: Any, n_inputs: int) -> tuple[str, ...]:
    """Return the names of the columns that reach the network: x0, x1, ... where they have none."""
    steps, last = split_pipeline(clf)
    names = getattr(last, "feature_names_in_", None)
    if names is None and steps is not None:
        try:
            names = steps.get_feature_names_out()
        except (AttributeError, ValueError):  # a step that cannot tell
            names = None
    if names is None or len(names) != n_inputs:
        names = [f"x{i}" for i in range(n_inputs)]
    return tuple(str(name) for name in names)
