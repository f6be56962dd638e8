"""A whole script: its parts in the order in which they run, under headings."""

from __future__ import annotations

import textwrap
from typing import Any

from strates.engine.keras_code.answers import answers_code
from strates.engine.keras_code.attack import attack_code
from strates.engine.keras_code.data import Data, data_code, split_code, weights_code
from strates.engine.keras_code.imports import imports_for, packages_of
from strates.engine.keras_code.layer_arguments import layer_arguments
from strates.engine.keras_code.layout import WIDTH
from strates.engine.keras_code.lbfgs import lbfgs_code
from strates.engine.keras_code.network import network_code
from strates.engine.keras_code.objective import join, objective_code, optimizer_code, penalty_code
from strates.engine.keras_code.own_layers import own_layers
from strates.engine.keras_code.perceptron import perceptron_parts
from strates.engine.keras_code.plan import Loop, Plan
from strates.engine.keras_code.preprocessing import Preprocessing
from strates.engine.keras_code.settings import settings_code
from strates.engine.keras_code.stack import layers_code, stack_optimizer_code, stack_training_code
from strates.engine.keras_code.training import training_code
from strates.engine.keras_code.transfer import transfer_parts
from strates.engine.keras_code.words import fill, phrase

_DOUBLE = """
# $double
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")
"""
_CARRIED = '''
def carried_weights(which):
    """$carried_weights"""
    return [CARRIED[f"{which}_{i}"] for i in range(len(model.weights))]
'''
_CARRIED_OF = '''
def carried_weights(which, network=model):
    """$carried_weights_of"""
    return [CARRIED[f"{which}_{i}"] for i in range(len(network.weights))]
'''


def write_script(
    est: Any,
    plan: Plan,
    data: Data,
    *,
    loop: Loop,
    language: str,
    train: bool,
    carried: str,
    preprocessing: Preprocessing | None,
) -> str:
    """Write the script of a plan.

    Parameters
    ----------
    est : fitted estimator
    plan : Plan
        What :func:`read_plan` read of it.
    data : Data
    loop : {"fit", "tape"}
    language : {"en", "fr"}
    train : bool
        Whether it trains, or takes the trained weights.
    carried : str
        Name of the file beside it.
    preprocessing : Preprocessing or None
        What stands before the network.

    Returns
    -------
    str
        Ends with a line break.
    """
    if plan.name == "Perceptron":
        parts = perceptron_parts(est, plan, data, loop, language, train=train, preprocessing=preprocessing)
        return assemble(plan, parts, language, carried, {} if preprocessing is None else preprocessing.imports)
    parts = [
        ("settings", settings_code(plan, data, language, train=train)),
        *_data(plan, data, language, preprocessing),
        ("network", _network(plan, language)),
        *(_learning(plan, loop, language) if plan.trains else []),
        ("evaluation", answers_code(plan, language, code_layer=plan.code_layer)),
    ]
    return assemble(plan, parts, language, carried, {} if preprocessing is None else preprocessing.imports)


def assemble(
    plan: Plan, parts: list[tuple[str, str]], language: str, carried: str, imports: dict[str, tuple[str, ...]]
) -> str:
    """Put parts under numbered headings, after the imports that they need."""
    kept = [(key, text) for key, text in parts if text]
    body = ""
    for number, (key, text) in enumerate(kept, start=1):
        heading = f"# --- {number}. {phrase(key, language)} "
        gap = "\n\n\n" if text.startswith(("def ", "class ", "@")) else "\n\n"
        # two blank lines before a heading; behind imports isort wants one
        body += ("\n\n\n" if body or plan.double else "\n\n") + heading.ljust(WIDTH - 12, "-") + gap + text
    start = fill(_DOUBLE, language) if plan.double else ""
    wanted = imports_for(body + start, imports)
    *packages, last = packages_of(wanted)
    needs = phrase("needs", language, packages=", ".join(packages), last=last, carried=carried)
    wrapped = textwrap.fill(needs, WIDTH - 4, break_on_hyphens=False, break_long_words=False)
    head = fill('"""$title\n\n$wants\n"""', language, name=plan.name, wants=wrapped)
    lines = [head, "", wanted, *(["", start] if start else [])]
    return "\n".join(lines) + body + "\n"


def _data(plan: Plan, data: Data, language: str, preprocessing: Preprocessing | None) -> list[tuple[str, str]]:
    read = data_code(plan, data, language, preprocessed=preprocessing is not None)
    after = [weights_code(plan, language), split_code(plan, language)] if plan.trains else []
    if preprocessing is None:
        return [("data", join([read, *after]))]
    return [("data", read), ("preprocessing", join([preprocessing.code, *after]))]


_ADAPTED = """
# $settle
model.set_weights(carried_weights("trained"))
for layer in model.layers:
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
"""


def _network(plan: Plan, language: str) -> str:
    own = own_layers(plan, language)
    built = network_code(plan.model, lambda layer: layer_arguments(plan, layer), wrap=own.calls)
    sparse = str(plan.parameters.get("kernel_initializer", "")).startswith("sparse")
    pretrained = plan.parameters.get("pretrained") is not None
    note = fill("# $sparse_initial" if sparse else "# $pretrained", language) if sparse or pretrained else ""
    put = "" if plan.trains else 'model.set_weights(carried_weights("trained"))'
    if any(hasattr(layer, "finalize_state") for layer in plan.model.layers):
        put = fill(_ADAPTED, language)
    penalty = penalty_code(plan, language) if plan.trains else ""
    carried = _CARRIED_OF if plan.layers else _CARRIED
    return join([penalty, *own.before, built, note, fill(carried, language), put])


def _optimizer(plan: Plan, language: str) -> str:
    return join(["STEPS = -(-len(X_train) // BATCH_SIZE)", optimizer_code(plan, language)])


def _learning(plan: Plan, loop: Loop, language: str) -> list[tuple[str, str]]:
    if plan.head is not None:
        return transfer_parts(plan, loop, language)
    if plan.layers:
        return [
            ("layers", layers_code(plan, language)),
            ("objective", objective_code(plan, language)),
            ("optimizer", "" if plan.lbfgs else stack_optimizer_code(plan, language)),
            ("training", stack_training_code(plan, loop, language)),
        ]
    return [
        ("objective", objective_code(plan, language)),
        ("attack" if plan.attack is not None else "slopes", attack_code(plan, language)),
        ("optimizer", "" if plan.lbfgs else _optimizer(plan, language)),
        ("training", join([fill("# $went_on", language) if plan.went_on else "", _training(plan, loop, language)])),
    ]


def _training(plan: Plan, loop: Loop, language: str) -> str:
    if plan.lbfgs:
        ftol = 0.0 if plan.name == "LogisticRegression" else 2.220446049250313e-09
        return lbfgs_code(plan, loop, language, ftol=ftol)
    return training_code(plan, loop, language)
