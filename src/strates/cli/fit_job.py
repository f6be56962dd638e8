"""The work of ``strates fit``, step by step."""

from __future__ import annotations

import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import clone

from strates.cli.boundary_view import boundary_view
from strates.cli.checkpoint_file import leave_no_empty_folder
from strates.cli.classifier import make_classifier, spare_epochs
from strates.cli.columns import LearnedColumn, learn_columns
from strates.cli.fit_end import end_fit
from strates.cli.fit_plan import FitPlan
from strates.cli.fit_result import FitResult, show_result
from strates.cli.importance_effort import importance_effort
from strates.cli.linear_models import build_pipeline, coefficient_fields
from strates.cli.metric_table import as_bounds
from strates.cli.model_card import ModelCard
from strates.cli.network_layers import network_layers
from strates.cli.progress import TrainingProgress
from strates.cli.representation_view import representation_fields
from strates.cli.robustness_view import table_robustness
from strates.cli.screen import Screen
from strates.cli.table_parts import TableParts, read_parts, stream_parts
from strates.estimators import Checkpoint, fit_stream
from strates.exceptions import ParameterError
from strates.inspection import (
    Evaluation,
    NetworkGraph,
    cross_validate_metrics,
    decisions_only,
    diagnose,
    evaluate,
    fit_baselines,
    folds_of_decisions_only,
    network_graph,
)
from strates.report import ReportContent

_PROGRAMS = ("strates", "keras", "tensorflow", "scikit-learn", "skrub", "numpy", "pandas")


def run_fit(plan: FitPlan, screen: Screen) -> FitResult:
    """Train, judge, save, and show.

    Parameters
    ----------
    plan : FitPlan
    screen : Screen

    Returns
    -------
    FitResult
    """
    try:
        result = _fit(plan, screen)
    finally:
        if plan.checkpoint is not None:
            leave_no_empty_folder(plan.checkpoint)
    show_result(result, screen)
    return result


def _fit(plan: FitPlan, screen: Screen) -> FitResult:
    clf = make_classifier(plan.request.model, plan.hidden, plan.settings, plan.request.seed, streamed=plan.streamed)
    with screen.doing(f"Reading {plan.source.given}"):
        parts = _read(plan, clf)
    for note in parts.notes:
        screen.note(note)
    if "max_iter" not in plan.settings:
        for note in spare_epochs(clf, parts.n_train):
            screen.note(note)
    pipeline, seconds = _train(plan, clf, parts, screen)
    content = _judge(plan, parts, pipeline, seconds, screen)
    columns = learn_columns(parts.X_train, getattr(pipeline[0], "column_to_kind_", None))
    return end_fit(pipeline, _card(plan, columns, content), content, plan, screen)


def _read(plan: FitPlan, clf: Any) -> TableParts:
    request = plan.request
    if not plan.streamed:
        return read_parts(plan.source, plan.target, request.test_size, request.seed)
    watched = bool(clf.early_stopping)
    return stream_parts(plan.source, plan.target, request.test_size, request.seed, watched=watched)


def _train(plan: FitPlan, clf: Any, parts: TableParts, screen: Screen) -> tuple[Any, float]:
    """Return the fitted pipeline, and the seconds that it took."""
    pipeline = build_pipeline(clf, streamed=plan.streamed)
    start = time.perf_counter()
    with TrainingProgress(screen) as progress:
        _set_callbacks(clf, *_callbacks(progress, screen, plan.checkpoint))
        if parts.stream is None:
            pipeline.fit(parts.X_train, parts.y_train)
        else:
            fit_stream(pipeline, parts.stream, validation_data=parts.watched)
        _set_callbacks(clf)
    return pipeline, time.perf_counter() - start


def _set_callbacks(clf: Any, *callbacks: Any) -> Any:
    """Let callbacks follow a fit; a perceptron has none."""
    return clf.set_callbacks(*callbacks) if hasattr(clf, "set_callbacks") else clf


def _callbacks(progress: TrainingProgress, screen: Screen, checkpoint: Path | None = None) -> list[Any]:
    return [*([progress] if screen.animated else []), *([] if checkpoint is None else [Checkpoint(checkpoint)])]


