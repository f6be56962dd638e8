"""The work of ``strates diagnose`` on a folder of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from strates.cli.diagnose_job import show_diagnosis
from strates.cli.film_plan import read_request
from strates.cli.findings import of_images
from strates.cli.fit_rows import FitRows
from strates.cli.image_parts import split_images
from strates.cli.model_card import ModelCard, read_card
from strates.cli.model_images import read_model_images
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.datasets import ImageFolder
from strates.inspection import diagnose
from strates.inspection.outcome import sample_rows

#: Bytes of the images of a part, at most.
_MOST_BYTES = 256 * 2**20


def run_image_diagnose(model: Path, given: str, *, language: str, skip_bad: bool, screen: Screen) -> None:
    """Look a model over on a folder of images, and show what was found.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        The folder.
    language : {"en", "fr"}
    skip_bad : bool
        Leave out files that cannot be read.
    screen : Screen
    """
    card, about = read_card(model, of_images=True)
    images = read_model_images(model, card, given, about["classes"], skip_bad=skip_bad, screen=screen)
    rows = _read(images, card, given, screen)
    with screen.doing("Loading the model"):
        from strates.estimators import load

        clf = load(model)
    with screen.doing("Looking it over"):
        found = diagnose(clf, rows.X, rows.y, X_test=rows.X_test, y_test=rows.y_test, language=language)
    if language == "en":
        found = [of_images(one) for one in found]
    show_diagnosis(found, rows, model, given, language, screen, images=True)


def _read(images: ImageFolder, card: ModelCard, given: str, screen: Screen) -> FitRows:
    """Divide a folder as the fit did; of another folder, take all images for learned."""
    request = read_request(card.command)
    same = images.fingerprint() == card.fingerprint
    notes = list(images.notes)
    train, test = images, None
    if same:
        split = split_images(images, request.test_size, request.seed)
        train, test = split.train, split.test
        notes += split.notes
    else:
        notes.append(
            f"{given} is not the folder that the model learned from: all of its images are taken for images that it "
            "learned from, and nothing can be said of over-fitting."
        )
    n_all = len(train)
    train, test = _sample(train, request.seed), None if test is None else _sample(test, request.seed)
    if len(train) < n_all:
        notes.append(f"There are many images: {len(train):,} of the {n_all:,} that it learned from are looked at.")
    with reading_images(screen, "Decoding the images") as progress:
        X, y = train.load(progress=progress)
        X_test, y_test = (None, None) if test is None else test.load(progress=progress)
    return FitRows(X, y, X_test, y_test, same, notes)


def _sample(images: ImageFolder, seed: int) -> ImageFolder:
    codes = np.unique(images.labels, return_inverse=True)[1]
    return images.take(sample_rows(codes, max(1, _MOST_BYTES // images.form.n_bytes), seed))
