"""The classifiers, and what goes with fitting them.

The names of ``model_file`` load on first use: skops takes a second or two to import, which no fit needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from strates.estimators.checkpoint import Checkpoint
from strates.estimators.mlp import MLPClassifier
from strates.estimators.network import NetworkClassifier
from strates.estimators.recorder import Frame, Recorder, Recording
from strates.estimators.streaming import fit_stream
from strates.estimators.tabular_pipeline import default_classifier, tabular_pipeline

if TYPE_CHECKING:
    from strates.estimators.model_file import load, read_metadata, save

__all__ = [
    "Checkpoint",
    "Frame",
    "MLPClassifier",
    "NetworkClassifier",
    "Recorder",
    "Recording",
    "default_classifier",
    "fit_stream",
    "load",
    "read_metadata",
    "save",
    "tabular_pipeline",
]


def __getattr__(name: str) -> Any:
    if name in ("load", "read_metadata", "save"):
        return getattr(import_module("strates.estimators.model_file"), name)
    raise AttributeError(f"module 'strates.estimators' has no attribute {name!r}")
