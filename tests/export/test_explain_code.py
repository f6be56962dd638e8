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

from strates import Autoencoder, LogisticRegression, MLPClassifier, Perceptron
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


def test_text_is_aligned() -> None:
    est = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    head, *lines = str(explain_code(est)).split("\n")
    assert head == "LogisticRegression"
    assert len({len(line) - len(line[30:].lstrip()) for line in lines if "=" in line[:30]}) == 1


def test_unfitted() -> None:
    with pytest.raises((NotFittedError, ParameterError), match="fitted"):
        explain_code(MLPClassifier())
