"""From a folder with a subfolder a class to labelled images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.datasets.image_file import Color, ImageHead, read_head
from strates.datasets.image_folder import (
    ImageFolder,
    Progress,
    SkippedImage,
    bad_images,
    check_classes_left,
    name_images,
)
from strates.datasets.image_places import ImagePlaces, find_images
from strates.datasets.parallel_images import each_image
from strates.exceptions import ImageError, ParameterError, TargetError

#: Pixels of the longer side, at most, where no size is asked for: more costs a small network time, not accuracy.
MOST_SIDE = 96
_COLORS = ("grey", "rgb")


def read_image_folder(
    path: str | os.PathLike[str],
    *,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    crop_to_aspect_ratio: bool = False,
    skip_bad: bool = False,
    classes: Sequence[Any] | None = None,
    progress: Progress | None = None,
) -> ImageFolder:
    r"""Find the images of a folder and look into each file's head; decoding them comes later.

    The folder has one subfolder a class, or first one for each of "train", "test" and "validation", and the classes
    in these. Images are JPEG, PNG or WebP; they are turned upright by their EXIF note, stand on white where they are
    transparent, and are stretched to one size: the whole picture is kept, its proportions may change. With
    ``crop_to_aspect_ratio`` its proportions are kept, and what goes beyond is cut off on both sides.

    Parameters
    ----------
    path : str or path-like
    image_size : int or tuple (height, width), optional
        Pixels to bring every image to. By default the median height and width, reduced so that the longer is 96 at
        most.
    color : {"grey", "rgb"}, optional
        By default grey where all images are grey, else RGB.
    crop_to_aspect_ratio : bool, default=False
        Keep proportions: what networks that were trained on photographs expect.
    skip_bad : bool, default=False
        Leave out files that cannot be read, instead of refusing the folder. All files are then decoded once.
    classes : sequence, optional
        Labels that a model knows, in its order: the folder may then have some of them only, and no others.
    progress : callable (done, total), optional
        Told how many files were looked into.

    Returns
    -------
    ImageFolder
        ``load()`` decodes all, ``batches()`` some at a time; ``part("test")`` is a part.

    Raises
    ------
    ImageError
        No such folder; none, or no images in subfolders; files that cannot be read, each named with the reason.
    TargetError
        One class only, an empty class folder, or one that the training part or the model does not know.
    ParameterError
        A size or a colour that cannot be used.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     for kind, ink in (("day", "white"), ("night", "black")):
    ...         Path(folder, kind).mkdir()
    ...         for number in range(3):
    ...             Image.new("L", (8, 6), ink).save(Path(folder, kind, f"{number}.png"))
    ...     images = read_image_folder(folder)
    ...     X, y = images.load()
    >>> X.shape, y.tolist(), images.color
    ((6, 6, 8, 1), ['day', 'day', 'day', 'night', 'night', 'night'], 'grey')
    """
    folder = Path(path).expanduser()
    asked = check_image_size(image_size)
    if color not in (None, *_COLORS):
        raise ParameterError(f'color={color!r} cannot be used: it is "grey" or "rgb", or None to see by the files.')
    places = find_images(folder)
    names = _class_names(folder, places, classes)
    found = _look(folder, places, skip_bad, progress)
    learned = np.isin(found.parts, ("all", "train"))
    medians = np.median(found.sizes[learned], axis=0)
    size = asked or default_size(float(medians[0]), float(medians[1]))
    chosen = color or ("grey" if all(head.grey for head in found.heads) else "rgb")
    images = ImageFolder(
        path=folder,
        paths=tuple(found.paths),
        labels=found.labels,
        parts=found.parts,
        sizes=found.sizes,
        classes=names,
        image_size=size,
        color=chosen,
        skipped=tuple(found.bad),
        crop_to_aspect_ratio=crop_to_aspect_ratio,
    )
    if skip_bad:
        images = images.checked(skip_bad=True, progress=progress)
    notes = [*_skipped_note(images), *_left_out_note(folder, places.left_out), *_size_note(images)]
    return replace(images, notes=(*notes, *_color_notes(found.heads, chosen)))


def check_image_size(value: Any) -> tuple[int, int] | None:
    """Return an ``image_size`` as (height, width), or None where there is none."""
    if value is None:
        return None
    sizes = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(sizes) != 2 or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes):
        raise ParameterError(
            f"image_size={value!r} cannot be used: it is a positive number of pixels, or two: (height, width)."
        )
    return int(sizes[0]), int(sizes[1])


def default_size(height: float, width: float) -> tuple[int, int]:
    """Return a size of about these proportions whose longer side has 96 pixels at most.

    Examples
    --------
    >>> default_size(28, 28), default_size(375, 500)
    ((28, 28), (72, 96))
    """
    factor = min(1.0, MOST_SIDE / max(height, width))
    if factor == 1.0:
        return max(1, round(height)), max(1, round(width))
    # multiples of 8: each can be halved three times without a rest
    return max(8, 8 * round(factor * height / 8)), max(8, 8 * round(factor * width / 8))


class _Found(NamedTuple):
    paths: list[Path]
    labels: AnyArray
    parts: AnyArray
    sizes: NDArray[np.intp]
    heads: list[ImageHead]
    bad: list[SkippedImage]


def _look(folder: Path, places: ImagePlaces, skip_bad: bool, progress: Progress | None) -> _Found:
    """Look into every file's head."""
    triples = [
        (path, name, part) for part, classes in places.parts.items() for name in classes for path in classes[name]
    ]
    paths = [path for path, _, _ in triples]
    heads: list[ImageHead | ImageError] = []
    for head in each_image(read_head, paths):
        heads.append(head)
        if progress is not None:
            progress(len(heads), len(paths))
    bad = [SkippedImage(p, str(head)) for p, head in zip(paths, heads, strict=True) if isinstance(head, ImageError)]
    if bad and not skip_bad:
        raise ImageError(bad_images(folder, bad, len(paths)))
    sound = np.array([isinstance(head, ImageHead) for head in heads])
    labels = np.array([name for _, name, _ in triples])
    check_classes_left(folder, labels, sound)
    kept = [head for head in heads if isinstance(head, ImageHead)]
    return _Found(
        paths=[path for path, good in zip(paths, sound.tolist(), strict=True) if good],
        labels=labels[sound],
        parts=np.array([part for _, _, part in triples])[sound],
        sizes=np.array([(head.height, head.width) for head in kept], np.intp),
        heads=kept,
        bad=bad,
    )


