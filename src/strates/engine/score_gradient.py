"""One class's score, row by row, and its derivatives by the inputs or by any layer, nested ones included."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.batches import dense_rows
from strates.engine.gradients import Precision, _blocks, _Gradients
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.layer_walk import LayerCall, layer_records, walk_layers
from strates.engine.training_form import output_activation, training_form
from strates.exceptions import ParameterError, did_you_mean

_KEPT = 16


class ScoreFunctions(_Gradients):
    """The traced functions of one architecture that answer for one class a row.

    Use :func:`score_functions`, which keeps and shares them.
    """

    def __init__(self, architecture: KerasArchitecture, precision: Precision = "float32") -> None:
        # no model of all layers' outputs: layers, nested ones too, are reached by a walk
        self.architecture = architecture
        self._precision = precision
        self._form = training_form(architecture.build(), precision, augmented=False)
        self._model = self._form.model
        self.layers = []
        place = {id(v): i for i, v in enumerate(self._model.weights)}
        self._trained = [place[id(v)] for v in self._model.trainable_variables]
        self._others = [place.get(id(v), -1) for v in self._model.non_trainable_variables]
        self._own = [tf.constant(v.numpy()) for v in self._model.non_trainable_variables]
        self._functions = {}
        self._lock = threading.Lock()

    def scores(self, outputs: Any, classes: Any, of: str) -> Any:
        """Return each row's logit or probability of its class."""
        last = output_activation(self.architecture.model)
        if self._form.logits and of == "probability":
            outputs = tf.nn.softmax(outputs) if last == "softmax" else tf.sigmoid(outputs)
        if outputs.shape[-1] > 1:
            return tf.gather(outputs, classes, batch_dims=1)
        second = outputs[:, 0]
        first = 1 - second if of == "probability" else -second
        return tf.where(classes > 0, second, first)

    def through(self, X: Any, weights: Any, *places: int) -> tuple[list[Any], Any]:
        """Return the outputs of the operations at some places of the walk, in its order, and the network's."""
        kept: list[Any] = []
        count = [0]

        def visit(call: LayerCall, inputs: list[Any]) -> Any:
            found = call.run(inputs)
            if count[0] in places:
                found = tf.identity(found)
                kept.append(found)
            count[0] += 1
            return found

        inputs = self._form.inputs
        inputs.levels, inputs.seed, inputs.step = tf.zeros(inputs.n_layers), tf.constant(0), tf.constant(0)
        model = self._form.model
        with keras.StatelessScope(state_mapping=list(zip(model.weights, weights, strict=True))):
            outputs = walk_layers(model, X, visit)
        return kept, outputs

    def _score(self, name: str) -> Any:
        _, of = name.split()

        def run(X: Any, classes: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(X)
                _, outputs, _ = self._forward(X, weights, training=False)
                scores = self.scores(outputs, classes, of)
            return scores, tape.gradient(scores, X, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        return run

    def _layer(self, name: str) -> Any:
        _, place, of = name.split()

        def run(X: Any, classes: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(X)
                (values,), outputs = self.through(X, weights, int(place))
                scores = self.scores(outputs, classes, of)
            slopes = tape.gradient(scores, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return scores, values, slopes

        return run

    def _outputs(self, name: str) -> Any:
        places = [int(place) for place in name.split()[1:]]

        def run(X: Any, *weights: Any) -> Any:
            return self.through(X, weights, *places)[0]

        return run


Functions = TypeVar("Functions", bound=ScoreFunctions)
_FUNCTIONS: OrderedDict[Hashable, ScoreFunctions] = OrderedDict()
#: By network: the shape of its rows, and its architecture's key. Not the architecture, which would keep the network.
_KEYS: weakref.WeakKeyDictionary[keras.Model, tuple[tuple[int, ...], Hashable]] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def score_functions(model: keras.Model, input_shape: tuple[int, ...], kind: type[Functions]) -> Functions:
    """Return the shared functions of a network's architecture, making them on first use; the last 16 are kept.

    Parameters
    ----------
    model : keras.Model
    input_shape : tuple of int
        Of one row.
    kind : type
        ``ScoreFunctions`` or a class of its.
    """
    with _LOCK:
        shape, architecture_key = _KEYS.get(model, ((), None))
        architecture = None
        if architecture_key is None or shape != input_shape:  # writing a large network's configuration down takes long
            architecture = KerasArchitecture(model, input_shape, keep_weights=True)
            architecture_key = architecture.key
            _KEYS[model] = (input_shape, architecture_key)
        key = (kind, architecture_key)
        found = _FUNCTIONS.pop(key, None)
        if not isinstance(found, kind):
            found = kind(architecture or KerasArchitecture(model, input_shape, keep_weights=True))
        _FUNCTIONS[key] = found
        while len(_FUNCTIONS) > _KEPT:
            _FUNCTIONS.popitem(last=False)
    return found


def score_gradient(
    model: keras.Model, X: Any, classes: AnyArray, *, of: str = "logit"
) -> tuple[FloatArray, FloatArray]:
    """Return each row's score for its class, and the score's derivative with respect to the row, in float32.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
    classes : ndarray of int, of shape (n_rows,)
        Numbers of classes, or of labels. For a single unit: 1 is the class that it speaks for, 0 the other, whose logit
        is the negative.
    of : {"logit", "probability"}, default="logit"
        Before or after the last softmax or sigmoid.

    Returns
    -------
    scores : ndarray of shape (n_rows,)
    gradients : ndarray of shape (n_rows, ...)

    Raises
    ------
    ParameterError
        The logits of a subclass of ``keras.Model`` cannot be read.
    """
    parts = []
    for block in _blocks(X):
        rows = dense_rows(X, block)
        found = score_functions(model, tuple(rows.shape[1:]), ScoreFunctions)
        _refuse_hidden_logits(found, of)
        parts.append(found.call(f"score {of}", model, rows, np.asarray(classes[block], np.int32)))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def layer_gradient(
    model: keras.Model, X: Any, layer: str, classes: AnyArray, *, of: str = "logit"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the scores, a layer's activations, and the derivatives of the scores with respect to them.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, ending in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
    layer : str
        Its name; of a layer within a nested network "network/layer".
    classes, of
        See :func:`score_gradient`.

    Returns
    -------
    scores : ndarray of shape (n_rows,)
    activations, derivatives : ndarray of shape (n_rows, ...)

    Raises
    ------
    ParameterError
        The network has no such layer, or cannot be looked into.
    """
    place = layer_place(model, layer)
    parts = []
    for block in _blocks(X):
        rows = dense_rows(X, block)
        found = score_functions(model, tuple(rows.shape[1:]), ScoreFunctions)
        parts.append(found.call(f"layer {place} {of}", model, rows, np.asarray(classes[block], np.int32)))
    scores, values, slopes = (np.concatenate([p[i] for p in parts]) for i in range(3))
    return scores, values, slopes


def layer_outputs(model: keras.Model, X: Any, layers: Sequence[str]) -> list[FloatArray]:
    """Return what some layers, perhaps of nested networks, make of rows, in one pass.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, ending in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
    layers : sequence of str
        Their names; of a layer within a nested network "network/layer".

    Returns
    -------
    list of ndarray of shape (n_rows, ...), float32
        In the order asked for.
    """
    places = [layer_place(model, layer) for layer in layers]
    asked = sorted(set(places))
    name = " ".join(["outputs", *map(str, asked)])
    parts = []
    for block in _blocks(X):
        rows = dense_rows(X, block)
        parts.append(score_functions(model, tuple(rows.shape[1:]), ScoreFunctions).call(name, model, rows))
    return [np.concatenate([part[asked.index(place)] for part in parts]) for place in places]


def layer_place(model: keras.Model, layer: str) -> int:
    """Return the place of a layer in the order of the walk: of one that is called more than once, its last call."""
    names = [record.name for record in layer_records(model)[1]]
    if layer not in names:
        raise ParameterError(f"The network has no layer {layer!r}. {did_you_mean(layer, names)}")
    return len(names) - 1 - names[::-1].index(layer)


def count_score_traces() -> int:
    """Return how many of these functions are traced and kept in this process."""
    return sum(len(kept._functions) for kept in _FUNCTIONS.values())


def _refuse_hidden_logits(found: ScoreFunctions, of: str) -> None:
    if of == "logit" and not found._form.logits:
        raise ParameterError(
            f"The logits of a {type(found.architecture.model).__name__}, a subclass of keras.Model, cannot be read. "
            'Ask for score="probability", or write the network as keras.Sequential or keras.Model(inputs, outputs).'
        )
