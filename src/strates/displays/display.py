"""What all displays share: numbers in, a figure out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from matplotlib.axes import Axes

from strates.displays.style import new_axes, style
from strates.displays.svg import figure_to_svg
from strates.inspection.evaluation import Evaluation, evaluate


class Display(ABC):
    """A figure that keeps the numbers it draws.

    A subclass holds arrays, draws them in ``_draw`` and says them in words in :meth:`describe`. After :meth:`plot`,
    ``ax_`` and ``figure_`` hold matplotlib's objects, and each subclass names its artists.

    Examples
    --------
    >>> class Diagonal(Display):
    ...     title = "Diagonal"
    ...
    ...     def _draw(self, ax):
    ...         self.line_ = ax.plot([0, 1])
    ...
    ...     def describe(self):
    ...         return "A straight line from 0 to 1."
    >>> "A straight line" in Diagonal().to_svg()
    True
    """

    title: str
    ax_: Axes
    figure_: Any

    @abstractmethod
    def _draw(self, ax: Axes) -> None:
        """Draw on the axes, and keep the artists."""

    @abstractmethod
    def describe(self) -> str:
        """Return what the figure says, with its numbers, for those who cannot see it."""

    def figure_size(self) -> tuple[float, float]:
        """Return width and height in inches."""
        return 4.8, 3.6

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a fresh figure, which belongs to no window, by default.

        Returns
        -------
        Display
            Itself, with ``ax_`` and ``figure_``.
        """
        with style():
            self.ax_ = new_axes(*self.figure_size()) if ax is None else ax
            self.figure_ = self.ax_.figure
            self._draw(self.ax_)
        return self

    def to_svg(self) -> str:
        """Return a fresh drawing as an ``<svg>`` element with its title and description."""
        drawn = self.plot()
        return figure_to_svg(drawn.figure_, title=self.title, description=self.describe())

    def _repr_svg_(self) -> str:
        return self.to_svg()


class EvaluationDisplay(Display):
    """A figure of an evaluation."""

    _needs_importance = False

    @classmethod
    @abstractmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the numbers from an evaluation.

        Parameters
        ----------
        evaluation : Evaluation
            What :func:`strates.inspection.evaluate` returned.

        Returns
        -------
        Display
            Not yet drawn.
        """

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any) -> Self:
        """Evaluate a fitted classifier, and take the numbers.

        Parameters
        ----------
        clf : fitted classifier or pipeline
            Anything with ``classes_``, ``predict`` and ``predict_proba``.
        X : DataFrame or array of n_rows rows
            Held-out rows.
        y : array-like of shape (n_rows,)
            Their classes.

        Returns
        -------
        Display
            Not yet drawn.
        """
        return cls.from_evaluation(evaluate(clf, X, y, importance=cls._needs_importance))
