"""The first part of a script: its files, and the numbers that decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._random import integer_seed
from strates.engine.keras_code.attack import attack_settings
from strates.engine.keras_code.data import Data
from strates.engine.keras_code.layout import Call, lay_out, literal
from strates.engine.keras_code.objective import learning_rate
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.transfer import stage_settings
from strates.engine.keras_code.words import fill, phrase


def settings_code(plan: Plan, data: Data, language: str, *, train: bool) -> str:
    """Write the constants of a script, a line each."""
    what = "data_table" if data.is_table else "data_arrays" if plan.classes is not None else "data_rows"
    rows: list[tuple[str, str, str]] = [("DATA", literal(data.file), what)]
    if data.is_table and plan.classes is not None:
        rows.append(("TARGET", literal(data.target), "target_column"))
    if plan.trains:
        rows.append(("TRAIN", str(train), "train_constant"))
    rows.append(("CARRIED", 'np.load(Path(__file__).with_suffix(".npz"))', "carried_constant"))
    lines = [_line(*row, language) for row in rows]
    numbers = [_line(*row, language) for row in _numbers(plan.head or plan, plan)] if plan.trains else []
    return "\n".join([*lines, "", *numbers] if numbers else lines)


def _numbers(plan: Plan, whole: Plan) -> list[tuple[str, str, str]]:
    p = plan.parameters
    found: list[tuple[str, Any, str]] = [("EPOCHS", int(p["max_iter"]), "epochs" if plan.patient or plan.lbfgs else "")]
    rate = None if plan.lbfgs else learning_rate(plan)
    if not plan.lbfgs:
        found.append(("BATCH_SIZE", plan.batch_size, ""))
    if rate is not None:
        found.append(("LEARNING_RATE", rate, ""))
        if plan.schedule == "invscaling":
            found.append(("POWER_T", float(p["power_t"]), ""))
    if plan.alpha:
        found.append(("ALPHA", plan.alpha, "alpha"))
    if plan.l1:
        found.append(("L1_RATIO", float(p["l1_ratio"]), "l1_ratio"))
    if plan.patient:
        found += [("TOL", float(p["tol"]), "tol"), ("PATIENCE", p["n_iter_no_change"], "patience")]
    if plan.lbfgs:
        found += [("TOL", float(p["tol"]), "gtol"), ("MAX_FUN", int(p["max_fun"]), "max_fun")]
    if plan.seed is not None and plan.stops_early:
        found += [("SPLIT_SEED", integer_seed(plan.seed, "validation"), "split_seed")] if plan.fine_tuned else []
        if plan.layers:
            seeds = [integer_seed(one.seed or 0, "validation") for one in plan.layers]
            found.append(("LAYER_SPLITS", seeds, "layer_seeds"))
    later = stage_settings(whole)
    if plan.seed is not None and (plan.shuffled or (later and plan.parameters.get("shuffle", True))):
        found += [("ORDER_SEED", integer_seed(plan.seed, "order"), "order_seed")] if plan.fine_tuned else []
        if plan.layers:
            seeds = [integer_seed(one.seed or 0, "order") for one in plan.layers]
            found.append(("LAYER_SEEDS", seeds, "layer_seeds"))
    found += [*attack_settings(plan), *later]
    plain = [
        (name, value if isinstance(value, list) else np.asarray(value).item(), what) for name, value, what in found
    ]
    return [(name, literal(value), what) for name, value, what in plain]


def _line(name: str, value: str, what: str, language: str) -> str:
    if value.startswith("["):
        return (
            fill(f"# ${what}", language)
            + "\n"
            + lay_out(Call("[", tuple(value[1:-1].split(", ")), "]"), before=f"{name} = ")
        )
    return f"{name} = {value}" + (f"  # {phrase(what, language)}" if what else "")
