"""What each parameter becomes: lines of the script."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import Autoencoder, CNNClassifier, LogisticRegression, MLPClassifier, Perceptron, TransferClassifier
from strates.attacks import PGD
from strates.exceptions import ParameterError
from strates.export import explain_code, to_keras_script

X, Y = load_iris(return_X_y=True)


def fitted(est: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(X, Y)


@pytest.mark.parametrize(
    "est",
    [
        MLPClassifier((8, 4), dropout=0.1, alpha=0.01, l1_ratio=0.5, batch_size=32, max_iter=1, random_state=0),
        LogisticRegression(alpha=0.1),
        Perceptron(max_iter=1),
        Autoencoder((3,), max_iter=1),
    ],
    ids=lambda est: type(est).__name__,
)
def test_every_parameter_has_a_line_or_a_reason(est: Any) -> None:
    lines = fitted(est).explain_code().lines
    assert sorted(line.parameter for line in lines) == sorted(inspect.signature(type(est)).parameters)
    assert all(bool(line.code) != bool(line.reason) for line in lines)


def test_lines_stand_in_the_script(tmp_path: Any) -> None:
    est = fitted(MLPClassifier((8,), max_norm=1.5, dropout=0.2, batch_size=32, max_iter=2, learning_rate="cosine"))
    script = to_keras_script(est, tmp_path / "a.py", weights="retrain").read_text()
    code = est.explain_code().to_frame().set_index("parameter")["code"]
    for name in ("dropout", "max_norm", "batch_size", "max_iter", "alpha", "learning_rate", "learning_rate_init"):
        for line in code[name].split("\n"):
            assert line in script
    assert "MaxNorm(max_value=1.5)" in code["max_norm"]
    assert code["warm_start"].startswith("(")


@pytest.mark.parametrize(
    "made",
    [
        lambda: MLPClassifier(
            (8,), adversarial=PGD(epsilon=0.1, steps=2, bounds=None), gradient_penalty=0.1, max_iter=1
        ),
        lambda: CNNClassifier((2,), kernel_size=(2, 2), image_shape=(2, 2), pool_size=1, max_iter=1),
        lambda: TransferClassifier(
            fitted(MLPClassifier((8,), max_iter=1)), strategy="fine_tune", unfreeze=1, fine_tune_max_iter=1
        ),
        lambda: Perceptron(fit_intercept=False, max_iter=1),
    ],
    ids=["attacked", "images", "transfer", "perceptron"],
)
def test_what_was_chosen_is_never_called_off(made: Any) -> None:
    est = fitted(made())
    default = {name: p.default for name, p in inspect.signature(type(est)).parameters.items()}
    for line in est.explain_code().lines:
        assert line.reason != "the script has no line for it", line.parameter
        chosen = getattr(est, line.parameter)
        if (
            line.parameter not in ("image_shape", "pool_size", "hidden_layer_sizes")
            and chosen is not default[line.parameter]
        ):
            assert "off" not in line.reason, line.parameter
    assert {"kernel_size", "filters"}.isdisjoint(default) or "Conv2D(2, (2, 2)," in str(est.explain_code())


def test_text_is_aligned() -> None:
    est = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    head, *lines = str(explain_code(est)).split("\n")
    assert head == "LogisticRegression"
    assert len({len(line) - len(line[30:].lstrip()) for line in lines if "=" in line[:30]}) == 1


def test_unfitted() -> None:
    with pytest.raises((NotFittedError, ParameterError), match="fitted"):
        explain_code(MLPClassifier())
