"""The work of ``strates export``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rich.text import Text

from strates.cli.model_card import ModelCard, read_card
from strates.cli.own_code import load_model
from strates.cli.screen import Screen
from strates.exceptions import ParameterError
from strates.export import (
    ExportResult,
    check_keras_script,
    to_keras_script,
    to_numpy,
    to_onnx,
    to_saved_model,
    to_tflite,
)

#: What is put after the model's name.
_ENDINGS = {
    "keras": "_keras.py",
    "numpy": "_numpy.py",
    "onnx": ".onnx",
    "savedmodel": "_savedmodel",
    "tflite": ".tflite",
}
_WORDS = {
    "keras": "a Keras script",
    "numpy": "a module of NumPy",
    "onnx": "an ONNX file",
    "savedmodel": "a SavedModel",
    "tflite": "a TFLite file",
}
_UNCHECKED = "its preprocessing learns from the rows that it is given, and random ones are not like those of the fit"
_SUFFIXES = {"keras": ".py", "numpy": ".py"}


def run_export(
    model: Path,
    to: str,
    *,
    output: Path | None,
    force: bool,
    loop: str | None,
    weights: str | None,
    language: str | None,
    gradient: bool,
    network_only: bool,
    screen: Screen,
) -> None:
    """Write a model in another form, and say what was written, how it was checked, and how to run it.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    to : {"keras", "numpy", "onnx", "savedmodel", "tflite"}
    output : pathlib.Path or None
        None for a file in the working directory named after the model.
    force : bool
        Replace what is there.
    loop, weights, language : str or None
        Of a Keras script.
    gradient : bool
        Of a NumPy module.
    network_only : bool
        Of an ONNX file.
    screen : Screen
    """
    scripted = {"--loop": loop, "--weights": weights, "--language": language}
    _refuse_unsuited(to, {**scripted, "--gradient": gradient, "--network-only": network_only})
    card, _ = read_card(model, of_images=True)
    path = output if output is not None else Path(model.stem + _ENDINGS[to])
    with screen.doing("Loading the model"):
        estimator = load_model(model)
    with screen.doing("Writing and checking"):
        if to == "keras":
            result = _keras_script(estimator, path, card, scripted, force)
        elif to == "numpy":
            result = to_numpy(estimator, path, gradient=gradient, overwrite=force)
        elif to == "onnx":
            alone = estimator[-1] if network_only and hasattr(estimator, "steps") else estimator
            result = to_onnx(alone, path, overwrite=force)
        else:
            write = to_saved_model if to == "savedmodel" else to_tflite
            result = write(estimator, path, overwrite=force)
    _show(result, to, screen)
    rounded = None if math.isnan(result.max_difference) else result.max_difference
    screen.show_json(
        {
            "path": str(result.path),
            "format": to,
            "size": result.size,
            "rows": result.rows,
            "max_difference": rounded,
            "usage": result.usage,
            "model": str(model),
            "notes": screen.notes,
        }
    )


def _refuse_unsuited(to: str, given: dict[str, Any]) -> None:
    owners = {
        "--loop": "keras",
        "--weights": "keras",
        "--language": "keras",
        "--gradient": "numpy",
        "--network-only": "onnx",
    }
    for option, value in given.items():
        if value and owners[option] != to:
            raise ParameterError(f"{option} is for --to {owners[option]}; this is --to {to}. Leave {option} out.")


def _keras_script(estimator: Any, path: Path, card: ModelCard, given: dict[str, Any], force: bool) -> ExportResult:
    table = card.source if card.images is None and card.source.endswith((".csv", ".parquet")) else None
    chosen = {option.removeprefix("--"): value for option, value in given.items() if value is not None}
    script = to_keras_script(estimator, path, data=table, target=card.target, overwrite=force, **chosen)
    named = getattr(estimator, "feature_names_in_", None) is not None
    data = table or ("data.csv" if named else "data.npz")
    return check_keras_script(estimator, script, data=data, target=card.target)


def _show(result: ExportResult, to: str, screen: Screen) -> None:
    beside = " and " + result.path.with_suffix(".npz").name if to in _SUFFIXES else ""
    screen.show(Text(f"{result.path}{beside}: {_WORDS[to]}, {_shown_size(result.size)}"))
    if result.rows:
        difference = (
            "exactly the model's" if result.max_difference == 0 else (f"the model's, to {result.max_difference:.1g}")
        )
        screen.show(Text(f"checked: run on {result.rows} random rows, its answers are {difference}"))
    else:
        reason = _UNCHECKED if to == "keras" else "it was written, and not run"
        screen.show(Text(f"not checked: {reason}"))
    screen.show(Text("to run it:"))
    screen.show(Text("".join(f"\n    {line}" for line in result.usage.splitlines()).lstrip("\n")), whole_lines=True)


def _shown_size(size: int) -> str:
    """Return bytes in words.

    Examples
    --------
    >>> _shown_size(900), _shown_size(12_345), _shown_size(3_400_000)
    ('900 bytes', '12.3 kB', '3.4 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.1f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"
