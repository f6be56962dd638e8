"""Images that were climbed to, and the words above them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from strates import CNNClassifier, MLPClassifier
from strates.displays import ActivationMaximumDisplay
from strates.exceptions import DataError
from strates.inspection import maximize_activation

X, Y = load_digits(return_X_y=True)
QUICK = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "max_iter": 2, "random_state": 0}


def test_maxima() -> None:
    clf = CNNClassifier((4,), hidden_layer_sizes=(), **QUICK).fit(X[:300], Y[:300])
    found = maximize_activation(clf, [3, 8], n_steps=20)
    display = ActivationMaximumDisplay(found, clf.classes_).plot()
    for drawn, image in zip(display.images_, found.inputs, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), image[..., 0])
    taken = clf.predict(found.inputs)
    assert [word.split()[0] for word in display.words] == ["3", "8"]
    assert f"taken for {taken[0]} {found.probabilities[0].max():.0%}" in display.words[0]
    channels = ActivationMaximumDisplay.from_estimator(clf, [1], layer="conv_1", n_steps=5)
    assert channels.words[0].startswith("channel 1\nmean ")
    dense = MLPClassifier((5,), **QUICK).fit(X[:300], Y[:300])
    with pytest.raises(
        DataError, match=r"inputs have shape \(1, 64\): rows of a table, or of pixels. Give image_shape"
    ):
        ActivationMaximumDisplay.from_estimator(dense, 3, n_steps=2)
