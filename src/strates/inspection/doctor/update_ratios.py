"""How large the first updates of a fit are, beside the weights that they change."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.inspection.gradient_flow import gradient_flow
from strates.inspection.layer_groups import layer_groups
from strates.inspection.layer_signals import joint_norm
from strates.inspection.outcome import take_rows

#: Updates that are looked at.
FIRST_STEPS = 6
#: Rows of a batch under batch_size="auto".
AUTO_BATCH = 200


@dataclass(frozen=True)
class UpdateRatios:
    """Norm of an update over that of the weights, in the first steps of a fit.

    Layers that do not learn, or whose weights are zero, are left out.

    Attributes
    ----------
    by_layer : dict of str to float
        Names of layers to the median over the steps.
    first : float
        Geometric mean over the layers at the very first step, when nothing has grown yet; NaN without layers.
    """

    by_layer: dict[str, float]
    first: float

    @property
    def overall(self) -> float | None:
        """Geometric mean over the layers; None without any."""
        return _geometric_mean(list(self.by_layer.values())) if self.by_layer else None


NONE = UpdateRatios({}, np.nan)


def first_update_ratios(clf: Any, X: Any, y: AnyArray) -> UpdateRatios:
    """Measure the norm of each layer's first updates over the norm of its weights.

    Those of ``recording_``, where the fit left one. Otherwise the first steps are made again, on a copy, by the same
    solver from the same weights, a batch of these rows each.

    Parameters
    ----------
    clf : fitted strates classifier
        Whose solver goes by steps.
    X : array, DataFrame or sparse matrix of n_rows rows
        As they reach the network.
    y : ndarray of shape (n_rows,) or (n_rows, n_labels)

    Returns
    -------
    UpdateRatios
        Of no layer, for a learning rate that begins low by design ("one_cycle") and was not recorded.

    Raises
    ------
    StratesError
        The layers cannot be looked into, or the steps diverge.
    """
    if getattr(clf, "recording_", None) is not None:
        return _recorded(clf, X, y)
    if clf.learning_rate == "one_cycle":
        return NONE
    twin = clf.initialized(X).set_params(early_stopping=False, verbose=False)
    size = AUTO_BATCH if clf.batch_size == "auto" else int(clf.batch_size)
    order = np.random.default_rng(0).permutation(len(y))
    before, steps = _kernels(twin), []
    for step in range(FIRST_STEPS):
        rows = np.sort(np.take(order, range(step * size, (step + 1) * size), mode="wrap")[: len(order)])
        twin.partial_fit(take_rows(X, rows), y[rows])
        after = _kernels(twin)
        steps.append([_moved(a, b) for a, b in zip(before, after, strict=True)])
        before = after
    # a network that a function builds anew may have other names
    return _summary([group.name for group in layer_groups(clf.network_)], np.array(steps))


def _recorded(clf: Any, X: Any, y: AnyArray) -> UpdateRatios:
    twin = copy.copy(clf)
    twin.recording_ = list(clf.recording_[: FIRST_STEPS + 1])
    few = np.arange(min(8, len(y)))  # the rows tell nothing about the weights
    table = gradient_flow(twin, take_rows(X, few), y[few], over="training")
    names = list(dict.fromkeys(table["layer"]))
    return _summary(names, table["update_ratio"].to_numpy().reshape(-1, len(names))[:-1])


def _summary(names: list[str], steps: AnyArray) -> UpdateRatios:
    """Summarise ratios of shape (n_steps, n_layers)."""
    learning = steps[0] > 0
    if not learning.any():
        return NONE
    medians = dict(zip(names, np.median(steps, axis=0).tolist(), strict=True))
    kept = {name: medians[name] for name, learns in zip(names, learning, strict=True) if learns and medians[name] > 0}
    return UpdateRatios(kept, _geometric_mean(steps[0][learning]))


def _geometric_mean(ratios: Any) -> float:
    return float(np.exp(np.mean(np.log(ratios))))


def _kernels(clf: Any) -> list[list[AnyArray]]:
    """Return each layer's weights, biases aside."""
    if hasattr(clf, "coefs_"):  # without the Keras model, which would be built at each step
        return [[np.array(w, np.float64)] for w in clf.coefs_]
    return [[np.array(v, np.float64) for v in group.kernels] for group in layer_groups(clf.network_)]


def _moved(before: list[AnyArray], after: list[AnyArray]) -> float:
    size = joint_norm(before)
    return joint_norm([b - a for a, b in zip(before, after, strict=True)]) / size if size > 0 else np.nan
