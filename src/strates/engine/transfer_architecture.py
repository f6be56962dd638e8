"""A backbone and a head as one network, some of its layers frozen."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.architecture import DenseArchitecture
from strates.engine.backbone import Backbone
from strates.engine.backend import keras
from strates.engine.graft import graft
from strates.engine.keras_architecture import KerasArchitecture, seeded_keras
from strates.engine.training_form import noise_layers, noise_level

#: A moving mean of batch normalisation forgets at least this fast when a network learns from scratch: trained ones
#: often have 0.99 or 0.999, which takes thousands of steps to leave its start.
SCRATCH_MOMENTUM = 0.9


@dataclass(frozen=True, eq=False)
class TransferArchitecture:
    """Rows to features by a backbone, features to probabilities by dense layers; one flat graph.

    Attributes
    ----------
    backbone : Backbone
    head : DenseArchitecture
    n_unfrozen : int
        Groups of the backbone's layers, counted from the features, that can be trained.
    freeze_batch_norm : bool
        Whether batch normalisation stays frozen in unfrozen groups: neither its statistics nor its weights change.
    augmentation : tuple of str
        Random changes of the rows in training; see :func:`strates.engine.conv_architecture.augmentation_configs`.
    scratch : bool
        Whether the backbone's weights are drawn anew, and all of it is trained.
    """

    backbone: Backbone
    head: DenseArchitecture
    n_unfrozen: int = 0
    freeze_batch_norm: bool = True
    augmentation: tuple[str, ...] = ()
    scratch: bool = False

    @property
    def key(self) -> Hashable:
        """Everything that changes the graph."""
        own = (self.n_unfrozen, self.freeze_batch_norm, self.augmentation, self.scratch)
        return ("transfer", self.backbone.architecture.key, self.head.key, *own)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return self.backbone.architecture.input_shape

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """The backbone's, then the head's."""
        return (*(noise_level(layer) for layer in noise_layers(self.backbone.model)), *self.head.noise_levels)

    @property
    def row_wise(self) -> bool:
        """Not relied on: a backbone may hold anything."""
        return False

    @property
    def hidden_layers(self) -> list[str]:
        """Layers whose outputs are representations: the ends of the groups, the features, the head's hidden layers."""
        ends = "activation" if self.head.batch_norm else "hidden"
        below = [group[-1] for group in self.backbone.groups[:-1]]
        return [*below, self.backbone.features, *(f"{ends}_{i}" for i in range(1, len(self.head.hidden) + 1))]

    def build(self) -> keras.Model:
        """Build the network, with the backbone's weights (random ones from scratch) and a random head."""
        return self._build()[0]

    def build_for_training(self) -> keras.Model:
        """Build it: nothing of it is an input of the training function."""
        return self.build()

    def _build(self) -> tuple[keras.Model, list[tuple[Any, Any]]]:
        x = inputs = keras.Input(self.input_shape, name="inputs")
        for i, config in enumerate(self.augmentation, start=1):
            layer = keras.saving.deserialize_keras_object(json.loads(config))
            x = type(layer).from_config({**layer.get_config(), "name": f"augmentation_{i}"})(x)
        x, below = graft(self.backbone.model, x, configure=self._configure, keep_weights=not self.scratch)
        frozen = {copy.name for _, copy in below} - self._unfrozen_layers()
        for _, copy in below:
            copy.trainable = self.scratch or copy.name not in frozen
            if self.freeze_batch_norm and not self.scratch:
                for inner in copy._flatten_layers():
                    if isinstance(inner, keras.layers.BatchNormalization):
                        inner.trainable = False
        x, above = graft(self.head.build(), x)
        return keras.Model(inputs, x, name="strates"), [*below, *above]

    def _configure(self, layer: Any, config: dict[str, Any]) -> dict[str, Any]:
        if self.scratch and isinstance(layer, keras.layers.BatchNormalization):
            return {**config, "momentum": min(config["momentum"], SCRATCH_MOMENTUM)}
        return config

    def _unfrozen_layers(self) -> set[str]:
        groups = self.backbone.groups
        return {name for group in groups[len(groups) - self.n_unfrozen :] for name in group}

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Return the backbone's weights with those of a new head; from scratch, new ones of both."""
        head = self.head.initial_weights(integer_seed(seed, "head"))
        if not self.scratch:
            return self.whole_weights(self.backbone.weights, head)
        with seeded_keras(integer_seed(seed, "backbone")):
            model, _ = self._build()
        for layer, weights in self._head_layers(model, head):
            layer.set_weights(weights)
        return [np.asarray(w) for w in model.get_weights()]

    def _head_layers(self, model: keras.Model, head: list[AnyArray]) -> list[tuple[Any, list[AnyArray]]]:
        """Pair the head's layers with their weights."""
        pairs, rest = [], list(head)
        for layer in self.head.build().layers:
            n = len(layer.weights)
            if n:
                pairs.append((model.get_layer(layer.name), rest[:n]))
                del rest[:n]
        return pairs

    def whole_weights(self, backbone: list[AnyArray], head: list[AnyArray]) -> list[AnyArray]:
        """Put the weights of both parts into the order of the whole network's.

        Parameters
        ----------
        backbone : list of ndarray
            In the order of the backbone's model.
        head : list of ndarray
            In the order of the head's.
        """
        parts = [*backbone, *head]
        return [parts[place] for place in self._order]

    def head_weights(self, whole: list[AnyArray]) -> list[AnyArray]:
        """Take the head's weights out of the whole network's."""
        n = len(self.backbone.weights)
        places = {part: place for place, part in enumerate(self._order)}
        return [whole[places[part]] for part in range(n, len(whole))]

    @property
    def _order(self) -> list[int]:
        """Place of each of the whole network's weights among the backbone's, followed by the head's."""
        key = (self.backbone.architecture.key, self.head.key)  # what is frozen changes no order
        if key not in _ORDERS:
            model, pairs = self._build()
            n = len(self.backbone.model.weights)
            places = {id(v): i for i, v in enumerate(self.backbone.model.weights)}
            head = 0
            for old, new in pairs:
                for before, after in zip(old.weights, new.weights, strict=True):
                    if id(before) in places:
                        places[id(after)] = places[id(before)]
                    else:  # the head's layers come in their order
                        places[id(after)] = n + head
                        head += 1
            if len(_ORDERS) >= _ORDERS_KEPT:
                _ORDERS.clear()
            _ORDERS[key] = [places[id(v)] for v in model.weights]
        return _ORDERS[key]


