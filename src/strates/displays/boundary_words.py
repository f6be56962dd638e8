"""What a decision boundary shows and hides, in words."""

from __future__ import annotations

import numpy as np

from strates.displays.style import label_text
from strates.inspection.boundary import DecisionBoundary

_EXACT = 1e-9
_MAX_NOTE = 170


def share_text(share: float) -> str:
    """Return a share in whole per cents that claims neither none nor all of it wrongly.

    Examples
    --------
    >>> share_text(0.734), share_text(0.001), share_text(1.0)
    ('73\u202f%', 'under 1\u202f%', '100\u202f%')
    """
    if 0 < share < 0.005:
        return "under 1\u202f%"
    if 0.995 <= share < 1 - _EXACT:
        return "over 99\u202f%"
    return f"{100 * share:.0f}\u202f%"


def caption_text(boundary: DecisionBoundary, n_drawn: int) -> str:
    """Return the line below the picture: how much of the data it shows."""
    said = [_shown(boundary)]
    if boundary.kind == "features" and boundary.note:
        said.append(label_text(boundary.note, _MAX_NOTE))
    if boundary.disagreement:
        said.append(
            f"Hollow points ({share_text(boundary.disagreement)}): the classifier gives these rows another class than "
            "the background."
        )
    said += _counts(boundary, n_drawn)
    return " ".join(said)


def boundary_words(boundary: DecisionBoundary, n_drawn: int) -> str:
    """Return all that the picture says, for those who cannot see it."""
    axes = f"Plane of {boundary.axis_names[0]}, and {boundary.axis_names[1]}."
    best = boundary.probabilities.argmax(axis=-1)
    shares = np.bincount(best.ravel(), minlength=len(boundary.classes)) / best.size
    areas = ", ".join(f"{name} {share_text(share)}" for name, share in zip(boundary.classes, shares, strict=True))
    said = [axes, f"Areas: {areas}.", _shown(boundary)]
    if boundary.disagreement:
        said.append(
            f"{share_text(boundary.disagreement)} of the rows lie over a background of another class than the "
            "classifier gives the row itself."
        )
    mistakes = boundary.mistakes
    if mistakes is not None:
        said.append(f"{int(mistakes.sum()):,} of {len(mistakes):,} rows are mistakes.")
    return " ".join([*said, *_counts(boundary, n_drawn), *([boundary.note] if boundary.note else [])])


def _shown(boundary: DecisionBoundary) -> str:
    if boundary.max_distance < _EXACT:
        return "All rows lie on this plane: it hides nothing of them."
    return (
        f"This plane shows {share_text(boundary.explained_variance)} of the variance; the rows lie "
        f"{_number(boundary.mean_distance)} standard deviations off it on average, {_number(boundary.max_distance)} at "
        f"most ({_number(boundary.spread)} off their centre)."
    )


def _number(distance: float) -> str:
    return f"{distance:.2f}" if distance < 1 else f"{distance:.1f}" if distance < 100 else f"{distance:,.0f}"


def _counts(boundary: DecisionBoundary, n_drawn: int) -> list[str]:
    said = []
    if n_drawn < boundary.n_rows:
        said.append(f"{n_drawn:,} of {boundary.n_rows:,} rows are drawn.")
    if boundary.n_left_out:
        what = "row lacks a number and is" if boundary.n_left_out == 1 else "rows lack a number and are"
        said.append(f"{boundary.n_left_out:,} {what} left out.")
    return said
