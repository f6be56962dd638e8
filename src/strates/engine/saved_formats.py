"""Networks in TensorFlow's own formats, written and run: SavedModel and TFLite."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from strates._types import AnyArray
from strates.engine.backend import _quiet_start, keras, tf
from strates.engine.training_form import mode
from strates.exceptions import ParameterError


def write_saved_model(model: keras.Model, folder: str | os.PathLike[str], input_shape: tuple[int | None, ...]) -> None:
    """Write a model as a SavedModel, whose ``serve`` is its forward pass.

    Parameters
    ----------
    model : keras.Model
    folder : str or path-like
        Made.
    input_shape : tuple of int or None
        Of one row.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [tf.TensorSpec((None, *input_shape), tf.float32, name="X")]
    # told so: a network that begins with random changes of images would otherwise be written as it is in training
    archive.add_endpoint("serve", lambda X: model(X, **mode(model, training=False)), input_signature=signature)
    with _quiet():
        archive.write_out(os.fspath(folder), verbose=False)


def run_saved_model(folder: str | os.PathLike[str], rows: AnyArray) -> AnyArray:
    """Load a SavedModel, and return its outputs.

    Parameters
    ----------
    folder : str or path-like
    rows : ndarray of shape (n_rows, ...)

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    loaded = tf.saved_model.load(os.fspath(folder))  # kept: its variables go with it
    return np.asarray(loaded.serve(tf.convert_to_tensor(rows, tf.float32)))


def tflite_bytes(model: keras.Model, input_shape: tuple[int | None, ...]) -> bytes:
    """Convert a model to TFLite, of which float32 stays float32.

    Parameters
    ----------
    model : keras.Model
    input_shape : tuple of int or None
        Of one row.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        It has an operation that TFLite has not.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(model, folder, input_shape)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        try:
            with _quiet():
                converted: bytes = converter.convert()
        except Exception as error:
            missing = re.search(r"(?:TF Select|Custom) ops: (.*)", str(error))
            reason = f"it has no {missing[1]}" if missing else str(error).strip().partition("\n")[0][:200]
            raise ParameterError(
                f"TFLite cannot express this network: {reason}. Write it in another format: to_saved_model takes every "
                "network."
            ) from error
    return converted


def run_tflite(content: bytes, rows: AnyArray) -> AnyArray:
    """Run TFLite's interpreter, and return the outputs.

    Parameters
    ----------
    content : bytes
        Of the file.
    rows : ndarray of shape (n_rows, ...)

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    # the plain kernels: the accelerated ones announce themselves on standard error, and round otherwise
    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the interpreter will live in a later version
        interpreter = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=plain)
    place, answer = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(place, rows.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, rows.astype(np.float32))
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(answer))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the converters tell of their progress off the screen: Python's part of them, and the core's."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with _quiet_start():
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
