"""The one place where Keras and TensorFlow are imported.

Importing this module takes seconds, so nothing above ``engine`` imports it before a network is needed.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from strates.exceptions import BackendError


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep the notices that TensorFlow's C++ core writes to file descriptor 2 while it is loaded off the screen."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no standard error at all, as under pythonw
        yield
        return
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(silence)
        os.close(saved)


def _require_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise BackendError(
            "strates trains with TensorFlow, which is not installed here. Install it with `pip install tensorflow`."
        )
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" not in sys.modules and asked != "tensorflow":
        raise BackendError(
            f"Keras is configured for the backend {asked!r}, but strates compiles its training loop with TensorFlow. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
        )


_require_tensorflow()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # 3: only fatal messages of the C++ core
with _quiet_start():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":
    raise BackendError(
        f"Keras is configured for the backend {keras.backend.backend()!r}, but strates compiles its training loop with "
        "TensorFlow. Set the environment variable KERAS_BACKEND=tensorflow before Python starts, and write "
        '"backend": "tensorflow" in ~/.keras/keras.json.'
    )

__all__ = ["keras", "tf"]
