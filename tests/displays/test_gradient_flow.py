"""Pictures of gradient flow hold the table's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

from strates import MLPClassifier, Recorder
from strates.displays import GradientFlowDisplay
from strates.displays.log_axis import LEAST_RATIO, log_axis
from strates.exceptions import ParameterError
from strates.inspection import gradient_flow

COLUMNS = ("activation_norm", "delta_norm", "gradient_norm", "update_ratio")


def table(n_layers: int = 4, steps: tuple[int, ...] = (), **columns: Any) -> pd.DataFrame:
    """Make a table whose numbers fall by a tenth from layer to layer, and by half from frame to frame."""
    rows = []
    for i, step in enumerate(steps or (0,)):
        for j in range(n_layers):
            signal = 10.0**-j * 0.5**i
            row: dict[str, Any] = {"step": step, "epoch": float(step), "layer": f"hidden_{j + 1}", "units": 5}
            row |= {"activation_mean": 0.1, "activation_std": signal, "weight_norm": 1.0, "dead": 0.25}
            row |= dict.fromkeys(COLUMNS, signal) | {"saturated": np.nan} | columns
            rows.append(row)
    frame = pd.DataFrame(rows)
    return frame if steps else frame.drop(columns=["step", "epoch"])


def test_a_network_that_stands_still_goes_from_layer_to_layer() -> None:
    display = GradientFlowDisplay(table()).plot()
    for column in COLUMNS:
        line = display.lines_[column, ""]
        assert line.get_xydata().tolist() == [[j, 10.0**-j] for j in range(4)]
        assert display.axes_[column].get_yscale() == "log"
    assert display.legend_ is None
    assert np.asarray(display.lines_["dead", ""].get_ydata()).tolist() == [0.25] * 4
    assert ("saturated", "") not in display.lines_
    assert display.axes_["shares"].get_title(loc="left") == "dead units"
    names = [label.get_text() for label in display.axes_["shares"].get_xticklabels()]
    assert names == ["hidden_1", "hidden_2", "hidden_3", "hidden_4"]


def test_over_training_each_layer_has_a_line_against_the_steps() -> None:
    display = GradientFlowDisplay(table(3, (0, 1, 10))).plot()
    for j in range(3):
        line = display.lines_["gradient_norm", f"hidden_{j + 1}"]
        assert line.get_xydata().tolist() == [[0, 10.0**-j], [1, 10.0**-j / 2], [10, 10.0**-j / 4]]
    axis = display.axes_["gradient_norm"]
    assert (axis.get_xscale(), axis.get_xlabel()) == ("symlog", "step")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "1", "10"]
    assert [text.get_text() for text in display.legend_.get_texts()] == ["hidden_1", "hidden_2", "hidden_3"]


def test_layers_differ_by_lightness_and_by_marker() -> None:
    display = GradientFlowDisplay(table(6, (0, 1, 10))).plot()
    lines = [display.lines_["delta_norm", f"hidden_{j + 1}"] for j in range(6)]
    linear = [np.power((np.array(to_rgb(str(line.get_color()))) + 0.055) / 1.055, 2.4) for line in lines]
    luminance = np.array(linear) @ (0.2126, 0.7152, 0.0722)  # of sRGB
    assert (np.diff(luminance) > 0).all()  # told apart without colours too
    assert 1.05 / (luminance[-1] + 0.05) > 2  # and on white
    assert len({line.get_marker() for line in lines}) == 6


def test_many_layers_are_named_in_part() -> None:
    display = GradientFlowDisplay(table(31, (0, 1))).plot()
    assert len(display.legend_.get_texts()) == 10
    assert display.legend_.get_title().get_text() == "10 of 31 layers"
    assert len(GradientFlowDisplay(table(31)).plot().axes_["shares"].get_xticklabels()) == 10


def test_dead_and_saturated_side_by_side() -> None:
    shares = GradientFlowDisplay(table(2, (0, 1), saturated=0.5)).plot()
    styles = {name: shares.lines_[name, "hidden_1"].get_linestyle() for name in ("dead", "saturated")}
    assert styles == {"dead": "-", "saturated": "--"}
    assert [text.get_text() for text in shares.legend_.get_texts()] == ["hidden_1", "hidden_2", "dead", "saturated"]
    neither = GradientFlowDisplay(table(dead=np.nan)).plot()
    assert "no unit here can die" in neither.axes_["shares"].texts[0].get_text()


def test_the_band_stands_where_steps_are_the_solvers_own() -> None:
    def bands(display: Any) -> int:
        return len(display.plot().axes_["update_ratio"].patches)

    assert bands(GradientFlowDisplay(table())) == 1
    assert bands(GradientFlowDisplay(table(), solver="adam")) == 0
    assert bands(GradientFlowDisplay(table(3, (0, 1)), solver="adam")) == 1
    low, high = GradientFlowDisplay(table()).plot().axes_["update_ratio"].get_ylim()
    assert low < 1e-4 < 1e-2 < high
    note = GradientFlowDisplay(table(), solver="adam").plot().axes_["update_ratio"].texts[0].get_text()
    assert note == "adam steps otherwise:\nlook over training"
    unknown = GradientFlowDisplay(table(update_ratio=np.nan)).plot()
    assert "no learning rate" in unknown.axes_["update_ratio"].texts[0].get_text()


def test_zero_has_a_place_on_a_logarithmic_axis() -> None:
    values = table()
    values.loc[:1, "gradient_norm"] = 0.0
    display = GradientFlowDisplay(values).plot()
    axis, line = display.axes_["gradient_norm"], display.lines_["gradient_norm", ""]
    drawn = np.asarray(line.get_ydata())
    assert 0 < drawn[0] == drawn[1] < 1e-3 / 2
    assert axis.get_ylim()[0] < drawn[0]
    assert (axis.get_yticks()[0], axis.get_yticklabels()[0].get_text()) == (drawn[0], "0")


@pytest.mark.parametrize("values", [[2.0, 2.1], [1e-22, 1e-3], [3e-5], [0.0, 0.0], [np.nan, 5.0]])
def test_axes_hold_their_values_with_ticks_that_can_be_read(values: list[float]) -> None:
    ax = Figure().subplots()
    zero = log_axis(ax, values)
    low, high = ax.get_ylim()
    known = [value for value in values if value > 0]
    assert all(low < value < high for value in known)
    assert high / low >= LEAST_RATIO
    assert len(ax.get_yticks()) >= 2
    for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        text = label.get_text().translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        mantissa, ten, exponent = text.rpartition("10") if "×" in text or text.startswith("10-") else (text, "", "0")
        number = float(mantissa.rstrip("×") or 1) * 10.0 ** float(exponent) if ten else float(text)
        assert number == pytest.approx(0 if tick == zero and 0.0 in values else tick)


def test_words_say_the_numbers() -> None:
    assert GradientFlowDisplay(table(2)).describe() == (
        "From hidden_1 to hidden_2: activations (root mean square) 1, 0.1; deltas of a row (root mean square) 1, 0.1; "
        "gradients of the weights (norm) 1, 0.1; a step of plain gradient descent over the weights 1, 0.1; dead units "
        "25 %, 25 %."
    )
    words = GradientFlowDisplay(table(1, (0, 7))).describe()
    assert words.startswith("2 frames, from step 0 to 7. hidden_1: activations (root mean square) 1 to 0.5; ")
    assert GradientFlowDisplay(table(20, (0, 7))).describe().count("hidden_") == 7


def test_from_an_estimator_and_its_recording() -> None:
    X, y = load_iris(return_X_y=True)
    clf = MLPClassifier((4,), learning_rate="cosine", max_iter=3, random_state=0).set_callbacks(Recorder(frames=3))
    clf.fit(X, y)
    for over in ("end", "training"):
        display = GradientFlowDisplay.from_estimator(clf, X, y, over=over)
        pd.testing.assert_frame_equal(display.table, gradient_flow(clf, X, y, over=over))
    assert display.solver == "adam"
    svg = display.to_svg()
    assert "Gradient flow over training" in svg
    assert "mathdefault" not in svg


def test_another_table_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"columns \['a'\]; expected what strates.inspection.gradient_flow returns"
    ):
        GradientFlowDisplay(pd.DataFrame({"a": [1]}))
