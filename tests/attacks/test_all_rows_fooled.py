"""An attack that is done with all rows before its last step."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from strates import CNNClassifier
from strates.attacks import PGD


@pytest.mark.parametrize("batch_norm", [False, True])
def test_no_layer_is_asked_about_a_batch_without_rows(batch_norm):
    # TensorFlow's fused convolutions refuse one
    X, y = load_digits(return_X_y=True)
    clf = CNNClassifier(
        (4, 8), hidden_layer_sizes=(8,), batch_norm=batch_norm, batch_size=64, learning_rate="cosine",
        learning_rate_init=5e-3, max_iter=3, random_state=0,
    ).fit(X[:500] / 16, y[:500])  # fmt: skip
    rows = X[500:540] / 16
    result = PGD(epsilon=0.5, random_state=0).perturb(clf, rows)
    assert result.success.all()
    assert (clf.predict(result.adversarial) != clf.predict(rows)).all()
    assert np.abs(result.adversarial - rows).max() <= 0.5 + 1e-6
