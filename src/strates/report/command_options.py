"""Parameters of a classifier as options of ``strates fit``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def command_options(settings: Mapping[str, Any]) -> str:
    """Return the options that give a classifier some parameters.

    Parameters
    ----------
    settings : mapping of str to Any
        Names of parameters to their values: numbers, texts, booleans, tuples.

    Returns
    -------
    str

    Examples
    --------
    >>> command_options({"alpha": 0.01, "early_stopping": True, "activation": "relu"})
    '--set alpha=0.01 --set early_stopping=true --set activation=relu'
    >>> command_options({"hidden_layer_sizes": (64, 32)})
    '--hidden 64,32'
    >>> command_options({"strategy": "features"})
    '--strategy features'
    """
    return " ".join(_option(name, value) for name, value in settings.items())


def _option(name: str, value: Any) -> str:
    if name == "strategy":  # has an option of its own
        return f"--strategy {value}"
    if name == "hidden_layer_sizes":
        return f"--hidden {','.join(map(str, value))}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"--set {shlex.quote(f'{name}={text}')}"
