"""The exact method against a fine grid in the plane, against formulas, attacks and the other methods."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import CNNClassifier, LogisticRegression, MLPClassifier, NetworkClassifier
from strates.attacks import PGD, certified_radius, certify
from strates.attacks.certificates.affine_step import affine_step
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.bend import bend
from strates.attacks.certificates.descent import descend
from strates.attacks.certificates.exact_certificate import nearest_counterexample
from strates.attacks.certificates.layer_chain import LayerChain, layer_chain
from strates.attacks.certificates.relu_blocks import ReluBlocks, relu_blocks
from strates.backprop.layers import Activation, Dense
from strates.datasets import blobs, moons
from strates.exceptions import ParameterError

DIGITS, DIGIT = load_digits(return_X_y=True)
DIGITS = (DIGITS / 16).astype(np.float32)
FIT = {"learning_rate": "cosine", "learning_rate_init": 0.02, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def small() -> MLPClassifier:
    """Digits seen as 4 x 4 blots."""
    return MLPClassifier((8, 8), max_iter=40, **FIT).fit(blots(), DIGIT)


def blots() -> np.ndarray:
    return np.asarray(DIGITS.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_nearest_point_of_a_grid(n_classes: int) -> None:
    X, y = moons(n_samples=150, random_state=0) if n_classes == 2 else blobs(n_samples=150, random_state=0)
    clf = MLPClassifier((6, 5), max_iter=60, **FIT).fit(X, y)
    rows = np.asarray(X[:12], np.float32)
    found = certified_radius(clf, rows, bounds=None, method="exact", tol=0.05)
    codes = clf.predict(rows)
    # squares of points on growing rings: the first ring with another class is at the distance, in steps of 0.25 %
    side = np.linspace(-1, 1, 161)
    ring = np.array([(u, v) for s in (-1, 1) for u, v in [*((s, t) for t in side), *((t, s) for t in side)]])
    for row, code, radius, distance in zip(rows, codes, found.radius, found.distance, strict=True):
        radii = distance * np.array([0.8, 0.95, 0.99, 0.999, 1.002])
        points = (row + radii[:, None, None] * ring).astype(np.float32)
        other = (clf.predict(points.reshape(-1, 2)).reshape(len(radii), -1) != code).any(axis=1)
        inside = radii < radius
        assert not other[inside].any()
        assert radius <= distance <= radius * 1.003 + 1e-4
    # and the ring at the distance does touch the other class: checked by the point that was found
    assert found.counterexamples is not None
    assert (clf.predict(found.counterexamples) != codes).all()
    assert np.abs(found.counterexamples.astype(np.float64) - rows).max(axis=1) == pytest.approx(
        found.distance, rel=1e-12
    )


def test_exact_lies_between_the_proofs_and_the_attacks(small: MLPClassifier) -> None:
    X, y = blots()[:40], DIGIT[:40]
    exact = certified_radius(small, X, y, method="exact", tol=0.05)
    right = ~exact.already_wrong
    assert right.sum() > 30
    for method in ("interval", "linear"):
        proved = certified_radius(small, X, y, method=method, tol=1e-3).radius
        assert (proved[right] <= exact.distance[right]).all()
        assert (exact.radius[right] >= proved[right] * 0.95).all()
    nearest = np.full(len(X), np.inf)
    for epsilon in np.linspace(0.01, 0.3, 12):
        attack = PGD(epsilon=float(epsilon), steps=30, n_restarts=2, random_state=0).perturb(small, X, y)
        assert (attack.distances["linf"][attack.success] > exact.radius[attack.success]).all()
        nearest[attack.success] = np.minimum(nearest[attack.success], attack.distances["linf"][attack.success])
    assert (nearest[right] >= exact.radius[right]).all()
    assert (exact.distance[right] <= nearest[right] * 1.002).mean() > 0.9
    assert (exact.distance[right] - exact.radius[right] < 2e-4 + 2e-3 * exact.radius[right]).all()
    assert exact.counterexamples is not None
    assert (small.predict(exact.counterexamples[right]) != y[right]).all()
    assert np.isnan(exact.counterexamples[~right]).all()
    assert 0 <= exact.counterexamples[right].min() <= exact.counterexamples[right].max() <= 1


def test_within_epsilon_every_row_is_decided(small: MLPClassifier) -> None:
    X, y = blots()[:40], DIGIT[:40]
    radius = certified_radius(small, X, y, method="exact", tol=0.05)
    epsilon = float(np.median(radius.radius))
    result = certify(small, X, y, epsilon=epsilon, method="exact")
    near = np.abs(radius.distance - epsilon) < 1e-3
    decided = np.where(
        radius.already_wrong, "already wrong", np.where(radius.radius >= epsilon, "proved", "counterexample")
    )
    assert (result.status == decided)[~near].all()
    assert {"proved", "counterexample"} <= set(result.status.tolist())
    lines = certify(small, X, y, epsilon=epsilon)
    assert lines.certified.sum() < result.certified.sum()
    assert result.certified[lines.certified].all()
    shown = result.status == "counterexample"
    assert (result.distance[shown] <= epsilon).all()
    assert result.distance[shown & ~near] == pytest.approx(radius.distance[shown & ~near], rel=3e-3, abs=2e-4)
    assert f"{shown.sum()} counterexample" in result.summary()


def test_linear_classifier_is_a_formula() -> None:
    X, y = blobs(n_samples=100, random_state=0)
    pipe = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, y)
    W = pipe[-1].coef_ / pipe[0].scale_
    scores = pipe[-1].decision_function(pipe[0].transform(X))
    codes = scores.argmax(axis=1)
    with np.errstate(invalid="ignore"):
        apart = (scores.max(axis=1)[:, None] - scores) / np.abs(W[codes, None] - W).sum(axis=2)
    found = certified_radius(pipe, X, bounds=None, method="exact")
    assert found.distance == pytest.approx(np.nanmin(apart, axis=1), rel=1e-3, abs=3e-5)
    assert (found.radius <= np.nanmin(apart, axis=1) + 1e-7).all()


def test_convolution_is_a_matrix_as_well() -> None:
    X = blots()
    clf = CNNClassifier(
        (2,), kernel_size=3, pool_size=1, hidden_layer_sizes=(6,), image_shape=(4, 4), max_iter=20, **FIT
    ).fit(X, DIGIT)
    chain = layer_chain(clf.network_)
    blocks = relu_blocks(chain)
    rows = X[:50].reshape(-1, 4, 4, 1).astype(np.float64)
    margins, gradients = blocks.margins(X[:50].astype(np.float64), chain.differences(DIGIT[:50]))
    scores = chain.scores(rows)
    own = scores[np.arange(50), DIGIT[:50]]
    assert margins.min(axis=1) == pytest.approx(own - np.sort(np.where(np.eye(10)[DIGIT[:50]], -np.inf, scores))[:, -1])
    # the gradient: a small step changes a margin by its product with the step
    step = 1e-6 * np.random.default_rng(0).normal(size=(50, 16))
    moved, _ = blocks.margins(X[:50] + step, chain.differences(DIGIT[:50]))
    assert moved - margins == pytest.approx((gradients @ step[:, :, None])[..., 0], abs=1e-8)
    found = certified_radius(clf, X[:6], DIGIT[:6], method="exact", tol=0.05)
    right = ~found.already_wrong
    assert right.any()
    assert (found.distance[right] <= found.radius[right] * 1.01 + 1e-3).all()


def test_descent_finds_what_it_says(small: MLPClassifier) -> None:
    chain = layer_chain(small.network_)
    X = blots()[:100].astype(np.float64)
    codes = chain.scores(X).argmax(axis=1)
    near = descend(relu_blocks(chain), X, chain.differences(codes), np.zeros(16), np.ones(16))
    found = np.isfinite(near.distances)
    assert found.mean() > 0.95
    assert (chain.scores(near.points[found]).argmax(axis=1) != codes[found]).all()
    assert np.abs(near.points - X).max(axis=1)[found] == pytest.approx(near.distances[found], rel=1e-12)
    assert near.points.min() >= 0
    assert near.points.max() <= 1
    stuck = descend(
        ReluBlocks([np.eye(2)], [np.zeros(2)]), np.ones((1, 2)), np.array([[[1.0, 0.0]]]), np.zeros(2), np.ones(2)
    )
    assert np.isinf(stuck.distances).all()  # within the bounds the margin never turns


def test_no_other_class_within_the_bounds(small: MLPClassifier) -> None:
    row = np.full((1, 16), 0.5, np.float32)
    found = certified_radius(small, row, bounds=(0.499, 0.501), method="exact")
    assert found.radius[0] == np.inf
    assert found.status[0] == "proved"
    # one that lines cannot prove, but the program can: relu(x - 1/2) - relu(x - 1/2) - 0.05 is never positive
    network = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(2, activation="relu"),
         keras.layers.Dense(2, activation="softmax")]
    )  # fmt: skip
    network.build((None, 1))
    one, two = np.array([[1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    network.set_weights([one, np.array([-0.5, -0.5]), two, np.zeros(2), np.array([[1.0, -1.0], [-1.0, 1.0]]),
                         np.array([0.05, -0.05])])  # fmt: skip
    clf = NetworkClassifier(network, max_iter=1, learning_rate_init=1e-12, learning_rate="cosine").fit(
        np.array([[0.0], [1.0]]), [0, 1]
    )
    assert certified_radius(clf, np.array([[0.5]]), method="exact").radius[0] == np.inf


def test_no_point_of_a_proved_cube_is_of_another_class(capfd: pytest.CaptureFixture[str]) -> None:
    """Random small networks, whose cubes a few thousand points cover well; the solver's own words are kept back."""
    rng = np.random.default_rng(0)
    for _ in range(25):
        widths = [int(rng.integers(2, 5)), *rng.integers(2, 8, size=rng.integers(1, 4)).tolist(), 3]
        steps: list[Any] = []
        for n_inputs, units in itertools.pairwise(widths):
            relu = [bend(Activation("relu"), (n_inputs,))] if steps else []
            kernel, bias = 2 * rng.normal(size=(n_inputs, units)), 0.5 * rng.normal(size=units)
            steps += [*relu, affine_step(Dense(kernel, bias), (n_inputs,))]
        chain = LayerChain(tuple(steps), (widths[0],), 3)
        rows = rng.uniform(size=(3, widths[0]))
        codes = chain.scores(rows).argmax(axis=1)
        for row, code in zip(rows, codes, strict=True):
            ball = Ball(row[None], np.ones(1), "linf", 0.0, 1.0)
            found = nearest_counterexample(
                chain, relu_blocks(chain), ball, int(code), deadline=np.inf, most_unstable=100
            )
            reach = min(found.lower, 1.0)
            corners = row + reach * (1 - 1e-6) * rng.choice([-1, 0, 1, 0.5], size=(3000, widths[0]))
            assert (chain.scores(np.clip(corners, 0, 1)).argmax(axis=1) == code).all()
            assert (np.abs(found.points - row).max(axis=1, initial=0) >= reach * (len(found.points) > 0)).all()
    assert capfd.readouterr().out == ""


