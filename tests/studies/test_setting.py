"""Parameters find their place in a pipeline, and a seed reaches what is random in it."""

from __future__ import annotations

import re

import keras
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier
from strates.exceptions import ParameterError
from strates.studies import Setting


@pytest.fixture
def pipeline() -> Pipeline:
    return make_pipeline(StandardScaler(), PCA(2), MLPClassifier((5,)))


def test_a_classifiers_parameters_need_no_prefix(pipeline: Pipeline) -> None:
    made = Setting.from_parameters(pipeline, {"alpha": 0.5, "pca__n_components": 3}).make(7)
    assert made[-1].alpha == 0.5
    assert made["pca"].n_components == 3
    assert made is not pipeline
    assert pipeline[-1].alpha == 1e-4


def test_the_seed_goes_to_the_classifier_and_where_none_was_said(pipeline: Pipeline) -> None:
    made = Setting.from_parameters(pipeline.set_params(mlpclassifier__random_state=3), {"alpha": 0.5}).make(7)
    assert made[-1].random_state == made["pca"].random_state == 7
    fixed = Setting.from_parameters(pipeline.set_params(pca__random_state=1), {"alpha": 0.5}).make(7)
    assert (fixed["pca"].random_state, fixed[-1].random_state) == (1, 7)


def test_cells_are_numbers_and_texts() -> None:
    columns = {
        "hidden_layer_sizes": (8, 4), "max_norm": None, "alpha": 0.1, "batch_norm": True, "activation": "relu",
        "solver": keras.optimizers.Lion(0.1),
    }  # fmt: skip
    cells = Setting(columns, lambda seed: MLPClassifier()).cells
    assert cells == {
        "hidden_layer_sizes": "(8, 4)", "max_norm": None, "alpha": 0.1, "batch_norm": True, "activation": "relu",
        "solver": "Lion",
    }  # fmt: skip


def test_an_unknown_parameter_is_named_with_the_nearest(pipeline: Pipeline) -> None:
    expected = re.escape("MLPClassifier has no parameter 'alfa'. Did you mean 'alpha'? Known: ")
    for estimator in (pipeline, MLPClassifier()):
        with pytest.raises(ParameterError, match=expected):
            Setting.from_parameters(estimator, {"alfa": 1.0})
