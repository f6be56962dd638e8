"""How far other classes are ahead of one: what attacks raise, in training and after it."""

from __future__ import annotations

from typing import Any

from strates.engine.backend import tf


def class_lead(logits: Any, classes: Any, *, soft: bool) -> Any:
    r"""Return how far the other classes' logits lead over one class's: what an attack raises, positive when it wins.

    ::

        soft    log Σ_{j≠y} exp(z_j) - z_y         the cross-entropy is log(1 + exp(this))
        hard    max_{j≠y} z_j - z_y                the margin, with the sign turned

    The first's gradient is the cross-entropy's divided by 1 - p_y. Its direction is the same, but it does not vanish,
    nor lose y's own part to rounding, where float32 cannot tell p_y from 1.

    Parameters
    ----------
    logits : tensor of shape (n_rows, n_classes)
    classes : int tensor of shape (n_rows,)
    soft : bool

    Returns
    -------
    tensor of shape (n_rows,)

    Examples
    --------
    >>> class_lead(tf.constant([[1.0, 3.0, 2.0]]), tf.constant([1]), soft=False).numpy().tolist()
    [-1.0]
    """
    width = tf.shape(logits)[1] if logits.shape[1] is None else logits.shape[1]
    mine = tf.one_hot(classes, width, on_value=True, off_value=False)
    others = tf.where(mine, tf.constant(-1e30, logits.dtype), logits)
    own = tf.gather(logits, classes, axis=1, batch_dims=1)
    return (tf.reduce_logsumexp(others, axis=1) if soft else tf.reduce_max(others, axis=1)) - own