def test_time_limit_leaves_rows_undecided(small: MLPClassifier) -> None:
    X, y = blots()[:10], DIGIT[:10]
    lines = certified_radius(small, X, y, tol=0.05)
    epsilon = 1.02 * float(lines.radius.max())
    result = certify(small, X, y, epsilon=epsilon, method="exact", time_limit=1e-6)
    assert not result.certified.any()
    undecided = result.status == "undecided"
    # what lines prove stays proved
    assert (result.radius[~result.already_wrong] >= 0.9 * lines.radius[~result.already_wrong]).all()
    assert (result.distance[undecided] > epsilon).all()


def test_what_is_too_large_or_too_bent() -> None:
    X, y = DIGITS[:100], DIGIT[:100]
    wide = MLPClassifier((64, 64), max_iter=2, **FIT).fit(X, y)
    with pytest.raises(
        ParameterError, match=r"within [\d.]+ of a row \d+ relus may change sign, more than max_unstable=20"
    ):
        certify(wide, X, epsilon=0.5, method="exact", max_unstable=20)
    bent = MLPClassifier((4,), activation="tanh", max_iter=2, **FIT).fit(X, y)
    with pytest.raises(ParameterError, match=r"only bends are relus; layer 'hidden_1 \(tanh\)' is a tanh.*\"linear\""):
        certify(bent, X, epsilon=0.5, method="exact")
    with pytest.raises(ParameterError, match="time_limit=0 cannot be used: it is a positive, finite number of seconds"):
        certify(wide, X, epsilon=0.1, method="exact", time_limit=0)
    with pytest.raises(ParameterError, match=r"max_unstable=1.5 cannot be used: it is a positive integer"):
        certify(wide, X, epsilon=0.1, method="exact", max_unstable=1.5)  # type: ignore[arg-type]
