"""Remedies as code to paste, on the names that ``diagnose`` takes: ``clf``, ``X``, ``y``, ``X_test``, ``y_test``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import issparse

from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedy import Remedy

#: Updates of the weights below which a poor fit wants more epochs before it wants more units.
FEW_STEPS = 2_000


def change(patient: Patient, **settings: Any) -> Remedy:
    """Set parameters of the classifier, wherever in a pipeline it stands, and fit again.

    Parameters
    ----------
    patient : Patient
    **settings
        Names of parameters to their values.

    Returns
    -------
    Remedy
    """
    given = ", ".join(f"{patient.prefix}{name}={value!r}" for name, value in settings.items())
    return Remedy(f"{patient.expression}.set_params({given}).fit(X, y)", dict(settings))


def change_rate(patient: Patient, rate: float) -> Remedy:
    """Give the solver another learning rate: its optimizer, where that is one of Keras's.

    Parameters
    ----------
    patient : Patient
    rate : float

    Returns
    -------
    Remedy
    """
    rate = float(f"{rate:.0e}")  # one digit: nobody knows it better
    if isinstance(patient.settings.get("solver"), str):
        return change(patient, learning_rate_init=rate)
    return Remedy(f"{patient.last_expression}.solver.learning_rate = {rate!r}\n{patient.expression}.fit(X, y)")


def replace_classifier(patient: Patient, expression: str, imports: str) -> Remedy:
    """Take another classifier, behind the same preprocessing.

    Parameters
    ----------
    patient : Patient
    expression, imports : str
        The classifier as Python makes it, and the statement that imports its class.

    Returns
    -------
    Remedy
    """
    if not patient.prefix:
        return Remedy(f"{imports}\n\nclf = {expression}.fit(X, y)")
    name = patient.prefix.removesuffix("__")
    return Remedy(f"{imports}\n\n{patient.expression}.set_params({name}={expression}).fit(X, y)")


def scale_inputs(patient: Patient) -> Remedy:
    """Centre and scale what reaches the network.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
        A scaler before the classifier; a division, for rows that are images or sequences.
    """
    inputs = patient.inputs
    if getattr(inputs, "ndim", 2) > 2:
        return Remedy(f"{patient.expression}.fit(X / {float(np.abs(inputs).max()):g}, y)")
    # a sparse matrix that is centred is sparse no more
    scaler = "MaxAbsScaler" if issparse(inputs) else "StandardScaler"
    imported = f"from sklearn.preprocessing import {scaler}\n"
    if not patient.prefix:
        return Remedy(
            f"from sklearn.pipeline import make_pipeline\n{imported}\n"
            f"clf = make_pipeline({scaler}(), {patient.expression}).fit(X, y)"
        )
    taken = {name for name, _ in patient.estimator.steps}
    name = next(name for name in ("scale", "scale_last", "scale_once_more") if name not in taken)
    return Remedy(
        f'{imported}\n{patient.expression}.steps.insert(-1, ("{name}", {scaler}()))\n{patient.expression}.fit(X, y)'
    )


def drop_columns(patient: Patient, positions: list[int], names: list[Any]) -> Remedy:
    """Leave columns of the table out.

    Parameters
    ----------
    patient : Patient
    positions : list of int
    names : list
        As a DataFrame has them.

    Returns
    -------
    Remedy
    """
    if hasattr(patient.X, "columns"):
        return Remedy(f"{patient.expression}.fit(X.drop(columns={names!r}), y)")
    return Remedy(f"import numpy as np\n\n{patient.expression}.fit(np.delete(X, {positions!r}, axis=1), y)")


def weigh_classes(patient: Patient) -> Remedy:
    """Give every class the same weight; where the classifier cannot, take more rows of the rare ones.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
    """
    if "class_weight" in patient.settings and not patient.is_multilabel and patient.settings["class_weight"] is None:
        return change(patient, class_weight="balanced")
    return Remedy(
        "import numpy as np\n\n"
        "labels, counts = np.unique(y, return_counts=True)\n"
        "print(dict(zip(labels.tolist(), counts.tolist())))  # collect more rows of the rare ones"
    )


def forget_known_rows(patient: Patient) -> Remedy:
    """Judge on the rows alone that the classifier did not learn from.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
    """
    table = "rows"
    if issparse(patient.X):
        table = "rows.toarray()"
    elif getattr(patient.X, "ndim", 2) > 2:
        table = "rows.reshape(len(rows), -1)"
    return Remedy(
        "import pandas as pd\n"
        "from pandas.util import hash_pandas_object\n\n"
        f"tables = [pd.DataFrame({table}) for rows in (X, X_test)]\n"
        "known, asked = (hash_pandas_object(table, index=False) for table in tables)\n"
        "fresh = ~asked.isin(known).to_numpy()\n"
        f"print({patient.expression}.score(X_test[fresh], y_test[fresh]))"
    )


def look_at_activations(patient: Patient) -> Remedy:
    """Show, layer by layer, what becomes of the signal before training: where a network of one's own is to be mended.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
    """
    return Remedy(
        "from strates.inspection import activation_statistics\n\n"
        f"print(activation_statistics({patient.expression}, X, initial=True))"
    )


def simplify(patient: Patient) -> Remedy:
    """Hold back what over-fits: a stronger penalty, dropout, an early stop.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
        A regularised linear model to compare with, for a classifier without such settings.
    """
    settings = patient.settings
    if not patient.learns_by_gradients:
        return replace_classifier(patient, "LogisticRegression(alpha=0.01)", "from strates import LogisticRegression")
    if settings.get("strategy") == "fine_tune" and patient.classifier.n_unfrozen_:
        return change(patient, strategy="features")
    if "strategy" in settings and settings["alpha"] == "auto":
        told = "# chosen on held-out rows: more of them, or larger images, narrow the gap"
        return Remedy(f"print({patient.last_expression}.alpha_)  {told}")
    changes: dict[str, Any] = {"alpha": float(f"{max(1e-3, 10 * patient.classifier.alpha_):.0e}")}
    if settings.get("dropout") == 0 and patient.learns_by_steps:
        changes["dropout"] = 0.3
    return change(patient, **changes, **stop_early(patient))


def stop_early(patient: Patient) -> dict[str, Any]:
    """Return the setting that stops a fit by held-out rows, where there are rows enough to hold some out.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    dict
        Empty where it is set already, or cannot be.
    """
    settings = patient.settings
    if not patient.learns_by_steps or settings.get("early_stopping") is not False:
        return {}
    enough = patient.n_rows * settings["validation_fraction"] >= max(2, len(patient.classes))
    if not patient.is_multilabel:
        enough = enough and bool(np.bincount(patient.codes, minlength=len(patient.classes)).min() >= 2)
    return {"early_stopping": True} if enough else {}


def enlarge(patient: Patient) -> Remedy:
    """Give the classifier more to learn with: wider layers and more epochs, or hidden layers where it has none.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    Remedy
    """
    settings = patient.settings
    if patient.learns_by_steps and 0 < patient.n_steps < FEW_STEPS:
        return change(patient, max_iter=settings["max_iter"] * math.ceil(FEW_STEPS / patient.n_steps))
    if "hidden_layer_sizes" in settings:
        sizes = np.atleast_1d(settings["hidden_layer_sizes"]).tolist()
        wider = tuple(max(64, 2 * int(size)) for size in sizes) or (64, 32)
        return change(patient, hidden_layer_sizes=wider, max_iter=2 * settings["max_iter"])
    if patient.learns_by_gradients and not hasattr(patient.classifier, "coef_"):
        return change(patient, max_iter=2 * settings["max_iter"])
    return replace_classifier(patient, "MLPClassifier((64, 32), random_state=0)", "from strates import MLPClassifier")
