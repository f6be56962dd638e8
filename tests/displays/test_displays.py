"""Displays are judged by what their artists hold."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.naive_bayes import GaussianNB

from strates.displays import (
    CalibrationDisplay,
    ClassBalanceDisplay,
    ConfusionMatrixDisplay,
    Display,
    HistoryDisplay,
    ImportanceDisplay,
    IntervalDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
)
from strates.displays.confusion_matrix import fold_confusion
from strates.displays.style import PALETTE, class_style, label_text
from strates.exceptions import ParameterError
from strates.inspection import Curve, Evaluation, Importance, Metric, evaluate, summarize_data


@pytest.fixture(scope="module")
def wine() -> Evaluation:
    X, y = load_wine(return_X_y=True, as_frame=True)
    return evaluate(GaussianNB().fit(X[::2], y[::2]), X[1::2], y[1::2], n_bootstrap=20, n_repeats=1)


HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train_loss": [1.0, 0.5, 0.4],
        "validation_loss": [1.1, 0.6, 0.7],
        "train_score": [None, None, None],
        "validation_score": [0.5, 0.8, 0.7],
    }
)


def test_history_draws_both_curves_and_the_epoch_kept() -> None:
    display = HistoryDisplay.from_history(HISTORY, best_epoch=2).plot()
    assert display.training_line_ is not None
    assert display.validation_line_ is not None
    assert display.best_line_ is not None
    assert display.training_line_.get_xydata().tolist() == [[1, 1.0], [2, 0.5], [3, 0.4]]
    assert np.asarray(display.validation_line_.get_ydata()).tolist() == [1.1, 0.6, 0.7]
    assert np.asarray(display.best_line_.get_xdata()).tolist() == [2, 2]
    assert display.describe() == (
        "Training loss fell from 1 at epoch 1 to 0.4 at epoch 3. "
        "Validation loss fell from 1.1 at epoch 1 to 0.7 at epoch 3. The weights of epoch 2 were kept."
    )


def test_history_leaves_out_what_was_not_recorded() -> None:
    display = HistoryDisplay.from_history(HISTORY, quantity="score").plot()
    assert display.training_line_ is None
    assert display.best_line_ is None
    assert not display.is_empty
    assert HistoryDisplay.from_history(HISTORY[["epoch", "train_loss"]], quantity="score").is_empty


def test_history_of_one_epoch_shows_its_point() -> None:
    line = HistoryDisplay.from_history(HISTORY[:1]).plot().training_line_
    assert line is not None
    assert line.get_marker() == "o"


def test_history_of_an_estimator_with_its_objective_only() -> None:
    class Fitted:
        history_ = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0]})
        best_epoch_ = 1

    display = HistoryDisplay.from_estimator(Fitted())
    assert (display.training.tolist(), display.best_epoch) == ([2.0, 1.0], 1)


def test_history_of_an_unknown_quantity() -> None:
    with pytest.raises(ParameterError, match=r"quantity is 'los'. Did you mean 'loss'\?"):
        HistoryDisplay.from_history(HISTORY, quantity="los")


def test_confusion_matrix_writes_counts_and_shades_shares(wine: Evaluation) -> None:
    display = ConfusionMatrixDisplay.from_evaluation(wine).plot()
    counts = np.array(wine.confusion)
    assert np.asarray(display.mesh_.get_array()) == pytest.approx(counts / counts.sum(axis=1, keepdims=True))
    assert {place: int(text.get_text()) for place, text in display.text_.items()} == {
        (row, column): counts[row, column] for row, column in zip(*np.nonzero(counts), strict=True)
    }
    assert display.ax_.yaxis_inverted()
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list(wine.classes)


def test_confusion_matrix_of_many_classes_is_folded_without_losing_a_row() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 9, (40, 40))
    display = ConfusionMatrixDisplay(counts, [f"class {i}" for i in range(40)])
    assert display.counts.shape == (26, 26)
    assert display.counts.sum() == counts.sum()
    assert display.labels[-1] == "15 others"
    kept = [int(label.split()[1]) for label in display.labels[:-1]]
    assert np.array_equal(display.counts[:-1, :-1], counts[np.ix_(kept, kept)])
    assert fold_confusion(counts[:26, :26], list("abcdefghijklmnopqrstuvwxyz"))[1] == list("abcdefghijklmnopqrstuvwxyz")


def test_confusion_matrix_says_the_commonest_confusion_first() -> None:
    words = ConfusionMatrixDisplay([[5, 1, 0], [4, 6, 0], [0, 2, 7]], ["a", "b", "c"]).describe()
    assert words.startswith("18 of 25 rows lie on the diagonal")
    assert "confusions: 4 of b taken for a; 2 of c taken for b; 1 of a taken for b." in words


@pytest.mark.parametrize("kind", [RocCurveDisplay, PrecisionRecallDisplay])
def test_curves_are_those_of_the_evaluation(kind: Any, wine: Evaluation) -> None:
    display = kind.from_evaluation(wine).plot()
    curves = wine.roc if kind is RocCurveDisplay else wine.precision_recall
    for line, curve in zip(display.lines_, curves, strict=True):
        assert tuple(line.get_xdata()) == curve.x
        assert tuple(line.get_ydata()) == curve.y
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [f"{curve.label} {curve.area:.3f}" for curve in curves]
    assert all(f"{curve.label} {curve.area:.3f}" in display.describe() for curve in curves)


def test_many_curves_name_the_worst_and_grey_the_others() -> None:
    curves = [Curve(f"k{i}", (0.0, 1.0), (0.0, 1.0), area=1 - i / 100, prevalence=0.1) for i in range(26)]
    display = RocCurveDisplay(curves).plot()
    legend = display.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "k25 0.750",
        "k24 0.760",
        "k23 0.770",
        "k22 0.780",
        "22 others 0.790 to 1.000",
    ]
    assert len({line.get_color() for line in display.lines_}) == 5


def test_calibration_draws_the_bins_their_intervals_and_counts(wine: Evaluation) -> None:
    display = CalibrationDisplay.from_evaluation(wine).plot()
    bins = wine.calibration.bins
    points, _, (bars,) = display.errorbar_.lines
    assert points is not None
    assert points.get_xydata().tolist() == [[one.predicted, one.observed] for one in bins]
    for one, segment in zip(bins, bars.get_segments(), strict=True):
        assert segment[:, 1] == pytest.approx([one.low, one.high])
    heights = np.array([bar.get_height() for bar in display.count_bars_])
    counts = np.array([one.count for one in bins])
    assert heights / heights.sum() == pytest.approx(counts / counts.sum())
    assert [text.get_text() for text in display.ax_.texts] == [str(one.count) for one in bins]


def test_importance_draws_the_first_fifteen_from_the_top() -> None:
    columns = [Importance(f"c{i}", i / 10, i / 10 - 0.1, i / 10 + 0.1, 0.0) for i in range(20)]
    display = ImportanceDisplay(columns).plot()
    assert [bar.get_width() for bar in display.bars_] == [i / 10 for i in range(19, 4, -1)]
    assert [label.get_text() for label in display.ax_.get_yticklabels()][:2] == ["c19", "c18"]
    bottom, top = display.ax_.get_ylim()
    assert bottom > top
    assert display.describe().endswith("5 more columns.")


def test_class_balance_folds_beyond_twenty_six() -> None:
    frame = pd.DataFrame({"x": 0, "y": np.repeat(np.arange(40), np.arange(1, 41))})
    display = ClassBalanceDisplay.from_summary(summarize_data(frame, "y")).plot()
    widths = [int(bar.get_width()) for bar in display.bars_]
    assert widths == [*range(40, 15, -1), sum(range(1, 16))]
    assert display.labels[-1] == "15 others"


def test_intervals_leave_out_what_has_no_value() -> None:
    metrics = {
        "network": Metric("roc_auc", "ROC AUC", 0.9, 0.8, 0.95, True),
        "guess": Metric("roc_auc", "ROC AUC", 0.5, None, None, True),
        "none": Metric("roc_auc", "ROC AUC", None, None, None, True),
    }
    display = IntervalDisplay.from_metrics(metrics).plot()
    assert display.names == ["network", "guess"]
    _, _, (bar,) = display.errorbars_[0].lines
    assert bar.get_segments()[0][:, 0] == pytest.approx([0.8, 0.95])
    assert display.describe() == "ROC AUC: network 0.900 (0.800 to 0.950), guess 0.500."


@pytest.mark.parametrize(
    "kind", [CalibrationDisplay, ConfusionMatrixDisplay, ImportanceDisplay, PrecisionRecallDisplay, RocCurveDisplay]
)
def test_from_estimator_is_from_evaluation(kind: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    clf = GaussianNB().fit(X[:300, :4], y[:300])
    evaluation = evaluate(clf, X[300:, :4], y[300:])
    assert kind.from_estimator(clf, X[300:, :4], y[300:]).describe() == kind.from_evaluation(evaluation).describe()


def test_plot_on_given_axes_returns_itself_and_touches_no_setting() -> None:
    before = dict(matplotlib.rcParams)
    ax = Figure().subplots()
    display = HistoryDisplay.from_history(HISTORY)
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert dict(matplotlib.rcParams) == before


def test_a_display_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Display()


def test_no_window_and_no_pyplot() -> None:
    code = (
        "import sys; from strates.displays import ConfusionMatrixDisplay as D; D([[1, 0], [0, 1]], 'ab').to_svg(); "
        "import matplotlib; sys.exit(bool(matplotlib._pylab_helpers.Gcf.figs) if 'matplotlib._pylab_helpers' in "
        "sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)


def test_twenty_eight_class_styles_differ() -> None:
    assert len({class_style(number) for number in range(28)}) == 28
    assert len(set(PALETTE)) == len(PALETTE)


def test_labels_are_cut_and_cleaned() -> None:
    assert label_text("a" * 50, 10) == "a" * 9 + "…"
    assert label_text("a\x00b\x1b[31m\u200b") == "a b [31m"
    assert label_text("") == "(blank)"
    assert label_text("_hidden").endswith("_hidden")
