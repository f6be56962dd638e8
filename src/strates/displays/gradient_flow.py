"""Signal and error on their way through the layers."""

from __future__ import annotations

from typing import Any, Self

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, PercentFormatter

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.gradient_flow_words import describe_end, describe_training
from strates.displays.log_axis import log_axis
from strates.displays.side_by_side import side_by_side
from strates.displays.style import BLUE, FAINT, INK, MUTED, VERMILION, label_text
from strates.exceptions import ParameterError
from strates.inspection.gradient_flow import gradient_flow
from strates.inspection.network_inputs import split_pipeline

#: Ratios of updates to weights at which learning goes on neither too slowly nor too fast.
GOOD_RATIO, GOOD_RATIOS = 1e-3, (1e-4, 1e-2)
_LOGARITHMIC = {
    "activation_norm": ("activations", "root mean square"),
    "delta_norm": ("deltas, row by row", "root mean square"),
    "gradient_norm": ("gradient of the weights", "norm"),
    "update_ratio": ("updates / weights", "ratio of norms"),
}
_SHARES = {"dead": "dead units", "saturated": "saturated outputs"}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MAX_NAMED = 10  # layers in the legend and on an axis


class GradientFlowDisplay(Display):
    """Activations, deltas, weight gradients, update ratios and dead or saturated shares, by layer.

    Of a network that stands still, each panel runs from the first layer to the last; over training, each layer has a
    line against the steps, the darkest being the first layer. Behind the steps over the weights, a grey band says what
    is usual: about 1e-3, within 1e-4 and 1e-2. On a logarithmic axis, what is exactly zero stands on a dotted line at
    the bottom.

    Parameters
    ----------
    table : DataFrame
        What :func:`strates.inspection.gradient_flow` returned.
    solver : str, default="sgd"
        What makes the steps. If it is no gradient descent, the step of gradient descent that the table of a network
        that stands still holds is not its own, and the band is left out.

    Attributes
    ----------
    axes_ : dict of str to Axes
        By the column drawn: "activation_norm", "delta_norm", "gradient_norm", "update_ratio", "shares".
    lines_ : dict of (str, str) to Line2D
        By column and, over training, layer; by column and "" otherwise. Columns of NaN alone have none.
    legend_ : Legend or None
        Of the layers, over training.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = MLPClassifier((8, 8), learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(clf, X, y).plot()
    >>> display.lines_["delta_norm", ""].get_ydata().shape
    (3,)
    """

    axes_: dict[str, Axes]
    lines_: dict[tuple[str, str], Line2D]
    legend_: Any

    def __init__(self, table: pd.DataFrame, *, solver: str = "sgd") -> None:
        if not len(table) or "delta_norm" not in table:
            raise ParameterError(
                f"The table has {len(table)} rows and the columns {list(table.columns)}; expected what "
                "strates.inspection.gradient_flow returns."
            )
        self.table = table
        self.layers = table["layer"].drop_duplicates().tolist()
        self.solver = solver
        self.over_training = "step" in table
        self.title = "Gradient flow over training" if self.over_training else "Gradient flow by layer"

    @classmethod
    def from_estimator(
        cls,
        clf: Any,
        X: Any,
        y: Any,
        *,
        over: str = "end",
        penalty: bool = False,
        training: bool = True,
        learning_rate: float | None = None,
    ) -> Self:
        """Measure a fitted classifier.

        Parameters
        ----------
        clf : fitted strates classifier or pipeline
        X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
            Rows to look at; some hundreds do.
        y : array-like of shape (n_rows,)
            Their labels.
        over : {"end", "training"}, default="end"
            The network as it is, or every frame of its ``recording_``.
        penalty, training, learning_rate
            See :func:`strates.inspection.gradient_flow`.

        Returns
        -------
        GradientFlowDisplay
            Not yet drawn.
        """
        table = gradient_flow(clf, X, y, over=over, penalty=penalty, training=training, learning_rate=learning_rate)
        solver = getattr(split_pipeline(clf)[1], "solver", "sgd")
        return cls(table, solver=solver if isinstance(solver, str) else type(solver).__name__)

    def figure_size(self) -> tuple[float, float]:
        """Return width and height in inches."""
        return 8.4, 5.0

    def _draw(self, ax: Axes) -> None:
        rows = side_by_side(ax, 2, 3)
        (first, second, third), (fourth, fifth, sixth) = rows
        self.axes_ = dict(zip([*_LOGARITHMIC, "shares"], [first, second, third, fourth, fifth], strict=True))
        self.lines_, self.legend_ = {}, None
        for column, (name, unit) in _LOGARITHMIC.items():
            self._draw_logarithmic(self.axes_[column], column, name, unit)
        self._draw_shares(fifth)
        if self.over_training:
            sixth.set_axis_off()
            self._draw_legend(sixth)
        else:
            self.axes_["activation_mean"] = sixth
            self._draw_spread(sixth)
        for number, one in enumerate([first, second, third, fourth, fifth, sixth]):
            self._mark_x(one, bottom=number >= (2 if self.over_training else 3))

    # -- the curves ------------------------------------------------------------------------------------

    def _curves(self, column: str) -> list[tuple[str, FloatArray, FloatArray]]:
        """Return each curve's layer ("" for one through all layers), abscissae and values; none of NaN alone."""
        if not self.over_training:
            values = self.table[column].to_numpy(float)
            found = [("", np.arange(len(values), dtype=float), values)]
        else:
            groups = self.table.groupby("layer", sort=False)
            found = [(str(name), one["step"].to_numpy(float), one[column].to_numpy(float)) for name, one in groups]
        return [(name, x, values) for name, x, values in found if np.isfinite(values).any()]

    def _look(self, layer: str, **others: Any) -> dict[str, Any]:
        if not layer:
            return {"color": BLUE, "marker": "o", "markersize": 4.5, **others}
        place, n = self.layers.index(layer), len(self.layers)
        shade = matplotlib.colormaps["viridis"](0.75 * place / max(1, n - 1))  # what lies beyond is too pale for white
        marker = _MARKERS[place % len(_MARKERS)]
        every = max(1, len(self.table) // n // 4)
        look = {"color": to_hex(shade), "marker": marker, "markersize": 4.5, "linewidth": 1.5}
        return {**look, "markevery": (place % every, every), **others}

    def _draw_logarithmic(self, ax: Axes, column: str, name: str, unit: str) -> None:
        imagined = column == "update_ratio" and not self.over_training
        ax.set_title("gradient step / weights" if imagined else name, loc="left", fontsize=10)
        ax.set_ylabel(unit, fontsize=9)
        curves = self._curves(column)
        if not curves:
            _write(ax, "not measured:\nthe solver has no learning rate")
            ax.set_yticks([])
            return
        compared = column == "update_ratio" and (self.over_training or self.solver.lower() == "sgd")
        reference = np.array(GOOD_RATIOS if compared else ())
        zero = log_axis(ax, np.concatenate([reference, *(values for _, _, values in curves)]))
        if compared:
            ax.axhspan(*GOOD_RATIOS, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
            ax.axhline(GOOD_RATIO, color=MUTED, linewidth=1.0, linestyle="--", zorder=1)
        elif imagined:
            _write(ax, f"{self.solver} steps otherwise:\nlook over training", y=0.92)
        for layer, x, values in curves:
            (line,) = ax.plot(x, np.where(values == 0, zero, values), **self._look(layer), zorder=3)
            self.lines_[column, layer] = line

    def _draw_shares(self, ax: Axes) -> None:
        found = {column: self._curves(column) for column in _SHARES}
        drawn = {column: curves for column, curves in found.items() if curves}
        names = [_SHARES[column] for column in drawn]
        ax.set_title(" and ".join(names) or "dead units", loc="left", fontsize=10)
        ax.set_ylabel("share", fontsize=9)
        ax.set_ylim(-0.03, 1.03)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        if not drawn:
            _write(ax, "no unit here can die\nor saturate at two ends")
            ax.set_yticks([])
            return
        for column, curves in drawn.items():
            dash = "--" if column == "saturated" and len(drawn) > 1 else "-"
            for layer, x, values in curves:
                look = self._look(layer, linestyle=dash)
                if not layer and column == "saturated":
                    look |= {"color": VERMILION, "marker": "s"}
                (line,) = ax.plot(x, values, **look, label=_SHARES[column], zorder=3, clip_on=False)
                self.lines_[column, layer] = line
        if len(drawn) > 1 and not self.over_training:
            ax.legend([self.lines_[column, ""] for column in drawn], ["dead", "saturated"], loc="best", fontsize=8.5)

    def _draw_spread(self, ax: Axes) -> None:
        ax.set_title("activations, mean ± std", loc="left", fontsize=10)
        mean, spread = self.table["activation_mean"].to_numpy(float), self.table["activation_std"].to_numpy(float)
        ax.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
        bars = ax.errorbar(np.arange(len(mean)), mean, spread, fmt="o", color=BLUE, markersize=4.5, capsize=3)
        self.lines_["activation_mean", ""] = bars[0]

    # -- the axes --------------------------------------------------------------------------------------

    def _mark_x(self, ax: Axes, *, bottom: bool) -> None:
        if self.over_training:
            last = max(1, int(self.table["step"].max()))
            ax.set_xscale("symlog", linthresh=1.0, linscale=0.4)
            ax.set_xlim(-0.1, 1.15 * last)
            powers = [10**power for power in range(len(str(last)))]
            every = -(-len(powers) // 4)
            ax.set_xticks([0, *powers[::every]], ["0", *(f"{power:,}" for power in powers[::every])])
            ax.xaxis.set_minor_locator(FixedLocator([]))
            ax.set_xlabel("step" if bottom else "")
        else:
            n = len(self.layers)
            shown = np.unique(np.linspace(0, n - 1, min(n, MAX_NAMED)).round().astype(int))
            ax.set_xlim(-0.4, n - 0.6)
            ax.set_xticks(shown, [label_text(self.layers[i], 14) for i in shown], rotation=40, ha="right", va="top")
            ax.tick_params(axis="x", pad=1)
        ax.tick_params(labelbottom=bottom)

    def _draw_legend(self, ax: Axes) -> None:
        n = len(self.layers)
        shown = np.unique(np.linspace(0, n - 1, min(n, MAX_NAMED)).round().astype(int))
        names = [self.layers[i] for i in shown]
        handles = [self.lines_["delta_norm", name] for name in names]
        title = "layers" if len(names) == n else f"{len(names)} of {n} layers"
        texts = [label_text(name) for name in names]
        if {"dead", "saturated"} <= {column for column, _ in self.lines_}:
            handles += [Line2D([], [], color=INK, linestyle=dash) for dash in ("-", "--")]
            texts += ["dead", "saturated"]
        self.legend_ = ax.legend(
            handles, texts, title=title, loc="upper left", alignment="left", title_fontsize=9, markerfirst=True
        )

    def describe(self) -> str:
        """Return what the panels show, layer by layer or from the first frame to the last."""
        return describe_training(self.table) if self.over_training else describe_end(self.table)


def _write(ax: Axes, text: str, y: float = 0.5) -> None:
    """Say why there are no curves, or no band."""
    place: Any = {"transform": ax.transAxes, "ha": "center", "va": "center" if y == 0.5 else "top"}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    ax.text(0.5, y, text, **place, fontsize=9, color=MUTED, bbox=box)
