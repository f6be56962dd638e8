"""Whether it learned too much, too little, or was held back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from strates.inspection.doctor.answers import Answers
from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import change, enlarge, simplify
from strates.inspection.doctor.words import Words
from strates.inspection.intervals import mean_interval, paired_proportions_interval, wilson_interval

#: Accuracy on rows it learned from minus that on held-out rows: what the 95 % interval's lower end must exceed. With
#: the defaults it is 0.00 to 0.035 on twenty tables, and 0.14 on one of 1,000 rows, which they do over-fit.
GAP = 0.05
#: Last loss on validation rows over its lowest: without an early stop, the last is what was kept.
VALIDATION_ROSE = 1.25
#: How far below a simple classifier's held-out accuracy the accuracy on rows it learned from must clearly lie.
BELOW = 0.01
#: Share of the objective; and what the penalty costs in cross-entropy beside logistic regression, as a share of the
#: cross-entropy of knowing the shares of the classes. The share alone says little: where the fit is good, the penalty
#: is what is left of the objective (0.8 of it and more, with the defaults, on three tables fitted to an accuracy of
#: 0.96).
PENALTY_SHARE, PENALTY_COST = 0.5, 0.05
#: Causes of a poor fit, the likeliest first.
CAUSES = (
    "learning-rate-too-high",
    "learning-rate-too-low",
    "penalty-dominates",
    "inputs-not-scaled",
    "vanishing-gradients",
    "exploding-gradients",
    "initial-loss",
    "dead-units",
    "saturated-units",
    "stopped-before-converging",
)


def _gap_bounds(first: tuple[float, int], second: tuple[float, int]) -> tuple[float, float]:
    """Return Newcombe's 95 % interval for the difference of two independent proportions, each with its number of rows.

    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
    """
    (p1, n1), (p2, n2) = first, second
    low1, high1 = wilson_interval(p1 * n1, n1)
    low2, high2 = wilson_interval(p2 * n2, n2)
    difference = p1 - p2
    return (
        difference - math.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        difference + math.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )


# --- overfitting --------------------------------------------------------------------------------------


def _validated(patient: Patient) -> tuple[float, int] | None:
    """Return the accuracy on the rows that the fit was stopped by, and their number."""
    scores = getattr(patient.classifier, "validation_scores_", None)
    if not scores or not patient.settings.get("early_stopping"):
        return None
    number = min(patient.classifier.best_epoch_, len(scores))
    return float(scores[number - 1]), max(2, round(patient.n_rows * patient.settings["validation_fraction"]))


def gap(patient: Patient) -> dict[str, float] | None:
    """Compare the accuracy on rows that a classifier learned from with that on others.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    dict or None
        "own", "other", "n_rows" (of the others), "low" and "high" (of the difference, 95 %); None where there is
        nothing to compare with.
    """
    training, held_out = patient.training, patient.held_out
    judged = _validated(patient) if held_out is None else (held_out.accuracy, held_out.n_rows)
    if judged is None:
        return None
    low, high = _gap_bounds((training.accuracy, training.n_rows), judged)
    return {"own": training.accuracy, "other": judged[0], "n_rows": judged[1], "low": low, "high": high}


def _overfitting(patient: Patient) -> Iterator[Symptom]:
    if "underfitting" in patient.found:
        return  # what it learned by heart is not what ails it
    found = gap(patient)
    if found is not None:
        if found["low"] > GAP:
            yield Symptom("warning", found["own"] - found["other"], simplify(patient), dict(found))
        return
    losses = patient.history["validation_loss"].to_numpy() if len(patient.history) else np.empty(0)
    if len(losses) > 2 and np.isfinite(losses).all():
        last, lowest = float(losses[-3:].mean()), float(losses.min())
        if last > VALIDATION_ROSE * lowest:
            values = {"last": last, "lowest": lowest, "epoch": int(losses.argmin()) + 1}
            yield Symptom("warning", last / lowest, simplify(patient), values, "rose")


OVERFITTING = Check(
    "overfitting",
    _overfitting,
    english=Words(
        normal="a gap of less than 5 points between the two accuracies, beyond chance",
        message=(
            "It is right on {own:percent} of the rows it learned from and on {other:percent} of "
            "{n_rows:plural|held-out row|held-out rows}: a gap of {measured:points} points (95 % interval "
            "{low:points} to {high:points}). It has learned part of the rows by heart."
        ),
        variants={
            "rose": (
                "The loss on the validation rows came down to {lowest} in epoch {epoch} and rose to {last}, "
                "{measured} times that: since then it has learned the rows by heart."
            )
        },
    ),
    french=Words(
        normal="un écart de moins de 5 points entre les deux exactitudes, au-delà du hasard",
        message=(
            "Il a raison sur {own:percent} des lignes d'apprentissage et sur {other:percent} de "
            "{n_rows:plural|ligne mise de côté|lignes mises de côté} : un écart de {measured:points} points "
            "(intervalle à 95 % : de {low:points} à {high:points}). Il a appris une partie des lignes par "
            "cœur."
        ),
        variants={
            "rose": (
                "La perte sur les lignes de validation est descendue à {lowest} à l'époque {epoch}, puis remontée à "
                "{last}, soit {measured} fois plus : depuis, il apprend les lignes par cœur."
            )
        },
    ),
)


# --- penalty ------------------------------------------------------------------------------------------


def _penalty_share(patient: Patient) -> float:
    """Return the penalty's share of the objective: in the first epoch or the last, where it is larger."""
    history = patient.history
    if not patient.learns_by_gradients or not len(history) or not getattr(patient.classifier, "alpha_", 0.0):
        return 0.0
    return float((history["penalty"] / history["loss"]).iloc[[0, -1]].max())


