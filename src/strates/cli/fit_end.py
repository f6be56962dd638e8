"""What every fit ends with: a model file and a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

from strates.cli.checkpoint_file import forget_checkpoint
from strates.cli.fit_result import FitResult
from strates.cli.model_card import ModelCard
from strates.cli.screen import Screen
from strates.estimators import save
from strates.report import ReportContent, write_report
from strates.report.wording import with_noun


class PlannedFiles(Protocol):
    """The files of a plan."""

    @property
    def out(self) -> Path:
        """The model file."""

    @property
    def report(self) -> Path | None:
        """The report."""

    @property
    def checkpoint(self) -> Path | None:
        """Where the progress is kept."""


def end_fit(model: Any, card: ModelCard, content: ReportContent, plan: PlannedFiles, screen: Screen) -> FitResult:
    """Save a model with its card, write its report, and forget its progress.

    Parameters
    ----------
    model : fitted classifier or pipeline
    card : ModelCard
    content : ReportContent
    plan : FitPlan or ImageFitPlan
    screen : Screen

    Returns
    -------
    FitResult
    """
    with screen.doing("Saving the model"):
        save(model, plan.out, metadata=card.to_dict())
    if plan.report is not None:
        with screen.doing("Writing the report"):
            write_report(content, plan.report)
    if plan.checkpoint is not None:
        forget_checkpoint(plan.checkpoint)
    for note in content.evaluation.notes:
        screen.note(with_noun(note, content.noun))
    elapsed = time.perf_counter() - screen.started
    return FitResult(card=card, content=content, model=plan.out, report=plan.report, seconds=elapsed)
