"""What to do with a backbone and some rows: measured, advised, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone

from strates._types import AnyArray
from strates.estimators._transfer_parameters import STRATEGIES
from strates.estimators._transfer_source import frozen_backbone
from strates.estimators.transfer import TransferClassifier
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection.intervals import wilson_interval
from strates.inspection.outcome import class_names, encode_labels, sample_rows, take_rows
from strates.studies.depth_probes import DepthProbes, probe_depths
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting
from strates.studies.transfer_advice import advise, advised_strategy
from strates.studies.transfer_plan_result import DepthAccuracy, TransferPlan
from strates.studies.transfer_regime import find_regime

#: Rows from scratch, counted over the epochs, within bounds of the epochs.
_ENOUGH_ROWS, _FEWEST_EPOCHS, _MOST_EPOCHS = 75_000, 5, 30


def transfer_plan(
    backbone: Any,
    X: Any,
    y: Any,
    *,
    n_depths: int = 8,
    cv: int = 5,
    max_rows: int = 2_000,
    check: bool | Iterable[str] = True,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    parameters: Mapping[str, Any] | None = None,
    random_state: int = 0,
    progress: bool | None = None,
) -> TransferPlan:
    r"""Measure where on its way through a backbone the classes come apart, say what to do, and check that.

    A linear classifier is cross-validated on the input, and on the backbone's layers at several depths: of maps, their
    averages over the cells of a grid, so that a row has about a thousand numbers at most everywhere. Two questions
    then decide which of four cases the rows are in.

    - *Near or far?* Near to what the backbone was trained on: the features tell more than the input, and no earlier
      layer tells more than they do. Differences are taken on the same rows, and count when their interval leaves 0
      out: 95 % against the input, and 95 % in all over the earlier layers.
    - *Little or much data?* Much: learning from all rows instead of half of them gains less than two points, and less
      than half of what is still wrong, by the upper end of the 95 % interval. A linear classifier then has rows
      enough, and the rest needs more weights to learn.

    What follows from it:

    =======  ===============================================  =======================================
    \        near                                             far
    =======  ===============================================  =======================================
    little   a linear classifier on the features              one on an earlier layer
    much     fine-tune the last groups of layers              fine-tune all layers
    =======  ===============================================  =======================================

    Where not even an earlier layer tells more than the input, this backbone is of no use: with much data a network
    from scratch is advised, with little another backbone. The check fits each strategy on the same rows of each seed.

    Parameters
    ----------
    backbone : TransferClassifier or backbone
        A classifier, whose own parameters are kept, or what one takes as ``backbone``.
    X : array of n_rows rows
        Images or flat rows, as the classifier takes them.
    y : array-like of shape (n_rows,)
        Labels.
    n_depths : int, default=8
        Depths to probe at most, input and features among them.
    cv : int, default=5
        Folds of the probes, as far as the rarest class has rows.
    max_rows : int, default=2000
        Rows that are probed at most, drawn at random.
    check : bool or sequence of {"features", "fine_tune", "scratch"}, default=True
        Which strategies to run beside the advised one: all, none, or some. Each is fitted once a seed; on images,
        "scratch" may take minutes.
    seeds : iterable of int, default=range(5)
        Of the check.
    test_size : float, default=0.25
        Share of the rows that a run of the check is tested on.
    parameters : mapping of str to value, optional
        Of the ``TransferClassifier``, such as ``weights`` or ``image_size``.
    random_state : int, default=0
        Of folds and draws.
    progress : bool, default=None
        Show a bar during the check; see :func:`paired_runs`.

    Returns
    -------
    TransferPlan
        Its ``repr`` is to be read: probes, case, advice, a line of code, and what the check says.

    Raises
    ------
    ParameterError
        The backbone or a parameter cannot be used.
    TargetError
        There is one class only, or a class with one row.

    See Also
    --------
    transfer_study : What transfer gains, measured on classes set aside.
    strates.displays.TransferPlanDisplay : The probes by depth.

    References
    ----------
    Stanford CS231n, Transfer Learning, https://cs231n.github.io/transfer-learning/ (the four cases).
    Alain & Bengio (2016), Understanding intermediate layers using linear classifier probes,
    https://arxiv.org/abs/1610.01644.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> low = MLPClassifier((64,), batch_size=64, learning_rate="cosine", max_iter=10, random_state=0)
    >>> plan = transfer_plan(low.fit(X[y < 5] / 16, y[y < 5]), X[y >= 5] / 16, y[y >= 5], check=False)
    >>> plan.probes["layer"].tolist(), plan.strategy
    (['input', 'hidden_1'], 'features')
    """
    template = _template(backbone, parameters or {})
    rows, labels = X if hasattr(X, "shape") else np.asarray(X), np.asarray(y)
    if rows.shape[0] != len(labels):
        raise DataError(f"X has {rows.shape[0]} rows, y has {len(labels)} labels. Give one label for each row.")
    if n_depths < 2:
        raise ParameterError(f"n_depths={n_depths!r} cannot be used: the input and the features are two. 8 is usual.")
    others = _strategies(check)
    classes = np.unique(labels)
    codes = encode_labels(labels, classes)
    n_folds = _n_folds(codes, classes, cv)
    chosen = sample_rows(codes, max_rows, random_state)
    found, probed = frozen_backbone(template, take_rows(rows, chosen), labels[chosen])
    probes = probe_depths(found, probed, codes[chosen], n_depths=n_depths, n_folds=n_folds, seed=random_state)
    regime = find_regime(probes, seed=random_state)
    strategy = advised_strategy(regime)
    # "input" is no layer: the features are then no worse a place than any other
    layer = None if regime.near or regime.best == 0 or strategy != "features" else probes.depths[regime.best].name
    name = _name(template.backbone)
    plan = TransferPlan(
        backbone=name,
        n_rows=len(chosen),
        depths=_accuracies(probes),
        measures=regime.measures,
        regime=regime.name,
        strategy=strategy,
        layer=layer,
        advice=advise(probes, regime, name),
        code=_code(template, strategy, layer, near=regime.near),
    )
    if not others:
        return plan
    settings = _settings(template, plan, others, len(rows), near=regime.near)
    frame = paired_runs(rows, labels, settings, seeds=seeds, test_size=test_size, progress=progress)
    return plan.with_check(frame)


def _template(backbone: Any, parameters: Mapping[str, Any]) -> TransferClassifier:
    if not isinstance(backbone, TransferClassifier):
        return TransferClassifier(backbone, **parameters)
    if not parameters:
        return backbone
    fresh: TransferClassifier = clone(backbone).set_params(**parameters)
    return fresh


def _strategies(check: Any) -> list[str]:
    """Return the strategies to run beside the advised one."""
    if isinstance(check, bool):
        return list(STRATEGIES) if check else []
    names = list(check)
    strange = [name for name in names if name not in STRATEGIES]
    if strange or isinstance(check, str):
        raise ParameterError(f"check={check!r} cannot be used: it is True, False, or some of {', '.join(STRATEGIES)}.")
    return names


def _n_folds(codes: AnyArray, classes: AnyArray, cv: int) -> int:
    counts = np.bincount(codes)
    if cv < 2:
        raise ParameterError(f"cv={cv!r} cannot be used: a cross-validation needs 2 folds at least. 5 is usual.")
    if len(counts) < 2 or counts.min() < 2:
        rarest = f"; class {class_names(classes)[int(counts.argmin())]!r} has {counts.min()} row" if len(counts) else ""
        raise TargetError(
            f"y holds {len(counts)} classes{rarest}. A plan needs two classes, and two rows of each: one to learn and "
            "one to test."
        )
    return int(min(cv, counts.min()))


def _accuracies(probes: DepthProbes) -> tuple[DepthAccuracy, ...]:
    found = []
    for depth, width, hits in zip(probes.depths, probes.widths, probes.hits, strict=True):
        low, high = wilson_interval(int(hits.sum()), len(hits))
        found.append(DepthAccuracy(depth.name, depth.n_kernels, width, float(hits.mean()), low, high))
    return tuple(found)


def _name(backbone: Any) -> str:
    if isinstance(backbone, str):
        return backbone
    return "the backbone" if backbone is None else f"the {type(backbone).__name__}"


def _code(template: TransferClassifier, strategy: str, layer: str | None, *, near: bool) -> str:
    """Return the line that makes the classifier: its parameters that differ from the defaults, and the advice."""
    usual = TransferClassifier(None).get_params(deep=False)
    own = {
        name: value
        for name, value in template.get_params(deep=False).items()
        if name not in ("backbone", "strategy", "layer") and repr(value) != repr(usual[name])
    }
    given = {**own, "strategy": strategy, **({} if layer is None else {"layer": layer})}
    if strategy == "fine_tune" and not near:
        given["unfreeze"] = "all"
    first = repr(template.backbone) if isinstance(template.backbone, str) else "backbone"
    return f"TransferClassifier({', '.join([first, *(f'{name}={value!r}' for name, value in given.items())])})"


def _settings(
    template: TransferClassifier, plan: TransferPlan, others: list[str], n_rows: int, *, near: bool
) -> list[Setting]:
    names = dict.fromkeys([plan.advised, *others])
    ordered = [*(name for name in STRATEGIES if name in names), *(name for name in names if name not in STRATEGIES)]
    settings = []
    for name in ordered:
        advised = name == plan.advised
        strategy = plan.strategy if advised else name
        given: dict[str, Any] = {"strategy": strategy}
        if advised and plan.layer is not None:
            given["layer"] = plan.layer
        if strategy == "fine_tune" and not near:
            given["unfreeze"] = "all"
        if strategy == "scratch":
            epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, round(_ENOUGH_ROWS / n_rows)))
            given |= _where_usual(
                template, {"learning_rate": "one_cycle", "learning_rate_init": 3e-3, "max_iter": epochs}
            )
        settings.append(Setting({"strategy": name}, partial(_make, template, given)))
    return settings


def _where_usual(template: TransferClassifier, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the user has left at their defaults."""
    usual, own = TransferClassifier(None).get_params(deep=False), template.get_params(deep=False)
    return {name: value for name, value in wanted.items() if own[name] == usual[name]}


def _make(template: TransferClassifier, given: Mapping[str, Any], seed: int) -> TransferClassifier:
    fresh: TransferClassifier = clone(template).set_params(**given, random_state=seed)
    if fresh.strategy == "features":
        fresh.set_params(augmentation=None)
    return fresh
