"""The autoencoder that is trained one layer at a time."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.estimators._base_autoencoder import BaseAutoencoder
from strates.estimators._callbacks import FitTasks
from strates.estimators._gradient_fit import Validation
from strates.estimators._parameters import hidden_layer_sizes
from strates.estimators._stopping import Stopping
from strates.estimators.autoencoder import Autoencoder


class StackedAutoencoder(BaseAutoencoder):
    """An autoencoder trained greedily: each layer learns to reconstruct the codes of the layer below.

    The layers' autoencoders, d-64-d and then 64-16-64 by default, are put together to d-64-16-64-d, which
    ``fine_tune`` trains as a whole. Before rectifiers and better initial weights this was how deep networks were
    trained at all; it still serves where labelled rows are few and others many: see ``MLPClassifier(pretrained=...)``.

    Every layer but the last has one activation, the code too, so that the encoder is the beginning of a classifier.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(64, 16)
        Units of the encoder's layers; the last is the code.
    activation : str, default="relu"
        Of all layers but the last, and so of what the upper layers' autoencoders reconstruct.
    out_activation : str, default="identity"
        Of the last layer. "identity" can reconstruct any number; "logistic" is for features in [0, 1], and is trained
        by cross-entropy.
    fine_tune : bool, default=True
        Train all layers together once they are stacked.
    tied : bool, default=False
        Make each kernel of the decoder the transpose of the encoder's that it mirrors.
    denoising : float, default=0.0
        Corrupt what each layer reconstructs, and the rows in fine-tuning; see :class:`Autoencoder`.
    corruption : {"gaussian", "masking"}, default="gaussian"
        Add noise to every number, or set each to zero with probability ``denoising``.
    kernel_initializer : str or keras.initializers.Initializer, default="auto"
        See :class:`MLPClassifier`.
    solver : {"adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="adam"
        Of each layer, and of fine-tuning.
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
        Epochs at most for each layer, and as many for fine-tuning (iterations of "lbfgs").
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-5
        Improvement of the objective (of the validation error under early stopping) that counts.
    early_stopping : bool, default=False
        Set a part of the rows aside, stop when their error no longer falls, and keep the best epoch's weights.
    validation_fraction : float, default=0.1
        Share of the rows set aside.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    random_state : int, RandomState or None, default=None
        An integer makes two fits equal bit for bit.
    verbose : bool, default=False
        Print each epoch's loss.

    Attributes
    ----------
    autoencoders_ : list of Autoencoder
        One a layer, as it was before fine-tuning.
    network_ : keras.Model
        The trained network of plain layers, inputs to reconstruction; what corrupts the inputs is not in it.
    encoder_, decoder_ : keras.Model
        Its two parts.
    history_ : DataFrame
        A row an epoch of fine-tuning (none without it; the layers' own are in ``autoencoders_``); a score is minus a
        mean squared error.
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
        One an epoch of fine-tuning.
    loss_, best_loss_, best_validation_score_ : float
        Last and best objective of fine-tuning; best validation score (None without early stopping).
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept; epochs of fine-tuning.
    recording_ : Recording
        Frames of fine-tuning, after ``set_callbacks(Recorder())``.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    Autoencoder : All layers together from the start.

    References
    ----------
    Bengio et al. (2007), Greedy layer-wise training of deep networks, NIPS 19.
    Vincent et al. (2010), Stacked denoising autoencoders, Journal of Machine Learning Research 11.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from strates import StackedAutoencoder
    >>> X = scale(load_iris().data)
    >>> stacked = StackedAutoencoder((8, 2), activation="tanh", solver="lbfgs", tol=0.01, random_state=0).fit(X)
    >>> [one.hidden_layer_sizes for one in stacked.autoencoders_]
    [(8,), (2,)]
    >>> stacked.transform(X).shape, stacked.inverse_transform(stacked.transform(X)).shape
    ((150, 2), (150, 4))
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (64, 16),
        *,
        activation: str = "relu",
        out_activation: str = "identity",
        fine_tune: bool = True,
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
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.out_activation = out_activation
        self.fine_tune = fine_tune
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
        self.random_state = random_state
        self.verbose = verbose

    def _begin(
        self, rows: Any, weights: AnyArray, validation: Validation | None, *, seed: int, again: bool
    ) -> list[AnyArray]:
        """Train an autoencoder for each layer on the codes of the one below; return their weights, stacked."""
        self._start(seed, again)
        common = self.get_params(deep=False)
        # a rectified output whose sum is negative for all rows would never learn; what it gives of codes, which are
        # positive, is only nearer to them once it is rectified in the stack
        between = "identity" if self.activation == "relu" else self.activation
        for name in ("fine_tune", "hidden_layer_sizes"):
            del common[name]
        self.autoencoders_: list[Autoencoder] = []
        watched = None if validation is None else validation.X
        for i, units in enumerate(hidden_layer_sizes(self.hidden_layer_sizes)):
            one = Autoencoder((units,)).set_params(
                **{
                    **common,
                    "code_activation": self.activation,
                    "out_activation": between if i else self.out_activation,
                    "random_state": integer_seed(seed, f"layer {i + 1}"),
                }
            )
            one.fit(rows, sample_weight=weights, validation_data=watched)
            rows = one.transform(rows)
            watched = None if watched is None else one.transform(watched)
            self.autoencoders_.append(one)
        halves = [one._current_weights for one in self.autoencoders_]
        return [w for half in halves for w in half[:2]] + [w for half in halves[::-1] for w in half[2:]]

    def _learn(
        self,
        rows: Any,
        targets: AnyArray,
        weights: AnyArray,
        validation: Validation | None,
        start: list[AnyArray],
        *,
        seed: int,
        tasks: FitTasks,
        single: bool,
    ) -> Self:
        if self.fine_tune:
            return super()._learn(rows, targets, weights, validation, start, seed=seed, tasks=tasks, single=single)
        self._weights = start
        self._penalties(self._architecture, len(weights))
        self._tell([], 0, Stopping(False, self.tol, self.n_iter_no_change, best_loss=np.nan), False)
        tasks.close_recordings(0, 0, lambda: self)
        return self._finish(tasks)
