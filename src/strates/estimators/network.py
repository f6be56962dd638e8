"""Any Keras network as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from strates.engine.architecture import Architecture, DenseArchitecture, ProblemKind
from strates.engine.backend import keras
from strates.engine.keras_architecture import (
    KerasArchitecture,
    as_probabilities,
    copy_of,
    is_functional,
    remember_maker,
    seeded_keras,
)
from strates.engine.made_network import NetworkMaker
from strates.engine.own_loss import check_on_rows, check_own_loss
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._inputs import check_X
from strates.exceptions import ParameterError


class NetworkClassifier(BaseNetworkClassifier):
    """A Keras network of your own, trained and seen through like every other classifier of strates.

    The objective is mean cross-entropy, or the mean of a ``loss`` of your own, plus the losses that the network's own
    layers add (regularizers), plus ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` over its kernels.

    Parameters
    ----------
    network : keras.Model, callable or None, default=None
        - a ``keras.Model``: every fit starts from a copy of it, weights included; the model itself is not changed;
        - a callable ``(input_shape, n_classes) -> keras.Model``: every fit builds it anew, its weights drawn by
          ``random_state``. ``input_shape`` is that of one row, such as ``(4,)``; ``n_classes`` counts the outputs
          needed, which is 1 for a binary problem;
        - None: one hidden layer of 64 rectified units.

        The network ends in logits (no last activation) or in probabilities (softmax; sigmoid for a binary or
        multilabel problem). It may be sequential, functional, or a subclass of ``keras.Model``, with layers of your
        own; what looks at single layers needs the first two. A class without ``get_config`` is fine where a function
        builds the network, which is then called again for each copy; of such a network a model file holds the weights,
        and :func:`strates.load` needs the function.
    loss : keras.losses.Loss, callable or None, default=None
        What to minimise instead of the cross-entropy: a Keras loss, or a function ``(y_true, y_pred)`` that returns one
        number for each row. It is given 0/1 targets of shape (n_rows, n_outputs) and probabilities of the same shape
        (Keras's sparse losses: class numbers), and the weights of rows multiply what it returns; a Loss's own reduction
        is not used. ``loss_curve_`` is its mean. What differentiates later (``loss_gradient``, gradient checks,
        attacks) and what evaluates still speaks of the cross-entropy. Not for "lbfgs", nor with label smoothing.
    solver : {"adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="adam"
        "lbfgs" needs a network without dropout and batch normalisation.
    alpha : float, default=0.0
        Strength of the penalty on the kernels.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1].
    max_norm : float, optional
        Largest norm of a unit's incoming weights.
    label_smoothing : float, default=0.0
        Share of a label's mass spread over all classes, in [0, 1).
    adversarial : strates.attacks.FGSM, BIM or PGD, default=None
        Learn from attacked rows; see :class:`MLPClassifier`.
    gradient_penalty : float, default=0.0
        Strength of the penalty on the loss's slope by the inputs; see :class:`MLPClassifier`.
    batch_size : int or "auto", default="auto"
        Rows of a training step, at most those there are; "auto" is 200.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="constant"
        See :class:`MLPClassifier`.
    learning_rate_init : float, default=1e-3
        The rate to start from. A Keras optimizer brings its own.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Epochs at most (iterations of "lbfgs").
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-4
        Improvement that counts.
    early_stopping : bool, default=False
        Set a part of the rows aside, stop when its score no longer improves, and keep the best epoch's weights.
    validation_fraction : float, default=0.1
        Share of the rows set aside, stratified by class.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label.
    warm_start : bool, default=False
        Go on from the present weights at the next ``fit``.
    random_state : int, RandomState or None, default=None
        An integer makes two fits equal bit for bit.
    verbose : bool, default=False
        Print each epoch's loss.

    Attributes
    ----------
    network_ : keras.Model
        The trained network, inputs to probabilities.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    history_ : DataFrame
        A row an epoch.
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
        One an epoch.
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept; epochs of the last fit.

    See Also
    --------
    MLPClassifier : When the network is a stack of dense layers; faster to set up.

    Examples
    --------
    >>> import keras
    >>> from strates import NetworkClassifier
    >>> from strates.datasets import moons
    >>> def build(input_shape, n_classes):
    ...     return keras.Sequential(
    ...         [
    ...             keras.Input(input_shape),
    ...             keras.layers.Dense(16, activation="tanh"),
    ...             keras.layers.Dense(n_classes),
    ...         ]
    ...     )
    >>> X, y = moons(n_samples=200, noise=0.1, random_state=0)
    >>> clf = NetworkClassifier(build, solver="lbfgs", random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.97
    True
    """

    def __init__(
        self,
        network: keras.Model | Callable[[tuple[int, ...], int], keras.Model] | None = None,
        *,
        loss: Any = None,
        solver: Any = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
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
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.network = network
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
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
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        # a network of one's own may take images or sequences; the default one takes flat rows
        return check_X(self, X, reset=reset, allow_nd=self.network is not None or self._takes_nd)

    @property
    def _takes_nd(self) -> bool:
        return "_weights" in self.__dict__ and len(self._architecture.input_shape) > 1

    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        if self.network is None and self.loss is None:
            return DenseArchitecture(int(np.prod(input_shape)), (64,), n_outputs, kind), kind
        given = isinstance(self.network, keras.Model) and self.network.built
        maker = NetworkMaker(self.network, input_shape, n_outputs, kind)  # type: ignore[arg-type]
        with seeded_keras(0):
            model = _made(self.network, maker)
        _check_fits(model, input_shape)
        model, own_kind = as_probabilities(model, input_shape, kind, n_outputs)
        if callable(self.network) and not isinstance(self.network, keras.Model):
            remember_maker(model, maker)
        if self.loss is not None:
            check_on_rows(self.loss, own_kind, int(model.output_shape[-1]) if is_functional(model) else n_outputs)
        return KerasArchitecture(model, input_shape, keep_weights=given, loss=self.loss), own_kind

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_own_loss("loss", self.loss)
        if self.loss is not None and isinstance(self.solver, str) and self.solver == "lbfgs":
            raise ParameterError(
                "solver='lbfgs' minimises the cross-entropy. With a loss of your own use 'adam' or 'sgd'."
            )
        if self.loss is not None and self.label_smoothing:
            raise ParameterError(
                f"label_smoothing={self.label_smoothing!r} belongs to the cross-entropy, and loss is another. Set it "
                "to 0; several of Keras's losses have a label_smoothing of their own."
            )


def _made(network: Any, maker: NetworkMaker) -> keras.Model:
    """Return a model with weights: a copy of the one given, or what a function builds."""
    if network is None:
        n_inputs = int(np.prod(maker.input_shape))
        return DenseArchitecture(n_inputs, (64,), maker.n_outputs, maker.kind).build()
    if isinstance(network, keras.Model):
        return _copy(network, maker.input_shape)
    if not callable(network):
        raise ParameterError(
            f"network={network!r} gives a {type(network).__name__}; expected a keras.Model, or a function "
            "(input_shape, n_classes) that returns one."
        )
    return maker.make()


def _check_fits(model: keras.Model, input_shape: tuple[int, ...]) -> None:
    if not is_functional(model):
        return
    shape = tuple(model.input_shape[1:])
    fits = len(shape) == len(input_shape)
    if not fits or any(n not in (None, m) for n, m in zip(shape, input_shape, strict=True)):
        raise ParameterError(
            f"The network takes rows of shape {shape}, but X has rows of shape {input_shape}. "
            f"Begin it with keras.Input({input_shape})."
        )


def _copy(network: keras.Model, input_shape: tuple[int, ...]) -> keras.Model:
    """Return a copy of a model that somebody else holds, built for rows of a shape; with its weights, if it has any."""
    if not network.built:
        model = type(network).from_config(network.get_config())
        model(keras.ops.zeros((1, *input_shape)))
        return model
    model = copy_of(network, input_shape)
    try:
        model.set_weights(network.get_weights())
    except ValueError as error:
        raise ParameterError(
            f"The network was built for rows of another shape than those of X, {input_shape} ({error})."
        ) from error
    return model
