"""What each space of a network is worth to a simple classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from strates.displays.display import Display
from strates.displays.style import BLUE, INK, VERMILION, label_text
from strates.exceptions import DataError
from strates.inspection.linear_probes import linear_probes

_LOOKS = {"logistic": (BLUE, "o", "logistic regression"), "knn": (VERMILION, "s", "nearest neighbours")}
_COLUMNS = ("space", "probe", "width", "accuracy", "low", "high")


class LinearProbesDisplay(Display):
    """Cross-validated accuracy of a linear classifier and of nearest neighbours in each space, with 95 % intervals.

    From the top: the input, as many of its principal components as a layer has units, then the layers. Where a layer
    stands to the right of as many components, what the network learned is better than a PCA.

    Parameters
    ----------
    probes : DataFrame
        What :func:`strates.inspection.linear_probes` returned.

    Attributes
    ----------
    errorbars_ : dict of str to ErrorbarContainer
        One a probe, its dots from the top.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = ["space", "probe", "width", "accuracy", "low", "high"]
    >>> rows = [("input", "logistic", 2, 0.5, 0.4, 0.6), ("hidden_1", "logistic", 8, 0.9, 0.8, 0.95)]
    >>> LinearProbesDisplay(pd.DataFrame(rows, columns=columns)).describe()
    'Accuracy of logistic regression: input 0.500 (0.400 to 0.600), hidden_1 0.900 (0.800 to 0.950).'
    """

    title = "Linear probes"
    errorbars_: dict[str, ErrorbarContainer]

    def __init__(self, probes: pd.DataFrame) -> None:
        lacking = [name for name in _COLUMNS if name not in probes]
        if lacking or not len(probes):
            raise DataError(
                f"The table of probes lacks {', '.join(lacking) or 'rows'}; expected what "
                "strates.inspection.linear_probes returns."
            )
        self.probes = probes
        self.spaces = list(dict.fromkeys(probes["space"]))

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any, **choices: Any) -> Self:
        """Probe the spaces of a fitted network.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : DataFrame or array of n_rows rows
            Held-out rows.
        y : array-like of shape (n_rows,)
            Their classes.
        **choices
            Of :func:`strates.inspection.linear_probes`.

        Returns
        -------
        LinearProbesDisplay
            Not yet drawn.
        """
        return cls(linear_probes(clf, X, y, **choices))

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the spaces."""
        return 5.4, 1.25 + 0.36 * max(2, len(self.spaces))

    def _draw(self, ax: Axes) -> None:
        kinds = list(dict.fromkeys(self.probes["probe"]))
        self.errorbars_ = {}
        for number, kind in enumerate(kinds):
            colour, marker, name = _LOOKS.get(kind, (INK, "D", kind))
            table = self.probes[self.probes["probe"] == kind]
            rows = np.array([self.spaces.index(space) for space in table["space"]])
            rows = rows + 0.2 * (number - (len(kinds) - 1) / 2)
            value = table["accuracy"].to_numpy(float)
            reach = np.maximum([value - table["low"], table["high"] - value], 0)
            self.errorbars_[kind] = ax.errorbar(
                value,
                rows,
                xerr=reach,
                fmt=marker,
                color=colour,
                capsize=2.5,
                markersize=5.5,
                linewidth=1.4,
                label=name,
            )
        ax.set_yticks(range(len(self.spaces)), [label_text(self._row_name(space), 26) for space in self.spaces])
        ax.tick_params(axis="y", length=0, labelcolor=INK)
        ax.set_ylim(len(self.spaces) - 0.5, -0.5)
        ax.margins(x=0.06)
        ax.grid(axis="y", visible=False)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("accuracy, cross-validated")
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, handletextpad=0.3, columnspacing=1.2)

    def _row_name(self, space: str) -> str:
        width = int(self.probes.loc[self.probes["space"] == space, "width"].iloc[0])
        if space.startswith("PCA ("):
            return f"PCA, {width} component{'s' if width > 1 else ''}"
        noun = "column" if space == "input" else "unit"
        return f"{label_text(space, 14)}, {width} {noun}{'s' if width > 1 else ''}"

    def describe(self) -> str:
        """Return every accuracy with its interval."""
        told = []
        for kind in dict.fromkeys(self.probes["probe"]):
            rows = self.probes[self.probes["probe"] == kind].itertuples()
            values = ", ".join(f"{one.space} {one.accuracy:.3f} ({one.low:.3f} to {one.high:.3f})" for one in rows)
            told.append(f"Accuracy of {_LOOKS.get(kind, ('', '', kind))[2]}: {values}.")
        return " ".join(told)
