"""What a report says, ready to be stored in a model file and written again without the data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from strates.inspection.attacked_picture import AttackedPicture
from strates.inspection.baselines import Baseline
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.cross_validation import CrossValidation
from strates.inspection.data_summary import DataSummary
from strates.inspection.doctor.finding import Finding
from strates.inspection.evaluation import Evaluation
from strates.inspection.image_summary import ExplainedPicture, ImageSummary, Picture
from strates.inspection.network_graph import NetworkGraph
from strates.inspection.record import Record, to_plain
from strates.inspection.representations import Representation
from strates.report.robustness import TableRobustness
from strates.studies.transfer_plan_result import TransferPlan

_TABLES = ("history", "coefficients", "probes", "robustness_curve")


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportContent(Record):
    """Everything that a report shows. Only the title and the evaluation are needed; what is absent is left out.

    Attributes
    ----------
    title : str
        Heading of the page.
    evaluation : Evaluation
        How the classifier does on held-out rows.
    baselines : dict of str to Baseline
        What :func:`strates.inspection.fit_baselines` returned.
    cross_validation : CrossValidation or None
        What :func:`strates.inspection.cross_validate_metrics` returned.
    data : DataSummary or None
        The table.
    images : ImageSummary or None
        The images, where it learned from images.
    example_pictures : tuple of Picture
        Some of them, class by class.
    mistake_pictures : tuple of Picture
        One for each of ``evaluation.mistakes``.
    explained_pictures : tuple of ExplainedPicture
        Some held-out images, with what :func:`strates.inspection.grad_cam` returned.
    transfer_plan : TransferPlan or None
        What :func:`strates.studies.transfer_plan` returned.
    network : list of dict
        A dict a layer, with keys such as ``name``, ``type``, ``output_shape``, ``parameters`` and ``activation``; they
        are the columns of a table, in their order.
    drawing : NetworkGraph or None
        Neurons and weights to draw: what :func:`strates.inspection.network_graph` returned.
    boundary : DecisionBoundary or None
        Where it decides, on a plane: what :func:`strates.inspection.decision_boundary` returned, after ``compact()``.
    representations : tuple of Representation
        What rows become, space by space: what :func:`strates.inspection.representations` returned, of a few rows.
    representation_codes : tuple of int
        Number of each of those rows' class, in the order of ``evaluation.classes``.
    probes : DataFrame or None
        What :func:`strates.inspection.linear_probes` returned.
    coefficients : DataFrame or None
        Of a linear model: a row a class and feature, with columns "class", "feature", "coefficient" and, where known,
        "odds_ratio", "odds_ratio_low", "odds_ratio_high" (95 % interval), "z" and "p_value"; as
        ``LogisticRegression.summary`` returns it.
    coefficient_unit : str
        What an increase of a feature by 1 means, such as "1" or "1 on its scaled column".
    coefficient_notes : tuple of str
        What a reader of the coefficients should know: above all why there are no intervals, where there are none.
    reference_class : str
        The class that odds are told against.
    fit_statistics : dict of str to float
        What ``FitStatistics.to_dict`` returned: "deviance", "null_deviance", "aic", "bic", "mcfadden_r2", ...
    robustness : TableRobustness or None
        What it takes to flip rows of a table.
    robustness_curve : DataFrame or None
        What :func:`strates.attacks.robustness_curve` returned, with the number of rows in a column "n_rows".
    robustness_units : str
        What its epsilon is measured in.
    attacked_pictures : tuple of AttackedPicture
        Some held-out images that an attack brought to another class.
    findings : tuple of Finding or None
        What :func:`strates.inspection.diagnose` returned; None where nobody asked.
    history : DataFrame or None
        The classifier's ``history_``: a row an epoch.
    best_epoch : int or None
        The epoch whose weights were kept.
    n_training_rows : int or None
        Rows that the classifier learned from.
    settings : dict
        Names of parameters to their values.
    command : str
        What to type to do all this again.
    versions : dict of str to str
        Names of programs and packages to their versions.
    notes : tuple of str
        What a reader should keep in mind.
    seconds : float or None
        Time taken by the fit.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from strates.inspection import evaluate
    >>> clf = DummyClassifier().fit([[0], [1], [2]], ["a", "b", "a"])
    >>> content = ReportContent(title="A guess", evaluation=evaluate(clf, [[0], [1]], ["a", "b"]))
    >>> ReportContent.from_dict(content.to_dict()).title
    'A guess'
    """

    title: str
    evaluation: Evaluation
    baselines: dict[str, Baseline] = field(default_factory=dict)
    cross_validation: CrossValidation | None = None
    data: DataSummary | None = None
    images: ImageSummary | None = None
    example_pictures: tuple[Picture, ...] = ()
    mistake_pictures: tuple[Picture, ...] = ()
    explained_pictures: tuple[ExplainedPicture, ...] = ()
    transfer_plan: TransferPlan | None = None
    network: list[dict[str, Any]] = field(default_factory=list)
    drawing: NetworkGraph | None = None
    boundary: DecisionBoundary | None = None
    representations: tuple[Representation, ...] = ()
    representation_codes: tuple[int, ...] = ()
    probes: pd.DataFrame | None = None
    coefficients: pd.DataFrame | None = None
    coefficient_unit: str = "1"
    coefficient_notes: tuple[str, ...] = ()
    reference_class: str = ""
    fit_statistics: dict[str, float] = field(default_factory=dict)
    robustness: TableRobustness | None = None
    robustness_curve: pd.DataFrame | None = None
    robustness_units: str = ""
    attacked_pictures: tuple[AttackedPicture, ...] = ()
    findings: tuple[Finding, ...] | None = None
    history: pd.DataFrame | None = None
    best_epoch: int | None = None
    n_training_rows: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float | None = None

    @property
    def noun(self) -> str:
        """What a row of the data is."""
        return "row" if self.images is None else "image"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as nested dicts and lists that ``json`` can write; tables as dicts of columns."""
        values = super().to_dict()
        for name in _TABLES:
            table = getattr(self, name)
            if table is not None:
                values[name] = {str(column): to_plain(table[column].tolist()) for column in table}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build the content from what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            Names of fields to plain values.

        Returns
        -------
        ReportContent

        Raises
        ------
        DataError
            A field that has no default is missing.
        """
        content = super().from_dict(values)
        stored = {name: getattr(content, name) for name in _TABLES}
        tables: dict[str, Any] = {name: pd.DataFrame(table) for name, table in stored.items() if table is not None}
        return dataclasses.replace(content, **tables)
