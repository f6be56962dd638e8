"""The curves of a film of learning, with the moment that a frame shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from strates._types import FloatArray
from strates.displays.log_axis import log_axis
from strates.displays.style import BLUE, FAINT, INK, LINE_STYLES, MUTED, PALETTE, VERMILION, label_text
from strates.displays.weights import SIGNS
from strates.inspection.moving_weights import MovingWeights
from strates.inspection.training_frames import TrainingFrames

_MOST_ENTRIES, _MOST_SIDE = 20_000, 400  # of a matrix whose entries can be seen
_SHOWN = 0.999  # share of the weights that the colours tell apart
_NAMED = 6  # inputs or units, beyond which they have numbers instead of names
_LINEAR_STEPS = 8  # a fit so short needs no logarithm
_SMALL = 8.5


class LossPanel:
    """The loss by step: what is past in colour, what is to come in grey, a dot where the frame stands.

    Parameters
    ----------
    ax : Axes
    frames : TrainingFrames
    """

    def __init__(self, ax: Axes, frames: TrainingFrames) -> None:
        self._frames = frames
        self._curves = [("rows given", frames.steps.astype(float), frames.loss, BLUE, "-")]
        if frames.validation_loss is not None and frames.validation_epochs is not None:
            at = frames.validation_epochs * frames.steps_per_epoch
            self._curves.append(("held out", at, frames.validation_loss, VERMILION, "--"))
        self.lines: list[Line2D] = []
        self.dots: list[Line2D] = []
        zero = _loss_axis(ax, np.concatenate([values for _, _, values, _, _ in self._curves]))
        self._heights = [np.maximum(values, zero) for _, _, values, _, _ in self._curves]
        for (name, x, _, colour, dash), values in zip(self._curves, self._heights, strict=True):
            ax.plot(x, values, dash, color=FAINT, linewidth=2.2, zorder=2)
            self.lines += ax.plot([], [], dash, color=colour, label=name, zorder=3)
            self.dots += ax.plot([], [], "o", color=colour, markersize=6, zorder=4)
        self.cursor = ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
        if frames.best_epoch is not None:
            at_best = frames.best_epoch * frames.steps_per_epoch
            words = f"epoch {frames.best_epoch} kept"
            ax.axvline(at_best, color=MUTED, linestyle=":", linewidth=1.2, label=words)
        _step_axis(ax, frames.steps)
        if len(self._curves) > 1 or frames.best_epoch is not None:
            _legend(ax, _free_corner(ax, frames.steps[-1], self._heights))
        self.title = ax.set_title("", loc="left", fontsize=10)

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        step = float(self._frames.steps[frame])
        self.cursor.set_xdata([step, step])
        words = []
        for k, (name, x, values, _, _) in enumerate(self._curves):
            past = x <= step
            self.lines[k].set_data(x[past], self._heights[k][past])
            self.dots[k].set_data(x[past][-1:], self._heights[k][past][-1:])
            if past.any():
                words.append(f"{values[past][-1]:.3g}" + (f" {name}" if len(self._curves) > 1 else ""))
        self.title.set_text(f"loss: {', '.join(words)}")


class MovesPanel:
    """How far each layer's weights have moved, where a matrix would have too many entries to see.

    Parameters
    ----------
    ax : Axes
    frames : TrainingFrames
    """

    def __init__(self, ax: Axes, frames: TrainingFrames) -> None:
        self._steps, self._moved = frames.steps.astype(float), 100 * frames.weights.moved
        self.lines: list[Line2D] = []
        for k, name in enumerate(frames.weights.names):
            dash, colour = LINE_STYLES[k % len(LINE_STYLES)], PALETTE[k % len(PALETTE)]
            ax.plot(self._steps, self._moved[:, k], dash, color=FAINT, linewidth=2.2, zorder=2)
            self.lines += ax.plot([], [], dash, color=colour, label=label_text(name, 14), zorder=3)
        self.cursor = ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
        ax.set_title("weights' way from the start, % of their norm", loc="left", fontsize=10)
        ax.set_ylim(0, 1.06 * float(self._moved.max()) or 1.0)
        ax.locator_params(axis="y", nbins=4)
        _step_axis(ax, frames.steps)
        _legend(ax, "upper left")

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        for k, line in enumerate(self.lines):
            line.set_data(self._steps[: frame + 1], self._moved[: frame + 1, k])
        self.cursor.set_xdata([self._steps[frame]] * 2)


class WeightsPanel:
    """The weights of the first layer as a matrix: blue above zero, vermilion below, on one scale for all frames.

    Parameters
    ----------
    ax : Axes
    weights : MovingWeights
    """

    def __init__(self, ax: Axes, weights: MovingWeights) -> None:
        self._weights = weights
        sizes = np.abs(weights.first)
        most, largest = float(np.quantile(sizes, _SHOWN)), float(sizes.max())
        if largest <= 1.5 * most or not most:  # else a few that run away would leave all others white
            most = largest or 1.0
        self.image: AxesImage = ax.imshow(
            weights.first[-1], cmap=SIGNS, vmin=-most, vmax=most, interpolation="nearest", aspect="auto"
        )
        ax.grid(False)
        ax.spines[:].set_visible(True)
        n_in, n_units = weights.first.shape[1:]
        ax.set_title(f"weights of {label_text(weights.names[0])}: {n_in} × {n_units}", loc="left", fontsize=10)
        _name_entries(ax.xaxis, n_units, weights.unit_names)
        _name_entries(ax.yaxis, n_in, weights.input_names)
        ax.set_xlabel("unit", fontsize=_SMALL, labelpad=1)
        ax.set_ylabel("input", fontsize=_SMALL, labelpad=1)
        ax.tick_params(labelsize=8, length=2)
        figure: Any = ax.get_figure(root=False)
        bar = figure.colorbar(self.image, ax=ax, fraction=0.06, pad=0.03, ticks=[-most, 0, most])
        beyond = ("≤", "≥") if largest > most else ("", "")
        ends = [f"{sign}{end:+.2g}".replace("-", "\u2212") for sign, end in zip(beyond, (-most, most), strict=True)]
        bar.ax.set_yticklabels([ends[0], "0", ends[1]], fontsize=7.5)
        bar.outline.set_visible(False)

    def show(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        self.image.set_data(self._weights.first[frame])


def weights_panel(ax: Axes, frames: TrainingFrames) -> WeightsPanel | MovesPanel:
    """Draw the first layer's matrix, or, where it has too many entries, how far all layers have moved."""
    _, n_in, n_units = frames.weights.first.shape
    if n_in * n_units <= _MOST_ENTRIES and max(n_in, n_units) <= _MOST_SIDE:
        return WeightsPanel(ax, frames.weights)
    return MovesPanel(ax, frames)


