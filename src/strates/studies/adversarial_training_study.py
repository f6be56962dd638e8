"""What robustness costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from strates.attacks import PGD
from strates.estimators.mlp import MLPClassifier
from strates.exceptions import ParameterError
from strates.inspection.network_inputs import network_inputs
from strates.studies.paired_runs import paired_runs
from strates.studies.run import Run
from strates.studies.setting import Setting

#: Steps of the attacks that are learned from, and of the one that measures.
STEPS, JUDGE_STEPS = 7, 40


def adversarial_training_study(
    X: Any,
    y: Any,
    *,
    epsilons: Sequence[float] = (0.0, 0.05, 0.1, 0.2),
    attack: Any = None,
    judge: Any = None,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Train on attacked rows, with attacks of several sizes, and measure what is gained under attack and lost without.

    All networks are measured by the same attack. The price in clean accuracy, with its interval, is
    ``paired_differences(frame, {"epsilon": 0.0}, "test_accuracy")``.

    Parameters
    ----------
    X : array of n_rows rows
        Flat rows within the attack's bounds, [0, 1] by default; or what ``estimator`` takes.
    y : array-like of shape (n_rows,)
        Labels.
    epsilons : sequence of float, default=(0.0, 0.05, 0.1, 0.2)
        Radius of the attack that each network learns from, in units of the classifier's inputs; 0 for none.
    attack : FGSM, BIM or PGD of ``strates.attacks``, default=None
        What is learned from, with each epsilon in turn; ``PGD(steps=7)`` by default.
    judge : attack, default=None
        What measures. By default PGD of 40 steps with the largest epsilon, and the norm and bounds of ``attack``.
    estimator : classifier or pipeline, default=None
        With a parameter ``adversarial``; by default 64 units that learn for 30 epochs. In a pipeline, both attacks act
        on what reaches the classifier.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the column ``epsilon``. ``test_accuracy`` is that of clean rows;
        the measure ``robust_accuracy`` is the share of test rows that are right and stay so under the judge.

    Raises
    ------
    ParameterError
        An epsilon is negative, or no number.
    DataError
        X is out of the attack's bounds.

    References
    ----------
    Madry et al. (2018), Towards deep learning models resistant to adversarial attacks,
    https://arxiv.org/abs/1706.06083. Tsipras et al. (2019), Robustness may be at odds with accuracy,
    https://arxiv.org/abs/1805.12152.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> frame = adversarial_training_study(X / 16, y, epsilons=(0.0, 0.1), seeds=[0], train_size=600)
    >>> ordinary, trained = frame["robust_accuracy"]
    >>> trained > ordinary + 0.2
    True
    """
    for epsilon in epsilons:
        if not isinstance(epsilon, Real) or not 0 <= float(epsilon) < np.inf:
            raise ParameterError(
                f"epsilons={tuple(epsilons)!r} cannot be used: give numbers of at least 0, in the units of the inputs, "
                "such as (0.0, 0.1)."
            )
    given = PGD(steps=STEPS) if attack is None else attack
    largest = max(map(float, epsilons), default=0.0) or given.epsilon
    measured_by = judge
    if judge is None:
        measured_by = PGD(epsilon=largest, norm=given.norm, steps=JUDGE_STEPS, bounds=given.bounds)
    base = _default_estimator() if estimator is None else estimator
    settings = [
        Setting.from_parameters(
            base,
            {"adversarial": clone(given).set_params(epsilon=float(epsilon)) if epsilon else None},
            columns={"epsilon": float(epsilon)},
        )
        for epsilon in epsilons
    ]

    def robust_accuracy(run: Run) -> float:
        inputs, classifier = network_inputs(run.estimator, run.X_test)
        fresh = clone(measured_by)
        if fresh.get_params().get("random_state", 0) is None:
            fresh.set_params(random_state=run.seed)
        return float(fresh.perturb(classifier, inputs, run.y_test).robust_accuracy)

    return paired_runs(
        X, y, settings, estimator=base, seeds=seeds, test_size=test_size, train_size=train_size,
        measures={"robust_accuracy": robust_accuracy}, progress=progress,
    )  # fmt: skip


def _default_estimator() -> MLPClassifier:
    return MLPClassifier((64,), alpha=0.0, batch_size=64, learning_rate="cosine", learning_rate_init=0.01, max_iter=30)
