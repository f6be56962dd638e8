"""What robustness costs, and why there are adversarial examples: against formulas of linear models, and the lesson."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier
from strates.attacks import FGSM, PGD
from strates.exceptions import DataError, ParameterError
from strates.studies import (
    adversarial_linearity,
    adversarial_path,
    adversarial_training_study,
    paired_differences,
    paired_split,
)
from strates.studies.adversarial_linearity import resized

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X = X / 16


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return adversarial_training_study(X, Y, epsilons=(0.0, 0.15), seeds=range(2), train_size=800, test_size=200)


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    return adversarial_linearity(sizes=(16, 128, 1024), seeds=range(2))


class TestTraining:
    def test_robustness_is_gained(self, frame: pd.DataFrame) -> None:
        gained = paired_differences(frame, {"epsilon": 0.0}, "robust_accuracy")
        assert gained["mean"].item() > 0.25
        assert (frame["robust_accuracy"] < frame["test_accuracy"]).all()
        assert (frame["test_accuracy"] > 0.8).all()

    def test_a_run_by_hand(self, frame: pd.DataFrame) -> None:
        train, test = paired_split(Y, 1, train_size=800, test_size=200)
        clf = MLPClassifier(
            (64,), alpha=0.0, batch_size=64, learning_rate="cosine", learning_rate_init=0.01, max_iter=30,
            random_state=1, adversarial=PGD(epsilon=0.15, steps=7),
        ).fit(X[train], Y[train])  # fmt: skip
        row = frame[(frame["epsilon"] == 0.15) & (frame["seed"] == 1)]
        assert row["test_accuracy"].item() == pytest.approx(clf.score(X[test], Y[test]))
        result = PGD(epsilon=0.15, steps=40, random_state=1).perturb(clf, X[test], Y[test])
        assert row["robust_accuracy"].item() == pytest.approx(result.robust_accuracy)

    def test_in_a_pipeline_both_attacks_act_on_what_reaches_the_network(self) -> None:
        attack = FGSM(epsilon=1.0, bounds=None)
        clf = MLPClassifier((8,), max_iter=2, batch_size=64)
        found = adversarial_training_study(
            X * 100, Y, epsilons=(0.5,), attack=attack, judge=attack, estimator=make_pipeline(StandardScaler(), clf),
            seeds=[0], train_size=400, test_size=100,
        )  # fmt: skip
        train, test = paired_split(Y, 0, train_size=400, test_size=100)
        scaler = StandardScaler().fit(X[train] * 100)
        clf.set_params(random_state=0, adversarial=FGSM(epsilon=0.5, bounds=None))
        clf.fit(scaler.transform(X[train] * 100), Y[train])
        result = attack.perturb(clf, scaler.transform(X[test] * 100), Y[test])
        assert found["robust_accuracy"].item() == pytest.approx(result.robust_accuracy)
        assert attack.epsilon == 1.0

    def test_refusals(self) -> None:
        with pytest.raises(ParameterError, match=r"epsilons=\(-0\.1,\) cannot be used: give numbers of at least 0"):
            adversarial_training_study(X, Y, epsilons=(-0.1,))
        with pytest.raises(DataError, match=r"X holds values from 0 to 16, but this attack works in \[0, 1\]"):
            adversarial_training_study(X * 16, Y, epsilons=(0.1,), seeds=[0])


class TestLinearity:
    def test_grows_in_proportion_to_the_dimension(self, planted: pd.DataFrame) -> None:
        means = planted.groupby("dimension").mean(numeric_only=True)
        powers = {name: np.polyfit(np.log(means.index), np.log(means[name]), 1)[0] for name in means.columns[-6:-2]}
        assert 0.8 < powers["change"] < 1.1
        assert 0.25 < powers["random_change"] < 0.6
        assert (np.diff(means["change"] / means["random_change"]) > 3).all()
        assert (means["fooled"] > 3 * means["random_fooled"]).all()

    def test_a_small_step_is_what_the_tangent_says(self) -> None:
        small = adversarial_linearity(sizes=(16, 128), epsilon=1e-3, seeds=[0])
        np.testing.assert_allclose(small["change"], small["linear_change"], rtol=0.02)
        # 500 draws know a root mean square to 3 %
        np.testing.assert_allclose(small["random_change"], small["linear_random_change"], rtol=0.1)

    def test_of_a_linear_model_by_its_weights(self) -> None:
        # each row's margin falls by eps |w|_1; by random signs, by eps |w|_2 as a root mean square
        clf = MLPClassifier((), batch_size=200, learning_rate_init=0.01, max_iter=3)
        frame = adversarial_linearity(X.reshape(-1, 8, 8), Y > 4, sizes=(4, 8), epsilon=0.2, estimator=clf, seeds=[3])
        train, _ = paired_split(Y > 4, 3)
        images = X.reshape(-1, 8, 8)
        for size, row in zip((4, 8), frame.itertuples(), strict=True):
            # of neighbouring pixels, the mean
            smaller = images.reshape(-1, size, 8 // size, size, 8 // size).mean(axis=(2, 4)).reshape(len(X), -1)
            clf.set_params(random_state=3).fit(smaller[train].astype(np.float32), (Y > 4)[train])
            w = clf.coefs_[0].astype(float)
            assert row.dimension == size**2
            assert row.change == pytest.approx(0.2 * np.abs(w).sum(), rel=1e-4)
            assert row.linear_change == pytest.approx(row.change, rel=1e-4)
            assert row.linear_random_change == pytest.approx(0.2 * np.linalg.norm(w), rel=1e-4)
            assert row.random_change == pytest.approx(row.linear_random_change, rel=0.2)

    def test_areas_that_cut_pixels(self) -> None:
        image = np.arange(9.0).reshape(1, 3, 3)
        fine = np.kron(image[0], np.ones((2, 2)))  # six by six, cut into two by two areas of nine
        expected = fine.reshape(2, 3, 2, 3).mean(axis=(1, 3)).ravel()
        np.testing.assert_allclose(resized(image, size=2)[0], expected)
        np.testing.assert_allclose(resized(image, size=6)[0], fine.ravel())

    def test_refusals(self) -> None:
        with pytest.raises(ParameterError, match="X and y go together: give both, or neither"):
            adversarial_linearity(X)
        with pytest.raises(ParameterError, match=r"sizes=\[0\] cannot be used: give positive integers, such as \(16,"):
            adversarial_linearity(sizes=[0])
        with pytest.raises(ParameterError, match=r"epsilon=0 cannot be used: it is a positive number"):
            adversarial_linearity(epsilon=0)
        with pytest.raises(DataError, match=r"X has shape \(1797, 64\); expected square grey images"):
            adversarial_linearity(X, Y)


class TestPath:
    def test_of_a_softmax_regression(self) -> None:
        clf = MLPClassifier((), batch_size=200, learning_rate_init=0.01, max_iter=5, random_state=0).fit(X, Y)
        path = adversarial_path(clf, X[:300], Y[:300], epsilons=(-0.1, 0.0, 0.1))
        w, b = clf.coefs_[0].astype(float), clf.intercepts_[0].astype(float)
        z = X[:300] @ w + b
        each = np.arange(300)
        own, others = z[each, Y[:300]], z.copy()
        others[each, Y[:300]] = -np.inf
        rival = others.argmax(axis=1)
        right = own > others.max(axis=1)
        slope = np.abs(w[:, Y[:300]] - w[:, rival]).sum(axis=0)
        margin = own - others.max(axis=1)
        expected = [(margin - e * slope)[right].mean() for e in (-0.1, 0.0, 0.1)]
        np.testing.assert_allclose(path["margin"], expected, rtol=1e-4)
        np.testing.assert_allclose(path["tangent"], expected, rtol=1e-4)
        assert path["right"].iloc[:2].tolist() == path["random_right"].iloc[1:2].tolist() * 2 == [1.0, 1.0]
        assert path["right"].iloc[2] < path["random_right"].iloc[2]

    @pytest.mark.parametrize("epsilons", [(), "0.1", (np.nan,), 0.1])
    def test_refusals(self, epsilons: Any) -> None:
        clf = MLPClassifier((4,), max_iter=1, tol=1e9, n_iter_no_change=1, random_state=0).fit(X, Y)
        with pytest.raises(ParameterError, match="cannot be used: give finite numbers, such as"):
            adversarial_path(clf, X, Y, epsilons=epsilons)
        wrong = clf.predict(X) != Y
        with pytest.raises(DataError, match=r"None of the \d+ rows is predicted right; there is no margin to lose"):
            adversarial_path(clf, X[wrong], Y[wrong])
