"""What ``strates fit`` is going to do with a folder of images, checked before anything takes long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strates.cli.chosen_backbone import BackboneForm, ChosenBackbone
from strates.cli.fit_plan import check_test_size, given_transfer_options, plan_files
from strates.cli.fit_request import FitRequest
from strates.cli.image_options import parse_augmentation, parse_image_size
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.cli.settings import parse_hidden, parse_settings
from strates.datasets import ImageFolder, read_image_folder
from strates.exceptions import ParameterError

#: The models that learn from images.
IMAGE_MODELS = ("cnn", "transfer")
#: Images that would take more memory than this (bytes) are streamed, unless --no-stream is given.
STREAM_ABOVE = 2**30


@dataclass(frozen=True)
class ImageFitPlan:
    """A request that makes sense, as far as can be told from the heads of the files.

    Attributes
    ----------
    request : FitRequest
    images : ImageFolder
    hidden : tuple of int or None
    settings : dict
        Parameters of the classifier that were asked for.
    backbone : ChosenBackbone or None
        What is transferred from.
    streamed : bool
        Whether the images are decoded anew for each epoch.
    out : pathlib.Path
        The model file.
    report : pathlib.Path or None
    checkpoint : pathlib.Path or None
        Where the progress is kept.
    """

    request: FitRequest
    images: ImageFolder
    hidden: tuple[int, ...] | None
    settings: dict[str, Any]
    backbone: ChosenBackbone | None
    streamed: bool
    out: Path
    report: Path | None
    checkpoint: Path | None

    @property
    def name(self) -> str:
        """Of the folder."""
        return folder_name(self.images.path)


def folder_name(folder: Path) -> str:
    """Return the name of a folder, also of one called "."."""
    return folder.name or folder.resolve().name or "images"


def make_image_plan(request: FitRequest, screen: Screen, form: BackboneForm | None = None) -> ImageFitPlan:
    """Check what can be checked without TensorFlow and without decoding the images.

    Parameters
    ----------
    request : FitRequest
    screen : Screen
        Told what is worth knowing.
    form : BackboneForm, optional
        What a backbone expects of images.

    Returns
    -------
    ImageFitPlan

    Raises
    ------
    StratesError
        Something cannot be used; the message says what to change.
    """
    check_test_size(request)
    _refuse_table_options(request)
    backbone = _backbone(request)
    hidden, settings = parse_hidden(request.hidden), parse_settings(request.settings)
    augmentation = parse_augmentation(request.augmentation)
    if augmentation is not None:
        if "augmentation" in settings:
            raise ParameterError("--augmentation and --set augmentation are the same. Give one of the two.")
        settings["augmentation"] = augmentation
    size = parse_image_size(request.image_size)
    with reading_images(screen, "Looking at the images") as progress:
        images = read_image_folder(
            request.source,
            image_size=size if form is None else size or form.image_size,
            color=None if form is None else form.color,
            crop_to_aspect_ratio=form is not None and form.crop_to_aspect_ratio,
            skip_bad=request.skip_bad,
            progress=progress,
        )
    for note in images.notes:
        screen.note(note)
    streamed = _is_streamed(request, images.n_bytes)
    if streamed and request.cv is not None:
        raise ParameterError(
            "--cv needs all images in memory, and these are decoded anew for each epoch. Add --no-stream, or drop --cv."
        )
    files = plan_files(request, folder_name(images.path), None, screen)
    return ImageFitPlan(request, images, hidden, settings, backbone, streamed, *files)


def _is_streamed(request: FitRequest, n_bytes: int) -> bool:
    if request.model != "transfer":
        return n_bytes > STREAM_ABOVE if request.stream is None else request.stream
    if request.stream:
        raise ParameterError(
            "--model transfer computes the features of all images at once, and cannot learn with --stream. Leave it "
            "out, or take --model cnn."
        )
    return False


def _backbone(request: FitRequest) -> ChosenBackbone | None:
    """Return what to transfer from, where that is asked."""
    if request.model != "transfer":
        given = [name for name, is_given in given_transfer_options(request).items() if is_given]
        if given:
            raise ParameterError(
                f"{' and '.join(given)} {'are' if len(given) > 1 else 'is'} for --model transfer, and the model is "
                f"{request.model}. Add --model transfer, or leave {'them' if len(given) > 1 else 'it'} out."
            )
        return None
    if request.backbone is None:
        raise ParameterError(
            "--model transfer needs a network to transfer from. Add --backbone MobileNetV2, or another name of "
            "keras.applications, or a .keras or .strates file."
        )
    if request.checkpoint is not None and request.strategy != "scratch":
        raise ParameterError(
            "--checkpoint keeps the progress of long trainings, and --model transfer has one with --strategy scratch "
            "only. Leave --checkpoint out."
        )
    return ChosenBackbone(request.backbone, request.weights, request.strategy or "features")


def _refuse_table_options(request: FitRequest) -> None:
    if request.model not in IMAGE_MODELS:
        raise ParameterError(
            f"--model {request.model} is for tables, and {request.source} is a folder. Of a folder of images learns "
            f"--model {' or '.join(IMAGE_MODELS)}."
        )
    if request.target is not None:
        raise ParameterError(
            f"--target {request.target} names a column of a table, and {request.source} is a folder: the class of an "
            "image is the name of its subfolder. Leave --target out."
        )
    for name, value in (("--encoding", request.encoding), ("--missing", request.missing)):
        if value is not None:
            raise ParameterError(f"{name} is for tables, and {request.source} is a folder of images. Leave it out.")
