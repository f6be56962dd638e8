"""Transfer to classes that were set aside: what the study does by hand, and a gain that was planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score

from strates import MLPClassifier, TransferClassifier
from strates.exceptions import DataError, ParameterError, TargetError
from strates.studies import paired_differences, paired_split, transfer_study
from strates.studies.transfer_study import _default_network

MLP = MLPClassifier((6,), batch_size=64, learning_rate="cosine", learning_rate_init=0.01, max_iter=30)


def hidden_plane(n_rows: int = 60, n_noise: int = 60) -> tuple[Any, Any]:
    """Return eight classes on a circle in two directions of a space whose other directions are strong noise."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(n_noise, n_noise)))[0]
    y = np.repeat(np.arange(8), n_rows)
    angle = 2 * np.pi * y / 8
    rows = rng.normal(size=(len(y), n_noise))
    rows[:, :2] = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.4 * rng.normal(size=(len(y), 2))
    return (rows @ turn).astype(np.float32), y


X, y = hidden_plane()


@pytest.fixture(scope="module")
def frame() -> Any:
    return transfer_study(X, y, source_classes=[0, 2, 4, 6], n_per_class=3, estimator=MLP, seeds=range(4))


def test_what_was_learned_on_other_classes_helps(frame: Any) -> None:
    """The plane is the same for all classes; of three rows each, it cannot be told from the noise."""
    assert frame["strategy"].unique().tolist() == ["features", "fine_tune", "scratch"]
    gain = paired_differences(frame, {"strategy": "scratch"}, "test_accuracy").set_index("strategy")
    assert gain.loc["features", "low"] > 0.1
    assert gain.loc["fine_tune", "low"] > 0.1


def test_each_run_is_what_one_would_do_by_hand(frame: Any) -> None:
    known, others = np.isin(y, [0, 2, 4, 6]), np.isin(y, [1, 3, 5, 7])
    train, test = paired_split(y[others], 2, train_size=12, test_size=others.sum() - 12)
    source = clone(MLP).set_params(random_state=2).fit(X[known], y[known])
    clf = TransferClassifier(source, random_state=2).fit(X[others][train], y[others][train])
    expected = accuracy_score(y[others][test], clf.predict(X[others][test]))
    found = frame[(frame["strategy"] == "features") & (frame["seed"] == 2)]
    assert found["test_accuracy"].item() == expected
    assert found["n_per_class"].item() == 3


@pytest.mark.parametrize(
    ("shape", "n_rows", "side", "max_iter"),
    [
        ((28, 28), 15_000, 4, 5),
        ((8, 8), 900, 2, 30),
        ((64,), 5_000, 2, 15),
        ((20, 32, 3), 900, 3, 30),
        ((3, 9), 9, 2, 30),
    ],
)
def test_the_default_network_leaves_two_to_four_pixels(shape: Any, n_rows: int, side: int, max_iter: int) -> None:
    clf = _default_network(np.zeros((1, *shape)), n_rows)
    images = np.zeros((2, *shape), np.float32)
    network = clf.initialized(images, [0, 1]).network_
    last = [layer.output.shape for layer in network.layers if layer.name.startswith("pool_")][-1]
    assert (min(last[1:3]), clf.max_iter) == (side, max_iter)


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({"strategies": ["feature"]}, ParameterError, r"strategies=\['feature'\]; expected some of 'features'"),
        ({"n_per_class": 60}, ParameterError, "n_per_class=60 cannot be used: the rarest .* has 60 rows.*from 1 to 59"),
        ({"source_classes": [0, 9]}, TargetError, "source_classes holds 9, which is not among the labels"),
        ({"source_classes": [0]}, TargetError, "is to learn 1 classes first, and 7 others"),
    ],
)
def test_what_cannot_be_used(choices: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        transfer_study(X, y, estimator=MLP, **choices)
    with pytest.raises(DataError, match="X has 480 rows, y has 3 labels"):
        transfer_study(X, y[:3], estimator=MLP)
