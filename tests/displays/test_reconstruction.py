"""Pictures of reconstructions, judged by the numbers behind their pixels and bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates.displays import ReconstructionDisplay
from strates.inspection import Reconstructions

RNG = np.random.default_rng(0)
ROWS = RNG.uniform(size=(12, 64))
MADE = ROWS + RNG.normal(size=(12, 64)) * np.arange(1, 13)[::-1, None] / 20  # the last rows are nearest
ERRORS = ((ROWS - MADE) ** 2).mean(axis=1)


def found(image_shape: Any = None, n: int = 12) -> Reconstructions:
    names = tuple(f"column {i}" for i in range(64))
    return Reconstructions(ROWS[:n], MADE[:n], ERRORS[:n], names, image_shape)


class TestImages:
    def test_are_the_rows_above_and_the_reconstructions_below(self) -> None:
        display = ReconstructionDisplay(found((8, 8)), max_images=4).plot()
        order = np.argsort(ERRORS)
        assert display.rows_ == [order[0], order[4], order[7], order[11]]
        for above, below, row in zip(display.originals_, display.reconstructed_, display.rows_, strict=True):
            np.testing.assert_array_equal(np.asarray(above.get_array()), ROWS[row].reshape(8, 8))
            np.testing.assert_array_equal(np.asarray(below.get_array()), MADE[row].reshape(8, 8))
            assert below.axes.get_xlabel().removeprefix("error ") == f"{ERRORS[row]:.2g}"
        limits = {image.get_clim() for image in display.originals_ + display.reconstructed_}
        assert limits == {(ROWS[display.rows_].min(), ROWS[display.rows_].max())}  # one scale for all

    def test_colours_stay_within_the_scale(self) -> None:
        three = Reconstructions(ROWS[:, :48], MADE[:, :48], ERRORS, ("x",) * 48, (4, 4, 3))
        display = ReconstructionDisplay(three).plot()
        assert len(display.rows_) == 10
        for image in display.reconstructed_:
            pixels = np.asarray(image.get_array())
            assert pixels.shape == (4, 4, 3)
            assert pixels.min() >= 0
            assert pixels.max() <= 1

    def test_one_row_is_drawn(self) -> None:
        assert len(ReconstructionDisplay(found((8, 8), n=1)).plot().originals_) == 1


class TestTables:
    def test_bars_are_the_worst_columns_beside_their_variances(self) -> None:
        display = ReconstructionDisplay(found()).plot()
        squares = ((ROWS - MADE) ** 2).mean(axis=0)
        worst = np.argsort(-squares)[:15]
        assert display.bars_ is not None
        assert display.variances_ is not None
        np.testing.assert_allclose([bar.get_width() for bar in display.bars_], squares[worst])
        np.testing.assert_allclose(display.variances_.get_xdata(), ROWS.var(axis=0)[worst])
        labels = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert labels == [f"column {i}" for i in worst]
        assert display.originals_ == []

    def test_says_what_it_shows(self) -> None:
        display = ReconstructionDisplay(found())
        words = display.describe()
        assert f"Mean squared error of 12 reconstructed rows: {ERRORS.mean():.3g}" in words
        assert f"to {ERRORS.max():.3g} (row {ERRORS.argmax()})" in words
        worst = int(((ROWS - MADE) ** 2).mean(axis=0).argmax())
        assert f"Largest by column: column {worst} " in words
        assert "Largest by column" not in ReconstructionDisplay(found((8, 8))).describe()
        assert words.split(".")[0] in display.to_svg()

    @pytest.mark.parametrize("shape", [None, (8, 8)])
    def test_a_perfect_reconstruction_is_drawn(self, shape: Any) -> None:
        same = Reconstructions(np.ones((3, 64)), np.ones((3, 64)), np.zeros(3), ("x",) * 64, shape)
        assert ReconstructionDisplay(same).plot().figure_ is not None
