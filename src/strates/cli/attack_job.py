"""The work of ``strates attack``."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates._atomic_write import atomic_write
from strates.attacks import distance_curve, robustness_curve
from strates.cli.attack_examples import attack_examples
from strates.cli.attack_method import AttackMethod
from strates.cli.attack_plan import AttackPlan, AttackRequest, plan_attack
from strates.cli.attack_rows import AttackedRows, attacked_images, attacked_table
from strates.cli.attack_saved import save_attacked
from strates.cli.attack_shown import attack_as_json, show_attack
from strates.cli.attack_victim import AttackVictim, victim_of
from strates.cli.attack_words import attack_facts, attack_notes, most_changes
from strates.cli.image_options import is_folder
from strates.cli.model_card import ModelCard, read_card
from strates.cli.outputs import check_output
from strates.cli.screen import Screen
from strates.cli.sources import find_source
from strates.exceptions import ParameterError, did_you_mean
from strates.report.attack_page import AttackContent, render_attack_page
from strates.report.attack_summary import AttackSummary
from strates.report.wording import setting_text

#: Epsilons of the curve, as shares of the one that was asked; fewer where each takes long.
_SHARES = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0, 1.5)
_SHARES_OF_SQUARE = (0.0, 0.5, 1.0)
_CURVE_OF = {AttackMethod.tabular: "cost", AttackMethod.deepfool: "distance", AttackMethod.cw: "distance"}
#: Accuracies that are told apart in a figure.
_APART = 0.3
_PROGRAMS = ("strates", "keras", "tensorflow", "scikit-learn", "numpy")


@dataclass(frozen=True)
class AttackJob:
    """What was typed.

    Attributes
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    request : AttackRequest
    target : str or None
    n_rows : int
    out : pathlib.Path or None
        The page; None for a file beside the model.
    page : bool
        Whether to write one.
    save : pathlib.Path or None
        Where the attacked rows go.
    encoding, missing : str or None
        How to read a table.
    skip_bad : bool
    command : str
        All of it, as it is typed again.
    """

    model: Path
    given: str
    request: AttackRequest
    target: str | None = None
    n_rows: int = 100
    out: Path | None = None
    page: bool = True
    save: Path | None = None
    encoding: str | None = None
    missing: str | None = None
    skip_bad: bool = False
    command: str = ""


def run_attack(job: AttackJob, screen: Screen) -> None:
    """Attack rows of known class, show what came of it, and write the page.

    Parameters
    ----------
    job : AttackJob
    screen : Screen
    """
    card, about = read_card(job.model, of_images=True)
    of_images = card.images is not None
    plan = plan_attack(job.request, of_images=of_images)
    target = None if job.target is None else _label(job.target, about["classes"])
    files = _files(job, plan, of_images=of_images)
    drawn = _read(job, card, about["classes"], screen)
    rows = drawn if target is None else drawn.not_of(target)
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        fitted = load_model(job.model)
    victim = victim_of(fitted, rows, plan, card)
    with screen.doing(f"Attacking {len(rows.y):,} {victim.noun}s"):
        result = victim.perturb(plan, target)
    content = _content(job, plan, victim, result, screen, target=target, n_before=len(drawn.y))
    if "page" in files:
        with screen.doing("Writing the page"):
            atomic_write(files["page"], render_attack_page(content).encode("utf-8", "replace"))
    if "saved" in files:
        save_attacked(result, victim, card.target, files["saved"])
    show_attack(content, f"{plan.method} attack on {job.model.name}, {len(rows.y):,} {victim.noun}s", files, screen)
    written = {name: str(files[name]) if name in files else None for name in ("page", "saved")}
    screen.show_json(
        {"method": str(plan.method)}
        | attack_as_json(content)
        | written
        | {"model": str(job.model), "source": job.given, "notes": screen.notes}
    )


def _files(job: AttackJob, plan: AttackPlan, *, of_images: bool) -> dict[str, Path]:
    """Return what is to be written, having checked that it can be."""
    source = Path(job.given).expanduser()
    inputs = (job.model, source if source.is_file() else None)
    files = {}
    if job.page:
        wanted = job.out or job.model.with_suffix(f".{plan.method}.html")
        files["page"] = check_output(wanted, "--out", suffixes=(".html", ".htm"), inputs=inputs)
    elif job.out is not None:
        raise ParameterError(f"--out {job.out} names a page, and --no-page wants none. Drop one of them.")
    if job.save is not None:
        files["saved"] = check_output(job.save, "--save", suffixes=(".npz",) if of_images else (".csv",), inputs=inputs)
    return files


def _read(job: AttackJob, card: ModelCard, classes: list[Any], screen: Screen) -> AttackedRows:
    seed = job.request.seed
    if card.images is not None:
        return attacked_images(job.given, card, classes, job.n_rows, seed, skip_bad=job.skip_bad, screen=screen)
    if job.skip_bad:
        raise ParameterError("--skip-bad is for images, and the model learned from a table. Leave it out.")
    if is_folder(job.given):
        raise ParameterError(
            f"{job.given} is a folder, and {job.model.name} learned from a table. Give a table with the column "
            f"{card.target!r}."
        )
    missing = card.missing if job.missing is None else job.missing
    source = find_source(job.given, encoding=job.encoding, missing=missing)
    with screen.doing(f"Reading {job.given}"):
        return attacked_table(source, card, classes, job.n_rows, seed, screen)


def _label(text: str, classes: list[Any]) -> Any:
    """Return the class that a word of the command line means."""
    meant = {str(label): label for label in classes}
    if text not in meant:
        raise ParameterError(f"--target {text} is not a class that the model knows. {did_you_mean(text, list(meant))}")
    return meant[text]


def _content(
    job: AttackJob,
    plan: AttackPlan,
    victim: AttackVictim,
    result: Any,
    screen: Screen,
    *,
    target: Any,
    n_before: int,
) -> AttackContent:
    with screen.doing("Drawing the curve"):
        curve = _curve(plan, victim, result)
    with screen.doing("Choosing examples"):
        examples = attack_examples(result, victim, plan.scale)
    return AttackContent(
        title=f"{job.model.stem}: {plan.method} attack",
        summary=AttackSummary.from_result(
            result,
            noun=victim.noun,
            scale=plan.scale,
            epsilon=plan.epsilon,
            norm=plan.norm,
            max_changes=most_changes(plan, victim),
            target=job.target,
        ),
        facts=attack_facts(plan, victim, target=target, n_before=n_before),
        units=victim.units,
        curve=curve,
        curve_of=_CURVE_OF.get(plan.method, "epsilon"),
        chance=_chance(victim.rows.y, result.clean_accuracy),
        notes=(*attack_notes(plan, victim, result), *screen.notes),
        command=job.command,
        settings={name: setting_text(value) for name, value in plan.attack.get_params().items()},
        versions={"Python": platform.python_version(), **{name: version(name) for name in _PROGRAMS}},
        **examples,
    )


def _chance(y: Any, accuracy: float) -> float | None:
    """Return the accuracy of the commonest class; None where its line would lie on the curve's beginning."""
    share = float(pd.Series(y).value_counts(normalize=True).iloc[0])
    return share if share < accuracy - _APART else None


def _curve(plan: AttackPlan, victim: AttackVictim, result: Any) -> pd.DataFrame | None:
    """Return the accuracy against the distance; None of one perturbation for all, and where there is a target."""
    if result.target is not None or plan.method is AttackMethod.universal or not result.success.any():
        return None
    if plan.epsilon is None:
        curve = distance_curve(result, norm=plan.norm or "l2")
    else:
        shares = _SHARES_OF_SQUARE if plan.method is AttackMethod.square else _SHARES
        epsilons = [share * plan.attack.epsilon for share in shares]
        if plan.scale != 1:
            epsilons = [one for one in epsilons if one <= plan.scale]
        curve = robustness_curve(victim.classifier, victim.X, np.asarray(victim.rows.y), plan.attack, epsilons)
    return curve.assign(epsilon=curve["epsilon"] / plan.scale)
