"""An estimator taken apart for its export: the steps before the network, the network, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray
from strates.exceptions import ParameterError

#: What outputs are. threshold: 0 or 1, of a perceptron; reconstruction: of an autoencoder.
OutputKind = Literal["binary", "categorical", "multilabel", "threshold", "reconstruction"]


@dataclass(frozen=True, eq=False)
class FittedParts:
    """A fitted estimator, in parts.

    Attributes
    ----------
    estimator : estimator
        What was given; the best one of a search.
    last : estimator
        The one with the network: the last step of a pipeline.
    steps : tuple of (str, transformer)
        What comes before it; nested pipelines are opened, steps that pass everything on are left out.
    model : keras.Model
    classes : ndarray or None
    kind : str
    """

    estimator: Any
    last: Any
    steps: tuple[tuple[str, Any], ...]
    model: Any
    classes: AnyArray | None
    kind: OutputKind

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one row of the network; a subclass of ``keras.Model`` does not tell its own."""
        own = getattr(self.model, "input_shape", None)
        return tuple(own[1:]) if own is not None else (int(self.last.n_features_in_),)

    @property
    def alone(self) -> FittedParts:
        """The network without what comes before it."""
        return FittedParts(self.last, self.last, (), self.model, self.classes, self.kind)

    def whole_pipeline(self, given: Any) -> bool:
        """Whether nothing of what was given is missing here."""
        return self.estimator is getattr(given, "best_estimator_", given)

    def answers(self, X: Any) -> AnyArray:
        """Return what the estimator says of rows: a column a class, or the network's own outputs where it has none."""
        if self.kind == "threshold":
            return np.asarray(self.estimator.predict(X)[:, None] == self.classes, np.float64)
        if self.kind == "reconstruction":
            return np.asarray(self.last.reconstruct(X))
        return np.asarray(self.estimator.predict_proba(X))

    def whole(self, outputs: AnyArray) -> AnyArray:
        """Return a column a class from the network's outputs, of which a binary one has a single column."""
        single = self.kind in ("binary", "threshold") and outputs.shape[1] == 1
        return np.hstack([1 - outputs, outputs]) if single else outputs


def fitted_parts(estimator: Any) -> FittedParts:
    """Take a fitted estimator apart.

    Parameters
    ----------
    estimator : fitted classifier or autoencoder of strates, pipeline that ends in one, or search over them

    Returns
    -------
    FittedParts

    Raises
    ------
    NotFittedError
        It was not fitted.
    ParameterError
        It has no network.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if isinstance(last, type) or not (hasattr(type(last), "network_") or "network_" in vars(last)):
        kind = last if isinstance(last, type) else type(last)
        raise ParameterError(
            f"{kind.__name__} has no network_ to write. Give a fitted estimator of strates, such as MLPClassifier, or "
            "a pipeline that ends in one."
        )
    check_is_fitted(estimator)
    classes = getattr(last, "classes_", None)
    steps = tuple(_open(estimator.steps[:-1])) if hasattr(estimator, "steps") else ()
    return FittedParts(estimator, last, steps, last.network_, classes, _kind(last, classes))


def _open(steps: Any) -> Iterator[tuple[str, Any]]:
    for name, step in steps:
        if hasattr(step, "steps"):
            yield from ((f"{name}.{inner}", one) for inner, one in _open(step.steps))
        elif not (step is None or step == "passthrough"):
            yield name, step


def _kind(last: Any, classes: AnyArray | None) -> OutputKind:
    if classes is None:
        return "reconstruction"
    activation = getattr(last, "out_activation_", None)
    if activation is None:
        return "threshold"
    if activation == "softmax":
        return "categorical"
    return "binary" if last.n_outputs_ == 1 and len(classes) == 2 else "multilabel"
