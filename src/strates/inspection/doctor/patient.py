"""A fitted classifier with its rows, and what the checks ask of them: each thing is computed once, when it is asked."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.exceptions import StratesError
from strates.inspection.doctor.answers import Answers, as_codes, ask
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.rivals import Rival, best_rival
from strates.inspection.doctor.update_ratios import AUTO_BATCH, NONE, UpdateRatios, first_update_ratios
from strates.inspection.intervals import wilson_interval
from strates.inspection.layer_groups import layer_groups
from strates.inspection.layer_signals import loss_blocks, measure_layers, numbers_of_a_row
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import sample_rows, take_rows

#: Rows that are predicted, at most: an accuracy is then known within one point. Fewer of images: so many numbers.
PREDICTED_ROWS, PREDICTED_NUMBERS = 10_000, 50_000_000
#: Rows that are sent through a network and back, at most: enough for shares of units and norms. Fewer where activations
#: are many: so many numbers in all; but not fewer than some rows, unless those have very many.
LAYER_ROWS, LAYER_NUMBERS, FEWEST_LAYER_ROWS = 500, 8_000_000, 32
VERY_MANY_NUMBERS, FEWEST_WIDE_ROWS = 128_000_000, 8
#: Rows from which simple classifiers learn, on which columns are tried alone, and with which first steps are made
#: again.
TRIED_ROWS = 2_000


class Patient:
    """What the doctor looks at.

    Parameters
    ----------
    clf : fitted classifier, pipeline or search
    X : array, DataFrame or sparse matrix of n_rows rows
        Those it learned from.
    y : ndarray of shape (n_rows,) or (n_rows, n_labels)
    X_test, y_test : the same, or None
        Held-out rows. Of very many, some are kept.

    Attributes
    ----------
    clf : fitted classifier, pipeline or search
        As given.
    expression : str
        What Python calls the estimator below: "clf", or "clf.best_estimator_" of a search.
    estimator : fitted classifier or pipeline
    steps : Pipeline or None
        What stands before the classifier.
    classifier : fitted classifier
    prefix : str
        Of the classifier's parameters among those of the estimator: "", or "classifier__" for a pipeline's last step.
    classes : ndarray of shape (n_classes,)
    found : dict of str to Remedy
        What was found so far, by its code, and the remedy: a check that comes later may name a cause.
    """

    def __init__(self, clf: Any, X: Any, y: AnyArray, X_test: Any = None, y_test: AnyArray | None = None) -> None:
        self.clf, self.X, self.y = clf, X, y
        self.X_test, self.y_test = X_test, y_test
        self.expression = "clf.best_estimator_" if hasattr(clf, "best_estimator_") else "clf"
        self.estimator = getattr(clf, "best_estimator_", clf)
        self.steps, self.classifier = split_pipeline(self.estimator)
        self.prefix = f"{self.estimator.steps[-1][0]}__" if hasattr(self.estimator, "steps") else ""
        self.classes = np.asarray(self.estimator.classes_)
        self.found: dict[str, Remedy] = {}
        self._n_predicted = min(PREDICTED_ROWS, max(1, PREDICTED_NUMBERS // math.prod(X.shape[1:])))
        if y_test is not None and len(y_test) > self._n_predicted:
            rows = np.sort(np.random.default_rng(0).permutation(len(y_test))[: self._n_predicted])
            self.X_test, self.y_test = take_rows(X_test, rows), y_test[rows]

    # -- what it is -----------------------------------------------------------------------------------

    @property
    def n_rows(self) -> int:
        """Rows that it learned from."""
        return len(self.y)

    @property
    def is_multilabel(self) -> bool:
        """Whether a row has several labels."""
        return self.y.ndim == 2 and self.y.shape[1] > 1

    @property
    def has_network(self) -> bool:
        """Whether the classifier is one of strates."""
        return hasattr(self.classifier, "network_")

    @property
    def learns_by_gradients(self) -> bool:
        """Whether it is a network whose loss can be differentiated, and that can begin anew."""
        return hasattr(self.classifier, "loss_gradient") and hasattr(self.classifier, "initialized")

    @property
    def learns_by_steps(self) -> bool:
        """Whether its solver has a learning rate."""
        steps = self.settings.get("solver") != "lbfgs" and hasattr(self.classifier, "partial_fit")
        return self.learns_by_gradients and steps

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The classifier's parameters."""
        return dict(self.classifier.get_params(deep=False))

    @property
    def learning_rate(self) -> float | None:
        """The rate that the fit began with; None of a solver without one, or with a schedule of its own."""
        if not self.learns_by_steps:
            return None
        solver = self.settings["solver"]
        if isinstance(solver, str):
            return float(self.settings["learning_rate_init"])
        rate = solver.get_config()["learning_rate"]
        return None if isinstance(rate, dict) else float(rate)

    @property
    def last_expression(self) -> str:
        """What Python calls the classifier."""
        return f"{self.expression}[-1]" if self.prefix else self.expression

    @property
    def column_names(self) -> list[Any]:
        """Names of the columns of X, or their numbers."""
        return list(self.X.columns) if hasattr(self.X, "columns") else list(range(self.X.shape[1]))

    # -- its rows -------------------------------------------------------------------------------------

    @cached_property
    def codes(self) -> AnyArray:
        """Index of each row's class; a matrix of labels as it is."""
        return as_codes(self.y, self.classes)

    def sample(self, size: int) -> NDArray[np.intp]:
        """Draw rows, each class among them; the same at each call.

        Parameters
        ----------
        size : int
            At most, but for one row a class.

        Returns
        -------
        ndarray of shape (n,)
            Numbers of rows, ascending.
        """
        return sample_rows(self.codes.argmax(axis=1) if self.is_multilabel else self.codes, size, 0)

    @cached_property
    def tried(self) -> NDArray[np.intp]:
        """Numbers of the rows behind ``inputs``."""
        return self.sample(TRIED_ROWS)

    @cached_property
    def inputs(self) -> Any:
        """Some rows as they reach the classifier."""
        rows = take_rows(self.X, self.tried)
        return rows if self.steps is None else self.steps.transform(rows)

    @property
    def labels(self) -> AnyArray:
        """Labels of ``inputs``."""
        return self.y[self.tried]

    @cached_property
    def shares(self) -> AnyArray:
        """Share of each class (of the rows with each label) among all rows."""
        if self.is_multilabel:
            return np.asarray(self.codes.mean(axis=0))
        return np.bincount(self.codes, minlength=len(self.classes)) / self.n_rows

    @cached_property
    def prior_loss(self) -> float:
        """Cross-entropy, in nats, of answering each class's share to every row: what a fit begins to gain from."""
        if self.settings.get("class_weight") is not None:
            return self.uniform_loss
        p = self.shares[(self.shares > 0) & (self.shares < 1)]
        told = -p * np.log(p) - ((1 - p) * np.log(1 - p) if self.is_multilabel else 0)
        return float(told.sum())

    @property
    def uniform_loss(self) -> float:
        """Cross-entropy of knowing nothing: ln C, or ln 2 a label."""
        return len(self.classes) * math.log(2) if self.is_multilabel else math.log(len(self.classes))

    # -- how it does ----------------------------------------------------------------------------------

    @cached_property
    def training(self) -> Answers:
        """Its answers to rows that it learned from."""
        rows = self.sample(self._n_predicted)
        return ask(self.estimator, take_rows(self.X, rows), self.y[rows], self.classes)

    @cached_property
    def held_out(self) -> Answers | None:
        """Its answers to ``X_test``; None without one."""
        if self.X_test is None or self.y_test is None:
            return None
        return ask(self.estimator, self.X_test, self.y_test, self.classes)

    @property
    def majority(self) -> float:
        """Accuracy of always giving the commonest answer."""
        if not self.is_multilabel:
            return float(self.shares.max())
        _, counts = np.unique(self.codes, axis=0, return_counts=True)
        return float(counts.max() / self.n_rows)

    @property
    def is_untaught(self) -> bool:
        """Whether it is not clearly better than the commonest answer, even on rows that it learned from."""
        return wilson_interval(self.training.n_correct, self.training.n_rows)[0] <= self.majority

    @cached_property
    def rival(self) -> Rival | None:
        """The better of two simple classifiers on ``inputs``; None where they cannot be had."""
        if self.is_multilabel or self.settings.get("class_weight") is not None:
            return None  # accuracy is not what was asked for
        return best_rival(self.inputs, self.codes[self.tried])

    @cached_property
    def rivalled(self) -> Answers:
        """Its own answers to the rows behind ``rival``, which it learned from."""
        return ask(self.classifier, self.inputs, self.labels, self.classes)

    @cached_property
    def row_losses(self) -> AnyArray:
        """Its cross-entropy on each row of ``inputs``, which have one label each."""
        told = np.asarray(self.classifier.predict_proba(self.inputs), np.float64)
        return np.asarray(-np.log(np.maximum(told[np.arange(len(told)), self.codes[self.tried]], 1e-12)))

    @cached_property
    def history(self) -> pd.DataFrame:
        """An epoch a row; empty where there is none."""
        history = getattr(self.classifier, "history_", None)
        return pd.DataFrame() if history is None else history

    @property
    def n_steps(self) -> int:
        """Updates of the weights that the fit made; 0 where that is not known."""
        size = self.settings.get("batch_size", 1)
        return len(self.history) * math.ceil(self.n_rows / (AUTO_BATCH if size == "auto" else size))

    # -- what passes through its layers ---------------------------------------------------------------

    @cached_property
    def initial(self) -> Any:
        """The classifier as its fit began."""
        return self.classifier.initialized(self.inputs)

    @cached_property
    def n_looked(self) -> int:
        """Rows with which the layers are looked at."""
        width = numbers_of_a_row(self.classifier.network_)
        affordable = max(FEWEST_LAYER_ROWS, LAYER_NUMBERS // width)
        at_all = max(FEWEST_WIDE_ROWS, VERY_MANY_NUMBERS // width)
        return min(LAYER_ROWS, affordable, at_all, len(self.tried))

    def _few(self) -> tuple[Any, AnyArray]:
        rows = np.linspace(0, len(self.tried) - 1, self.n_looked).astype(np.intp)
        return take_rows(self.inputs, rows), self.labels[rows]

    def _loss(self, clf: Any) -> float:
        """Return a network's mean cross-entropy on the few rows, with nothing dropped."""
        rows, labels = self._few()
        if self._has_frozen_layers:  # its batch normalisation has statistics of its own, and it may be a large one
            return _cross_entropy(np.asarray(clf.predict_proba(rows), np.float64), as_codes(labels, self.classes))
        # with the statistics of these rows, for batch normalisation knows no others before training
        blocks = loss_blocks(clf, rows, labels, penalty=False, training=True)
        return float(sum(share * found.loss for found, share in blocks))

    @cached_property
    def initial_loss(self) -> float:
        """Mean cross-entropy before any training."""
        return self._loss(self.initial)

    @cached_property
    def final_loss(self) -> float:
        """Mean cross-entropy of what it learned, on rows that it learned from."""
        return self._loss(self.classifier)

    @cached_property
    def _learning(self) -> list[bool]:
        """Whether each layer with weights learns: one that is frozen is as somebody else left it."""
        network = self.classifier.network_
        trained = {id(v) for v in network.trainable_variables}
        return [any(id(v) in trained for v in group.kernels) for group in layer_groups(network)]

    @property
    def _has_frozen_layers(self) -> bool:
        return not self._cannot_be_looked_into and not all(self._learning)

    @cached_property
    def _cannot_be_looked_into(self) -> bool:
        try:
            layer_groups(self.classifier.network_)
        except StratesError:
            return True
        return False

    @cached_property
    def no_layers(self) -> str:
        """The class of a network whose layers cannot be looked into; "" where they can."""
        if not self.learns_by_gradients:
            return type(self.classifier).__name__
        try:
            if self._cannot_be_looked_into or self._has_hidden_layers:
                self.at_end  # noqa: B018
        except StratesError:
            models = [self.classifier.network_]
            models += [layer for layer in models[0].layers if hasattr(layer, "layers")]
            return type(models[-1]).__name__
        return ""

    @property
    def _has_hidden_layers(self) -> bool:
        """Whether a layer below the output learns."""
        groups = layer_groups(self.classifier.network_)
        return any(
            learns and group.activation is not None for learns, group in zip(self._learning, groups, strict=True)
        )

    def _signals(self, clf: Any) -> pd.DataFrame:
        found = measure_layers(clf, *self._few(), penalty=False, training=True)
        table = pd.DataFrame([one.numbers() for one in found])
        hidden = [one.group.activation is not None for one in found]
        table["hidden"] = [a and b for a, b in zip(hidden, self._learning, strict=True)]
        return table.set_index("layer")

    @cached_property
    def at_start(self) -> pd.DataFrame:
        """A layer's numbers before training, as ``gradient_flow`` tells them, and whether it is hidden."""
        table = self._signals(self.initial)
        return table.set_index(self.at_end.index)  # a network that a function builds anew may have other names

    @cached_property
    def at_end(self) -> pd.DataFrame:
        """The same after training."""
        return self._signals(self.classifier)

    def hidden_layers(self, *, start: bool) -> pd.DataFrame | None:
        """Return the rows of ``at_start`` or ``at_end`` of hidden layers that learn; None where there are none."""
        if self.no_layers or not self._has_hidden_layers:
            return None
        try:
            table = self.at_start if start else self.at_end
        except StratesError:  # a network that cannot be built anew
            return None
        hidden = table[table["hidden"]]
        return hidden if len(hidden) else None

    @cached_property
    def update_ratios(self) -> UpdateRatios:
        """Size of an update over that of the weights, in the first steps; of no layer where it cannot be had."""
        if not self.learns_by_steps or self.no_layers:
            return NONE
        try:
            return first_update_ratios(self.classifier, self.inputs, self.labels)
        except StratesError:
            return NONE


def _cross_entropy(told: AnyArray, codes: AnyArray) -> float:
    """Return the mean over rows, in nats; of several labels a row, their sum."""
    if codes.ndim == 2:
        right = np.where(codes > 0, told, 1 - told)
    else:
        right = told[np.arange(len(told)), codes][:, None]
    return float(-np.log(np.maximum(right, 1e-12)).sum(axis=1).mean())
