"""The network that ``strates fit --model transfer`` starts from, as it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from strates.datasets.image_file import Color


@dataclass(frozen=True)
class ChosenBackbone:
    """What ``--backbone``, ``--weights`` and ``--strategy`` say.

    Attributes
    ----------
    name : str
        A name of ``keras.applications``, or a file.
    weights : str or None
        A file; None for those that Keras downloads.
    strategy : {"features", "fine_tune", "scratch"}
    """

    name: str
    weights: str | None
    strategy: str


@dataclass(frozen=True)
class BackboneForm:
    """What a backbone expects of images.

    Attributes
    ----------
    image_size : tuple (height, width) or None
        In pixels; None where it takes any.
    color : {"grey", "rgb"} or None
    crop_to_aspect_ratio : bool
        Whether images are to keep their proportions.
    """

    image_size: tuple[int, int] | None
    color: Color | None
    crop_to_aspect_ratio: bool
