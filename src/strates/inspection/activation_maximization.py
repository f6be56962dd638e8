"""Inputs that a class, a channel or a unit answers to most strongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._random import root_seed, stream
from strates._types import AnyArray, FloatArray
from strates.engine.activation_ascent import AscentSettings, climb_activation
from strates.engine.layer_walk import layer_records
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import encode_labels

_MANY = 16


@dataclass(frozen=True, eq=False)
class ActivationMaximum:
    """Inputs that were climbed to.

    Attributes
    ----------
    inputs : ndarray of shape (n_targets, ...)
        In the shape and units of the network's inputs.
    targets : ndarray of shape (n_targets,)
        Labels of classes, or numbers of channels or units.
    layer : str or None
        Of the channels; None for classes.
    scores : ndarray of shape (n_steps + 1, n_targets)
        Logits of classes, mean activations of channels: before each step, and at the end.
    probabilities : ndarray of shape (n_targets, n_classes)
        What the classifier takes the inputs for.
    bounds : tuple of two float, or None
        That the inputs were kept in.
    """

    inputs: FloatArray
    targets: AnyArray
    layer: str | None
    scores: FloatArray
    probabilities: FloatArray
    bounds: tuple[float, float] | None


def maximize_activation(
    clf: Any,
    targets: Any = None,
    *,
    layer: str | None = None,
    bounds: tuple[float, float] | str | None = "auto",
    n_steps: int = 200,
    step: float = 0.02,
    decay: float = 0.01,
    blur: float = 0.6,
    blur_every: int = 4,
    random_state: Any = 0,
) -> ActivationMaximum:
    r"""Climb from noise to an input that makes a class's logit, or a channel's mean activation, as large as may be.

    ::

        x ← x + step · range · g / rms(g)        x ← x - decay (x - rest)        now and then x ← blur(x)

    g is the derivative of the score by x. Decay is an L2 penalty's pull back to black (to 0 in a table); without it and
    without blur the score rises higher, on patterns that no image has: networks answer to those too.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        A network of strates; of a pipeline its last step, whose own inputs are climbed.
    targets : label, int, or array-like of them, optional
        Classes; with ``layer``, numbers of its channels or units. All classes, or the first 16 channels, by default.
    layer : str, optional
        Name of a layer; "network/layer" within a nested network.
    bounds : tuple (low, high), "auto" or None, default="auto"
        Range of the inputs. "auto" takes the range of pixels that a classifier of images scales from, none for others;
        the step's range is then 1.
    n_steps : int, default=200
    step : float, default=0.02
        Root mean square change of an input in a step, as a share of the range.
    decay : float, default=0.01
        In [0, 1).
    blur : float, default=0.6
        Standard deviation of the Gaussian, in pixels; 0 for none. Tables are not blurred.
    blur_every : int, default=4
        Steps from one blur to the next.
    random_state : int, RandomState or None, default=0
        Of the noise to start from.

    Returns
    -------
    ActivationMaximum

    Raises
    ------
    ParameterError
        There is no network, no such layer or unit, or a number cannot be used.
    TargetError
        A label is not among the classes.

    References
    ----------
    Erhan, Bengio, Courville & Vincent (2009), Visualizing higher-layer features of a deep network. Yosinski et al.
    (2015), Understanding neural networks through deep visualization, https://arxiv.org/abs/1506.06579.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=1.0).fit(X / 16, y)
    >>> found = maximize_activation(clf, [3, 8], bounds=(0, 1))
    >>> clf.predict(found.inputs).tolist()
    [3, 8]
    """
    last = split_pipeline(clf)[1]
    if not hasattr(last, "network_"):
        raise ParameterError(f"{type(last).__name__} has no network_ to climb. Give a fitted classifier of strates.")
    network = last.network_
    shape = tuple(network.input_shape[1:])
    if None in shape:
        raise DataError(f"The network takes inputs of shape {shape}; which size is to be climbed is not known.")
    codes, labels = _units(last, network, targets, layer)
    limits = _limits(last, bounds)
    low, high = (-np.inf, np.inf) if limits is None else limits
    span = 1.0 if limits is None else high - low
    rest = 0.0 if limits is None else min(max(low, 0.0), high)
    _check(n_steps=n_steps, step=step, decay=decay, blur=blur, blur_every=blur_every)
    settings = AscentSettings(n_steps, step, span, low, high, decay, rest, blur, blur_every)
    noise = stream(root_seed(random_state), "activation maximum").standard_normal(shape, dtype=np.float32)
    middle = rest + 0.25 * span if limits is not None else 0.0
    start = np.clip(middle + 0.05 * span * noise, low, high)
    # the same start for all targets: a picture does not depend on those beside it
    inputs, scores = climb_activation(network, np.repeat(start[None], len(codes), 0), codes, settings, layer=layer)
    return ActivationMaximum(inputs, labels, layer, scores, np.asarray(last.predict_proba(inputs)), limits)


def _units(clf: Any, network: Any, targets: Any, layer: str | None) -> tuple[AnyArray, AnyArray]:
    """Return numbers of classes or units, and what they are called."""
    if layer is None:
        classes = np.asarray(clf.classes_)
        labels = classes if targets is None else np.atleast_1d(np.asarray(targets, dtype=object))
        codes = encode_labels(labels, classes)
        return codes, classes[codes]
    shapes = {record.name: record.output_shape for record in layer_records(network)[1]}
    if layer not in shapes:
        raise ParameterError(f"The network has no layer {layer!r}. {did_you_mean(layer, shapes)}")
    n = int(shapes[layer][-1] or 0)
    units = np.atleast_1d(np.arange(min(n, _MANY)) if targets is None else np.asarray(targets))
    if units.dtype.kind not in "iu" or units.ndim != 1 or units.min(initial=0) < 0 or units.max(initial=0) >= n:
        raise ParameterError(f"Layer {layer!r} has the channels 0 to {n - 1}; targets={targets!r} names others.")
    return units, units


def _limits(clf: Any, bounds: Any) -> tuple[float, float] | None:
    if isinstance(bounds, str):
        if bounds != "auto":
            raise ParameterError(f'bounds={bounds!r} cannot be used; expected (low, high), "auto" or None.')
        scale = getattr(clf, "scale_", None)
        return None if scale is None else (0.0, round(1 / scale, 6))
    if bounds is None:
        return None
    low, high = (float(one) for one in bounds)
    if not low < high:
        raise ParameterError(f"bounds={bounds!r} cannot be used: the first is to be less than the second.")
    return low, high


def _check(**numbers: Any) -> None:
    least = {"n_steps": 1, "blur_every": 1, "step": 0.0, "decay": 0.0, "blur": 0.0}
    for name, value in numbers.items():
        whole = name in ("n_steps", "blur_every")
        fits = isinstance(value, int | np.integer) if whole else isinstance(value, int | float | np.number)
        if not fits or isinstance(value, bool) or not value >= least[name] or (name == "decay" and value >= 1):
            kind = "a whole number, 1 or more" if whole else "a number, 0 or more" + ", below 1" * (name == "decay")
            raise ParameterError(f"{name}={value!r} cannot be used: it is {kind}.")
