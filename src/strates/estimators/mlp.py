"""The multi-layer perceptron."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray
from strates.engine.architecture import Architecture, DenseArchitecture, ProblemKind, keras_activation
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._parameters import Check, dropout_rates, hidden_layer_sizes, real
from strates.estimators._pretrained import pretrained_layers


def _check_alpha(name: str, value: Any) -> None:
    if value != "auto":
        BaseNetworkClassifier._CHECKS["alpha"](name, value)


class MLPClassifier(BaseNetworkClassifier):
    """Multi-layer perceptron: fully connected layers, trained by a compiled loop.

    The objective is the textbook's: mean cross-entropy over the sample, plus
    ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` over the weights; biases are free.
    (scikit-learn's MLPClassifier divides its ``alpha`` by the number of rows of a batch: its ``alpha`` is ours
    times the batch's size, 200 by default.) Binary problems end in one logistic unit, others in a softmax.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(100,)
        Units of each hidden layer; ``()`` for a linear classifier.
    activation : str, default="relu"
        "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus" or "softsign".
    kernel_initializer : str or keras.initializers.Initializer, default="auto"
        "auto" suits the activation (He for rectifiers, LeCun for "selu", Glorot otherwise). By name: "zeros",
        "normal(s)" with a standard deviation s, "lecun", "glorot", "he" (also with "_normal", "_uniform"),
        "orthogonal", "sparse(k)" with k incoming weights a unit from N(0, 1), or "sparse(k, s)" from N(0, s^2). Biases
        start at zero.
    pretrained : Autoencoder or StackedAutoencoder, default=None
        Fitted, with an encoder of the same sizes and activation on the same columns: the hidden layers start from it,
        the output layer is drawn as ever. ``clone``, and so cross-validation, keeps it fitted, as it is: what it has
        seen of the rows that are then tested it has seen without labels. In the grid of a search, wrap it in
        ``sklearn.frozen.FrozenEstimator``.
    solver : {"adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="adam"
        "lbfgs" takes all rows at once and computes in float64: for small problems. A Keras optimizer brings its
        own learning rate.
    alpha : float or "auto", default=1e-4
        Strength of the penalty on the weights; "auto" is ``0.1 * n_features / n_samples``, within [1e-4, 0.03].
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1]. L1 makes weights exactly zero.
    dropout : float or tuple of float, default=0.0
        Share of each hidden layer's units dropped at a training step: one number, or one a layer.
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise added to the inputs at each training step, in their units: about an L2
        penalty on the output's gradient (Bishop, 1995).
    batch_norm : bool, default=False
        Batch normalisation before each hidden activation.
    max_norm : float, optional
        Largest Euclidean norm of a unit's incoming weights, enforced after each step.
    label_smoothing : float, default=0.0
        Share of a label's mass spread over all classes, in [0, 1).
    adversarial : strates.attacks.FGSM, BIM or PGD, default=None
        Learn from attacked rows: each batch is replaced by what the attack finds against the weights of that moment,
        without dropout, noise and batch statistics (Madry et al., 2018). ``epsilon`` and ``bounds`` are in the units of
        X (in a pipeline, of what reaches this step), and rows out of bounds are refused: ``bounds=None`` suits columns
        without a range. All steps are taken, and random starts follow this ``random_state``. Losses and scores of the
        fit are then those of attacked rows, of validation rows too: early stopping goes by robust accuracy. Not with
        "lbfgs".
    gradient_penalty : float, default=0.0
        What multiplies the mean over rows of ``|d loss / d x|_2^2``, the squared slope of a row's loss by its inputs,
        in the objective and in ``loss_curve_``: double back-propagation, of the network as it predicts, at the rows
        that are learned from. Not with "lbfgs".
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
        The trained network, inputs to probabilities.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer (with ``batch_norm``, the normalisations' shifts for hidden layers).
    history_ : DataFrame
        A row an epoch.
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
        One an epoch; the validation ones are None without validation rows.
    loss_, best_loss_, best_validation_score_ : float
        Last and best objective; best validation score (None without early stopping).
    alpha_ : float
        Strength of the penalty that was used.
    best_epoch_ : int
        The epoch whose weights were kept, from 1 on.
    n_iter_ : int
        Epochs of the last fit.
    recording_ : Recording
        Frames, after ``set_callbacks(Recorder())``.
    n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_, t_
        As in scikit-learn.

    See Also
    --------
    NetworkClassifier : Any Keras network.
    strates.tabular_pipeline : Tables with missing values and categories.

    References
    ----------
    Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors, Nature 323.
    Bengio et al. (2007), Greedy layer-wise training of deep networks, NIPS 19: ``pretrained``.
    Bishop (1995), Training with noise is equivalent to Tikhonov regularization, Neural Computation 7.
    Kingma & Ba (2015), Adam, https://arxiv.org/abs/1412.6980.
    Madry et al. (2018), Towards deep learning models resistant to adversarial attacks,
    https://arxiv.org/abs/1706.06083: ``adversarial``.
    Drucker & LeCun (1992), Improving generalization performance using double backpropagation, IEEE TNN 3;
    Ross & Doshi-Velez (2018), https://arxiv.org/abs/1711.09404: ``gradient_penalty``.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=200, noise=0.1, random_state=0)
    >>> clf = MLPClassifier((16,), solver="lbfgs", max_iter=300, random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.97
    True
    >>> clf.predict_proba(X[:3]).shape
    (3, 2)
    """

    _architecture: DenseArchitecture
    _CHECKS: ClassVar[dict[str, Check]] = {
        **BaseNetworkClassifier._CHECKS,
        "alpha": _check_alpha,
        "input_noise": real(low=0, open_high=True),
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",  # positional, as in scikit-learn
        *,
        kernel_initializer: Any = "auto",
        pretrained: Any = None,
        solver: Any = "adam",
        alpha: float | str = 1e-4,
        l1_ratio: float = 0.0,
        dropout: Any = 0.0,
        input_noise: float = 0.0,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.pretrained = pretrained
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.input_noise = input_noise
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

    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        hidden = hidden_layer_sizes(self.hidden_layer_sizes)
        dense = DenseArchitecture(
            n_inputs=input_shape[0],
            hidden=hidden,
            n_outputs=n_outputs,
            kind=kind,
            activation=keras_activation(self.activation),
            dropout=dropout_rates(self.dropout, len(hidden)),
            batch_norm=bool(self.batch_norm),
            kernel_initializer=self.kernel_initializer,
            max_norm=self.max_norm,
            input_noise=float(self.input_noise),
        )
        return dense, kind

    def _initial_weights(self, seed: int) -> list[AnyArray]:
        drawn = super()._initial_weights(seed)
        if self.pretrained is None:
            return drawn
        return [*pretrained_layers(self.pretrained, self, self._architecture), *drawn[-2:]]

    def __sklearn_clone__(self) -> Self:
        """Copy the parameters; the autoencoder to start from stays the fitted one that it is."""
        twin: Self = super().__sklearn_clone__()
        twin.pretrained = self.pretrained
        return twin

    def _hidden_layers(self) -> list[str]:
        end = "activation" if self._architecture.batch_norm else "hidden"
        return [f"{end}_{i}" for i in range(1, len(self._architecture.hidden) + 1)]

    @property
    def coefs_(self) -> list[AnyArray]:
        """Weight matrices, one a layer, of shape (n_in, n_out)."""
        check_is_fitted(self)
        return [w for w in self._current_weights if w.ndim == 2]

    @property
    def intercepts_(self) -> list[AnyArray]:
        """Biases, one vector a layer; with ``batch_norm`` the shifts of the normalisations, but for the output."""
        check_is_fitted(self)
        vectors = [w for w in self._current_weights if w.ndim == 1]
        # after each kernel: (bias), or (gamma, beta, moving mean, moving variance)
        return [*vectors[1:-1:4], vectors[-1]] if self._architecture.batch_norm else vectors

    @property
    def n_layers_(self) -> int:
        """Layers, the input and the output among them."""
        check_is_fitted(self)
        return len(self._architecture.hidden) + 2
