"""Convolutional networks: blocks of convolution and pooling, then dense layers."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras
from strates.engine.initializers import make_initializer
from strates.exceptions import ParameterError, did_you_mean

#: Augmentations by name, of moderate strength: Keras layers that act in training alone.
AUGMENTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "flip": ("RandomFlip", {"mode": "horizontal"}),
    "rotation": ("RandomRotation", {"factor": 0.05}),
    "translation": ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}),
    "zoom": ("RandomZoom", {"height_factor": 0.1}),
    "contrast": ("RandomContrast", {"factor": 0.1}),
}


def augmentation_configs(given: Any) -> tuple[str, ...]:
    """Return augmentations as Keras configurations, which an architecture can hold.

    Parameters
    ----------
    given : None, str, keras.layers.Layer or sequence of these
        Names are those of :data:`AUGMENTATIONS`.

    Returns
    -------
    tuple of str
        JSON.

    Raises
    ------
    ParameterError
        An unknown name, or something that is no Keras layer.

    Examples
    --------
    >>> len(augmentation_configs(("flip", "zoom")))
    2
    """
    if given is None:
        return ()
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    configs = []
    for one in several:
        if isinstance(one, str) and one in AUGMENTATIONS:
            kind, settings = AUGMENTATIONS[one]
            one = getattr(keras.layers, kind)(**settings)
        if not isinstance(one, keras.layers.Layer):
            raise ParameterError(
                f"augmentation={given!r} cannot be used. {did_you_mean(str(one), AUGMENTATIONS)} "
                "A Keras layer such as keras.layers.RandomFlip() also serves."
            )
        config = keras.saving.serialize_keras_object(one)
        config["config"].pop("name", None)
        configs.append(json.dumps(config, sort_keys=True))
    return tuple(configs)


@dataclass(frozen=True)
class ConvArchitecture:
    """Blocks of convolution, activation and max-pooling, then dense layers, then the outputs.

    Attributes
    ----------
    input_shape : tuple (height, width, channels)
    filters : tuple of int
        Channels of each block.
    kernel_size, pool_size : tuple of two int
    padding : {"same", "valid"}
        Of convolutions and pooling.
    hidden : tuple of int
        Units of the dense layers after the blocks.
    n_outputs : int
    kind : {"binary", "categorical", "multilabel"}
    scale : float
        What pixels are multiplied by first; 1 means no Rescaling layer.
    activation : str
        Keras's name.
    flatten : bool
        Whether the dense layers see every place of the last block, or each channel's mean.
    dropout : tuple of float
        Share dropped after each dense layer.
    batch_norm : bool
        Batch normalisation between each convolution or dense layer and its activation.
    augmentation : tuple of str
        What :func:`augmentation_configs` made.
    kernel_initializer : str or keras.initializers.Initializer
    max_norm : float or None
    """

    input_shape: tuple[int, ...]
    filters: tuple[int, ...]
    kernel_size: tuple[int, int]
    pool_size: tuple[int, int]
    padding: str
    hidden: tuple[int, ...]
    n_outputs: int
    kind: ProblemKind
    scale: float = 1.0
    activation: str = "relu"
    flatten: bool = True
    dropout: tuple[float, ...] = ()
    batch_norm: bool = False
    augmentation: tuple[str, ...] = ()
    kernel_initializer: Any = "auto"
    max_norm: float | None = None

    @property
    def key(self) -> Hashable:
        """Everything that changes the graph: not the rates, not the initial weights, not max_norm's value."""
        plain = replace(self, dropout=(), kernel_initializer="auto", max_norm=None)
        return ("convolutional", plain, tuple(rate > 0 for rate in self.dropout))

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """The dropout rates that are not zero."""
        return tuple(rate for rate in self.dropout if rate > 0)

    @property
    def row_wise(self) -> bool:
        """Whether there is neither dropout, nor batch normalisation, nor augmentation."""
        return not self.noise_levels and not self.batch_norm and not self.augmentation

    def build(self) -> keras.Model:
        """Build the Keras model, inputs to probabilities, freshly and randomly initialised."""
        layers = keras.layers
        inputs = x = keras.Input(self.input_shape, name="inputs")
        if self.scale != 1:
            x = layers.Rescaling(self.scale, name="rescaling")(x)
        for i, config in enumerate(self.augmentation, start=1):
            layer = keras.saving.deserialize_keras_object(json.loads(config))
            x = type(layer).from_config({**layer.get_config(), "name": f"augmentation_{i}"})(x)
        for i, channels in enumerate(self.filters, start=1):
            x = self._conv(x, channels, i)
            if max(self.pool_size) > 1:
                x = layers.MaxPooling2D(self.pool_size, padding=self.padding, name=f"pool_{i}")(x)
        x = layers.Flatten(name="flatten")(x) if self.flatten else layers.GlobalAveragePooling2D(name="average")(x)
        for i, units in enumerate(self.hidden, start=1):
            x = self._dense(x, units, i)
            if self.dropout and self.dropout[i - 1] > 0:
                x = layers.Dropout(self.dropout[i - 1], name=f"dropout_{i}")(x)
        last = "softmax" if self.kind == "categorical" else "sigmoid"
        outputs = layers.Dense(self.n_outputs, activation=last, kernel_constraint=self._constraint(1), name="outputs")
        return keras.Model(inputs, outputs(x), name="strates")

    def _constraint(self, n_axes: int) -> Any:
        return None if self.max_norm is None else keras.constraints.MaxNorm(self.max_norm, axis=list(range(n_axes)))

    def _conv(self, x: Any, channels: int, i: int) -> Any:
        activation = None if self.batch_norm else self.activation
        conv = keras.layers.Conv2D(
            channels, self.kernel_size, padding=self.padding, activation=activation, use_bias=not self.batch_norm,
            kernel_constraint=self._constraint(3), name=f"conv_{i}",
        )  # fmt: skip
        return self._normalized(conv(x), f"conv_{i}")

    def _dense(self, x: Any, units: int, i: int) -> Any:
        activation = None if self.batch_norm else self.activation
        dense = keras.layers.Dense(
            units, activation=activation, use_bias=not self.batch_norm, kernel_constraint=self._constraint(1),
            name=f"hidden_{i}",
        )  # fmt: skip
        return self._normalized(dense(x), f"hidden_{i}")

    def _normalized(self, x: Any, name: str) -> Any:
        if not self.batch_norm:
            return x
        x = keras.layers.BatchNormalization(name=f"{name}_batch_norm")(x)
        return keras.layers.Activation(self.activation, name=f"{name}_activation")(x)

    def build_for_training(self) -> keras.Model:
        """Build it without the constraint of ``max_norm``, which is an input of the training function."""
        return replace(self, max_norm=None).build()

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Draw kernels by ``kernel_initializer``; biases start at zero, batch normalisation at the identity."""
        weights: list[AnyArray] = []
        for variable in self.build().weights:
            layer, name = variable.path.split("/")[-2:]
            shape = tuple(variable.shape)
            if name == "kernel":
                activation = "linear" if layer == "outputs" else self.activation
                draw = make_initializer(self.kernel_initializer, activation, integer_seed(seed, layer))
                weights.append(np.asarray(draw(shape), np.float32))
            else:
                weights.append(np.full(shape, float(name in ("gamma", "moving_variance")), np.float32))
        return weights

    def smallest_image(self) -> tuple[int, int]:
        """Return how many pixels high and wide an image must be, at least."""
        if self.padding == "same":
            return 1, 1
        rows = columns = 1
        for _ in self.filters:
            rows = rows * self.pool_size[0] + self.kernel_size[0] - 1
            columns = columns * self.pool_size[1] + self.kernel_size[1] - 1
        return rows, columns
