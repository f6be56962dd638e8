"""What of a pipeline is exported: all of it where its steps can be written out, else the network alone."""

from __future__ import annotations

import warnings
from typing import Any

from strates.exceptions import StratesWarning
from strates.export.fitted_parts import FittedParts
from strates.export.read_recipe import StepNotWritten, read_recipe
from strates.export.recipe import Recipe


def whole_or_network(parts: FittedParts, what: str, X: Any) -> tuple[FittedParts, Recipe | None, Any]:
    """Return the parts to export, with the recipe of their preprocessing, and the rows that they take.

    Parameters
    ----------
    parts : FittedParts
    what : str
        What is written, as a sentence begins with it.
    X : array-like, DataFrame or None
        Rows for the estimator that was given.

    Returns
    -------
    parts : FittedParts
        Without preprocessing, where that cannot be written out.
    recipe : Recipe or None
        None where there is no preprocessing.
    X : array-like, DataFrame or None

    Warns
    -----
    StratesWarning
        It cannot be written out.
    """
    if not parts.steps:
        return parts, None, X
    try:
        return parts, read_recipe(parts), X
    except StepNotWritten as error:
        why = str(error).partition(" Export the network alone")[0]
        warnings.warn(
            f"{what} takes the network's own inputs, which are what pipeline[:-1].transform(X) gives. {why}",
            StratesWarning,
            stacklevel=3,
        )
        return network_alone(parts, X)


def network_alone(parts: FittedParts, X: Any) -> tuple[FittedParts, None, Any]:
    """Return the network without what comes before it, and the rows as they reach it.

    Parameters
    ----------
    parts : FittedParts
    X : array-like, DataFrame or None
        Rows for the estimator.

    Returns
    -------
    parts : FittedParts
    recipe : None
    X : array-like, DataFrame or None
    """
    if X is not None and parts.steps:
        X = parts.estimator[:-1].transform(X)
    return parts.alone, None, X


def only_network(parts: FittedParts, what: str, X: Any) -> tuple[FittedParts, Any]:
    """Return the network alone, for a format that has no place for preprocessing, and the rows as they reach it.

    Parameters
    ----------
    parts : FittedParts
    what : str
        What is written, as a sentence begins with it.
    X : array-like, DataFrame or None
        Rows for the estimator.

    Returns
    -------
    parts : FittedParts
    X : array-like, DataFrame or None

    Warns
    -----
    StratesWarning
        There is preprocessing.
    """
    if parts.steps:
        warnings.warn(
            f"{what} takes the network's own inputs, which are what pipeline[:-1].transform(X) gives: "
            f"{', '.join(repr(name) for name, _ in parts.steps)} stay outside. to_onnx and to_numpy write whole "
            "pipelines.",
            StratesWarning,
            stacklevel=3,
        )
    alone, _, X = network_alone(parts, X)
    return alone, X
