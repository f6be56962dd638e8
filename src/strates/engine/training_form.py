"""A network's training form: the same weights, ending in logits, its dropout seeded and its levels inputs.

The model that people see is an ordinary Keras model. The one that is traced for training is a clone of
it with three changes, none of which touches a weight:

- it ends in logits, because the cross-entropy of a logit is exact where log(softmax) overflows;
- its Dropout and GaussianNoise layers take level and seed from the compiled function's inputs, and draw with a
  counter-based generator: philox in the plain graph, threefry under XLA, which runs it 20 times faster than the
  default;
- its dtype is the solver's (float64 for L-BFGS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strates.engine.backend import keras, tf


@dataclass
class TrainingInputs:
    """The tensors that seeded layers read while a function is traced.

    Attributes
    ----------
    levels : tensor of shape (n_layers,)
        Rate of each Dropout layer, standard deviation of each GaussianNoise layer.
    seed, step : int tensor
        With a layer's position they decide what it draws.
    n_layers : int
    generator : {"philox", "threefry"}
    always : bool
        Whether they draw outside training too.
    """

    levels: Any = None
    seed: Any = None
    step: Any = None
    n_layers: int = 1
    generator: str = "philox"
    always: bool = False


class SeededLayer(keras.layers.Layer):
    """A layer that draws, whose level and seed are tensors; the identity at test time."""

    def __init__(self, inputs: TrainingInputs, position: int, noise_shape: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._inputs = inputs
        self._position = position
        self._noise_shape = noise_shape
        self.supports_masking = True
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        """Draw, and change x by it."""
        if not (training or self._inputs.always):
            return x
        level = tf.cast(self._inputs.levels[self._position], x.dtype)
        # one counter a (step, layer): independent draws, and a step that is run again makes the same ones
        counter = self._inputs.step * self._inputs.n_layers + self._position
        shape = tf.shape(x)
        if self._noise_shape is not None:
            shape = [shape[i] if n is None else n for i, n in enumerate(self._noise_shape)]
        return self._disturb(x, level, shape, tf.stack([self._inputs.seed, counter]))

    def _disturb(self, x: Any, level: Any, shape: Any, seed: Any) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape."""
        return input_shape


class SeededDropout(SeededLayer):
    """Inverted dropout: E[output] = input."""

    def _disturb(self, x: Any, level: Any, shape: Any, seed: Any) -> Any:
        draw = tf.random.stateless_uniform(shape, seed=seed, dtype=x.dtype, alg=self._inputs.generator)
        return tf.where(draw >= level, x / (1.0 - level), tf.zeros_like(x))


class SeededNoise(SeededLayer):
    """Gaussian noise, added."""

    def _disturb(self, x: Any, level: Any, shape: Any, seed: Any) -> Any:
        return x + level * tf.random.stateless_normal(shape, seed=seed, dtype=x.dtype, alg=self._inputs.generator)


class SeededMask(SeededLayer):
    """Zeros at random places; the other numbers stay as they are."""

    def _disturb(self, x: Any, level: Any, shape: Any, seed: Any) -> Any:
        draw = tf.random.stateless_uniform(shape, seed=seed, dtype=x.dtype, alg=self._inputs.generator)
        return tf.where(draw >= level, x, tf.zeros_like(x))


class MaskingNoise(keras.layers.Layer):
    """Marks where training sets a share of the inputs to zero; itself the identity."""

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.built = True

    def call(self, x: Any) -> Any:
        """Return x."""
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape."""
        return input_shape


_SEEDED = {
    keras.layers.Dropout: SeededDropout,
    keras.layers.GaussianNoise: SeededNoise,
    MaskingNoise: SeededMask,
}


def is_augmentation(layer: keras.layers.Layer) -> bool:
    """Whether a layer is one of Keras's random changes of images, such as RandomFlip, which act in training alone."""
    kind = type(layer)
    return (
        "image_preprocessing" in kind.__module__ and kind.__name__.startswith("Rand") and kind.__name__ != "RandomCrop"
    )


def noise_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """List the Dropout and GaussianNoise layers, in the order of the model's layers."""
    return [layer for layer in _all_layers(model) if type(layer) in _SEEDED]


def noise_level(layer: keras.layers.Layer) -> float:
    """Return the rate of a Dropout layer, the standard deviation of a GaussianNoise layer."""
    return float(layer.rate if isinstance(layer, keras.layers.Dropout) else layer.stddev)


def _all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return list(model._flatten_layers(include_self=False, recursive=True))


