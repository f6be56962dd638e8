"""Images before an attack and after it, as pictures for a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.attacks import AttackResult
from strates.displays.change_thumbnail import change_thumbnail
from strates.displays.thumbnail import thumbnail
from strates.inspection.attacked_picture import AttackedPicture
from strates.inspection.image_summary import Picture
from strates.inspection.outcome import class_names


def attacked_pictures(
    result: AttackResult,
    rows: Sequence[int],
    before: Any,
    after: Any,
    classes: Any,
    names: Sequence[str],
    *,
    scale: float,
    most_side: int,
) -> tuple[AttackedPicture, ...]:
    """Return some images with what was added to them.

    Parameters
    ----------
    result : AttackResult
        Of images from 0 to ``scale``.
    rows : sequence of int
        Which, by their places in the result.
    before, after : array-like of shape (len(rows), n_classes)
        The probabilities.
    classes : sequence of n_classes labels
    names : sequence of str
        Of the files, one a row of ``rows``.
    scale : float
        What white is.
    most_side : int
        Pixels of a picture's longer side, at most.

    Returns
    -------
    tuple of AttackedPicture
    """
    labels = class_names(classes)
    pictures = []
    for k, row in enumerate(rows):
        was, now = int(np.argmax(before[k])), int(np.argmax(after[k]))
        about: dict[str, Any] = {"name": names[k], "most_side": most_side}
        change, factor = change_thumbnail(
            result.adversarial[row] - result.original[row], white=scale, label=labels[was], **about
        )
        pictures.append(
            AttackedPicture(
                original=thumbnail(_bytes(result.original[row], scale), label=labels[was], **about),
                change=change,
                adversarial=thumbnail(_bytes(result.adversarial[row], scale), label=labels[now], **about),
                factor=factor,
                before=labels[was],
                after=labels[now],
                before_probability=float(before[k][was]),
                after_probability=float(after[k][now]),
                distance=", ".join(f"{name} {result.distances[name][row] / scale:.2g}" for name in ("linf", "l2")),
            )
        )
    return tuple(pictures)


def change_picture(change: FloatArray, *, white: float, most_side: int) -> AttackedPicture:
    """Return one perturbation, of no image in particular."""
    shown, factor = change_thumbnail(change, white=white, label="any", name="the perturbation", most_side=most_side)
    none = Picture("", 0, 0, "", "")
    return AttackedPicture(none, shown, none, factor, "", "", 0.0, 0.0)


def _bytes(pixels: FloatArray, scale: float) -> Any:
    return np.clip(255 * pixels / scale, 0, 255).round().astype(np.uint8)
