"""A classifier that decides without probabilities is not judged by any."""

from __future__ import annotations

from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

from strates.inspection import Evaluation, cross_validate_metrics, decisions_only, evaluate, folds_of_decisions_only
from strates.report import ReportContent, render_report

X, Y = load_wine(return_X_y=True, as_frame=True)
NEED = {"log_loss", "brier_score", "roc_auc", "calibration_error"}


def test_only_what_needs_no_probability_is_left() -> None:
    whole = evaluate(GaussianNB().fit(X[::2], Y[::2]), X[1::2], Y[1::2], n_bootstrap=20, n_repeats=1)
    found = decisions_only(whole)
    for one in found.metrics:
        assert (one.value is None) == (one.name in NEED)
        if one.name not in NEED:
            assert one == whole.metric(one.name)
    assert (found.roc, found.precision_recall, found.importance) == ((), (), ())
    assert (found.confusion, found.n_wrong) == (whole.confusion, whole.n_wrong)
    assert "without a probability" in found.notes[-1]
    assert Evaluation.from_dict(found.to_dict()) == found


def test_report_leaves_out_what_it_cannot_say() -> None:
    whole = evaluate(GaussianNB().fit(X[::2], Y[::2]), X[1::2], Y[1::2], n_bootstrap=20, n_repeats=1)
    page = render_report(ReportContent(title="t", evaluation=decisions_only(whole)))
    for heading in ("Calibration", "ROC and precision-recall", "What the network looks at", "Most confident mistakes"):
        assert f"{heading}</h2>" not in page
    assert "Class by class</h2>" in page
    assert "how sure it may be cannot be told" in page
    assert "how sure it may be" not in render_report(ReportContent(title="t", evaluation=whole))


def test_folds_are_treated_alike() -> None:
    found = folds_of_decisions_only(cross_validate_metrics(GaussianNB(), X, Y, 3))
    assert {one.name for one in found.metrics if one.value is None} == NEED
    assert {name for name, values in found.by_fold.items() if None in values} == NEED
