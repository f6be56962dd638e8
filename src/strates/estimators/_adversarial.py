"""The attack given as ``adversarial``, read as what a training step does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from strates._types import AnyArray
from strates.engine.adversarial_training import AdversarialTraining
from strates.engine.perturbation import NORMS
from strates.estimators._parameters import boolean, integer, one_of, real
from strates.estimators._stream_rows import Block
from strates.exceptions import DataError, ParameterError

#: Attacks that follow the loss's gradient within a ball: what a training step can do.
ATTACKS = ("FGSM", "BIM", "PGD")
#: How many epsilons all steps together are, under ``step_size="auto"``: of BIM, and of PGD, which starts anywhere.
REACH = (1.25, 2.5)


def check_adversarial(_: str, value: Any) -> None:
    """Accept None, or a gradient attack whose parameters can be used."""
    if value is not None:
        read_attack(value)


def read_attack(attack: Any) -> dict[str, Any]:
    """Read a gradient attack's parameters.

    Parameters
    ----------
    attack : FGSM, BIM or PGD of ``strates.attacks``
        Known by the name of its class, or of one that it derives from: this layer does not import attacks.

    Returns
    -------
    dict
        "epsilon", "norm", "n_steps", "step", "random_start": as :class:`AdversarialTraining` takes them.

    Raises
    ------
    ParameterError
        Another attack, or a parameter with a value that cannot be used.
    """
    names = [kind.__name__ for kind in type(attack).__mro__]
    if not any(name in ATTACKS for name in names) or not hasattr(attack, "get_params"):
        shown = repr(attack) if isinstance(attack, str | float | int | type) else names[0]
        raise ParameterError(
            f"adversarial={shown} cannot be trained with: a training step follows the loss's gradient within a ball. "
            "Give strates.attacks.FGSM, BIM or PGD, such as PGD(epsilon=0.1, steps=7), or None."
        )
    given = attack.get_params(deep=False)
    epsilon, n_steps, step = given["epsilon"], given.get("steps", 1), given.get("step_size", "auto")
    positive = real(low=0, open_low=True, open_high=True)
    positive("adversarial__epsilon", epsilon)
    one_of(NORMS)("adversarial__norm", given["norm"])
    integer(1)("adversarial__steps", n_steps)
    boolean("adversarial__random_start", given.get("random_start", False))
    one_of(("cross_entropy",))("adversarial__loss", given.get("loss", "cross_entropy"))
    if given.get("n_restarts", 1) != 1:
        raise ParameterError(
            f"adversarial__n_restarts={given['n_restarts']!r} cannot be used: a training step starts once from each "
            "row. Set n_restarts=1; restarts are for measuring what was trained."
        )
    if isinstance(step, str) and step == "auto":
        step = epsilon if "step_size" not in given else REACH["PGD" in names] * epsilon / n_steps
    positive("adversarial__step_size", step)
    return {
        "epsilon": float(epsilon),
        "norm": given["norm"],
        "n_steps": int(n_steps),
        "step": float(step),
        "random_start": bool(given.get("random_start", False)),
    }


def adversarial_training(attack: Any, input_shape: tuple[int, ...]) -> AdversarialTraining | None:
    """Return what a training step begins with, for rows of a shape; None without an attack."""
    if attack is None:
        return None
    low, high = _bounds(attack, input_shape)
    return AdversarialTraining(**read_attack(attack), low=low, high=high)


def _bounds(attack: Any, input_shape: tuple[int, ...]) -> tuple[AnyArray, AnyArray]:
    """Return the bounds number by number; given ones are two numbers, or two rows."""
    given = (-math.inf, math.inf) if attack.bounds is None else attack.bounds
    try:
        low, high = (np.asarray(end, np.float32) for end in given)
        # flat rows of pixels are images by now, and so are their bounds
        low, high = (end.reshape(input_shape) if end.ndim else np.full(input_shape, end) for end in (low, high))
        usable = bool((low < high).all())
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise ParameterError(
            f"adversarial__bounds={attack.bounds!r} cannot be used: give (low, high) with low < high, numbers or "
            f"arrays like one row of shape {input_shape}, or None for no bounds."
        )
    return low, high


def check_within_bounds(attack: AdversarialTraining, rows: Any) -> None:
    """Refuse rows that lie outside of the bounds, which the attack would pull inside.

    Raises
    ------
    DataError
    """
    if sparse.issparse(rows):
        least, most = rows.min(axis=0).toarray().ravel(), rows.max(axis=0).toarray().ravel()
    else:
        least, most = rows.min(axis=0), rows.max(axis=0)
    if (least >= attack.low).all() and (most <= attack.high).all():
        return
    low, high, first, last = (f"{float(n):g}" for n in (attack.low.min(), attack.high.max(), least.min(), most.max()))
    mend = f"Divide X by {last}, or pass" if (float(least.min()) >= 0) and (low, high) == ("0", "1") else "Pass"
    raise DataError(
        f"X holds values from {first} to {last}, but this attack works in [{low}, {high}]. {mend} "
        f"bounds=({first}, {last}) (None: no bounds) to the attack given as adversarial; epsilon is in X's units."
    )


def within_bounds(
    attack: AdversarialTraining, read: Callable[[int], Iterator[Block]]
) -> Callable[[int], Iterator[Block]]:
    """Return a reader of blocks of rows that looks at each block's bounds."""

    def checked(epoch: int) -> Iterator[Block]:
        for block in read(epoch):
            check_within_bounds(attack, block[0])
            yield block

    return checked
