"""Where the images of a folder are: one subfolder a class, perhaps in a training and a test part."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from strates.datasets.image_file import SUFFIXES
from strates.exceptions import ImageError, TargetError

#: Names of folders that hold a part of the data, and the part that each means.
PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
_LAYOUT = "one subfolder a class, such as {0}/cats/1.jpg and {0}/dogs/1.jpg"


@dataclass(frozen=True)
class ImagePlaces:
    """The image files of a folder.

    Attributes
    ----------
    parts : dict of str to dict of str to list of pathlib.Path
        For each part ("train", "test", "validation", or "all" where there are none) the files of each class, sorted.
    left_out : list of pathlib.Path
        Files that are no images by their names.
    """

    parts: dict[str, dict[str, list[Path]]]
    left_out: list[Path]


def list_images(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the images in a folder and its subfolders, sorted, and the files that are none by their names.

    What begins with a dot is passed over, and so are the notes that operating systems leave (``Thumbs.db``).
    """
    images, others = [], []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                images.append(Path(place, name))
            elif not name.startswith(".") and name not in ("Thumbs.db", "desktop.ini"):
                others.append(Path(place, name))
    return images, others


def holds_images(folder: Path) -> bool:
    """Whether there is an image in a folder or below it."""
    return any(
        name.lower().endswith(SUFFIXES) and not name.startswith(".")
        for _, _, names in os.walk(folder)
        for name in names
    )


def find_images(folder: Path) -> ImagePlaces:
    """Find the images of each class, and the parts that a folder is divided into.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    ImagePlaces

    Raises
    ------
    ImageError
        There is no such folder, it is empty, or its images are not in subfolders.
    TargetError
        A class without images, or one that the training part lacks.
    """
    inside = _subfolders(folder)
    divided = {PARTS[place.name.lower()]: place for place in inside if place.name.lower() in PARTS}
    if not ("train" in divided and len(divided) == len(inside) > 1 and all(map(_subfolders, inside))):
        divided = {"all": folder}
    parts, left_out = {}, []
    for part, place in divided.items():
        parts[part], others = _classes(place)
        left_out += others
    if len(divided) > 1:
        learned = list(parts["train"])
        for part, place in divided.items():
            for name in parts[part]:
                if name not in learned:
                    raise TargetError(_unknown(name, place, divided["train"], learned))
    return ImagePlaces(parts, left_out)


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise ImageError(f"The folder {folder} {what}; expected a folder with {_LAYOUT.format(folder.name)}.")
    return sorted(
        place for place in folder.iterdir() if place.is_dir() and not place.name.startswith((".", "__MACOSX"))
    )


def _classes(folder: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """Return the images of each subfolder, and the files that are none."""
    inside = _subfolders(folder)
    if not inside:
        images, others = list_images(folder)
        held = f"holds {len(images):,} images but no subfolders" if images else "holds no images"
        if not images and others:
            held += f" (but {', '.join(place.name for place in others[:3])}{', ...' if len(others) > 3 else ''})"
        elif not images:
            held = "is empty"
        raise ImageError(
            f"The folder {folder} {held}; expected {_LAYOUT.format(folder.name)}: JPEG, PNG or WebP files."
        )
    classes, left_out = {}, [place for place in sorted(folder.iterdir()) if _is_stray(place)]
    for place in inside:
        classes[place.name], others = list_images(place)
        left_out += others
    empty = [name for name, images in classes.items() if not images]
    if len(empty) == len(classes):
        held = f" It holds {left_out[0].name} and the like." if left_out else ""
        raise ImageError(
            f"The folder {folder} and its subfolders hold no image; expected {_LAYOUT.format(folder.name)}: JPEG, PNG "
            f"or WebP files.{held}"
        )
    if empty:
        raise TargetError(
            f"The class folder{'s' * (len(empty) > 1)} {', '.join(map(repr, empty[:8]))} of {folder} "
            f"hold{'s' * (len(empty) == 1)} no image (.jpg, .jpeg, .png or .webp). Add some, or remove "
            f"{'it' if len(empty) == 1 else 'them'}."
        )
    return classes, left_out


def _is_stray(place: Path) -> bool:
    """Whether a file lies beside the class folders."""
    return place.is_file() and not place.name.startswith(".") and place.name not in ("Thumbs.db", "desktop.ini")


def _unknown(name: str, place: Path, train: Path, learned: list[str]) -> str:
    near = difflib.get_close_matches(name, learned, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"{place} has a class {name!r} that {train} lacks.{hint} Give every class the same folder name in both, or "
        "remove it."
    )
