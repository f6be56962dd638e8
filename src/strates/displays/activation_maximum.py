"""Inputs that classes or channels answer to most strongly, side by side."""

from __future__ import annotations

from typing import Any, Self

from strates.displays.image_grid import ImageGridDisplay
from strates.displays.style import label_text
from strates.exceptions import DataError
from strates.inspection.activation_maximization import ActivationMaximum, maximize_activation
from strates.inspection.outcome import class_names


class ActivationMaximumDisplay(ImageGridDisplay):
    """What a network would most like to see: an image for each class or channel, climbed to from noise.

    Above each stands its class and what the network takes it for, or its channel and the mean activation.

    Parameters
    ----------
    maximum : ActivationMaximum
        What :func:`strates.inspection.maximize_activation` returned.
    classes : sequence
        The classifier's labels.
    image_shape : tuple (height, width) or (height, width, channels), optional
        Of a network that takes rows of pixels.

    Attributes
    ----------
    images_ : list of AxesImage

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=1.0).fit(X / 16, y)
    >>> display = ActivationMaximumDisplay.from_estimator(clf, [3, 8], bounds=(0, 1), image_shape=(8, 8))
    >>> len(display.plot().images_)
    2
    """

    def __init__(self, maximum: ActivationMaximum, classes: Any, *, image_shape: tuple[int, ...] | None = None) -> None:
        inputs = maximum.inputs if image_shape is None else maximum.inputs.reshape(len(maximum.inputs), *image_shape)
        if inputs.ndim < 3:
            raise DataError(
                f"The inputs have shape {inputs.shape}: rows of a table, or of pixels. Give image_shape for the latter."
            )
        self.maximum = maximum
        words = []
        for i, name in enumerate(class_names(maximum.targets)):
            if maximum.layer is None:
                row = maximum.probabilities[i]
                taken = class_names(classes)[int(row.argmax())]
                words.append(f"{label_text(name, 16)}\ntaken for {label_text(taken, 14)} {row.max():.0%}")
            else:
                words.append(f"channel {name}\nmean {maximum.scores[-1, i]:.2g}")
        of = "classes" if maximum.layer is None else f"channels of {maximum.layer}"
        super().__init__(inputs, words, n_columns=5, title=f"What {of} answer to most")

    @classmethod
    def from_estimator(
        cls, clf: Any, targets: Any = None, *, image_shape: tuple[int, ...] | None = None, **choices: Any
    ) -> Self:
        """Climb, for some classes or channels.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        targets : label, int, or array-like of them, optional
            See :func:`strates.inspection.maximize_activation`.
        image_shape : tuple (height, width) or (height, width, channels), optional
            Of a network that takes rows of pixels.
        **choices
            Of :func:`strates.inspection.maximize_activation`.

        Returns
        -------
        ActivationMaximumDisplay
            Not yet drawn.
        """
        return cls(maximize_activation(clf, targets, **choices), clf.classes_, image_shape=image_shape)
