"""Activation functions side by side, each with its derivative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.panels import panels
from strates.displays.style import BLUE, FAINT, MUTED, VERMILION, label_text
from strates.exceptions import ParameterError
from strates.inspection.activation_function import ACTIVATION_NAMES, ActivationFunction, activation_function

_PANEL = 1.75, 1.62  # inches: three side by side can still be read on a phone
_LOW, _HIGH = -2.1, 3.2  # what the unbounded ones show of themselves


class ActivationFunctionDisplay(Display):
    """Small multiples with common axes: the function f in blue, its derivative f' dashed in vermilion.

    What jumps is drawn with a gap; at a kink, a dot is the value that is taken for the derivative.

    Parameters
    ----------
    functions : sequence of ActivationFunction
        One a panel.
    z_max : float, default=4.0
        The axes run from ``-z_max`` to ``z_max``.
    n_columns : int, default=3
        Panels side by side, at most.

    Attributes
    ----------
    axes_ : list of Axes
        One a function.
    value_lines_, derivative_lines_ : list of Line2D
        The curves, one a function.
    kink_marks_ : list of Line2D or None
        The dots, one set a function; None for a smooth one.

    Examples
    --------
    >>> display = ActivationFunctionDisplay.from_names(["tanh", "relu"]).plot()
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['tanh', 'relu']
    """

    title = "Activation functions"
    axes_: list[Axes]
    value_lines_: list[Line2D]
    derivative_lines_: list[Line2D]
    kink_marks_: list[Line2D | None]

    def __init__(self, functions: Sequence[ActivationFunction], *, z_max: float = 4.0, n_columns: int = 3) -> None:
        if not functions:
            raise ParameterError("There is no activation function to draw. Give one at least, such as 'relu'.")
        if not (np.isfinite(z_max) and z_max > 0):
            raise ParameterError(f"z_max={z_max!r} cannot be used; expected a positive number, such as 4.")
        if n_columns < 1:
            raise ParameterError(f"n_columns={n_columns!r} cannot be used; expected one panel a row at least.")
        self.functions = list(functions)
        self.z_max = z_max
        self.n_columns = min(n_columns, len(self.functions))

    @classmethod
    def from_names(cls, names: Iterable[str] | None = None, *, z_max: float = 4.0, n_columns: int = 3) -> Self:
        """Take functions by their names.

        Parameters
        ----------
        names : iterable of str, default=None
            As :func:`strates.inspection.activation_function` knows them; all of them by default.
        z_max : float, default=4.0
            The axes run from ``-z_max`` to ``z_max``.
        n_columns : int, default=3
            Panels side by side, at most.

        Returns
        -------
        ActivationFunctionDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            A name is unknown, or there is none.

        Examples
        --------
        >>> ActivationFunctionDisplay.from_names(["relu"]).describe()
        "relu: f(z) = max(0, z), f'(z) = 1 if z > 0, else 0; its values lie in 0 to inf."
        """
        if isinstance(names, str):
            names = [names]
        chosen = ACTIVATION_NAMES if names is None else names
        return cls([activation_function(name) for name in chosen], z_max=z_max, n_columns=n_columns)

    @classmethod
    def from_name(cls, name: str, *, z_max: float = 4.0) -> Self:
        """Take one function by its name; see :meth:`from_names`."""
        return cls.from_names([name], z_max=z_max)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the panels."""
        if len(self.functions) == 1:
            return 4.0, 3.2
        n_rows = -(-len(self.functions) // self.n_columns)
        return 0.45 + _PANEL[0] * self.n_columns, 0.45 + _PANEL[1] * n_rows

    def _draw(self, ax: Axes) -> None:
        self.axes_ = panels(ax, len(self.functions), self.n_columns)
        drawn = [_draw_one(one, function, self.z_max) for one, function in zip(self.axes_, self.functions, strict=True)]
        self.value_lines_ = [value for value, _, _ in drawn]
        self.derivative_lines_ = [derivative for _, derivative, _ in drawn]
        self.kink_marks_ = [marks for _, _, marks in drawn]
        first = self.axes_[0]
        first.set_xlim(-self.z_max, self.z_max)
        first.set_ylim(_LOW, max(_HIGH, 0.8 * self.z_max))
        first.set_yticks([-2, -1, 0, 1, 2, 3])
        first.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, steps=[1, 2, 3, 5, 10]))
        for one in self.axes_:
            one.tick_params(length=0, pad=3)

    def describe(self) -> str:
        """Return the formulas, and the ranges of the values."""
        return " ".join(
            f"{one.name}: f(z) = {one.formula}, f'(z) = {one.derivative_formula}; its values lie in "
            f"{one.range[0]:.4g} to {one.range[1]:.4g}."
            for one in self.functions
        )


