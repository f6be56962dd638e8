"""What the doctor found."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

from strates.inspection.doctor.words import number
from strates.inspection.record import Record

#: The gravest first; see :class:`Finding`.
SEVERITIES = ("critical", "warning", "note")
#: How a finding's parts are headed, and its severity named.
LABELS = {
    "en": {"critical": "critical", "warning": "warning", "note": "note",
           "measured": "measured", "normal": "normal", "layer": "layer", "remedy": "remedy"},
    "fr": {"critical": "critique", "warning": "avertissement", "note": "remarque",
           "measured": "mesuré", "normal": "normal", "layer": "couche", "remedy": "remède"},
}  # fmt: skip


@dataclass(frozen=True)
class Finding(Record):
    """One thing that is wrong, or worth knowing.

    Attributes
    ----------
    code : str
        What it is, such as "inputs-not-scaled": the same in every language and version.
    severity : {"critical", "warning", "note"}
        "critical": what was learned, or how it was measured, cannot be relied upon. "warning": it costs accuracy, or
        misleads. "note": good to know.
    measured : float or str
        What was measured.
    normal : str
        The range in which it would be healthy.
    message : str
        What it means.
    remedy : str
        Python to paste where ``clf``, ``X`` and ``y`` (for duplicates also ``X_test``, ``y_test``) are what
        ``diagnose`` was given.
    layer : str or None
        The network's layer that it is about.
    settings : dict
        The parameters of the classifier that the remedy sets, by name; empty where it does something else.
    language : {"en", "fr"}
        Of ``normal`` and ``message``.
    """

    code: str
    severity: str
    measured: float | str
    normal: str
    message: str
    remedy: str
    layer: str | None = None
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    language: str = "en"

    def label(self, name: str) -> str:
        """Return a severity, or the heading of a part, in the finding's language."""
        return LABELS[self.language][name]

    @property
    def measured_text(self) -> str:
        """What was measured, as the language writes numbers."""
        return self.measured if isinstance(self.measured, str) else number(self.measured, self.language)

    def to_text(self, width: int = 100) -> str:
        """Return the finding as paragraphs for a terminal.

        Parameters
        ----------
        width : int, default=100
            Characters of a line, code aside.

        Returns
        -------
        str

        Examples
        --------
        >>> found = Finding(
        ...     "class-never-predicted", "warning", 0.02, "none", "Class c is never predicted.", "clf.fit(X, y)"
        ... )
        >>> print(found.to_text())
        warning: class-never-predicted
          Class c is never predicted.
          measured: 0.02; normal: none
          remedy:
            clf.fit(X, y)
        """
        colon = "\u00a0:" if self.language == "fr" else ":"
        layer = "" if self.layer is None else f" ({self.label('layer')} {self.layer})"
        facts = f"{self.label('measured')}{colon} {self.measured_text}; {self.label('normal')}{colon} {self.normal}"
        if self.language == "fr":
            facts = facts.replace("; ", "\u202f; ", 1)
        return "\n".join(
            [
                f"{self.label(self.severity)}{colon} {self.code}{layer}",
                *(
                    textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ")
                    for text in (self.message, facts)
                ),
                f"  {self.label('remedy')}{colon}",
                textwrap.indent(self.remedy, "    "),
            ]
        )

    def __str__(self) -> str:
        return self.to_text()
