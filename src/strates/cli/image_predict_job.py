"""The work of ``strates predict`` on images."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray
from strates.cli.model_card import read_card
from strates.cli.outputs import check_output
from strates.cli.predict_job import prediction_columns
from strates.cli.prediction_writer import open_writer
from strates.cli.screen import Screen
from strates.datasets.image_file import SUFFIXES, ImageForm, decode_image
from strates.datasets.image_folder import SkippedImage, name_images
from strates.datasets.image_places import list_images
from strates.datasets.parallel_images import each_image
from strates.exceptions import ImageError, ParameterError

#: Images of a block, at most, and the bytes that they may take.
_BLOCK_IMAGES, _BLOCK_BYTES = 512, 64 * 2**20


def run_image_predict(
    model: Path,
    given: tuple[str, ...],
    *,
    proba: bool,
    out: Path | None,
    skip_bad: bool,
    refused: tuple[str, ...],
    screen: Screen,
) -> None:
    """Predict every image, block by block.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : tuple of str
        Files and folders.
    proba : bool
        Add the probabilities.
    out : pathlib.Path or None
        None for standard output.
    skip_bad : bool
        Leave out files that cannot be read.
    refused : tuple of str
        Options that were given and that images do not have.
    screen : Screen
    """
    card, _ = read_card(model, of_images=True)
    if refused:
        raise ParameterError(
            f"{' and '.join(refused)} {'are' if len(refused) > 1 else 'is'} for tables, and {model.name} learned from "
            f"images. Leave {'them' if len(refused) > 1 else 'it'} out."
        )
    if card.images is None:
        raise ParameterError(f"{model.name} learned from a table. Give a table to predict.")
    paths = find_files(given)
    if out is not None:
        out = check_output(out, "--out", suffixes=(".csv", ".parquet"), inputs=(model,))
    with screen.doing("Loading the model"):
        from strates.estimators import load

        clf = load(model)
    columns = ["path", *prediction_columns(clf.classes_, keep=(), proba=proba)]
    bad: list[SkippedImage] = []
    count = 0
    with open_writer(out, columns) as write, screen.doing("Predicting") if out is not None else screen.silent():
        for names, X in decoded_blocks(paths, card.images.form, bad, skip_bad=skip_bad):
            probabilities = clf.predict_proba(X)
            answers = pd.DataFrame({"path": names})
            answers["prediction"] = np.asarray(clf.classes_)[probabilities.argmax(axis=1)]
            if proba:
                answers = pd.concat([answers, pd.DataFrame(probabilities, columns=columns[2:])], axis=1)
            count += len(answers)
            write(answers)
        if not count:
            raise ImageError(f"None of {len(paths):,} files can be read: {name_images(Path(), bad)}.")
    if bad:
        files = "1 file cannot be read and is" if len(bad) == 1 else f"{len(bad):,} files cannot be read and are"
        screen.note(f"{files} left out: {name_images(Path(), bad)}.")
    if out is not None:
        screen.show(f"{count:,} predictions in {out}")


def find_files(given: tuple[str, ...]) -> list[Path]:
    """Return the image files that were named, and those in the folders that were named.

    Parameters
    ----------
    given : tuple of str

    Returns
    -------
    list of pathlib.Path
        In the order given; a folder's sorted.

    Raises
    ------
    ImageError
        There is no such file (the message gives the nearest), or a folder has no image.
    """
    paths: list[Path] = []
    for one in given:
        place = Path(one).expanduser()
        if place.is_dir():
            inside, others = list_images(place)
            if not inside:
                held = f" (but {', '.join(other.name for other in others[:3])})" if others else ""
                raise ImageError(f"The folder {place} holds no image{held}; expected JPEG, PNG or WebP files in it.")
            paths += inside
        elif place.exists():
            paths.append(place)
        else:
            raise ImageError(_missing(place))
    return paths


def decoded_blocks(
    paths: list[Path], form: ImageForm, bad: list[SkippedImage], *, skip_bad: bool
) -> Iterator[tuple[list[str], AnyArray]]:
    """Yield the images, a block at a time.

    Parameters
    ----------
    paths : list of pathlib.Path
    form : ImageForm
        What they are brought to.
    bad : list of SkippedImage
        Receives the files that cannot be read.
    skip_bad : bool
        Whether these are left out.

    Yields
    ------
    names : list of str
    X : ndarray of shape (n_images, height, width, channels), uint8

    Raises
    ------
    ImageError
        Naming a file that cannot be read, unless it is to be left out.
    """
    size = max(1, min(_BLOCK_IMAGES, _BLOCK_BYTES // form.n_bytes))
    names: list[str] = []
    held: list[Any] = []
    decode = partial(decode_image, form=form)
    for path, pixels in zip(paths, each_image(decode, paths), strict=True):
        if isinstance(pixels, ImageError):
            if not skip_bad:
                raise ImageError(
                    f"{path} cannot be read: {pixels}. Replace or remove it, or leave it out with skip_bad=True."
                ) from pixels
            bad.append(SkippedImage(path, str(pixels)))
            continue
        names.append(str(path))
        held.append(pixels)
        if len(held) == size:
            yield names, np.stack(held)
            names, held = [], []
    if held:
        yield names, np.stack(held)


def _missing(place: Path) -> str:
    if not place.parent.is_dir():
        return f"There is no file {place}: the folder {place.parent} does not exist. Check the path."
    inside = sorted(other.name for other in place.parent.iterdir() if other.name.lower().endswith(SUFFIXES))
    near = difflib.get_close_matches(place.name, inside, n=1, cutoff=0.5)
    if near:
        return f"There is no file {place}. Did you mean {near[0]!r}?"
    return f"There is no file {place}. Give image files (.jpg, .png, .webp) or a folder of them."
