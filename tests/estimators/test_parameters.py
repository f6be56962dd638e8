"""Every parameter that cannot be used says what came, what was expected, and how to mend it."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP

from strates import MLPClassifier, NetworkClassifier
from strates.engine.backend import keras
from strates.estimators._parameters import dropout_rates, hidden_layer_sizes
from strates.exceptions import ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def name_of(value: Any) -> str:
    """Name a case without an address, so that every process that runs the tests finds the same names."""
    if isinstance(value, dict):
        return " ".join(f"{k}={name_of(v)}" for k, v in value.items())
    return str(value)[:30] if isinstance(value, str | int | float | tuple | list | range) else type(value).__name__


POSITIVE = "it must be a number in (0, inf)"
BAD: list[tuple[str, Any, str]] = [
    ("alpha", -0.1, "alpha=-0.1 cannot be used: it must be a number in [0, inf)."),
    ("alpha", np.nan, "alpha=nan cannot be used"),
    ("alpha", "0.1", "alpha='0.1' cannot be used: it must be a number"),
    ("alpha", True, "alpha=True cannot be used"),
    ("l1_ratio", 1.5, "l1_ratio=1.5 cannot be used: it must be a number in [0, 1]."),
    ("max_norm", 0.0, f"max_norm=0.0 cannot be used: {POSITIVE}"),
    ("max_norm", -1, "max_norm=-1 cannot be used"),
    ("label_smoothing", 1.0, "label_smoothing=1.0 cannot be used: it must be a number in [0, 1)."),
    ("learning_rate_init", 0, f"learning_rate_init=0 cannot be used: {POSITIVE}"),
    ("learning_rate", "constnt", "learning_rate='constnt' is not known. Did you mean 'constant'? Known: constant, inv"),
    ("power_t", -1, "power_t=-1 cannot be used: it must be a number in [0, inf"),
    ("momentum", 1.1, "momentum=1.1 cannot be used: it must be a number in [0, 1]."),
    ("beta_1", 1.0, "beta_1=1.0 cannot be used: it must be a number in [0, 1)."),
    ("beta_2", -0.5, "beta_2=-0.5 cannot be used"),
    ("epsilon", 0.0, "epsilon=0.0 cannot be used: it must be a number in (0, inf"),
    ("max_iter", 0, "max_iter=0 cannot be used: it must be an integer of at least 1."),
    ("max_iter", 10.0, "max_iter=10.0 cannot be used: it must be an integer"),
    ("max_iter", np.inf, "max_iter=inf cannot be used: it must be an integer"),
    ("max_fun", -1, "max_fun=-1 cannot be used: it must be an integer"),
    ("tol", -1e-4, "tol=-0.0001 cannot be used: it must be a number in [0, inf"),
    ("validation_fraction", 0.0, "validation_fraction=0.0 cannot be used: it must be a number in (0, 1)."),
    ("validation_fraction", 1, "validation_fraction=1 cannot be used"),
    ("n_iter_no_change", 0, "n_iter_no_change=0 cannot be used: it must be an integer of at least 1 or infinite."),
    ("n_iter_no_change", 2.5, "n_iter_no_change=2.5 cannot be used"),
    ("shuffle", "yes", "shuffle='yes' cannot be used: it must be True or False."),
    ("early_stopping", 1, "early_stopping=1 cannot be used: it must be True or False."),
    ("warm_start", None, "warm_start=None cannot be used"),
    ("batch_norm", "no", "batch_norm='no' cannot be used"),
    ("batch_size", 0, "batch_size=0 cannot be used: it must be an integer of at least 1"),
    ("batch_size", "automatic", "batch_size='automatic' cannot be used"),
    ("batch_size", 32.0, "batch_size=32.0 cannot be used"),
    ("solver", "adm", "solver='adm' is not known. Did you mean 'adam'? Known: adam, sgd, lbfgs. A keras.optimizers"),
    ("solver", keras.optimizers.Adam, "is not known. Known: adam, sgd, lbfgs."),
    ("activation", "rleu", "activation='rleu' is not known. Did you mean 'relu'? Known: identity"),
    ("kernel_initializer", "gloort", "kernel_initializer='gloort' is not known. Did you mean 'glorot'?"),
    ("hidden_layer_sizes", (0,), "hidden_layer_sizes must be > 0, got (0,): give one positive integer a hidden layer"),
    ("hidden_layer_sizes", (5, -2), "hidden_layer_sizes must be > 0, got (5, -2)"),
    ("hidden_layer_sizes", 2.5, "hidden_layer_sizes must be > 0, got 2.5"),
    ("hidden_layer_sizes", "64", "hidden_layer_sizes must be > 0, got '64'"),
    ("hidden_layer_sizes", (True,), "hidden_layer_sizes must be > 0, got (True,)"),
    ("dropout", 1.0, "dropout=1.0 cannot be used: a rate is the share of units dropped, in [0, 1)"),
    ("dropout", -0.1, "dropout=-0.1 cannot be used"),
    ("dropout", (0.1, 0.2, 0.3), "dropout=(0.1, 0.2, 0.3) has 3 rates, but the network has 1 hidden layer. Give one"),
    ("dropout", "half", "dropout='half' cannot be used"),
    ("class_weight", "even", "class_weight='even' is not known: it must be None, 'balanced' or a dict"),
    ("random_state", -1, "random_state=-1 cannot be used: a seed is an integer in [0, 2**32)."),
    ("random_state", 2**32, "random_state=4294967296 cannot be used: a seed is an integer in [0, 2**32)."),
    ("random_state", "seed", "random_state='seed' cannot be used"),
    ("random_state", 1.5, "random_state=1.5 cannot be used"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "message"),
    BAD,
    ids=lambda v: str(v)[:30] if isinstance(v, str | int | float | tuple) else type(v).__name__,
)
def test_message(binary: Any, name: str, value: Any, message: str) -> None:
    for cls in (MLPClassifier, NetworkClassifier):
        if name not in inspect.signature(cls).parameters:
            continue
        clf = cls(**{name: value})  # the constructor stores, fit decides
        assert clf.get_params()[name] is value
        with pytest.raises(ParameterError, match=re.escape(message)):
            clf.set_params(**({} if name == "max_iter" else {"max_iter": 1})).fit(*binary)


@pytest.mark.parametrize("changes", [{"dropout": 0.1}, {"batch_norm": True}, {"max_norm": 1.0}], ids=str)
def test_lbfgs_refuses_what_has_no_fixed_objective(binary: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=r"use solver='adam' or 'sgd'|Use solver='adam' or 'sgd'"):
        MLPClassifier((4,), solver="lbfgs", **changes).fit(*binary)


@pytest.mark.parametrize(
    "good",
    [
        {"alpha": 0}, {"alpha": np.float32(0.1)}, {"l1_ratio": 1}, {"max_norm": None}, {"batch_size": np.int64(7)},
        {"hidden_layer_sizes": 5}, {"hidden_layer_sizes": [5, np.int32(4)]}, {"hidden_layer_sizes": np.array([5, 4])},
        {"hidden_layer_sizes": range(3, 5)}, {"dropout": [0.1]}, {"dropout": np.array([0.3])}, {"momentum": 0},
        {"momentum": 1, "solver": "sgd"}, {"momentum": 0, "solver": "sgd"},
        {"nesterovs_momentum": False, "solver": "sgd"},
        {"beta_1": 0}, {"beta_2": 0}, {"epsilon": 1}, {"shuffle": np.bool_(False)}, {"n_iter_no_change": np.inf},
        {"n_iter_no_change": np.int64(3)}, {"tol": 0}, {"power_t": 0, "learning_rate": "invscaling"},
        {"random_state": np.int64(3)}, {"random_state": np.random.default_rng(0)}, {"verbose": 0}, {"batch_size": 1000},
    ],
    ids=name_of,
)  # fmt: skip
def test_values_that_can_be_used(binary: Any, good: dict[str, Any]) -> None:
    clf = MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 2, **good}).fit(*binary)
    assert np.isfinite(clf.predict_proba(binary[0])).all()


def test_constructors_store_and_clone() -> None:
    sizes = [5, 4]
    clf = MLPClassifier(sizes, dropout=[0.1, 0.2], class_weight={0: 1.0})
    assert clf.hidden_layer_sizes is sizes
    twin = clone(clf)
    assert twin.get_params() == clf.get_params()
    assert " ".join(repr(twin).split()) == " ".join(repr(clf).split())
    assert "dropout=[0.1, 0.2]" in repr(clf)


def test_scikit_learns_parameters_all_exist_with_its_defaults() -> None:
    ours, theirs = MLPClassifier().get_params(), ScikitLearnMLP().get_params()
    assert set(theirs) <= set(ours)
    assert {k for k in theirs if ours[k] != theirs[k]} == set()


def test_choices_are_keyword_only() -> None:
    # but for the two that scikit-learn's MLPClassifier takes by position
    for cls, data in ((MLPClassifier, ["hidden_layer_sizes", "activation"]), (NetworkClassifier, ["network"])):
        kinds = {name: p.kind for name, p in inspect.signature(cls).parameters.items()}
        assert [n for n, kind in kinds.items() if kind is not inspect.Parameter.KEYWORD_ONLY] == data


def test_reading_sizes_and_rates() -> None:
    assert hidden_layer_sizes(()) == ()
    assert hidden_layer_sizes(np.int64(3)) == (3,)
    assert dropout_rates(0.5, 0) == ()
    assert dropout_rates((), 0) == ()
    assert dropout_rates([0, 0.5], 2) == (0.0, 0.5)
