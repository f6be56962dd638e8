"""What a notebook shows of a fitted network, above scikit-learn's table of its attributes.

Plain HTML and SVG, drawn here: the estimators do not import the displays. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

_MOST_LAYERS, _MOST_POINTS, _MOST_CLASSES = 30, 240, 12
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 360, 92, 50, 8, 8, 18
_TRAINING, _VALIDATION = "#0072B2", "#D55E00"
_WIDE = 20.0  # a curve that spans more than this ratio is drawn on a logarithmic scale


def show_network(estimator: Any, attributes: Any) -> Any:
    """Put a fitted network's layers, curve and scores before scikit-learn's table of fitted attributes.

    Parameters
    ----------
    estimator : fitted classifier
    attributes : object
        What scikit-learn's ``_get_fitted_attr_html`` returned.

    Returns
    -------
    object
        The same, whose HTML now begins with the network.
    """
    table = attributes._html_repr
    attributes._html_repr = lambda: network_html(estimator) + str(table())
    return attributes


def network_html(estimator: Any) -> str:
    """Return the network of a fitted classifier as a piece of HTML.

    Parameters
    ----------
    estimator : fitted classifier

    Returns
    -------
    str
    """
    parts = [_layer_table(estimator.network_), _curves(estimator), _facts(estimator)]
    return (
        '<div class="estimator-table"><details open><summary>Network</summary>'
        f'<div style="overflow-x: auto">{"".join(parts)}</div></details></div>'
    )


def _layer_table(network: Any) -> str:
    layers = [layer for layer in network.layers if type(layer).__name__ != "InputLayer"]
    rows = [
        f'<td class="param">{escape(str(layer.name))}</td><td>{escape(type(layer).__name__)}</td>'
        f"<td>{escape(_shape(layer))}</td><td>{int(layer.count_params()):,}</td>"
        for layer in layers[:_MOST_LAYERS]
    ]
    if len(layers) > _MOST_LAYERS:
        rows.append(f'<td colspan="4">and {len(layers) - _MOST_LAYERS} more layers</td>')
    rows.append(f'<td colspan="3">Parameters in all</td><td>{int(network.count_params()):,}</td>')
    head = "<tr><th>Layer</th><th>Type</th><th>Output</th><th>Parameters</th></tr>"
    body = "".join(f'<tr class="default">{row}</tr>' for row in rows)
    return f'<table class="parameters-table"><tbody>{head}{body}</tbody></table>'


def _shape(layer: Any) -> str:
    try:
        return " × ".join(str(n) for n in layer.output.shape[1:])
    except (AttributeError, ValueError, TypeError):  # several outputs, or none yet
        return ""


def _facts(estimator: Any) -> str:
    facts = [f"{int(estimator.n_iter_):,} epoch{'' if estimator.n_iter_ == 1 else 's'}"]
    for name, word in (
        ("loss_", "loss"),
        ("best_loss_", "best loss"),
        ("best_validation_score_", "best validation score"),
        ("n_mistakes_", "mistakes"),
    ):
        value = getattr(estimator, name, None)
        if value is not None:
            facts.append(f"{word} {_number(value)}")
    classes = getattr(estimator, "classes_", ())
    n = len(classes)
    if not n:  # an autoencoder
        pass
    elif isinstance(classes, list):  # one array a label
        facts.append(f"{n} labels")
    else:
        named = ", ".join(escape(_short(label)) for label in list(classes)[:_MOST_CLASSES])
        facts.append(f"classes {named}{f', … ({n} in all)' if n > _MOST_CLASSES else ''}")
    return f'<p style="margin: 0.4em 0.6em; max-width: 46em">{" · ".join(facts)}</p>'


def _short(label: Any) -> str:
    text = str(label)
    return text if len(text) <= 24 else f"{text[:23]}…"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{float(value):.4g}"


def _curves(estimator: Any) -> str:
    """Return the curves of training and validation as a small picture; nothing for a fit without epochs."""
    training = _finite(getattr(estimator, "loss_curve_", None))
    word = "loss"
    if training is None:
        training, word = _finite(getattr(estimator, "mistakes_curve_", None)), "mistakes"
    if training is None:
        return ""
    validation = _finite(getattr(estimator, "validation_loss_curve_", None))
    every = [value for _, value in [*training, *(validation or [])]]
    low, high = min(every), max(every)
    logarithmic = low > 0 and high / low > _WIDE
    n = max(epoch for epoch, _ in training)

    def place(point: tuple[int, float]) -> tuple[float, float]:
        share = (point[0] - 1) / max(n - 1, 1)
        bottom, top, value = (math.log(v) for v in (low, high, point[1])) if logarithmic else (low, high, point[1])
        height = (value - bottom) / (top - bottom) if top > bottom else 0.5
        x = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        return x, _HEIGHT - _BOTTOM - height * (_HEIGHT - _BOTTOM - _TOP)

    lines = [_line([place(one) for one in _thin(training)], _TRAINING, "")]
    said = f"{word.capitalize()} from {_number(training[0][1])} to {_number(training[-1][1])} in {n:,} epochs"
    if validation:
        lines.append(_line([place(one) for one in _thin(validation)], _VALIDATION, "4 3"))
        said += f"; on validation rows from {_number(validation[0][1])} to {_number(validation[-1][1])} (dashed)"
    about = f"{word} by epoch{', logarithmic' if logarithmic else ''}{'; validation dashed' if validation else ''}"
    return _picture(lines, said, about, (low, high), n)


def _picture(lines: list[str], said: str, about: str, limits: tuple[float, float], n: int) -> str:
    low, high = limits
    base, middle = _HEIGHT - _BOTTOM, (_LEFT + _WIDTH - _RIGHT) / 2
    texts = [
        (_LEFT - 4, _TOP + 4, "end", _number(high)),
        (_LEFT - 4, base + 3, "end", _number(low)),
        (_LEFT, _HEIGHT - 4, "start", "1"),
        (_WIDTH - _RIGHT, _HEIGHT - 4, "end", f"{n:,}"),
        (middle, _HEIGHT - 4, "middle", about),
    ]
    words = "".join(f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(t)}</text>' for x, y, anchor, t in texts)
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'style="display: block; margin: 0.4em 0.6em; font: 10px sans-serif; max-width: 100%" fill="currentColor">'
        f"<title>{escape(said)}</title>"
        f'<path d="M{_LEFT} {_TOP}V{base}H{_WIDTH - _RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
        f"{''.join(lines)}{words}</svg>"
    )


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    if len(points) == 1:
        x, y = points[0]
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'


def _finite(curve: Any) -> list[tuple[int, float]] | None:
    """Return the epochs and values of a curve that are numbers, or None without any."""
    points = [(i, float(value)) for i, value in enumerate(curve or (), start=1) if value is not None]
    return [point for point in points if math.isfinite(point[1])] or None


def _thin(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most so many points as the picture has room for, the first and the last among them."""
    if len(points) <= _MOST_POINTS:
        return points
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(i * step)] for i in range(_MOST_POINTS)]
