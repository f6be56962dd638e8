"""What a layer's line says besides the layer's own arguments: first weights, and the penalty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strates.engine.backend import keras
from strates.engine.initializers import make_initializer
from strates.engine.keras_code.layout import Call, Keyword, literal
from strates.engine.keras_code.objects import keras_call
from strates.engine.keras_code.plan import Plan
from strates.exceptions import ParameterError

#: A layer's kernels, and the argument that penalises each.
_KERNELS = {
    "kernel": "kernel_regularizer",
    "recurrent_kernel": "recurrent_regularizer",
    "depthwise_kernel": "depthwise_regularizer",
    "pointwise_kernel": "pointwise_regularizer",
}


def layer_arguments(plan: Plan, layer: Any) -> Mapping[str, Any]:
    """Return the arguments to add to a layer's own.

    Parameters
    ----------
    plan : Plan
    layer : keras.layers.Layer

    Returns
    -------
    mapping of str to code
    """
    found: dict[str, Any] = {}
    if isinstance(layer, keras.layers.Rescaling):
        return _fraction(layer)
    if hasattr(layer, "kernel_initializer") and "kernel_initializer" in plan.parameters:
        written = initializer_code(plan, layer)
        if written is not None:
            found["kernel_initializer"] = written
    if not layer.trainable_weights or plan.lbfgs or not plan.trains:
        return found
    if plan.alpha > 0:
        found |= _penalties(plan, layer)
    max_norm = plan.parameters.get("max_norm")
    if max_norm is not None and getattr(layer, "kernel", None) is not None and layer.kernel_constraint is None:
        axes = list(range(len(layer.kernel.shape) - 1))
        constraint = keras.constraints.MaxNorm(max_norm, axis=axes if len(axes) > 1 else 0)
        found["kernel_constraint"] = keras_call(constraint)
    return found


def _fraction(layer: Any) -> dict[str, Any]:
    """Write 1 / 255 where that is what pixels are multiplied by."""
    scale = layer.scale
    if not isinstance(scale, float) or not 0 < scale < 1 or 1 / round(1 / scale) != scale:
        return {}
    return {"scale": f"1 / {round(1 / scale)}"}


def initializer_code(plan: Plan, layer: Any) -> Any:
    """Write a layer's initializer; None where Keras's default serves, or where there is none of this kind in Keras."""
    activation = _activation_after(plan, layer)
    made = make_initializer(plan.parameters["kernel_initializer"], activation, 0)
    if not type(made).__module__.startswith("keras."):  # sparse weights: the carried ones say what they are
        return None
    default = type(layer)(**_required(layer)).kernel_initializer
    if type(made) is type(default) and _plain(made) == _plain(default):
        return None
    written = keras_call(made, without=("seed",))
    if written.arguments:
        return written
    name = keras.src.utils.naming.to_snake_case(type(made).__name__)
    return literal(name)


def _activation_after(plan: Plan, layer: Any) -> str:
    """Return the activation that a layer's first weights are to suit: of hidden layers that of the estimator."""
    if layer.name == "outputs" and plan.kind != "reconstruction":
        return "linear"
    own = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return plan.activation if own == "linear" and plan.parameters.get("batch_norm") else own


def _required(layer: Any) -> dict[str, Any]:
    config = layer.get_config()
    return {name: config[name] for name in ("units", "filters", "kernel_size") if name in config}


def _plain(initializer: Any) -> dict[str, Any]:
    return {k: v for k, v in initializer.get_config().items() if k != "seed"}


def _penalties(plan: Plan, layer: Any) -> dict[str, Any]:
    """Write the penalty on each kernel of a layer, its own regularizer added."""
    found: dict[str, Any] = {}
    names = {w.name for w in layer.trainable_weights}
    for kernel, argument in _KERNELS.items():
        if kernel not in names:
            continue
        own = getattr(layer, argument, None)
        if own is None:
            found[argument] = "penalty"
        elif isinstance(own, keras.regularizers.L2) or (isinstance(own, keras.regularizers.L1L2) and not plan.l1):
            l1 = float(getattr(own, "l1", 0.0))
            both = ([Keyword("l1", literal(l1))] if l1 else []) + [
                Keyword("l2", f"{literal(float(own.l2))} + ALPHA / 2")
            ]
            found[argument] = Call("keras.regularizers.L1L2(", tuple(both))
        else:
            raise ParameterError(
                f"The layer {layer.name!r} has a {type(own).__name__} of its own, and alpha={plan.alpha:g} adds "
                "another penalty: Keras has no regularizer for both. Fit with alpha=0."
            )
    return found
