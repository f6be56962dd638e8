"""What the parameters of a transfer classifier may be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from strates.engine.applications import PREPROCESSINGS
from strates.engine.conv_architecture import augmentation_configs
from strates.estimators._images import check_image_shape
from strates.estimators._parameters import Check, boolean, integer, one_of, real
from strates.exceptions import ParameterError

STRATEGIES = ("features", "fine_tune", "scratch")


def _check_layer(_: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ParameterError(f"layer={value!r} cannot be used: it is the name of a layer of the backbone, or None.")


def _check_alpha(name: str, value: Any) -> None:
    if value != "auto" if isinstance(value, str) else True:
        real(low=0, open_high=True)(name, value)


def _check_unfreeze(name: str, value: Any) -> None:
    if value not in ("all", "auto"):
        integer(1)(name, value)


#: Of the parameters that no other classifier has, or not so.
CHECKS: Mapping[str, Check] = {
    "strategy": one_of(STRATEGIES),
    "layer": _check_layer,
    "preprocessing": one_of(("auto", *PREPROCESSINGS)),
    "alpha": _check_alpha,
    "unfreeze": _check_unfreeze,
    "fine_tune_max_iter": integer(1),
    "fine_tune_learning_rate": real(low=0, open_low=True, open_high=True),
    "layer_decay": real(low=1, open_high=True),
    "freeze_batch_norm": boolean,
}


def check_parameters(estimator: Any) -> None:
    """Check what one parameter's own check cannot tell.

    Parameters
    ----------
    estimator : TransferClassifier

    Raises
    ------
    ParameterError
        A value that cannot be used, by itself or with the strategy.
    """
    scale = estimator.scale
    if scale != "auto" and (isinstance(scale, str | bool) or not 0 < float(scale) < math.inf):
        raise ParameterError(f'scale={scale!r} cannot be used: it is a positive number, such as 1/255, or "auto".')
    check_image_size(estimator.image_size)
    check_image_shape(estimator.image_shape)
    if augmentation_configs(estimator.augmentation) and estimator.strategy == "features":
        raise ParameterError(
            "augmentation changes images at each training step, but with strategy='features' the backbone computes "
            "their features once. Use strategy='fine_tune' or 'scratch', or leave augmentation out."
        )


def check_image_size(value: Any) -> tuple[int, int] | None:
    """Return ``image_size`` as (height, width), or None when images stay as they are.

    Examples
    --------
    >>> check_image_size(224), check_image_size((96, 128))
    ((224, 224), (96, 128))
    """
    if value is None:
        return None
    sizes = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(sizes) != 2 or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes):
        raise ParameterError(
            f"image_size={value!r} cannot be used: it is a positive number of pixels, or two: (height, width)."
        )
    return int(sizes[0]), int(sizes[1])
