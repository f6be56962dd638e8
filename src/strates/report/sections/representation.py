"""What the network learned: its spaces, and what a simple classifier makes of each."""

from __future__ import annotations

from typing import Any

import pandas as pd

from strates.displays.linear_probes import LinearProbesDisplay
from strates.displays.representation import RepresentationDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import DASH, THIN, count, percent


def representation_section(content: ReportContent) -> Section | None:
    """Return the spaces of the network side by side and the probes in each; None for one without hidden layers."""
    spaces = content.representations
    if not spaces:
        return None
    display = RepresentationDisplay(spaces, content.representation_codes, content.evaluation.classes, content.probes)
    facts = [
        "A network learns a representation of the rows, layer by layer, and then a linear classifier of it. Simple "
        "classifiers, the same in each space, tell whether the classes are easier to part there than in the table."
    ]
    probes = content.probes
    if probes is not None:
        facts += _compared(probes, spaces[-1].name)
    return Section(
        "representation",
        "What the network learned",
        "representation.html.jinja",
        {
            "facts": facts,
            "spaces": page_figure(display, _caption(content), scrolls=True),
            "probes": None if probes is None else page_figure(LinearProbesDisplay(probes), _probes_caption(probes)),
            "rows": [] if probes is None else _rows(probes),
        },
    )


def _probes_caption(probes: pd.DataFrame) -> str:
    said = (
        f"Share of held-out rows predicted right, with 95{THIN}% intervals, by classifiers that are cross-validated in "
        "each space."
    )
    if probes["space"].str.startswith("PCA (").any():
        said += " PCA stands for as many principal components of the scaled input as a layer has units."
    return said


def _caption(content: ReportContent) -> str:
    last = content.representations[-1]
    n_rows = len(content.representation_codes)
    said = f"{count(n_rows, 'held-out row')} in each space, in the plane of its first two principal components"
    if any(one.is_exact for one in content.representations):
        said += " (a space of two units as it is)"
    if last.boundary is None:
        return f"{said}."
    if last.is_exact:
        return f"{said}. In the last space the network decides by straight lines."
    return (
        f"{said}. In the last space the network decides by hyperplanes: the lines are where they cut this plane, and "
        "rows off it may lie on their other side."
    )


def _compared(probes: pd.DataFrame, last: str) -> list[str]:
    """Return the accuracies of the linear probe in words, and what may be said of their difference."""
    linear = {one["space"]: one for one in probes[probes["probe"] == "logistic"].to_dict("records")}
    if "input" not in linear or last not in linear:
        return []
    start, end = linear["input"], linear[last]
    same = linear.get(f"PCA ({end['width']})")
    components = ""
    if same is not None:
        components = f", {percent(same['accuracy'])} on its first {count(end['width'], 'principal component')}"
    said = (
        f"A logistic regression gets {percent(start['accuracy'])} of held-out rows right on the input{components}, and "
        f"{percent(end['accuracy'])} on the last hidden layer, {count(end['width'], 'unit')} wide."
    )
    if end["low"] > start["high"]:
        verdict = "The layers make the classes easier to part linearly."
    elif end["high"] < start["low"]:
        verdict = "The layers have lost something that the input tells."
    else:
        verdict = (
            "The intervals overlap: by these rows, the last layer is neither clearly better than the input nor worse."
        )
    return [said, verdict]


def _rows(probes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row a space for the table."""
    rows = []
    for space in dict.fromkeys(probes["space"]):
        found = {one["probe"]: one for one in probes[probes["space"] == space].to_dict("records")}
        width = next(iter(found.values()))["width"]
        rows.append(
            {"space": space, "width": f"{width:,}", "cells": [_cell(found.get(p)) for p in ("logistic", "knn")]}
        )
    return rows


def _cell(one: dict[Any, Any] | None) -> dict[str, str]:
    if one is None:
        return {"value": DASH, "interval": ""}
    return {"value": percent(one["accuracy"]), "interval": f"{percent(one['low'])} to {percent(one['high'])}"}
