"""Small pictures that a page carries inside."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from strates._types import AnyArray
from strates.inspection.image_summary import Picture

#: Up to so many pixels a side are stored without loss: digits and icons, of which compression would leave little.
_LOSSLESS_SIDE = 40
_QUALITY = 80


def thumbnail(pixels: AnyArray, *, label: str = "", name: str = "", most_side: int = 96) -> Picture:
    """Turn an image into a small picture for a page: a few kilobytes as a ``data:`` address.

    Parameters
    ----------
    pixels : ndarray of shape (height, width), (height, width, 1) or (height, width, 3), uint8
    label : str, default=""
        Its class.
    name : str, default=""
        Its file.
    most_side : int, default=96
        Pixels of the longer side, at most; a larger image is reduced.

    Returns
    -------
    Picture

    Examples
    --------
    >>> picture = thumbnail(np.zeros((30, 200, 3), np.uint8))
    >>> picture.height, picture.width, picture.source[:16]
    (14, 96, 'data:image/webp;')
    """
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels))
    factor = most_side / max(image.size)
    if factor < 1:
        width, height = (max(1, round(factor * side)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    held = io.BytesIO()
    small = max(image.size) <= _LOSSLESS_SIDE
    if small:
        image.save(held, "PNG", optimize=True)
    else:
        image.save(held, "WEBP", quality=_QUALITY, method=6)
    kind = "png" if small else "webp"
    source = f"data:image/{kind};base64,{base64.b64encode(held.getvalue()).decode()}"
    return Picture(source, image.height, image.width, label, name)
