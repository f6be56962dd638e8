"""Labelled images in files, read whole or batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._random import root_seed, stream
from strates._types import AnyArray
from strates.datasets.image_file import Color, ImageForm, decode_image
from strates.datasets.parallel_images import each_image
from strates.exceptions import DataError, ImageError, ParameterError, TargetError

#: Told how many files are done, and how many there are.
Progress = Callable[[int, int], None]
#: Files at fault that a message names.
_NAMED = 8


@dataclass(frozen=True)
class SkippedImage:
    """A file that cannot be read.

    Attributes
    ----------
    path : pathlib.Path
    reason : str
        What is wrong with it.
    """

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """Images of known classes, still in their files; what :func:`read_image_folder` returns.

    Attributes
    ----------
    path : pathlib.Path
        The folder.
    paths : tuple of pathlib.Path
        The files, class by class.
    labels : ndarray of shape (n_images,)
        Class of each: the name of its subfolder.
    parts : ndarray of shape (n_images,)
        "train", "test" or "validation" where the folder is divided so, or else "all".
    sizes : ndarray of shape (n_images, 2)
        Height and width of each in its file, in pixels, upright.
    classes : tuple of str
        Names of the classes, sorted.
    image_size : tuple (height, width)
        That every image is brought to, in pixels.
    color : {"grey", "rgb"}
        One channel, or three.
    skipped : tuple of SkippedImage
        Files that were left out.
    notes : tuple of str
        What a reader should know.
    crop_to_aspect_ratio : bool
        Whether proportions are kept, and the rest is cut off.
    """

    path: Path
    paths: tuple[Path, ...]
    labels: AnyArray
    parts: AnyArray
    sizes: NDArray[np.intp]
    classes: tuple[str, ...]
    image_size: tuple[int, int]
    color: Color
    skipped: tuple[SkippedImage, ...] = ()
    notes: tuple[str, ...] = ()
    crop_to_aspect_ratio: bool = False

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        counts = [f"{name} {n:,}" for name, n in self.class_counts().items()]
        shown = ", ".join(counts[:8]) + (f", ... {len(counts)} classes" if len(counts) > 8 else "")
        form = f"{self.image_size[0]} x {self.image_size[1]} {self.color}"
        skipped = f", {len(self.skipped):,} skipped" if self.skipped else ""
        return f"<ImageFolder {str(self.path)!r}: {len(self):,} images ({shown}), {form}{skipped}>"

    @property
    def form(self) -> ImageForm:
        """What every image is brought to."""
        return ImageForm(*self.image_size, self.color, self.crop_to_aspect_ratio)

    @property
    def n_bytes(self) -> int:
        """Bytes that all images take in memory."""
        return len(self) * self.form.n_bytes

    def class_counts(self) -> dict[str, int]:
        """Return the images of each class, the classes sorted."""
        return {name: int((self.labels == name).sum()) for name in self.classes}

    def take(self, rows: Any) -> ImageFolder:
        """Return some of the images.

        Parameters
        ----------
        rows : array-like of int, or of bool
            Numbers of the images, or whether to take each.

        Returns
        -------
        ImageFolder
        """
        chosen = np.arange(len(self))[np.asarray(rows)]
        return replace(
            self,
            paths=tuple(self.paths[row] for row in chosen.tolist()),
            labels=self.labels[chosen],
            parts=self.parts[chosen],
            sizes=self.sizes[chosen],
        )

    def part(self, name: str) -> ImageFolder:
        """Return the images of a part: "train", "test", "validation" or "all".

        Raises
        ------
        ParameterError
            There is no such part.
        """
        found = self.parts == name
        if not found.any():
            raise ParameterError(f"{self.path} has no part {name!r}. It has: {', '.join(np.unique(self.parts))}.")
        return self.take(found)

    def load(self, *, progress: Progress | None = None) -> tuple[AnyArray, AnyArray]:
        """Decode all images.

        Parameters
        ----------
        progress : callable (done, total), optional
            Told how far it is.

        Returns
        -------
        X : ndarray of shape (n_images, height, width, channels), uint8
        y : ndarray of shape (n_images,)
            The labels.

        Raises
        ------
        ImageError
            Naming every file that cannot be decoded.
        """
        X: AnyArray = np.empty((len(self), *self.form.shape), np.uint8)
        bad = []
        for row, (path, pixels) in enumerate(self._decoded(np.arange(len(self)))):
            if isinstance(pixels, ImageError):
                bad.append(SkippedImage(path, str(pixels)))
            else:
                X[row] = pixels
            if progress is not None:
                progress(row + 1, len(self))
        if bad:
            raise ImageError(bad_images(self.path, bad, len(self)))
        return X, self.labels

    def batches(
        self, batch_size: int = 256, *, shuffle: bool = False, seed: Any = None
    ) -> Iterator[tuple[AnyArray, AnyArray]]:
        """Decode the images batch by batch: of all of them, no more than a few batches are ever in memory.

        The next images are decoded while a batch is being used.

        Parameters
        ----------
        batch_size : int, default=256
            Images of a batch; the last one may have fewer.
        shuffle : bool, default=False
            Whether to draw an order of all images.
        seed : None, int, RandomState or Generator, default=None
            Of the order: the same seed, the same order.

        Yields
        ------
        X : ndarray of shape (batch_size, height, width, channels), uint8
        y : ndarray of shape (batch_size,)

        Raises
        ------
        ImageError
            Naming a file that cannot be decoded.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ParameterError(f"batch_size is {batch_size!r}; it has to be an integer of at least 1, such as 256.")
        n = len(self)
        order = stream(root_seed(seed), "image folder").permutation(n) if shuffle else np.arange(n)
        decoded = self._decoded(order)
        for first in range(0, n, batch_size):
            rows = order[first : first + batch_size]
            X: AnyArray = np.empty((len(rows), *self.form.shape), np.uint8)
            for place, (path, pixels) in zip(range(len(rows)), decoded, strict=False):
                if isinstance(pixels, ImageError):
                    raise ImageError(bad_images(self.path, [SkippedImage(path, str(pixels))], n)) from pixels
                X[place] = pixels
            yield X, self.labels[rows]

    def checked(self, *, skip_bad: bool = False, progress: Progress | None = None) -> ImageFolder:
        """Decode every image once, keeping none, so that no fault comes to light later.

        Parameters
        ----------
        skip_bad : bool, default=False
            Whether to leave out the files that cannot be decoded.
        progress : callable (done, total), optional

        Returns
        -------
        ImageFolder
            The images that are sound.

        Raises
        ------
        ImageError
            Naming every file that cannot be decoded, unless they are to be left out.
        TargetError
            A class has no other files.
        """
        bad = {}
        for row, (path, pixels) in enumerate(self._decoded(np.arange(len(self)))):
            if isinstance(pixels, ImageError):
                bad[row] = SkippedImage(path, str(pixels))
            if progress is not None:
                progress(row + 1, len(self))
        if not bad:
            return self
        if not skip_bad:
            raise ImageError(bad_images(self.path, list(bad.values()), len(self)))
        sound: NDArray[np.bool_] = np.ones(len(self), bool)
        sound[list(bad)] = False
        check_classes_left(self.path, self.labels, sound)
        return replace(self.take(sound), skipped=(*self.skipped, *bad.values()))

    def fingerprint(self) -> str:
        """Return 64 hexadecimal digits that change when a file comes, goes, or changes its name or its length."""
        digest = hashlib.sha256()
        for path, label in zip(self.paths, self.labels.tolist(), strict=True):
            digest.update(f"{path.relative_to(self.path).as_posix()}\0{label}\0{path.stat().st_size}\n".encode())
        return digest.hexdigest()

    def _decoded(self, order: NDArray[np.intp]) -> Iterator[tuple[Path, AnyArray | ImageError]]:
        paths = [self.paths[row] for row in order.tolist()]
        yield from zip(paths, each_image(partial(decode_image, form=self.form), paths), strict=True)


