"""What a check is: a code, a function that looks, and words for what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from strates.inspection.doctor.finding import Finding
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedy import Remedy
from strates.inspection.doctor.words import Words, say


@dataclass(frozen=True)
class Symptom:
    """What a check saw, before it is put in words.

    Attributes
    ----------
    severity : {"critical", "warning", "note"}
    measured : float or str
    remedy : Remedy
    values : dict of str to Any
        What the words have places for; ``measured`` and ``layer`` are among them by themselves.
    variant : str
        Which of the words' messages says it; "" for the main one.
    layer : str or None
        The layer that it is about.
    """

    severity: str
    measured: float | str
    remedy: Remedy
    values: dict[str, Any] = field(default_factory=dict)
    variant: str = ""
    layer: str | None = None


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes
    ----------
    code : str
        Stable: people write programs that look for it.
    examine : callable (Patient) -> iterable of Symptom
        Yields nothing where all is well, or where it cannot tell.
    english, french : Words
        Whatever it says in one it says in the other.
    """

    code: str
    examine: Callable[[Patient], Iterable[Symptom]]
    english: Words
    french: Words

    def findings(self, patient: Patient, language: str) -> Iterator[Finding]:
        """Examine, and put what was seen in words.

        Parameters
        ----------
        patient : Patient
        language : {"en", "fr"}

        Yields
        ------
        Finding
        """
        words = self.french if language == "fr" else self.english
        for symptom in self.examine(patient):
            patient.found[self.code] = symptom.remedy
            values = {"measured": symptom.measured, "layer": symptom.layer, **symptom.values}
            yield Finding(
                code=self.code,
                severity=symptom.severity,
                measured=symptom.measured,
                normal=say(words.normal, values, language),
                message=say(words.template(symptom.variant), values, language),
                remedy=symptom.remedy.code,
                layer=symptom.layer,
                settings=dict(symptom.remedy.settings),
                language=language,
            )
