"""Where a convolutional network finds what speaks for a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.engine.score_gradient import layer_gradient
from strates.exceptions import DataError
from strates.inspection.attribution import Attribution
from strates.inspection.enlarge import enlarge
from strates.inspection.explained_rows import check_score, explained_rows
from strates.inspection.image_layers import choose_image_layer, last_convolution


@dataclass(frozen=True, eq=False)
class GradCam(Attribution):
    """Gradient-weighted class activation maps.

    Attributes
    ----------
    maps : ndarray of shape (n_rows, height, width)
        At the size of the image, 0 or more.
    inputs, targets, scores, score, method, names
        See :class:`Attribution`.
    layer : str
        Whose feature maps they are made of.
    weights : ndarray of shape (n_rows, n_channels)
        How much each of its channels counts for the class.
    coarse : ndarray of shape (n_rows, rows, columns)
        The maps at the size of the layer.
    """

    layer: str = ""
    weights: FloatArray | None = None
    coarse: FloatArray | None = None


def grad_cam(
    clf: Any, X: Any, target: Any = None, *, layer: str | int | None = None, score: str = "logit", rectify: bool = True
) -> GradCam:
    r"""Return where the features stand that speak for a class.

    ::

        w_k = mean over all places of ∂S/∂A_k            L = max(0, Σ_k w_k A_k)

    for the feature maps A_k of a convolution and the score S of a class. The map is as coarse as the layer; it is
    enlarged to the image by linear interpolation.

    A channel has one weight for all places. Where dense layers follow that weigh a feature by where it stands, the mean
    may say little, up to an empty map; :func:`occlusion_map` then tells more. After global average pooling it is exact:
    the map's places add up to the logit, biases aside.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Whose network has a convolution.
    X : array of n_rows images
        In any form that the classifier takes.
    target : label or array-like of n_rows labels, optional
        The class whose score is meant; the predicted one by default.
    layer : str or int, optional
        The layer to look at: its name ("network/layer" within a nested network), or its number among those that make
        feature maps. By default the last convolution, with the normalisation and activation that follow it.
    score : {"logit", "probability"}, default="logit"
        S; see :func:`saliency`.
    rectify : bool, default=True
        Keep what speaks for the class only.

    Returns
    -------
    GradCam

    Raises
    ------
    ParameterError
        The network has no convolution, or no such layer.
    TargetError
        A label is not among the classes.

    See Also
    --------
    saliency : Pixel by pixel.

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via gradient-based localization, ICCV,
    https://arxiv.org/abs/1610.02391.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 8), hidden_layer_sizes=(), max_iter=2, learning_rate="one_cycle", random_state=0)
    >>> found = grad_cam(clf.fit(X[:300], y[:300]), X[:2])
    >>> found.layer, found.coarse.shape, found.maps.shape
    ('conv_2', (2, 4, 4), (2, 8, 8))
    """
    check_score(score)
    given = explained_rows(clf, X, target)
    if not given.is_image:
        raise DataError(
            f"Grad-CAM shows places of images, but rows of shape {given.rows.shape[1:]} reach the network. Take "
            "saliency."
        )
    name = last_convolution(given.network) if layer is None else choose_image_layer(given.network, layer)
    scores, activations, slopes = layer_gradient(given.network, given.rows, name, given.codes, of=score)
    weights = slopes.astype(np.float64).mean(axis=(1, 2))
    coarse = np.einsum("nhwk,nk->nhw", activations, weights)
    if rectify:
        coarse = np.maximum(coarse, 0.0)
    maps = enlarge(coarse, *given.rows.shape[1:3])
    return GradCam(maps, given.rows, given.labels, scores, score, "grad_cam", (), name, weights, coarse)
