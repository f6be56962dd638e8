"""What logistic regression and the perceptron need around them: a table without redundant columns, and a report."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from strates.estimators import LogisticRegression, Perceptron, tabular_pipeline
from strates.exceptions import DataError, ParameterError, StratesWarning
from strates.inspection.outcome import class_names

#: Intervals need the inverse of a matrix that is square in the coefficients.
_MOST_COEFFICIENTS = 2000
_MOST_OPERATIONS = 4e10
_SQUASHED = (
    "Numbers were centred, divided by the width of their middle half (the interquartile range) and squashed softly: "
    "a coefficient belongs to that scale."
)
_UNITS = "Coefficients are told in the units of the columns, and the intercept for a row where all have their mean."
_REFERENCE = "The values of a category are told against its first one, which has no row of its own."


def build_pipeline(clf: Any, *, streamed: bool = False) -> Pipeline:
    """Build the pipeline around a classifier.

    For a logistic regression each category's first value is the reference, so that no column is the sum of others, and
    columns are scaled without being squashed: its coefficients can then be told in the units of the table.

    Parameters
    ----------
    clf : classifier
    streamed : bool, default=False
        Whether the table is read chunk by chunk.

    Returns
    -------
    Pipeline
    """
    pipeline = tabular_pipeline(clf)
    if not isinstance(clf, (LogisticRegression, Perceptron)):
        return pipeline
    if isinstance(clf, LogisticRegression):
        encoder = OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False, dtype="float32")
        pipeline.set_params(table__low_cardinality=encoder, scale=StandardScaler())
    if not streamed:
        pipeline[:-1].set_output(transform="pandas")  # messages then name the columns
    return pipeline


def coefficient_fields(pipeline: Pipeline, X: pd.DataFrame, y: Any, *, streamed: bool = False) -> dict[str, Any]:
    """Return what a report says of a linear model's coefficients.

    Parameters
    ----------
    pipeline : fitted Pipeline
    X : DataFrame of shape (n_rows, n_features)
        The rows it learned from.
    y : array-like of shape (n_rows,)
    streamed : bool, default=False
        Whether X is only a sample of them.

    Returns
    -------
    dict
        Fields of :class:`strates.report.ReportContent`; empty for a network with hidden layers.
    """
    clf = pipeline[-1]
    if not isinstance(clf, (LogisticRegression, Perceptron)):
        return {}
    names = [str(name) for name in pipeline[:-1].get_feature_names_out()]
    if isinstance(clf, Perceptron):
        classes = clf.classes_[1:] if len(clf.classes_) == 2 else clf.classes_
        why = "A perceptron's coefficients have no unit and no intervals: only their signs and proportions count."
        return {
            "coefficients": _table(clf.coef_, clf.intercept_, classes, names),
            "coefficient_notes": (why, _SQUASHED),
        }
    numbers = pipeline[:-1].transform(X)
    table, notes = _summary(clf, numbers, y, names, streamed)
    if table is None:
        slopes, intercepts = clf.coef_, clf.intercept_
        if len(slopes) > 1:  # told against the first class
            slopes, intercepts = slopes[1:] - slopes[0], intercepts[1:] - intercepts[0]
        table = _table(slopes, intercepts, clf.classes_[1:], names)
    kinds = getattr(pipeline[0], "column_to_kind_", {}).values()
    return {
        "reference_class": class_names(clf.classes_)[0],
        "coefficients": _in_units(table, pipeline["scale"].scale_, finite=not getattr(clf, "separation_", None)),
        "coefficient_notes": (*notes, _UNITS, *([_REFERENCE] if "low_cardinality" in kinds else [])),
        "fit_statistics": {} if streamed else clf.fit_statistics(numbers, y).to_dict(),
    }


def _in_units(table: pd.DataFrame, scale: Any, *, finite: bool) -> pd.DataFrame:
    """Tell coefficients per unit of their columns instead of per standard deviation; odds where they are finite."""
    n_classes = len(table) // (len(scale) + 1)
    units = np.tile([1.0, *scale], n_classes)
    told = {name: table[name] / units for name in ("coefficient", "std_error", "low", "high") if name in table}
    table = table.assign(**told)
    if finite:
        sources = {"odds_ratio": "coefficient", "odds_ratio_low": "low", "odds_ratio_high": "high"}
        with np.errstate(over="ignore"):
            odds = {name: np.exp(table[source]) for name, source in sources.items() if source in table}
        table = table.assign(**odds)
    return table


def _summary(
    clf: LogisticRegression, numbers: Any, y: Any, names: list[str], streamed: bool
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Return the table with intervals, or None and why there are none."""
    n_coefficients = (len(clf.classes_) - 1) * (len(names) + 1)
    if streamed:
        return None, ("There are no intervals: the table was read chunk by chunk, by a solver that comes near only.",)
    if n_coefficients > _MOST_COEFFICIENTS or len(numbers) * n_coefficients**2 > _MOST_OPERATIONS:
        return None, (f"There are no intervals: {n_coefficients:,} coefficients on so many rows would take too long.",)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = clf.summary(numbers, y)
    except (ParameterError, DataError) as error:
        return None, (f"There are no intervals. {error}",)
    doubts = tuple(str(one.message) for one in caught if issubclass(one.category, StratesWarning))
    return table.assign(feature=["(intercept)", *names] * (len(clf.classes_) - 1)), doubts


def _table(slopes: Any, intercepts: Any, classes: Any, names: list[str]) -> pd.DataFrame:
    """Lay coefficients out as ``LogisticRegression.summary`` does: class by class, the intercept first."""
    return pd.DataFrame(
        {
            "class": np.repeat(classes, len(names) + 1),
            "feature": ["(intercept)", *names] * len(classes),
            "coefficient": np.column_stack([intercepts, slopes]).ravel(),
        }
    )
