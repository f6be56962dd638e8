"""What to do in each of the four cases of transfer learning."""

from __future__ import annotations

from strates.studies.depth_probes import DepthProbes
from strates.studies.transfer_regime import BEYOND_INPUT, EARLIER, MORE_ROWS, MUCH_BELOW, PlanMeasure, TransferRegime


def advise(probes: DepthProbes, regime: TransferRegime, backbone: str) -> tuple[str, ...]:
    """Say in sentences what was found, and what follows from it.

    Parameters
    ----------
    probes : DepthProbes
    regime : TransferRegime
    backbone : str
        Its name.

    Returns
    -------
    tuple of str
        How near, how much, what to do, and what can be gained.
    """
    found = {one.question: one for one in regime.measures}
    told = [_near_words(regime, found, backbone), _much_words(regime, found[MORE_ROWS]), _what_to_do(probes, regime)]
    if regime.near:
        wrong = 1 - float(probes.hits[-1].mean())
        told.append(
            f"A linear classifier of the features is wrong on {wrong:.1%} of the rows: that is all that any other way "
            "could gain."
        )
    return tuple(told)


def advised_strategy(regime: TransferRegime) -> str:
    """Return what :class:`strates.TransferClassifier` is to be told.

    "features" of little data; of much "fine_tune", or "scratch" where no layer tells more than the input.
    """
    if not regime.much:
        return "features"
    return "scratch" if regime.best == 0 else "fine_tune"


def _near_words(regime: TransferRegime, found: dict[str, PlanMeasure], backbone: str) -> str:
    beyond = found[BEYOND_INPUT]
    if beyond.low <= 0:
        return (
            f"Far: the features of {backbone} tell no more than the input does ({_points(beyond)}). What it learned "
            "is of no use here."
        )
    before = found.get(EARLIER)
    if before is not None and before.low > 0:
        return (
            f"Far: layer {before.first} of {backbone} tells more than its features do ({_points(before)}): its last "
            "layers are particular to what it was trained on."
        )
    rest = "" if before is None else f"; no earlier layer tells more ({before.first}: {_points(before)})"
    return f"Near: the features of {backbone} tell more than the input does ({_points(beyond)}){rest}."


def _much_words(regime: TransferRegime, rows: PlanMeasure) -> str:
    if regime.much:
        return (
            f"Much: learning from all rows instead of half of them gains little ({_points(rows)}). It is not rows "
            "that the classifier lacks, and more weights can learn from them."
        )
    if rows.low > 0:
        return (
            f"Little: learning from all rows instead of half of them still gains ({_points(rows)}). The fewer weights "
            "learn from them, the better."
        )
    return (
        f"Little: these rows do not show that more would gain less than {100 * MUCH_BELOW:.0f} points and less than "
        f"half of what is still wrong (all against half of them: {_points(rows)}). Few weights should learn from them."
    )


def _what_to_do(probes: DepthProbes, regime: TransferRegime) -> str:
    best = probes.depths[regime.best].name
    if regime.best == 0:
        if regime.much:
            return "Train a network of the rows' own, from random weights, or take another backbone."
        return "Take another backbone, or collect more rows: until then a linear classifier of the input does as well."
    if regime.near:
        if regime.much:
            return "Fine-tune: train a head on the features, then unfreeze the last groups of layers at a small rate."
        return "Keep the backbone as it is, and train a linear classifier on its features."
    if regime.much:
        return "Fine-tune all layers from the backbone's weights: a better start than random ones, if not a near one."
    return f"Keep the backbone as it is, cut it after layer {best}, and train a linear classifier on what comes out."


def _points(one: PlanMeasure) -> str:
    """Return a difference in points, with its interval."""
    text = f"{100 * one.difference:+.1f} points, {100 * one.low:+.1f} to {100 * one.high:+.1f}"
    return text.replace("-", "\u2212")
