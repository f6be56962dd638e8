"""From ``--model``, ``--hidden`` and ``--set`` to a classifier of images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from strates.cli.chosen_backbone import ChosenBackbone
from strates.cli.classifier import set_parameters
from strates.estimators import CNNClassifier, TransferClassifier
from strates.exceptions import ParameterError

#: Channels of the last block; each before it has half as many.
_LAST_CHANNELS = 128
#: Blocks halve an image until its shorter side has about so many pixels, ...
_LAST_SIDE = 4
#: ... but no more often than this.
_MOST_BLOCKS = 4
#: Images that a network is shown, counted over the epochs, within bounds of the epochs.
_ENOUGH_IMAGES, _FEWEST_EPOCHS, _MOST_EPOCHS = 75_000, 5, 30


def make_image_classifier(
    model: str,
    hidden: tuple[int, ...] | None,
    settings: Mapping[str, Any],
    seed: int,
    *,
    shape: tuple[int, int, int],
    n_images: int,
    backbone: ChosenBackbone | None = None,
) -> Any:
    """Build the classifier that was asked for, on the settings that suit a folder of images.

    Parameters
    ----------
    model : {"cnn", "transfer"}
    hidden : tuple of int or None
        Widths of the dense layers after the convolutions; None for the default's.
    settings : mapping of str to Any
        Parameters that differ from the defaults.
    seed : int
    shape : tuple (height, width, channels)
        Of the images.
    n_images : int
        To learn from.
    backbone : ChosenBackbone, optional
        Of "transfer".

    Returns
    -------
    CNNClassifier or TransferClassifier

    Raises
    ------
    ParameterError
        An unknown setting (the message gives the nearest), or one that has an option of its own.

    Examples
    --------
    >>> clf = make_image_classifier("cnn", None, {"alpha": 0.01}, 0, shape=(28, 28, 1), n_images=4_000)
    >>> clf.filters, clf.alpha, clf.max_iter
    ((32, 64, 128), 0.01, 19)
    """
    if backbone is not None:
        return set_parameters(_transfer(backbone, hidden, seed, n_images), model, settings)
    if model != "cnn":
        raise ParameterError(f"--model {model} does not learn from images; --model cnn does.")
    # Chosen on 245 photographs of two classes and on 4,000 digits of ten, by log-loss on other images: channels
    # averaged over the whole image have few weights, and learn from few images.
    clf = CNNClassifier(
        default_filters(shape),
        flatten=False,
        hidden_layer_sizes=(64,) if hidden is None else hidden,
        dropout=0.3 if hidden is None or hidden else 0.0,
        batch_size=32,
        learning_rate="one_cycle",
        learning_rate_init=5e-3,
        max_iter=_epochs(n_images),
        random_state=seed,
    )
    return set_parameters(clf, model, settings)


def _transfer(backbone: ChosenBackbone, hidden: tuple[int, ...] | None, seed: int, n_images: int) -> TransferClassifier:
    clf = TransferClassifier(
        backbone.name,
        strategy=backbone.strategy,
        weights="imagenet" if backbone.weights is None else backbone.weights,
        hidden_layer_sizes=hidden or (),
        random_state=seed,
    )
    if backbone.strategy == "scratch":
        clf.set_params(learning_rate="one_cycle", learning_rate_init=3e-3, max_iter=_epochs(n_images))
    return clf


def _epochs(n_images: int) -> int:
    return min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, round(_ENOUGH_IMAGES / n_images)))


def default_filters(shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the channels of each block, more blocks for larger images.

    Examples
    --------
    >>> default_filters((8, 8, 1)), default_filters((72, 96, 3))
    ((128,), (16, 32, 64, 128))
    """
    n_blocks = min(_MOST_BLOCKS, max(1, round(math.log2(max(1, min(shape[:2]) / _LAST_SIDE)))))
    return tuple(_LAST_CHANNELS >> i for i in reversed(range(n_blocks)))