def _class_names(folder: Path, places: ImagePlaces, known: Sequence[Any] | None) -> tuple[str, ...]:
    names = sorted({name for classes in places.parts.values() for name in classes})
    if known is not None:
        expected = [str(one) for one in known]
        new = [name for name in names if name not in expected]
        if new:
            raise TargetError(
                f"{folder} has class folders that the model never learned: {', '.join(map(repr, new[:8]))}. It knows "
                f"{', '.join(map(repr, expected[:12]))}{', ...' if len(expected) > 12 else ''}. Rename or remove them, "
                "or train again on images that have them."
            )
        return tuple(expected)
    if len(names) == 1:
        only = folder / names[0]
        inner = [place.name for place in sorted(only.iterdir()) if place.is_dir() and not place.name.startswith(".")]
        hint = f" If its subfolders ({', '.join(inner[:3])}) are the classes, give {only}." if len(inner) > 1 else ""
        raise TargetError(
            f"{folder} has one class only, {names[0]!r}; expected one subfolder for each of at least two classes.{hint}"
        )
    return tuple(names)


def _skipped_note(images: ImageFolder) -> list[str]:
    bad = list(images.skipped)
    if not bad:
        return []
    files = "1 file cannot be read and is" if len(bad) == 1 else f"{len(bad):,} files cannot be read and are"
    return [f"{files} left out: {name_images(images.path, bad)}."]


def _left_out_note(folder: Path, others: list[Path]) -> list[str]:
    if not others:
        return []
    shown = ", ".join(str(path.relative_to(folder)) for path in others[:3]) + (", ..." if len(others) > 3 else "")
    files = "1 file is not in a class folder or is no image by its name" if len(others) == 1 else ""
    files = files or f"{len(others):,} files are not in a class folder or are no images by their names"
    return [f"{files}, and {'was' if len(others) == 1 else 'were'} left out: {shown}."]


def _size_note(images: ImageFolder) -> list[str]:
    sizes, size = images.sizes, images.image_size
    done = "cut around its centre, proportions kept, to" if images.crop_to_aspect_ratio else "stretched to"
    low, high = sizes.min(axis=0).tolist(), sizes.max(axis=0).tolist()
    target = f"{size[0]} x {size[1]} pixels (height x width)"
    if low == high:
        if tuple(low) == size:
            return []
        return [f"Every image is {low[0]} x {low[1]} and is {done} {target}."]
    smaller = int((sizes < size).any(axis=1).sum())
    note = (
        f"The images have heights of {low[0]} to {high[0]} and widths of {low[1]} to {high[1]} pixels: each is "
        f"{done} {target}"
    )
    return [
        f"{note}; {smaller:,} of them {'is' if smaller == 1 else 'are'} smaller than that." if smaller else f"{note}."
    ]


def _color_notes(heads: list[ImageHead], color: Color) -> list[str]:
    n_grey = sum(head.grey for head in heads)
    n_clear = sum(head.transparent for head in heads)
    notes = []
    if color == "rgb" and n_grey:
        notes.append(f"{n_grey:,} of {len(heads):,} images are grey and are read as RGB, like the others.")
    if color == "grey" and n_grey < len(heads):
        notes.append(f"{len(heads) - n_grey:,} of {len(heads):,} images have colours, which are not used.")
    if n_clear:
        notes.append(f"{n_clear:,} of {len(heads):,} images may be transparent in places: they stand on white there.")
    return notes
