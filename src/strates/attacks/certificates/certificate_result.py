"""What was proved about rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray


@dataclass(frozen=True, eq=False)
class CertificateResult:
    """For each row: is its class the same for all inputs nearby, and how near.

    Attributes
    ----------
    labels : ndarray of shape (n_rows,)
        The classes that were to stay: the true ones, or where none were given those predicted.
    predicted : ndarray of shape (n_rows,)
        What the classifier says of the rows.
    already_wrong : ndarray of bool, of shape (n_rows,)
        Rows whose prediction is not the label: nothing is proved of them, and they are counted apart.
    status : ndarray of str, of shape (n_rows,)
        "proved": the class stays; "counterexample": an input within the distance was found that changes it;
        "undecided": neither, as this method sees it; "abstained": the votes of a smoothed classifier were too even;
        "already wrong".
    radius : ndarray of shape (n_rows,)
        A distance up to which the class is proved to stay, in the units of the rows: a lower bound of the distance of
        the nearest adversarial example. 0 where nothing is proved, infinite where the bounds of the data leave no
        other class within reach.
    distance : ndarray of shape (n_rows,)
        Of the nearest counterexample found: an upper bound. Infinite where there is none.
    counterexamples : ndarray of shape (n_rows, ...) or None
        In the shape of the rows; NaN where there is none. None of methods that look for none.
    epsilon : float or None
        The distance that was asked about; None when radii were.
    norm : str
        "linf", "l2" or "l1".
    method : str
        "interval", "linear", "exact" or "smoothing".
    confidence : float
        Probability with which a statement about one row holds: 1 of a proof, less of smoothing.
    """

    labels: AnyArray
    predicted: AnyArray
    already_wrong: NDArray[np.bool_]
    status: AnyArray
    radius: FloatArray
    distance: FloatArray
    counterexamples: FloatArray | None
    epsilon: float | None
    norm: str
    method: str
    confidence: float = 1.0

    @property
    def certified(self) -> NDArray[np.bool_]:
        """Whether the class of each row is right and proved to stay, of shape (n_rows,)."""
        return np.asarray(self.status == "proved")

    @property
    def certified_accuracy(self) -> float:
        """Share of rows, of all, that are right and proved to stay so."""
        return float(self.certified.mean())

    @property
    def clean_accuracy(self) -> float:
        """Share of rows whose prediction is the label."""
        return float((~self.already_wrong).mean())

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each row: label, prediction, status, radius, distance."""
        return pd.DataFrame(
            {
                "label": self.labels,
                "predicted": self.predicted,
                "status": self.status,
                "certified": self.certified,
                "radius": self.radius,
                "distance": self.distance,
            }
        )

    def summary(self) -> str:
        """Say in a few lines what came of it."""
        n, wrong = len(self.labels), int(self.already_wrong.sum())
        within = f"within {self.epsilon:g} in {self.norm}" if self.epsilon is not None else f"some way in {self.norm}"
        sure = "" if self.confidence == 1 else f", each with a confidence of {self.confidence:g}"
        proved = int(self.certified.sum())
        lines = [
            f"method {self.method!r}: {proved} of {n} rows keep their class {within} ({100 * proved / n:.1f} %){sure}"
        ]
        counts = {word: int((self.status == word).sum()) for word in ("counterexample", "undecided", "abstained")}
        rest = [f"{count} {word}" for word, count in counts.items() if count]
        lines.append("; ".join([*rest, f"{wrong} were wrong before"]))
        finite = self.radius[self.certified & np.isfinite(self.radius)]
        if self.epsilon is None and finite.size:
            lines.append(f"median radius of the rows proved {np.median(finite):.3g}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<CertificateResult: {self.summary()}>"