def _penalty_dominates(patient: Patient) -> Iterator[Symptom]:
    share, rival = _penalty_share(patient), patient.rival
    # steps too long throw the weights far away, and the penalty grows with them; steps too short leave it as it was
    if not share or patient.found.keys() & {"learning-rate-too-high", "learning-rate-too-low", "vanishing-gradients"}:
        return
    alpha = float(patient.classifier.alpha_)
    is_linear = hasattr(patient.classifier, "coef_")  # its weights begin at zero, and a strong penalty keeps them there
    if share < PENALTY_SHARE and not is_linear:
        return
    prior = patient.prior_loss
    if rival is None:
        loss, reachable = patient.final_loss, prior
        costs = loss > (1 - PENALTY_COST) * prior
    else:
        own = patient.row_losses[rival.rows]
        loss, reachable = float(own.mean()), float(rival.losses.mean())
        costs = mean_interval(own - rival.losses)[1] > PENALTY_COST * prior
    if not costs:
        return
    values = {"alpha": alpha, "loss": loss, "reachable": reachable, "prior": prior, "share": share}
    remedy = change(patient, alpha=float(f"{alpha / (100 if loss > 0.5 * prior else 10):.0e}"))
    variant = "linear" if share < PENALTY_SHARE else "" if rival is not None else "alone"
    measured = f"alpha = {alpha:g}" if variant == "linear" else share
    yield Symptom("critical" if patient.is_untaught else "warning", measured, remedy, values, variant)


PENALTY_DOMINATES = Check(
    "penalty-dominates",
    _penalty_dominates,
    english=Words(
        normal="less than half of the objective, or a cross-entropy near that of logistic regression",
        message=(
            "The penalty, with alpha = {alpha}, makes up {share:percent} of the objective, and the "
            "cross-entropy stays at {loss} on rows that it learned from, where logistic regression has "
            "{reachable} on rows that it has not: it is the weights that are made small, not the mistakes."
        ),
        variants={
            "linear": (
                "The penalty, with alpha = {alpha}, keeps the coefficients so small that the cross-entropy stays at "
                "{loss} on rows that it learned from, where a weaker penalty has {reachable} on rows not learned "
                "from."
            ),
            "alone": (
                "The penalty, with alpha = {alpha}, makes up {share:percent} of the objective, and the "
                "cross-entropy stays at {loss}, where knowing the shares of the classes gives {prior}: it is the "
                "weights that are made small, not the mistakes."
            ),
        },
    ),
    french=Words(
        normal="moins de la moitié de l'objectif, ou une entropie croisée proche de celle d'une régression logistique",
        message=(
            "La pénalité, avec alpha = {alpha}, représente {share:percent} de l'objectif, et l'entropie croisée "
            "reste à {loss} sur les lignes d'apprentissage, alors qu'une régression logistique obtient "
            "{reachable} sur des lignes qu'elle n'a pas apprises : ce sont les poids que l'on réduit, pas les "
            "erreurs."
        ),
        variants={
            "linear": (
                "La pénalité, avec alpha = {alpha}, garde les coefficients si petits que l'entropie croisée reste à "
                "{loss} sur les lignes d'apprentissage, alors qu'une pénalité plus faible obtient {reachable} sur "
                "des lignes non apprises."
            ),
            "alone": (
                "La pénalité, avec alpha = {alpha}, représente {share:percent} de l'objectif, et l'entropie croisée "
                "reste à {loss}, alors que connaître les proportions des classes donne {prior} : ce sont les poids "
                "que l'on réduit, pas les erreurs."
            ),
        },
    ),
)


