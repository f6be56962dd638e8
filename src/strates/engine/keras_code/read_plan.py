"""From a fitted estimator to what a script has to say about it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.compiler import choose_compiler, is_dense
from strates.engine.keras_code.perceptron import perceptron_plan
from strates.engine.keras_code.plan import AUTO_BATCH, Plan
from strates.engine.keras_code.transfer_plan import with_training
from strates.engine.tied_weights import TiedWeights
from strates.exceptions import ParameterError


def read_plan(est: Any) -> Plan:
    """Read a fitted estimator's network and settings.

    Parameters
    ----------
    est : fitted estimator of strates

    Returns
    -------
    Plan

    Raises
    ------
    NotFittedError
        It has learned nothing.
    ParameterError
        It has no network.
    """
    check_is_fitted(est, msg="This %(name)s is not fitted yet: it has no weights to write a script of. Call fit first.")
    if type(est).__name__ == "Perceptron":
        return perceptron_plan(est)
    if not hasattr(type(est), "network_") or not hasattr(est, "_architecture"):
        raise ParameterError(
            f"A {type(est).__name__} has no network_ to write out. Give a fitted classifier or autoencoder of strates, "
            "or a Pipeline that ends in one."
        )
    architecture, parameters = est._architecture, dict(est.get_params(deep=False))
    linear = type(est).__name__ == "LogisticRegression"
    if linear:
        parameters["_exact"] = True
    autoencoder, tied = hasattr(architecture, "code_layer"), TiedWeights.of(architecture)
    encoding = getattr(est, "_encoding", None)
    transfers = type(est).__name__ == "TransferClassifier"
    lbfgs = isinstance(parameters.get("solver"), str) and parameters["solver"] == "lbfgs" and not transfers
    plan = Plan(
        name=type(est).__name__,
        model=architecture.build_for_training() if autoencoder else architecture.build(),
        kind=est._kind,
        classes=None if encoding is None else np.asarray(encoding.classes),
        parameters=parameters,
        alpha=float(getattr(est, "alpha_", 0.0)),
        seed=int(est._seed),
        trained=tied.free(_trained(est, linear)),
        initial=[] if transfers else _free(tied, _initial(est)),
        activation=getattr(architecture, "activation", "relu"),
        image_shape=getattr(est, "image_shape_", None),
        double=linear or lbfgs,
        code_layer=architecture.code_layer if autoencoder else "",
        tied=_tied_names(architecture) if autoencoder else (),
        went_on=int(getattr(est, "_epochs_done", 0)) > int(getattr(est, "n_iter_", 0)),
        **_attack(est, architecture),
        **_layers(est, architecture),
    )
    return with_training(plan, est) if transfers else plan


def _attack(est: Any, architecture: Any) -> dict[str, Any]:
    """Return what is to be known of an attack, and of how its random starts were drawn."""
    attack = copy.copy(est)._penalties(architecture, 1).adversarial  # a copy: it sets alpha_
    if attack is None or not attack.random_start:
        return {"attack": attack}
    epochs = max(est._epochs_done, 1)
    n_rows, n_steps = est.t_ // epochs, est._steps_done // epochs
    size = AUTO_BATCH if est.batch_size == "auto" else int(est.batch_size)
    padded = min(size, max(256, 1 << (n_rows - 1).bit_length()))
    model = architecture.build()
    compiler = choose_compiler(
        dense=is_dense(model), n_parameters=sum(w.size for w in est._weights), batch_size=padded,
        n_steps=est.max_iter * n_steps * (1 + attack.n_steps),
    )  # fmt: skip
    return {
        "attack": attack,
        "attack_seed": integer_seed(est._seed, "dropout") & 0x7FFFFFFF,
        "padded_rows": padded if compiler == "xla" else 0,
        "one_batch": n_steps == 1 and architecture.row_wise,
    }


def _initial(est: Any) -> list[AnyArray]:
    """Return the weights that training begins with; none of a stack, whose layers begin one by one."""
    if hasattr(est, "autoencoders_"):
        return []
    found: list[AnyArray] = est._initial_weights(est._seed)
    return found


def _free(tied: TiedWeights, weights: list[AnyArray]) -> list[AnyArray]:
    return tied.free(weights) if weights else []


def _layers(est: Any, architecture: Any) -> dict[str, Any]:
    """Return what is to be known of the autoencoders that a stack was made of."""
    if not hasattr(est, "autoencoders_"):
        return {}
    up = [layer.name for layer in architecture.encoder.layers]
    down = [layer.name for layer in architecture.decoder.layers]
    return {
        "layers": tuple(read_plan(one) for one in est.autoencoders_),
        "places": tuple(zip(up, down[::-1], strict=True)),
    }


def _tied_names(architecture: Any) -> tuple[tuple[str, str], ...]:
    names = [layer.name for layer in (*architecture.encoder.layers, *architecture.decoder.layers)]
    return tuple((names[place // 2], names[source // 2]) for place, source in architecture.transposed)


def _trained(est: Any, linear: bool) -> list[AnyArray]:
    """Return the weights that predict; a logistic regression's in float64."""
    if linear:
        return [np.ascontiguousarray(est.coef_.T), np.asarray(est.intercept_)]
    weights: list[AnyArray] = est._current_weights
    return weights
