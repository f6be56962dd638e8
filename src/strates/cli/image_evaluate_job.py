"""The work of ``strates evaluate`` on a folder of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from strates.cli.evaluate_job import show_evaluation
from strates.cli.model_card import read_card
from strates.cli.model_images import read_model_images
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.datasets import ImageFolder
from strates.exceptions import ParameterError
from strates.inspection import evaluate
from strates.inspection.outcome import sample_rows
from strates.report.wording import with_noun

#: Bytes of the images that are tested on, at most.
_MOST_BYTES = 256 * 2**20


def run_image_evaluate(model: Path, given: str, *, seed: int, skip_bad: bool, screen: Screen) -> None:
    """Measure a model on labelled images, and show it.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        The folder.
    seed : int
        Of the bootstrap.
    skip_bad : bool
        Leave out files that cannot be read.
    screen : Screen
    """
    card, about = read_card(model, of_images=True)
    if card.images is None:
        raise ParameterError(f"{model.name} learned from a table. Give a table to evaluate it on.")
    images = read_model_images(model, card, given, about["classes"], skip_bad=skip_bad, screen=screen)
    images = _judged(images, seed, screen)
    for note in images.notes:
        screen.note(note)
    with reading_images(screen, "Decoding the images") as progress:
        X, y = images.load(progress=progress)
    with screen.doing("Loading the model"):
        from strates.estimators import load

        clf = load(model)
    with screen.doing(f"Testing on {len(y):,} images"):
        evaluation = evaluate(clf, X, y, seed=seed, importance=False)
    for note in evaluation.notes:
        screen.note(with_noun(note, "image"))
    show_evaluation(evaluation, card, model, given, screen)


def _judged(images: ImageFolder, seed: int, screen: Screen) -> ImageFolder:
    """Return the test part of a divided folder, or a sample that fits in memory."""
    parts = set(images.parts.tolist())
    if parts != {"all"}:
        part = "test" if "test" in parts else "validation"
        images = images.part(part)
        screen.note(f"The folder is divided: the {len(images):,} images of its {part} part are taken.")
    if images.n_bytes > _MOST_BYTES:
        codes = np.unique(images.labels, return_inverse=True)[1]
        images = images.take(sample_rows(codes, _MOST_BYTES // images.form.n_bytes, seed))
        screen.note(f"There are many images: the metrics are those of a sample of {len(images):,}.")
    return images
