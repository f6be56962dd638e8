"""Coefficients as the penalty weakens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullFormatter

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.log_axis import tick_text
from strates.displays.panels import panels
from strates.displays.style import INK, LINE_STYLES, MUTED, PALETTE, label_text
from strates.exceptions import ParameterError

if TYPE_CHECKING:  # the estimators load TensorFlow
    from strates.estimators.regularization_path import RegularizationPath

MAX_NAMED = 7  # as many colours as can be told apart
MAX_PANELS = 9
_ROOM = 0.062  # between the names of two curves, in heights of a panel


class RegularizationPathDisplay(Display):
    """Coefficients against the strength of the penalty, on a logarithmic axis: from the strongest at the left.

    The seven features with the largest coefficients (over all classes, at any penalty) are coloured, and named at the
    end of their curves; the others are grey. Above, the number of coefficients that are not zero. With several classes
    there is a panel a class, nine at most.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Increasing, all positive.
    coefs : ndarray of shape (n_alphas, n_outputs, n_features)
        Coefficients.
    n_nonzero : ndarray of shape (n_alphas,)
        How many of them are not zero.
    feature_names : sequence of str, of length n_features
    classes : sequence of str, of length n_outputs
        The class that each output speaks for.

    Attributes
    ----------
    axes_ : list of Axes
        One a class.
    lines_ : list of lists of Line2D
        A curve a feature, in their order, class by class.
    labels_ : list of lists of Text
        Names beside the curves, class by class.
    count_texts_ : list of Text
        Numbers of coefficients that are not zero, above the panels.

    Examples
    --------
    >>> display = RegularizationPathDisplay.from_arrays([1.0, 0.1], [[[0.0, 0.0]], [[0.0, 2.0]]])
    >>> display.describe()[-51:]
    'smallest, 0 at the largest. At the smallest: x1 +2.'
    """

    title = "Regularisation path"
    axes_: list[Axes]
    lines_: list[list[Line2D]]
    labels_: list[list[Text]]
    count_texts_: list[Text]

    def __init__(
        self,
        alphas: FloatArray,
        coefs: FloatArray,
        n_nonzero: FloatArray,
        *,
        feature_names: list[str],
        classes: list[str],
    ) -> None:
        self.alphas = alphas
        self.coefs = coefs
        self.n_nonzero = n_nonzero
        self.feature_names = feature_names
        self.classes = classes
        size = np.abs(coefs).max(axis=(0, 1))
        order = np.argsort(-size, kind="stable")[:MAX_NAMED]
        self.named = [int(j) for j in order if size[j] > 0]

    @classmethod
    def from_arrays(
        cls,
        alphas: Any,
        coefs: Any,
        n_nonzero: Any = None,
        *,
        feature_names: Iterable[Any] | None = None,
        classes: Iterable[Any] | None = None,
    ) -> Self:
        """Take the numbers of a path, from any program.

        Parameters
        ----------
        alphas : array-like of shape (n_alphas,)
            Strengths of the penalty, in any order; those of 0 have no place on a logarithmic axis and are left out.
        coefs : array-like of shape (n_alphas, n_outputs, n_features)
            Coefficients at each alpha.
        n_nonzero : array-like of shape (n_alphas,), default=None
            How many are not zero; counted by default.
        feature_names : iterable of length n_features, default=None
            "x0", "x1", ... by default.
        classes : iterable of length n_outputs, default=None
            The class that each output speaks for; numbers by default.

        Returns
        -------
        RegularizationPathDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            The shapes do not fit together, or no alpha is positive.
        """
        strengths, values = np.asarray(alphas, dtype=float), np.asarray(coefs, dtype=float)
        if strengths.ndim != 1 or values.ndim != 3 or len(strengths) != len(values) or not values.size:
            raise ParameterError(
                f"alphas has shape {strengths.shape} and coefs {values.shape}; expected (n_alphas,) and "
                "(n_alphas, n_outputs, n_features). For two classes, n_outputs is 1: coefs[:, None, :]."
            )
        counts = np.count_nonzero(values, axis=(1, 2)) if n_nonzero is None else np.asarray(n_nonzero)
        names = _names(feature_names, values.shape[2], "x", "feature_names")
        labels = _names(classes, values.shape[1], "", "classes")
        if counts.shape != strengths.shape:
            raise ParameterError(
                f"n_nonzero has shape {counts.shape}; expected {strengths.shape}, one number an alpha."
            )
        order = np.argsort(strengths, kind="stable")
        order = order[strengths[order] > 0]
        if not len(order):
            raise ParameterError("No alpha is positive; a path needs penalties, such as np.logspace(-4, 0, 20).")
        return cls(strengths[order], values[order], counts[order], feature_names=names, classes=labels)

    @classmethod
    def from_path(cls, path: RegularizationPath) -> Self:
        """Take the numbers from what ``LogisticRegression.regularization_path`` returned.

        Parameters
        ----------
        path : RegularizationPath

        Returns
        -------
        RegularizationPathDisplay
            Not yet drawn.
        """
        return cls.from_arrays(
            path.alphas, path.coefs, path.n_nonzero, feature_names=path.feature_names, classes=path.classes
        )

    @property
    def n_panels(self) -> int:
        """How many classes are drawn."""
        return min(len(self.classes), MAX_PANELS)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the classes."""
        if self.n_panels == 1:
            return 5.4, 3.8
        columns = _columns(self.n_panels)
        return 2.9 * columns + 0.6, 2.6 * -(-self.n_panels // columns) + 0.4

    def _draw(self, ax: Axes) -> None:
        self.axes_ = [ax] if self.n_panels == 1 else panels(ax, self.n_panels, _columns(self.n_panels))
        first = self.axes_[0]
        first.set_xscale("log")
        low, high = float(self.alphas[0]), float(self.alphas[-1])
        margin = 10 ** (0.03 * max(np.log10(high / low), 0.5))
        first.set_xlim(high * margin, low / margin)
        reach = float(np.abs(self.coefs[:, : self.n_panels]).max()) or 1.0
        bottom, top = min(0.0, float(self.coefs.min())), max(0.0, float(self.coefs.max()))
        first.set_ylim(bottom - 0.08 * reach, top + 0.08 * reach)
        self.lines_, self.labels_ = [], []
        for number, one in enumerate(self.axes_):
            one.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
            self.lines_.append(self._draw_curves(one, number))
            self.labels_.append(self._write_names(one, number))
            if len(self.classes) > 1:
                one.set_title(label_text(self.classes[number]), loc="left", fontsize=10, pad=18)
            if one.get_subplotspec() is None or number + _columns(self.n_panels) >= self.n_panels:
                one.set_xlabel("alpha, falling")
        first.xaxis.set_major_locator(LogLocator(numticks=6))
        first.xaxis.set_major_formatter(lambda value, _: tick_text(value))
        first.xaxis.set_minor_formatter(NullFormatter())
        first.set_ylabel("coefficient")
        self.count_texts_ = [text for number, one in enumerate(self.axes_) for text in self._write_counts(one, number)]

    def _draw_curves(self, ax: Axes, output: int) -> list[Line2D]:
        lines = []
        for j in range(len(self.feature_names)):
            front = j in self.named
            colour, dash = _colour(self.named.index(j)) if front else (MUTED, "-")
            width, alpha, order = (1.8, 1.0, 3) if front else (0.8, 0.4, 2)
            marker = "o" if len(self.alphas) == 1 else None
            lines += ax.plot(
                self.alphas,
                self.coefs[:, output, j],
                dash,
                color=colour,
                linewidth=width,
                alpha=alpha,
                zorder=order,
                marker=marker,
            )
        return lines

    def _write_names(self, ax: Axes, output: int) -> list[Text]:
        """Name the coloured curves at their ends, moved apart where they are close."""
        bottom, top = ax.get_ylim()
        ends = self.coefs[0, output, self.named]
        room = (_ROOM if self.n_panels == 1 else 1.45 * _ROOM) * (top - bottom)
        places = _spread(ends, room, bottom + room / 2, top - room / 2)
        texts: list[Text] = []
        for rank, (j, end, place) in enumerate(zip(self.named, ends, places, strict=True)):
            text = ax.annotate(
                label_text(self.feature_names[j], 18),
                (self.alphas[0], end),
                xytext=(14, place),
                textcoords=("offset points", "data"),
                va="center",
                fontsize=9 if self.n_panels == 1 else 8,
                color=INK,
                arrowprops={
                    "arrowstyle": "-",
                    "color": _colour(rank)[0],
                    "linewidth": 1.0,
                    "shrinkA": 1,
                    "shrinkB": 0,
                    "relpos": (0, 0.5),
                },
                annotation_clip=False,
            )
            texts.append(text)
        return texts

    def _write_counts(self, ax: Axes, output: int) -> list[Text]:
        """Write how many coefficients are not zero, above the panel, at a few alphas."""
        alone = len(self.classes) == 1
        counts = self.n_nonzero if alone else np.count_nonzero(self.coefs[:, output], axis=1)
        logs = np.log10(self.alphas)
        wanted = np.linspace(logs[0], logs[-1], min(len(logs), 6 if self.n_panels == 1 else 4))
        chosen = np.unique([int(np.abs(logs - place).argmin()) for place in wanted])
        kind: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "va": "bottom", "fontsize": 8.5, "color": MUTED}
        texts = [ax.text(self.alphas[i], 1.02, f"{int(counts[i]):,}", ha="center", **kind) for i in chosen]
        ax.annotate(
            "not zero",
            (1, 1.02),
            xycoords="axes fraction",
            xytext=(14, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=MUTED,
        )
        return texts

    def describe(self) -> str:
        """Return how many coefficients are not zero at both ends, and the largest ones of the weakest penalty."""
        n = self.coefs[0].size
        first, last = int(self.n_nonzero[0]), int(self.n_nonzero[-1])
        said = (
            f"Coefficients for alpha from {self.alphas[0]:.3g} to {self.alphas[-1]:.3g}: {first} of {n} "
            f"{'is' if first == 1 else 'are'} not zero at the smallest, {last} at the largest."
        )
        weakest = self.coefs[0]
        places = np.argsort(-np.abs(weakest).ravel(), kind="stable")[:MAX_NAMED]
        largest = []
        for place in places:
            k, j = np.unravel_index(place, weakest.shape)
            if weakest[k, j]:
                of = f" ({self.classes[k]})" if len(self.classes) > 1 else ""
                largest.append(f"{self.feature_names[j]}{of} {weakest[k, j]:+.3g}")
        return said + (f" At the smallest: {', '.join(largest)}." if largest else "")


def _columns(n_panels: int) -> int:
    return min(n_panels, 3 if n_panels != 4 else 2)


def _colour(rank: int) -> tuple[str, str]:
    return PALETTE[rank % len(PALETTE)], LINE_STYLES[rank % 2]


def _names(given: Iterable[Any] | None, n: int, letter: str, what: str) -> list[str]:
    names = [f"{letter}{i}" for i in range(n)] if given is None else [str(name) for name in given]
    if len(names) != n:
        raise ParameterError(f"{what} has {len(names)} entries; expected {n}.")
    return names


def _spread(values: FloatArray, room: float, low: float, high: float) -> FloatArray:
    """Move values apart until each has its room, as little as that takes, in their order."""
    order = np.argsort(values, kind="stable")
    places = np.clip(values[order], low, high)
    for _ in range(100):
        gaps = np.diff(places)
        close = np.flatnonzero(gaps < room - 1e-9)
        if not len(close):
            break
        for i in close:
            push = (room - (places[i + 1] - places[i])) / 2
            places[i] -= max(push, 0)
            places[i + 1] += max(push, 0)
        places += max(low - places[0], 0)
        places -= max(places[-1] - high, 0)
    moved = np.empty_like(places)
    moved[order] = places
    return moved
