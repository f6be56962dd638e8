"""A network that somebody wrote in Keras, as an architecture: any model ending in probabilities or logits."""

from __future__ import annotations

import json
import random
import re
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras
from strates.engine.training_form import copy_adapted, noise_layers, noise_level, output_activation
from strates.exceptions import ParameterError

_SEEDING = threading.Lock()
#: How to make a model again whose configuration does not tell it. A function here must not hold its model.
_MAKERS: weakref.WeakKeyDictionary[keras.Model, Callable[[], keras.Model]] = weakref.WeakKeyDictionary()
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
    input_shape : tuple of int
        Shape of one row.
    keep_weights : bool
        Start every fit from the model's own weights instead of drawing new ones.
    loss : keras.losses.Loss or callable, optional
        Minimised instead of the cross-entropy.
    """

    def __init__(
        self, model: keras.Model, input_shape: tuple[int, ...], *, keep_weights: bool, loss: Any = None
    ) -> None:
        self.model = model
        self.loss = loss
        self.input_shape = input_shape
        self.keep_weights = keep_weights
        self.noise_levels = tuple(noise_level(layer) for layer in noise_layers(model))
        self._key = _configuration_key(model)

    @property
    def key(self) -> Hashable:
        """The normalised configuration, or the object itself when code stands outside the configuration."""
        own = () if self.loss is None else (self.loss,)
        return ("keras", self.input_shape, id(self.model) if self._key is None else self._key, *own)

    @property
    def row_wise(self) -> bool:
        """Whether every layer is one that acts on rows alone and draws nothing."""
        return all(type(layer).__name__ in _ROW_WISE for layer in _flat_layers(self.model))

    def build(self) -> keras.Model:
        """Build the model anew."""
        return copy_of(self.model, self.input_shape)

    def build_for_training(self) -> keras.Model:
        """Build the model anew: its constraints are its own."""
        return self.build()

    def __deepcopy__(self, _: Any) -> KerasArchitecture:
        """Return itself: the mould is never changed."""
        return self

    def __reduce__(self) -> Any:
        """Pickle the function that makes the model, where there is one: its own classes may have no configuration."""
        make = _MAKERS.get(self.model)
        if make is None:
            return super().__reduce__()
        weights = self.model.get_weights() if self.keep_weights else None
        return _made_again, (make, weights, self.input_shape, self.loss)

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Return the given weights, or draw new ones."""
        if self.keep_weights:
            return [np.array(w) for w in self.model.get_weights()]
        with seeded_keras(seed):
            return [np.asarray(w) for w in self.build().get_weights()]


def _made_again(
    make: Callable[[], keras.Model], weights: list[AnyArray] | None, input_shape: tuple[int, ...], loss: Any
) -> KerasArchitecture:
    model = make()
    _MAKERS[model] = make
    if weights is not None:
        model.set_weights(weights)
    return KerasArchitecture(model, input_shape, keep_weights=weights is not None, loss=loss)


def copy_of(model: keras.Model, input_shape: tuple[int, ...]) -> keras.Model:
    """Build a model of the same configuration with weights of its own.

    Raises
    ------
    ParameterError
        Its configuration does not tell how, and no function is known that makes it.
    """
    make = _MAKERS.get(model)
    if make is not None:
        copy = make()
        _MAKERS[copy] = make
        _carry_names(model, copy)
        return copy
    try:
        if is_functional(model):
            copy = keras.models.clone_model(model)
            copy_adapted(model, copy)
            _carry_names(model, copy)
            return copy
        copy = type(model).from_config(model.get_config())
    except Exception as error:
        reason = " ".join(str(error).partition("Please implement")[0].split())[:300]
        raise ParameterError(
            f"The network is a {_own_class(model)} that cannot be rebuilt from its configuration ({reason}). Give each "
            "class of your own a get_config(), or pass a function that builds the network."
        ) from error
    copy(keras.ops.zeros((1, *input_shape)))
    return copy


def _own_class(model: keras.Model) -> str:
    """Name the class of somebody's own that a network is, or holds."""
    own = [type(one) for one in _flat_layers(model) if not type(one).__module__.startswith("keras.")]
    if not own:
        return type(model).__name__
    models = [one for one in own if issubclass(one, keras.Model)]
    return f"{models[0].__name__}, a subclass of keras.Model," if models else f"network with a layer {own[0].__name__}"


