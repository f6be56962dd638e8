"""Classes that the classifier passes over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import weigh_classes
from strates.inspection.doctor.words import Words
from strates.inspection.intervals import wilson_interval
from strates.inspection.outcome import class_names

#: Rows of a class below which it is no wonder that it is never predicted.
FEW_ROWS = 10
#: Rows of the commonest class over those of a rare one.
IMBALANCE = 4.0
#: Rows of a class from which its recall tells something; and the recall below which it is passed over, beyond chance.
ROWS_FOR_RECALL, POOR_RECALL = 20, 0.5


def _never_predicted(patient: Patient) -> Iterator[Symptom]:
    answers = patient.training
    truth, predicted = answers.counts(answers.truth), answers.counts(answers.predicted)
    never = np.flatnonzero((truth > 0) & (predicted == 0))
    if not len(never):
        return
    names = class_names(patient.classes)
    counts = np.rint(patient.shares * patient.n_rows).astype(int)
    share = float(patient.shares[never].sum())
    values = {
        "names": [names[i] for i in never],
        "n_never": len(never),
        "n_rows": int(counts[never].sum()),
        "only": names[int(predicted.argmax())],
    }
    constant = not patient.is_multilabel and np.count_nonzero(predicted) == 1
    # a network that learned too little passes over classes for that reason
    remedy = patient.found.get("underfitting") or weigh_classes(patient)
    if constant:
        yield Symptom("critical", share, remedy, values, "constant")
    else:
        yield Symptom("warning" if counts[never].max() >= FEW_ROWS else "note", share, remedy, values)


NEVER_PREDICTED = Check(
    "class-never-predicted",
    _never_predicted,
    english=Words(
        normal="each class predicted for some of the rows",
        message=(
            "{n_never:plural|class is|classes are} never predicted, even on rows that it learned from: {names:list} "
            "({n_rows:plural|row|rows}, {measured:percent} of all)."
        ),
        variants={
            "constant": (
                "The answer is “{only}”, whatever the row: the other classes, {names:list} ({measured:percent} of "
                "the rows), are never predicted."
            )
        },
    ),
    french=Words(
        normal="chaque classe prédite pour quelques lignes",
        message=(
            "{n_never:plural|classe n'est jamais prédite|classes ne sont jamais prédites}, même sur les lignes "
            "d'apprentissage : {names:list} ({n_rows:plural|ligne|lignes}, {measured:percent} du total)."
        ),
        variants={
            "constant": (
                "La réponse est « {only} » quelle que soit la ligne : ce qui reste, {names:list} "
                "({measured:percent} des lignes), n'est jamais prédit."
            )
        },
    ),
)


def _imbalance_ignored(patient: Patient) -> Iterator[Symptom]:
    if patient.is_multilabel or patient.settings.get("class_weight") is not None:
        return
    answers = patient.held_out or patient.training
    truth, predicted = answers.counts(answers.truth), answers.counts(answers.predicted)
    hits = np.bincount(answers.truth[answers.correct], minlength=answers.n_classes)
    rare = patient.shares * IMBALANCE <= patient.shares.max()
    judged = np.flatnonzero(rare & (truth >= ROWS_FOR_RECALL) & (predicted > 0))
    passed = [i for i in judged if wilson_interval(int(hits[i]), int(truth[i]))[1] < POOR_RECALL]
    if not passed:
        return
    worst = min(passed, key=lambda i: hits[i] / truth[i])
    names = class_names(patient.classes)
    values = {
        "name": names[worst],
        "share": float(patient.shares[worst]),
        "hits": int(hits[worst]),
        "n_rows": int(truth[worst]),
        "common": names[int(patient.shares.argmax())],
    }
    yield Symptom("warning", float(hits[worst] / truth[worst]), weigh_classes(patient), values)


IMBALANCE_IGNORED = Check(
    "imbalance-ignored",
    _imbalance_ignored,
    english=Words(
        normal="half of a rare class found, or the classes weighted",
        message=(
            "Of {n_rows:plural|row|rows} of the rare class “{name}” ({share:percent} of all) {hits} are found "
            "({measured:percent}): mistakes on it weigh little beside the many rows of “{common}”, and accuracy "
            "does not show them."
        ),
    ),
    french=Words(
        normal="la moitié d'une classe rare retrouvée, ou des classes pondérées",
        message=(
            "Sur {n_rows:plural|ligne|lignes} de la classe rare « {name} » ({share:percent} du total), {hits} "
            "sont retrouvées ({measured:percent}) : ses erreurs pèsent peu à côté des nombreuses lignes de « "
            "{common} », et l'exactitude ne les montre pas."
        ),
    ),
)

CHECKS = (NEVER_PREDICTED, IMBALANCE_IGNORED)
