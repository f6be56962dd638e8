"""A classifier's first weights from a fitted autoencoder."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator

from strates._types import AnyArray
from strates.engine.architecture import DenseArchitecture
from strates.estimators._base_autoencoder import BaseAutoencoder
from strates.exceptions import DataError, ParameterError


def pretrained_layers(pretrained: Any, clf: Any, architecture: DenseArchitecture) -> list[AnyArray]:
    """Return kernels and biases of the hidden layers: those of an autoencoder's encoder.

    Parameters
    ----------
    pretrained : Autoencoder, StackedAutoencoder or FrozenEstimator of one
        Fitted.
    clf : MLPClassifier
        What it is for; knows the columns of X.
    architecture : DenseArchitecture

    Returns
    -------
    list of ndarray
        In the order of ``architecture.build().weights``, without the output layer's.

    Raises
    ------
    ParameterError
        It is no fitted autoencoder, or its encoder has other layers than the classifier.
    DataError
        It was fitted on other columns.
    """
    one = _autoencoder(pretrained)
    encoder = one._architecture.encoder
    sizes = tuple(layer.units for layer in encoder.layers)
    if sizes != architecture.hidden:
        raise ParameterError(
            f"pretrained has an encoder of sizes {sizes}, but hidden_layer_sizes={clf.hidden_layer_sizes!r}. Pass "
            f"hidden_layer_sizes={sizes}."
        )
    activations = [layer.activation for layer in encoder.layers]
    if any(name != architecture.activation for name in activations):
        said = ", ".join(f"{layer.name}: {layer.activation}" for layer in encoder.layers)
        raise ParameterError(
            f"pretrained has other activations ({said}) than activation={clf.activation!r}. Fit a StackedAutoencoder "
            f"with activation={clf.activation!r}, or an Autoencoder with the same as code_activation too."
        )
    if architecture.batch_norm:
        raise ParameterError(
            "pretrained gives each hidden layer a bias, and batch_norm=True has none. Set batch_norm=False."
        )
    if encoder.n_inputs != architecture.n_inputs:
        raise DataError(
            f"pretrained was fitted on {encoder.n_inputs} columns, X has {architecture.n_inputs}. Fit the autoencoder "
            "on rows that went through the same preprocessing."
        )
    there, here = (getattr(estimator, "feature_names_in_", None) for estimator in (one, clf))
    if there is not None and here is not None and there.tolist() != here.tolist():
        moved = next(f"{a!r} for {b!r}" for a, b in zip(there, here, strict=True) if a != b)
        raise DataError(
            f"pretrained was fitted on other columns than those of X: {moved}. Give the same, in one order."
        )
    layers: list[AnyArray] = one._current_weights[: 2 * len(sizes)]
    return layers


def _autoencoder(pretrained: Any) -> BaseAutoencoder:
    one = pretrained.estimator if isinstance(pretrained, FrozenEstimator) else pretrained
    if not isinstance(one, BaseAutoencoder):
        raise ParameterError(
            f"pretrained is a {type(one).__name__}; expected a fitted strates.StackedAutoencoder or "
            "strates.Autoencoder, or None."
        )
    if not one.__sklearn_is_fitted__():
        raise ParameterError(
            f"pretrained is a {type(one).__name__} that is not fitted. Fit it first, on the rows without labels too; "
            "where it is a value of a search's grid, wrap it in sklearn.frozen.FrozenEstimator, which clones keep."
        )
    return one
