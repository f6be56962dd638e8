"""The rule that decides between XLA and TensorFlow's plain graph."""

from __future__ import annotations

from typing import Literal

from strates.engine.backend import keras

Compiler = Literal["xla", "graph"]

#: Seconds that compiling a small dense network with XLA takes beyond tracing it (measured, two cores).
COMPILE_SECONDS = 0.4
#: Seconds a step that XLA saves on bookkeeping, whatever the size (measured on the design's five networks).
SAVED_PER_STEP = 60e-6
#: Seconds that XLA saves for each floating-point operation of a step, by fusing what follows a product.
SAVED_PER_FLOP = 2.5e-12
#: Fits that are expected to share a compilation: a small search, five folds of four settings.
EXPECTED_FITS = 20

_XLA_LAYERS = (
    "InputLayer", "Dense", "Activation", "Dropout", "SeededDropout", "GaussianNoise", "SeededNoise",
    "MaskingNoise", "SeededMask",
    "BatchNormalization", "LayerNormalization",
    "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", "Functional", "Sequential", "Rescaling", "Normalization",
)  # fmt: skip


def is_dense(model: keras.Model) -> bool:
    """Whether a network is a chain or graph of fully connected layers and what goes between them, on flat rows.

    Batch normalisation in a model within the model does not count: Keras passes it no mask for the padding.
    """
    layers = list(model._flatten_layers(include_self=False, recursive=True))
    outer = list(model._flatten_layers(include_self=False, recursive=False))
    if any(isinstance(layer, keras.layers.BatchNormalization) and layer not in outer for layer in layers):
        return False
    if any(getattr(layer, "activity_regularizer", None) is not None for layer in layers):
        return False  # it would count the padding
    flat = len(getattr(model, "input_shape", ()) or ()) == 2
    chain = isinstance(model, keras.Sequential) or type(model).__name__ == "Functional"
    return (
        chain
        and flat
        and all(
            type(layer).__name__ in _XLA_LAYERS and type(layer).__module__.startswith(("keras.", "strates.engine."))
            for layer in layers
        )
    )


def choose_compiler(*, dense: bool, n_parameters: int, batch_size: int, n_steps: int) -> Compiler:
    """Choose XLA when what it saves over the fits to expect repays its compilation.

    Convolutions never: on a CPU, oneDNN's kernels, which the plain graph calls, beat XLA's 25 to 1.

    Parameters
    ----------
    dense : bool
        What :func:`is_dense` said.
    n_parameters : int
        Weights of the network. A training step takes about ``6 * n_parameters * batch_size`` operations.
    batch_size : int
        Rows a step.
    n_steps : int
        Steps that the fit may take: epochs at most times batches an epoch.

    Returns
    -------
    {"xla", "graph"}

    Examples
    --------
    >>> choose_compiler(dense=True, n_parameters=1000, batch_size=200, n_steps=200)
    'graph'
    >>> choose_compiler(dense=True, n_parameters=100_000, batch_size=200, n_steps=20_000)
    'xla'
    >>> choose_compiler(dense=False, n_parameters=100_000, batch_size=200, n_steps=20_000)
    'graph'
    """
    if not dense:
        return "graph"
    saved = n_steps * (SAVED_PER_STEP + SAVED_PER_FLOP * 6 * n_parameters * batch_size)
    return "xla" if saved * EXPECTED_FITS > COMPILE_SECONDS else "graph"
