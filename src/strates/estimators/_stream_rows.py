"""The rows of a stream as a network takes them, an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from strates._random import integer_seed
from strates._types import AnyArray
from strates.datasets import ImageFolder, TableStream
from strates.estimators._targets import LabelEncoding, encode, weigh
from strates.estimators._training_rows import network_targets

#: Images decoded at once, at most, and the bytes that they may take.
_BLOCK_IMAGES, _BLOCK_BYTES = 256, 32 * 2**20

Block = tuple[AnyArray, AnyArray, AnyArray]


class StreamRows(Protocol):
    """What a fit needs of a stream.

    Attributes
    ----------
    encoding : LabelEncoding
    n_rows : int
        Of an epoch.
    about : list
        What makes this stream the one it is, for checkpoints.
    """

    encoding: LabelEncoding
    n_rows: int
    about: list[Any]

    def sample(self) -> Any:
        """Return some rows as the classifier takes them: of what shape they are."""

    def numbers(self, X: Any) -> Any:
        """Return raw rows as the classifier takes them."""

    def read(self, order: int, epoch: int) -> Iterator[Block]:
        """Yield an epoch's rows, targets and weights, block by block; ``order`` is a seed."""


class TableRows:
    """The rows of a table, through the steps before the classifier."""

    def __init__(self, pipeline: Pipeline, table: TableStream, sample_rows: int, seed: int) -> None:
        self._steps = pipeline[:-1] if len(pipeline.steps) > 1 else None
        self._clf, self._stream, self._target = pipeline.steps[-1][1], table, str(table.target)
        frame = table.sample(sample_rows, seed=integer_seed(seed, "sample"))
        labels = frame.pop(self._target)
        self._sample = frame if self._steps is None else self._steps.fit_transform(frame, labels)
        self.encoding = encode(np.asarray(table.classes()))
        self.n_rows = table.n_labelled_rows
        self.about = [self.n_rows, table.types, self.encoding.classes.tolist(), table.path.stat().st_size]
        self._factors = _class_factors(self.encoding, table.class_counts(), self._clf.class_weight)

    def sample(self) -> Any:
        """Return the sample from which the steps learned."""
        return self._sample

    def numbers(self, X: pd.DataFrame) -> AnyArray:
        """Return the classifier's input."""
        return np.asarray(X if self._steps is None else self._steps.transform(X), np.float32)

    def read(self, order: int, epoch: int) -> Iterator[Block]:
        """Yield an epoch's rows, targets and weights, block by block."""
        for chunk in self._stream.chunks(shuffle=self._clf.shuffle, seed=integer_seed(order, f"epoch {epoch}")):
            codes = self.encoding.codes(chunk.pop(self._target).to_numpy())
            yield self.numbers(chunk), network_targets(codes, self._clf._kind), self._factors[codes]


class ImageRows:
    """The images of a folder, decoded as they are needed; they stay bytes, which the network scales."""

    def __init__(self, clf: Any, images: ImageFolder) -> None:
        self._clf, self._images = clf, images
        self.encoding = encode(np.unique(images.labels))
        self.n_rows = len(images)
        self.about = [images.fingerprint(), images.form.shape]
        self._factors = _class_factors(self.encoding, images.class_counts(), clf.class_weight)
        self._block = max(1, min(_BLOCK_IMAGES, _BLOCK_BYTES // images.form.n_bytes))

    def sample(self) -> AnyArray:
        """Return the first image."""
        return self._images.take([0]).load()[0]

    def numbers(self, X: Any) -> Any:
        """Return the images as they are."""
        return X

    def read(self, order: int, epoch: int) -> Iterator[Block]:
        """Yield an epoch's images, targets and weights, block by block."""
        seed = integer_seed(order, f"epoch {epoch}")
        for images, labels in self._images.batches(self._block, shuffle=self._clf.shuffle, seed=seed):
            codes = self.encoding.codes(labels)
            yield self._clf._check_X(images, reset=False), network_targets(codes, self._clf._kind), self._factors[codes]


def _class_factors(encoding: LabelEncoding, counts: Mapping[Any, int], class_weight: Any) -> AnyArray:
    """Return the weight of a row of each class, with mean one over all rows."""
    frequency = np.array([counts[label] for label in encoding.classes.tolist()], np.float64)
    totals = weigh(encoding, np.arange(len(frequency)), frequency, class_weight)
    factors: AnyArray = (totals / frequency * frequency.sum() / totals.sum()).astype(np.float32)
    return factors
