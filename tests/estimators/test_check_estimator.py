"""scikit-learn's judge of estimators."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from strates import (
    Autoencoder,
    CNNClassifier,
    LogisticRegression,
    MLPClassifier,
    NetworkClassifier,
    Perceptron,
    StackedAutoencoder,
    TransferClassifier,
)

#: Where random masks or a batch's statistics count rows, a row of weight 2 and the same row twice are two things.
COUNTS_ROWS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "masks and batch statistics are those of rows, not of weights"
    for kind in ("dense", "sparse")
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.filterwarnings("ignore:The classes are separated:strates.exceptions.StratesWarning"),
]


@parametrize_with_checks(
    [
        MLPClassifier(),
        NetworkClassifier(),
        CNNClassifier((4,), hidden_layer_sizes=(16,), max_iter=60, learning_rate_init=0.02),
        MLPClassifier((20,), solver="lbfgs", max_iter=60),
        MLPClassifier(
            (20,), alpha=1e-3, l1_ratio=0.5, max_norm=3.0, learning_rate="one_cycle", learning_rate_init=0.02
        ),
        LogisticRegression(),
        LogisticRegression(alpha=0.01, l1_ratio=0.5),
        LogisticRegression(solver="adam", learning_rate_init=0.05, max_iter=200),
        Perceptron(),
        Perceptron(average=True, max_iter=20),
        Autoencoder((8, 2), max_iter=20),
        Autoencoder((4,), activation="identity", tied=True, solver="lbfgs", max_iter=20),
        StackedAutoencoder((8, 2), max_iter=10),
    ]
)
def test_no_failure_is_expected(estimator: Any, check: Any) -> None:
    check(estimator)


@parametrize_with_checks(
    [MLPClassifier((50,), solver="sgd", learning_rate_init=0.1, dropout=0.2, batch_norm=True, max_iter=30)],
    expected_failed_checks=lambda estimator: COUNTS_ROWS,
)
def test_with_dropout_and_batch_normalisation(estimator: Any, check: Any) -> None:
    check(estimator)


def any_image() -> keras.Model:
    """Return a network of random filters that takes images of any size, and so rows of any width."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(64, 3, padding="same", activation="relu"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((None, None, 1)), *layers])


#: The check pickles the parameters before and after, and the pickle of a keras.Model tells that it has been called.
USED = {"check_estimators_overwrite_params": "the pickle of a keras.Model that was used is another"}


@parametrize_with_checks([TransferClassifier(any_image(), alpha=0.01)], expected_failed_checks=lambda estimator: USED)
def test_on_a_backbone(estimator: Any, check: Any) -> None:
    check(estimator)
