"""What a fixed network answers to rows, computed once a row and kept."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

from strates._types import AnyArray, FloatArray

#: Bytes of answers that are kept, at most; those that were not asked for longest go first.
KEPT_BYTES = 512 * 2**20
#: Rows of one pass, at most, and numbers in them: passes whose maps stay near the processor are quicker (measured).
IMAGES_A_PASS, ROWS_A_PASS = 32, 256
_PASS_NUMBERS = 1_250_000


class FeatureStore:
    """Keeps a network's answers by the content of the rows.

    A search over heads with cross-validation asks for the same images in other subsets again and again; the network
    sees each of them once.

    Attributes
    ----------
    n_computed : int
        Rows that went through a network so far.

    Examples
    --------
    >>> store = FeatureStore()
    >>> double = lambda rows: 2 * rows
    >>> store("double", np.array([[1.0], [2.0]]), double).tolist(), store.n_computed
    ([[2.0], [4.0]], 2)
    >>> store("double", np.array([[2.0], [3.0]]), double).tolist(), store.n_computed
    ([[4.0], [6.0]], 3)
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self.n_computed = 0
        self._kept_bytes, self._bytes = kept_bytes, 0
        self._rows: OrderedDict[Hashable, FloatArray] = OrderedDict()
        self._lock = threading.RLock()

    def __call__(self, network: Hashable, X: AnyArray, run: Callable[[AnyArray], FloatArray]) -> FloatArray:
        """Return the answers to rows, in their order.

        Parameters
        ----------
        network : hashable
            Says which network: equal ones give equal answers.
        X : ndarray of shape (n_rows, ...)
        run : callable (rows) -> ndarray
            The network. It is called with passes of one length, so that a row's answer does not depend on how many
            came with it.

        Returns
        -------
        ndarray of shape (n_rows, ...)
        """
        with self._lock:
            names = [(network, X.dtype.str, name) for name in _digests(X)]
            new = [i for i, name in enumerate(names) if name not in self._rows]
            fresh = self._compute(X[new], run) if new else np.empty((0,), np.float32)
            found = dict(zip(new, fresh, strict=True))
            answers: FloatArray = np.stack(
                [found[i] if i in found else self._rows[name] for i, name in enumerate(names)]
            )
            for name, answer in zip(names, answers, strict=True):
                self._keep(name, answer)
            return answers

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._rows.clear()
            self._bytes = 0

    def _compute(self, X: AnyArray, run: Callable[[AnyArray], FloatArray]) -> FloatArray:
        size = rows_a_pass(X.shape[1:])
        parts = []
        for first in range(0, len(X), size):
            rows = X[first : first + size]
            missing = size - len(rows)
            padded = np.concatenate([rows, np.repeat(rows[:1], missing, axis=0)]) if missing else rows
            parts.append(run(padded)[: len(rows)])
            self.n_computed += len(rows)
        return np.concatenate(parts)

    def _keep(self, name: Hashable, answer: FloatArray) -> None:
        if name in self._rows:
            self._rows.move_to_end(name)
            return
        if answer.nbytes > self._kept_bytes // 64:  # maps so large that a few would drive out all else
            return
        self._rows[name] = answer.copy()
        self._bytes += answer.nbytes
        while self._bytes > self._kept_bytes:
            self._bytes -= self._rows.popitem(last=False)[1].nbytes


def rows_a_pass(shape: tuple[int, ...]) -> int:
    """Return how many rows of a shape go through a network at once: a power of two.

    Examples
    --------
    >>> rows_a_pass((224, 224, 3)), rows_a_pass((64,)), rows_a_pass((640, 640, 3))
    (8, 256, 1)
    """
    most = IMAGES_A_PASS if len(shape) > 1 else ROWS_A_PASS
    return int(min(most, 2 ** int(math.log2(max(1, _PASS_NUMBERS // max(1, math.prod(shape)))))))


def _digests(X: AnyArray) -> list[bytes]:
    rows = np.ascontiguousarray(X)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]


#: The one that classifiers share, for the life of the process.
STORE = FeatureStore()
