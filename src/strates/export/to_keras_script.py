"""A fitted estimator as the Keras and TensorFlow script that it hides."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from strates._atomic_write import atomic_write
from strates._types import AnyArray
from strates.engine.keras_code.data import Data
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.read_plan import read_plan
from strates.engine.keras_code.script import write_script
from strates.engine.keras_code.words import check_language
from strates.exceptions import ParameterError, did_you_mean
from strates.export.destination import check_destination
from strates.export.fitted_parts import fitted_parts
from strates.export.keras_preprocessing import keras_preprocessing

_LOOPS = ("fit", "tape")
_WEIGHTS = ("carry", "retrain")


def to_keras_script(
    est: Any,
    path: str | os.PathLike[str],
    *,
    loop: Literal["fit", "tape"] = "fit",
    weights: Literal["carry", "retrain"] = "carry",
    language: Literal["en", "fr"] = "en",
    data: str | None = None,
    target: str = "target",
    overwrite: bool = False,
) -> Path:
    """Write the Keras and TensorFlow code that an estimator hides, as a script that runs without strates.

    The script reads the data, builds the network layer by layer, says what is minimised and how, trains, evaluates and
    predicts. What it cannot draw or learn itself stands beside it in a ``.npz`` file: the weights that the fit began
    with, those that it ended with, and what the preprocessing learned. It needs TensorFlow, Keras, NumPy, pandas,
    scikit-learn and skrub. Its constant ``TRAIN`` says whether it takes the trained weights, which give the estimator's
    predictions to 1e-6, or trains anew, from the same first weights and with the same order of the rows: the loss curve
    is then the estimator's to 1e-4.

    Parameters
    ----------
    est : fitted classifier or autoencoder of strates, pipeline that ends in one, or search over them
        The steps of a pipeline are written out too: with what they learned where they are scalers, imputers,
        one-hot encoders and the like; as scikit-learn's and skrub's objects, which learn again from the rows in the
        script's data, where they turn texts or dates into numbers, and under ``weights="retrain"``.
    path : str or path-like
        The script, ``.py``; the arrays have the same name with ``.npz``.
    loop : {"fit", "tape"}, default="fit"
        Train by ``model.fit``, or by a loop of its own over ``tf.GradientTape``. (L-BFGS is SciPy's in both.)
    weights : {"carry", "retrain"}, default="carry"
        What ``TRAIN`` is at first.
    language : {"en", "fr"}, default="en"
        Of the comments.
    data : str, optional
        File that the script reads: a table (``.csv``, ``.parquet``) or arrays X and y (``.npz``). By default
        "data.csv" for an estimator whose columns had names, "data.npz" for any other. It holds the rows of the fit
        where the script is to train.
    target : str, default="target"
        The table's column to predict.
    overwrite : bool, default=False
        Replace files that exist.

    Returns
    -------
    pathlib.Path
        The script.

    Raises
    ------
    NotFittedError
        The estimator has learned nothing.
    ParameterError
        A file exists, a choice is not known, or the estimator holds somebody's own layer, loss or step, which the
        message names.

    Notes
    -----
    The training of a ``TransferClassifier`` with ``strategy="fine_tune"`` or ``"scratch"`` that was read from a file is
    not written: the file does not keep the network as it was before the fit.

    Keras draws other random numbers than strates: where training draws some (dropout, noise, changes of images), the
    script's loss curve is another one, as its comment says. L-BFGS magnifies rounding where inputs are of very
    different sizes: it then goes another way to the same minimum.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(*moons(n_samples=100, random_state=0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     script = to_keras_script(clf, pathlib.Path(folder) / "moons.py")
    ...     print(next(line for line in script.read_text().splitlines() if "outputs" in line))
            keras.layers.Dense(1, activation="sigmoid", name="outputs"),
    """
    check_choices(loop, weights, language)
    script = check_destination(path, ".py", overwrite=overwrite)
    beside = check_destination(script.with_suffix(".npz"), ".npz", overwrite=overwrite)
    parts = fitted_parts(est)
    plan = read_plan(parts.last)
    where, train = _data(parts.estimator, data, target), weights == "retrain"
    if train and not plan.trains:
        raise ParameterError(
            f'The training of this {plan.name} is not written: {plan.untold}, or use weights="carry": the network and '
            "its trained weights."
        )
    before = keras_preprocessing(parts, plan.dtype, language, named=where.is_table, again=train)
    text = write_script(
        parts.last, plan, where, loop=loop, language=language, train=train, carried=beside.name, preprocessing=before
    )
    atomic_write(beside, _carried(plan, {} if before is None else before.arrays))
    atomic_write(script, text.encode())
    return script


def check_choices(loop: Any, weights: Any, language: Any) -> None:
    """Refuse words that are not known."""
    for name, value, known in (("loop", loop, _LOOPS), ("weights", weights, _WEIGHTS)):
        if value not in known:
            raise ParameterError(f"{name}={value!r} is not known. {did_you_mean(str(value), known)}")
    check_language(language)


def _data(est: Any, data: str | None, target: str) -> Data:
    names = getattr(est, "feature_names_in_", None)
    if data is not None and data.endswith(".npz"):
        names = None
    columns = None if names is None else tuple(np.asarray(names).tolist())
    return Data(data or ("data.npz" if columns is None else "data.csv"), target, columns)


def _carried(plan: Plan, learned: dict[str, AnyArray]) -> bytes:
    arrays = learned | plan.arrays | {f"trained_{i}": w for i, w in enumerate(plan.trained)}
    arrays |= plan.starts
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)  # type: ignore[arg-type]
    return held.getvalue()
