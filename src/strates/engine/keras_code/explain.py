"""Beside each parameter of an estimator, the line of Keras that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from strates.engine.keras_code.data import Data
from strates.engine.keras_code.layout import literal
from strates.engine.keras_code.objective import loss_call, optimizer_call
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.read_plan import read_plan
from strates.engine.keras_code.script import write_script


@dataclass(frozen=True)
class CodeLine:
    """One parameter.

    Attributes
    ----------
    parameter : str
    value : str
    code : str
        Lines of the script that it becomes; empty where it becomes none.
    reason : str
        Why it becomes no code; else empty.
    """

    parameter: str
    value: str
    code: str
    reason: str = ""


@dataclass(frozen=True)
class CodeExplanation:
    """The code behind an estimator's parameters.

    Attributes
    ----------
    estimator : str
        Name of its class.
    lines : tuple of CodeLine
    """

    estimator: str
    lines: tuple[CodeLine, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a parameter: "parameter", "value", "code"; the reason in brackets where there is none."""
        rows = [(line.parameter, line.value, line.code or f"({line.reason})") for line in self.lines]
        return pd.DataFrame(rows, columns=["parameter", "value", "code"])

    def __str__(self) -> str:
        heads = [f"{line.parameter}={line.value}" for line in self.lines]
        width = min(max(map(len, heads), default=0), 44)
        text = [self.estimator]
        for head, line in zip(heads, self.lines, strict=True):
            first, *rest = (line.code or f"({line.reason})").split("\n")
            begin = (
                [f"  {head.ljust(width)}  {first}"] if len(head) <= width else [f"  {head}", f"  {'':{width}}  {first}"]
            )
            text += [*begin, *(f"  {'':{width}}  {one}" for one in rest)]
        return "\n".join(text)


def explain(est: Any) -> CodeExplanation:
    """Show, beside each parameter of a fitted estimator, the line of Keras that it becomes.

    Parameters
    ----------
    est : fitted estimator of strates

    Returns
    -------
    CodeExplanation
    """
    plan = read_plan(est)
    script = _script(est, plan)
    lines = [_line(name, value, plan, script) for name, value in est.get_params(deep=False).items()]
    return CodeExplanation(type(est).__name__, tuple(lines))


def _script(est: Any, plan: Plan) -> list[str]:
    text = write_script(
        est, plan, Data("data.npz"), loop="fit", language="en", train=True, carried="", preprocessing=None
    )
    return text.split("\n")


#: Parameter -> what its lines hold. None of them found: it is switched off.
_MARKS: dict[str, tuple[str, ...]] = {
    "hidden_layer_sizes": ("keras.layers.Dense(",),
    "filters": ("keras.layers.Conv2D(",),
    "kernel_size": ("keras.layers.Conv2D(",),
    "pool_size": ("keras.layers.MaxPooling2D(",),
    "padding": ("padding=",),
    "flatten": ("keras.layers.Flatten(", "keras.layers.GlobalAveragePooling2D("),
    "image_shape": (".reshape(-1",),
    "scale": ("keras.layers.Rescaling(",),
    "augmentation": ("keras.layers.Random",),
    "activation": ("activation=",),
    "code_activation": ("activation=",),
    "out_activation": ('name="outputs"',),
    "kernel_initializer": ("kernel_initializer=",),
    "dropout": ("keras.layers.Dropout(",),
    "input_noise": ("keras.layers.GaussianNoise(",),
    "denoising": ("keras.layers.GaussianNoise(", "MaskingNoise("),
    "corruption": ("keras.layers.GaussianNoise(", "MaskingNoise("),
    "tied": ("class TiedDense", "TiedDense("),
    "batch_norm": ("keras.layers.BatchNormalization(",),
    "max_norm": ("kernel_constraint=",),
    "alpha": ("ALPHA =", "penalty = ", "ALPHA / 2 *"),
    "l1_ratio": ("L1_RATIO =", "class OrthantWise"),
    "adversarial": ("EPSILON =", "ATTACK_STEP", "def attacked(", "x = attacked("),
    "gradient_penalty": ("GRADIENT_PENALTY",),
    "loss": ("loss_function = ",),
    "batch_size": ("BATCH_SIZE =", "STAGE_BATCH_SIZE ="),
    "learning_rate": ("learning_rate = ", "class OneCycle", "class InverseScaling", "class Slow"),
    "learning_rate_init": ("LEARNING_RATE =",),
    "power_t": ("POWER_T =",),
    "max_iter": ("EPOCHS =",),
    "max_fun": ("MAX_FUN =",),
    "solver": ('method="L-BFGS-B"', "[keras.optimizers."),
    "tol": ("TOL =",),
    "n_iter_no_change": ("PATIENCE =",),
    "shuffle": ("order_of_rows(", "draw.permutation("),
    "early_stopping": ("class StopEarly",),
    "validation_fraction": ("test_size=",),
    "class_weight": ("class_weights =",),
    "random_state": ("SEED = ",),
    "average": ("sums = [",),
    "eta0": ("LEARNING_RATE =",),
    "network": ("model = ", "keras.layers."),
    "fine_tune": ("if TRAIN:",),
    "fit_intercept": ("use_bias=",),
    "backbone": ("backbone = ", 'name="backbone_'),
    "layer": ("backbone = ",),
    "strategy": ("losses = learn(", "losses += fine_tune("),
    "unfreeze": ("STAGES =",),
    "fine_tune_learning_rate": ("STAGE_RATE =",),
    "fine_tune_max_iter": ("STAGE_EPOCHS =",),
    "layer_decay": ("LAYER_DECAY =",),
    "freeze_batch_norm": ("keras.layers.BatchNormalization)",),
    "image_size": ("keras.layers.Resizing(",),
    "preprocessing": ("keras.layers.Rescaling(", "keras.layers.Normalization("),
}
_REASONS = {
    "verbose": "prints, and computes nothing",
    "warm_start": "the script trains once, from the first weights",
    "pretrained": "the first weights are carried beside the script",
    "weights": "the backbone's weights are carried beside the script",
}
_SOLVER = frozenset({"momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon"})
_STEPWISE = _SOLVER | {
    "batch_size", "early_stopping", "learning_rate", "learning_rate_init", "n_iter_no_change", "power_t",
    "random_state", "shuffle", "validation_fraction", "max_norm", "dropout", "input_noise", "batch_norm",
}  # fmt: skip
_KERAS_NAMES = {"nesterovs_momentum": "nesterov"}


