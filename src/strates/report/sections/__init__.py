"""The sections of the report, in the order of the page.

A section is a function that takes a :class:`~strates.report.content.ReportContent` and returns a
:class:`~strates.report.section.Section`, or None when the content has nothing for it. To add one: write its function in
a file here, its fragment in ``templates/``, and name the function below.
"""

from __future__ import annotations

from collections.abc import Callable

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.sections.boundary import boundary_section
from strates.report.sections.calibration import calibration_section
from strates.report.sections.coefficients import coefficients_section
from strates.report.sections.confusion import confusion_section
from strates.report.sections.curves import curves_section
from strates.report.sections.data import data_section
from strates.report.sections.diagnosis import diagnosis_section
from strates.report.sections.explained_images import explained_images_section
from strates.report.sections.images import images_section
from strates.report.sections.importance import importance_section
from strates.report.sections.metrics import metrics_section
from strates.report.sections.mistakes import mistakes_section
from strates.report.sections.network import network_section
from strates.report.sections.redo import redo_section
from strates.report.sections.representation import representation_section
from strates.report.sections.robustness import robustness_section
from strates.report.sections.summary import summary_section
from strates.report.sections.training import training_section
from strates.report.sections.transfer_plan import transfer_plan_section

SECTIONS: tuple[Callable[[ReportContent], Section | None], ...] = (
    summary_section,
    diagnosis_section,
    data_section,
    images_section,
    transfer_plan_section,
    network_section,
    coefficients_section,
    training_section,
    metrics_section,
    confusion_section,
    curves_section,
    calibration_section,
    importance_section,
    boundary_section,
    representation_section,
    robustness_section,
    mistakes_section,
    explained_images_section,
    redo_section,
)
