"""Transfer learning: a trained network's features for classes that it has never seen."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray, FloatArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.batches import as_rows
from strates.engine.epoch import Epoch
from strates.engine.few_rows import forward_few_rows, suits_few_rows
from strates.engine.predictor import predictor
from strates.engine.transfer_architecture import TransferArchitecture
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._callbacks import FitTasks
from strates.estimators._fine_tuning import FOLDS, TRIED_GROUPS, fine_tune
from strates.estimators._gradient_fit import Validation
from strates.estimators._parameters import Check
from strates.estimators._stopping import Stopping
from strates.estimators._training_rows import TrainingRows, split_off_validation
from strates.estimators._transfer_fit import LBFGS_ITERATIONS, Learning, Lift, fit_head, fit_scratch
from strates.estimators._transfer_network import find_transfer_source, make_architecture
from strates.estimators._transfer_parameters import CHECKS, check_parameters
from strates.estimators._transfer_rows import check_rows
from strates.exceptions import ParameterError


def _no_steps(_: Any) -> bool:
    raise AttributeError(
        "TransferClassifier has no partial_fit: its strategies are stages over all rows. Fit it on all of them."
    )


class TransferClassifier(BaseNetworkClassifier):
    """A classifier on what a network has learned elsewhere: its layers without the last, and a new head.

    Parameters
    ----------
    backbone : str, path-like, keras.Model or fitted classifier
        - the name of a network of ``keras.applications``, such as "MobileNetV2", with the preprocessing that it was
          trained with;
        - a ``keras.Model``, or the path of a ``.keras`` file: its weights are the start, it is not changed;
        - a fitted classifier of strates, or the path of a ``.strates`` file.

        A dense softmax or sigmoid layer at its end is left out; maps are averaged over their places.
    strategy : {"features", "fine_tune", "scratch"}, default="features"
        - "features": the backbone is frozen. It computes each row's features once, and a head learns from them;
        - "fine_tune": then the backbone's last groups of layers are unfrozen one after the other, and learn too;
        - "scratch": the same network from random weights, to see what was transferred.
    weights : str, path-like or None, default="imagenet"
        Of a named backbone: "imagenet" downloads them once, through Keras; a path is a file of them; None draws
        random ones. Of a ``keras.Model``, a path is loaded into a copy of it.
    layer : str, optional
        The layer of the backbone to cut after. The last ones are particular to what it was trained on.
    preprocessing : {"auto", "tf", "torch", "caffe", "none"}, default="auto"
        "auto" is the backbone's own where it is one of ``keras.applications``, whose pixels go from 0 to 255; any
        other gets rows as they are. It becomes a part of the network, which takes raw images.
    image_shape : tuple (height, width) or (height, width, channels), optional
        Of flat rows of pixels.
    image_size : int or tuple (height, width), optional
        Size that the network gives to images itself, around their centre, proportions kept. Without it they stay.
    scale : float or "auto", default="auto"
        What brings pixels to [0, 1], where there is a preprocessing; see :class:`CNNClassifier`.
    augmentation : str, keras.layers.Layer or sequence of these, optional
        Random changes of the images in fine-tuning and from scratch; see :class:`CNNClassifier`.
    hidden_layer_sizes : tuple of int, default=()
        Units of the head's hidden layers; none is a logistic regression on features.
    activation : str, default="relu"
        Of the head's hidden layers.
    kernel_initializer : str or keras.initializers.Initializer, default="auto"
        Of the head.
    dropout : float or tuple of float, default=0.0
        Share of the units of the head's hidden layers dropped at a training step.
    solver : {"auto", "adam", "sgd", "lbfgs"} or keras.optimizers.Optimizer, default="auto"
        "auto" is "lbfgs" for a head without hidden layers and without early stopping, "adam" for all else.
    alpha : float or "auto", default="auto"
        Strength of the penalty on the head's weights. "auto" is what predicts held-out rows best, by cross-validation
        on the features; with hidden layers it is that of :class:`LogisticRegression`. Fine-tuning has none; from
        scratch it is on all kernels, and "auto" is 1e-4.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1].
    label_smoothing : float, default=0.0
        Share of a label's mass spread over all classes, in [0, 1).
    batch_size : int or "auto", default="auto"
        Rows of a training step; "auto" is 200 for the head, 32 for all else.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="constant"
        How the rate of the head, or from scratch, goes on; see :class:`MLPClassifier`.
    learning_rate_init : float, default=1e-3
        That rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Epochs (iterations of "lbfgs") of the head, or from scratch, at most. Under ``solver="auto"`` the iterations of
        the head, which are short, may be ten times as many.
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    unfreeze : int, "all" or "auto", default="auto"
        How many groups of layers fine-tuning unfreezes at most, from the features down. A group of a network on images
        is what works at one resolution, of any other network a layer. "auto" tries none, one and two by
        cross-validation in three parts, and takes what predicts held-out rows best: fine-tuning that does not help
        there is not done, and "features" is what comes out. It takes about three times as long.
    fine_tune_max_iter : int, default=5
        Epochs after each unfreezing, at most.
    fine_tune_learning_rate : float, default=3e-5
        The head's rate in fine-tuning, at its peak: after each unfreezing it rises, then falls ("one_cycle"). Small
        networks on few rows may take a hundred times more.
    layer_decay : float, default=2.6
        How many times smaller the rate of a group is than that of the one above it.
    freeze_batch_norm : bool, default=True
        Keep the backbone's batch normalisation as it is, also in unfrozen groups: a small batch has no statistics to
        replace those of a large training.
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-4
        Improvement that counts; the gradient's largest entry at which "lbfgs" stops.
    early_stopping : bool, default=False
        Set a part of the rows aside, stop when its score no longer improves, and keep the best epoch's weights; an
        unfreezing that does not help is undone.
    validation_fraction : float, default=0.1
        Share of the rows set aside, stratified by class.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label.
    random_state : int, RandomState or None, default=None
        An integer makes two fits equal bit for bit.
    verbose : bool, default=False
        Print each epoch's loss.

    Attributes
    ----------
    network_ : keras.Model
        Raw rows to probabilities, preprocessing and backbone inside; its frozen layers are not trainable.
    n_unfrozen_ : int
        Groups of the backbone's layers that were unfrozen.
    unfreeze_scores_ : DataFrame
        What ``unfreeze="auto"`` found: ``accuracy`` and ``loss`` (cross-entropy, in nats) of held-out rows, by the
        number of groups that were unfrozen (``n_unfrozen``). Empty where none were tried.
    n_features_out_ : int
        Features that the backbone makes of a row.
    alpha_ : float
        Strength of the penalty, of the last stage.
    image_shape_ : tuple (height, width, channels) or None
        Of the images that it takes; None where rows are no images.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    history_ : DataFrame
        A row an epoch, of all stages.
    n_iter_ : int
        Epochs of all stages.
    n_features_in_ : int
        Numbers of a row.

    See Also
    --------
    CNNClassifier : When there are many images, and they are like no others.

    Notes
    -----
    Features are kept in memory by the content of each row (512 MB at most), so that a search over heads, its
    cross-validation included, sends each row through the backbone once.

    A ``keras.Model`` given as ``backbone`` is kept in model files as a part of the network only: a loaded classifier
    predicts, but to fit it anew, set ``backbone`` again.

    References
    ----------
    Yosinski, Clune, Bengio & Lipson (2014), How transferable are features in deep neural networks?
    https://arxiv.org/abs/1411.1792. Howard & Ruder (2018), Universal language model fine-tuning for text
    classification, https://arxiv.org/abs/1801.06146.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier, TransferClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> low = MLPClassifier((32,), batch_size=64, learning_rate="cosine", max_iter=20, random_state=0)
    >>> low = low.fit(X[y < 5] / 16, y[y < 5])
    >>> X, y = X[y >= 5] / 16, y[y >= 5]
    >>> clf = TransferClassifier(low, random_state=0).fit(X[:50], y[:50])
    >>> clf.score(X[50:], y[50:]) > 0.7, clf.transform(X).shape
    (True, (896, 32))
    """

    warm_start: ClassVar[bool] = False
    n_unfrozen_: int
    _unfreeze_scores: Sequence[tuple[float, float]] = ()
    image_shape_: Any
    _row_shape: tuple[Any, ...]
    _lift: Lift | None = None
    _CHECKS: ClassVar[dict[str, Check]] = {
        **BaseNetworkClassifier._CHECKS,
        **CHECKS,
    }

    def __init__(
        self,
        backbone: Any,
        *,
        strategy: str = "features",
        weights: Any = "imagenet",
        layer: str | None = None,
        preprocessing: str = "auto",
        image_shape: Any = None,
        image_size: Any = None,
        scale: float | str = "auto",
        augmentation: Any = None,
        hidden_layer_sizes: Any = (),
        activation: str = "relu",
        kernel_initializer: Any = "auto",
        dropout: Any = 0.0,
        solver: Any = "auto",
        alpha: float | str = "auto",
        l1_ratio: float = 0.0,
        label_smoothing: float = 0.0,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 200,
        max_fun: int = 15_000,
        unfreeze: Any = "auto",
        fine_tune_max_iter: int = 5,
        fine_tune_learning_rate: float = 3e-5,
        layer_decay: float = 2.6,
        freeze_batch_norm: bool = True,
        shuffle: bool = True,
        tol: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.backbone = backbone
        self.strategy = strategy
        self.weights = weights
        self.layer = layer
        self.preprocessing = preprocessing
        self.image_shape = image_shape
        self.image_size = image_size
        self.scale = scale
        self.augmentation = augmentation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.dropout = dropout
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.label_smoothing = label_smoothing
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.unfreeze = unfreeze
        self.fine_tune_max_iter = fine_tune_max_iter
        self.fine_tune_learning_rate = fine_tune_learning_rate
        self.layer_decay = layer_decay
        self.freeze_batch_norm = freeze_batch_norm
        self.shuffle = shuffle
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    # -- what is checked ------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        plain = copy.copy(self)
        plain.__dict__.pop("_lift", None)
        if isinstance(self.solver, str) and self.solver == "auto":
            plain.solver = "adam"
        super(TransferClassifier, plain)._check_parameters()
        check_parameters(self)

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        return check_rows(self, X, find_transfer_source(self) if reset else None)

    # -- the network ----------------------------------------------------------------------------------

    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        architecture = make_architecture(self, find_transfer_source(self), input_shape, n_outputs, kind)
        self.n_features_out_ = architecture.backbone.width
        self._hidden = architecture.hidden_layers
        return architecture, kind

    def _hidden_layers(self) -> list[str]:
        return list(self._hidden)

    @property
    def _most_epochs(self) -> int:
        head = int(self.max_iter)
        if isinstance(self.solver, str) and self.solver == "auto" and self.strategy != "scratch":
            head *= LBFGS_ITERATIONS
        if self.strategy != "fine_tune":
            return head
        if self.unfreeze == "auto":
            return int((FOLDS + 1) * (head + TRIED_GROUPS * self.fine_tune_max_iter))
        n_stages = 64 if self.unfreeze == "all" else int(self.unfreeze)  # how many there are is not known yet
        return int(head + n_stages * self.fine_tune_max_iter)

    # -- learning -------------------------------------------------------------------------------------

    @available_if(_no_steps)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Not available: the strategies are stages over all rows."""
        raise NotImplementedError

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
        if tasks.checkpoints and self.strategy == "fine_tune":
            raise ParameterError(
                "Checkpoint resumes a fit of one stage, and strategy='fine_tune' has several. Fit without it, or use "
                "strategy='features' with solver='adam'."
            )
        data = TrainingRows(as_rows(rows), targets, weights)
        if validation is None and self.early_stopping:
            data, validation = split_off_validation(data, self._strata(targets), self.validation_fraction, seed)
        learning = Learning(data, validation, seed, tasks)
        self._unfreeze_scores = ()
        if self.strategy == "scratch":
            fit_scratch(self, learning, start)
        elif self.strategy == "features":
            fit_head(self, learning)
        else:
            fine_tune(self, learning)
        architecture: TransferArchitecture = self._architecture  # type: ignore[assignment]
        scratch = self.strategy == "scratch"
        self.n_unfrozen_ = len(architecture.backbone.groups) if scratch else architecture.n_unfrozen
        self._optimizer_state = None  # of a stage: nothing goes on from it
        self.__dict__.pop("_lift", None)
        return self._finish(tasks)

    def _tell(self, epochs: list[Epoch], n_iter: int, stopping: Stopping, validated: bool) -> None:
        # called once for each set of weights that a stage hands over, its own or a frame's: those of the trained part
        # become those of the whole network
        lift = self._lift
        if lift is not None:
            self._weights, self._architecture = lift.whole_weights(self._weights), lift.architecture
        super()._tell(epochs, len(epochs), stopping, validated)

    @property
    def unfreeze_scores_(self) -> pd.DataFrame:
        """How held-out rows were predicted with no group unfrozen, with one, and so on."""
        check_is_fitted(self)
        frame = pd.DataFrame(list(self._unfreeze_scores), columns=["accuracy", "loss"], dtype=float)
        return frame.rename_axis("n_unfrozen").reset_index()

    # -- answering ------------------------------------------------------------------------------------

    def _outputs(self, rows: Any) -> FloatArray:
        architecture = self._architecture
        if not isinstance(architecture, TransferArchitecture) or "network" in self._cache:
            return super()._outputs(rows)
        if architecture.scratch or architecture.n_unfrozen:
            return super()._outputs(rows)
        head, features = architecture.head, architecture.backbone.outputs(as_rows(rows))
        weights = architecture.head_weights(self._weights)
        if suits_few_rows(head, len(features)):
            return forward_few_rows(head, weights, features)
        return predictor(head)(weights, features)

    # -- housekeeping ---------------------------------------------------------------------------------

    def __sklearn_clone__(self) -> Self:
        # the backbone is what was learned elsewhere: a clone without it would be another estimator
        bare = copy.copy(self)
        bare.backbone = None
        twin: Self = super(TransferClassifier, bare).__sklearn_clone__()
        twin.backbone = self.backbone
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_lift", None)
        for name in ("backbone", "weights"):
            if isinstance(state[name], Path):
                state[name] = os.fspath(state[name])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.pop("network", None)  # what a model file hands to estimators that have such a parameter

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        return tags