def bad_images(folder: Path, bad: list[SkippedImage], total: int) -> str:
    """Return the message about files that cannot be read, with the first few and what is wrong with each."""
    several = len(bad) > 1
    return (
        f"{len(bad):,} of {total:,} images in {folder} cannot be read: {name_images(folder, bad)}. "
        f"{'Replace or remove them' if several else 'Replace or remove it'}, or leave {'them' if several else 'it'} "
        "out with skip_bad=True."
    )


def name_images(folder: Path, bad: list[SkippedImage]) -> str:
    """Name files at fault, and what is wrong with each; at most eight."""
    named = [
        f"{one.path.relative_to(folder) if one.path.is_relative_to(folder) else one.path} ({one.reason})"
        for one in bad[:_NAMED]
    ]
    return "; ".join(named) + (f"; and {len(bad) - _NAMED:,} more" if len(bad) > _NAMED else "")


def check_classes_left(folder: Path, labels: AnyArray, sound: NDArray[np.bool_]) -> None:
    """Refuse to go on where all files of a class are at fault."""
    lost = sorted(set(labels.tolist()) - set(labels[sound].tolist()))
    if lost:
        raise TargetError(
            f"No image of {', '.join(map(repr, lost[:_NAMED]))} in {folder} can be read, and a class without images "
            "cannot be learned. Replace the files, or remove the class folder."
        )
    if not sound.any():
        raise DataError(f"No image in {folder} can be read. Replace the files.")
