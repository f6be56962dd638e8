"""Images, and what a network's answer depends on in them, by several methods side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from strates.displays.display import Display
from strates.displays.overlay import draw_image, full_colour, interpolation, overlay, sign_bar
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import INK, MUTED, label_text
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.attribution import Attribution
from strates.inspection.grad_cam import grad_cam
from strates.inspection.occlusion import occlusion_map
from strates.inspection.outcome import class_names
from strates.inspection.saliency import METHODS, saliency

MAX_IMAGES = 8
_PANEL, _WORDS = 1.45, 0.40  # inches: of an image's longer side, and of the words above it
_NAMES = {
    "gradient": "gradient",
    "gradient_x_input": "gradient × input",
    "smooth_grad": "SmoothGrad",
    "integrated_gradients": "integrated gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "occlusion",
}


class SaliencyDisplay(Display):
    """Each image, then what the score of its class depends on: blue speaks for the class, vermilion against it.

    Over the faded image, the stronger the colour the larger the number. Each map has a scale of its own: the number
    from which on its colour is full, larger than all but one of a hundred, stands above it in the units of its method
    (those of the score; for a gradient, per unit of a pixel).

    Parameters
    ----------
    maps : sequence of Attribution
        What :func:`strates.inspection.saliency`, :func:`strates.inspection.grad_cam` or
        :func:`strates.inspection.occlusion_map` returned for the same images and classes. The first eight images are
        drawn.

    Attributes
    ----------
    images_ : list of AxesImage
        The images.
    overlays_ : list of list of AxesImage
        For each image, one a method.
    bar_ : Colorbar

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 8), hidden_layer_sizes=(), max_iter=2, learning_rate="one_cycle", random_state=0)
    >>> display = SaliencyDisplay.from_estimator(clf.fit(X[:300], y[:300]), X[:2], method=["gradient", "grad_cam"])
    >>> [len(row) for row in display.plot().overlays_]
    [2, 2]
    """

    title = "What the answer depends on"
    images_: list[AxesImage]
    overlays_: list[list[AxesImage]]
    bar_: Any

    def __init__(self, maps: Attribution | Sequence[Attribution]) -> None:
        self.maps = [maps] if isinstance(maps, Attribution) else list(maps)
        if not self.maps:
            raise ParameterError("There is no map to draw; give what strates.inspection.saliency returns.")
        first = self.maps[0]
        for one in self.maps:
            if one.inputs.shape != first.inputs.shape or list(one.targets) != list(first.targets):
                raise DataError("The maps are of different images or classes; give those of one set of images.")
        self.heats = [one.heat for one in self.maps]

    @classmethod
    def from_estimator(
        cls,
        clf: Any,
        X: Any,
        target: Any = None,
        *,
        method: str | Sequence[str] = "integrated_gradients",
        image_shape: tuple[int, ...] | None = None,
        **choices: Any,
    ) -> Self:
        """Explain some images.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : array of n_rows images
            In any form that the classifier takes.
        target : label or array-like of n_rows labels, optional
            The class to explain; the predicted one by default.
        method : str or sequence of str, default="integrated_gradients"
            "gradient", "gradient_x_input", "smooth_grad", "integrated_gradients", "grad_cam" or "occlusion".
        image_shape : tuple (height, width) or (height, width, channels), optional
            Of a network that takes rows of pixels.
        **choices
            Of the method's function, where a single one is asked for.

        Returns
        -------
        SaliencyDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            An unknown method, or choices for several.
        """
        methods = [method] if isinstance(method, str) else list(method)
        if choices and len(methods) > 1:
            raise ParameterError(
                f"{', '.join(choices)} cannot be given to {len(methods)} methods at once. Call their functions, and "
                "give what they return to SaliencyDisplay."
            )
        found = [_function(name)(clf, X, target, **choices) for name in methods]
        return cls([one if image_shape is None else one.as_images(image_shape) for one in found])

    @property
    def _n_rows(self) -> int:
        return min(len(self.maps[0].inputs), MAX_IMAGES)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the images and the methods."""
        height, width = self.heats[0].shape[1:]
        tall, wide = (_PANEL * side / max(height, width) for side in (height, width))
        return max(wide, 0.9) * (1 + len(self.maps)) + 1.1, self._n_rows * (tall + _WORDS) + 0.1

    def _draw(self, ax: Axes) -> None:
        grid = side_by_side(ax, self._n_rows, 1 + len(self.maps))
        self.images_, self.overlays_ = [], []
        names = class_names(self.maps[0].targets)
        for row, axes in enumerate(grid):
            self.images_.append(draw_image(axes[0], self.maps[0].inputs[row]))
            _words(axes[0], label_text(names[row], 18), self._score(row))
            drawn = []
            for one, heat, place in zip(self.maps, self.heats, axes[1:], strict=True):
                full = full_colour(heat[row])
                place.set_axis_off()
                shown = overlay(one.inputs[row], heat[row], full)
                drawn.append(place.imshow(shown, interpolation=interpolation(shown)))
                _words(place, _name(one) if row == 0 else "", f"full at {full:.2g}")
            self.overlays_.append(drawn)
        words = ("against\nthe class", "0", "for the\nclass")
        self.bar_ = sign_bar(ax, [one for axes in grid for one in axes], words)
        settle(ax)

    def _score(self, row: int) -> str:
        first = self.maps[0]
        if first.score == "probability":
            return f"probability {first.scores[row]:.2f}"
        return f"{first.score.replace('_', ' ')} {first.scores[row]:.2f}".replace("-", "\u2212")

    def describe(self) -> str:
        """Return, for each image and method, where the map's weight lies, with its extremes."""
        told = []
        names = class_names(self.maps[0].targets)
        for row in range(self._n_rows):
            parts = [f"{_name(one)} {_where(heat[row])}" for one, heat in zip(self.maps, self.heats, strict=True)]
            told.append(f"Image {row + 1}, for class {names[row]} ({self._score(row)}): {'; '.join(parts)}.")
        return " ".join(told)


def _function(name: str) -> Callable[..., Attribution]:
    if name == "grad_cam":
        return grad_cam
    if name == "occlusion":
        return occlusion_map
    if name not in METHODS:
        raise ParameterError(f"method={name!r} cannot be used. {did_you_mean(str(name), _NAMES)}")

    def run(clf: Any, X: Any, target: Any, **choices: Any) -> Attribution:
        return saliency(clf, X, target, method=name, **choices)

    return run


def _name(one: Attribution) -> str:
    return _NAMES.get(one.method, one.method)


def _words(ax: Axes, above: str, below: str) -> None:
    ax.set_title(above, fontsize=9.5, color=INK, pad=14)
    ax.annotate(
        below, (0.5, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8.5,
        color=MUTED,
    )  # fmt: skip


def _where(heat: Any) -> str:
    """Say where the middle of a map's weight is, and how large its numbers get."""
    weight = np.abs(heat)
    if not weight.sum() > 0:
        return "zero everywhere"
    rows, columns = np.indices(heat.shape)
    down, across = (float((axis * weight).sum() / weight.sum()) for axis in (rows, columns))
    return (
        f"from {heat.min():.2g} to {heat.max():.2g}, centred on row {down + 1:.0f} of {heat.shape[0]}, column "
        f"{across + 1:.0f} of {heat.shape[1]}"
    )