def _grid(function: ActivationFunction, z_max: float) -> FloatArray:
    """Return points to draw through: dense, and on both sides of each kink."""
    corners = [kink.z for kink in function.kinks if abs(kink.z) < z_max]
    beside = [z + side for z in corners for side in (-1e-9, 1e-9)]
    return np.unique([*np.linspace(-z_max, z_max, 241), *beside])


def _broken(z: FloatArray, y: FloatArray, jumps: Sequence[float]) -> FloatArray:
    """Return the values with a gap at each jump: what is drawn is no vertical line."""
    return np.where(np.isin(z, jumps), np.nan, y)


def _draw_one(ax: Axes, function: ActivationFunction, z_max: float) -> tuple[Line2D, Line2D, Line2D | None]:
    z = np.union1d(_grid(function, z_max), [kink.z for kink in function.kinks if abs(kink.z) < z_max])
    jumps = [kink.z for kink in function.kinks if kink.jump]
    bends = [kink for kink in function.kinks if kink.left != kink.right and abs(kink.z) < z_max]
    ax.axhline(0, color=FAINT, linewidth=1.0, zorder=1)
    ax.axvline(0, color=FAINT, linewidth=1.0, zorder=1)
    (slope,) = ax.plot(
        z,
        _broken(z, function.derivative(z), [kink.z for kink in bends]),
        "--",
        color=VERMILION,
        linewidth=1.5,
        zorder=4,
    )
    (value,) = ax.plot(z, _broken(z, function.value(z), jumps), "-", color=BLUE, zorder=3)
    marks = None
    if bends:
        (marks,) = ax.plot(
            [kink.z for kink in bends],
            [kink.taken for kink in bends],
            "o",
            color=VERMILION,
            markersize=3.2,
            zorder=5,
        )
    ax.set_title(label_text(function.name), loc="left", fontsize=10, pad=4)
    ax.annotate(
        "z", (1, 0), xycoords="axes fraction", xytext=(-2, 3), textcoords="offset points", ha="right", color=MUTED
    )
    _label(ax, function, z_max)
    return value, slope, marks


def _label(ax: Axes, function: ActivationFunction, z_max: float) -> None:
    """Write f and f' beside their curves, where the two are farthest apart."""
    z = np.linspace(-0.85 * z_max, 0.85 * z_max, 69)
    value, slope = function.value(z), function.derivative(z)
    inside = (np.abs(value - 0.7) < 1.9) & (np.abs(slope - 0.7) < 1.9)
    apart = np.where(inside, np.abs(value - slope), -1)
    # towards the right, where the eye looks for the name of a curve
    best = int(np.argmax(np.round(np.minimum(apart, 0.6), 2) + 1e-3 * z))
    above = value[best] > slope[best]
    for text, y, colour, upper in (("f", value[best], BLUE, above), ("f'", slope[best], VERMILION, not above)):
        ax.annotate(
            text,
            (z[best], y),
            xytext=(0, 3 if upper else -3),
            textcoords="offset points",
            ha="center",
            va="bottom" if upper else "top",
            color=colour,
            fontsize=9.5,
            fontweight="bold",
        )
