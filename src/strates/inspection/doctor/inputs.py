"""What reaches the network, and what it makes of it before it has learned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse

from strates.exceptions import StratesError
from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import change, look_at_activations, scale_inputs
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words
from strates.inspection.network_inputs import input_names

# A network of 64 and 32 rectified units, trained by Adam for 200 epochs on five standardised tables (digits, vehicle,
# phoneme, wine, a spiral) whose columns were multiplied or shifted: all columns times 10 costs up to 6 points of
# accuracy, times 100 up to 40; a shift by 3 standard deviations up to 12, by 10 as much as 30; times 0.01 up to 35.
#: Root mean square of a column.
LARGE, HUGE = 10.0, 100.0
#: Distance of a column's mean from zero, in its standard deviations.
FAR = 10.0
#: Standard deviation of a column over that of the widest, where that many columns are so narrow; and the root mean
#: square of the largest column, where all are small.
NARROW, NARROW_SHARE, TINY = 0.01, 0.25, 0.03

#: Cross-entropy before training over that of knowing nothing. Forty networks each of eight architectures on six
#: standardised tables begin at 0.5 to 3.0 (those of ten layers rarely above), with a median of 1.2; with weights from
#: N(0, 1) at 1.9 to 130.
LOSS_RATIO = 3.0
#: Root mean square of the largest input from which the inputs are the reason, and not the weights: unscaled irises, of
#: size 6, begin at 1 to 12.
NOT_STANDARD = 2.0

_SCALING = frozenset({"Rescaling", "Normalization", "BatchNormalization", "LayerNormalization"})


# --- inputs-not-scaled --------------------------------------------------------------------------------


def _scales_by_itself(network: Any) -> bool:
    """Whether a network scales what it is given before its first weights, or cannot be looked into."""
    if type(network).__name__ not in ("Sequential", "Functional"):
        return True
    for layer in network.layers:
        if type(layer).__name__ in _SCALING:
            return True
        if layer.weights:
            return False
    return False


def _moments(inputs: Any) -> tuple[Any, Any, Any]:
    """Return mean and standard deviation of each column, and whether it has more than two values."""
    if issparse(inputs):
        table = inputs.tocsc().astype(np.float64)
        mean = np.asarray(table.mean(axis=0)).ravel()
        spread = np.sqrt(np.maximum(np.asarray(table.multiply(table).mean(axis=0)).ravel() - mean**2, 0))
        low, high = (np.asarray(edge.todense()).ravel() for edge in (table.min(axis=0), table.max(axis=0)))
        return mean, spread, (low != 0) & (high != 0)
    table = np.asarray(inputs, np.float64)
    table = table.reshape(len(table), -1)
    varied = ((table != table.min(axis=0)) & (table != table.max(axis=0))).any(axis=0)
    return table.mean(axis=0), table.std(axis=0), varied


def _sizes(inputs: Any) -> tuple[Any, Any, Any, Any]:
    """Return the root mean square of each column (0 where it is constant), and its moments."""
    mean, spread, varied = _moments(inputs)
    moving = spread > 1e-9 * np.maximum(1, np.abs(mean))
    return np.where(moving, np.hypot(mean, spread), 0), mean, spread, varied & moving


def _inputs_not_scaled(patient: Patient) -> Iterator[Symptom]:
    if not patient.has_network or _scales_by_itself(patient.classifier.network_):
        return
    if hasattr(patient.classifier, "coef_") and patient.settings.get("solver") == "lbfgs":
        return  # a logistic regression by Newton's steps does not mind the units
    # an indicator of a rare category lies far from its mean, and does no harm: free are columns of more than two values
    size, mean, spread, free = _sizes(patient.inputs)
    if not size.any():
        return
    names = input_names(patient.estimator, len(size))
    largest = int(size.argmax())
    remedy = scale_inputs(patient)
    if size[largest] > LARGE:
        severity = "critical" if size[largest] > HUGE else "warning"
        values = {"column": names[largest], "n_large": int((size > LARGE).sum()), "n_columns": len(size)}
        yield Symptom(severity, float(size[largest]), remedy, values)
        return
    distance = np.where(free, np.abs(mean) / np.where(free, spread, 1), 0)
    farthest = int(distance.argmax())
    if distance[farthest] > FAR:
        values = {"column": names[farthest], "mean": float(mean[farthest]), "spread": float(spread[farthest])}
        yield Symptom("warning", float(distance[farthest]), remedy, values, "far")
    elif size[largest] < TINY:
        yield Symptom("warning", float(size[largest]), remedy, {"column": names[largest]}, "tiny")
    elif free.any():
        yield from _narrow(spread, free, names, remedy)


def _narrow(spread: Any, free: Any, names: tuple[str, ...], remedy: Remedy) -> Iterator[Symptom]:
    widest, narrowest = int(np.where(free, spread, 0).argmax()), int(np.where(free, spread, np.inf).argmin())
    narrow = spread[free] < NARROW * spread[widest]
    if narrow.mean() < NARROW_SHARE:
        return
    values = {
        "column": names[narrowest],
        "other": names[widest],
        "n_narrow": int(narrow.sum()),
        "n_columns": len(spread),
    }
    yield Symptom("warning", float(spread[narrowest] / spread[widest]), remedy, values, "narrow")


INPUTS_NOT_SCALED = Check(
    "inputs-not-scaled",
    _inputs_not_scaled,
    english=Words(
        normal="every column of size 0.1 to 10 (root mean square), with its mean within 10 standard deviations of zero",
        message=(
            "The input “{column}” has the size {measured}, where weights and learning rates are made for about 1: "
            "{n_large} of {n_columns} inputs are larger than 10, and they rule the network. Scale the inputs."
        ),
        variants={
            "far": (
                "The input “{column}” is {mean} with a standard deviation of {spread}: its mean lies {measured} of "
                "them from zero, so that its variation hardly shows beside its level. Centre and scale the inputs."
            ),
            "tiny": (
                "The largest input, “{column}”, has the size {measured}: a network learns very slowly from so small "
                "numbers. Scale the inputs."
            ),
            "narrow": (
                "The input “{column}” varies {measured} times as much as “{other}”, and {n_narrow} of {n_columns} "
                "inputs less than a hundredth: the network hardly sees them. Give all inputs the same scale."
            ),
        },
    ),
    french=Words(
        normal="toute colonne de taille 0,1 à 10 (moyenne quadratique), à moins de 10 écarts-types de zéro en moyenne",
        message=(
            "L'entrée « {column} » est de taille {measured}, alors que les poids et le pas d'apprentissage sont prévus "
            "pour une taille d'environ 1 : {n_large} des {n_columns} entrées dépassent 10 et dominent le réseau. "
            "Mettez les entrées à l'échelle."
        ),
        variants={
            "far": (
                "L'entrée « {column} » vaut {mean} en moyenne avec un écart-type de {spread} : sa moyenne est à "
                "{measured} écarts-types de zéro, et ses variations se voient à peine. Centrez et réduisez les "
                "entrées."
            ),
            "tiny": (
                "La plus grande entrée, « {column} », est de taille {measured} : un réseau apprend très lentement "
                "de nombres aussi petits. Mettez les entrées à l'échelle."
            ),
            "narrow": (
                "L'entrée « {column} » varie {measured} fois autant que « {other} », et {n_narrow} des {n_columns} "
                "entrées moins d'un centième : le réseau les voit à peine. Donnez à toutes la même échelle."
            ),
        },
    ),
)


# --- initial-loss -------------------------------------------------------------------------------------


def _initial_loss(patient: Patient) -> Iterator[Symptom]:
    if not patient.learns_by_gradients:
        return
    try:
        measured = patient.initial_loss
    except StratesError:  # a network that cannot be built anew
        return
    expected = patient.uniform_loss
    if not np.isfinite(measured) or measured <= LOSS_RATIO * expected:
        return
    values: dict[str, Any] = {"expected": expected, "limit": LOSS_RATIO * expected, "n_classes": len(patient.classes)}
    if patient.is_multilabel:
        values["formula_en"], values["formula_fr"] = "ln 2 a label", "ln 2 par étiquette"
    else:
        values["formula_en"] = values["formula_fr"] = f"ln {len(patient.classes)}"
    unscaled = not _scales_by_itself(patient.classifier.network_) and _sizes(patient.inputs)[0].max() > NOT_STANDARD
    if unscaled:
        yield Symptom("note", measured, scale_inputs(patient), values, "inputs")
    elif patient.settings.get("kernel_initializer", "auto") != "auto":
        yield Symptom("warning", measured, change(patient, kernel_initializer="auto"), values)
    else:
        yield Symptom("warning", measured, look_at_activations(patient), values)


INITIAL_LOSS = Check(
    "initial-loss",
    _initial_loss,
    english=Words(
        normal="about {formula_en} = {expected} nats, and below {limit}",
        message=(
            "Before any training the cross-entropy is {measured} nats, where a network that knows nothing has "
            "{formula_en} = {expected}: it begins sure and wrong, and its first steps go into unlearning that. "
            "The initial weights are too large."
        ),
        variants={
            "inputs": (
                "Before any training the cross-entropy is {measured} nats, where a network that knows nothing has "
                "{formula_en} = {expected}: it begins sure and wrong, for its inputs are not scaled."
            )
        },
    ),
    french=Words(
        normal="environ {formula_fr} = {expected} nat, et moins de {limit}",
        message=(
            "Avant tout apprentissage, l'entropie croisée vaut {measured} nats, contre {formula_fr} = "
            "{expected} pour un réseau qui ne sait rien : il commence sûr de lui et dans l'erreur, et ses "
            "premiers pas servent à désapprendre. Les poids initiaux sont trop grands."
        ),
        variants={
            "inputs": (
                "Avant tout apprentissage, l'entropie croisée vaut {measured} nats, contre {formula_fr} = "
                "{expected} pour un réseau qui ne sait rien : il commence sûr de lui et dans l'erreur, car ses "
                "entrées ne sont pas à l'échelle."
            )
        },
    ),
)

CHECKS = (INPUTS_NOT_SCALED, INITIAL_LOSS)
