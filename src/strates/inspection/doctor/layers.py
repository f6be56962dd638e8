"""What passes through the hidden layers: units that say nothing, and gradients that fade or swell on their way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from strates.exceptions import StratesError
from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import LAYER_ROWS, Patient
from strates.inspection.doctor.remedies import change, change_rate, look_at_activations
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words
from strates.inspection.intervals import wilson_interval

#: Share of a layer's units that are zero in every row. Healthy networks on twenty tables had up to 0.12 (0.3 in the
#: last of ten layers). A learning rate too high kills 40 % (https://cs231n.github.io/neural-networks-1/), and 40 to
#: 100 % on these tables.
DEAD, ALL_DEAD = 0.4, 0.95
#: Share of a layer's outputs at the ends of its function's range. Before training: 0.00 with usual initial weights, 0.3
#: to 0.75 with N(0, 1). After it, a small network that fits well may reach 0.55.
SATURATED_AT_START, SATURATED_AT_END = 0.25, 0.8
#: Norm of the gradient over that of the weights before training. Healthy: 6e-4 to 0.8. Stacks of five logistic layers
#: have 3e-5 to 1.5e-4 and learn slowly, of six 2e-5 to 4e-5 and stay at chance; ten rectified layers from N(0, 0.5^2)
#: have 140 to 2300.
VANISHING, EXPLODING = 1e-4, 50.0
#: Rate by which weights move too fast: see learning_rate.py.
_FAST = 0.1


def _layers(patient: Patient, *, start: bool) -> pd.DataFrame | None:
    """Return the hidden layers' numbers, or None where there are none to be had."""
    if patient.no_layers:
        return None
    try:
        table = patient.at_start if start else patient.at_end
    except StratesError:  # a network that cannot be built anew
        return None
    hidden = table[table["hidden"]]
    return hidden if len(hidden) else None


def _is_untaught(patient: Patient) -> bool:
    """Whether a classifier is no better than the commonest answer, on rows that it learned from."""
    answers = patient.training
    return wilson_interval(answers.n_correct, answers.n_rows)[0] <= patient.majority


# --- gradients ----------------------------------------------------------------------------------------


