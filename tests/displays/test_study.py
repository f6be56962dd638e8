"""Figures of studies show the table's numbers, and every seed of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy import stats

from strates.displays import LearningRateRangeDisplay, StudyDisplay, StudyHeatmapDisplay
from strates.displays.study_axis import number_text, study_axis
from strates.exceptions import ParameterError
from strates.studies import LearningRateRange

ALPHAS = [0.0, 1e-3, 1e-2, 1e-1]


def study(columns: dict[str, list[Any]], n_seeds: int = 4, **measures: Any) -> pd.DataFrame:
    """Return a table with every combination of the columns' values; measures are drawn unless given."""
    rng = np.random.default_rng(0)
    grid = pd.MultiIndex.from_product([*columns.values(), range(n_seeds)], names=[*columns, "seed"])
    frame = grid.to_frame(index=False)
    for name in ("train_accuracy", "test_accuracy"):
        frame[name] = rng.uniform(0.5, 0.9, len(frame))
    for name in ("train_loss", "test_loss"):
        frame[name] = rng.uniform(0.5, 0.9, len(frame))
    frame["diverged"] = False
    return frame.assign(**measures)


@pytest.fixture
def ridge() -> pd.DataFrame:
    return study({"penalty": ["l2"], "alpha": ALPHAS})


# --- lines ----------------------------------------------------------------------------------------


def test_means_and_bars_are_students(ridge: pd.DataFrame) -> None:
    display = StudyDisplay.from_frame(ridge).plot()
    (line,), (bars,) = display.means_, display.intervals_
    assert np.asarray(line.get_xdata()) == pytest.approx([-4, -3, -2, -1])
    for i, alpha in enumerate(ALPHAS):
        values = ridge[ridge["alpha"] == alpha]["test_accuracy"]
        interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert np.asarray(line.get_ydata())[i] == pytest.approx(values.mean())
        ends = bars.get_segments()[i][:, 1]
        assert ends == pytest.approx([interval.low, min(interval.high, 1)])


def test_seeds_are_lines_behind(ridge: pd.DataFrame) -> None:
    display = StudyDisplay.from_frame(ridge.sample(frac=1, random_state=0)).plot()
    (lines,) = display.seed_lines_
    drawn = sorted(tuple(np.round(line.get_ydata(), 9)) for line in lines)
    table = ridge.pivot(index="seed", columns="alpha", values="test_accuracy")
    assert drawn == sorted(tuple(np.round(row, 9)) for row in table.to_numpy())
    assert all(line.get_zorder() < display.means_[0].get_zorder() for line in lines)


def test_zero_has_a_place_beside_a_logarithmic_axis(ridge: pd.DataFrame) -> None:
    display = StudyDisplay.from_frame(ridge).plot()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0", "0.001", "0.01", "0.1"]
    assert display.ax_.get_xlabel() == "alpha"
    assert display.ax_.get_ylabel() == "accuracy on test rows"


def test_two_measures_share_an_axis(ridge: pd.DataFrame) -> None:
    display = StudyDisplay.from_frame(ridge, y=("train_accuracy", "test_accuracy")).plot()
    assert display.ax_.get_ylabel() == "accuracy"
    legend = display.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "test"]
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in display.means_}
    assert len({look[0] for look in looks}) == len({look[1] for look in looks}) == len({look[2] for look in looks}) == 2


def test_what_else_varies_has_a_colour_and_a_mark() -> None:
    frame = study({"solver": ["sgd", "adam", "lion"], "learning_rate_init": [0.01, 0.1]})
    display = StudyDisplay.from_frame(frame).plot()
    assert [one.name for one in display.series] == ["sgd", "adam", "lion"]
    assert display.ax_.get_xlabel() == "learning rate"
    assert len({to_hex(line.get_color()) for line in display.means_}) == 3
    assert len({line.get_marker() for line in display.means_}) == 3
    mean = frame.query("solver == 'adam' and learning_rate_init == 0.1")["test_accuracy"].mean()
    assert np.asarray(display.means_[1].get_ydata())[1] == pytest.approx(mean)
    by_rate = StudyDisplay.from_frame(frame, x="solver")
    assert by_rate.x == ["sgd", "adam", "lion"]
    assert [one.name for one in by_rate.series] == ["rate 0.01", "rate 0.1"]