# --- underfitting -------------------------------------------------------------------------------------


def _underfitting(patient: Patient) -> Iterator[Symptom]:
    rival = patient.rival
    if rival is None or rival.accuracy <= patient.rivalled.accuracy + BELOW:
        return
    own: Answers = patient.rivalled
    right = own.correct[rival.rows]
    n = len(right)
    only_own, only_rival = int((right & ~rival.correct).sum()), int((~right & rival.correct).sum())
    if paired_proportions_interval(only_own, only_rival, n)[1] > -BELOW:
        return
    cause = next((code for code in CAUSES if code in patient.found), None)
    values = {"own": float(right.mean()), "rival": rival.accuracy, "majority": patient.majority, "cause": cause}
    if cause is not None:
        remedy = patient.found[cause]
    elif _penalty_share(patient) > PENALTY_SHARE:
        remedy = change(patient, alpha=float(f"{patient.classifier.alpha_ / 10:.0e}"))
    else:
        remedy = enlarge(patient)
    variant = rival.name if cause is None else f"{rival.name}, cause"
    severity = "critical" if patient.is_untaught else "warning"
    yield Symptom(severity, float(right.mean()) - rival.accuracy, remedy, values, variant)


_RIGHT_EN = "It is right on {own:percent} of the rows it learned from, where "
_RIVALS_EN = {
    "logistic": "logistic regression is right on {rival:percent} of rows that it has not seen",
    "knn": "the five nearest neighbours are right on {rival:percent}",
}
_RIGHT_FR = "Il a raison sur {own:percent} des lignes d'apprentissage, alors "
_RIVALS_FR = {
    "logistic": "qu'une régression logistique a raison sur {rival:percent} de lignes qu'elle n'a pas vues",
    "knn": "que les cinq plus proches voisins ont raison sur {rival:percent}",
}
_MORE_EN, _MORE_FR = ": it has not learned what there is to learn.", " : il n'a pas appris ce qu'il y a à apprendre."
_CAUSE_EN, _CAUSE_FR = ". The likely cause: {cause}.", ". Cause probable : {cause}."

UNDERFITTING = Check(
    "underfitting",
    _underfitting,
    english=Words(
        normal="an accuracy on its own rows that is not clearly below what a simple classifier has on others",
        message="",
        variants={
            **{name: f"{_RIGHT_EN}{rival}{_MORE_EN}" for name, rival in _RIVALS_EN.items()},
            **{f"{name}, cause": f"{_RIGHT_EN}{rival}{_CAUSE_EN}" for name, rival in _RIVALS_EN.items()},
        },
    ),
    french=Words(
        normal=(
            "une exactitude sur ses propres lignes qui n'est pas nettement sous celle d'un classifieur simple sur "
            "d'autres"
        ),
        message="",
        variants={
            **{name: f"{_RIGHT_FR}{rival}{_MORE_FR}" for name, rival in _RIVALS_FR.items()},
            **{f"{name}, cause": f"{_RIGHT_FR}{rival}{_CAUSE_FR}" for name, rival in _RIVALS_FR.items()},
        },
    ),
)

CHECKS = (PENALTY_DOMINATES, UNDERFITTING, OVERFITTING)
