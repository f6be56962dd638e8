"""Reading the weights of anything fitted that is a chain of dense layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.exceptions import ParameterError
from strates.inspection.network_graph import MAX_NEURONS, NetworkGraph, graph_from_weights
from strates.inspection.outcome import class_names

_ACTIVATION_LAYERS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu", "Softmax": "softmax"}
# operations that end a network of threshold units, and those that only change the type of a step's answer
_STEPS = {"Greater": "heaviside", "GreaterEqual": "heaviside", "Argmax": "argmax"}
_CONVERSIONS = {"Cast", "OneHot"}
_PASSING = {
    "Dropout": "dropout",
    "GaussianDropout": "Gaussian dropout",
    "AlphaDropout": "alpha dropout",
    "GaussianNoise": "Gaussian noise",
    "BatchNormalization": "batch norm",
    "LayerNormalization": "layer norm",
    "Normalization": "normalisation",
    "Rescaling": "rescaling",
    "ActivityRegularization": "activity penalty",
}
_WORDS = {"linear": "identity", "sigmoid": "logistic"}


@dataclass
class _Layer:
    name: str
    kernel: AnyArray
    bias: AnyArray | None
    activation: str
    notes: list[str] = field(default_factory=list)


def network_graph(clf: Any, *, max_neurons: int = MAX_NEURONS, shown: str = "strongest") -> NetworkGraph:
    """Take the neurons and weights of a fitted classifier.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        With ``network_`` made of dense layers (dropout and normalisation may stand between), or with scikit-learn's
        ``coefs_`` and ``intercepts_``, or ``coef_`` and ``intercept_``. Of a pipeline the last step is taken, and the
        names of the columns that reach it.
    max_neurons : int, default=10
        Neurons of a layer to keep, at most.
    shown : {"strongest", "first"}, default="strongest"
        Which to keep; see :func:`strates.inspection.graph_from_weights`.

    Returns
    -------
    NetworkGraph

    Raises
    ------
    ParameterError
        It is no chain of dense layers; the message names the layer that is in the way.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> graph = network_graph(LogisticRegression(max_iter=1000).fit(X, y))
    >>> graph.columns[0].labels[:2], graph.columns[1].activation
    (('sepal length (cm)', 'sepal width (cm)'), 'softmax')
    """
    last = clf[-1] if hasattr(clf, "steps") else clf
    inputs, layers = _read(last)
    classes = getattr(last, "classes_", None)
    n_outputs = layers[-1].kernel.shape[1]
    names = None if classes is None or isinstance(classes, list) else class_names(classes)
    if names is not None and len(names) != n_outputs and (n_outputs, len(names)) != (1, 2):
        names = None
    return graph_from_weights(
        [layer.kernel for layer in layers],
        [layer.bias for layer in layers],
        feature_names=_feature_names(clf, last, len(layers[0].kernel)),
        class_names=names,
        activations=[_WORDS.get(layer.activation, layer.activation) for layer in layers],
        layer_names=[layer.name.replace("_", " ") for layer in layers],
        notes=[inputs, *(layer.notes for layer in layers)],
        max_neurons=max_neurons,
        shown=shown,
    )


def _feature_names(clf: Any, last: Any, n_features: int) -> list[str] | None:
    names = getattr(last, "feature_names_in_", None)
    if names is None and last is not clf and len(clf.steps) > 1:
        try:
            names = clf[:-1].get_feature_names_out()
        except (AttributeError, ValueError):  # a step that cannot tell
            names = None
    return None if names is None or len(names) != n_features else [str(name) for name in names]


def _read(clf: Any) -> tuple[list[str], list[_Layer]]:
    """Return what happens to the inputs, and the dense layers."""
    if hasattr(clf, "network_"):
        return _read_keras(clf.network_)
    if hasattr(clf, "coefs_"):
        n_hidden = len(clf.coefs_) - 1
        names = [*(f"hidden {i}" for i in range(1, n_hidden + 1)), "outputs"]
        functions = [*[str(getattr(clf, "activation", "identity"))] * n_hidden, clf.out_activation_]
        return [], [_Layer(*parts) for parts in zip(names, clf.coefs_, clf.intercepts_, functions, strict=True)]
    if hasattr(clf, "coef_"):
        kernel = np.atleast_2d(np.asarray(clf.coef_)).T
        n_outputs = kernel.shape[1]
        if hasattr(clf, "predict_proba"):
            activation = "logistic" if n_outputs == 1 else "softmax"
        else:
            activation = "heaviside" if n_outputs == 1 else "argmax"
        bias = np.atleast_1d(np.asarray(getattr(clf, "intercept_", 0.0)))
        return [], [_Layer("outputs", kernel, np.broadcast_to(bias, n_outputs), activation)]
    raise ParameterError(
        f"{type(clf).__name__} has neither network_, nor coefs_, nor coef_, and cannot be drawn as a network. Fit it "
        "first, if it is not; else give an MLPClassifier, a LogisticRegression or a Perceptron."
    )


def _read_keras(network: Any) -> tuple[list[str], list[_Layer]]:
    # a functional model's operations are its layers, and what stands between them
    layers = [one for one in getattr(network, "operations", network.layers) if type(one).__name__ != "InputLayer"]
    inputs: list[str] = []
    dense: list[_Layer] = []
    for layer in layers:
        kind = type(layer).__name__
        notes = dense[-1].notes if dense else inputs
        if kind == "Dense":
            kernel, *bias = layer.get_weights()
            dense.append(_Layer(layer.name, kernel, bias[0] if bias else None, layer.activation.__name__))
        elif kind == "Activation" and dense:
            dense[-1].activation = layer.activation.__name__
        elif kind in _ACTIVATION_LAYERS and dense:
            dense[-1].activation = _ACTIVATION_LAYERS[kind]
        elif kind in _STEPS and dense:
            dense[-1].activation = _STEPS[kind]
        elif kind in _CONVERSIONS and dense:
            continue
        elif kind in _PASSING:
            rate = getattr(layer, "rate", None)
            notes.append(_PASSING[kind] + ("" if rate is None else f" {float(rate):g}"))
        else:
            raise ParameterError(
                f"The network has a {kind} layer ({layer.name!r}); expected a chain of Dense layers, with dropout and "
                "normalisation between at most. Draw such a network with keras.utils.plot_model."
            )
    if not dense or not _is_chain(layers):
        raise ParameterError(
            f"The network {network.name!r} is no chain of Dense layers: it has {len(dense)} of them, and branches. "
            "Draw such a network with keras.utils.plot_model."
            if dense
            else f"The network {network.name!r} has no Dense layer; expected a chain of them."
        )
    return inputs, dense


def _is_chain(layers: list[Any]) -> bool:
    """Whether each layer takes what the one before gives."""
    try:
        return all(right.input is left.output for left, right in pairwise(layers))
    except (AttributeError, ValueError):  # a layer with several inputs, or called twice
        return False
