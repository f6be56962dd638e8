"""The work of ``strates fit`` on a folder of images, step by step."""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.base import clone

from strates._random import stream
from strates._types import AnyArray
from strates.cli.checkpoint_file import leave_no_empty_folder
from strates.cli.explained_images import explain_images
from strates.cli.findings import of_images
from strates.cli.fit_end import end_fit
from strates.cli.fit_result import FitResult, show_result
from strates.cli.image_classifier import make_image_classifier
from strates.cli.image_fit_plan import ImageFitPlan
from strates.cli.image_parts import ImageParts, read_image_parts, relative_names, split_images
from strates.cli.metric_table import as_bounds
from strates.cli.model_card import LearnedImages, ModelCard
from strates.cli.network_layers import network_layers
from strates.cli.progress import TrainingProgress
from strates.cli.robustness_view import image_robustness
from strates.cli.screen import Screen
from strates.displays.thumbnail import thumbnail
from strates.estimators import Checkpoint, fit_stream
from strates.inspection import (
    CrossValidation,
    Evaluation,
    Finding,
    cross_validate_metrics,
    diagnose,
    evaluate,
    fit_baselines,
)
from strates.inspection.image_summary import Picture, summarize_images
from strates.report import ReportContent
from strates.studies import TransferPlan, transfer_plan

_PROGRAMS = ("strates", "keras", "tensorflow", "scikit-learn", "pillow", "numpy")
#: Examples on the page, at most: of each class, and in all.
_EXAMPLES_OF_CLASS, _EXAMPLES = 8, 60
#: What images are classified into: the word that tables have their target's name for.
TARGET = "class"