def _step_axis(ax: Axes, steps: Any) -> None:
    """Lay out steps as the frames are spaced: logarithmically, after a 0."""
    last = max(float(steps[-1]), 1.0)
    if last > _LINEAR_STEPS:
        ax.set_xscale("symlog", linthresh=1, linscale=0.5)
        powers = [10**k for k in range(int(np.log10(last)) + 1)]
        shown = [0, *powers[:: -(-len(powers) // 6)]]
        ax.set_xticks(shown, [f"{step:,}" for step in shown])
        ax.set_xticks([], minor=True)
        ax.set_xlim(-0.1, 1.2 * last)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        ax.set_xlim(-0.02 * last, 1.02 * last)
    ax.set_xlabel("step", fontsize=_SMALL, labelpad=1)
    ax.tick_params(labelsize=8, length=2)


def _legend(ax: Axes, corner: Any) -> None:
    # on white, so that the marker passes behind it
    ax.legend(loc=corner, fontsize=_SMALL, borderaxespad=0.1, frameon=True, framealpha=0.9, edgecolor="none")


def _free_corner(ax: Axes, last: float, curves: list[FloatArray]) -> Any:
    """Return a corner for a legend that no curve ends in; the same in all frames."""
    ends = [ax.transAxes.inverted().transform(ax.transData.transform((last, curve[-1])))[1] for curve in curves]
    return "upper right" if max(ends) < 0.55 else "lower right" if min(ends) > 0.45 else "lower left"


def _loss_axis(ax: Axes, values: FloatArray) -> float:
    """Make the axis logarithmic where the loss falls far; return where it has its zero."""
    positive = values[values > 0]
    high = float(values.max())
    if len(positive) and high > 50 * float(positive.min()):
        return log_axis(ax, values)
    ax.set_ylim(0, 1.06 * high or 1.0)
    ax.locator_params(axis="y", nbins=4)
    return 0.0


def _name_entries(axis: Axis, n: int, names: Sequence[str]) -> None:
    """Name the rows or columns of a matrix where they are few and have names, else number some."""
    if names and n <= _NAMED:
        axis.set_ticks(range(n), [label_text(name, 10) for name in names])
        return
    ticks = MaxNLocator(5, integer=True, min_n_ticks=1).tick_values(1, n)
    places = np.unique([int(place) for place in ticks if 1 <= place <= n])
    axis.set_ticks([place - 1 for place in places], [str(place) for place in places])
