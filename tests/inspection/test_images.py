"""Images counted, and images reduced for a simple classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strates.datasets import read_image_folder
from strates.inspection import fit_baselines
from strates.inspection.image_summary import ImageSummary, summarize_images
from strates.inspection.shrunk_images import MOST_NUMBERS, shrink_factor, shrink_images


@pytest.mark.parametrize("shape", [(28, 28), (31, 33, 1), (33, 32), (50, 7, 3), (72, 96, 3), (224, 224, 3)])
def test_shrunk_image_is_the_mean_of_its_squares(shape: tuple[int, ...]) -> None:
    X = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    factor = shrink_factor(shape)
    channels = X if X.ndim == 4 else X[..., np.newaxis]
    expected = [
        [
            channels[i, down : down + factor, across : across + factor, c].mean()
            for down in range(0, shape[0], factor)
            for across in range(0, shape[1], factor)
            for c in range(channels.shape[3])
        ]
        for i in range(3)
    ]
    shrunk = shrink_images(X)
    np.testing.assert_allclose(shrunk, expected)
    assert shrunk.shape[1] <= MOST_NUMBERS
    # no less than needed: one step finer would be too many numbers, but for the rounding at the edges
    assert factor == 1 or np.prod([-(-side // (factor - 1)) for side in shape[:2]]) * channels.shape[3] > MOST_NUMBERS


def test_baseline_says_what_it_sees() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = (rng.integers(0, 100, (60, 40, 40, 3)) + 100 * y[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.uint8)
    found = fit_baselines(X[:40], y[:40], X[40:], y[40:], n_bootstrap=20)["logistic regression"]
    assert found.metric("accuracy").value == 1
    assert found.note == "It sees the means of squares of 3 x 3 pixels."


def test_summary_counts_and_measures(tmp_path: Path) -> None:
    for kind, sizes in {"few": [(4, 9), (8, 5)], "many": [(6, 7), (6, 7), (12, 30)]}.items():
        for i, (height, width) in enumerate(sizes):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.new("RGB", (width, height)).save(tmp_path / kind / f"{i}.png")
    images = read_image_folder(tmp_path, image_size=(5, 6))
    summary = summarize_images(images.take([0, 2, 3]), images.take([1, 4]))
    assert (summary.classes, summary.counts, summary.test_counts) == (("many", "few"), (2, 1), (1, 1))
    assert (summary.height, summary.width, summary.channels) == (5, 6, 3)
    assert (summary.heights, summary.widths) == ((4, 6, 12), (5, 7, 30))
    assert summary.n_images == 5
    assert ImageSummary.from_dict(summary.to_dict()) == summary
