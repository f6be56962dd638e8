"""How far the signal gets through a network, and how much of its error comes back."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray
from strates.exceptions import ParameterError, did_you_mean
from strates.inspection.layer_signals import SignalSums, joint_norm, measure_layers
from strates.inspection.network_inputs import network_inputs

_OVER = ("end", "training")
_COLUMNS = ["layer", "units", "activation_mean", "activation_std", "activation_norm", "delta_norm", "gradient_norm",
            "weight_norm", "update_ratio", "dead", "saturated"]  # fmt: skip


def gradient_flow(
    clf: Any,
    X: Any,
    y: Any,
    *,
    over: str = "end",
    penalty: bool = False,
    training: bool = True,
    learning_rate: float | None = None,
) -> pd.DataFrame:
    """Measure activations, deltas and weight gradients, layer by layer.

    A layer is one with weights, with the normalisation and the activation that follow it, under the name of the one
    with the weights. Everything is computed in float64, with nothing dropped.

    Parameters
    ----------
    clf : fitted strates classifier or pipeline
        That learns by gradients; a network of one's own must be sequential or functional.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        Rows to look at; some hundreds do. A pipeline takes them as they were before its first step.
    y : array-like of shape (n_rows,)
        Their labels.
    over : {"end", "training"}, default="end"
        "end": the network as it is. "training": every frame of ``recording_``, which a fit with a
        :class:`strates.Recorder` leaves.
    penalty : bool, default=False
        Whether the gradients are those of the objective, its penalty on the weights included.
    training : bool, default=True
        Whether batch normalisation uses these rows' statistics (of blocks of 2,000 at most), as a training step would,
        or its moving averages, as a prediction does. Of no effect without it.
    learning_rate : float, default=None
        Of the step that ``update_ratio`` imagines for a network that stands still; by default the one that the fit
        began with.

    Returns
    -------
    DataFrame
        A row a layer, from the inputs to the outputs; over training, a row a frame and layer, beginning with ``step``
        (updates made before it) and ``epoch``. Columns:

        - ``layer``, ``units``: its name, and how many units (channels) it has;
        - ``activation_mean``, ``activation_std``, ``activation_norm``: mean, standard deviation and root mean square of
          its outputs over rows, places and units; of the last layer, of its logits;
        - ``delta_norm``: root mean square of the derivative of each row's own cross-entropy with respect to these
          outputs, in nats per unit of output (not divided by the number of rows, as the derivatives of a mean are);
        - ``gradient_norm``: Euclidean norm of the derivative of the mean loss with respect to the layer's weights,
          biases aside; NaN where they are frozen;
        - ``weight_norm``: Euclidean norm of these weights;
        - ``update_ratio``: norm of an update over ``weight_norm``; about 1e-3 where the learning rate is right. Over
          training it is what the solver, whichever it is, really did: the change between this frame and the next,
          divided by the steps between. That is the update itself where frames are a step apart; where they are farther
          apart it is less than the mean update, for steps undo one another in part. The last frame has none (NaN).
          For a network that stands still, it is the step of plain gradient descent, ``learning_rate * gradient_norm /
          weight_norm``; a solver such as Adam, which scales the gradient weight by weight, makes another. NaN for a
          solver without a learning rate;
        - ``dead``: share of units that are zero in every row and place; NaN but for rectified units;
        - ``saturated``: share of outputs in the outermost 1 % of the function's range at either end, where its slope is
          next to nothing: beyond 0.98 for tanh, outside 0.01 to 0.99 for the logistic function. NaN for functions
          without two ends.

    Raises
    ------
    ParameterError
        The classifier has no gradients, no layers that can be looked into, or no recording.
    DataError
        X has no rows, or another number of them than y.

    See Also
    --------
    strates.displays.GradientFlowDisplay : The picture.
    activation_statistics : The forward half, also before any training.

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
    The ratio of updates to weights: https://cs231n.github.io/neural-networks-3/

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = MLPClassifier((16, 16), learning_rate="cosine", max_iter=20, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(X, y)
    >>> gradient_flow(clf, X, y)[["layer", "units"]].values.tolist()
    [['hidden_1', 16], ['hidden_2', 16], ['outputs', 1]]
    >>> film = gradient_flow(clf, X, y, over="training")
    >>> film["step"].unique().tolist()
    [0, 1, 2, 4, 9, 20]
    """
    if over not in _OVER:
        raise ParameterError(f"over={over!r} cannot be used. {did_you_mean(str(over), _OVER)}")
    rows, last = network_inputs(clf, X)
    if over == "training":
        return _over_training(_frames(last), rows, y, penalty=penalty, training=training)
    sums = measure_layers(last, rows, y, penalty=penalty, training=training)
    rate = _learning_rate(last) if learning_rate is None else learning_rate
    table = pd.DataFrame([one.numbers() for one in sums])
    table["update_ratio"] = _ratio(rate * table["gradient_norm"], table["weight_norm"])
    return table[_COLUMNS]


def _frames(clf: Any) -> Sequence[Any]:
    frames: Sequence[Any] | None = getattr(clf, "recording_", None)
    if frames is None:
        raise ParameterError(
            f"This {type(clf).__name__} has no recording_ to look at. Fit it after "
            'clf.set_callbacks(strates.Recorder()), or ask for over="end".'
        )
    return frames


def _over_training(frames: Sequence[Any], X: Any, y: Any, *, penalty: bool, training: bool) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    before: list[SignalSums] = []
    for number, frame in enumerate(frames):
        # a copy: the frame itself would keep the Keras model that is built here
        sums = measure_layers(copy.copy(frame.estimator), X, y, penalty=penalty, training=training)
        part = pd.DataFrame([one.numbers() for one in sums])
        part.insert(0, "step", frame.step)
        part.insert(1, "epoch", float(frame.epoch))
        part["update_ratio"] = np.nan
        if parts:
            changes = [_change(a, b) for a, b in zip(before, sums, strict=True)]
            n_steps = frame.step - frames[number - 1].step
            parts[-1]["update_ratio"] = _ratio(np.divide(changes, n_steps), parts[-1]["weight_norm"])
        parts.append(part)
        before = sums
    return pd.concat(parts, ignore_index=True)[["step", "epoch", *_COLUMNS]]


def _change(before: SignalSums, after: SignalSums) -> float:
    """Return how far a layer's weights moved."""
    pairs = zip(before.group.kernels, after.group.kernels, strict=True)
    return joint_norm([np.asarray(b, np.float64) - np.asarray(a, np.float64) for a, b in pairs])


def _ratio(update: Any, weight: Any) -> AnyArray:
    """Return update / weight; NaN where the weights are all zero."""
    weight = np.asarray(weight, np.float64)
    return np.asarray(update, np.float64) / np.where(weight > 0, weight, np.nan)


def _learning_rate(clf: Any) -> float:
    """Return the rate that a fit begins with; NaN of a solver without one."""
    solver = getattr(clf, "solver", None)
    if solver in ("adam", "sgd"):
        return float(clf.learning_rate_init)
    return float(getattr(solver, "learning_rate", np.nan))  # a Keras optimizer brings its own
