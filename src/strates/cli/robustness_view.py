"""What a report shows of how easily a classifier is fooled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from strates._random import stream
from strates._types import AnyArray
from strates.attacks import PGD, AttackResult, TabularAttack, robustness_curve
from strates.cli.attacked_images import attacked_pictures
from strates.cli.varied_rows import varied_rows
from strates.exceptions import StratesError
from strates.inspection import memory_and_flops
from strates.inspection.attacked_picture import AttackedPicture
from strates.report.robustness import TableRobustness

#: Rows to attack at most and at least, rows that say what columns hold, and cells that the search may ask about.
_MOST_ROWS, _FEWEST_ROWS, _REFERENCE_ROWS, _MOST_CELLS = 100, 20, 20_000, 700_000
#: The search of a row asks about so many changed rows, or fewer.
_QUERIES = 500
_MAX_CHANGES, _BEAM_WIDTH = 2, 4
#: Bytes of an image go from 0 to this.
_WHITE = 255
#: Images that are attacked once more to be shown, how many are, and pixels of the longer side of their pictures.
_TRIED, _SHOWN, _SIDE = 30, 4, 128
#: A text costs more to turn into numbers than a cell: as many, and one more for so many letters.
_CELLS_OF_TEXT, _LETTERS_OF_CELL = 10, 5
#: Shares of the range from black to white, steps, and multiplications that the attack may cost: some seconds.
_EPSILONS, _STEPS, _MOST_MULTIPLICATIONS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1), 7, 1e11


def table_robustness(pipeline: Any, X: pd.DataFrame, y: Any, reference: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Look for the smallest changes that flip some held-out rows.

    Parameters
    ----------
    pipeline : fitted Pipeline
    X : DataFrame of shape (n_rows, n_columns)
        Held-out rows.
    y : array-like of shape (n_rows,)
    reference : DataFrame of shape (n_others, n_columns)
        Rows that say what the columns hold.
    seed : int
        Of the draw.

    Returns
    -------
    dict
        Fields of :class:`strates.report.ReportContent`; empty where the table is too wide for a quick look, or nothing
        in it may change.
    """
    n_rows = _affordable_rows(pipeline, X)
    if n_rows < min(_FEWEST_ROWS, len(X)):
        return {}
    rows = _drawn(len(X), n_rows, seed)
    background = reference.iloc[_drawn(len(reference), _REFERENCE_ROWS, seed)]
    attack = TabularAttack(max_changes=_MAX_CHANGES, beam_width=_BEAM_WIDTH)
    try:
        result = attack.perturb(pipeline, X.iloc[rows], np.asarray(y)[rows], reference=background)
    except StratesError:  # nothing may change
        return {}
    return {"robustness": TableRobustness.from_result(result, max_changes=_MAX_CHANGES)}


def image_robustness(clf: Any, X: AnyArray, y: AnyArray, names: Sequence[str], seed: int) -> dict[str, Any]:
    """Attack some held-out images, ever more strongly, and show a few that were fooled.

    Parameters
    ----------
    clf : fitted classifier
    X : ndarray of shape (n_images, height, width, channels), uint8
    y : ndarray of shape (n_images,)
    names : sequence of str
        Of the files.
    seed : int
        Of the draw and the attack.

    Returns
    -------
    dict
        Fields of :class:`strates.report.ReportContent`; empty where the network is too large for a quick look, or has
        no gradient.
    """
    try:
        costs = memory_and_flops(clf, input_shape=X.shape[1:])
        one = float(costs.loc[costs["layer"] == "total", "multiply_adds"].fillna(0).iloc[0])
        # forwards and backwards are three times as much as forwards
        n_images = int(min(_MOST_ROWS, _MOST_MULTIPLICATIONS / (3 * max(one, 1.0) * _STEPS * (len(_EPSILONS) - 1))))
        if n_images < min(_FEWEST_ROWS, len(X)):
            return {}
        rows = _drawn(len(X), n_images, seed)
        attack = PGD(steps=_STEPS, bounds=(0, _WHITE), random_state=seed)
        epsilons = [_WHITE * share for share in _EPSILONS]
        images, labels = X[rows].astype(np.float32), np.asarray(y)[rows]
        curve = robustness_curve(clf, images, labels, attack, epsilons)
        attack = attack.set_params(epsilon=_telling_epsilon(curve))
        pictures = _pictures(clf, attack.perturb(clf, images[:_TRIED], labels[:_TRIED]), [names[row] for row in rows])
    except StratesError:  # a network that cannot be looked into, or has no gradient
        return {}
    curve = curve.assign(epsilon=curve["epsilon"] / _WHITE, n_rows=len(rows))
    return {
        "robustness_curve": curve,
        "robustness_units": "shares of the range from black to white",
        "attacked_pictures": pictures,
    }


def _telling_epsilon(curve: pd.DataFrame) -> float:
    """Return the smallest epsilon at which half of the images that were right are wrong; else the largest."""
    halved = curve[curve["accuracy"] <= curve["accuracy"].iloc[0] / 2]
    return float((halved if len(halved) and curve["accuracy"].iloc[0] else curve.iloc[-1:])["epsilon"].iloc[0])


def _pictures(clf: Any, result: AttackResult, names: Sequence[str]) -> tuple[AttackedPicture, ...]:
    chosen = varied_rows(result, _SHOWN)
    if not chosen:
        return ()
    before, after = (np.asarray(clf.predict_proba(one[chosen])) for one in (result.original, result.adversarial))
    named = [names[row] for row in chosen]
    return attacked_pictures(result, chosen, before, after, clf.classes_, named, scale=_WHITE, most_side=_SIDE)


def _affordable_rows(pipeline: Any, X: pd.DataFrame) -> int:
    kinds = getattr(pipeline[0], "column_to_kind_", {})
    texts = [name for name, kind in kinds.items() if kind == "high_cardinality" and name in X]
    letters = sum(float(X[name].head(_MOST_ROWS).astype(str).str.len().mean()) for name in texts)
    cells = X.shape[1] + _CELLS_OF_TEXT * len(texts) + letters / _LETTERS_OF_CELL
    return int(min(_MOST_ROWS, _MOST_CELLS / (_QUERIES * cells)))


def _drawn(n: int, wanted: int, seed: int) -> AnyArray:
    return np.sort(stream(seed, "robustness").permutation(n)[:wanted]) if n > wanted else np.arange(n)
