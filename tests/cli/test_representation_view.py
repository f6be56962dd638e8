"""What the command line takes of a representation for its report."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA

from strates import LogisticRegression, MLPClassifier, tabular_pipeline
from strates.cli.representation_view import representation_fields
from strates.inspection import linear_probes

X, Y = load_iris(return_X_y=True, as_frame=True)
NAMES = pd.Series(load_iris().target_names[Y], name="species")


@pytest.fixture(scope="module")
def pipeline() -> Any:
    clf = MLPClassifier((5, 3), solver="lbfgs", max_iter=40, tol=0.5, random_state=0)
    return tabular_pipeline(clf).fit(X[::2], NAMES[::2])


def test_spaces_codes_and_probes_of_the_rows(pipeline: Any) -> None:
    fields = representation_fields(pipeline, X[1::2], NAMES[1::2])
    spaces = fields["representations"]
    assert [one.name for one in spaces] == ["input", "hidden_1", "hidden_2"]
    assert fields["representation_codes"] == tuple(Y[1::2])
    # as they are stored: two components of the last space, with four significant digits, each up to its sign
    expected = PCA(2).fit_transform(pipeline.transform(X[1::2]))
    drawn = spaces[2].projection * np.sign((spaces[2].projection * expected).sum(axis=0))
    np.testing.assert_allclose(drawn, expected, rtol=1e-3, atol=1e-4)
    pd.testing.assert_frame_equal(fields["probes"], linear_probes(pipeline, X[1::2], NAMES[1::2]))


def test_few_are_drawn_of_many(pipeline: Any) -> None:
    many, labels = pd.concat([X] * 8, ignore_index=True), pd.concat([NAMES] * 8, ignore_index=True)
    fields = representation_fields(pipeline, many, labels)
    assert 250 <= len(fields["representation_codes"]) <= 253
    assert len(fields["representations"][0].projection) == len(fields["representation_codes"])


def test_a_class_with_one_row_is_drawn_and_not_probed(pipeline: Any) -> None:
    rows = np.r_[0:20, 50:53, 100:101]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fields = representation_fields(pipeline, X.iloc[rows], NAMES.iloc[rows])
    assert set(fields["representation_codes"]) == {0, 1, 2}
    assert fields["probes"]["space"].tolist()[::2] == ["input", "PCA (3)", "hidden_1", "hidden_2"]
    assert representation_fields(pipeline, X[:3], NAMES[:3])["probes"] is None  # one class


def test_a_linear_model_has_none() -> None:
    clf = tabular_pipeline(LogisticRegression(alpha=0.01)).fit(X, NAMES)
    assert representation_fields(clf, X, NAMES) == {}