def _judge(plan: FitPlan, parts: TableParts, pipeline: Any, seconds: float, screen: Screen) -> ReportContent:
    """Return all that the report says."""
    seed, clf = plan.request.seed, pipeline[-1]
    with screen.doing(f"Testing on {len(parts.y_test):,} rows"):
        effort = importance_effort(*parts.X_test.shape)
        evaluation: Evaluation = evaluate(pipeline, parts.X_test, parts.y_test, seed=seed, **effort)
    if plan.request.model == "perceptron":
        evaluation = decisions_only(evaluation)
    if not effort["importance"]:
        screen.note(f"The importance of the columns was not measured: {parts.X_test.shape[1]:,} are too many.")
    with screen.doing("Training the baselines"):
        baselines = fit_baselines(
            parts.X_train, parts.y_train, parts.X_test, parts.y_test, seed=seed, classifier=pipeline
        )
    with screen.doing("Looking at the coefficients"):
        coefficients = coefficient_fields(pipeline, parts.X_train, parts.y_train, streamed=plan.streamed)
    with screen.doing("Drawing the boundary"):
        boundary = boundary_view(pipeline, parts.X_test, parts.y_test, evaluation)
    with screen.doing("Looking at the representation"):
        representation = representation_fields(pipeline, parts.X_test, parts.y_test)
    robustness: dict[str, Any] = {}
    if plan.request.model != "perceptron":
        with screen.doing("Trying to fool it"):
            robustness = table_robustness(pipeline, parts.X_test, parts.y_test, parts.X_train, seed)
    with screen.doing("Looking for what ails it"):
        findings = diagnose(pipeline, parts.X_train, parts.y_train, X_test=parts.X_test, y_test=parts.y_test)
    return ReportContent(
        title=f"{plan.target} from {plan.source.name}",
        evaluation=evaluation,
        baselines=baselines,
        cross_validation=_cross_validate(plan, clf, parts, screen),
        data=parts.data,
        network=network_layers(clf.network_),
        drawing=_drawing(pipeline),
        boundary=boundary,
        **representation,
        **coefficients,
        **robustness,
        findings=tuple(findings),
        history=getattr(clf, "history_", None),
        best_epoch=getattr(clf, "best_epoch_", None),
        n_training_rows=parts.n_train,
        settings=clf.get_params(deep=False),
        command=plan.request.command(plan.target),
        versions={"Python": platform.python_version(), **{name: version(name) for name in _PROGRAMS}},
        notes=tuple(screen.notes),
        seconds=seconds,
    )


def _cross_validate(plan: FitPlan, clf: Any, parts: TableParts, screen: Screen) -> Any:
    folds = plan.request.cv
    if folds is None:
        return None
    X, y = pd.concat([parts.X_train, parts.X_test]), pd.concat([parts.y_train, parts.y_test])
    with TrainingProgress(screen, fits=folds) as progress:
        fresh = _set_callbacks(clone(clf), *_callbacks(progress, screen))
        found = cross_validate_metrics(build_pipeline(fresh), X, y, folds, seed=plan.request.seed)
    return folds_of_decisions_only(found) if plan.request.model == "perceptron" else found


def _drawing(pipeline: Any) -> NetworkGraph | None:
    try:
        return network_graph(pipeline)
    except ParameterError:  # no chain of dense layers
        return None


def _card(plan: FitPlan, columns: tuple[LearnedColumn, ...], content: ReportContent) -> ModelCard:
    return ModelCard(
        target=plan.target,
        columns=columns,
        source=plan.source.path.name if plan.source.path is not None else plan.source.given,
        missing=plan.source.missing,
        fingerprint=content.data.fingerprint if content.data is not None else "",
        model=plan.request.model,
        settings=content.settings,
        command=content.command,
        n_train=content.n_training_rows or 0,
        n_test=content.evaluation.n_rows,
        metrics=as_bounds(content.evaluation.metrics),
        baselines={name: as_bounds(one) for name, one in content.baselines.items()},
        report=content.to_dict(),
        seconds=content.seconds or 0.0,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=content.versions,
    )
