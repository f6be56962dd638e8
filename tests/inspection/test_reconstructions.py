"""Rows beside their reconstructions, against arithmetic done here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import Autoencoder, MLPClassifier
from strates.exceptions import DataError, ParameterError
from strates.inspection import Reconstructions, reconstructions

FRAME = load_wine(as_frame=True).data


@pytest.fixture(scope="module")
def pipeline() -> Any:
    linear = Autoencoder((2,), activation="identity", solver="lbfgs", random_state=0)
    return make_pipeline(StandardScaler(), linear).fit(FRAME)


class TestReconstructions:
    def test_are_those_of_principal_components(self, pipeline: Any) -> None:
        X = StandardScaler().fit_transform(FRAME)
        pca = PCA(2).fit(X)
        expected = (X - pca.inverse_transform(pca.transform(X))) ** 2
        found = reconstructions(pipeline, FRAME)
        np.testing.assert_allclose(found.originals, X, atol=1e-5)
        np.testing.assert_allclose(found.errors, expected.mean(axis=1), atol=0.01)
        table = found.feature_errors()
        order = np.argsort(-expected.mean(axis=0))
        assert table["feature"].tolist()[:5] == FRAME.columns[order][:5].tolist()
        np.testing.assert_allclose(table["error"], expected.mean(axis=0)[order], atol=0.01)
        np.testing.assert_allclose(table["variance"], 1, atol=1e-5)
        assert found.image_shape is None

    def test_rows_are_spread_over_the_errors(self) -> None:
        errors = np.array([0.5, 0.1, 0.9, 0.3, 0.7])
        found = Reconstructions(np.zeros((5, 1)), np.zeros((5, 1)), errors, ("x",))
        assert found.spread_rows(3).tolist() == [1, 0, 2]
        assert found.spread_rows(9).tolist() == [1, 3, 0, 4, 2]
        assert found.spread_rows(1).tolist() == [1]

    def test_images_are_found_or_given(self) -> None:
        X = np.random.default_rng(0).uniform(size=(5, 64))
        auto = Autoencoder((2,), solver="lbfgs", tol=1.0).fit(X)
        assert reconstructions(auto, X).image_shape == (8, 8)
        assert reconstructions(auto, sparse.csr_array(X), image_shape=(4, 16, 1)).image_shape == (4, 16)
        assert reconstructions(auto, X, image_shape=None).image_shape is None
        with pytest.raises(ParameterError, match=r"image_shape=\(5, 5\) does not fit: 64 columns"):
            reconstructions(auto, X, image_shape=(5, 5))
        named = pd.DataFrame(X).rename(columns="mass {}".format)
        assert reconstructions(Autoencoder((2,), solver="lbfgs", tol=1.0).fit(named), named).image_shape is None

    def test_refuses_what_reconstructs_nothing(self, pipeline: Any) -> None:
        clf = MLPClassifier((2,), solver="lbfgs", tol=1.0).fit([[0.0], [1.0]], [0, 1])
        with pytest.raises(ParameterError, match=r"MLPClassifier reconstructs nothing\. Give a fitted strates\.Auto"):
            reconstructions(clf, [[0.0]])
        with pytest.raises(DataError, match="X has no rows"):
            reconstructions(pipeline, FRAME[:0])