def output_layer(model: keras.Model) -> keras.layers.Layer | None:
    """Return the layer that makes the output of a functional or sequential model (looking into nested ones)."""
    layers = getattr(model, "layers", None)
    if not layers or not hasattr(model, "outputs") or not getattr(model, "outputs", None):
        return None
    last = model.outputs[0]._keras_history.operation
    return output_layer(last) if isinstance(last, keras.Model) else last


def output_activation(model: keras.Model) -> str | None:
    """Name the last activation: ``"linear"`` for logits; None when the model is a subclass and cannot be read."""
    layer = output_layer(model)
    if layer is None:
        return None
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else str(getattr(activation, "__name__", activation))


def mode(model: keras.Model, *, training: bool) -> dict[str, bool]:
    """Return the keyword that tells a model's call whether it trains; none for a subclass whose call takes none."""
    return {"training": training} if getattr(model, "_call_has_training_arg", True) else {}


def is_clonable(model: keras.Model) -> bool:
    """Whether the model is built of layers that can be exchanged one by one, nesting included."""
    return all(isinstance(m, keras.Sequential) or type(m).__name__ == "Functional" for m in _models(model))


def has_training_form(model: keras.Model) -> bool:
    """Whether the model's layers can be exchanged, and each tells how to build it: one of somebody's own may not."""
    return is_clonable(model) and all(_tells_its_configuration(layer) for layer in _all_layers(model))


def _tells_its_configuration(layer: keras.layers.Layer) -> bool:
    if type(layer).__module__.startswith("keras."):
        return True
    try:
        layer.get_config()
    except NotImplementedError:
        return False
    return True


def _models(model: keras.Model) -> list[keras.Model]:
    return [model, *(layer for layer in _all_layers(model) if isinstance(layer, keras.Model))]


def copy_adapted(model: keras.Model, copy: keras.Model) -> None:
    """Carry over what layers such as Normalization learned by ``adapt``: their graphs hold it as constants."""
    for old, new in zip(_all_layers(model), _all_layers(copy), strict=True):
        if hasattr(old, "finalize_state"):
            new.set_weights(old.get_weights())
            new.finalize_state()


@dataclass(frozen=True)
class TrainingForm:
    """A traced twin of a network.

    Attributes
    ----------
    model : keras.Model
        Same weights in the same order.
    inputs : TrainingInputs
        Where its seeded layers look.
    logits : bool
        Whether it ends in logits; otherwise it ends as the network does.
    """

    model: keras.Model
    inputs: TrainingInputs
    logits: bool


def training_form(model: keras.Model, dtype: str = "float32", *, augmented: bool = True) -> TrainingForm:
    """Clone a network into its training form.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities, or in a reconstruction.
    dtype : {"float32", "float64"}
    augmented : bool, default=True
        Whether layers that change images at random stay.

    Returns
    -------
    TrainingForm
        A subclassed model cannot be taken apart, nor one with a layer that does not tell its configuration: it is used
        as it is, ending in probabilities.
    """
    inputs = TrainingInputs()
    if not has_training_form(model):
        return TrainingForm(model, inputs, logits=False)
    last = output_layer(model)
    ends_in_activation = output_activation(model) in ("softmax", "sigmoid")
    positions = {id(layer): i for i, layer in enumerate(noise_layers(model))}
    inputs.n_layers = max(1, len(positions))

    def exchange(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):  # an operation between layers, such as x + y
            return type(layer).from_config(layer.get_config())
        if id(layer) in positions:
            shape = getattr(layer, "noise_shape", None)
            return _SEEDED[type(layer)](inputs, positions[id(layer)], shape, name=layer.name, dtype=dtype)
        if not augmented and is_augmentation(layer):
            return keras.layers.Activation("linear", name=layer.name, dtype=dtype)
        if layer is last and isinstance(layer, keras.layers.Softmax):
            return keras.layers.Activation("linear", name=layer.name, dtype=dtype)
        config = {**layer.get_config(), "dtype": dtype}
        clone = type(layer).from_config(config)
        if layer is last and ends_in_activation:
            clone.activation = keras.activations.linear
        return clone

    tensors = None
    if dtype != "float32":  # the entrance would round the rows to float32
        made = [keras.Input(batch_shape=t.shape, dtype=dtype) for t in model.inputs]
        tensors = made[0] if len(made) == 1 else made
    twin = keras.models.clone_model(model, input_tensors=tensors, clone_function=exchange, recursive=True)
    copy_adapted(model, twin)
    return TrainingForm(twin, inputs, logits=ends_in_activation)
