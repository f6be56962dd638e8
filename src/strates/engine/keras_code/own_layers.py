"""Layers that Keras does not have, which a script defines: tied weights, and noise that masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from strates.engine.keras_code.layer_arguments import layer_arguments
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.objects import keras_call
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.words import fill
from strates.engine.training_form import MaskingNoise

_TIED = '''
class TiedDense(keras.layers.Layer):
    """$tied"""

    def __init__(self, source, activation=None, name=None):
        super().__init__(name=name)
        self.source, self.activation = source, keras.activations.get(activation)

    def build(self, input_shape):
        size = self.source.kernel.shape[0]
        self.bias = self.add_weight(shape=(size,), initializer="zeros", name="bias")

    def call(self, x):
        kernel = keras.ops.transpose(self.source.kernel)
        return self.activation(keras.ops.matmul(x, kernel) + self.bias)
'''
_MASKING = '''
class MaskingNoise(keras.layers.Layer):
    """$masking"""

    def __init__(self, rate, name=None):
        super().__init__(name=name)
        self.rate = rate

    def call(self, x, training=False):
        if not training:
            return x
        kept = keras.random.uniform(keras.ops.shape(x)) >= self.rate
        return keras.ops.where(kept, x, 0.0)
'''


@dataclass(frozen=True)
class OwnLayers:
    """Layers that stand in for those of the network.

    Attributes
    ----------
    before : list of str
        Blocks of code that come before the network.
    calls : dict of layer name to code
    """

    before: list[str] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)


def own_layers(plan: Plan, language: str) -> OwnLayers:
    """Write the layers of a plan that Keras does not have."""
    found = OwnLayers()
    layers = {layer.name: layer for layer in plan.model.layers}
    for name, layer in layers.items():
        if isinstance(layer, MaskingNoise):
            found.before.append(fill(_MASKING, language))
            found.calls[name] = Call("MaskingNoise(", (literal(layer.rate), Keyword("name", literal(name))))
    if not plan.tied:
        return found
    found.before.append(fill(_TIED, language))
    lines = []
    for follower, source in plan.tied:
        extra = layer_arguments(plan, layers[source])
        lines.append(lay_out(keras_call(layers[source], extra=extra), before=f"{source} = "))
        activation = layers[follower].activation.__name__
        given = [] if activation == "linear" else [Keyword("activation", literal(activation))]
        found.calls[source] = source
        found.calls[follower] = Call("TiedDense(", (source, *given, Keyword("name", literal(follower))))
    found.before.append("\n".join(lines))
    return found