def test_names_stand_side_by_side() -> None:
    names = ["zeros", "normal(0.01)", "normal(1)", "glorot", "he"]
    display = StudyDisplay.from_frame(study({"kernel_initializer": names})).plot()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == names
    assert display.means_[0].get_linestyle() == "None"  # between names nothing is
    display.figure_.draw_without_rendering()
    boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert min(box.y0 for box in boxes) >= 0


def test_a_missing_value_is_none_at_the_right() -> None:
    frame = study({"max_norm": [np.nan, 4.0, 0.5, 1.0, 8.0]})
    display = StudyDisplay.from_frame(frame).plot()
    ticks = {
        label.get_text(): place
        for label, place in zip(display.ax_.get_xticklabels(), display.ax_.get_xticks(), strict=True)
    }
    assert sorted(ticks, key=ticks.__getitem__) == ["0.5", "1", "4", "8", "none"]
    drawn = np.asarray(display.means_[0].get_xdata())
    assert (np.diff(drawn) > 0).all()
    assert np.asarray(display.means_[0].get_ydata())[-1] == pytest.approx(
        frame[frame["max_norm"].isna()]["test_accuracy"].mean()
    )


def test_losses_of_many_sizes_have_a_logarithmic_axis_and_geometric_means() -> None:
    losses = 10.0 ** np.repeat([-4, -2, 0], 4) * np.tile([1, 2, 4, 8], 3)
    frame = study({"dropout": [0.0, 0.2, 0.4]}, train_loss=losses)
    display = StudyDisplay.from_frame(frame, y="train_loss").plot()
    assert display.ax_.get_yscale() == "log"
    assert np.asarray(display.means_[0].get_ydata()) == pytest.approx(
        stats.gmean([1, 2, 4, 8]) * np.array([1e-4, 1e-2, 1])
    )
    low, high = display.intervals_[0].get_segments()[0][:, 1]
    interval = stats.ttest_1samp(np.log([1, 2, 4, 8]), 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((1e-4 * np.exp(interval.low), 1e-4 * np.exp(interval.high)))
    assert "geometric means of 4 seeds" in display.describe()
    assert StudyDisplay.from_frame(frame, y="train_loss", log_y=False).plot().ax_.get_yscale() == "linear"


def test_zero_on_a_logarithmic_axis_has_its_place() -> None:
    frame = study({"start": ["zeros", "he"]}, n_seeds=2, initial_std=[0.0, 0.0, 0.5, 0.6])
    display = StudyDisplay.from_frame(frame, y="initial_std", log_y=True).plot()
    zero, other = np.asarray(display.means_[0].get_ydata())
    assert 0 < zero < other
    assert display.ax_.get_yticklabels()[0].get_text() == "0"
    assert display.ax_.get_yticks()[0] == pytest.approx(zero)


def test_runs_that_diverged_are_counted() -> None:
    frame = study({"solver": ["sgd", "adam"], "learning_rate_init": [0.01, 0.1, 1.0]})
    lost = (frame["solver"] == "sgd") & (frame["learning_rate_init"] == 1.0)
    frame.loc[lost, ["test_accuracy", "diverged"]] = np.nan, True
    one = (frame["solver"] == "adam") & (frame["learning_rate_init"] == 0.1) & (frame["seed"] == 2)
    frame.loc[one, ["test_accuracy", "diverged"]] = np.nan, True
    display = StudyDisplay.from_frame(frame).plot()
    assert [text.get_text() for text in display.diverged_texts_] == ["4 diverged", "1 diverged"]
    assert len(np.asarray(display.means_[0].get_xdata())) == 2
    said = display.describe()
    assert "1: no value, 4 diverged" in said
    assert ", 1 diverged" in said
    kept = frame.query("solver == 'adam' and learning_rate_init == 0.1")["test_accuracy"].dropna()
    assert np.asarray(display.means_[1].get_ydata())[1] == pytest.approx(kept.mean())


def test_epochs_have_bands_as_far_as_all_runs_went() -> None:
    frame = study({"solver": ["sgd"], "epoch": list(range(1, 31))}, n_seeds=3)
    frame = frame[["solver", "seed", "epoch", "train_loss"]]
    frame = frame[(frame["seed"] != 1) | (frame["epoch"] <= 20)]
    display = StudyDisplay.from_frame(frame).plot()
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "loss on training rows"
    assert np.asarray(display.means_[0].get_xdata()).tolist() == list(range(1, 21))
    longest = max(np.count_nonzero(~np.isnan(line.get_ydata())) for line in display.seed_lines_[0])
    assert longest == 30
    assert type(display.intervals_[0]).__name__ == "FillBetweenPolyCollection"


def test_one_seed_has_no_bars(ridge: pd.DataFrame) -> None:
    display = StudyDisplay.from_frame(ridge[ridge["seed"] == 0]).plot()
    assert len(np.asarray(display.means_[0].get_xdata())) == 4
    assert len(display.intervals_[0].get_segments()) == 0
    assert display.describe().startswith("Accuracy on test rows by alpha: one seed. 0: ")


def test_the_svg_says_it_in_words(ridge: pd.DataFrame) -> None:
    svg = StudyDisplay.from_frame(ridge).to_svg()
    assert "Accuracy on test rows by alpha: means of 4 seeds with 95 % intervals." in svg


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"y": "test_acuracy"}, r"The study measured no 'test_acuracy'\. Did you mean 'test_accuracy'"),
        ({"x": "alfa"}, r"The study varies no 'alfa'\. Did you mean 'alpha'"),
        ({"hue": "seed"}, "The study varies no 'seed'"),
        ({"x": "alpha", "hue": "alpha"}, r"The rows also differ in width\. Take those of one value, such as"),
    ],
    ids=str,
)
def test_columns_that_cannot_be(choices: dict[str, Any], message: str) -> None:
    frame = study({"width": [2, 4], "alpha": [0.0, 1.0]})
    with pytest.raises(ParameterError, match=message):
        StudyDisplay.from_frame(frame, **choices)


