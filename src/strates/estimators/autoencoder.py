"""The autoencoder."""

from __future__ import annotations

from typing import Any, Self

from sklearn.utils.metaestimators import available_if

from strates.estimators._base_autoencoder import BaseAutoencoder
from strates.estimators._network_learner import learns_by_steps
from strates.exceptions import ParameterError


class Autoencoder(BaseAutoencoder):
    """A network that learns to reconstruct its inputs through a narrow code: a transformer, without labels.

    The encoder has the layers of ``hidden_layer_sizes``, the decoder mirrors them: ``(32, 8)`` is d-32-8-32-d. The
    objective is the mean over rows and features of the squared error (of the cross-entropy, for logistic outputs),
    plus ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` over the weights; biases are free.

    With ``activation="identity"`` it finds the space of the first principal components, and PCA's error.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(32, 8)
        Units of the encoder's layers; the last is the code.
    activation : str, default="relu"
        Of the hidden layers but the code: a name that ``MLPClassifier`` knows.
    code_activation : str, default="identity"
        Of the code. A rectified code loses what is negative, and often some of its units altogether.
    out_activation : str, default="identity"
        Of the last layer. "identity" can reconstruct any number; "logistic" is for features in [0, 1], and is trained
        by cross-entropy.
    tied : bool, default=False
        Make each kernel of the decoder the transpose of the encoder's that it mirrors. The penalty counts it once.
    denoising : float, default=0.0
        Corrupt the rows at each training step, to be reconstructed as they were: the noise's standard deviation, in
        the features' units, or the share of features set to zero.
    corruption : {"gaussian", "masking"}, default="gaussian"
        Add noise to every feature, or set each to zero with probability ``denoising``.
    kernel_initializer : str or keras.initializers.Initializer, default="auto"
        See :class:`MLPClassifier`.
    solver : {"adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="adam"
        "lbfgs" takes all rows at once and computes in float64: for small problems, without denoising.
    alpha : float, default=0.0
        Strength of the penalty on the weights.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1].
    batch_size : int or "auto", default=32
        Rows of a training step, at most those there are; "auto" is 200, which takes less time for many rows.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="cosine"
        See :class:`MLPClassifier`. A rate that falls to zero comes near the optimum: a linear autoencoder reaches the
        error of principal components to 1 %, which a constant one misses by 3 to 10 % on the same rows. It runs for
        all of ``max_iter``.
    learning_rate_init : float, default=0.005
        The rate to start from. A Keras optimizer brings its own.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Epochs at most (iterations of "lbfgs").
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-5
        Improvement of the objective (of the validation error under early stopping) that counts; the gradient's
        largest entry at which "lbfgs" stops.
    early_stopping : bool, default=False
        Set a part of the rows aside, stop when their error no longer falls, and keep the best epoch's weights.
    validation_fraction : float, default=0.1
        Share of the rows set aside.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    warm_start : bool, default=False
        Go on from the present weights at the next ``fit``; otherwise every fit starts afresh.
    random_state : int, RandomState or None, default=None
        An integer makes two fits equal bit for bit.
    verbose : bool, default=False
        Print each epoch's loss.

    Attributes
    ----------
    network_ : keras.Model
        The trained network of plain layers, inputs to reconstruction; what corrupts the inputs is not in it.
    encoder_, decoder_ : keras.Model
        Its two parts.
    history_ : DataFrame
        A row an epoch; a score is minus a mean squared error.
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
        One an epoch; the validation ones are None without validation rows.
    loss_, best_loss_, best_validation_score_ : float
        Last and best objective; best validation score (None without early stopping).
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept; epochs of the last fit.
    recording_ : Recording
        Frames, after ``set_callbacks(Recorder())``.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    StackedAutoencoder : Trained one layer at a time.
    MLPClassifier : Its ``pretrained`` takes a fitted autoencoder to start from.

    References
    ----------
    Hinton & Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science 313.
    Vincent et al. (2008), Extracting and composing robust features with denoising autoencoders, ICML.
    Baldi & Hornik (1989), Neural networks and principal component analysis, Neural Networks 2: the linear case.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.preprocessing import scale
    >>> from strates import Autoencoder
    >>> X = scale(load_wine().data)
    >>> linear = Autoencoder((2,), activation="identity", solver="lbfgs", random_state=0).fit(X)
    >>> pca = PCA(2).fit(X)
    >>> error = ((X - pca.inverse_transform(pca.transform(X))) ** 2).mean()
    >>> round(float(linear.reconstruction_error(X).mean() / error), 2)
    1.0
    >>> linear.transform(X).shape
    (178, 2)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (32, 8),
        *,
        activation: str = "relu",
        code_activation: str = "identity",
        out_activation: str = "identity",
        tied: bool = False,
        denoising: float = 0.0,
        corruption: str = "gaussian",
        kernel_initializer: Any = "auto",
        solver: Any = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        batch_size: Any = 32,
        learning_rate: str = "cosine",
        learning_rate_init: float = 0.005,
        power_t: float = 0.5,
        max_iter: int = 200,
        max_fun: int = 15_000,
        shuffle: bool = True,
        tol: float = 1e-5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.out_activation = out_activation
        self.tied = tied
        self.denoising = denoising
        self.corruption = corruption
        self.kernel_initializer = kernel_initializer
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
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
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @available_if(learns_by_steps)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from some rows in one pass, going on from the present weights.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self : object
        """
        if self.early_stopping:
            raise ParameterError(
                "partial_fit does not support early_stopping=True: one pass leaves nothing to stop. "
                "Set early_stopping=False."
            )
        return self._fit(X, sample_weight, None, single=True)
