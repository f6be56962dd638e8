"""What is in a folder of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates.datasets.image_folder import ImageFolder
from strates.inspection.record import Record


@dataclass(frozen=True)
class Picture(Record):
    """A small image on a page.

    Attributes
    ----------
    source : str
        The image itself, as a ``data:`` address.
    height, width : int
        In pixels.
    label : str
        Its class.
    name : str
        Its file.
    """

    source: str
    height: int
    width: int
    label: str
    name: str


@dataclass(frozen=True)
class ExplainedPicture(Record):
    """An image, and what a network's answer to it rests on.

    Attributes
    ----------
    picture : Picture
        The image, with its class.
    heat : Picture
        The same with a map over it.
    predicted : str
        The class that the network gives it, whose score is explained.
    probability : float
        Of that class.
    """

    picture: Picture
    heat: Picture
    predicted: str
    probability: float

    @property
    def is_right(self) -> bool:
        """Whether the network gives it its own class."""
        return self.predicted == self.picture.label


@dataclass(frozen=True)
class ImageSummary(Record):
    """Images to learn from, and images to judge by.

    Attributes
    ----------
    classes : tuple of str
        The commonest first.
    counts, test_counts : tuple of int
        Images of each class to learn from, and to judge by.
    height, width, channels : int
        As the network takes them: pixels, and 1 for grey or 3 for RGB.
    heights, widths : tuple of int
        Smallest, median and largest in the files, in pixels.
    n_skipped : int
        Files that could not be read and were left out.
    crop_to_aspect_ratio : bool
        Whether proportions were kept, and the rest cut off.
    fingerprint : str
        64 hexadecimal digits that change when a file comes, goes, or changes its name or its length.
    """

    classes: tuple[str, ...]
    counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    height: int
    width: int
    channels: int
    heights: tuple[int, ...]
    widths: tuple[int, ...]
    n_skipped: int = 0
    fingerprint: str = ""
    crop_to_aspect_ratio: bool = False

    @property
    def n_images(self) -> int:
        """All images, to learn from and to judge by."""
        return sum(self.counts) + sum(self.test_counts)


def summarize_images(train: ImageFolder, test: ImageFolder) -> ImageSummary:
    """Count images by class, and look at their sizes.

    Parameters
    ----------
    train, test : ImageFolder
        Images to learn from, and images to judge by.

    Returns
    -------
    ImageSummary

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from strates.datasets import read_image_folder
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("day/1", "night/1", "night/2"):
    ...         Path(folder, name).parent.mkdir(exist_ok=True)
    ...         Image.new("L", (8, 6)).save(Path(folder, f"{name}.png"))
    ...     images = read_image_folder(folder)
    ...     summary = summarize_images(images.take([0, 1]), images.take([2]))
    >>> summary.classes, summary.counts, summary.test_counts, summary.heights
    (('day', 'night'), (1, 1), (0, 1), (6, 6, 6))
    """
    learned, judged = train.class_counts(), test.class_counts()
    names = sorted(learned, key=lambda name: -learned[name])
    height, width, channels = train.form.shape
    sizes = np.concatenate([train.sizes, test.sizes])
    spread = np.stack([sizes.min(axis=0), np.median(sizes, axis=0), sizes.max(axis=0)]).astype(int)
    return ImageSummary(
        classes=tuple(names),
        counts=tuple(learned[name] for name in names),
        test_counts=tuple(judged.get(name, 0) for name in names),
        height=height,
        width=width,
        channels=channels,
        heights=tuple(spread[:, 0].tolist()),
        widths=tuple(spread[:, 1].tolist()),
        n_skipped=len(train.skipped),
        fingerprint=train.fingerprint(),
        crop_to_aspect_ratio=train.crop_to_aspect_ratio,
    )
