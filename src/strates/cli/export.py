"""``strates export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Model
from strates.cli.screen import Screen


class ExportFormat(StrEnum):
    """What a model can be written as."""

    keras = "keras"
    numpy = "numpy"
    onnx = "onnx"
    savedmodel = "savedmodel"
    tflite = "tflite"


class Loop(StrEnum):
    """How a Keras script trains."""

    fit = "fit"
    tape = "tape"


class Weights(StrEnum):
    """What a Keras script begins with."""

    carry = "carry"
    retrain = "retrain"


class Language(StrEnum):
    """Of a Keras script's comments."""

    en = "en"
    fr = "fr"


_KERAS, _NUMPY, _ONNX = "Of --to keras", "Of --to numpy", "Of --to onnx"


def export(
    model: Model,
    to: Annotated[
        ExportFormat,
        typer.Option(
            help="The Keras script that the model hides; a module of plain NumPy; ONNX; TensorFlow's SavedModel; or "
            "TFLite.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file to write, or the folder of a SavedModel.",
            show_default="the name of MODEL",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    loop: Annotated[
        Loop | None,
        typer.Option(
            help="Train by model.fit, or by an explicit GradientTape loop.", show_default="fit", rich_help_panel=_KERAS
        ),
    ] = None,
    weights: Annotated[
        Weights | None,
        typer.Option(
            help="Take the trained weights, or train anew on the table: the first line of settings, TRAIN, says which.",
            show_default="carry",
            rich_help_panel=_KERAS,
        ),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(help="Of the comments.", show_default="en", rich_help_panel=_KERAS),
    ] = None,
    gradient: Annotated[
        bool, typer.Option("--gradient", help="Also write back-propagation by hand.", rich_help_panel=_NUMPY)
    ] = False,
    network_only: Annotated[
        bool,
        typer.Option(
            "--network-only",
            help="Write the network without the preprocessing of the table before it.",
            rich_help_panel=_ONNX,
        ),
    ] = False,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Write a model in a form that runs without strates.

    What is written is run, where it can be, and compared with the model before it takes its place. NumPy and ONNX hold
    the preprocessing of a table of numbers and of categories with few values; a SavedModel and a TFLite file hold the
    network alone.

    **Examples**

    - `strates export penguins.strates --to keras --loop tape`   (penguins_keras.py)
    - `strates export penguins.strates --to numpy --gradient`   (penguins_numpy.py)
    - `strates export penguins.strates --to onnx --output served/penguins.onnx`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Loading TensorFlow"):
            from strates.cli.export_job import run_export
        run_export(
            model,
            to.value,
            output=output,
            force=force,
            loop=None if loop is None else loop.value,
            weights=None if weights is None else weights.value,
            language=None if language is None else language.value,
            gradient=gradient,
            network_only=network_only,
            screen=screen,
        )
