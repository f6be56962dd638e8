from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.linear_model import LogisticRegression

from strates.datasets import blobs, circles, disc_and_ring, moons, spiral, xor
from strates.exceptions import ParameterError


def test_spiral_is_the_case_study_to_the_last_bit():
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    expected_X, expected_y = np.zeros((300, 2)), np.zeros(300, dtype="uint8")
    for j in range(3):
        ix = range(100 * j, 100 * (j + 1))
        r = np.linspace(0.0, 1, 100)
        t = np.linspace(j * 4, (j + 1) * 4, 100) + np.random.randn(100) * 0.2  # noqa: NPY002
        expected_X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        expected_y[ix] = j
    np.random.set_state(state)  # noqa: NPY002

    X, y = spiral()

    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(y, expected_y)


def test_a_linear_classifier_gets_half_of_the_spiral():
    X, y = spiral()
    assert 0.45 < LogisticRegression(C=1000.0).fit(X, y).score(X, y) < 0.56


def test_spiral_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    spiral()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (moons(80, noise=0.3, random_state=5), make_moons(80, noise=0.3, random_state=5)),
        (circles(80, noise=0.1, factor=0.2, random_state=5), make_circles(80, noise=0.1, factor=0.2, random_state=5)),
        (
            blobs(80, centers=4, n_features=3, noise=2.0, random_state=5),
            make_blobs(80, 3, centers=4, cluster_std=2.0, random_state=5),
        ),
    ],
)
def test_wrapped_sets_are_scikit_learns(ours, theirs):
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_xor_needs_its_product_and_nothing_else():
    X, y = xor(500)
    product = (X[:, 0] * X[:, 1])[:, None]
    assert LogisticRegression(C=1e6, max_iter=1000).fit(product, y).score(product, y) > 0.99
    assert LogisticRegression().fit(X, y).score(X, y) < 0.65


def test_xor_noise_moves_points_after_they_are_labelled():
    X, y = xor(500, noise=0.2)
    assert 0.05 < np.mean((X[:, 0] * X[:, 1] < 0) != y) < 0.4


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_disc_and_ring_keep_their_distance(dimension):
    X, y = disc_and_ring(1000, dimension=dimension)
    radius = np.linalg.norm(X, axis=1)
    assert X.shape == (1000, dimension)
    assert radius[y == 0].max() < 1 / 3
    assert radius[y == 1].min() > 2 / 3
    assert radius[y == 1].max() < 1
    # uniform in volume: half of a ball's points lie within the radius whose power is half
    inside = radius[y == 0] < (1 / 3) * 0.5 ** (1 / dimension)
    assert abs(inside.mean() - 0.5) < 0.08


def test_one_threshold_gets_three_quarters_of_the_interval():
    X, y = disc_and_ring(400, dimension=1)
    best = max(max(np.mean((X[:, 0] > cut) == y), np.mean((X[:, 0] < cut) == y)) for cut in X[:, 0])
    assert best == 0.75


@pytest.mark.parametrize("make", [spiral, moons, circles, xor, blobs, disc_and_ring])
def test_the_same_seed_draws_the_same_points(make):
    first, second, other = make(random_state=1), make(random_state=1), make(random_state=2)
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])
    assert first[0].dtype == np.float64
    assert first[1].dtype == np.int64
    assert not np.array_equal(make(random_state=None)[0], make(random_state=None)[0])


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (spiral, {"n_per_class": 0}, "n_per_class is 0; it has to be an integer of at least 1"),
        (spiral, {"noise": -1.0}, r"noise is -1\.0; it is a standard deviation: 0 for none"),
        (moons, {"n_samples": 1}, "n_samples is 1; it has to be an integer of at least 2"),
        (circles, {"factor": 1.0}, r"factor is 1\.0; the inner radius lies in \[0, 1\)\. Try 0\.4"),
        (xor, {"n_samples": 2.5}, r"n_samples is 2\.5; it has to be an integer"),
        (blobs, {"n_samples": 2, "centers": 3}, "n_samples is 2; it has to be an integer of at least 3"),
        (disc_and_ring, {"dimension": 0}, "dimension is 0; it has to be an integer of at least 1"),
        (disc_and_ring, {"noise": float("nan")}, "noise is nan"),
    ],
)
def test_unusable_arguments_are_named(make, arguments, message):
    with pytest.raises(ParameterError, match=message):
        make(**arguments)
