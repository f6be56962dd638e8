"""What ``strates attack`` attacks of a model: all of it, or the network on its own inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._types import FloatArray
from strates.attacks import TabularAttack
from strates.cli.attack_plan import AttackPlan
from strates.cli.attack_rows import AttackedRows
from strates.cli.input_columns import InputColumns, input_columns
from strates.cli.model_card import ModelCard

_UNITS_OF_IMAGES = "shares of the range from black to white"
_UNITS_OF_INPUTS = "units of the network's own inputs"
_UNITS_OF_CHANGES = "interquartile ranges and categories"


@dataclass(frozen=True, eq=False)
class AttackVictim:
    """A classifier, and the rows as it takes them.

    Attributes
    ----------
    classifier : fitted classifier or pipeline
    X : DataFrame or ndarray of n_rows rows
    rows : AttackedRows
    units : str
        Of distances.
    names : tuple of str
        Of the network's inputs; empty of images, and where whole rows of a table are attacked.
    columns : InputColumns or None
        What these inputs are in the table's columns of numbers.
    """

    classifier: Any
    X: Any
    rows: AttackedRows
    units: str
    names: tuple[str, ...] = ()
    columns: InputColumns | None = None

    @property
    def noun(self) -> str:
        """What a row is."""
        return "image" if np.ndim(self.X) == 4 else "row"

    def perturb(self, plan: AttackPlan, target: Any) -> Any:
        """Run the attack."""
        extra = {"reference": self.rows.reference} if isinstance(plan.attack, TabularAttack) else {}
        return plan.attack.perturb(self.classifier, self.X, self.rows.y, target=target, **extra)

    def ask(self, X: Any) -> FloatArray:
        """Return the probabilities of some rows, of shape (n_rows, n_classes)."""
        asked = pd.DataFrame(X, columns=list(self.names)) if self.names else X
        return np.asarray(self.classifier.predict_proba(asked))


def victim_of(fitted: Any, rows: AttackedRows, plan: AttackPlan, card: ModelCard) -> AttackVictim:
    """Bring rows into the form in which they are attacked.

    Parameters
    ----------
    fitted : fitted classifier or pipeline
        The model.
    rows : AttackedRows
    plan : AttackPlan
    card : ModelCard

    Returns
    -------
    AttackVictim
    """
    if card.images is not None:
        return AttackVictim(fitted, rows.X.astype(np.float32), rows, _UNITS_OF_IMAGES)
    if isinstance(plan.attack, TabularAttack):
        return AttackVictim(fitted, rows.X, rows, _UNITS_OF_CHANGES)
    steps = fitted[:-1]
    names = tuple(map(str, steps.get_feature_names_out()))
    inputs = pd.DataFrame(np.asarray(steps.transform(rows.X), np.float32), columns=list(names))
    columns = input_columns(steps, rows.reference, names)
    return AttackVictim(fitted[-1], inputs, rows, _UNITS_OF_INPUTS, names, columns)
