"""What to do about a finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Remedy:
    """What to do.

    Attributes
    ----------
    code : str
        Python.
    settings : dict
        Parameters of the classifier that it sets.
    """

    code: str
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
