"""Cross-entropy for the three kinds of problem, a number a row."""

from __future__ import annotations

from typing import Any

from strates.engine.architecture import ProblemKind
from strates.engine.backend import tf


def target_dtype(kind: ProblemKind) -> str:
    """Targets are class numbers of shape (n,) for a softmax, 0/1 of shape (n, n_outputs) otherwise."""
    return "int32" if kind == "categorical" else "float32"


def row_losses(kind: ProblemKind, outputs: Any, targets: Any, smoothing: Any | None, *, logits: bool) -> Any:
    """Return the cross-entropy of each row, in nats.

    A multilabel row's loss is the sum over its labels, as in scikit-learn. Label smoothing s moves a share s
    of the target's mass to the uniform distribution (Szegedy et al., 2016, https://arxiv.org/abs/1512.00567).

    Parameters
    ----------
    kind : {"binary", "categorical", "multilabel"}
    outputs : tensor of shape (n_rows, n_outputs)
        Logits, or probabilities when ``logits`` is False.
    targets : tensor
        See :func:`target_dtype`.
    smoothing : scalar tensor or None
        None leaves label smoothing out of the graph.
    logits : bool

    Returns
    -------
    tensor of shape (n_rows,)
    """
    if not logits:  # a subclassed network keeps its own last activation: clip, then go back to logits
        tiny = 1e-7
        p = tf.clip_by_value(outputs, tiny, 1 - tiny)
        outputs = tf.math.log(p) if kind == "categorical" else tf.math.log(p) - tf.math.log1p(-p)
    if smoothing is not None:
        smoothing = tf.cast(smoothing, outputs.dtype)
    if kind == "categorical":
        if smoothing is None:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs)
        log_p = tf.nn.log_softmax(outputs)
        hit = tf.one_hot(targets, outputs.shape[-1], dtype=outputs.dtype)
        smooth = (1 - smoothing) * hit + smoothing / outputs.shape[-1]
        return -tf.reduce_sum(smooth * log_p, axis=-1)
    targets = tf.cast(targets, outputs.dtype)
    if smoothing is not None:
        targets = (1 - smoothing) * targets + 0.5 * smoothing
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(targets, outputs), axis=-1)


def row_hits(kind: ProblemKind, outputs: Any, targets: Any, *, logits: bool) -> Any:
    """Return 1.0 for each row predicted right (for a multilabel row: all of its labels), else 0.0."""
    if kind == "categorical":
        right = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), targets)
        return tf.cast(right, "float32")
    threshold = 0.0 if logits else 0.5
    right = tf.equal(outputs > threshold, targets > 0.5)
    return tf.cast(tf.reduce_all(right, axis=-1), "float32")
