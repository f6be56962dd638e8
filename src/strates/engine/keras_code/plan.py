"""What a fitted estimator is, as far as a script has to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from strates._types import AnyArray
from strates.engine.adversarial_training import AdversarialTraining
from strates.engine.architecture import ProblemKind
from strates.engine.backend import keras
from strates.engine.optimizers import make_optimizer

#: Rows of a batch under batch_size="auto".
AUTO_BATCH = 200
_SETTINGS = {"momentum": "momentum", "nesterovs_momentum": "nesterov", "beta_1": "beta_1", "beta_2": "beta_2",
             "epsilon": "epsilon"}  # fmt: skip

Loop = Literal["fit", "tape"]


@dataclass(frozen=True, eq=False)
class Stages:
    """How a transfer network went on learning after its head.

    Attributes
    ----------
    features : str
        The layer whose output the head is given.
    groups : tuple of tuple of str
        Layers of the backbone, from the features down to the input.
    n : int
        How many groups are unfrozen, one after the other.
    epochs, batch_size : int
        Of a stage.
    rate, decay : float
        Learning rate of the head; how much smaller that of each group below is.
    freeze_batch_norm : bool
    optimizer : str or keras.optimizers.Optimizer
    """

    features: str
    groups: tuple[tuple[str, ...], ...]
    n: int
    epochs: int
    batch_size: int
    rate: float
    decay: float
    freeze_batch_norm: bool
    optimizer: Any


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, and how it was trained.

    Attributes
    ----------
    name : str
        Of the estimator's class.
    model : keras.Model
        Inputs to probabilities, or to a reconstruction.
    kind : {"binary", "categorical", "multilabel", "reconstruction"}
    classes : ndarray or None
        Labels, sorted.
    parameters : mapping
        Of the estimator.
    alpha : float
        Strength of the penalty.
    seed : int or None
        Of the fit; None where nobody knows it.
    trained, initial : list of ndarray
        Weights, in the order of ``model.weights``; no initial ones where training is not written.
    activation : str
        Keras's name of the hidden layers' activation.
    image_shape : tuple or None
        Of one image.
    double : bool
        Whether it computes in float64.
    code_layer : str
        Of an autoencoder: the layer in the middle.
    tied : tuple of pairs of str
        Names of two layers, the kernel of the first being the transpose of the second's.
    attack : AdversarialTraining or None
        What a training step begins with.
    attack_seed : int
        Of its random start.
    padded_rows : int
        Rows that the random start was drawn for, where the fit was compiled by XLA; 0 where it was not.
    one_batch : bool
        Whether all rows were one batch.
    layers : tuple of Plan
        Of the small autoencoders that a stack was made of, one for each layer.
    places : tuple of pairs of str
        For each of these, the layers of the stack that its two layers become.
    head : Plan or None
        Of a transfer network: of its last layers, which learn from features.
    stages : Stages or None
        How it went on.
    untold : str
        Why its training cannot be written.
    went_on : bool
        Whether the last fit went on from the weights of others.
    """

    name: str
    model: keras.Model
    kind: ProblemKind
    classes: AnyArray | None
    parameters: Mapping[str, Any]
    alpha: float
    seed: int | None
    trained: list[AnyArray]
    initial: list[AnyArray]
    activation: str = "relu"
    image_shape: tuple[int, ...] | None = None
    double: bool = False
    code_layer: str = ""
    tied: tuple[tuple[str, str], ...] = ()
    attack: AdversarialTraining | None = None
    attack_seed: int = 0
    padded_rows: int = 0
    one_batch: bool = False
    layers: tuple[Plan, ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    head: Plan | None = None
    stages: Stages | None = None
    untold: str = ""
    went_on: bool = False

    @property
    def lbfgs(self) -> bool:
        """Whether all rows are taken at once by L-BFGS."""
        return isinstance(self.solver, str) and self.solver == "lbfgs"

    @property
    def solver(self) -> Any:
        """The parameter."""
        return self.parameters.get("solver")

    @property
    def l1(self) -> float:
        """What multiplies |W|_1."""
        return self.alpha * float(self.parameters.get("l1_ratio", 0.0))

    @property
    def l2(self) -> float:
        """What multiplies |W|_2^2 / 2."""
        return self.alpha * (1 - float(self.parameters.get("l1_ratio", 0.0)))

    @property
    def smoothing(self) -> float:
        """``label_smoothing``."""
        return float(self.parameters.get("label_smoothing", 0.0))

    @property
    def gradient_penalty(self) -> float:
        """``gradient_penalty``."""
        return float(self.parameters.get("gradient_penalty", 0.0))

    @property
    def own_loss(self) -> Any:
        """The loss in place of the cross-entropy, if there is one."""
        return self.parameters.get("loss")

    @property
    def one_hot(self) -> bool:
        """Whether the targets of classes are rows of 0 and 1 in place of the classes' numbers."""
        own = self.own_loss is not None and "Sparse" not in type(self.own_loss).__name__
        return self.kind == "categorical" and (own or bool(self.smoothing))

    @property
    def bounded(self) -> bool:
        """Whether the attack stays within bounds."""
        return self.attack is not None and bool(np.isfinite([self.attack.low, self.attack.high]).any())

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The attack's bounds, where they are the same for all numbers of a row."""
        if self.attack is None or not self.bounded:
            return None
        low, high = np.unique(self.attack.low), np.unique(self.attack.high)
        return (low[0], high[0]) if len(low) == len(high) == 1 else None

    @property
    def arrays(self) -> dict[str, AnyArray]:
        """What is carried beside the weights: bounds that differ from number to number."""
        if self.attack is None or not self.bounded or self.bounds is not None:
            return {}
        flat = self.attack.norm != "linf"
        ends = {"low": self.attack.low, "high": self.attack.high}
        return {name: end.ravel() if flat else end for name, end in ends.items()}

    @property
    def starts(self) -> dict[str, AnyArray]:
        """The weights that trainings begin with, by their names in the file beside the script."""
        if not self.layers:
            return {f"initial_{i}": weight for i, weight in enumerate(self.initial)}
        return {
            f"layer_{number}_{i}": weight
            for number, one in enumerate(self.layers, start=1)
            for i, weight in enumerate(one.initial)
        }

    @property
    def weighted(self) -> bool:
        """Whether classes have weights."""
        return self.parameters.get("class_weight") is not None

    @property
    def stops_early(self) -> bool:
        """Whether rows are set aside to stop by."""
        return bool(self.parameters.get("early_stopping")) and not self.lbfgs

    @property
    def schedule(self) -> str:
        """``learning_rate``."""
        return str(self.parameters.get("learning_rate", "constant"))

    @property
    def patient(self) -> bool:
        """Whether training may stop before its last epoch."""
        patience = self.parameters.get("n_iter_no_change", np.inf)
        open_end = self.schedule in ("cosine", "one_cycle") and not self.stops_early
        return not self.lbfgs and (self.stops_early or (bool(np.isfinite(patience)) and not open_end))

    @property
    def trains(self) -> bool:
        """Whether there is a training to write."""
        return not self.untold

    @property
    def fine_tuned(self) -> bool:
        """Whether the layers of a stack learn together after they learned one at a time."""
        return bool(self.parameters.get("fine_tune", True))

    @property
    def shuffled(self) -> bool:
        """Whether each epoch has an order of its own."""
        return bool(self.parameters.get("shuffle", True)) and not self.lbfgs

    @property
    def dtype(self) -> str:
        """Of inputs."""
        return "float64" if self.double else "float32"

    @property
    def draws(self) -> bool:
        """Whether training draws numbers that a script draws otherwise: masks, noise, changes of images."""
        random = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout")
        layers = self.model._flatten_layers(include_self=False, recursive=True)
        names = [type(layer).__name__ for layer in layers]
        # rows of a single batch are attacked in an order of their own
        start = self.attack is not None and self.attack.random_start and self.one_batch
        noise = bool(self.parameters.get("denoising")) or start
        return noise or any(name.startswith((*random, "Random")) for name in names)

    @property
    def batch_size(self) -> int:
        """Rows of a batch."""
        size = self.parameters.get("batch_size", "auto")
        return AUTO_BATCH if size == "auto" else int(size)

    @property
    def optimizer(self) -> keras.optimizers.Optimizer:
        """A fresh Keras optimizer of the gradient solver."""
        given = {new: self.parameters[old] for old, new in _SETTINGS.items() if old in self.parameters}
        return make_optimizer(self.solver, given)
