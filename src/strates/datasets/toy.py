"""Toy problems of the course: small, in one or two dimensions, each with one lesson.

Every function returns ``(X, y)``: ``X`` float64 of shape (n_samples, n_features), ``y`` int64 of shape
(n_samples,). ``random_state`` is 0 unless told otherwise, so that a figure of a course is the same tomorrow; pass
``None`` for another draw each time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.utils import check_random_state

from strates.exceptions import ParameterError

Points = tuple[NDArray[np.float64], NDArray[np.int64]]


def spiral(n_per_class: int = 100, *, n_classes: int = 3, noise: float = 0.2, random_state: Any = 0) -> Points:
    """Return interleaved spiral arms, one a class; the defaults are the cs231n case study to the last bit.

    Class ``j`` has ``r = linspace(0, 1, n)``, ``t = linspace(4 j, 4 (j + 1), n) + noise * randn(n)`` and points
    ``(r sin t, r cos t)``. A linear classifier gets about half of them right, a network nearly all.

    Parameters
    ----------
    n_per_class : int, default=100
        Points of each class.
    n_classes : int, default=3
        Arms.
    noise : float, default=0.2
        Standard deviation of the angle, in radians.
    random_state : int, RandomState instance or None, default=0
        Seed of the legacy generator, ``numpy.random.RandomState``.

    Returns
    -------
    X : ndarray of shape (n_per_class * n_classes, 2)
        Points in the unit disc, class after class.
    y : ndarray of shape (n_per_class * n_classes,)
        Labels 0, 1, ...

    Raises
    ------
    ParameterError
        A count below 1 or a negative noise.

    References
    ----------
    Stanford CS231n notes, "Putting it together: minimal neural network case study".

    Examples
    --------
    >>> X, y = spiral()
    >>> X.shape, y[::100].tolist()
    ((300, 2), [0, 1, 2])
    """
    _check_count("n_per_class", n_per_class, 1)
    _check_count("n_classes", n_classes, 1)
    _check_noise(noise)
    generator = check_random_state(random_state)
    radius = np.linspace(0.0, 1, n_per_class)
    arms = []
    for arm in range(n_classes):
        angle = np.linspace(arm * 4, (arm + 1) * 4, n_per_class) + generator.randn(n_per_class) * noise
        arms.append(np.c_[radius * np.sin(angle), radius * np.cos(angle)])
    return np.concatenate(arms), np.repeat(np.arange(n_classes), n_per_class)


def moons(n_samples: int = 300, *, noise: float = 0.2, random_state: Any = 0) -> Points:
    """Return two interleaved half circles (scikit-learn's ``make_moons``).

    Parameters
    ----------
    n_samples : int, default=300
        Points in all.
    noise : float, default=0.2
        Standard deviation of the Gaussian noise added to the points.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of shape (n_samples,)
        0 for the upper moon, 1 for the lower.

    Raises
    ------
    ParameterError
        Fewer than two points or a negative noise.

    Examples
    --------
    >>> X, y = moons(50)
    >>> X.shape, y.sum().item()
    ((50, 2), 25)
    """
    _check_count("n_samples", n_samples, 2)
    _check_noise(noise)
    X, y = make_moons(n_samples, noise=noise, random_state=random_state)
    return X, y


def circles(n_samples: int = 300, *, noise: float = 0.1, factor: float = 0.4, random_state: Any = 0) -> Points:
    """Return a circle within a circle (scikit-learn's ``make_circles``): no line does better than chance.

    Parameters
    ----------
    n_samples : int, default=300
        Points in all.
    noise : float, default=0.1
        Standard deviation of the Gaussian noise added to the points.
    factor : float, default=0.4
        Radius of the inner circle, in [0, 1); the outer one has radius 1.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of shape (n_samples,)
        0 for the outer circle, 1 for the inner.

    Raises
    ------
    ParameterError
        Fewer than two points, a negative noise or a factor outside [0, 1).

    Examples
    --------
    >>> X, y = circles(50, noise=0)
    >>> float(np.linalg.norm(X[y == 1], axis=1).max().round(6))
    0.4
    """
    _check_count("n_samples", n_samples, 2)
    _check_noise(noise)
    if not 0 <= factor < 1:
        raise ParameterError(f"factor is {factor}; the inner radius lies in [0, 1). Try 0.4.")
    X, y = make_circles(n_samples, noise=noise, factor=factor, random_state=random_state)
    return X, y


def xor(n_samples: int = 300, *, noise: float = 0.0, random_state: Any = 0) -> Points:
    """Return points of a square labelled by whether the signs of their coordinates differ.

    No line separates them; the one feature ``x0 * x1`` does without any hidden layer.

    Parameters
    ----------
    n_samples : int, default=300
        Points in all, uniform in ``[-1, 1]^2``.
    noise : float, default=0.0
        Standard deviation of the Gaussian noise added to the points after they are labelled.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of shape (n_samples,)
        1 where the two coordinates have different signs (before the noise), else 0.

    Raises
    ------
    ParameterError
        Fewer than two points or a negative noise.

    Examples
    --------
    >>> X, y = xor(200)
    >>> bool(((X[:, 0] * X[:, 1] < 0) == y).all())
    True
    """
    _check_count("n_samples", n_samples, 2)
    _check_noise(noise)
    generator = check_random_state(random_state)
    X = generator.uniform(-1, 1, size=(n_samples, 2))
    y = (X[:, 0] * X[:, 1] < 0).astype(np.int64)
    return X + noise * generator.randn(n_samples, 2), y


def blobs(
    n_samples: int = 300, *, centers: int = 3, n_features: int = 2, noise: float = 1.0, random_state: Any = 0
) -> Points:
    """Return Gaussian clouds, one a class (scikit-learn's ``make_blobs``): the problem that a linear model solves.

    Parameters
    ----------
    n_samples : int, default=300
        Points in all.
    centers : int, default=3
        Clouds, hence classes; their centres are uniform in ``[-10, 10]^n_features``.
    n_features : int, default=2
        Dimension.
    noise : float, default=1.0
        Standard deviation of a cloud (scikit-learn's ``cluster_std``).
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Points.
    y : ndarray of shape (n_samples,)
        Labels 0, 1, ...

    Raises
    ------
    ParameterError
        Fewer points than clouds, a count below 1 or a negative noise.

    Examples
    --------
    >>> X, y = blobs(90, centers=3, n_features=5)
    >>> X.shape, np.bincount(y).tolist()
    ((90, 5), [30, 30, 30])
    """
    _check_count("centers", centers, 1)
    _check_count("n_features", n_features, 1)
    _check_count("n_samples", n_samples, centers)
    _check_noise(noise)
    X, y = make_blobs(n_samples, n_features, centers=centers, cluster_std=noise, random_state=random_state)
    return X, y.astype(np.int64)


def disc_and_ring(n_samples: int = 400, *, dimension: int = 2, noise: float = 0.0, random_state: Any = 0) -> Points:
    """Return the disc ``|x| < 1/3`` within the ring ``2/3 < |x| < 1``: topology's lesson on width.

    Layers of at most two tanh units cannot separate them in the plane, three can. In one dimension the disc is the
    interval [-1/3, 1/3] between two others: one hidden unit gets 0.75 of them, two units get all.

    Parameters
    ----------
    n_samples : int, default=400
        Points in all, half in the disc and half in the ring; with ``dimension=1`` the ring's alternate sides.
    dimension : int, default=2
        Of the space: 1 is the line, 2 the plane, 3 a ball in a shell.
    noise : float, default=0.0
        Standard deviation of the Gaussian noise added to the points.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    X : ndarray of shape (n_samples, dimension)
        Points, uniform in each of the two parts.
    y : ndarray of shape (n_samples,)
        0 in the disc, 1 in the ring.

    Raises
    ------
    ParameterError
        Fewer than two points, a dimension below 1 or a negative noise.

    References
    ----------
    Christopher Olah, "Neural Networks, Manifolds, and Topology", 2014.

    Examples
    --------
    >>> X, y = disc_and_ring(100)
    >>> bool((np.linalg.norm(X[y == 0], axis=1) < 1 / 3).all())
    True
    """
    _check_count("n_samples", n_samples, 2)
    _check_count("dimension", dimension, 1)
    _check_noise(noise)
    generator = check_random_state(random_state)
    y = np.repeat([0, 1], [n_samples - n_samples // 2, n_samples // 2])
    if dimension == 1:
        direction = np.where(np.arange(n_samples) % 2 == 0, 1.0, -1.0)[:, None]
    else:
        direction = generator.randn(n_samples, dimension)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    inner, outer = np.where(y == 0, 0.0, 2 / 3), np.where(y == 0, 1 / 3, 1.0)
    # the volume within radius r grows like r^dimension: a uniform point has a uniform r^dimension
    share = generator.uniform(size=n_samples)
    radius = (inner**dimension + share * (outer**dimension - inner**dimension)) ** (1 / dimension)
    X = direction * radius[:, None] + noise * generator.randn(n_samples, dimension)
    order = generator.permutation(n_samples)
    return X[order], y[order]


def _check_count(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ParameterError(f"{name} is {value!r}; it has to be an integer of at least {least}.")


def _check_noise(noise: float) -> None:
    if not noise >= 0 or not np.isfinite(noise):
        raise ParameterError(f"noise is {noise!r}; it is a standard deviation: 0 for none, or a positive number.")