def _line(name: str, value: Any, plan: Plan, script: list[str]) -> CodeLine:
    shown = literal(value) if _is_plain(value) else type(value).__name__
    code = _CALLS[name](plan) if name in _CALLS else ""
    if not code or not any(code.partition("(")[0] in one for one in script):  # of a transfer, each stage has its own
        code = _found(name, plan, script)
    if code:
        return CodeLine(name, shown, code)
    known = name in _MARKS or name in _CALLS or name in _SOLVER
    reason = _REASONS.get(name, "" if known else "the script has no line for it")
    if not reason and plan.lbfgs and name in _STEPWISE:
        reason = "L-BFGS takes all rows at once, and has no steps of this kind"
    elif not reason and plan.solver is not None and name in _SOLVER and f"{name}" not in _own_settings(plan):
        reason = "of another solver"
    return CodeLine(name, shown, "", reason or "off, or Keras's own default: no line")


def _own_settings(plan: Plan) -> set[str]:
    """Return the settings that the solver has."""
    if not isinstance(plan.solver, str):
        return set()
    return {"beta_1", "beta_2", "epsilon"} if plan.solver == "adam" else {"momentum", "nesterovs_momentum"}


def _holds(line: str, mark: str) -> bool:
    """Whether a line has a mark; a constant is set at its beginning."""
    return line.startswith(mark) if mark.endswith(" =") and mark.isupper() else mark in line


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | tuple | list | dict)


def _solver_code(plan: Plan) -> str:
    if plan.lbfgs:
        return 'minimize(objective, start, jac=True, method="L-BFGS-B", ...)'
    return f"optimizer = {optimizer_call(plan)}"


def _smoothing_code(plan: Plan) -> str:
    return f"loss_function = {loss_call(plan) or 'keras.losses.binary_crossentropy'}" if plan.smoothing else ""


_CALLS: dict[str, Callable[[Plan], str]] = {"solver": _solver_code, "label_smoothing": _smoothing_code}


def _found(name: str, plan: Plan, script: list[str]) -> str:
    if name in _SOLVER:
        keyword = _KERAS_NAMES.get(name, name)
        arguments = [] if plan.lbfgs else map(str, optimizer_call(plan).arguments)
        return next((argument for argument in arguments if argument.startswith(f"{keyword}=")), "")
    lines: list[str] = []
    for i, line in enumerate(script):
        bare = line.strip()
        if bare.startswith(("#", '"""')) or not any(_holds(bare, mark) for mark in _MARKS.get(name, ())):
            continue
        bare = bare.partition("  # ")[0]
        if bare.endswith("("):  # a call over several lines: its first arguments tell it apart
            n = 2 if name == "kernel_size" else 1
            whole = script[i + 1 + n].strip().startswith(")")
            bare += " ".join(one.strip() for one in script[i + 1 : i + 1 + n]) + (")" if whole else " ...)")
        if name != "backbone" and "backbone_" in bare:
            continue
        if bare not in lines:
            lines.append(bare)
    return "\n".join(lines)
