"""Which of the attacked rows to show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from strates.attacks import AttackResult, TabularAttackResult

#: At least and at most.
_FEWEST, _MOST = 6, 12


def varied_rows(result: AttackResult | TabularAttackResult, most: int = _MOST) -> list[int]:
    """Return rows that changed class, of as many pairs of classes as there are, the nearest of each pair first.

    Parameters
    ----------
    result : AttackResult or TabularAttackResult
    most : int, default=12
        How many at most; one of each pair, or six rows where there are fewer pairs.

    Returns
    -------
    list of int
        Places in the result.
    """
    places = np.flatnonzero(result.success)
    lengths = result.cost if isinstance(result, TabularAttackResult) else result.distances["l2"]
    pairs = [
        f"{before}\0{after}"
        for before, after in zip(result.predicted_before[places], result.predicted[places], strict=True)
    ]
    frame = pd.DataFrame({"place": places, "length": lengths[places], "pair": pairs}).sort_values(
        "length", kind="stable"
    )
    frame["turn"] = frame.groupby("pair").cumcount()
    frame["often"] = frame.groupby("pair")["place"].transform("size")
    frame = frame.sort_values(["turn", "often", "length"], ascending=[True, False, True], kind="stable")
    n_rows = min(most, max(_FEWEST, int((frame["turn"] == 0).sum())))
    return [int(place) for place in frame["place"].head(n_rows)]
