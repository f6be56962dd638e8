"""What training minimises, a number a row: cross-entropy for labels, squared error for reconstructions."""

from __future__ import annotations

from typing import Any

from strates.engine.architecture import ProblemKind
from strates.engine.backend import tf


def target_dtype(kind: ProblemKind) -> str:
    """Targets are class numbers of shape (n,) for a softmax, numbers of shape (n, n_outputs) otherwise."""
    return "int32" if kind == "categorical" else "float32"


def compared_with(kind: ProblemKind, inputs: Any, targets: Any) -> Any:
    """Return what outputs are compared with: the inputs themselves, uncorrupted, when they are to be reconstructed.

    Their targets then hold nothing (shape (n, 0)), so that rows travel once.
    """
    return inputs if kind == "reconstruction" else targets


def row_losses(kind: ProblemKind, outputs: Any, targets: Any, smoothing: Any | None, *, logits: bool) -> Any:
    """Return the loss of each row: the cross-entropy in nats of labels, the mean squared error of a reconstruction.

    A reconstruction by logistic units (one given as logits) has the mean over its features of the cross-entropy
    between the feature, in [0, 1], and its reconstruction. A multilabel row's loss is the sum over its labels, as in
    scikit-learn. Label smoothing s moves a share s of the target's mass to the uniform distribution (Szegedy et al.,
    2016, https://arxiv.org/abs/1512.00567).

    Parameters
    ----------
    kind : {"binary", "categorical", "multilabel", "reconstruction"}
    outputs : tensor of shape (n_rows, n_outputs)
        Logits, or probabilities (of a reconstruction, the reconstruction) when ``logits`` is False.
    targets : tensor
        See :func:`target_dtype`.
    smoothing : scalar tensor or None
        None leaves label smoothing out of the graph.
    logits : bool

    Returns
    -------
    tensor of shape (n_rows,)
    """
    if kind == "reconstruction":
        targets = tf.cast(targets, outputs.dtype)
        if logits:
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, outputs), axis=-1)
        return tf.reduce_mean(tf.square(outputs - targets), axis=-1)
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
    """Return 1.0 for each row predicted right (for a multilabel row: all of its labels), else 0.0.

    For a reconstruction, which is never quite right: minus the mean squared error, so that more is better here too.
    """
    if kind == "reconstruction":
        found = tf.sigmoid(outputs) if logits else outputs
        return -tf.reduce_mean(tf.square(found - tf.cast(targets, found.dtype)), axis=-1)
    if kind == "categorical":
        right = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), targets)
        return tf.cast(right, "float32")
    threshold = 0.0 if logits else 0.5
    right = tf.equal(outputs > threshold, targets > 0.5)
    return tf.cast(tf.reduce_all(right, axis=-1), "float32")
