"""Gradients of a trained network with respect to anything: its weights, its activations, its inputs.

Training computes gradients inside its own compiled loop; the functions here answer questions about a network that
stands still. They are traced once an architecture, like predictions, and take its weights as inputs.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras, tf
from strates.engine.batches import dense_rows
from strates.engine.keras_architecture import KerasArchitecture, is_functional
from strates.engine.losses import row_losses, target_dtype
from strates.engine.program import is_kernel
from strates.engine.traced import Traced
from strates.engine.training_form import TrainingForm, has_training_form, mode, output_activation, training_form

Precision = Literal["float32", "float64"]

#: Numbers of one block of inputs, at most: gradients are held for every layer of a block at once.
BLOCK_NUMBERS = 2_000_000
_KEPT = 32


@dataclass(frozen=True)
class LossGradient:
    """The objective at a network's weights, and its derivatives.

    Attributes
    ----------
    loss : float
        Mean cross-entropy over the rows, in nats.
    penalty : float
        What the penalty adds to it; 0 where it was not asked for.
    parameters : dict of str to ndarray
        By "layer/weight", such as "hidden_1/kernel": derivative of the objective, in the weight's shape.
    inputs : ndarray of shape (n_rows, ...)
        Derivative with respect to each row's inputs. The loss is a mean: each row's is 1 / n_rows of its own.
    activations : dict of str to ndarray
        By layer: its outputs, of shape (n_rows, ...). The last layer's are logits.
    deltas : dict of str to ndarray
        By layer: derivative with respect to its outputs, of the same shapes.
    """

    loss: float
    penalty: float
    parameters: dict[str, AnyArray]
    inputs: AnyArray
    activations: dict[str, AnyArray] = field(default_factory=dict)
    deltas: dict[str, AnyArray] = field(default_factory=dict)


class _Gradients:
    """The traced gradient functions of one architecture in one precision."""

    def __init__(self, architecture: KerasArchitecture, precision: Precision) -> None:
        self.architecture = architecture  # kept alive: the key of an unshared network is its address
        self._precision = precision
        self._form: TrainingForm = training_form(architecture.build(), precision, augmented=False)
        model = self._form.model
        self.layers = _layers(model)
        if self.layers:
            # a nested network's own output is a tensor within it; where it stands in the chain, its last call's
            outputs = [layer._inbound_nodes[-1].output_tensors[0] for layer in self.layers]
            self._model = keras.Model(model.inputs, [*outputs, model.outputs[0]])
        else:
            self._model = model
        place = {id(v): i for i, v in enumerate(model.weights)}
        self._trained = [place[id(v)] for v in self._model.trainable_variables]
        self._others = [place.get(id(v), -1) for v in self._model.non_trainable_variables]
        self._own = [tf.constant(v.numpy()) for v in self._model.non_trainable_variables]
        self._functions: dict[Hashable, Traced] = {}
        self._lock = threading.Lock()

    def call(self, kind: str, model: keras.Model, X: AnyArray, *inputs: Any) -> list[AnyArray]:
        """Run one of the functions below, tracing it at its first call for inputs of these kinds."""
        weights = [tf.cast(v.value, self._dtype(v)) for v in model.weights]
        rows = tf.convert_to_tensor(np.asarray(X, self._precision))
        tensors = [rows, *(tf.convert_to_tensor(i) for i in inputs), *weights]
        with self._lock:
            if kind not in self._functions:
                shapes = [tf.TensorSpec((None, *t.shape[1:]) if t.shape.rank else (), t.dtype) for t in tensors]
                specs = [*shapes[: 1 + len(inputs)], *(tf.TensorSpec(w.shape, w.dtype) for w in weights)]
                self._functions[kind] = Traced(getattr(self, f"_{kind.split()[0]}")(kind), specs)
        return [t.numpy() for t in self._functions[kind](*tensors)]

    def _dtype(self, variable: keras.Variable) -> str:
        floating = "float" in str(variable.dtype)
        return self._precision if floating else str(variable.dtype)

    def _forward(self, X: Any, weights: Any, *, training: bool) -> tuple[list[Any], Any, Any]:
        """Return the layers' outputs, the last output and the losses that the network's own layers add."""
        others = [own if i < 0 else weights[i] for i, own in zip(self._others, self._own, strict=True)]
        trained = [weights[i] for i in self._trained]
        inputs = self._form.inputs
        inputs.levels, inputs.seed, inputs.step = tf.zeros(inputs.n_layers), tf.constant(0), tf.constant(0)
        outputs, _, own_losses = self._model.stateless_call(
            trained, others, X, return_losses=True, **mode(self._model, training=training)
        )
        if not self.layers:
            return [], outputs, own_losses
        return list(outputs[:-1]), outputs[-1], own_losses

    def _loss(self, name: str) -> Any:
        _, kind, mode = name.split()

        def run(X: Any, targets: Any, shares: Any, smoothing: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([X, *weights])
                layers, outputs, own = self._forward(X, weights, training=mode == "batch")
                losses = row_losses(kind, outputs, targets, smoothing, logits=self._form.logits)  # type: ignore[arg-type]
                loss = tf.reduce_sum(losses * shares)
                for extra in own:
                    loss += extra * tf.reduce_sum(shares)
            sources = [X, *layers, *(weights[i] for i in self._trained)]
            found = tape.gradient(loss, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return (loss, *layers, *map(tf.convert_to_tensor, found))  # of an Embedding: slices

        return run

    def _rows(self, name: str) -> Any:
        _, kind = name.split()

        def run(X: Any, targets: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(X)
                _, outputs, _ = self._forward(X, weights, training=False)
                losses = row_losses(kind, outputs, targets, None, logits=self._form.logits)  # type: ignore[arg-type]
            return losses, tape.gradient(losses, X)

        return run

    def _classes(self, name: str) -> Any:
        _, of = name.split()
        last = output_activation(self.architecture.model)

        def run(X: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
                tape.watch(X)
                _, outputs, _ = self._forward(X, weights, training=False)
                if self._form.logits and of == "probabilities":
                    outputs = tf.nn.softmax(outputs) if last == "softmax" else tf.sigmoid(outputs)
                columns = tf.unstack(outputs, axis=-1)
            return outputs, tf.stack([tape.gradient(column, X) for column in columns], axis=1)

        return run


_GRADIENTS: OrderedDict[Hashable, _Gradients] = OrderedDict()
#: The key alone: an architecture holds its model, which would then never be freed.
_KEYS: weakref.WeakKeyDictionary[keras.Model, Hashable] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def _gradients(model: keras.Model, precision: Precision, input_shape: tuple[int, ...]) -> _Gradients:
    with _LOCK:
        if model not in _KEYS:
            _KEYS[model] = KerasArchitecture(model, (), keep_weights=True).key
        key = (_KEYS[model], input_shape, precision)
        found = _GRADIENTS.pop(key, None)
        if found is None:
            found = _Gradients(KerasArchitecture(model, input_shape, keep_weights=True), precision)
        _GRADIENTS[key] = found
        while len(_GRADIENTS) > _KEPT:
            _GRADIENTS.popitem(last=False)
    return found


def count_gradient_traces() -> int:
    """Return how many gradient functions are traced and kept in this process."""
    return sum(len(kept._functions) for kept in _GRADIENTS.values())


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    """List the layers whose outputs can be told; none of a subclass."""
    layers = model.layers if is_functional(model) else []
    return [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]


def variable_names(model: keras.Model) -> list[str]:
    """Name the trainable weights, in the order of ``model.trainable_variables``: "layer/weight".

    Examples
    --------
    >>> from strates.engine.backend import keras
    >>> variable_names(keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="outputs")]))
    ['outputs/kernel', 'outputs/bias']
    """
    layers = [] if not hasattr(model, "_flatten_layers") else model._flatten_layers(include_self=False, recursive=True)
    owners = {id(v): layer.name for layer in layers for v in getattr(layer, "_trainable_variables", ())}
    names = [f"{owners.get(id(v), model.name)}/{v.name}" for v in model.trainable_variables]
    repeated = {name for name in names if names.count(name) > 1}
    return [f"{name} ({i})" if name in repeated else name for i, name in enumerate(names)]


def loss_gradient(
    model: keras.Model,
    X: Any,
    targets: AnyArray,
    kind: ProblemKind,
    *,
    sample_weight: AnyArray | None = None,
    label_smoothing: float = 0.0,
    training: bool = False,
    dtype: Precision = "float64",
) -> LossGradient:
    """Differentiate the mean cross-entropy with respect to weights, layers and inputs.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
        All rows go into one pass, every layer's activations with them.
    targets : ndarray
        Class numbers of shape (n_rows,) for "categorical", 0/1 of shape (n_rows, n_outputs) otherwise.
    kind : {"binary", "categorical", "multilabel"}
    sample_weight : ndarray of shape (n_rows,), optional
        The mean is weighted by them.
    label_smoothing : float, default=0.0
    training : bool, default=False
        Whether batch normalisation uses these rows' statistics instead of its moving averages. Nothing is dropped.
    dtype : {"float64", "float32"}, default="float64"
        Precision of the computation. A subclassed model computes in its own.

    Returns
    -------
    LossGradient
    """
    rows = dense_rows(X, slice(None))
    precision: Precision = dtype if has_training_form(model) else "float32"
    found = _gradients(model, precision, tuple(rows.shape[1:]))
    shares = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    shares = (shares / shares.sum()).astype(precision)
    wanted = np.asarray(targets).astype(target_dtype(kind))
    name = f"loss {kind} {'batch' if training else 'moving'}"
    loss, *rest = found.call(name, model, rows, wanted, shares, np.asarray(label_smoothing, precision))
    # architectures are shared, names are not: they are this model's
    names, layers = variable_names(model), [layer.name for layer in _layers(model)]
    n = len(layers)
    values, inputs, slopes, weights = rest[:n], rest[n], rest[n + 1 : 2 * n + 1], rest[2 * n + 1 :]
    return LossGradient(
        float(loss),
        0.0,
        dict(zip(names, weights, strict=True)),
        inputs,
        dict(zip(layers, values, strict=True)),
        dict(zip(layers, slopes, strict=True)),
    )


def add_penalty(found: LossGradient, model: keras.Model, alpha: float, l1_ratio: float) -> LossGradient:
    """Add ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` over the kernels, with its (sub)gradient.

    Parameters
    ----------
    found : LossGradient
        Of the loss alone, in float64.
    model : keras.Model
        Whose weights they are.
    alpha, l1_ratio : float

    Returns
    -------
    LossGradient
        Where a weight is zero, the L1 part's subgradient is taken to be zero.
    """
    total, parameters = 0.0, dict(found.parameters)
    for name, variable in zip(found.parameters, model.trainable_variables, strict=True):
        if is_kernel(variable):
            w = np.asarray(variable, np.float64)
            total += alpha * (l1_ratio * float(np.abs(w).sum()) + (1 - l1_ratio) / 2 * float((w * w).sum()))
            parameters[name] = parameters[name] + alpha * (l1_ratio * np.sign(w) + (1 - l1_ratio) * w)
    return replace(found, penalty=total, parameters=parameters)


def input_gradient(model: keras.Model, X: Any, targets: AnyArray, kind: ProblemKind) -> tuple[FloatArray, FloatArray]:
    """Return each row's cross-entropy and its derivative with respect to that row's inputs, in float32.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
    targets : ndarray
        See :func:`loss_gradient`.
    kind : {"binary", "categorical", "multilabel"}

    Returns
    -------
    losses : ndarray of shape (n_rows,)
    gradients : ndarray of shape (n_rows, ...)
    """
    wanted = np.asarray(targets).astype(target_dtype(kind))
    parts = []
    for block in _blocks(X):
        rows = dense_rows(X, block)
        found = _gradients(model, "float32", tuple(rows.shape[1:]))
        parts.append(found.call(f"rows {kind}", model, rows, wanted[block]))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def class_gradient(model: keras.Model, X: Any, *, logits: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return the probabilities and their derivatives with respect to the inputs, in float32.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray or CSR matrix of shape (n_rows, ...)
    logits : bool, default=False
        Differentiate what comes before the last softmax or sigmoid instead. A binary network has one logit, that
        of its second class, of which the first class's is the negative.

    Returns
    -------
    outputs : ndarray of shape (n_rows, n_classes)
        A binary network's single unit makes two columns.
    jacobian : ndarray of shape (n_rows, n_classes, ...)
    """
    parts = []
    for block in _blocks(X):
        rows = dense_rows(X, block)
        found = _gradients(model, "float32", tuple(rows.shape[1:]))
        parts.append(found.call(f"classes {'logits' if logits else 'probabilities'}", model, rows))
    outputs, jacobian = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    if outputs.shape[1] == 1:
        first = -outputs if logits else 1 - outputs
        return np.hstack([first, outputs]), np.concatenate([-jacobian, jacobian], axis=1)
    return outputs, jacobian


def _blocks(X: Any) -> list[slice]:
    width = max(1, int(np.prod(X.shape[1:])))
    size = max(1, BLOCK_NUMBERS // width)
    return [slice(first, first + size) for first in range(0, max(1, X.shape[0]), size)]
