"""Rows before an attack and after it, with what changed, and what the classifier says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack
from strates.attacks.attack_result import AttackResult
from strates.displays.display import Display
from strates.displays.overlay import interpolation
from strates.displays.side_by_side import settle, side_by_side
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.displays.weights import SIGNS
from strates.exceptions import DataError, ParameterError
from strates.inspection.outcome import class_names

_PANEL, _WORDS = 1.45, 0.34  # inches: of an image's longer side, and of the words above it
_BARS = 2.0  # inches, of the probabilities
_MOST_BARS = 8
_MOST_CLASSES = 4


class AttackDisplay(Display):
    """Rows before and after an attack: what was added, magnified, and the probabilities before and after.

    Of images, the change stands between the original and the adversarial image, as many times enlarged as is told above
    it: of grey ones blue is lighter and vermilion darker, of those in colour no change is a middle grey. Of rows of
    numbers, a bar tells the change of each of the eight that changed most.

    Parameters
    ----------
    result : AttackResult
        What an attack's ``perturb`` returned.
    before, after : ndarray of shape (n_rows, n_classes)
        Probabilities of all rows of the result, as they came and as they are.
    classes : sequence of n_classes labels
        What their columns are.
    image_shape : tuple (height, width) or (height, width, channels), optional
        Of rows of pixels that are to be shown as images.
    names : sequence of str, optional
        Of the numbers in a row; x0, x1, ... by default.
    rows : sequence of int, optional
        Which to draw; by default up to four that were fooled, of as many classes as there are.

    Attributes
    ----------
    originals_, changes_, adversarials_ : list of AxesImage
        One a row; empty of rows of numbers.
    factors : list of float
        How many times each change is enlarged.
    change_bars_ : list of BarContainer
        One a row of numbers.
    before_bars_, after_bars_ : list of BarContainer
        Probabilities, one container a row.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> from strates.attacks import FGSM
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X / 16, y)
    >>> attack = FGSM(epsilon=0.1)
    >>> display = AttackDisplay.from_estimator(clf, X[:20] / 16, y[:20], attack=attack, image_shape=(8, 8)).plot()
    >>> len(display.changes_), [round(factor) for factor in display.factors]
    (4, [5, 5, 5, 5])
    """

    title = "Adversarial examples"
    originals_: list[AxesImage]
    changes_: list[AxesImage]
    adversarials_: list[AxesImage]
    change_bars_: list[BarContainer]
    before_bars_: list[BarContainer]
    after_bars_: list[BarContainer]

    def __init__(
        self,
        result: AttackResult,
        before: Any,
        after: Any,
        classes: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        names: Sequence[str] | None = None,
        rows: Sequence[int] | None = None,
    ) -> None:
        original, adversarial = np.asarray(result.original, float), np.asarray(result.adversarial, float)
        if image_shape is not None:
            if int(np.prod(image_shape)) != int(np.prod(original.shape[1:])):
                raise ParameterError(
                    f"image_shape={tuple(image_shape)} has {int(np.prod(image_shape))} pixels, but the rows have "
                    f"{int(np.prod(original.shape[1:]))}."
                )
            original, adversarial = (one.reshape(len(one), *image_shape) for one in (original, adversarial))
        self.rows: list[int] = _choose(result) if rows is None else [int(row) for row in rows]
        if not self.rows or not all(0 <= row < len(original) for row in self.rows):
            raise DataError(
                f"There is no row to draw: {int(result.success.sum())} of {len(original)} were fooled. Give "
                f"rows=[...], places from 0 to {len(original) - 1}, or a larger epsilon."
            )
        self.result, self.classes = result, class_names(classes)
        self.original, self.adversarial = original[self.rows], adversarial[self.rows]
        self.before, self.after = np.asarray(before)[self.rows], np.asarray(after)[self.rows]
        self.names = list(names) if names is not None else [f"x{k}" for k in range(original[0].size)]
        self.of_images = original.ndim > 2
        both = np.concatenate([self.original.ravel(), self.adversarial.ravel()])
        self._low, self._high = float(both.min()), float(both.max())
        largest = np.abs(self.adversarial - self.original).reshape(len(self.rows), -1).max(axis=1)
        half = (self._high - self._low) / 2 or 1.0
        self.factors: list[float] = [half / float(one) if one > 0 else 1.0 for one in largest]

    @classmethod
    def from_result(
        cls,
        result: AttackResult,
        clf: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        names: Sequence[str] | None = None,
        rows: Sequence[int] | None = None,
    ) -> Self:
        """Ask the classifier about what an attack on it found; see the class for the other parameters.

        Parameters
        ----------
        result : AttackResult
        clf : fitted classifier or pipeline
            The one that was attacked.
        image_shape, names, rows
            As the class takes them.

        Returns
        -------
        AttackDisplay
            Not yet drawn.
        """
        columns = getattr(clf, "feature_names_in_", None)
        named = columns is not None and np.ndim(result.original) == 2
        inputs = [np.asarray(one) for one in (result.original, result.adversarial)]
        asked: list[Any] = [pd.DataFrame(one, columns=columns) for one in inputs] if named else inputs
        before, after = (np.asarray(clf.predict_proba(one)) for one in asked)
        known = [str(one) for one in np.asarray(columns)] if named and names is None else names
        return cls(result, before, after, clf.classes_, image_shape=image_shape, names=known, rows=rows)

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any = None, *, attack: Attack, target: Any = None, **choices: Any
    ) -> Self:
        """Attack some rows.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : DataFrame or array of n_rows rows
        y : array-like of shape (n_rows,), optional
            Their classes.
        attack : Attack
            Such as ``PGD(epsilon=0.1)``.
        target : label or array-like of n_rows labels, optional
            The class to reach.
        **choices
            Of :meth:`from_result`.

        Returns
        -------
        AttackDisplay
            Not yet drawn.
        """
        return cls.from_result(attack.perturb(clf, X, y, target=target), clf, **choices)

    # -- the drawing ----------------------------------------------------------------------------------

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the rows."""
        if not self.of_images:
            n_bars = min(_MOST_BARS, self.original[0].size)
            return 6.4, len(self.rows) * (0.26 * max(n_bars, _MOST_CLASSES) + 0.75)
        height, width = self.original.shape[1:3]
        tall, wide = (_PANEL * side / max(height, width) for side in (height, width))
        return 3 * max(wide, 1.1) + _BARS + 0.3, len(self.rows) * (tall + _WORDS) + 0.5

    def _draw(self, ax: Axes) -> None:
        self.originals_, self.changes_, self.adversarials_ = [], [], []
        self.change_bars_, self.before_bars_, self.after_bars_ = [], [], []
        grid = side_by_side(ax, len(self.rows), 4 if self.of_images else 2)
        for k, axes in enumerate(grid):
            if self.of_images:
                self._draw_images(axes, k)
            else:
                self._draw_change(axes[0], k)
            self._draw_probabilities(axes[-1], k, last=k == len(grid) - 1)
        if self.of_images:
            settle(ax)

    def _draw_images(self, axes: list[Axes], k: int) -> None:
        delta = self.adversarial[k] - self.original[k]
        for place, pixels, drawn, words in (
            (axes[0], self.original[k], self.originals_, self._words(k, self.before)),
            (axes[2], self.adversarial[k], self.adversarials_, self._words(k, self.after)),
        ):
            shown = _grey(pixels)
            scaled = np.clip((shown - self._low) / (self._high - self._low or 1.0), 0, 1)
            drawn.append(place.imshow(scaled, cmap="gray", vmin=0, vmax=1, interpolation=interpolation(scaled)))
            place.set_title(words, fontsize=9, color=INK, pad=3)
        change = _grey(delta) * self.factors[k] / ((self._high - self._low) / 2 or 1.0)
        if change.ndim == 2:
            picture = axes[1].imshow(change, cmap=SIGNS, vmin=-1, vmax=1, interpolation=interpolation(change))
        else:
            picture = axes[1].imshow(np.clip(0.5 + change / 2, 0, 1), interpolation=interpolation(change))
        self.changes_.append(picture)
        axes[1].set_title(f"change × {_factor_text(self.factors[k])}", fontsize=9, color=MUTED, pad=3)
        for place in axes[:3]:
            place.set_axis_off()

    def _draw_change(self, ax: Axes, k: int) -> None:
        delta = (self.adversarial[k] - self.original[k]).ravel()
        order = np.argsort(-np.abs(delta), kind="stable")[:_MOST_BARS]
        start, end = self.original[k].ravel()[order], self.adversarial[k].ravel()[order]
        texts = [
            f"{label_text(self.names[j], 20)}  {a:.4g} → {b:.4g}"
            for j, a, b in zip(order.tolist(), start, end, strict=True)
        ]
        colours = [BLUE if one > 0 else VERMILION for one in delta[order]]
        self.change_bars_.append(ax.barh(np.arange(len(order)), delta[order], height=0.62, color=colours, zorder=3))
        ax.set_yticks(np.arange(len(order)), [text.replace("-", "\u2212") for text in texts], color=INK, fontsize=8.5)
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_title(f"{self._words(k, self.before)} → {self._words(k, self.after)}", fontsize=9, color=INK, loc="left")
        if k == len(self.rows) - 1:
            ax.set_xlabel("change")

    def _draw_probabilities(self, ax: Axes, k: int, *, last: bool) -> None:
        shown = np.argsort(-np.maximum(self.before[k], self.after[k]), kind="stable")[:_MOST_CLASSES]
        place = np.arange(len(shown))
        self.before_bars_.append(
            ax.barh(place - 0.19, self.before[k][shown], 0.34, color="#bdbdbd", label="before", zorder=3)
        )
        self.after_bars_.append(ax.barh(place + 0.19, self.after[k][shown], 0.34, color=BLUE, label="after", zorder=3))
        ax.set_yticks(place, [label_text(self.classes[code], 12) for code in shown.tolist()], color=INK, fontsize=9)
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelbottom=last)
        if k == 0:
            ax.legend(
                loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.1, handlelength=1.0,
                columnspacing=1.0, handletextpad=0.4,
            )  # fmt: skip
        if last:
            ax.set_xlabel("probability")

    def _words(self, k: int, probabilities: FloatArray) -> str:
        best = int(probabilities[k].argmax())
        return f"{label_text(self.classes[best], 12)}: {100 * probabilities[k][best]:.0f} %"

    def describe(self) -> str:
        """Return for each row the classes, the probabilities, the distances, and how many times the change is shown."""
        told = []
        for k, row in enumerate(self.rows):
            distances = ", ".join(f"{name} {self.result.distances[name][row]:.3g}" for name in ("linf", "l2"))
            magnified = f", shown {_factor_text(self.factors[k])} times" if self.of_images else ""
            told.append(
                f"Row {row}: {self._words(k, self.before)} before, {self._words(k, self.after)} after a change of "
                f"{distances}{magnified}."
            )
        return " ".join(told)


def _choose(result: AttackResult, most: int = 4) -> list[int]:
    """Return a few rows that were fooled, of as many classes as there are."""
    fooled = np.flatnonzero(result.success)
    labels = pd.Series(np.asarray(result.labels)[fooled])
    turn = labels.groupby(labels, sort=False).cumcount().to_numpy()
    return sorted(fooled[np.argsort(turn, kind="stable")][:most].tolist())


def _grey(pixels: AnyArray) -> FloatArray:
    """Return an image as matplotlib takes it: (height, width), or three colours."""
    return pixels.mean(axis=2) if pixels.ndim == 3 and pixels.shape[2] != 3 else pixels


def _factor_text(factor: float) -> str:
    return f"{factor:.2g}" if factor < 100 else f"{round(factor, -1):,.0f}"
