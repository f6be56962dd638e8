"""A loss of somebody's own in place of the cross-entropy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras, tf
from strates.engine.losses import row_losses
from strates.exceptions import ParameterError

#: As :func:`strates.engine.losses.row_losses`.
RowLosses = Callable[..., Any]


def check_own_loss(name: str, value: Any) -> None:
    """Refuse what is no loss.

    Raises
    ------
    ParameterError
        Neither None, nor a Keras loss of probabilities, nor a function.
    """
    if value is None:
        return
    if isinstance(value, type) or not callable(value):
        raise ParameterError(
            f"{name}={value!r} is no loss. Give a keras.losses.Loss such as "
            "keras.losses.CategoricalFocalCrossentropy(), or a function (y_true, y_pred) that returns one number "
            "for each row."
        )
    if isinstance(value, keras.losses.Loss) and value.get_config().get("from_logits"):
        raise ParameterError(
            f"{name}={type(value).__name__}(from_logits=True) wants logits, and a loss is given probabilities here. "
            "Leave from_logits out; the network may end in logits all the same."
        )


def row_losses_of(loss: Any) -> RowLosses:
    """Return the function that gives each row's loss: the cross-entropy for None.

    Parameters
    ----------
    loss : None, keras.losses.Loss or callable
        It is given 0/1 targets of shape (n_rows, n_outputs) and probabilities of the same shape; Keras's sparse
        losses get class numbers of shape (n_rows,).

    Returns
    -------
    callable
        As :func:`strates.engine.losses.row_losses`.
    """
    if loss is None:
        return row_losses
    sparse = "Sparse" in type(loss).__name__
    # a Loss reduces over the rows when it is called; its method call gives a number a row, which weights then multiply
    each = loss.call if isinstance(loss, keras.losses.Loss) else loss

    def own(kind: ProblemKind, outputs: Any, targets: Any, smoothing: Any, *, logits: bool) -> Any:
        if logits:
            outputs = tf.nn.softmax(outputs) if kind == "categorical" else tf.sigmoid(outputs)
        if kind == "categorical" and not sparse:
            targets = tf.one_hot(targets, outputs.shape[-1], dtype=outputs.dtype)
        found = tf.convert_to_tensor(each(targets, outputs))
        if found.shape.rank != 1:
            raise ParameterError(
                f"The loss {_name(loss)} returns an array of shape {tuple(found.shape)} for targets and probabilities "
                f"of shape {tuple(outputs.shape)}; expected one number for each row, of shape (n_rows,): weights of "
                "rows multiply it. Take the mean over the last axis alone, axis=-1."
            )
        return tf.cast(found, outputs.dtype)

    return own


def check_on_rows(loss: Any, kind: ProblemKind, n_outputs: int) -> None:
    """Try a loss on four rows, before a fit begins.

    Raises
    ------
    ParameterError
        It fails, or does not give a number for each row.
    """
    n = 4
    outputs = tf.fill((n, n_outputs), 1 / max(n_outputs, 2))
    targets = np.arange(n) % n_outputs if kind == "categorical" else np.ones((n, n_outputs), np.float32)
    try:
        row_losses_of(loss)(kind, tf.cast(outputs, tf.float32), tf.constant(targets), None, logits=False)
    except ParameterError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ParameterError(
            f"The loss {_name(loss)} fails on targets and probabilities of shape ({n}, {n_outputs}): "
            f"{type(error).__name__}: {reason}"
        ) from error


def _name(loss: Any) -> str:
    return str(getattr(loss, "__name__", None) or type(loss).__name__)