def test_tables_that_cannot_be(ridge: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="a study's has those of its settings, then 'seed'"):
        StudyDisplay.from_frame(ridge.drop(columns="seed"))
    with pytest.raises(ParameterError, match="The table has no rows, so there is nothing to draw"):
        StudyDisplay.from_frame(ridge[:0])
    with pytest.raises(ParameterError, match="The study has 13 series, and a figure shows 1 to 12"):
        StudyDisplay.from_frame(study({"solver": [f"s{i}" for i in range(13)], "alpha": [0.0, 1.0]}))


# --- the axis -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1e-4, 1e-3, 1e-2], "log"), ([0, 1e-4, 1e-2], "log"), ([2, 4, 8, 16, 32], "log"), ([8.0, 1.0, 0.5], "log"),
        ([1, 2, 3], "linear"), (list(range(1, 101)), "linear"), ([0.0, 0.2, 0.5, 0.7], "linear"),
        ([-1.0, 9.0], "linear"), ([5.0], "linear"),
        (["a", "b"], "names"), ([True, False], "names"), ([None, None], "names"),
    ],
    ids=str,
)  # fmt: skip
def test_kind_of_axis(values: list[Any], kind: str) -> None:
    axis = study_axis(values)
    assert axis.kind == kind
    assert len(axis.positions) == len(values)
    assert np.isfinite(axis.positions).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1, "0.1"), (1e-4, "10⁻⁴"), (2.5e-5, "2.5×10⁻⁵"), (12.0, "12"), (1500.0, "1500"), (1e6, "10⁶"),
     (-0.5, "-0.5"), (float("nan"), "none")],
)  # fmt: skip
def test_numbers_as_people_write_them(value: float, text: str) -> None:
    assert number_text(value) == text


# --- the heatmap ----------------------------------------------------------------------------------


