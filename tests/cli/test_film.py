"""``strates film``."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss

from strates import Recorder, load
from strates.cli.film_plan import read_request
from strates.cli.fit_request import FitRequest
from strates.cli.split import split_rows
from strates.displays import TrainingFilm
from strates.estimators._gradient_fit import GradientFit
from strates.exceptions import ModelFileError


def test_film_of_the_saved_network(fitted: Any, strates: Any) -> None:
    """The last frame is the model itself: same rows, settings and seed."""
    done = strates("film", fitted.model, "--out", "trees.gif", "--frames", "4", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["same_network"], answer["same_table"], answer["largest_difference"]) == (True, True, 0)
    assert answer["same_predictions"] == 1
    assert answer["notes"] == []
    model = load(fitted.model)
    n_steps = answer["steps"][-1]
    assert answer["steps"] == [0, *Recorder(4).steps(n_steps).tolist()]
    assert answer["epochs"] == [30 * step / n_steps for step in answer["steps"]]  # --set max_iter=30
    train, _ = split_rows(fitted.frame["kind"], 0.2, 0)
    rows, kinds = fitted.frame.drop(columns="kind").iloc[train], fitted.frame["kind"].iloc[train]
    assert answer["accuracy"][-1] == accuracy_score(kinds, model.predict(rows))
    assert answer["loss"][-1] == pytest.approx(log_loss(kinds, model.predict_proba(rows)), rel=1e-6)
    with Image.open("trees.gif") as gif:
        assert gif.n_frames == answer["frames"] == 5  # type: ignore[attr-defined]
    assert answer["bytes"] == Path("trees.gif").stat().st_size
    assert [path.name for path in Path().iterdir()] == ["trees.gif"]


def test_page_beside_the_model(fitted: Any, strates: Any) -> None:
    for path in (fitted.model, fitted.table):
        shutil.copy(path, path.name)
    done = strates("film", "trees.strates", "--frames", "2", "--fps", "7", "--features", "height,age")
    assert (done.exit_code, done.stderr) == (0, "")
    page = Path("trees.film.html").read_text("utf-8")
    assert 'max="2"' in page
    assert '"fps":7.0' in page
    assert "Plane of height, and age." in page
    shown = " ".join(done.stdout.split())
    assert "film trees.film.html" in shown
    assert "network the model's own, bit by bit" in shown


def test_other_table_is_told_from_the_models_own(fitted: Any, strates: Any) -> None:
    fitted.frame.iloc[:200].to_csv("fewer.csv", index=False)
    done = strates("film", fitted.model, "fewer.csv", "--frames", "1", "--out", "last.png", "--json")
    answer = json.loads(done.stdout)
    assert (answer["same_network"], answer["same_table"]) == (False, False)
    assert answer["notes"][0] == "fewer.csv is not the table that the model learned from: rows or values differ."
    assert answer["notes"][1].startswith("The film shows another network than the model's: weights differ by up to ")
    assert answer["largest_difference"] > 0
    share = re.search(r"and (\S+) % of the test rows are given the same class\.$", answer["notes"][1])
    assert share is not None
    assert float(share[1]) == pytest.approx(100 * answer["same_predictions"], abs=0.05)


def test_linear_model_of_a_built_in_set(strates: Any) -> None:
    fit = strates("fit", "iris", "--model", "logistic", "--set", "alpha=0.01", "--no-report", "-q")
    assert fit.exit_code == 0, fit.stderr
    answer = json.loads(strates("film", "iris.strates", "--out", "iris.png", "--plane", "pca", "--json").stdout)
    assert answer["source"] == "iris"
    assert answer["same_network"]
    classifier = load("iris.strates")[-1]
    wanted = [step for step in Recorder(60).steps(classifier.max_iter).tolist() if step < classifier.n_iter_]
    assert answer["steps"] == [0, *wanted, classifier.n_iter_]


def test_perceptron_has_no_film(strates: Any) -> None:
    assert strates("fit", "iris", "--model", "perceptron", "--no-report", "-q").exit_code == 0
    refused = strates("film", "iris.strates")
    assert refused.exit_code == 2
    assert "iris.strates is a perceptron, which keeps no frames of its learning." in refused.stderr


def test_table_that_has_gone(fitted: Any, strates: Any) -> None:
    shutil.copy(fitted.model, "alone.strates")
    refused = strates("film", "alone.strates")
    assert refused.exit_code == 2
    assert (
        "The table trees.csv that alone.strates learned from is neither there nor beside the model. Say where it is: "
        "strates film alone.strates TABLE." in refused.stderr
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "film.avi"], r"--out film\.avi ends with '\.avi'; expected '\.html' or '\.gif' or '\.mp4' or"),
        (["--out", "film.mp4"], r"An \.mp4 is made by the program ffmpeg, which is not on the PATH"),
        (["--features", "height"], r"--features height cannot be used; expected two columns"),
        (["--features", "height,soil"], r"'soil' is no column of numbers that the model learned from\. Known: height"),
        (["--features", "height,aeg"], r"Did you mean 'age'\?"),
        (["--features", "height,age", "--plane", "pca"], r"--plane pca another\. Drop one of the two"),
    ],
)
def test_what_cannot_be_filmed_is_said_before_training(
    fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(GradientFit, "run", None)  # nothing is trained
    refused = strates("film", fitted.model, *words)
    assert refused.exit_code == 2
    assert re.search(message, refused.stderr), refused.stderr


def test_table_without_a_column(fitted: Any, strates: Any) -> None:
    fitted.frame.rename(columns={"height": "Height"}).to_csv("new.csv", index=False)
    refused = strates("film", fitted.model, "new.csv")
    assert refused.exit_code == 2
    assert "new.csv lacks 1 column of the 4 that the model learned from: 'height' (is it 'Height'?)" in refused.stderr


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("what", ["training", "drawing"])
def test_ctrl_c_leaves_nothing(fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """A fit that is interrupted keeps its weights and returns; a film of it would be no film of the model."""
    if what == "training":
        monkeypatch.setattr(GradientFit, "_train", interrupt)
    else:
        monkeypatch.setattr("strates.displays.training_film.atomic_write", interrupt)
    stopped = strates("film", fitted.model, "--frames", "1", "--out", "film.png")
    assert stopped.exit_code == 130
    assert "Interrupted by Ctrl-C." in stopped.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "request_",
    [
        FitRequest(source="my table.csv", target="kind", seed=3, test_size=0.3),
        FitRequest(source="a.parquet", target="it's", hidden="64,32", settings=("alpha=0.1", "max_iter=5")),
        FitRequest(source="iris", target="species", model="logistic", stream=False, encoding="cp1252", missing=""),
    ],
)
def test_command_is_read_as_it_was_written(request_: FitRequest) -> None:
    assert read_request(request_.command()) == request_


def test_command_of_another_kind() -> None:
    with pytest.raises(ModelFileError, match="'strates fit --hiden 3' is no command of this version"):
        read_request("strates fit --hiden 3")


def test_progress_counts_the_frames(fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def save(film: TrainingFilm, path: Path, *, progress: Any) -> None:
        for k in range(len(film)):
            progress(k + 1, len(film))
        told.append(len(film))
        path.write_bytes(np.arange(3, dtype=np.uint8).tobytes())

    monkeypatch.setattr(TrainingFilm, "save", save)
    assert strates("film", fitted.model, "--frames", "1", "--out", "film.png", "-q").exit_code == 0
    assert told == [3]
