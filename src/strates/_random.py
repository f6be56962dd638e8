"""One seed in, named independent streams out.

A fit draws random numbers for several purposes (weights, the order of rows, dropout masks, the
validation split). Each purpose has a stream of its own, so that turning dropout on does not
change the initial weights, and a comparison between two settings is a paired one.
"""

from __future__ import annotations

import zlib
from numbers import Integral
from typing import Any

import numpy as np
from numpy.random import Generator, RandomState, SeedSequence

from strates.exceptions import ParameterError


def root_seed(random_state: Any) -> int:
    """Reduce scikit-learn's ``random_state`` to one integer below 2**32.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState or numpy.random.Generator
        ``None`` draws fresh entropy from the operating system. A generator is advanced by one draw.

    Returns
    -------
    int
        A seed in ``[0, 2**32)``.

    Examples
    --------
    >>> root_seed(7)
    7
    """
    if random_state is None:
        return int(SeedSequence().generate_state(1)[0])
    if isinstance(random_state, RandomState):
        return int(random_state.randint(0, 2**32, dtype=np.uint64))
    if isinstance(random_state, Generator):
        return int(random_state.integers(0, 2**32, dtype=np.uint64))
    seed = int(random_state) if isinstance(random_state, Integral) else -1
    if not 0 <= seed < 2**32:
        raise ParameterError(f"random_state={random_state!r} cannot be used: a seed is an integer in [0, 2**32).")
    return seed


def _sequence(seed: int, name: str) -> SeedSequence:
    return SeedSequence(entropy=seed, spawn_key=(zlib.crc32(name.encode()),))


def stream(seed: int, name: str) -> Generator:
    """Return the generator for one purpose.

    Parameters
    ----------
    seed : int
        What :func:`root_seed` returned.
    name : str
        The purpose, such as ``"shuffle"``; another name is an independent stream.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> bool(stream(0, "shuffle").integers(100) == stream(0, "shuffle").integers(100))
    True
    """
    return np.random.default_rng(_sequence(seed, name))


def integer_seed(seed: int, name: str) -> int:
    """Return a 31-bit integer seed for one purpose, for libraries that take one."""
    return int(_sequence(seed, name).generate_state(1)[0] >> 1)
