"""Greedy layer-wise training: what each layer learns, how the layers make one network, what fine-tuning adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from strates import Recorder, StackedAutoencoder, load, save
from strates.exceptions import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits() -> Any:
    return load_digits().data[:300] / 16


def make(**settings: Any) -> StackedAutoencoder:
    return StackedAutoencoder((12, 5), **{"max_iter": 15, "batch_size": 50, "random_state": 0, **settings})


@pytest.fixture(scope="module")
def greedy(digits: Any) -> StackedAutoencoder:
    """Two layers, as they were trained one by one."""
    return make(activation="tanh", fine_tune=False).fit(digits)


class TestLayers:
    def test_the_network_is_the_layers_one_after_the_other(self, greedy: StackedAutoencoder, digits: Any) -> None:
        low, high = greedy.autoencoders_
        codes = high.transform(low.transform(digits))
        np.testing.assert_allclose(greedy.transform(digits), codes, atol=1e-6)
        back = low.inverse_transform(high.inverse_transform(codes))
        np.testing.assert_allclose(greedy.inverse_transform(codes), back, atol=1e-6)
        np.testing.assert_allclose(np.asarray(greedy.network_(digits.astype(np.float32))), back, atol=1e-5)

    def test_each_layer_learns_the_codes_of_the_one_below(self, greedy: StackedAutoencoder, digits: Any) -> None:
        low, high = greedy.autoencoders_
        assert low.n_features_in_ == 64
        assert high.n_features_in_ == 12
        # the loss before an epoch's steps is near that of the end of the one before
        codes = low.transform(digits)
        assert high.loss_ == pytest.approx(((high.reconstruct(codes) - codes) ** 2).mean(), rel=0.1)
        assert low.loss_ == pytest.approx(((low.reconstruct(digits) - digits) ** 2).mean(), rel=0.1)
        assert high.loss_ < 0.5 * high.loss_curve_[0]

    def test_a_rectified_stack_rectifies_what_upper_layers_give(self, digits: Any) -> None:
        stacked = make(fine_tune=False).fit(digits)
        low, high = stacked.autoencoders_
        between = np.maximum(high.inverse_transform(stacked.transform(digits)), 0)
        np.testing.assert_allclose(stacked.reconstruct(digits), low.inverse_transform(between), atol=1e-6)

    def test_without_fine_tuning_there_is_no_history_but_the_layers(self, greedy: StackedAutoencoder) -> None:
        assert greedy.n_iter_ == len(greedy.history_) == 0
        assert [len(one.history_) for one in greedy.autoencoders_] == [15, 15]
        assert "encoder_2" in greedy._repr_html_()

    def test_fine_tuning_starts_from_the_stack(self, digits: Any) -> None:
        tuned = make(activation="tanh").set_callbacks(Recorder(3)).fit(digits)
        frames = tuned.recording_
        stack = make(activation="tanh", fine_tune=False).fit(digits)
        np.testing.assert_array_equal(frames[0].estimator.reconstruct(digits), stack.reconstruct(digits))
        assert tuned.score(digits) > stack.score(digits)
        assert len(tuned.history_) == 15

    def test_a_linear_stack_is_tuned_to_principal_components(self, digits: Any) -> None:
        settings: dict[str, Any] = {"activation": "identity", "solver": "lbfgs", "max_iter": 400, "random_state": 0}
        pca = PCA(3).fit(digits)
        smallest = ((digits - pca.inverse_transform(pca.transform(digits))) ** 2).mean()
        tuned = StackedAutoencoder((8, 3), **settings).fit(digits)
        assert smallest * (1 - 1e-5) < -tuned.score(digits) < 1.01 * smallest

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_ties_hold_through_both_trainings(self, digits: Any, solver: str) -> None:
        for fine_tune in (False, True):
            stacked = make(tied=True, solver=solver, fine_tune=fine_tune, max_iter=3).fit(digits)
            weights = stacked.network_.get_weights()
            np.testing.assert_array_equal(weights[6], weights[0].T)
            np.testing.assert_array_equal(weights[4], weights[2].T)


class TestFits:
    @pytest.mark.parametrize("n", [1, 3, 49, 120])
    def test_works_with_any_number_of_rows(self, digits: Any, n: int) -> None:
        stacked = make(denoising=0.2, corruption="masking", max_iter=2).fit(digits[:n])
        assert np.isfinite(stacked.reconstruct(digits)).all()

    def test_refitting_starts_afresh(self, digits: Any) -> None:
        stacked = make(max_iter=3).fit(digits[:40, :20])
        stacked.fit(digits)
        anew = clone(stacked).fit(digits)
        for a, b in zip(stacked.network_.get_weights(), anew.network_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert len(stacked.autoencoders_) == 2

    def test_logistic_networks_reconstruct_shares(self, digits: Any) -> None:
        stacked = make(activation="logistic", out_activation="logistic", max_iter=3).fit(digits)
        found = stacked.reconstruct(digits)
        assert found.min() >= 0
        assert found.max() <= 1
        low, high = stacked.autoencoders_
        assert low.out_activation == high.out_activation == "logistic"
        with pytest.raises(DataError, match=r"X holds values from -1 to 1, .*reconstructs numbers in \[0, 1\]"):
            stacked.fit(digits * 2 - 1)

    def test_watched_rows_go_through_the_layers(self, digits: Any) -> None:
        stacked = make(early_stopping=True, max_iter=5).fit(digits[:200], validation_data=digits[200:])
        low, high = stacked.autoencoders_
        best = max(low.validation_scores_ or [])
        assert low.score(digits[200:]) == pytest.approx(best, rel=1e-5)
        assert high.score(low.transform(digits[200:])) == pytest.approx(max(high.validation_scores_ or []), rel=1e-5)
        assert stacked.score(digits[200:]) == pytest.approx(max(stacked.validation_scores_ or []), rel=1e-5)

    def test_travels_in_a_file(self, greedy: StackedAutoencoder, digits: Any, tmp_path: Path) -> None:
        twin = load(save(greedy, tmp_path / "stack"))
        np.testing.assert_array_equal(twin.transform(digits), greedy.transform(digits))
        np.testing.assert_array_equal(
            twin.autoencoders_[0].transform(digits), greedy.autoencoders_[0].transform(digits)
        )

    def test_parameters_are_checked(self, digits: Any) -> None:
        with pytest.raises(ParameterError, match=r"fine_tune=3 cannot be used: it must be True or False"):
            make(fine_tune=3).fit(digits)
        with pytest.raises(ParameterError, match=r"hidden_layer_sizes=\(\) leaves no layer for a code"):
            StackedAutoencoder(()).fit(digits)