def _carry_names(model: keras.Model, copy: keras.Model) -> None:
    """Name copied layers as they were: one whose configuration has no name has been given another."""
    for old, new in zip(_flat_layers(model), _flat_layers(copy), strict=True):
        if new.name != old.name:
            new.name = old.name


def remember_maker(model: keras.Model, make: Callable[[], keras.Model]) -> None:
    """Let copies of a model with classes of somebody's own be made by the function that made it.

    Parameters
    ----------
    model : keras.Model
    make : callable () -> keras.Model
        Must not hold the model.
    """
    if not all(type(layer).__module__.startswith("keras.") for layer in _flat_layers(model)):
        _MAKERS[model] = make


def maker_of(model: keras.Model) -> Callable[[], keras.Model] | None:
    """Return the function that makes a model again, where one is known."""
    return _MAKERS.get(model)


def is_functional(model: keras.Model) -> bool:
    """Whether a model is sequential or functional, so that its layers can be read."""
    return isinstance(model, keras.Sequential) or type(model).__name__ == "Functional"


def _flat_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return list(model._flatten_layers(include_self=True, recursive=True))


def _configuration_key(model: keras.Model) -> Hashable | None:
    """Describe the graph, names of layers left out; None when some layer's code is not in its configuration."""
    if not is_functional(model):
        return None
    layers = _flat_layers(model)
    for layer in layers:
        foreign = not type(layer).__module__.startswith("keras.")
        adapted = hasattr(layer, "finalize_state")  # holds numbers from adapt()
        if isinstance(layer, keras.layers.Lambda) or adapted or (foreign and "get_config" not in vars(type(layer))):
            return None
    config = model.get_config()
    text = json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True, default=repr)
    for i, layer in enumerate(layers):
        text = text.replace(json.dumps(layer.name), f'"layer {i}"')
    text = re.sub(r'"(keras_tensor|input_layer)[_0-9]*"', '"tensor"', text)
    return (text, tuple(type(layer) for layer in layers))


def as_probabilities(
    model: keras.Model, input_shape: tuple[int, ...], kind: ProblemKind, n_outputs: int
) -> tuple[keras.Model, ProblemKind]:
    """Check a model's output against the problem, and end it in probabilities.

    Parameters
    ----------
    model : keras.Model
        Built. Its last activation decides: none (or linear) means logits, softmax or sigmoid probabilities. The
        layers of a subclass cannot be read: what it answers to random rows decides.
    input_shape : tuple of int
        Shape of one row.
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
        The output has another shape, or another activation, than the problem needs.
    """
    rows = np.random.default_rng(0).normal(scale=3.0, size=(16, *input_shape)).astype(np.float32)
    answer = np.asarray(model(rows, training=False))
    units = answer.shape[-1]
    if kind == "binary" and units == 2:
        kind, n_outputs = "categorical", 2
    if answer.ndim != 2 or units != n_outputs:
        one = "one unit, the probability of the second class" if kind == "binary" else "one unit for each class"
        raise ParameterError(
            f"The network's output has shape {(None, *answer.shape[1:])}, but this problem needs (None, {n_outputs}): "
            f"{one}. End it with keras.layers.Dense({n_outputs})."
        )
    wanted = "softmax" if kind == "categorical" else "sigmoid"
    last = output_activation(model) if is_functional(model) else _guess_activation(answer, wanted)
    if last == wanted:
        return model, kind
    if last != "linear":
        raise ParameterError(
            f"The network ends in {last!r}, but this problem needs {wanted!r}, or no activation (logits)."
        )
    end = keras.layers.Activation(wanted, name="probabilities")
    if is_functional(model):
        inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
        return keras.Model(inputs, end(model.outputs[0]), name=model.name), kind
    return keras.Sequential([keras.Input(input_shape), model, end]), kind


def _guess_activation(answer: AnyArray, wanted: str) -> str:
    """Tell probabilities from logits by what a network answers."""
    within = bool((answer >= 0).all() and (answer <= 1).all())
    if wanted == "softmax":
        within = within and bool(np.allclose(answer.sum(axis=1), 1, atol=1e-4))
    return wanted if within else "linear"
