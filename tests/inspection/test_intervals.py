"""Oracles: statsmodels, SciPy, and the exact coverage under the binomial law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from strates.inspection.intervals import (
    mean_interval,
    mean_of_proportions_interval,
    paired_proportions_interval,
    wilson_interval,
)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (68, 69), (0, 30), (30, 30), (17, 40), (9_990, 10_000)])
def test_wilson_is_statsmodels(hits: int, n: int) -> None:
    assert wilson_interval(hits, n) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)


def test_wilson_without_trials_knows_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_mean_of_one_proportion_is_wilson() -> None:
    assert mean_of_proportions_interval([17], [40]) == pytest.approx(wilson_interval(17, 40))


@pytest.mark.parametrize(("p", "n"), [((0.9, 0.6), (30, 15)), ((0.99, 0.95, 0.8), (40, 10, 5))])
def test_mean_of_proportions_covers_its_truth(p: tuple[float, ...], n: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    truth = float(np.mean(p))
    hits = np.column_stack([rng.binomial(total, share, 2000) for total, share in zip(n, p, strict=True)])
    bounds = np.array([mean_of_proportions_interval(row, n) for row in hits])
    covered = float(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).mean())
    assert 0.93 <= covered <= 0.995


def test_paired_interval_is_walds_on_the_table_with_half_a_count_more() -> None:
    # 100 rows: 10 only the first, 2 only the second, 88 tied, each cell of four half a count more.
    values = np.repeat([1.0, -1.0, 0.0], [105, 25, 890]) / 1.0  # ten times 10.5, 2.5 and 89
    half = stats.norm.ppf(0.975) * values.std() / np.sqrt(102)
    expected = values.mean() - half, values.mean() + half
    assert paired_proportions_interval(10, 2, 100) == pytest.approx(expected)


def test_paired_interval_is_symmetric() -> None:
    low, high = paired_proportions_interval(10, 2, 100)
    assert paired_proportions_interval(2, 10, 100) == pytest.approx((-high, -low))


def test_mean_interval_is_students() -> None:
    values = [0.8, 0.9, 0.85, 0.7]
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert mean_interval(values) == pytest.approx((np.mean(values), *expected))
    assert mean_interval([0.5]) == (0.5, 0.5, 0.5)
