"""The attacks that ``strates attack`` knows by name."""

from __future__ import annotations

from enum import StrEnum


class AttackMethod(StrEnum):
    """What ``--method`` takes."""

    tabular = "tabular"
    fgsm = "fgsm"
    bim = "bim"
    pgd = "pgd"
    deepfool = "deepfool"
    cw = "cw"
    square = "square"
    universal = "universal"


class AttackNorm(StrEnum):
    """What ``--norm`` takes."""

    linf = "linf"
    l2 = "l2"
    l1 = "l1"
