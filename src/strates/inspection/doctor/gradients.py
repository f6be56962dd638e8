"""Gradients that fade or swell on their way back through the layers, before any training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import change, look_at_activations
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words

#: Norm of the gradient over that of the weights before training. Healthy: 6e-4 to 0.8. Stacks of five logistic layers
#: have 3e-5 to 1.5e-4 and learn slowly, of six 2e-5 to 4e-5 and stay at chance; ten rectified layers from N(0, 0.5^2)
#: have 140 to 2300.
VANISHING, EXPLODING = 1e-4, 50.0


# --- what could not be looked at -----------------------------------------------------------------------


def _layers_not_examined(patient: Patient) -> Iterator[Symptom]:
    if patient.learns_by_gradients and patient.no_layers:
        code = f"print({patient.last_expression}.network_.summary())  # rewrite it as keras.Model(inputs, outputs)"
        yield Symptom("note", patient.no_layers, Remedy(code))


LAYERS_NOT_EXAMINED = Check(
    "layers-not-examined",
    _layers_not_examined,
    english=Words(
        normal="a network written as keras.Sequential or keras.Model(inputs, outputs)",
        message=(
            "The layers of {measured} cannot be looked into: nothing is said of its gradients, of dead or "
            "saturated units, or of the size of its updates."
        ),
    ),
    french=Words(
        normal="un réseau écrit comme keras.Sequential ou keras.Model(inputs, outputs)",
        message=(
            "Les couches de {measured} ne peuvent pas être examinées : rien n'est dit de ses gradients, de "
            "neurones morts ou saturés, ni de la taille de ses mises à jour."
        ),
    ),
)


# --- gradients ----------------------------------------------------------------------------------------


def _relative_gradients(layers: pd.DataFrame) -> Any:
    """Return each layer's gradient over its weights; zero where neither is anything, NaN where weights are frozen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = layers["gradient_norm"] / layers["weight_norm"]
    return ratio.mask((layers["gradient_norm"] == 0) & (layers["weight_norm"] == 0), 0.0)


def _vanishing_gradients(patient: Patient) -> Iterator[Symptom]:
    layers = patient.hidden_layers(start=True)
    if layers is None:
        return
    ratios = _relative_gradients(layers).dropna()
    if not len(ratios) or ratios.min() >= VANISHING:
        return
    layer, measured = str(ratios.idxmin()), float(ratios.min())
    severity = "critical" if patient.is_untaught else "warning"
    variant = "zero" if measured == 0 else ""
    yield Symptom(severity, measured, _let_gradients_through(patient), {"n_layers": len(layers)}, variant, layer)


def _let_gradients_through(patient: Patient) -> Remedy:
    settings = patient.settings
    if "activation" not in settings:
        return look_at_activations(patient)
    wanted: dict[str, Any] = {}
    if settings["activation"] in ("logistic", "tanh", "softsign"):
        wanted["activation"] = "relu"
    if settings["kernel_initializer"] != "auto":
        wanted["kernel_initializer"] = "auto"
    if not wanted and not patient.learns_by_steps:
        return look_at_activations(patient)  # L-BFGS takes no batch normalisation
    return change(patient, **(wanted or {"batch_norm": True}))


VANISHING_GRADIENTS = Check(
    "vanishing-gradients",
    _vanishing_gradients,
    english=Words(
        normal="gradients of 0.0001 to 50 times the weights, in every layer, before training",
        message=(
            "The gradient that reaches “{layer}” before training is {measured} times its weights: in a stack of "
            "{n_layers:plural|hidden layer|hidden layers} it fades on its way back, and the first layers hardly learn."
        ),
        variants={
            "zero": (
                "No gradient at all reaches “{layer}” before training: its units are all alike or silent, and stay "
                "so. Weights must not all begin at zero."
            )
        },
    ),
    french=Words(
        normal="gradient de 0,0001 à 50 fois les poids, dans chaque couche, avant l'apprentissage",
        message=(
            "Le gradient qui atteint « {layer} » avant l'apprentissage vaut {measured} fois ses poids : à travers "
            "{n_layers:plural|couche cachée|couches cachées}, il s'évanouit en remontant, et les premières couches "
            "n'apprennent presque rien."
        ),
        variants={
            "zero": (
                "Aucun gradient n'atteint « {layer} » avant l'apprentissage : ses neurones sont tous pareils ou "
                "muets, et le restent. Les poids ne doivent pas tous commencer à zéro."
            )
        },
    ),
)


def _exploding_gradients(patient: Patient) -> Iterator[Symptom]:
    layers = patient.hidden_layers(start=True)
    if layers is None:
        return
    ratios = _relative_gradients(layers).dropna()
    if not len(ratios) or ratios.max() <= EXPLODING:
        return
    layer, measured = str(ratios.idxmax()), float(ratios.max())
    if "inputs-not-scaled" in patient.found:
        yield Symptom("note", measured, patient.found["inputs-not-scaled"], {}, "inputs", layer)
        return
    severity = "critical" if patient.is_untaught else "warning"
    own = patient.settings.get("kernel_initializer", "auto") == "auto"
    remedy = look_at_activations(patient) if own else change(patient, kernel_initializer="auto")
    yield Symptom(severity, measured, remedy, {}, "", layer)


EXPLODING_GRADIENTS = Check(
    "exploding-gradients",
    _exploding_gradients,
    english=Words(
        normal=VANISHING_GRADIENTS.english.normal,
        message=(
            "The gradient in “{layer}” before training is {measured} times its weights: it swells from layer to "
            "layer, and a step throws the weights far away. The initial weights are too large."
        ),
        variants={
            "inputs": (
                "The gradient in “{layer}” before training is {measured} times its weights, because the inputs are "
                "not scaled: a step throws the weights far away."
            )
        },
    ),
    french=Words(
        normal=VANISHING_GRADIENTS.french.normal,
        message=(
            "Le gradient dans « {layer} » avant l'apprentissage vaut {measured} fois ses poids : il grandit de "
            "couche en couche, et un pas projette les poids au loin. Les poids initiaux sont trop grands."
        ),
        variants={
            "inputs": (
                "Le gradient dans « {layer} » avant l'apprentissage vaut {measured} fois ses poids, car les entrées "
                "ne sont pas à l'échelle : un pas projette les poids au loin."
            )
        },
    ),
)

CHECKS = (LAYERS_NOT_EXAMINED, VANISHING_GRADIENTS, EXPLODING_GRADIENTS)
