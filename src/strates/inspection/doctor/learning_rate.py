"""How far the weights go at a step, and whether they got anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.fit_quality import GAP, gap
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import change, change_rate, stop_early
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words

# The updates should be about 1e-3 of the weights (https://cs231n.github.io/neural-networks-3/): of a fit under way,
# that is; in its first steps they are larger. Tried on five tables with Adam at 1e-6 to 1 and SGD at 1e-5 to 1,
# geometric mean over the layers: fits that end well have 4e-4 to 0.09; above 0.1 most end worse, above 0.3 nearly
# all; below 1e-4, 200 epochs are not enough anywhere.
#: Geometric mean over the layers.
FAST, SLOW = 0.1, 1e-4
#: One layer by itself.
LAYER_FAST, LAYER_SLOW = 0.2, 1e-5
#: Where the first steps should be: between those that end well.
_AIM = 5e-3
#: Cross-entropy at the end over that of knowing the shares of the classes alone: with less left, it went well enough.
LEFT_WHEN_FAST, LEFT_WHEN_SLOW = 0.01, 0.5
#: Last cross-entropy over the lowest of all epochs, and the share that is left then.
ROSE, ROSE_TO = 3.0, 0.1

#: What a fit that goes on gains in a tenth of its epochs, as a share of what there is to gain, and of what it has left.
STILL_FALLING, STILL_FALLING_OF_REST = 0.005, 0.02
#: Share of the prior cross-entropy that makes an early end costly; accuracy at which nothing is left to learn.
MUCH_LEFT, WELL_LEARNED = 0.3, 0.99


def _left(patient: Patient) -> float | None:
    """Return the last epoch's cross-entropy over that of knowing the classes' shares."""
    history = patient.history
    if not len(history) or patient.prior_loss <= 0:
        return None
    return float(history["train_loss"].iloc[-1]) / patient.prior_loss


def _better_rate(patient: Patient, rate: float, aim: float = _AIM) -> Remedy:
    """Return the rate whose first step has the right size: steps are proportional to their rate."""
    return change_rate(patient, rate * aim / patient.update_ratios.first)


def _too_high(patient: Patient) -> Iterator[Symptom]:
    left, rate = _left(patient), patient.learning_rate
    if left is None or rate is None:
        return
    losses = patient.history["train_loss"].to_numpy()
    ratio = patient.update_ratios.overall
    values = {"rate": rate, "last": float(losses[-1]), "prior": patient.prior_loss, "lowest": float(losses.min())}
    if ratio is not None and ratio > FAST and left > LEFT_WHEN_FAST:
        severity = "critical" if patient.is_untaught else "warning"
        yield Symptom(severity, ratio, _better_rate(patient, rate), values)
    elif losses[-1] > ROSE * losses.min() and left > ROSE_TO:
        values["epoch"] = int(losses.argmin()) + 1
        yield Symptom("warning", float(losses[-1] / losses.min()), change_rate(patient, rate / 10), values, "rose")


TOO_HIGH = Check(
    "learning-rate-too-high",
    _too_high,
    english=Words(
        normal="first updates of 0.0001 to 0.1 times the weights, and a loss that ends near its lowest",
        message=(
            "With the learning rate {rate}, each of the first steps changes the weights by {measured:percent}, "
            "and the loss ends at {last}, where knowing the shares of the classes gives {prior}: the steps jump "
            "over what they look for."
        ),
        variants={
            "rose": (
                "With the learning rate {rate}, the loss came down to {lowest} in epoch {epoch} and ended at "
                "{last}, {measured} times that: the steps are too long to stay where it is low."
            )
        },
    ),
    french=Words(
        normal="premières mises à jour de 0,0001 à 0,1 fois les poids, et une perte qui finit près de son minimum",
        message=(
            "Avec le pas d'apprentissage {rate}, chacune des premières mises à jour change les poids de "
            "{measured:percent}, et la perte finit à {last}, alors que connaître les proportions des classes "
            "donne {prior} : les pas sautent par-dessus ce qu'ils cherchent."
        ),
        variants={
            "rose": (
                "Avec le pas d'apprentissage {rate}, la perte est descendue à {lowest} à l'époque {epoch} et finit "
                "à {last}, soit {measured} fois plus : les pas sont trop longs pour rester là où elle est basse."
            )
        },
    ),
)


def _too_low(patient: Patient) -> Iterator[Symptom]:
    left, rate, ratio = _left(patient), patient.learning_rate, patient.update_ratios.overall
    if left is None or rate is None or ratio is None or ratio >= SLOW or left <= LEFT_WHEN_SLOW:
        return
    if "vanishing-gradients" in patient.found:
        return  # it is not the rate that makes the steps small
    values = {"rate": rate, "n_epochs": len(patient.history), "last": left * patient.prior_loss}
    values["prior"] = patient.prior_loss
    severity = "critical" if patient.is_untaught else "warning"
    yield Symptom(severity, ratio, _better_rate(patient, rate), values)


TOO_LOW = Check(
    "learning-rate-too-low",
    _too_low,
    english=Words(
        normal=TOO_HIGH.english.normal,
        message=(
            "With the learning rate {rate}, each of the first steps changes the weights by {measured} of their "
            "size, and after {n_epochs:plural|epoch|epochs} the loss is {last}, where knowing the shares of the "
            "classes gives {prior}: the fit has hardly begun."
        ),
    ),
    french=Words(
        normal=TOO_HIGH.french.normal,
        message=(
            "Avec le pas d'apprentissage {rate}, chacune des premières mises à jour change les poids de "
            "{measured} fois leur taille, et après {n_epochs:plural|époque|époques} la perte est de {last}, "
            "alors que connaître les proportions des classes donne {prior} : l'apprentissage a à peine commencé."
        ),
    ),
)


def _update_ratio(patient: Patient) -> Iterator[Symptom]:
    if patient.found.keys() & {TOO_HIGH.code, TOO_LOW.code}:
        return  # they tell it, and what came of it
    ratios, rate = patient.update_ratios.by_layer, patient.learning_rate
    if not ratios or rate is None:
        return
    # on a logarithmic scale, the layer that is farthest out
    layer = max(ratios, key=lambda name: max(ratios[name] / LAYER_FAST, LAYER_SLOW / ratios[name]))
    measured = ratios[layer]
    if LAYER_SLOW <= measured <= LAYER_FAST:
        return
    cause = patient.found.get("vanishing-gradients") or patient.found.get("exploding-gradients")
    fast = measured > LAYER_FAST
    severity = "note" if fast and patient.training.accuracy >= WELL_LEARNED else "warning"
    yield Symptom(
        severity,
        measured,
        cause or _better_rate(patient, rate, FAST / 2 if fast else _AIM),
        {"rate": rate},
        "" if fast else "slow",
        layer,
    )


UPDATE_RATIO = Check(
    "update-ratio",
    _update_ratio,
    english=Words(
        normal="about 0.001 of the weights' size, between 0.00001 and 0.2 in the first steps",
        message=(
            "The first steps, with the learning rate {rate}, change the weights of “{layer}” by "
            "{measured:percent} of their size each: too fast to follow the loss downhill."
        ),
        variants={
            "slow": (
                "The first steps, with the learning rate {rate}, change the weights of “{layer}” by {measured} of "
                "their size each: this layer stands still."
            )
        },
    ),
    french=Words(
        normal="environ 0,001 fois la taille des poids, entre 0,00001 et 0,2 dans les premiers pas",
        message=(
            "Les premiers pas, avec le pas d'apprentissage {rate}, changent chacun les poids de « {layer} » de "
            "{measured:percent} : c'est trop rapide pour suivre la pente de la perte."
        ),
        variants={
            "slow": (
                "Les premiers pas, avec le pas d'apprentissage {rate}, changent chacun les poids de « {layer} » de "
                "{measured} fois leur taille : cette couche ne bouge pas."
            )
        },
    ),
)


def _stopped_early(patient: Patient) -> Iterator[Symptom]:
    settings, history = patient.settings, patient.history
    if not len(history) or patient.prior_loss <= 0:
        return
    if settings["learning_rate"] in ("cosine", "one_cycle") and settings.get("solver") != "lbfgs":
        return  # the rate has come to its end, as it was to
    if patient.classifier.n_iter_ < settings["max_iter"] or patient.found.keys() & {TOO_LOW.code, TOO_HIGH.code}:
        return  # it stopped by itself; or more epochs are not what it needs
    apart = gap(patient)
    if patient.training.accuracy >= WELL_LEARNED or (apart is not None and apart["low"] > GAP):
        return
    losses = history["loss"].to_numpy()
    tail = max(1, len(losses) // 10)
    if len(losses) < 2 * tail:
        return
    before, last = float(losses[-2 * tail : -tail].mean()), float(losses[-tail:].mean())
    fall = before - last
    if fall < STILL_FALLING * patient.prior_loss or fall < STILL_FALLING_OF_REST * last:
        return
    values = {"n_epochs": settings["max_iter"], "tail": tail, "last": float(losses[-1])}
    severity = "warning" if last > MUCH_LEFT * patient.prior_loss else "note"
    longer = change(patient, max_iter=5 * settings["max_iter"], **stop_early(patient))
    yield Symptom(severity, fall / before, longer, values)


STOPPED_EARLY = Check(
    "stopped-before-converging",
    _stopped_early,
    english=Words(
        normal="a loss that falls by less than 2 % over the last tenth of the epochs",
        message=(
            "The fit ended after its {n_epochs:plural|epoch|epochs} while the loss, now {last}, was still "
            "falling: by {measured:percent} over the last {tail:plural|epoch|epochs}. Give it more, and stop by "
            "rows that are held out."
        ),
    ),
    french=Words(
        normal="une perte qui baisse de moins de 2 % sur le dernier dixième des époques",
        message=(
            "L'apprentissage s'est arrêté au bout de {n_epochs:plural|époque|époques} alors que la perte, "
            "{last} à la fin, baissait encore : de {measured:percent} sur {tail:plural|dernière "
            "époque|dernières époques}. Donnez-lui plus d'époques, et arrêtez-le d'après des lignes mises de "
            "côté."
        ),
    ),
)

CHECKS = (TOO_HIGH, TOO_LOW, UPDATE_RATIO, STOPPED_EARLY)
