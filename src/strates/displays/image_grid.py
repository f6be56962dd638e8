"""Images side by side, each with a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from strates.displays.display import Display
from strates.displays.panels import panels
from strates.displays.style import INK, label_text
from strates.exceptions import DataError
from strates.inspection.outcome import class_names

_WIDTH, _WORDS_HEIGHT = 1.25, 0.22  # inches: of a panel, and of a line above it


class ImageGridDisplay(Display):
    """Images side by side, each with a few words above it.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, channels)
        Bytes, or numbers whose range is stretched from black to white.
    words : sequence of str
        What stands above each; a line break is kept.
    n_columns : int, default=6
        How many side by side, at most.
    title : str, default="Images"
        What they are.

    Attributes
    ----------
    images_ : list of AxesImage
        One an image.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> display = ImageGridDisplay.from_images(X[:10].reshape(-1, 8, 8), y[:10]).plot()
    >>> len(display.images_), display.words[3]
    (10, '3')
    """

    images_: list[AxesImage]

    def __init__(self, images: Any, words: Sequence[str], *, n_columns: int = 6, title: str = "Images") -> None:
        pixels = np.asarray(images)
        if pixels.ndim not in (3, 4) or not len(pixels):
            raise DataError(
                f"The images have shape {pixels.shape}; expected (n, height, width) or (n, height, width, channels), "
                "with one image at least. Flat rows of pixels are to be reshaped."
            )
        if len(words) != len(pixels):
            raise DataError(f"There are {len(pixels)} images and {len(words)} words; give each image its own.")
        self.images, self.words, self.n_columns, self.title = pixels, list(words), n_columns, title

    @classmethod
    def from_images(cls, X: Any, y: Any, *, n_images: int = 24) -> Self:
        """Show some images of each class, as many of one as of another where there are enough.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels)
        y : array-like of shape (n,)
            Labels.
        n_images : int, default=24
            How many at most.

        Returns
        -------
        ImageGridDisplay
            Class by class, each in the order that it came.
        """
        labels = np.asarray(y)
        classes, codes = np.unique(labels, return_inverse=True)
        # the place of each image among those of its class: the first of all classes come before the second of any
        turn = np.zeros(len(codes), int)
        for code in range(len(classes)):
            turn[codes == code] = np.arange(int((codes == code).sum()))
        chosen = np.sort(np.argsort(turn, kind="stable")[:n_images])
        chosen = chosen[np.argsort(codes[chosen], kind="stable")]
        return cls(np.asarray(X)[chosen], [label_text(name) for name in class_names(labels[chosen])])

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the images."""
        columns = min(self.n_columns, len(self.images))
        lines = 1 + max(one.count("\n") for one in self.words)
        height, width = self.images.shape[1:3]
        rows = -(-len(self.images) // columns)
        return max(2.0, _WIDTH * columns), rows * (_WIDTH * height / width + _WORDS_HEIGHT * lines)

    def _draw(self, ax: Axes) -> None:
        self.images_ = []
        grey = self.images.ndim == 3 or self.images.shape[3] == 1
        pixels = self.images.reshape(self.images.shape[:3]) if grey else self.images
        if pixels.dtype == np.uint8:
            low, high = 0.0, 255.0
        else:
            low, high = float(pixels.min()), max(float(pixels.max()), float(pixels.min()) + 1e-12)
            pixels = pixels if grey else (pixels - low) / (high - low)
        for image, words, place in zip(
            pixels, self.words, panels(ax, len(pixels), min(self.n_columns, len(pixels))), strict=True
        ):
            self.images_.append(place.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest"))
            place.set_title(words, fontsize=8, color=INK, pad=3)
            place.set_axis_off()

    def describe(self) -> str:
        """Return the words above every image."""
        said = "; ".join(one.replace("\n", " ") for one in self.words)
        return f"{len(self.words)} image{'' if len(self.words) == 1 else 's'}: {said}."