def _relative_gradients(layers: pd.DataFrame) -> Any:
    """Return each layer's gradient over its weights; zero where neither is anything, NaN where weights are frozen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = layers["gradient_norm"] / layers["weight_norm"]
    return ratio.mask((layers["gradient_norm"] == 0) & (layers["weight_norm"] == 0), 0.0)


def _vanishing_gradients(patient: Patient) -> Iterator[Symptom]:
    layers = _layers(patient, start=True)
    if layers is None:
        return
    ratios = _relative_gradients(layers).dropna()
    if not len(ratios) or ratios.min() >= VANISHING:
        return
    layer, measured = str(ratios.idxmin()), float(ratios.min())
    severity = "critical" if _is_untaught(patient) else "warning"
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
    layers = _layers(patient, start=True)
    if layers is None:
        return
    ratios = _relative_gradients(layers).dropna()
    if not len(ratios) or ratios.max() <= EXPLODING:
        return
    layer, measured = str(ratios.idxmax()), float(ratios.max())
    if "inputs-not-scaled" in patient.found:
        yield Symptom("note", measured, patient.found["inputs-not-scaled"], {}, "inputs", layer)
        return
    severity = "critical" if _is_untaught(patient) else "warning"
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


# --- units --------------------------------------------------------------------------------------------


def _is_fast(patient: Patient) -> bool:
    return (patient.update_ratios.overall or 0) > _FAST


def _slower(patient: Patient) -> Remedy:
    rate = patient.learning_rate
    return look_at_activations(patient) if rate is None else change_rate(patient, rate / 10)


def _dead_units(patient: Patient) -> Iterator[Symptom]:
    layers = _layers(patient, start=False)
    if layers is None:
        return
    dead = layers["dead"].dropna()
    counts = dead * layers.loc[dead.index, "units"]
    sick = dead[(dead >= DEAD) & (counts.round() >= 2)]
    if not len(sick):
        return
    layer, share = str(sick.idxmax()), float(sick.max())
    if share < ALL_DEAD and patient.settings.get("l1_ratio", 0) and patient.classifier.alpha_:
        return  # an L1 penalty is asked to silence units
    start, n_units = _layers(patient, start=True), int(np.asarray(layers["units"][layer]))
    was = 0.0 if start is None else float(np.asarray(start["dead"][layer]))
    values = {
        "n_dead": round(share * n_units),
        "n_units": n_units,
        "before": was,
        "n_rows": min(LAYER_ROWS, patient.n_rows),
    }
    causes = ("vanishing-gradients", "learning-rate-too-high", "inputs-not-scaled")
    cause = next((code for code in causes if code in patient.found), None)
    if cause is not None:
        remedy = patient.found[cause]
    elif _is_fast(patient) or "activation" not in patient.settings:
        remedy = _slower(patient)
    else:
        remedy = change(patient, activation="leaky_relu")
    yield Symptom("critical" if share >= ALL_DEAD else "warning", share, remedy, values, "", layer)


DEAD_UNITS = Check(
    "dead-units",
    _dead_units,
    english=Words(
        normal="less than 40 % of a layer's units",
        message=(
            "In “{layer}” {n_dead} of {n_units} units are zero in all of {n_rows:plural|row|rows} looked at "
            "({measured:percent}; {before:percent} before training): their gradient is zero too, so that they "
            "cannot come back."
        ),
    ),
    french=Words(
        normal="moins de 40 % des neurones d'une couche",
        message=(
            "Dans « {layer} », {n_dead} neurones sur {n_units} sont nuls pour toutes les lignes examinées, qui "
            "sont {n_rows} ({measured:percent} ; {before:percent} avant l'apprentissage) : leur gradient est "
            "nul aussi, et ils ne peuvent pas revenir."
        ),
    ),
)


def _saturated_units(patient: Patient) -> Iterator[Symptom]:
    for start, limit in ((True, SATURATED_AT_START), (False, SATURATED_AT_END)):
        layers = _layers(patient, start=start)
        saturated = pd.Series(dtype=float) if layers is None else layers["saturated"].dropna()
        if not len(saturated) or saturated.max() < limit:
            continue
        layer, share = str(saturated.idxmax()), float(saturated.max())
        own = patient.settings.get("kernel_initializer", "auto") == "auto"
        if "inputs-not-scaled" in patient.found:
            remedy = patient.found["inputs-not-scaled"]
        elif start:
            remedy = look_at_activations(patient) if own else change(patient, kernel_initializer="auto")
        else:
            remedy = _slower(patient)
        yield Symptom("warning", share, remedy, {}, "" if start else "end", layer)
        return


SATURATED_UNITS = Check(
    "saturated-units",
    _saturated_units,
    english=Words(
        normal="less than 25 % of a layer's outputs before training, and than 80 % after it",
        message=(
            "Before training {measured:percent} of the outputs of “{layer}” lie at the ends of their range, "
            "where the slope is next to nothing: what comes in, and the initial weights, are too large for "
            "these units to learn."
        ),
        variants={
            "end": (
                "After training {measured:percent} of the outputs of “{layer}” lie at the ends of their range, "
                "where the slope is next to nothing: the units have become switches, and learn no more."
            )
        },
    ),
    french=Words(
        normal="moins de 25 % des sorties d'une couche avant l'apprentissage, et de 80 % après",
        message=(
            "Avant l'apprentissage, {measured:percent} des sorties de « {layer} » sont aux extrémités de leur "
            "intervalle, où la pente est presque nulle : les entrées et les poids initiaux sont trop grands "
            "pour que ces neurones apprennent."
        ),
        variants={
            "end": (
                "Après l'apprentissage, {measured:percent} des sorties de « {layer} » sont aux extrémités de leur "
                "intervalle, où la pente est presque nulle : les neurones sont devenus des interrupteurs et "
                "n'apprennent plus."
            )
        },
    ),
)


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

BEFORE_TRAINING = (LAYERS_NOT_EXAMINED, VANISHING_GRADIENTS, EXPLODING_GRADIENTS)
AFTER_TRAINING = (DEAD_UNITS, SATURATED_UNITS)
