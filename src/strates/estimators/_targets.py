"""Labels of any type to the numbers that a network learns, and back."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import type_of_target

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError, TargetError

Kind = Literal["binary", "categorical", "multilabel"]


@dataclass(frozen=True)
class LabelEncoding:
    """How labels become targets.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted; for multilabel problems 0 .. n_labels - 1.
    multilabel : bool
    """

    classes: AnyArray
    multilabel: bool

    @property
    def kind(self) -> Kind:
        """What the network's output has to be."""
        if self.multilabel:
            return "multilabel"
        return "binary" if len(self.classes) == 2 else "categorical"

    @property
    def n_outputs(self) -> int:
        """Units of the output layer: one for a binary problem."""
        return 1 if self.kind == "binary" else len(self.classes)

    def codes(self, y: AnyArray) -> AnyArray:
        """Return the class numbers of shape (n,), or the 0/1 matrix of a multilabel problem.

        Raises
        ------
        TargetError
            A label is not one of ``classes``.
        """
        if self.multilabel:
            shape = np.shape(y)
            if len(shape) != 2 or shape[1] != len(self.classes):
                raise TargetError(
                    f"y has shape {shape}, but the network predicts {len(self.classes)} labels a row; "
                    f"expected a 0/1 matrix of shape (n_samples, {len(self.classes)})."
                )
            return np.asarray(y, np.float32)
        codes = np.searchsorted(self.classes, y)
        codes[codes == len(self.classes)] = 0
        unknown = self.classes[codes] != y
        if unknown.any():
            new = np.unique(y[unknown])
            raise TargetError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. 'y' has {new}. "
                "Name every class the first time, partial_fit(X, y, classes=...)."
            )
        return codes

    def decode(self, probabilities: FloatArray) -> AnyArray:
        """Return the most probable labels (multilabel: those above one half)."""
        if self.multilabel:
            return (probabilities > 0.5).astype(int)
        labels: AnyArray = self.classes[np.argmax(probabilities, axis=1)]
        return labels

    def probabilities(self, outputs: FloatArray) -> FloatArray:
        """Return one column a class from a network's outputs."""
        if self.multilabel or outputs.shape[1] > 1:
            return outputs
        return np.hstack([1 - outputs, outputs])


def as_labels(y: Any) -> AnyArray:
    """Check labels, and return them as an array of shape (n,), or (n, n_labels) of 0/1 for a multilabel problem.

    Raises
    ------
    TargetError
        Missing, continuous, or of a shape that says nothing.
    """
    if y is None:
        raise TargetError("requires y to be passed, but the target y is None. Pass one label a row.")
    if sparse.issparse(y):
        y = y.toarray()
    _refuse_missing(y)
    _refuse_mixture(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return np.asarray(y)
    if kind.startswith("continuous"):
        shown = ", ".join(repr(v) for v in np.asarray(y).ravel()[:3].tolist())
        raise TargetError(
            f"Unknown label type: {kind}. y holds numbers that are not whole ({shown}, ...), and a classifier needs "
            "classes. Cut them into classes (pandas.cut), or use a regression library."
        )
    if kind in ("multiclass-multioutput", "unknown"):
        raise TargetError(
            f"Unknown label type: {kind}. y has shape {np.shape(y)} and dtype {np.asarray(y).dtype}; expected one "
            "label a row, shape (n_samples,), or a 0/1 matrix for a multilabel problem."
        )
    return np.asarray(column_or_1d(y, warn=True))


def _refuse_mixture(y: Any) -> None:
    array = np.asarray(y)
    if array.dtype.kind == "O" and array.ndim == 1:
        try:
            np.unique(array)
        except TypeError as error:
            types = ", ".join(sorted({type(v).__name__ for v in array}))
            raise TargetError(f"y mixes labels of types {types}. Make them one type, such as str.") from error


def _refuse_missing(y: Any) -> None:
    array = np.asarray(y)
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
    elif array.dtype.kind == "O":
        bad = np.asarray(pd.isna(array))
    else:
        return
    if bad.any():
        raise TargetError(
            f"Input y contains NaN, infinity or None: {int(bad.sum())} of {bad.size} labels, the first in row "
            f"{int(np.argmax(bad.ravel()))}. Remove those rows."
        )


def encode(y: AnyArray, classes: Any = None) -> LabelEncoding:
    """Find the classes of some labels (or take those given).

    Raises
    ------
    TargetError
        Fewer than two classes.
    """
    if y.ndim == 2:
        if classes is not None and len(np.unique(np.asarray(classes))) != y.shape[1]:
            raise TargetError(
                f"classes={classes!r} does not name the {y.shape[1]} labels (columns) of y, one for each."
            )
        return LabelEncoding(np.arange(y.shape[1]), multilabel=True)
    found = np.unique(y if classes is None else np.asarray(classes))
    if len(found) < 2:
        raise TargetError(
            f"y has one class only ({found.tolist()[0]!r}); a classifier needs at least two classes to tell apart."
            if len(found)
            else "y is empty; a classifier needs labelled rows."
        )
    return LabelEncoding(found, multilabel=False)


def weigh(encoding: LabelEncoding, codes: AnyArray, sample_weight: AnyArray, class_weight: Any) -> AnyArray:
    """Multiply sample weights by class weights.

    Parameters
    ----------
    encoding : LabelEncoding
    codes : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,)
    class_weight : None, "balanced" or dict of label to weight
        "balanced" gives every class the same total, ``n / (n_classes * count)``.

    Returns
    -------
    ndarray of shape (n,), float32
    """
    weights = np.asarray(sample_weight, np.float64)
    if class_weight is not None:
        if encoding.multilabel:
            raise ParameterError("class_weight is defined for one label a row; y is a multilabel matrix. Leave it out.")
        n = len(encoding.classes)
        if isinstance(class_weight, str):
            if class_weight != "balanced":
                raise ParameterError(
                    f"class_weight={class_weight!r} is not known: it must be None, 'balanced' or a dict of weights."
                )
            present = np.unique(codes)
            factors = np.zeros(n)
            factors[present] = compute_class_weight("balanced", classes=present, y=codes, sample_weight=weights)
        else:
            factors = _given_factors(encoding, class_weight)
        weights = weights * factors[codes]
    if not weights.sum() > 0:
        raise DataError("All rows have weight zero after class_weight, so there is nothing to learn from.")
    return weights.astype(np.float32)


def _given_factors(encoding: LabelEncoding, class_weight: Any) -> AnyArray:
    if not hasattr(class_weight, "items"):
        raise ParameterError(
            f"class_weight={class_weight!r} is not known: it must be None, 'balanced' or a dict of label to weight."
        )
    factors = np.ones(len(encoding.classes))
    place = {label: i for i, label in enumerate(encoding.classes.tolist())}
    for label, weight in class_weight.items():
        if label not in place:
            raise ParameterError(
                f"class_weight has the key {label!r}, which is not a class of y. "
                f"The classes are {list(place)[:20]}; use them as keys."
            )
        if not isinstance(weight, Real) or not 0 <= float(weight) < np.inf:
            raise ParameterError(f"class_weight={class_weight!r}: the weight {weight!r} is not a number of 0 or more.")
        factors[place[label]] = weight
    return factors
