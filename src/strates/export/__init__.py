"""A fitted network in other forms.

``to_keras_script`` writes it as the Keras script that it hides, ``to_numpy`` as a module of plain NumPy, ``to_onnx``,
``to_saved_model`` and ``to_tflite`` write it for other programs; each runs what it wrote and compares. ``explain_code``
shows the line of Keras beside each parameter. ``to_fully_convolutional`` rebuilds a classifier of images out of
convolutions alone, to slide over larger ones.
"""

from __future__ import annotations

from strates.export.check_keras_script import check_keras_script
from strates.export.explain_code import explain_code
from strates.export.export_result import ExportResult
from strates.export.to_fully_convolutional import to_fully_convolutional
from strates.export.to_keras_script import to_keras_script
from strates.export.to_numpy import to_numpy
from strates.export.to_onnx import to_onnx
from strates.export.to_saved_model import to_saved_model
from strates.export.to_tflite import to_tflite

__all__ = [
    "ExportResult",
    "check_keras_script",
    "explain_code",
    "to_fully_convolutional",
    "to_keras_script",
    "to_numpy",
    "to_onnx",
    "to_saved_model",
    "to_tflite",
]
