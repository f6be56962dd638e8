"""Neural networks for classification that let you see inside them.

The names below load on first use, because TensorFlow takes seconds to import::

    from strates import MLPClassifier

    clf = MLPClassifier((64, 32), random_state=0).fit(X, y)

Classifiers
    ``LogisticRegression``, ``Perceptron``, ``MLPClassifier``, ``CNNClassifier``,
    ``TransferClassifier``, ``NetworkClassifier``
Transformers
    ``Autoencoder``, ``StackedAutoencoder``
From a table to a fitted model, and to a file and back
    ``tabular_pipeline``, ``save``, ``load``
Callbacks
    ``Recorder``, ``Checkpoint``
Sub-modules
    ``strates.attacks``, ``strates.backprop``, ``strates.datasets``, ``strates.displays``, ``strates.estimators``,
    ``strates.export``, ``strates.inspection``, ``strates.report``, ``strates.studies``
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from strates.exceptions import did_you_mean

if TYPE_CHECKING:
    from strates import attacks, backprop, datasets, displays, estimators, export, inspection, report, studies
    from strates.estimators import (
        Autoencoder,
        Checkpoint,
        CNNClassifier,
        LogisticRegression,
        MLPClassifier,
        NetworkClassifier,
        Perceptron,
        Recorder,
        StackedAutoencoder,
        TransferClassifier,
        load,
        save,
        tabular_pipeline,
    )

__version__ = "0.1.0"

__all__ = [
    "Autoencoder",
    "CNNClassifier",
    "Checkpoint",
    "LogisticRegression",
    "MLPClassifier",
    "NetworkClassifier",
    "Perceptron",
    "Recorder",
    "StackedAutoencoder",
    "TransferClassifier",
    "__version__",
    "attacks",
    "backprop",
    "datasets",
    "displays",
    "estimators",
    "export",
    "inspection",
    "load",
    "report",
    "save",
    "studies",
    "tabular_pipeline",
]

_SUBMODULES = (
    "attacks", "backprop", "datasets", "displays", "estimators", "export", "inspection", "report", "studies"
)  # fmt: skip
_HOMES = {name: "strates.estimators" for name in __all__ if name not in (*_SUBMODULES, "__version__")}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"strates.{name}")
    if name not in _HOMES:
        known = [public for public in __all__ if not public.startswith("_")]
        raise AttributeError(f"module 'strates' has no attribute {name!r}. {did_you_mean(name, known)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
