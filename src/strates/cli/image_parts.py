"""A folder of images split into those to learn from and those to test on, decoded or left in their files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from strates._random import integer_seed
from strates._types import AnyArray
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.cli.split import split_rows
from strates.datasets import ImageFolder
from strates.exceptions import TargetError
from strates.inspection.outcome import sample_rows

#: Bytes of the images that are held of a streamed folder: to test on, for the baselines, and to stop by.
_TEST_BYTES, _SAMPLE_BYTES, _WATCHED_BYTES = 256 * 2**20, 128 * 2**20, 128 * 2**20
#: Share of a streamed folder to stop by, when that is asked.
_WATCHED_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """Files to learn from, to test on, and to watch while learning.

    Attributes
    ----------
    train, test : ImageFolder
    watched : ImageFolder or None
        A validation part.
    notes : tuple of str
        What a reader should know.
    """

    train: ImageFolder
    test: ImageFolder
    watched: ImageFolder | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ImageParts:
    """What a fit needs of images, and what its judgement needs.

    Attributes
    ----------
    train, test : ImageFolder
        The files.
    X_train, X_test : ndarray of shape (n_images, height, width, channels), uint8
        Of a streamed folder, samples.
    y_train, y_test : ndarray of shape (n_images,)
    names : tuple of str
        Of the files of ``X_test``.
    streamed : bool
    watched : tuple (X, y) or None
        Images to watch, and to stop by when that is asked.
    """

    train: ImageFolder
    test: ImageFolder
    X_train: AnyArray
    y_train: AnyArray
    X_test: AnyArray
    y_test: AnyArray
    names: tuple[str, ...]
    streamed: bool
    watched: tuple[AnyArray, AnyArray] | None = None


def split_images(images: ImageFolder, test_size: float, seed: int) -> ImageSplit:
    """Take the parts that a folder has, or draw images of every class to test on.

    Parameters
    ----------
    images : ImageFolder
    test_size : float
        Share of the images to test on.
    seed : int
        Of the draw.

    Returns
    -------
    ImageSplit

    Raises
    ------
    TargetError
        A class has a single image.
    """
    parts = set(images.parts.tolist())
    if parts == {"all"}:
        single = [name for name, count in images.class_counts().items() if count < 2]
        if single:
            raise TargetError(
                f"{', '.join(map(repr, single[:8]))} in {images.path} {'has' if len(single) == 1 else 'have'} a single "
                "image; expected at least two of each class, one to learn from and one to test. Add images, or remove "
                "the folder."
            )
        train, test = split_rows(pd.Series(images.labels), test_size, seed)
        return ImageSplit(images.take(train), images.take(test))
    judged = "test" if "test" in parts else "validation"
    split = ImageSplit(images.part("train"), images.part(judged))
    note = (
        f"The folder is divided already: {len(split.train):,} images to learn from in its training part, "
        f"{len(split.test):,} to test on in its {judged} part."
    )
    watched = None
    if judged == "test" and "validation" in parts:
        watched = images.part("validation")
        note += f" The {len(watched):,} of its validation part are watched while it learns."
    return ImageSplit(split.train, split.test, watched, (note,))


def read_image_parts(split: ImageSplit, *, streamed: bool, watched: bool, seed: int, screen: Screen) -> ImageParts:
    """Decode what is needed in memory.

    Parameters
    ----------
    split : ImageSplit
    streamed : bool
        Whether the images to learn from stay in their files.
    watched : bool
        Whether images are needed to stop by.
    seed : int
        Of the samples.
    screen : Screen

    Returns
    -------
    ImageParts

    Raises
    ------
    ImageError
        Naming files that cannot be decoded.
    """
    train, test, others = split.train, split.test, split.watched
    sample = train
    if streamed:
        with reading_images(screen, "Checking the images") as progress:
            train = train.checked(progress=progress)  # now, not after an hour of training
        if watched and others is None:
            kept, stopping = split_rows(pd.Series(train.labels), _WATCHED_SHARE, integer_seed(seed, "watched"))
            train, others = train.take(kept), train.take(stopping)
        sample, test = _sample(train, _SAMPLE_BYTES, seed), _sample(test, _TEST_BYTES, seed)
        screen.note(_streamed_note(train, sample, test, len(split.test)))
    if others is not None:
        others = _sample(others, _WATCHED_BYTES if streamed else others.n_bytes, seed)
    with reading_images(screen, "Decoding the images") as progress:
        X_train, y_train = sample.load(progress=progress)
        X_test, y_test = test.load(progress=progress)
        stopping_rows = None if others is None else others.load(progress=progress)
    return ImageParts(
        train, test, X_train, y_train, X_test, y_test, relative_names(test), streamed=streamed, watched=stopping_rows
    )


def relative_names(images: ImageFolder) -> tuple[str, ...]:
    """Return the files' names as they are below the folder."""
    return tuple(path.relative_to(images.path).as_posix() for path in images.paths)


def _sample(images: ImageFolder, n_bytes: int, seed: int) -> ImageFolder:
    """Return so many images, drawn at random, that they take no more bytes than that; one of each class at least."""
    codes = np.unique(images.labels, return_inverse=True)[1]
    return images.take(sample_rows(codes, max(1, n_bytes // images.form.n_bytes), integer_seed(seed, "sample")))


def _streamed_note(train: ImageFolder, sample: ImageFolder, test: ImageFolder, n_test: int) -> str:
    note = f"The images are decoded anew for each epoch: {len(train):,} to learn from, {n_test:,} to test on."
    if len(sample) < len(train) or len(test) < n_test:
        note += f" The baselines learn from {len(sample):,} of them, and {len(test):,} are tested."
    return note
