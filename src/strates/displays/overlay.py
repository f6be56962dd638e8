"""A map of numbers laid over a faded image."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage

from strates._types import AnyArray, FloatArray
from strates.displays.style import MUTED
from strates.displays.weights import SIGNS

#: The faded image keeps this share of its contrast, from white downwards.
_CONTRAST = 0.25
#: Up to so many pixels a side, each is to be seen.
_SMALL = 64


def pixels_to_show(image: AnyArray) -> FloatArray:
    """Return an image as matplotlib shows it, its range stretched to [0, 1]: grey (height, width), or colours.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        Of other numbers of channels than 1 and 3, their mean is shown.

    Examples
    --------
    >>> pixels_to_show(np.array([[[0], [255]]])).tolist()
    [[0.0, 1.0]]
    """
    values = np.asarray(image, dtype=np.float64)
    if values.ndim == 3 and values.shape[2] != 3:
        values = values.mean(axis=2)
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def full_colour(heat: FloatArray) -> float:
    """Return the number from which on a map's colour is full: all but one of a hundred numbers are below it.

    A single pixel would otherwise leave the rest of a map pale.
    """
    sizes = np.abs(heat)
    return float(np.quantile(sizes, 0.99)) or float(sizes.max())


def overlay(image: AnyArray, heat: FloatArray, largest: float) -> FloatArray:
    """Return a faded grey image with colour where numbers are large: blue above zero, vermilion below.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
    heat : ndarray of shape (height, width)
    largest : float
        What full colour stands for.

    Returns
    -------
    ndarray of shape (height, width, 3)
        In [0, 1].
    """
    shown = pixels_to_show(image)
    grey = shown.mean(axis=2) if shown.ndim == 3 else shown
    faded = 1 - _CONTRAST * (1 - grey[..., None])
    share = np.clip(heat / largest if largest > 0 else np.zeros_like(heat), -1, 1)
    strength = np.abs(share)[..., None]
    full = SIGNS(np.where(share < 0, 0.0, 1.0))[..., :3]
    return np.asarray((1 - strength) * faded + strength * full)


def draw_image(ax: Axes, image: AnyArray) -> AxesImage:
    """Draw an image, without axes."""
    shown = pixels_to_show(image)
    ax.set_axis_off()
    return ax.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation=interpolation(shown))


def interpolation(image: AnyArray) -> str:
    """Return how matplotlib is to show an image: each pixel of a small one, a large one without moiré.

    Examples
    --------
    >>> interpolation(np.zeros((28, 28))), interpolation(np.zeros((224, 224, 3)))
    ('nearest', 'auto')
    """
    return "nearest" if max(image.shape[:2]) <= _SMALL else "auto"


def sign_bar(ax: Axes, axes: list[Axes], words: tuple[str, str, str]) -> Any:
    """Draw the bar of colours from vermilion to blue beside some axes, with words at its ends and middle."""
    figure: Any = ax.get_figure(root=False)
    bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), SIGNS),
        ax=axes,
        fraction=0.05,
        pad=0.02,
        shrink=0.8,
        aspect=25,
        ticks=[-1, 0, 1],
    )
    bar.ax.set_yticklabels(words, fontsize=8.5, color=MUTED)
    bar.ax.tick_params(length=2)
    bar.outline.set_visible(False)
    return bar
