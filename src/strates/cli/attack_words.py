"""What a page says of an attack: what was done, and what to keep in mind."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates.cli.attack_method import AttackMethod
from strates.cli.attack_plan import AttackPlan
from strates.cli.attack_victim import AttackVictim
from strates.report.wording import count, with_noun

_DONE = {
    AttackMethod.tabular: "As few columns as it takes were changed, {columns} at most, as little as it takes to flip "
    "the class. Numbers stayed within the range of the data, categories among those that occur; dates and free text "
    "stayed.",
    AttackMethod.fgsm: "The fast gradient sign method takes one step of length epsilon, the one by which the loss "
    "rises most.",
    AttackMethod.bim: "The basic iterative method takes many small steps up the loss, and stays within epsilon.",
    AttackMethod.pgd: "Projected gradient descent starts at a random point within epsilon, takes many small steps up "
    "the loss, and stays within epsilon.",
    AttackMethod.deepfool: "DeepFool steps to the nearest class boundary, taking the network to be linear at each "
    "step, until it is crossed.",
    AttackMethod.cw: "Carlini and Wagner's attack minimises the distance and the class together, and searches their "
    "balance for each row.",
    AttackMethod.square: "The Square attack changes random parts, and keeps what lowers the lead of the class. It "
    "asks for probabilities alone, and needs no gradient.",
    AttackMethod.universal: "One and the same perturbation was searched for all rows, which brings as many of them as "
    "it can to another class.",
}
_NORMS = {
    "linf": "no number of a row changed by more",
    "l2": "the squared changes of a row's numbers add up to no more than its square",
    "l1": "the changes of a row's numbers add up to no more",
}


def attack_facts(plan: AttackPlan, victim: AttackVictim, *, target: Any, n_before: int) -> tuple[str, ...]:
    """Say which rows were attacked, how, and in which units.

    Parameters
    ----------
    plan : AttackPlan
    victim : AttackVictim
    target : label or None
    n_before : int
        Rows drawn, before those of the target's class were left out.

    Returns
    -------
    tuple of str
    """
    noun = victim.noun
    whole = victim.rows.n_all == n_before
    facts = [f"{'All' if whole else f'{n_before:,} of'} {victim.rows.drawn_from} were looked at."]
    if target is not None:
        n_own = n_before - len(victim.rows.y)
        facts.append(f"{n_own:,} of them are {target} already, and were left out." if n_own else "")
    columns = count(most_changes(plan, victim) or 0, "column")
    facts.append(with_noun(_DONE[plan.method].format(columns=columns), noun))
    if plan.epsilon is not None:
        facts.append(
            with_noun(f"Epsilon {plan.epsilon:g} in {plan.norm}: {_NORMS[str(plan.norm)]}, in {victim.units}.", noun)
        )
    if victim.columns is not None:
        facts.append(
            "The network's own inputs are what the preprocessing makes of the table: there 1 is about the "
            "interquartile range of a column of numbers, and a category has an input of its own, which is high where "
            "a row is of it."
        )
    return tuple(one for one in facts if one)


def most_changes(plan: AttackPlan, victim: AttackVictim) -> int | None:
    """Return how many columns could change at once; None where all inputs are moved."""
    most = getattr(plan.attack, "max_changes", None)
    return None if most is None else min(int(most), victim.rows.X.shape[1] - len(plan.attack.immutable))


def attack_notes(plan: AttackPlan, victim: AttackVictim, result: Any) -> tuple[str, ...]:
    """Say what a reader should keep in mind.

    Parameters
    ----------
    plan : AttackPlan
    victim : AttackVictim
    result : AttackResult or TabularAttackResult

    Returns
    -------
    tuple of str
    """
    notes = []
    if plan.method is AttackMethod.tabular:
        notes.append(
            "The changes say what this model's answer depends on, not what would change a row's true class: the other "
            "columns stay as they were, even those that go with the one that is changed."
        )
    elif victim.columns is not None:
        n_others = len(victim.names) - len(victim.columns.inputs)
        others = (
            f"; {n_others} of the {len(victim.names)} inputs are no columns of numbers: a category is moved to between "
            "absent and present, which no row of a table can be"
        )
        notes.append(
            f"Numbers need not stay whole, or within the range of their column{others if n_others else ''}. Changes "
            "that a row can have are found by the method tabular."
        )
    if victim.noun == "image" and result.success.any():
        notes.append(_rounded(victim, result))
    if plan.epsilon is not None and not (result.success | result.already_wrong).all():
        notes.append(
            with_noun(
                "What this attack did not fool may be fooled by another, or by more steps: the accuracy under attack "
                "is at most what is told here.",
                victim.noun,
            )
        )
    return tuple(notes)


def _rounded(victim: AttackVictim, result: Any) -> str:
    """Say how many images still fool the network as a file would store them."""
    fooled = np.flatnonzero(result.success)
    asked = victim.ask(np.rint(result.adversarial[fooled]))
    said = np.asarray(victim.classifier.classes_)[asked.argmax(axis=1)]
    wanted = said != result.labels[fooled] if result.target is None else said == result.target[fooled]
    n, kept = len(fooled), int(wanted.sum())
    whole = "all of them" if kept == n and n > 1 else f"{kept:,} of {n:,}"
    return f"Rounded to whole grey levels, as files store images, {whole} still fool the network."