_ORDERS: dict[Hashable, list[int]] = {}
_ORDERS_KEPT = 64


class TransferStage:
    """The part of a transfer network that one stage of training changes, as a network of its own.

    Parameters
    ----------
    architecture : TransferArchitecture
        Its unfrozen layers are those to train.
    weights : list of ndarray
        Of the whole network.
    whole : bool
        Keep the frozen layers below in the part, because what they make of a row changes from step to step.

    Attributes
    ----------
    architecture : TransferArchitecture
    part : KerasArchitecture
        What is trained, with the weights to begin with.
    layer : str or None
        The backbone's layer whose output the part is given; None for the rows themselves.
    groups : list of int
        For each trainable weight of the part, its distance from the output: 0 is the head, 1 the last group.
    """

    def __init__(self, architecture: TransferArchitecture, weights: list[AnyArray], *, whole: bool) -> None:
        self.architecture = architecture
        groups = architecture.backbone.groups
        n_frozen = len(groups) - architecture.n_unfrozen
        model = architecture.build()
        model.set_weights(weights)
        self.layer = None if whole or not n_frozen else groups[n_frozen - 1][-1]
        part = model if self.layer is None else keras.Model(model.get_layer(self.layer).output, model.outputs[0])
        self.part = KerasArchitecture(part, tuple(part.input_shape[1:]), keep_weights=True)
        distance = {name: len(groups) - i for i, group in enumerate(groups) for name in group}
        owner = {id(v): layer.name for layer in part.layers for v in layer.weights}
        self.groups = [distance.get(owner[id(v)], 0) for v in part.trainable_variables]
        places = {id(v): i for i, v in enumerate(model.weights)}
        self._places = [places[id(v)] for v in part.weights]
        self._weights = list(weights)

    def whole_weights(self, part: list[AnyArray]) -> list[AnyArray]:
        """Return the whole network's weights, given those of the part."""
        found = list(self._weights)
        for place, weight in zip(self._places, part, strict=True):
            found[place] = weight
        return found