def test_heatmap_shows_means_and_half_intervals() -> None:
    frame = study({"depth": [1, 2], "width": [2, 4, 8]})
    frame = frame[(frame["depth"] == 1) | (frame["width"] != 8)]
    display = StudyHeatmapDisplay.from_frame(frame).plot()
    assert (display.x, display.y) == ([2, 4, 8], [1, 2])
    assert sorted(display.text_) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    values = frame.query("depth == 2 and width == 4")["test_accuracy"]
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    half = (interval.high - interval.low) / 2
    assert display.text_[1, 1].get_text() == f"{values.mean():.3f}\n±{half:.3f}"
    means = frame.groupby(["depth", "width"])["test_accuracy"].mean()
    depth, width = means.idxmax()
    assert f"highest {means.max():.3g} at depth {depth} and width {width}" in display.describe()
    assert np.ma.count_masked(display.mesh_.get_array()) == 1


def test_heatmap_of_other_columns_and_measures() -> None:
    frame = study({"solver": ["sgd", "adam"], "learning_rate_init": [0.01, 0.1]})
    turned = StudyHeatmapDisplay.from_frame(frame, x="solver", value="test_loss")
    assert (turned.x, turned.y) == (["sgd", "adam"], [0.01, 0.1])
    mean = frame.query("solver == 'adam' and learning_rate_init == 0.01")["test_loss"].mean()
    assert turned.plot().text_[0, 1].get_text().startswith(f"{mean:.3f}")
    assert turned.values.shape == (2, 2, 4)


def test_heatmaps_that_cannot_be(ridge: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="The study varies alpha alone, and a heatmap needs two columns"):
        StudyHeatmapDisplay.from_frame(ridge.drop(columns="penalty"))
    with pytest.raises(ParameterError, match="y='seed' and x='alpha' must be two of the study's columns"):
        StudyHeatmapDisplay.from_frame(ridge, y="seed")
    with pytest.raises(ParameterError, match=r"values has shape \(1, 2, 1\); expected \(2, 2, n_seeds\)"):
        StudyHeatmapDisplay([1, 2], [1, 2], [[[0.5], [0.6]]], x_label="x", y_label="y")


# --- the range test -------------------------------------------------------------------------------


def found(suggestion: float = 0.01) -> LearningRateRange:
    rates = np.geomspace(1e-5, 1, 60)
    curve = np.interp(np.log10(rates), [-5, -3, -1.5, -0.5, 0], [2.0, 2.0, 0.5, 2.0, 50.0])
    parts = [
        pd.DataFrame(
            {"seed": s, "step": range(1, 61), "learning_rate": rates, "loss": curve, "smoothed": curve + 0.1 * s}
        )
        for s in range(3)
    ]
    return LearningRateRange(pd.concat(parts), suggestion, 0.3, 0.03, 0.005)


def test_range_test_marks_the_suggestion() -> None:
    display = LearningRateRangeDisplay.from_test(found()).plot()
    assert display.suggestion_line_ is not None
    assert np.asarray(display.suggestion_line_.get_xdata()).tolist() == [0.01, 0.01]
    assert len(display.seed_lines_) == 3
    assert np.asarray(display.mean_.get_ydata())[0] == pytest.approx(2.1)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylim()[1] < 4  # the blow-up does not flatten the rest
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]  # type: ignore[union-attr]
    assert texts == ["suggested 0.01", "steepest 0.005", "minimum 0.03", "back at the start 0.3"]
    for name, rate in (("steepest", 0.005), ("minimum", 0.03)):
        (x,), (y,) = display.notes_[name].get_data()
        assert x == rate
        mean = np.interp(np.log(rate), np.log(display.rates), display.losses.mean(axis=0))
        assert y == pytest.approx(mean)
    assert "Suggested: 0.01; steepest 0.005" in display.describe()


def test_range_test_without_a_suggestion() -> None:
    display = LearningRateRangeDisplay.from_test(found(float("nan"))).plot()
    assert display.suggestion_line_ is None
    assert "None is suggested" in display.describe()
