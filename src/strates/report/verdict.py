"""What the numbers say, in plain words, and no more than they say."""

from __future__ import annotations

from strates.inspection.baselines import LOGISTIC, MAJORITY, Baseline
from strates.inspection.comparison import Comparison
from strates.inspection.evaluation import Evaluation
from strates.inspection.metric import Metric
from strates.report.content import ReportContent
from strates.report.wording import THIN, count, decimal, interval_text, metric_text, percent, points, with_noun

_SLIGHT_GAP = 0.05


def headline(content: ReportContent) -> str:
    """Return the sentence that matters most: how often the network is right on rows it never saw."""
    evaluation = content.evaluation
    accuracy = evaluation.metric("accuracy")
    sentence = (
        f"On {count(evaluation.n_rows, content.noun)} it never saw, the network is right {metric_text(accuracy)} of "
        f"the time (95{THIN}% interval {interval_text(accuracy)})."
    )
    majority = content.baselines.get(MAJORITY)
    if majority is None:
        return sentence
    answer = f"always answering “{majority.answer}”" if majority.answer else "always answering the commonest class"
    return f"{sentence[:-1]}; {answer} would be right {metric_text(majority.metric('accuracy'))}."


def verdicts(content: ReportContent) -> list[str]:
    """Return what a reader may conclude: against the commonest class, logistic regression, and on the probabilities.

    Parameters
    ----------
    content : ReportContent
        What is reported.

    Returns
    -------
    list of str
        Sentences; those that the content cannot support are absent.
    """
    said = []
    majority, logistic = content.baselines.get(MAJORITY), content.baselines.get(LOGISTIC)
    if majority is not None:
        said += _against_majority(content.evaluation, majority)
    if logistic is not None:
        said.append(_against_logistic(content.evaluation, logistic))
    return [with_noun(one, content.noun) for one in (*said, _on_probabilities(content.evaluation))]


def _against_majority(evaluation: Evaluation, majority: Baseline) -> list[str]:
    accuracy, guess = evaluation.metric("accuracy"), majority.metric("accuracy")
    if accuracy.low is None or guess.value is None or accuracy.low > guess.value:
        return []
    return [
        f"Its interval reaches down to {percent(accuracy.low)}, no better than always giving the same answer "
        f"({percent(guess.value)}): these rows do not show that the network has learned anything useful for accuracy."
    ]


def _against_logistic(evaluation: Evaluation, logistic: Baseline) -> str:
    accuracy = logistic.metric("accuracy")
    theirs = f"Logistic regression is right {metric_text(accuracy)} of the time ({interval_text(accuracy)})"
    if logistic.comparison is None:
        return f"{theirs}. {_by_overlap(evaluation.metric('accuracy'), accuracy)}"
    if evaluation.metric("log_loss").value is None:
        return f"{theirs}. {_paired(logistic.comparison)}"
    return f"{theirs}. {_paired(logistic.comparison)} {_paired_loss(logistic.comparison)}"


def _by_overlap(ours: Metric, theirs: Metric) -> str:
    if ours.low is None or ours.high is None or theirs.low is None or theirs.high is None:
        return "Without intervals, nothing can be said of the difference."
    if ours.low > theirs.high:
        return "The two intervals do not meet: the network is better."
    if ours.high < theirs.low:
        return "The two intervals do not meet: the network is worse, and the simpler model should be preferred."
    return "The two intervals overlap: taken alone, they do not tell which of the two is better."


def _paired(comparison: Comparison) -> str:
    middle, low, high = comparison.accuracy, comparison.accuracy_low, comparison.accuracy_high
    if low > 0:
        by = f"{_size(middle)} points (95{THIN}% interval {_size(low)} to {_size(high)})"
        return f"On the same rows the network is better by {by}."
    if high < 0:
        by = f"{_size(middle)} points (95{THIN}% interval {_size(high)} to {_size(low)})"
        return f"On the same rows the network is worse by {by}: the simpler model should be preferred."
    bounds = f"95{THIN}% interval {points(low)} to {points(high)} points"
    if middle == 0:
        return f"On the same rows the two are right equally often ({bounds}): neither beats the other."
    return f"On the same rows the difference is {points(middle)} points ({bounds}): within chance, no winner."


def _size(difference: float) -> str:
    return f"{100 * abs(difference):.1f}"


def _paired_loss(comparison: Comparison) -> str:
    middle, low, high = comparison.log_loss, comparison.log_loss_low, comparison.log_loss_high
    if high < 0:
        by = f"{decimal(-middle)} ({decimal(-high)} to {decimal(-low)})"
        return f"Its probabilities are better: their log-loss is lower by {by}."
    if low > 0:
        by = f"{decimal(middle)} ({decimal(low)} to {decimal(high)})"
        return f"Its probabilities are worse: their log-loss is higher by {by}."
    return f"Neither gives clearly better probabilities: their log-losses differ by {decimal(low)} to {decimal(high)}."


def _on_probabilities(evaluation: Evaluation) -> str:
    if evaluation.metric("calibration_error").value is None:
        return "It gives a class without a probability: how sure it may be cannot be told."
    calibration = evaluation.calibration
    gap = f"calibration error {decimal(calibration.error)}"
    chance = f"on {count(evaluation.n_rows, 'row')} a perfectly calibrated network would show up to"
    by_chance = f"{decimal(calibration.chance_high)} by chance"
    if calibration.error <= calibration.chance_high:
        return f"Nothing here speaks against taking its probabilities at their word: {gap}, and {chance} {by_chance}."
    if calibration.error <= _SLIGHT_GAP:
        return f"Its probabilities are slightly off: {gap}, where {chance} {by_chance}."
    return (
        f"Its probabilities should not be taken at their word: {gap}, where {chance} {by_chance}. "
        "Calibrate them on held-out rows before deciding by them."
    )
