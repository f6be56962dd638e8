"""Units of the hidden layers that say nothing, or always the same."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.learning_rate import FAST
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import change, change_rate, look_at_activations
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words
from strates.inspection.layer_groups import layer_groups
from strates.inspection.outcome import take_rows

#: Share of a layer's units that are zero in every row. Healthy networks on twenty tables had up to 0.12 (0.3 in the
#: last of ten layers). A learning rate too high kills 40 % (https://cs231n.github.io/neural-networks-1/), and 40 to
#: 100 % on these tables.
DEAD, ALL_DEAD = 0.4, 0.95
#: Activations that are computed to make sure of it, at most.
CONFIRMING_NUMBERS = 20_000_000
#: Share of a layer's outputs at the ends of its function's range. Before training: 0.00 with usual initial weights, 0.3
#: to 0.75 with N(0, 1). After it, a small network that fits well may reach 0.55.
SATURATED_AT_START, SATURATED_AT_END = 0.25, 0.8


def _is_fast(patient: Patient) -> bool:
    return (patient.update_ratios.overall or 0) > FAST


def _slower(patient: Patient) -> Remedy:
    rate = patient.learning_rate
    return look_at_activations(patient) if rate is None else change_rate(patient, rate / 10)


def _alive(clf: Any, position: int, inputs: Any) -> tuple[Any, int]:
    """Return whether each unit of a layer is ever other than zero, and in how many rows it was looked for."""
    end = layer_groups(clf.network_)[position].ends_at
    width = math.prod(size or 1 for size in clf.network_.get_layer(end).output.shape[1:])
    rows = np.arange(min(inputs.shape[0], max(1, CONFIRMING_NUMBERS // width)))
    outputs = copy.copy(clf).transform(take_rows(inputs, rows), layer=end)
    return (outputs != 0).reshape(-1, outputs.shape[-1]).any(axis=0), len(rows)


def _dead_units(patient: Patient) -> Iterator[Symptom]:
    layers = patient.hidden_layers(start=False)
    if layers is None or not (layers["dead"] >= DEAD).any():
        return
    layer = str(layers["dead"].idxmax())
    position = list(patient.at_end.index).index(layer)
    alive, n_rows = _alive(patient.classifier, position, patient.inputs)  # what few rows do not wake, others may
    n_dead, share = int((~alive).sum()), float((~alive).mean())
    if share < DEAD or n_dead < 2:
        return
    if share < ALL_DEAD and patient.settings.get("l1_ratio", 0) and patient.classifier.alpha_:
        return  # an L1 penalty is asked to silence units
    before = 0.0
    if patient.hidden_layers(start=True) is not None:
        before = float((~_alive(patient.initial, position, patient.inputs)[0]).mean())
    values = {"n_dead": n_dead, "n_units": len(alive), "before": before, "n_rows": n_rows}
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
        layers = patient.hidden_layers(start=start)
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

CHECKS = (DEAD_UNITS, SATURATED_UNITS)
