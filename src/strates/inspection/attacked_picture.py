"""An image before an attack and after it, on a page."""

from __future__ import annotations

from dataclasses import dataclass

from strates.inspection.image_summary import Picture
from strates.inspection.record import Record


@dataclass(frozen=True)
class AttackedPicture(Record):
    """An image, what an attack added to it, and what a network says of both.

    Attributes
    ----------
    original, change, adversarial : Picture
        The image, the difference made visible, and the image that fools the network.
    factor : float
        How many times larger the difference is shown than it is.
    before, after : str
        The class that the network gives each.
    before_probability, after_probability : float
        Of that class.
    distance : str
        How far the image was moved, in words.
    """

    original: Picture
    change: Picture
    adversarial: Picture
    factor: float
    before: str
    after: str
    before_probability: float
    after_probability: float
    distance: str = ""
