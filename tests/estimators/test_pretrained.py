"""Classifiers that start from an autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from strates import Autoencoder, MLPClassifier, StackedAutoencoder, load, save
from strates.exceptions import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def stacked(digits: Any) -> StackedAutoencoder:
    """An encoder 64-8-4."""
    return StackedAutoencoder((8, 4), activation="tanh", max_iter=10, random_state=0).fit(digits[3][0])


def make(pretrained: Any, **settings: Any) -> MLPClassifier:
    defaults = {"activation": "tanh", "max_iter": 5, "random_state": 0, "learning_rate_init": 0.01}
    return MLPClassifier(settings.pop("sizes", (8, 4)), pretrained=pretrained, **{**defaults, **settings})


def hidden(auto: Any) -> list[Any]:
    found: list[Any] = auto.network_.get_weights()[:4]
    return found


class TestStart:
    def test_is_the_encoder(self, stacked: StackedAutoencoder, digits: Any) -> None:
        X, y = digits[3]
        clf = make(stacked).initialized(X, y)
        np.testing.assert_allclose(clf.transform(X), stacked.transform(X), atol=1e-6)
        drawn = make(None).initialized(X, y).network_.get_weights()
        ours = clf.network_.get_weights()
        for a, b in zip(ours[:4], hidden(stacked), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(ours[4:], drawn[4:], strict=True):  # the output layer is the same draw
            np.testing.assert_array_equal(a, b)
        assert np.abs(ours[0] - drawn[0]).max() > 0.01

    def test_a_fit_goes_on_from_it_and_leaves_it_alone(self, stacked: StackedAutoencoder, digits: Any) -> None:
        X, y = digits[3]
        before = stacked.transform(X)
        clf = make(stacked, solver="sgd", learning_rate_init=1e-6, max_iter=1).fit(X, y)
        np.testing.assert_allclose(clf.coefs_[0], hidden(stacked)[0], atol=1e-5)
        learned = make(stacked, max_iter=30).fit(X, y)
        assert np.abs(learned.coefs_[0] - hidden(stacked)[0]).max() > 0.01
        np.testing.assert_array_equal(stacked.transform(X), before)
        again = make(stacked, max_iter=30).fit(X, y)
        np.testing.assert_array_equal(again.coefs_[0], learned.coefs_[0])

    def test_weights_set_in_its_network_count(self, digits: Any) -> None:
        X, y = digits[3]
        auto = Autoencoder((4,), code_activation="relu", max_iter=1).fit(X)
        auto.network_.set_weights([w * 0 + 0.5 for w in auto.network_.get_weights()])
        clf = make(auto, sizes=(4,), activation="relu").initialized(X, y)
        np.testing.assert_array_equal(clf.coefs_[0], np.full((64, 4), 0.5))

    def test_without_it_nothing_changes(self, digits: Any) -> None:
        X, y = digits[3]
        one, two = make(None).fit(X, y), MLPClassifier((8, 4), "tanh", max_iter=5, random_state=0)
        two.set_params(learning_rate_init=0.01).fit(X, y)
        np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


class TestCopies:
    def test_clones_keep_the_fitted_one(self, stacked: StackedAutoencoder, digits: Any) -> None:
        clf = make(stacked)
        assert clone(clf).pretrained is stacked
        pipeline = clone(make_pipeline(FunctionTransformer(), clf))
        assert pipeline[-1].pretrained is stacked
        assert not hasattr(clone(clf.fit(*digits[3])), "classes_")

    def test_cross_validation_starts_every_fold_from_it(self, stacked: StackedAutoencoder, digits: Any) -> None:
        X, y = digits[3]
        folds = StratifiedKFold(3)
        found = cross_val_score(make(stacked), X, y, cv=folds)
        by_hand = [make(stacked).fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds.split(X, y)]
        np.testing.assert_allclose(found, by_hand)
        random = cross_val_score(make(None), X, y, cv=folds)
        assert not np.allclose(found, random)

    def test_a_search_tries_with_and_without(self, stacked: StackedAutoencoder, digits: Any) -> None:
        X, y = digits[3]
        grid = {"pretrained": [None, FrozenEstimator(stacked)]}
        search = GridSearchCV(make(None), grid, cv=StratifiedKFold(3), refit=False).fit(X, y)
        expected = [cross_val_score(make(one), X, y, cv=StratifiedKFold(3)).mean() for one in (None, stacked)]
        np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
    def test_a_search_over_one_that_clones_unfit_says_how_to_wrap_it(self, stacked: Any, digits: Any) -> None:
        search = GridSearchCV(make(None), {"pretrained": [stacked]}, cv=3, error_score="raise")
        with pytest.raises(
            ParameterError, match=r"that is not fitted\. .* wrap it in sklearn\.frozen\.FrozenEstimator"
        ):
            search.fit(*digits[3])

    def test_it_is_saved_with_the_classifier(self, stacked: Any, digits: Any, tmp_path: Path) -> None:
        X, y = digits[3]
        for pretrained in (stacked, FrozenEstimator(stacked)):
            clf = make(pretrained).fit(X, y)
            twin = load(save(clf, tmp_path / "clf"))
            np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
            np.testing.assert_array_equal(twin.fit(X, y).predict_proba(X), clf.predict_proba(X))

    def test_its_parameters_are_seen(self, stacked: StackedAutoencoder) -> None:
        found = make(stacked).get_params()
        assert found["pretrained"] is stacked
        assert found["pretrained__max_iter"] == 10


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"sizes": (8, 5)}, r"an encoder of sizes \(8, 4\), but hidden_layer_sizes=\(8, 5\)\. Pass hidden_layer"),
            ({"activation": "relu"}, r"other activations \(encoder_1: tanh, encoder_2: tanh\) than activation='relu'"),
            ({"batch_norm": True}, r"each hidden layer a bias, and batch_norm=True has none\. Set batch_norm=False"),
        ],
        ids=str,
    )
    def test_other_networks(self, stacked: Any, digits: Any, settings: dict[str, Any], words: str) -> None:
        with pytest.raises(ParameterError, match=words):
            make(stacked, **settings).fit(*digits[3])

    def test_a_code_of_another_activation(self, digits: Any) -> None:
        X, y = digits[3]
        auto = Autoencoder((8, 4), activation="tanh", max_iter=1).fit(X)
        with pytest.raises(ParameterError, match=r"encoder_2: linear.*an Autoencoder with the same as code_activation"):
            make(auto).fit(X, y)

    def test_other_columns(self, stacked: StackedAutoencoder, digits: Any) -> None:
        X, y = digits[3]
        with pytest.raises(DataError, match=r"was fitted on 64 columns, X has 60\. .*same preprocessing"):
            make(stacked).fit(X[:, 4:], y)
        frame = pd.DataFrame(X[:, 20:23], columns=["a", "b", "c"])
        named = StackedAutoencoder((8, 4), activation="tanh", max_iter=1).fit(frame)
        make(named).fit(frame, y)
        with pytest.raises(DataError, match=r"fitted on other columns than those of X: 'b' for 'c'"):
            make(named).fit(frame[["a", "c", "b"]], y)

    def test_what_is_no_fitted_autoencoder(self, stacked: StackedAutoencoder, digits: Any) -> None:
        with pytest.raises(ParameterError, match=r"pretrained is a str; expected a fitted strates\.Stacked"):
            make("yes").fit(*digits[3])
        with pytest.raises(
            ParameterError, match=r"pretrained is a StackedAutoencoder that is not fitted\. Fit it first"
        ):
            make(clone(stacked)).fit(*digits[3])