def run_image_fit(plan: ImageFitPlan, screen: Screen) -> FitResult:
    """Train on images, judge, save, and show.

    Parameters
    ----------
    plan : ImageFitPlan
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


def _fit(plan: ImageFitPlan, screen: Screen) -> FitResult:
    request = plan.request
    split = split_images(plan.images, request.test_size, request.seed)
    for note in split.notes:
        screen.note(note)
    clf = make_image_classifier(
        request.model,
        plan.hidden,
        plan.settings,
        request.seed,
        shape=plan.images.form.shape,
        n_images=len(split.train),
        backbone=plan.backbone,
    )
    watched = bool(clf.early_stopping)
    parts = read_image_parts(split, streamed=plan.streamed, watched=watched, seed=request.seed, screen=screen)
    seconds = _train(plan, clf, parts, screen)
    content = _judge(plan, parts, clf, seconds, screen)
    return end_fit(clf, _card(plan, parts, content), content, plan, screen)


def _train(plan: ImageFitPlan, clf: Any, parts: ImageParts, screen: Screen) -> float:
    """Fit the classifier, and return the seconds that it took."""
    start = time.perf_counter()
    with TrainingProgress(screen) as progress:
        checkpoints = [] if plan.checkpoint is None else [Checkpoint(plan.checkpoint)]
        clf.set_callbacks(*([progress] if screen.animated else []), *checkpoints)
        if parts.streamed:
            fit_stream(clf, parts.train, validation_data=parts.watched)
        else:
            clf.fit(parts.X_train, parts.y_train, validation_data=parts.watched)
        clf.set_callbacks()
    return time.perf_counter() - start


def _judge(plan: ImageFitPlan, parts: ImageParts, clf: Any, seconds: float, screen: Screen) -> ReportContent:
    """Return all that the report says."""
    seed = plan.request.seed
    with screen.doing(f"Testing on {len(parts.y_test):,} images"):
        evaluation: Evaluation = evaluate(clf, parts.X_test, parts.y_test, seed=seed, importance=False)
    with screen.doing("Training the baselines"):
        baselines = fit_baselines(parts.X_train, parts.y_train, parts.X_test, parts.y_test, seed=seed, classifier=clf)
    findings = _diagnose(parts, clf, screen)
    with screen.doing("Looking where it looks"):
        explained = explain_images(clf, parts.X_test, parts.y_test, parts.names, seed=seed)
    with screen.doing("Trying to fool it"):
        robustness = image_robustness(clf, parts.X_test, parts.y_test, parts.names, seed)
    places = [int(one.row) for one in evaluation.mistakes]
    named = tuple(replace(one, row=parts.names[place]) for one, place in zip(evaluation.mistakes, places, strict=True))
    return ReportContent(
        title=f"Images of {plan.name}",
        evaluation=replace(evaluation, mistakes=named),
        baselines=baselines,
        cross_validation=_cross_validate(plan, clf, parts, screen),
        images=summarize_images(parts.train, parts.test),
        example_pictures=example_pictures(parts, seed),
        mistake_pictures=tuple(
            thumbnail(parts.X_test[place], label=one.true, name=one.row)
            for one, place in zip(named, places, strict=True)
        ),
        explained_pictures=explained,
        **robustness,
        transfer_plan=_transfer_plan(plan, parts, clf, screen),
        findings=findings,
        network=network_layers(clf.network_),
        history=clf.history_,
        best_epoch=clf.best_epoch_,
        n_training_rows=len(parts.train),
        settings=clf.get_params(deep=False),
        command=plan.request.command(),
        versions={"Python": platform.python_version(), **{name: version(name) for name in _PROGRAMS}},
        notes=tuple(screen.notes),
        seconds=seconds,
    )


def _transfer_plan(plan: ImageFitPlan, parts: ImageParts, clf: Any, screen: Screen) -> TransferPlan | None:
    """Probe the backbone on the images to learn from; fit its strategies only where that is asked."""
    if plan.backbone is None or plan.backbone.strategy == "scratch":
        return None
    check = plan.request.check_plan
    with screen.doing("Trying what the backbone knows" + (", and each strategy three times" if check else "")):
        return transfer_plan(
            clf,
            parts.X_train,
            parts.y_train,
            check=check,
            seeds=range(3),
            random_state=plan.request.seed,
            progress=False,
        )


def _diagnose(parts: ImageParts, clf: Any, screen: Screen) -> tuple[Finding, ...]:
    with screen.doing("Looking for what ails it"):
        found = diagnose(clf, parts.X_train, parts.y_train, X_test=parts.X_test, y_test=parts.y_test)
    return tuple(of_images(one) for one in found)


def example_pictures(parts: ImageParts, seed: int) -> tuple[Picture, ...]:
    """Return a few images to learn from, class by class, drawn at random."""
    n_classes = len(parts.train.classes)
    count = max(1, min(_EXAMPLES_OF_CLASS, _EXAMPLES // n_classes))
    order: AnyArray = stream(seed, "examples").permutation(len(parts.y_train))
    names = relative_names(parts.train) if not parts.streamed else None
    pictures = []
    for label in parts.train.classes[:_EXAMPLES]:
        for row in order[parts.y_train[order] == label][:count].tolist():
            name = f"an image of {label}" if names is None else names[row]
            pictures.append(thumbnail(parts.X_train[row], label=label, name=name))
    return tuple(pictures)


def _cross_validate(plan: ImageFitPlan, clf: Any, parts: ImageParts, screen: Screen) -> CrossValidation | None:
    folds = plan.request.cv
    if folds is None:
        return None
    X, y = np.concatenate([parts.X_train, parts.X_test]), np.concatenate([parts.y_train, parts.y_test])
    with TrainingProgress(screen, fits=folds) as progress:
        fresh = clone(clf).set_callbacks(*([progress] if screen.animated else []))
        return cross_validate_metrics(fresh, X, y, folds, seed=plan.request.seed)


def _card(plan: ImageFitPlan, parts: ImageParts, content: ReportContent) -> ModelCard:
    form = plan.images.form
    return ModelCard(
        target=TARGET,
        columns=(),
        source=plan.name,
        missing=(),
        fingerprint=plan.images.fingerprint(),
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
        images=LearnedImages(form.height, form.width, form.color, form.crop_to_aspect_ratio),
    )
