"""The words must follow from the numbers: each case is made by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from strates.inspection import Baseline, Comparison, Evaluation, evaluate
from strates.inspection.metric import metric
from strates.report import ReportContent
from strates.report.verdict import headline, verdicts


class Table:
    """A classifier that says what it is told."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, p: Any) -> None:
        self.p = np.asarray(p, dtype=float)

    def predict_proba(self, X: Any) -> Any:
        return np.column_stack([1 - self.p, self.p])

    def predict(self, X: Any) -> Any:
        return self.classes_[(self.p > 0.5).astype(int)]


def judged(n_right: int, n: int, sure: float = 0.8) -> Evaluation:
    """Return an evaluation with so many rows right out of so many, half of each class."""
    truth = np.arange(n) % 2
    right = np.arange(n) < n_right
    p = np.where(truth == right, sure, 1 - sure)
    return evaluate(Table(p), np.zeros((n, 1)), np.where(truth, "yes", "no"), importance=False)


def baseline(name: str, value: float, low: float, high: float, comparison: Comparison | None = None) -> Baseline:
    answer = "yes" if name == "majority class" else ""
    return Baseline(name, (metric("accuracy", value, low, high),), 100, answer, comparison)


def content(evaluation: Evaluation, *baselines: Baseline) -> ReportContent:
    return ReportContent(title="t", evaluation=evaluation, baselines={one.name: one for one in baselines})


def words(*arguments: Any) -> str:
    return " ".join(verdicts(content(*arguments))).replace("\u202f", " ")


def test_headline() -> None:
    said = headline(content(judged(68, 69), baseline("majority class", 30 / 69, 0.32, 0.55))).replace("\u202f", " ")
    assert said == (
        "On 69 rows it never saw, the network is right 98.6 % of the time (95 % interval 92.2 % to 99.7 %); "
        "always answering “yes” would be right 43.5 %."
    )


def test_headline_without_baseline() -> None:
    assert headline(content(judged(1, 1))).replace("\u202f", " ") == (
        "On 1 row it never saw, the network is right 100 % of the time (95 % interval 20.7 % to 100 %)."
    )


def test_no_better_than_the_commonest_class() -> None:
    said = words(judged(55, 100), baseline("majority class", 0.5, 0.4, 0.6))
    assert "no better than always giving the same answer (50.0 %)" in said
    assert "same answer" not in words(judged(80, 100), baseline("majority class", 0.5, 0.4, 0.6))


TIE = Comparison(3, 4, -0.01, -0.06, 0.04, 0.01, -0.02, 0.04)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"accuracy": 0.05, "accuracy_low": 0.02, "accuracy_high": 0.08},
            "the network is better by 5.0 points (95 % interval 2.0 to 8.0)",
        ),
        (
            {"accuracy": -0.05, "accuracy_low": -0.08, "accuracy_high": -0.02},
            "the network is worse by 5.0 points (95 % interval 2.0 to 8.0): the simpler model should be preferred",
        ),
        (
            {},
            "same rows the difference is \u22121.0 points (95 % interval \u22126.0 to +4.0 points): within chance",
        ),
        ({"accuracy": 0.0}, "right equally often (95 % interval \u22126.0 to +4.0 points): neither beats the other"),
        (
            {"log_loss": -0.2, "log_loss_low": -0.3, "log_loss_high": -0.1},
            "log-loss is lower by 0.200 (0.100 to 0.300)",
        ),
        ({"log_loss": 0.2, "log_loss_low": 0.1, "log_loss_high": 0.3}, "log-loss is higher by 0.200 (0.100 to 0.300)"),
        ({}, "Neither gives clearly better probabilities"),
    ],
)
def test_paired_with_logistic_regression(changes: dict[str, float], expected: str) -> None:
    comparison = dataclasses.replace(TIE, **changes)
    assert expected in words(judged(80, 100), baseline("logistic regression", 0.8, 0.7, 0.9, comparison))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.3, 0.6, "do not meet: the network is better"),
        (0.95, 0.99, "do not meet: the network is worse"),
        (0.7, 0.9, "overlap: taken alone, they do not tell"),
    ],
)
def test_without_pairs_the_intervals_speak(low: float, high: float, expected: str) -> None:
    assert expected in words(judged(80, 100), baseline("logistic regression", 0.5, low, high))


def test_probabilities_are_judged_against_chance() -> None:
    assert "Nothing here speaks against" in words(judged(80, 100, sure=0.8))
    assert "should not be taken at their word" in words(judged(80, 100, sure=0.99))
    assert "slightly off: calibration error 0.040" in words(judged(8000, 10_000, sure=0.84))
