"""Pictures of activation functions are judged by their curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy.special import expit

from strates.displays import ActivationFunctionDisplay
from strates.exceptions import ParameterError


def drawn(line: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = line.get_xdata(), line.get_ydata()
    return x[~np.isnan(y)], y[~np.isnan(y)]


def test_curves_are_the_function_and_its_derivative() -> None:
    display = ActivationFunctionDisplay.from_name("sigmoid", z_max=3).plot()
    z, value = drawn(display.value_lines_[0])
    assert (z.min(), z.max()) == (-3, 3)
    assert value == pytest.approx(expit(z), abs=1e-15)
    z, slope = drawn(display.derivative_lines_[0])
    assert slope == pytest.approx(np.gradient(expit(z), z), abs=2e-3)
    assert display.kink_marks_ == [None]


def test_all_functions_have_panels_of_common_limits_and_two_line_styles() -> None:
    display = ActivationFunctionDisplay.from_names().plot()
    assert len(display.axes_) == len(display.value_lines_) == len(display.derivative_lines_) == 13
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in display.axes_}) == 1
    assert {(line.get_linestyle(), to_hex(str(line.get_color()))) for line in display.value_lines_} == {
        ("-", "#0072b2")
    }
    assert {(line.get_linestyle(), to_hex(str(line.get_color()))) for line in display.derivative_lines_} == {
        ("--", "#d55e00")
    }
    for ax in display.axes_:
        assert {"f", "f'"} <= {text.get_text() for text in ax.texts}


def test_a_jump_is_a_gap_and_a_kink_shows_the_value_taken() -> None:
    step, relu = (ActivationFunctionDisplay.from_name(name).plot() for name in ("heaviside", "relu"))
    z = np.asarray(step.value_lines_[0].get_xdata())
    assert np.isnan(np.asarray(step.value_lines_[0].get_ydata())[z == 0]).all()
    assert step.kink_marks_ == [None]
    mark = relu.kink_marks_[0]
    assert mark is not None
    assert np.asarray(mark.get_xydata()).tolist() == [[0, 0]]
    assert np.isnan(np.asarray(relu.derivative_lines_[0].get_ydata())[np.asarray(z) == 0]).all()


def test_panels_fill_the_axes_that_were_given() -> None:
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    display = ActivationFunctionDisplay.from_names(["relu", "tanh", "elu"], n_columns=2).plot(right)
    figure.draw_without_rendering()
    assert all(ax.get_position().x0 > left.get_position().x1 for ax in display.axes_)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["relu", "tanh", "elu"]
    free = Figure().add_axes((0.1, 0.1, 0.5, 0.5))
    boxes = [ax.get_position() for ax in ActivationFunctionDisplay.from_names(["relu", "elu"]).plot(free).axes_]
    assert min(box.x0 for box in boxes) == pytest.approx(0.1)
    assert max(box.x1 for box in boxes) == pytest.approx(0.6)


def test_words_say_formula_derivative_and_range() -> None:
    words = ActivationFunctionDisplay.from_names(["tanh", "softplus"]).describe()
    assert "tanh: f(z) = tanh(z), f'(z) = 1 - f(z)^2; its values lie in -1 to 1." in words
    assert "softplus" in words
    assert "role=" in ActivationFunctionDisplay.from_name("relu").to_svg()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": []}, "There is no activation function to draw. Give one at least"),
        ({"names": ["rleu"]}, r"Did you mean 'relu'\?"),
        ({"z_max": 0}, "z_max=0 cannot be used; expected a positive number"),
        ({"n_columns": 0}, "n_columns=0 cannot be used; expected one panel"),
    ],
)
def test_what_cannot_be_drawn(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ActivationFunctionDisplay.from_names(**arguments)
