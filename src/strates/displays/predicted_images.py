"""Images with what a classifier says of them."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

from strates._types import AnyArray
from strates.displays.image_grid import ImageGridDisplay
from strates.displays.style import label_text
from strates.exceptions import DataError, ParameterError
from strates.inspection.outcome import class_names, predict_outcome


class PredictedImagesDisplay(ImageGridDisplay):
    """Images with their class, and with what a classifier takes them for: its surest mistakes, or any images.

    Parameters
    ----------
    images, words, n_columns, title
        As for :class:`ImageGridDisplay`; :meth:`from_estimator` finds them.

    Attributes
    ----------
    images_ : list of AxesImage
        One an image.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X.reshape(-1, 8, 8)
    >>> clf = CNNClassifier((4,), learning_rate="one_cycle", max_iter=2, random_state=0).fit(X[:900], y[:900])
    >>> display = PredictedImagesDisplay.from_estimator(clf, X[900:], y[900:], n_images=6)
    >>> [words.count("taken for") for words in display.words]
    [1, 1, 1, 1, 1, 1]
    """

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any, *, kind: Literal["mistakes", "any"] = "mistakes", n_images: int = 12
    ) -> Self:
        """Ask a classifier about images.

        Parameters
        ----------
        clf : fitted classifier
            Such as :class:`strates.CNNClassifier`.
        X : ndarray of shape (n, height, width) or (n, height, width, channels)
        y : array-like of shape (n,)
            True labels.
        kind : {"mistakes", "any"}, default="mistakes"
            The surest mistakes first, or the first images as they come.
        n_images : int, default=12
            How many at most.

        Returns
        -------
        PredictedImagesDisplay
            Above each image stands its class, and the answer with its probability.

        Raises
        ------
        DataError
            There is no mistake to show.
        """
        if kind not in ("mistakes", "any"):
            raise ParameterError(f'kind={kind!r} is not known; it is "mistakes" or "any".')
        outcome = predict_outcome(clf, X, y)
        given = outcome.probability[np.arange(outcome.n_rows), outcome.predicted]
        chosen: AnyArray = np.arange(outcome.n_rows)
        if kind == "mistakes":
            wrong = np.flatnonzero(~outcome.correct)
            chosen = wrong[np.argsort(-given[wrong], kind="stable")]
            if not len(chosen):
                raise DataError(f"None of the {outcome.n_rows} images is predicted wrong: ask for kind='any'.")
        names = [label_text(name, 16) for name in class_names(outcome.classes)]
        words = [
            f"{names[outcome.truth[row]]}\n{'is' if outcome.correct[row] else 'taken for'} "
            f"{names[outcome.predicted[row]]} {given[row]:.0%}"
            for row in chosen[:n_images].tolist()
        ]
        title = "Surest mistakes" if kind == "mistakes" else "Images and answers"
        return cls(np.asarray(X)[chosen[:n_images]], words, title=title)
