"""Rows, and what an autoencoder makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from strates._types import FloatArray
from strates.exceptions import ParameterError
from strates.inspection.image_shape import input_image_shape
from strates.inspection.network_inputs import input_names, network_inputs, split_pipeline


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """Rows beside their reconstructions.

    Attributes
    ----------
    originals, reconstructed : ndarray of shape (n_rows, n_features)
        As they reach the network, and as they leave it.
    errors : ndarray of shape (n_rows,)
        Mean over the features of the squared difference.
    feature_names : tuple of str
    image_shape : tuple (height, width) or (height, width, 3), or None
        Where a row is an image.
    """

    originals: FloatArray
    reconstructed: FloatArray
    errors: FloatArray
    feature_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None = None

    def spread_rows(self, n: int) -> NDArray[np.intp]:
        """Return the numbers of ``n`` rows (or all) from the smallest error to the largest, evenly between."""
        order = np.argsort(self.errors, kind="stable")
        places = np.linspace(0, len(order) - 1, min(n, len(order)))
        return order[np.rint(places).astype(np.intp)]

    def feature_errors(self) -> pd.DataFrame:
        """Return a row a feature, the largest error first.

        Returns
        -------
        DataFrame
            "feature"; "error", its mean squared error over the rows; "variance", which would be the error of answering
            the feature's mean whatever the row.
        """
        squares = np.square(self.originals.astype(np.float64) - self.reconstructed).mean(axis=0)
        spread = self.originals.astype(np.float64).var(axis=0)
        table = pd.DataFrame({"feature": list(self.feature_names), "error": squares, "variance": spread})
        return table.sort_values("error", ascending=False, kind="stable", ignore_index=True)


def reconstructions(autoencoder: Any, X: Any, *, image_shape: tuple[int, ...] | str | None = "auto") -> Reconstructions:
    """Send rows through an autoencoder.

    Parameters
    ----------
    autoencoder : fitted autoencoder or pipeline
        ``Autoencoder`` or ``StackedAutoencoder``, or a pipeline that ends in one.
    X : DataFrame, array or sparse matrix of n_rows rows
        As the pipeline takes them.
    image_shape : "auto", tuple of int or None, default="auto"
        Shape (height, width) or (height, width, n_channels) of rows that are images. "auto" takes a square when the
        columns have no names, or names of pixels, and are a square number, 64 at least.

    Returns
    -------
    Reconstructions

    Raises
    ------
    ParameterError
        It is no autoencoder, or ``image_shape`` does not fit.
    DataError
        X has no row.

    Examples
    --------
    >>> import numpy as np
    >>> from strates import Autoencoder
    >>> X = np.random.default_rng(0).normal(size=(50, 2)) @ [[1, 2, 0], [0, 0, 3]]
    >>> linear = Autoencoder((1,), activation="identity", solver="lbfgs", random_state=0).fit(X)
    >>> found = reconstructions(linear, X)
    >>> found.feature_errors()["feature"].tolist()  # one code keeps the third feature alone
    ['x1', 'x0', 'x2']
    """
    last = split_pipeline(autoencoder)[1]
    if not (hasattr(last, "reconstruct") and hasattr(last, "reconstruction_error")):
        raise ParameterError(
            f"{type(last).__name__} reconstructs nothing. Give a fitted strates.Autoencoder or "
            "strates.StackedAutoencoder, or a pipeline that ends in one."
        )
    rows, _ = network_inputs(autoencoder, X)
    originals = np.asarray(rows.toarray() if issparse(rows) else rows, np.float32)
    shape = input_image_shape(autoencoder, originals.shape[1], image_shape)
    return Reconstructions(
        originals,
        last.reconstruct(rows),
        last.reconstruction_error(rows),
        input_names(autoencoder, originals.shape[1]),
        shape,
    )
