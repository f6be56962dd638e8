"""Numbers as people read them."""

from __future__ import annotations

import re
from typing import Any

from strates.inspection.metric import Metric
from strates.inspection.record import to_plain

THIN = "\u202f"  # narrow no-break space
DASH = "\u2013"


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal, or as many as it takes not to claim 100 or 0.

    Examples
    --------
    >>> percent(0.98551), percent(1.0), percent(0.99996)
    ('98.6\u202f%', '100\u202f%', '99.996\u202f%')
    """
    if share in (0, 1):
        return f"{100 * share:.0f}{THIN}%"
    for decimals in range(1, 6):
        text = f"{100 * share:.{decimals}f}"
        if float(text) not in (0, 100):
            break
    return f"{text}{THIN}%"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign.

    Examples
    --------
    >>> points(0.031), points(-0.002), points(-0.0001)
    ('+3.1', '\u22120.2', '0.0')
    """
    text = f"{100 * difference:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\u2212")


def count(n: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "row"), count(48842, "row"), count(2, "class")
    ('1 row', '48,842 rows', '2 classes')
    """
    plural = noun if n == 1 else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{n:,} {plural}"


def with_noun(text: str, noun: str) -> str:
    """Return a sentence about rows as one about what the rows are.

    Examples
    --------
    >>> with_noun("Of 12 rows, a row that it never saw", "image")
    'Of 12 images, an image that it never saw'
    """
    if noun == "row":
        return text
    article = "an" if noun[0] in "aeiou" else "a"
    return re.sub(r"\brow(s?)\b", rf"{noun}\1", re.sub(r"\ba row\b", f"{article} row", text))


def metric_text(metric: Metric) -> str:
    """Return a metric's value: accuracies as percentages, others with three significant decimals.

    Examples
    --------
    >>> metric_text(Metric("log_loss", "Log-loss", 0.12345, None, None, False))
    '0.123'
    """
    if metric.value is None:
        return DASH
    return _value_text(metric.name, metric.value)


def interval_text(metric: Metric) -> str:
    """Return a metric's interval, or nothing when there is none.

    Examples
    --------
    >>> interval_text(Metric("log_loss", "Log-loss", 0.12, 0.1, 0.15, False))
    '0.100 to 0.150'
    """
    if metric.low is None or metric.high is None:
        return ""
    return f"{_value_text(metric.name, metric.low)} to {_value_text(metric.name, metric.high)}"


def _value_text(name: str, value: float) -> str:
    return percent(value) if name in ("accuracy", "balanced_accuracy") else decimal(value)


def decimal(value: float | None) -> str:
    """Return a number with three decimals, or more when it is small, or a dash for None.

    Examples
    --------
    >>> decimal(0.5), decimal(0.00012), decimal(None)
    ('0.500', '0.00012', '\u2013')
    """
    if value is None:
        return DASH
    text = f"{value:.3f}" if abs(value) >= 0.0095 or value == 0 else f"{value:.2g}"
    return text.replace("-", "\u2212")


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(0.412), duration(75.0), duration(7384.0)
    ('0.41 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def setting_text(value: Any) -> str:
    """Return a parameter's value as Python writes it, the same before and after it went through JSON.

    Examples
    --------
    >>> setting_text((64, 32)), setting_text("adam"), setting_text(None)
    ('[64, 32]', "'adam'", 'None')
    """
    return repr(to_plain(value))
