"""A network that somebody wrote in Keras, as an architecture: any model ending in probabilities or logits."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras
from strates.engine.training_form import dropout_layers, output_activation
from strates.exceptions import ParameterError

_SEEDING = threading.Lock()
_ROW_WISE = frozenset(
    {"InputLayer", "Dense", "Activation", "LayerNormalization", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax",
     "Functional", "Sequential", "Rescaling", "Flatten", "Reshape", "Conv1D", "Conv2D", "MaxPooling2D",
     "AveragePooling2D", "GlobalAveragePooling2D", "Concatenate", "Add"}
)  # fmt: skip


@contextmanager
def seeded_keras(seed: int) -> Iterator[None]:
    """Make the Keras layers built inside draw their seeds from ``seed``, and restore Python's generator after.

    Keras takes the seed of an initializer or a Dropout layer that has none from Python's ``random``.
    """
    with _SEEDING:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


class KerasArchitecture:
    """A Keras model as a value: how to build it again, and what to start from.

    Parameters
    ----------
    model : keras.Model
        Built, ending in probabilities. It is kept as a mould and never trained.
    keep_weights : bool
        Start every fit from the model's own weights instead of drawing new ones.
    """

    def __init__(self, model: keras.Model, *, keep_weights: bool) -> None:
        self.model = model
        self.keep_weights = keep_weights
        self.dropout_rates = tuple(float(layer.rate) for layer in dropout_layers(model))
        self._key = _configuration_key(model)

    @property
    def key(self) -> Hashable:
        """The normalised configuration, or the object itself when code stands outside the configuration."""
        return ("keras", id(self.model) if self._key is None else self._key)

    @property
    def row_wise(self) -> bool:
        """Whether every layer is one that acts on rows alone and draws nothing."""
        return all(type(layer).__name__ in _ROW_WISE for layer in _flat_layers(self.model))

    def build(self) -> keras.Model:
        """Build the model anew."""
        return copy_of(self.model)

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Return the given weights, or draw new ones."""
        if self.keep_weights:
            return [np.array(w) for w in self.model.get_weights()]
        with seeded_keras(seed):
            return [np.asarray(w) for w in self.build().get_weights()]


def copy_of(model: keras.Model) -> keras.Model:
    """Build a model of the same configuration with weights of its own."""
    if isinstance(model, keras.Sequential) or _is_functional(model):
        return keras.models.clone_model(model)
    try:
        copy = type(model).from_config(model.get_config())
    except Exception as error:
        raise ParameterError(
            f"The network is a {type(model).__name__}, a subclass of keras.Model that cannot be rebuilt from its "
            f"configuration ({error}). Give it get_config(), or pass a function that builds it."
        ) from error
    copy(keras.ops.zeros((1, *model.input_shape[1:])) if hasattr(model, "input_shape") else keras.ops.zeros((1, 1)))
    return copy


def _is_functional(model: keras.Model) -> bool:
    return hasattr(model, "operations") and model.__class__.__name__ == "Functional"


def _flat_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return list(model._flatten_layers(include_self=True, recursive=True))


def _configuration_key(model: keras.Model) -> Hashable | None:
    """Describe the graph, names of layers left out; None when some layer's code is not in its configuration."""
    if not (isinstance(model, keras.Sequential) or _is_functional(model)):
        return None
    layers = _flat_layers(model)
    for layer in layers:
        foreign = not type(layer).__module__.startswith("keras.")
        if isinstance(layer, keras.layers.Lambda) or (foreign and "get_config" not in vars(type(layer))):
            return None
    config = model.get_config()
    text = json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True, default=repr)
    for i, layer in enumerate(layers):
        text = text.replace(json.dumps(layer.name), f'"layer {i}"')
    text = re.sub(r'"(keras_tensor|input_layer)[_0-9]*"', '"tensor"', text)
    return (text, tuple(type(layer) for layer in layers))


def as_probabilities(model: Any, kind: ProblemKind, n_outputs: int) -> tuple[keras.Model, ProblemKind]:
    """Check a model's output against the problem, and end it in probabilities.

    Parameters
    ----------
    model : keras.Model
        Built. Its last activation decides: none (or linear) means logits, softmax or sigmoid probabilities.
    kind : {"binary", "categorical", "multilabel"}
    n_outputs : int
        Units that the problem needs: 1 for binary.

    Returns
    -------
    model : keras.Model
    kind : {"binary", "categorical", "multilabel"}
        A binary problem with a two-unit softmax is categorical.

    Raises
    ------
    ParameterError
        The output has another shape than the problem needs.
    """
    shape = tuple(model.output_shape)
    units = shape[-1]
    if kind == "binary" and units == 2:
        kind, n_outputs = "categorical", 2
    if len(shape) != 2 or units != n_outputs:
        raise ParameterError(
            f"The network's output has shape {shape}, but this problem needs (None, {n_outputs}): one unit "
            + ("(the probability of the second class)." if kind == "binary" else f"for each of the {n_outputs} classes.")
            + f" End it with keras.layers.Dense({n_outputs})."
        )
    last = output_activation(model)
    wanted = "softmax" if kind == "categorical" else "sigmoid"
    if last == wanted or last is None:
        return model, kind
    if last != "linear":
        raise ParameterError(
            f"The network ends in {last!r}, but this problem needs {wanted!r}, or no activation (logits)."
        )
    ended = keras.Sequential([keras.Input(model.input_shape[1:]), model, keras.layers.Activation(wanted)])
    return ended, kind
