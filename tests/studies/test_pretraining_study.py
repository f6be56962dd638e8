"""Pre-training against random starts: each run is what one would do by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import Autoencoder, MLPClassifier, StackedAutoencoder
from strates.exceptions import ParameterError
from strates.studies import paired_differences, paired_split, pretraining_study
from strates.studies.partly_labelled import labelled_rows

X, y = (part[:240] for part in load_digits(n_class=4, return_X_y=True))
SHORT: dict[str, Any] = {"max_iter": 6, "batch_size": 32, "learning_rate": "cosine", "learning_rate_init": 0.01}
FRACTIONS = (0.1, 0.5, 1.0)


def network() -> Any:
    return make_pipeline(StandardScaler(), MLPClassifier((8, 5), "tanh", alpha=0.0, **SHORT))


AUTO = StackedAutoencoder((8, 5), activation="tanh", denoising=0.2, **SHORT)


@pytest.fixture(scope="module")
def frame() -> Any:
    return pretraining_study(
        X, y, estimator=network(), autoencoder=AUTO, label_fractions=FRACTIONS, seeds=[3, 7], test_size=0.3
    )


def by_hand(seed: int, fraction: float, start: str) -> tuple[float, float, float]:
    """Return accuracy on the test rows, labelled rows, and the autoencoder's error, with nothing but estimators."""
    train, test = paired_split(y, seed, test_size=0.3)
    scaler = StandardScaler().fit(X[train])
    rows, held = scaler.transform(X[train]), scaler.transform(X[test])
    clf = network()[-1].set_params(random_state=seed)
    error = np.nan
    if start == "pretrained":
        auto = clone(AUTO).set_params(random_state=seed).fit(rows)
        error = float(((held - auto.reconstruct(held)) ** 2).mean())
        clf.set_params(pretrained=auto)
    known = labelled_rows(y[train], fraction, seed)
    clf.fit(rows[known], y[train][known])
    return float(accuracy_score(y[test], clf.predict(held))), len(known), error


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_each_run_is_what_one_would_do_by_hand(frame: Any) -> None:
    assert len(frame) == 2 * len(FRACTIONS) * 2
    for row in frame.itertuples():
        accuracy, n_labelled, error = by_hand(row.seed, row.label_fraction, row.start)
        assert row.test_accuracy == pytest.approx(accuracy)
        assert row.n_labelled == n_labelled
        assert row.reconstruction_error == pytest.approx(error, rel=1e-4, nan_ok=True)


def test_answers_by_differences(frame: Any) -> None:
    answer = paired_differences(frame, {"start": "random"}, "test_accuracy")
    assert answer["label_fraction"].tolist() == list(FRACTIONS)
    assert set(answer["start"]) == {"pretrained"}
    wide = frame.pivot_table(index=["label_fraction", "seed"], columns="start", values="test_accuracy")
    expected = (wide["pretrained"] - wide["random"]).groupby("label_fraction").mean()
    np.testing.assert_allclose(answer["mean"], expected)


def test_a_seed_run_again_alone_gives_the_same_numbers(frame: Any) -> None:
    again = pretraining_study(
        X, y, estimator=network(), autoencoder=AUTO, label_fractions=FRACTIONS[1:], seeds=[7], test_size=0.3
    )
    before = frame[(frame["seed"] == 7) & (frame["label_fraction"] > 0.1)].reset_index(drop=True)
    assert again.drop(columns="seconds").equals(before.drop(columns="seconds"))


def test_the_autoencoder_is_fitted_once_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []

    def fit(self: Any, rows: Any) -> Any:
        fitted.append(len(rows))
        return Autoencoder._fit(self, rows, None, None)

    monkeypatch.setattr(Autoencoder, "fit", fit)
    auto = Autoencoder((4,), code_activation="relu", **SHORT)
    pretraining_study(X, y, hidden_layer_sizes=(4,), autoencoder=auto, label_fractions=FRACTIONS, seeds=range(2))
    assert fitted == [180, 180]  # three quarters of all rows, labelled or not


def test_defaults_follow_the_classifier() -> None:
    history = pretraining_study(
        X, y, estimator=network(), activation="relu", label_fractions=[0.5], seeds=[0], by_epoch=True
    )
    assert history.groupby("start")["epoch"].max().to_dict() == {"pretrained": 6, "random": 6}
    exact = make_pipeline(StandardScaler(), MLPClassifier((3,), solver="lbfgs", max_iter=5))
    found = pretraining_study(X, y, estimator=exact, label_fractions=[0.5], seeds=[0])
    assert np.isfinite(found["test_loss"]).all()
    assert not found["diverged"].any()


class TestLabelledRows:
    def test_are_shares_of_every_class_within_one_another(self) -> None:
        labels = np.repeat(["a", "b", "c"], [200, 50, 3])
        known = [labelled_rows(labels, fraction, seed=1) for fraction in (0.02, 0.1, 0.5, 1.0)]
        counts = [[int((labels[rows] == name).sum()) for name in "abc"] for rows in known]
        assert counts == [[4, 1, 1], [20, 5, 1], [100, 25, 2], [200, 50, 3]]
        for few, more in pairwise(known):
            assert set(few) <= set(more)
        assert not np.array_equal(known[2], labelled_rows(labels, 0.5, seed=2))


class TestRefusals:
    @pytest.mark.parametrize("fraction", [0.0, 1.5, -0.1])
    def test_fractions(self, fraction: float) -> None:
        with pytest.raises(ParameterError, match=rf"label_fractions holds {fraction}; .*is in \(0, 1\], as 0\.05"):
            pretraining_study(X, y, label_fractions=[0.1, fraction])

    def test_classifiers_without_pretrained(self) -> None:
        with pytest.raises(ParameterError, match="LogisticRegression has no parameter 'pretrained'"):
            pretraining_study(X, y, estimator=LogisticRegression())

    def test_an_autoencoder_of_other_layers(self) -> None:
        auto = Autoencoder((4,), code_activation="relu", max_iter=1)
        with pytest.raises(ParameterError, match=r"sizes \(4,\), but hidden_layer_sizes=\(3,\)"):
            pretraining_study(X, y, hidden_layer_sizes=(3,), autoencoder=auto, seeds=[0])
