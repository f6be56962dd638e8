"""What a fitted transfer classifier is, as far as a script has to say it: its head's training, and the stages after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from strates._random import integer_seed
from strates.engine.architecture import DenseArchitecture, keras_activation
from strates.engine.keras_code.plan import Plan, Stages
from strates.engine.optimizers import has_own_schedule
from strates.engine.transfer_architecture import TransferArchitecture

#: Rows of a step through a deep network under batch_size="auto".
_AUTO_IMAGES = 32
#: Iterations of L-BFGS for each epoch that a head may take, where the solver was left open.
_LBFGS_ITERATIONS = 10
_READ = (
    "it was read from a file, which does not keep the network as it was before the fit. Write the script where the "
    "classifier is fitted"
)
_SCHEDULED = "its solver has a schedule of its own, and each group of layers a rate of its own. Fit with another solver"


def with_training(plan: Plan, est: Any) -> Plan:
    """Add to the plan of a transfer classifier how it was trained.

    Parameters
    ----------
    plan : Plan
        With the network and the trained weights.
    est : TransferClassifier
        Fitted.

    Returns
    -------
    Plan
        With ``untold`` where the training cannot be told.
    """
    whole = est._architecture
    known = isinstance(whole, TransferArchitecture)
    p = {name: value for name, value in plan.parameters.items() if name != "kernel_initializer"}
    open_solver = isinstance(est.solver, str) and est.solver in ("auto", "lbfgs")
    deep = {"solver": "adam"} if open_solver else {}
    images = _AUTO_IMAGES if est.batch_size == "auto" else int(est.batch_size)
    if est.strategy == "scratch":
        start = whole.initial_weights(integer_seed(est._seed, "weights")) if known else []
        return replace(
            plan, parameters={**p, **deep, "batch_size": images}, initial=start, untold="" if known else _READ
        )
    n = int(est.n_unfrozen_)
    if not known and est.strategy == "fine_tune" and n:
        return replace(plan, parameters=p, alpha=0.0, untold=_READ)
    if n and not isinstance(est.solver, str) and has_own_schedule(est.solver):
        return replace(plan, parameters=p, alpha=0.0, untold=_SCHEDULED)
    features = est._hidden[-1 - len(_sizes(plan.model))]
    head = _head(est, plan, features)
    stages = Stages(
        features=features,
        groups=tuple(whole.backbone.groups[::-1]) if known else (),
        n=n + bool(est.early_stopping and est.strategy == "fine_tune" and n < _most(est, whole)),
        epochs=int(est.fine_tune_max_iter),
        batch_size=images,
        rate=float(est.fine_tune_learning_rate),
        decay=float(est.layer_decay),
        freeze_batch_norm=bool(est.freeze_batch_norm),
        optimizer="adam" if open_solver else est.solver,
    )
    start = dict(zip((v.path for v in plan.model.weights), plan.trained, strict=True))
    if known:
        fresh = replace(whole, n_unfrozen=0).initial_weights(integer_seed(est._seed, "weights"))
    else:  # the backbone is as it was: the head alone has learned
        first = {v.path: w for v, w in zip(head.model.weights, head.initial, strict=True)}
        fresh = [first.get(path, weight) for path, weight in start.items()]
    return replace(plan, parameters=p, alpha=0.0, initial=fresh, head=head, stages=stages)


def _most(est: Any, whole: Any) -> int:
    """Return how many groups the fit could have unfrozen."""
    if not isinstance(whole, TransferArchitecture):
        return 0
    n = len(whole.backbone.groups)
    return n if isinstance(est.unfreeze, str) else min(int(est.unfreeze), n)


def _sizes(model: Any) -> tuple[int, ...]:
    """Return the units of the head's hidden layers."""
    names = {layer.name: layer for layer in model.layers}
    found: list[int] = []
    while f"hidden_{len(found) + 1}" in names:
        found.append(int(names[f"hidden_{len(found) + 1}"].units))
    return tuple(found)


def _head(est: Any, plan: Plan, features: str) -> Plan:
    """Return the plan of the head, a network on features."""
    sizes = _sizes(plan.model)
    dropout = [float(getattr(_layer(plan.model, f"dropout_{i}"), "rate", 0.0)) for i in range(1, len(sizes) + 1)]
    architecture = DenseArchitecture(
        n_inputs=int(plan.model.get_layer(features).output.shape[-1]),
        hidden=sizes,
        n_outputs=int(plan.model.output_shape[-1]),
        kind=plan.kind,
        activation=keras_activation(est.activation),
        dropout=tuple(dropout),
        kernel_initializer=est.kernel_initializer,
    )
    parameters = dict(plan.parameters)
    if est.solver == "auto" if isinstance(est.solver, str) else False:
        lbfgs = not sizes and not est.early_stopping
        parameters["solver"] = "lbfgs" if lbfgs else "adam"
        parameters["max_iter"] = int(est.max_iter) * (_LBFGS_ITERATIONS if lbfgs else 1)
    return replace(
        plan,
        model=architecture.build(),
        parameters=parameters,
        alpha=float(getattr(est, "_head_alpha", est.alpha_)),
        initial=architecture.initial_weights(integer_seed(integer_seed(est._seed, "weights"), "head")),
        activation=architecture.activation,
        image_shape=None,
    )


def _layer(model: Any, name: str) -> Any:
    return next((layer for layer in model.layers if layer.name == name), None)
