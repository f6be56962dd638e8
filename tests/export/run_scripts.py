"""Runs generated scripts, in a process that has no strates, and writes down what each has found.

Called with a JSON file: a list of [script, traced]. Scripts that are not to be traced run their functions line by line.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

ANSWERS = ("probabilities", "predicted", "reconstruction", "codes")


def run(script: Path, *, traced: bool) -> dict[str, object]:
    """Run a script as ``python SCRIPT`` in its folder does."""
    os.chdir(script.parent)
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    tf.config.run_functions_eagerly(not traced)
    with contextlib.redirect_stdout(io.StringIO()):
        left = runpy.run_path(str(script))
    found = {name: left[name] for name in ANSWERS if name in left}
    found["curve"] = left.get("losses", left.get("mistakes_curve", []))
    for i, losses in enumerate(left.get("layer_losses", [])):
        found[f"layer_losses_{i}"] = losses
    return found


def main() -> None:
    """Run all scripts of a list."""
    sys.modules["strates"] = None  # type: ignore[assignment]  # importing it raises
    gc.freeze()  # what is imported is not looked through again after each script
    for place, traced in json.loads(Path(sys.argv[1]).read_text()):
        script = Path(place)
        try:
            np.savez(script.with_suffix(".found.npz"), **run(script, traced=traced))
        except Exception:
            script.with_suffix(".error").write_text(traceback.format_exc())


if __name__ == "__main__":
    main()
