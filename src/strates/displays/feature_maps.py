"""What the layers of a convolutional network make of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage

from strates.displays.display import Display
from strates.displays.overlay import draw_image
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import BLUE, INK, MUTED, label_text
from strates.displays.weights import SIGNS
from strates.exceptions import DataError, ParameterError
from strates.inspection.feature_maps import FeatureMaps, several_feature_maps
from strates.inspection.image_layers import image_layers
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import class_names

MAX_LAYERS = 8
_PANEL = 1.0  # inches
#: From white, for nothing, to blue.
_AMOUNTS = LinearSegmentedColormap.from_list("amounts", ["white", BLUE, "#001a2e"])


class FeatureMapsDisplay(Display):
    """An image, and below it, layer by layer, the channels that answer to it most strongly.

    White is zero. The darker, the larger; where a layer has negative numbers too, those are vermilion. Each layer has a
    scale of its own, which its bar tells, the same for all its channels.

    Parameters
    ----------
    layers : sequence of FeatureMaps
        What :func:`strates.inspection.feature_maps` returned for the same images. The first eight are drawn.
    image : int, default=0
        Which of the images.
    n_channels : int, default=8
        Channels shown of a layer, at most.

    Attributes
    ----------
    image_ : AxesImage
    maps_ : list of list of AxesImage
        For each layer, one a channel shown.
    channels_ : list of list of int
        Which they are, counted from 0.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 6), hidden_layer_sizes=(), max_iter=2, learning_rate="one_cycle", random_state=0)
    >>> display = FeatureMapsDisplay.from_estimator(clf.fit(X[:300], y[:300]), X[:1]).plot()
    >>> [layer.layer for layer in display.layers], [len(row) for row in display.maps_]
    (['conv_1', 'pool_1', 'conv_2', 'pool_2'], [4, 4, 6, 6])
    """

    title = "Feature maps"
    image_: AxesImage
    maps_: list[list[AxesImage]]
    channels_: list[list[int]]

    def __init__(self, layers: FeatureMaps | Sequence[FeatureMaps], *, image: int = 0, n_channels: int = 8) -> None:
        given = [layers] if isinstance(layers, FeatureMaps) else list(layers)
        if not given:
            raise ParameterError("There is no layer to draw; give what strates.inspection.feature_maps returns.")
        n = len(given[0].inputs)
        if not -n <= image < n or any(len(one.inputs) != n for one in given):
            raise DataError(f"image={image} does not exist: there are maps of {n} images, the same for all layers.")
        self.layers, self.image, self.n_channels = given[:MAX_LAYERS], image, n_channels

    @classmethod
    def from_estimator(
        cls,
        clf: Any,
        X: Any,
        *,
        layer: str | int | Sequence[str | int] | None = None,
        image: int = 0,
        n_channels: int = 8,
    ) -> Self:
        """Send images through a network.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : array of n_rows images
            In any form that the classifier takes.
        layer : str, int or sequence of these, optional
            Which layers; see :func:`strates.inspection.feature_maps`. All by default; of more than eight, eight from
            the first to the last.
        image, n_channels : int
            See :class:`FeatureMapsDisplay`.

        Returns
        -------
        FeatureMapsDisplay
            Not yet drawn.
        """
        if layer is None:
            names: Sequence[str | int] = image_layers(split_pipeline(clf)[1].network_) or [0]
            places = np.unique(np.linspace(0, len(names) - 1, min(len(names), MAX_LAYERS)).round().astype(int))
            names = [names[place] for place in places]
        else:
            names = [layer] if isinstance(layer, str | int) else list(layer)
        return cls(several_feature_maps(clf, X, names), image=image, n_channels=n_channels)

    def _channels(self, layer: FeatureMaps) -> list[int]:
        """Return the channels to show: the strongest for this image, in their order."""
        strength = layer.strengths[self.image]
        return sorted(np.argsort(-strength, kind="stable")[: self.n_channels].tolist())

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the layers and their channels."""
        columns = max(len(self._channels(layer)) for layer in self.layers)
        return max(3.0, _PANEL * columns + 1.0), 0.1 + sum(self._heights())

    def _heights(self) -> list[float]:
        """Return the inches of the image's row and of each layer's, which are lower for wide maps."""
        shapes = [layer.maps.shape[1:3] for layer in self.layers]
        return [1.65, *(_PANEL * min(1.0, max(rows / wide, 0.3)) + 0.42 for rows, wide in shapes)]

    def _draw(self, ax: Axes) -> None:
        columns = max(len(self._channels(layer)) for layer in self.layers)
        heights = self._heights()
        rows = side_by_side(ax, len(heights), 1, height_ratios=heights)
        self.image_ = draw_image(rows[0][0], self.layers[0].inputs[self.image])
        taken = class_names([self.layers[0].predicted[self.image]])[0]
        rows[0][0].set_title(f"taken for {label_text(taken)}", fontsize=9.5, color=INK, pad=4)
        self.maps_, self.channels_ = [], []
        for layer, (place,) in zip(self.layers, rows[1:], strict=True):
            shown = self._channels(layer)
            self.channels_.append(shown)
            self.maps_.append(self._draw_layer(place, layer, shown, columns))
        settle(ax)

    def _draw_layer(self, ax: Axes, layer: FeatureMaps, shown: list[int], columns: int) -> list[AxesImage]:
        values = layer.maps[self.image]
        largest = float(np.abs(values).max()) or 1.0
        signed = bool(values.min() < 0)
        places = side_by_side(ax, 1, columns)[0]
        drawn = []
        for place, channel in zip(places, shown, strict=False):
            low = -largest if signed else 0.0
            drawn.append(
                place.imshow(
                    values[..., channel],
                    cmap=SIGNS if signed else _AMOUNTS,
                    vmin=low,
                    vmax=largest,
                    interpolation="nearest",
                )
            )
            place.set_xticks([])
            place.set_yticks([])
            place.spines[:].set_visible(True)
            place.set_title(f"channel {channel}", fontsize=8, pad=2, color=MUTED)
        for place in places[len(shown) :]:
            place.set_axis_off()
        figure: Any = ax.get_figure(root=False)
        bar = figure.colorbar(drawn[-1], ax=places, fraction=0.03, pad=0.01, aspect=12)
        bar.set_ticks([-largest, 0, largest] if signed else [0, largest])
        bar.ax.set_yticklabels([f"{tick:.2g}".replace("-", "\u2212") for tick in bar.get_ticks()], fontsize=8)
        bar.outline.set_visible(False)
        rows, wide, n = values.shape
        kept = "" if len(shown) == n else f", {len(shown)} of them"
        name = label_text(layer.layer.rpartition("/")[2], 40)
        words = places[0].annotate(
            f"{name}: {n} channels of {rows} × {wide}{kept}", (0, 1), xycoords="axes fraction", xytext=(0, 14),
            textcoords="offset points", fontsize=9.5, color=INK,
        )  # fmt: skip
        words.set_in_layout(False)  # it would widen the first panel's column
        return drawn

    def describe(self) -> str:
        """Return, for each layer, its shape, how much of it is zero, and its strongest channel."""
        told = []
        for layer in self.layers:
            values = layer.maps[self.image]
            strength = layer.strengths[self.image]
            rows, columns, n = values.shape
            told.append(
                f"{layer.layer}, {n} channels of {rows} by {columns}, {(values == 0).mean():.0%} exactly 0, the "
                f"strongest channel {int(strength.argmax())} (mean {strength.max():.2g})"
            )
        taken = class_names([self.layers[0].predicted[self.image]])[0]
        return f"Feature maps of an image taken for {taken}: {'; '.join(told)}."
