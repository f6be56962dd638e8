"""``strates fit``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from strates.cli.fit_request import FitRequest
from strates.cli.image_options import SkipBad, is_folder
from strates.cli.options import AsJson, Debug, Encoding, Missing, Quiet, Source
from strates.cli.own_file import errors_by_line, find_own_file, is_own_file
from strates.cli.screen import Screen


class ModelName(StrEnum):
    """The kinds of network."""

    mlp = "mlp"
    network = "network"
    logistic = "logistic"
    perceptron = "perceptron"
    cnn = "cnn"
    transfer = "transfer"


class Strategy(StrEnum):
    """What is done with a backbone."""

    features = "features"
    fine_tune = "fine_tune"
    scratch = "scratch"


def _known_model(name: str | None) -> str | None:
    if name is not None and name not in list(ModelName) and not is_own_file(name):
        names = ", ".join(repr(one.value) for one in ModelName)
        raise typer.BadParameter(
            f"{name!r} is not one of {names}; nor does it name a function of your own, as mynet.py:build does."
        )
    return name


_FILES, _MODEL, _TRUST, _IMAGES = "Files", "The network", "How it is judged", "Images"
_TRANSFER = "Transfer learning (--model transfer)"


def fit(
    source: Source,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="[mlp|network|logistic|perceptron|cnn|transfer|FILE.py:FUNCTION]",
            help="A multi-layer perceptron, a Keras network, logistic regression, or Rosenblatt's perceptron; of "
            "images a convolutional network, or one that was trained elsewhere (transfer, with --backbone); or your "
            "own function (input_shape, n_classes) that returns a keras.Model, whose file is run.",
            callback=_known_model,
            show_default="mlp; cnn for images",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="64,32",
            help="Units of each hidden layer; none for no hidden layer.",
            show_default="128,64; 64 after convolutions",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A parameter of the classifier, such as alpha=0.01 or early_stopping=true. Can be repeated.",
            show_default=False,
            rich_help_panel=_MODEL,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="How often to go through the data: --set max_iter=N.",
            show_default="by the model and the data",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same model.", rich_help_panel=_MODEL)
    ] = 0,
    test_size: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the rows kept for the test.", rich_help_panel=_TRUST)
    ] = 0.2,
    cv: Annotated[
        int | None,
        typer.Option(
            "--cv", min=2, metavar="FOLDS", help="Also cross-validate.", show_default=False, rich_help_panel=_TRUST
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="NAME.strates",
            help="The model file.",
            show_default="the name of SOURCE",
            rich_help_panel=_FILES,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="NAME.html", help="The report.", show_default="the model's name", rich_help_panel=_FILES),
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.", rich_help_panel=_FILES)] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Save the progress there after every epoch.", show_default=False, rich_help_panel=_FILES
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped.", rich_help_panel=_FILES)
    ] = False,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Read the data piece by piece, images anew for each epoch; or all at once.",
            show_default="by their size",
            rich_help_panel="Reading the data",
        ),
    ] = None,
    encoding: Encoding = None,
    missing: Missing = None,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="64 or 48x64",
            help="Pixels to stretch every image to: both sides, or height x width.",
            show_default="the median size, 96 at most",
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    augmentation: Annotated[
        str | None,
        typer.Option(
            metavar="flip,zoom",
            help="Random changes of the images in training: flip, rotation, translation, zoom, contrast.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    skip_bad: SkipBad = False,
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME or FILE",
            help="The network to transfer from: a name of keras.applications, such as MobileNetV2, or a .keras or "
            ".strates file.",
            show_default=False,
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Its weights, a .weights.h5 file.",
            show_default="those of ImageNet, which Keras downloads once",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    strategy: Annotated[
        Strategy | None,
        typer.Option(
            help="Train a linear classifier on its features; then its last layers too, as far as that helps on images "
            "held out; or all of it from random weights.",
            show_default="features",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    check_plan: Annotated[
        bool,
        typer.Option(
            "--check-plan",
            help="Check the report's advice by fitting each strategy three times, which takes minutes.",
            rich_help_panel=_TRANSFER,
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a network on a table or on images, test it on data it never saw, and save it with a report.

    `SOURCE` is a CSV, TSV (also .gz) or Parquet file, in which there may be missing values, categories and text; a
    folder with a subfolder of images for each class (JPEG, PNG, WebP), or first with `train` and `test`; or the name
    of a built-in data set. Ctrl-C stops the training and keeps what was learned so far.

    **Examples**

    - `strates fit penguins.csv --target species`
    - `strates fit penguins.csv -t species --hidden 64,32 --set dropout=0.2 --cv 5`
    - `strates fit penguins.csv -t species --model logistic`   (coefficients and odds ratios in the report)
    - `strates fit photos --augmentation flip`   (photos/cats/1.jpg, photos/dogs/1.jpg, ...)
    - `strates fit photos --model transfer --backbone MobileNetV2`   (where there are few images)
    - `strates fit penguins.csv -t species --model mynet.py:build`   (your own Keras code)
    - `strates fit big.parquet -t label --checkpoint progress`   (to go on after a stop: add `--resume`)
    """
    with Screen(as_json=as_json, quiet=quiet, debug=debug) as screen:
        of_images = is_folder(source)
        request = FitRequest(
            source=source,
            target=target,
            model=model if model is not None else "cnn" if of_images else "mlp",
            hidden=hidden,
            settings=(*(settings or ()), *([] if epochs is None else [f"max_iter={epochs}"])),
            test_size=test_size,
            cv=cv,
            seed=seed,
            out=out,
            report=report,
            with_report=not no_report,
            checkpoint=checkpoint,
            resume=resume,
            stream=stream,
            encoding=encoding,
            missing=missing,
            image_size=image_size,
            skip_bad=skip_bad,
            augmentation=augmentation,
            backbone=backbone,
            weights=weights,
            strategy=None if strategy is None else strategy.value,
            check_plan=check_plan,
        )
        if of_images:
            from strates.cli.image_fit_plan import make_image_plan

            form = None
            if request.model == "transfer" and request.backbone is not None:
                with screen.doing("Looking at the backbone"):
                    from strates.cli.backbone_form import backbone_form

                    form = backbone_form(request.backbone, request.weights)
            image_plan = make_image_plan(request, screen, form)
            with screen.doing("Loading TensorFlow"):
                from strates.cli.image_fit_job import run_image_fit
            run_image_fit(image_plan, screen)
            return
        own = find_own_file(request.model, "--model") if is_own_file(request.model) else None
        with screen.doing("Looking at the table"):
            from strates.cli.fit_plan import make_plan

            plan = make_plan(request, screen)
        with screen.doing("Loading TensorFlow"):
            from strates.cli.fit_job import run_fit
        if own is None:
            run_fit(plan, screen)
            return
        screen.note(f"--model {request.model} runs the code in {own.path}.")
        with errors_by_line(own):
            run_fit(plan, screen)
