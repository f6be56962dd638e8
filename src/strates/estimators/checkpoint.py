"""A fit that survives being killed."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from strates._atomic_write import atomic_write
from strates._types import AnyArray
from strates.engine.epoch import Epoch
from strates.estimators._gradient_fit import FitProgress
from strates.estimators._parameters import integer
from strates.exceptions import CheckpointError

FORMAT = 1
_LISTS = ("weights", "best_weights", "optimizer", "others")


class Checkpoint:
    """Save a fit's progress every few epochs, and resume from it, as a scikit-learn callback.

    A fit that finds at ``path`` the progress of the same fit (same estimator, parameters and data) goes on from
    there, and ends with the very bits that it would have ended with uninterrupted. The file is replaced
    atomically, so that a kill at any moment leaves a readable one. It is kept when the fit ends: fitting again
    then returns at once. It holds arrays and JSON, nothing that can run.

    Parameters
    ----------
    path : str or path-like
        File to write; its folder must exist.
    every : int, default=1
        Epochs between two savings.

    Raises
    ------
    CheckpointError
        At ``fit``: the file at ``path`` belongs to another fit, or is damaged.

    See Also
    --------
    Recorder : Keep the weights of many moments of a fit.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from strates import Checkpoint, MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=60, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(pathlib.Path(folder) / "moons.checkpoint", every=5)
    ...     clf = MLPClassifier((8,), max_iter=30, tol=0.1, random_state=0).set_callbacks(checkpoint).fit(X, y)
    ...     again = MLPClassifier((8,), max_iter=30, tol=0.1, random_state=0).set_callbacks(checkpoint).fit(X, y)
    >>> bool((clf.coefs_[0] == again.coefs_[0]).all())
    True
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path = path
        self.every = every

    def due(self, epoch: int) -> bool:
        """Whether an epoch's end is a time to save."""
        return epoch % self.every == 0

    def read(self, fingerprint: str) -> tuple[FitProgress, int] | None:
        """Return the progress at ``path`` and the fit's seed; None when there is no file.

        Parameters
        ----------
        fingerprint : str
            What :func:`fit_fingerprint` says of the fit that asks.
        """
        integer(1)("every", self.every)
        path = Path(self.path)
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as archive:
                meta = json.loads(archive.read("progress.json"))
                arrays = np.load(io.BytesIO(archive.read("arrays.npz")), allow_pickle=False)
                lists: dict[str, Any] = {
                    name: None if meta[name] is None else [arrays[f"{name}_{i}"] for i in range(meta[name])]
                    for name in _LISTS
                }
            epochs = [Epoch(**epoch) for epoch in meta["epochs"]]
        except Exception as error:  # whatever a damaged zip, archive or JSON makes of itself
            raise CheckpointError(
                f"The file {path.name} is not a readable checkpoint ({error}). Delete it, or give another path."
            ) from error
        if meta["format"] != FORMAT or meta["fingerprint"] != fingerprint:
            raise CheckpointError(
                f"The checkpoint {path.name} belongs to another fit: other data, other parameters or another version. "
                "Nothing was overwritten. Delete it to start afresh, or give another path."
            )
        progress = FitProgress(
            **lists, epochs=epochs, stopping=meta["stopping"], rate=meta["rate"], finished=meta["finished"]
        )
        return progress, int(meta["seed"])

    def write(self, fingerprint: str, progress: FitProgress, seed: int) -> None:
        """Replace the file at ``path`` by this progress, atomically."""
        arrays: dict[str, AnyArray] = {}
        counts: dict[str, int | None] = {}
        for name in _LISTS:
            values = getattr(progress, name)
            counts[name] = None if values is None else len(values)
            arrays |= {f"{name}_{i}": value for i, value in enumerate(values or ())}
        held = io.BytesIO()
        np.savez(held, allow_pickle=False, **arrays)
        meta = {
            **counts,
            "format": FORMAT,
            "fingerprint": fingerprint,
            "seed": seed,
            "epochs": [asdict(epoch) for epoch in progress.epochs],
            "stopping": progress.stopping,
            "rate": progress.rate,
            "finished": progress.finished,
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("progress.json", json.dumps(meta))
            archive.writestr("arrays.npz", held.getvalue())
        atomic_write(self.path, packed.getvalue())

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing: the fit itself asks for what it left."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing: the fit itself saves."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""


def fit_fingerprint(estimator: Any, *data: Any) -> str:
    """Hash what makes a fit the one it is: the estimator, its parameters, its data.

    Parameters
    ----------
    estimator : estimator
    *data : ndarray, CSR matrix, or anything with a stable ``repr``

    Returns
    -------
    str
    """
    digest = blake2b(digest_size=16)
    parameters = {k: v for k, v in estimator.get_params(deep=False).items() if k != "verbose"}
    digest.update(f"{type(estimator).__name__} {_describe(parameters)}".encode())
    for part in data:
        pieces = [part.data, part.indices, part.indptr] if sparse.issparse(part) else [part]
        for piece in pieces:
            if isinstance(piece, np.ndarray) and piece.dtype.kind != "O":
                digest.update(f"{piece.dtype} {piece.shape}".encode())
                digest.update(np.ascontiguousarray(piece).data)
            else:
                digest.update(repr(piece.tolist() if isinstance(piece, np.ndarray) else piece).encode())
    return digest.hexdigest()


def _describe(value: Any) -> str:
    """Return a text that is equal for equal parameters, in any process."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_describe(value[k])}" for k in sorted(value) if k != "name") + "}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_describe(one) for one in value) + ")"
    if hasattr(value, "perturb"):  # an attack: its repr would cut long bounds short
        return f"{type(value).__name__} {_describe(value.get_params())}"
    if hasattr(value, "get_config"):
        return f"{type(value).__name__} {_describe(value.get_config())}"
    if isinstance(value, np.ndarray):
        return repr(value.tolist())
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return type(value).__name__
    return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else repr(value)
