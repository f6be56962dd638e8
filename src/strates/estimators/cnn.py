"""Convolutional networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

from strates._types import AnyArray
from strates.engine.architecture import Architecture, ProblemKind, keras_activation
from strates.engine.conv_architecture import ConvArchitecture, augmentation_configs
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._images import (
    Shape,
    as_images,
    automatic_scale,
    check_image_shape,
    check_pixels,
    guess_image_shape,
    warn_of_channels_first,
    warn_of_other_scale,
)
from strates.estimators._parameters import Check, dropout_rates, hidden_layer_sizes, one_of
from strates.exceptions import DataError, ParameterError


def _pair(name: str, value: Any) -> tuple[int, int]:
    """Return a number of pixels, or two (down, across), as two."""
    sizes = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(sizes) != 2 or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes):
        raise ParameterError(f"{name}={value!r} cannot be used: it is a positive integer, or two: (down, across).")
    return int(sizes[0]), int(sizes[1])


def _check_pair(name: str, value: Any) -> None:
    _pair(name, value)


def _channels(value: Any) -> tuple[int, ...]:
    sizes = tuple(value) if isinstance(value, Sequence) else (value,)
    if not sizes or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes):
        raise ParameterError(
            f"filters={value!r} cannot be used: give the channels of each block, one or more positive integers, such "
            "as (32, 64). A network without convolutions is MLPClassifier."
        )
    return tuple(int(n) for n in sizes)


def _check_filters(_: str, value: Any) -> None:
    _channels(value)


def _check_image_shape(_: str, value: Any) -> None:
    check_image_shape(value)


class CNNClassifier(BaseNetworkClassifier):
    """Convolutional network for images: blocks of convolution and max-pooling, then dense layers.

    Rows are images of shape (n, height, width) or (n, height, width, channels), or flat rows of pixels. They stay as
    they come, bytes as bytes: the network scales them itself, so that one file of the model takes raw images.

    Parameters
    ----------
    filters : tuple of int, default=(32, 64)
        Channels of each block: convolution, activation, max-pooling.
    kernel_size : int or tuple of two int, default=3
        Pixels that a convolution sees, down and across.
    pool_size : int or tuple of two int, default=2
        Pixels of which max-pooling keeps the largest; 1 leaves pooling out.
    padding : {"same", "valid"}, default="same"
        "same" goes to the edges, with zeros beyond them; "valid" stays inside, and shrinks the image.
    hidden_layer_sizes : tuple of int, default=(128,)
        Units of the dense layers after the blocks; ``()`` for none.
    flatten : bool, default=True
        Whether the dense layers see every place of the last block; if not, the mean of each channel (global average
        pooling), which has far fewer weights.
    image_shape : tuple (height, width) or (height, width, channels), optional
        Of flat rows. Without it, rows of a square number of pixels are square grey images, others a single line.
    scale : float or "auto", default="auto"
        What pixels are multiplied by, inside the network. "auto" is 1/255 for bytes; numbers from 0 on are taken for
        pixels of a scale to 1, 16, 255 or 65,535, the first that holds them; others are left as they are.
    augmentation : str, keras.layers.Layer or sequence of these, optional
        Random changes of the images at each training step: "flip" (left and right), "rotation", "translation", "zoom",
        "contrast", or Keras layers such as ``keras.layers.RandomRotation(0.1)``.
    activation : str, default="relu"
        Of convolutions and dense layers; see :class:`MLPClassifier`.
    kernel_initializer : str or keras.initializers.Initializer, default="auto"
        See :class:`MLPClassifier`.
    solver : {"adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="adam"
        "lbfgs" needs a network without dropout, batch normalisation and augmentation.
    alpha : float, default=1e-4
        Strength of the penalty on the weights.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1].
    dropout : float or tuple of float, default=0.0
        Share of each dense layer's units dropped at a training step: one number, or one a layer.
    batch_norm : bool, default=False
        Batch normalisation before each activation.
    max_norm : float, optional
        Largest Euclidean norm of a unit's incoming weights, enforced after each step.
    label_smoothing : float, default=0.0
        Share of a label's mass spread over all classes, in [0, 1).
    adversarial : strates.attacks.FGSM, BIM or PGD, default=None
        Learn from attacked images; see :class:`MLPClassifier`. ``epsilon`` and ``bounds`` are in the units of X,
        whatever the network scales them by: ``PGD(epsilon=8, bounds=(0, 255))`` for bytes. Augmentation follows.
    gradient_penalty : float, default=0.0
        Strength of the penalty on the loss's slope by the inputs, in their units; see :class:`MLPClassifier`.
    batch_size : int or "auto", default="auto"
        Rows of a training step, at most those there are; "auto" is 200.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="constant"
        How the rate goes on from ``learning_rate_init``, for every gradient solver (scikit-learn: "sgd" only).
        "invscaling" divides by ``t**power_t``, t being the rows seen; "adaptive" divides by 5 when training stalls;
        "cosine" falls to zero over ``max_iter`` epochs; "one_cycle" rises, then falls. These two run to ``max_iter``:
        only early stopping ends them before.
    learning_rate_init : float, default=1e-3
        The rate to start from; the peak of "one_cycle".
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Epochs at most (iterations of "lbfgs").
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-4
        Improvement of the objective (of the validation score under early stopping) that counts; the gradient's
        largest entry at which "lbfgs" stops.
    early_stopping : bool, default=False
        Set a part of the rows aside, stop when its score no longer improves, and keep the best epoch's weights.
    validation_fraction : float, default=0.1
        Share of the rows set aside, stratified by class.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" gives every class the same total.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Of "sgd".
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam".
    warm_start : bool, default=False
        Go on from the present weights at the next ``fit``.
    random_state : int, RandomState or None, default=None
        An integer makes two fits equal bit for bit. Weights, order, dropout and validation split have streams of
        their own.
    verbose : bool, default=False
        Print each epoch's loss.

    Attributes
    ----------
    network_ : keras.Model
        The trained network, images to probabilities.
    image_shape_ : tuple (height, width, channels)
        Of the images that it takes.
    scale_ : float
        What pixels are multiplied by.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    history_ : DataFrame
        A row an epoch.
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
        One an epoch; the validation ones are None without validation rows.
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept; epochs of the last fit.
    n_features_in_ : int
        Numbers of an image.

    See Also
    --------
    MLPClassifier : When columns are not pixels: their order then means nothing.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier(
    ...     (8, 16),
    ...     hidden_layer_sizes=(32,),
    ...     batch_size=64,
    ...     learning_rate="one_cycle",
    ...     learning_rate_init=0.005,
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X[:1500], y[:1500])
    >>> clf.image_shape_, round(1 / clf.scale_)
    ((8, 8, 1), 16)
    >>> clf.score(X[1500:], y[1500:]) > 0.85
    True
    """

    _architecture: ConvArchitecture
    _CHECKS: ClassVar[dict[str, Check]] = {
        **BaseNetworkClassifier._CHECKS,
        "filters": _check_filters,
        "kernel_size": _check_pair,
        "pool_size": _check_pair,
        "padding": one_of(("same", "valid")),
        "flatten": BaseNetworkClassifier._CHECKS["batch_norm"],
        "image_shape": _check_image_shape,
    }

    def __init__(
        self,
        filters: Any = (32, 64),
        *,
        kernel_size: Any = 3,
        pool_size: Any = 2,
        padding: str = "same",
        hidden_layer_sizes: Any = (128,),
        flatten: bool = True,
        image_shape: Any = None,
        scale: float | str = "auto",
        augmentation: Any = None,
        activation: str = "relu",
        kernel_initializer: Any = "auto",
        solver: Any = "adam",
        alpha: float = 1e-4,
        l1_ratio: float = 0.0,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        max_norm: float | None = None,
        label_smoothing: float = 0.0,
        adversarial: Any = None,
        gradient_penalty: float = 0.0,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 200,
        max_fun: int = 15_000,
        shuffle: bool = True,
        tol: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        class_weight: Any = None,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.padding = padding
        self.hidden_layer_sizes = hidden_layer_sizes
        self.flatten = flatten
        self.image_shape = image_shape
        self.scale = scale
        self.augmentation = augmentation
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.max_norm = max_norm
        self.label_smoothing = label_smoothing
        self.adversarial = adversarial
        self.gradient_penalty = gradient_penalty
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        pixels = check_pixels(X)
        given = check_image_shape(self.image_shape)
        if reset:
            self.image_shape_ = given or (guess_image_shape(pixels.shape[1]) if pixels.ndim == 2 else _shape_of(pixels))
            self.scale_ = automatic_scale(pixels) if isinstance(self.scale, str) else float(self.scale)
            if given is None and pixels.ndim == 4:
                warn_of_channels_first(self.image_shape_)
        elif isinstance(self.scale, str):
            warn_of_other_scale(pixels, self.scale_)
        one_image = pixels.shape == self.image_shape_[:2] and not reset
        if pixels.ndim == 2 and not one_image:  # flat rows: scikit-learn's own checks of width and names
            super()._check_X(X, reset=reset)
        self.n_features_in_ = math.prod(self.image_shape_)
        return as_images(pixels, self.image_shape_)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        number = isinstance(self.scale, Real) and not isinstance(self.scale, bool)
        if self.scale != "auto" and not (number and 0 < float(self.scale) < math.inf):
            raise ParameterError(
                f'scale={self.scale!r} cannot be used: it is a positive number, such as 1/255, or "auto".'
            )
        augmentation_configs(self.augmentation)

    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        hidden = hidden_layer_sizes(self.hidden_layer_sizes)
        architecture = ConvArchitecture(
            input_shape=input_shape,
            filters=_channels(self.filters),
            kernel_size=_pair("kernel_size", self.kernel_size),
            pool_size=_pair("pool_size", self.pool_size),
            padding=self.padding,
            hidden=hidden,
            n_outputs=n_outputs,
            kind=kind,
            scale=self.scale_,
            activation=keras_activation(self.activation),
            flatten=bool(self.flatten),
            dropout=dropout_rates(self.dropout, len(hidden)),
            batch_norm=bool(self.batch_norm),
            augmentation=augmentation_configs(self.augmentation),
            kernel_initializer=self.kernel_initializer,
            max_norm=self.max_norm,
        )
        rows, columns = architecture.smallest_image()
        if input_shape[0] < rows or input_shape[1] < columns:
            n = len(architecture.filters)
            blocks = f'{n} block{"s" * (n > 1)} with padding="valid" need{"s" * (n == 1)}'
            raise DataError(
                f"The images are {input_shape[0]} x {input_shape[1]} pixels, but {blocks} at least {rows} x {columns}. "
                'Give larger images, fewer filters, or padding="same".'
            )
        return architecture, kind

    def _hidden_layers(self) -> list[str]:
        a = self._architecture
        end = "_activation" if a.batch_norm else ""
        blocks = "pool_{}" if max(a.pool_size) > 1 else f"conv_{{}}{end}"
        names = [blocks.format(i) for i in range(1, len(a.filters) + 1)]
        names.append("flatten" if a.flatten else "average")
        return [*names, *(f"hidden_{i}{end}" for i in range(1, len(a.hidden) + 1))]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        return tags


def _shape_of(images: AnyArray) -> Shape:
    """Return the shape of one image of an array of them."""
    if images.ndim not in (3, 4):
        raise DataError(
            f"X has shape {images.shape}; expected images, (n, height, width) or (n, height, width, channels), or flat "
            "rows of pixels, (n, n_pixels)."
        )
    height, width, channels = (*images.shape[1:], 1)[:3]
    return int(height), int(width), int(channels)
