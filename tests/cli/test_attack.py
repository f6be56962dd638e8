"""``strates attack``: small changes that make a model err, counted, shown and saved."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris
from typer.testing import CliRunner

from strates import LogisticRegression, load, tabular_pipeline
from strates.attacks import PGD, TabularAttack
from strates.cli import app
from strates.cli.attack_method import AttackMethod
from strates.cli.attack_plan import AttackRequest, plan_attack
from strates.cli.input_columns import input_columns
from strates.cli.split import split_rows
from strates.cli.varied_rows import varied_rows
from strates.exceptions import ParameterError

FAST = ("--no-report", "--quiet")


def type_in(folder: Path, *words: object) -> Any:
    before = os.getcwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, [str(word) for word in words])
    finally:
        os.chdir(before)
    assert done.exit_code == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two columns and two classes of iris, and three models of them."""
    folder = tmp_path_factory.mktemp("iris")
    X, y = load_iris(return_X_y=True, as_frame=True)
    frame = X[["petal length (cm)", "sepal width (cm)"]].set_axis(["long", "wide"], axis=1)[y > 0]
    frame.assign(kind=np.where(y[y > 0] == 1, "versicolor", "virginica")).to_csv(folder / "iris.csv", index=False)
    type_in(folder, "fit", "iris.csv", "--target", "kind", "--model", "logistic", *FAST)
    words = ("--model", "perceptron", "--out", "perceptron", "--set", "max_iter=20")
    type_in(folder, "fit", "iris.csv", "--target", "kind", *words, *FAST)
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with images of three digits, and a model of them."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = load_digits(return_X_y=True)
    for number in np.flatnonzero(labels < 3)[:120].tolist():
        place = folder / "digits" / f"digit {labels[number]}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = (images[number].reshape(8, 8) * 15.9).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{number:04}.png")
    words = ("--set", "filters=(8,)", "--set", "learning_rate_init=0.02", "--epochs", "10")
    type_in(folder, "fit", "digits", *words, *FAST)
    return folder


def held_out(fitted: Any) -> tuple[pd.DataFrame, pd.Series[Any]]:
    test = split_rows(fitted.frame["kind"], 0.2, 0)[1]
    return fitted.frame.drop(columns="kind").iloc[test], fitted.frame["kind"].iloc[test]


# --- tables -----------------------------------------------------------------------------------------


def test_smallest_changes_are_the_library_s_and_the_saved_rows_fool_the_model(fitted: Any, strates: Any) -> None:
    shutil.copy(fitted.model, "trees.strates")
    done = strates("attack", "trees.strates", fitted.table, "--immutable", "age", "--save", "rows", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    X, y = held_out(fitted)
    attack = TabularAttack(immutable=("age",))
    result = attack.perturb(load(fitted.model), X, y, reference=fitted.frame.drop(columns="kind"))
    assert answer["rows"] == {
        "looked_at": 48,
        "already_wrong": int(result.already_wrong.sum()),
        "attacked": int((~result.already_wrong).sum()),
        "changed": int(result.success.sum()),
        "still_right": int((~result.success & ~result.already_wrong).sum()),
    }
    assert answer["distances"]["cost"]["median"] == pytest.approx(result.median_cost)
    assert set(answer["examples"]) <= set(result.sentences())
    assert (answer["method"], answer["epsilon"], answer["curve_of"]) == ("tabular", None, "cost")
    saved = pd.read_csv("rows.csv")
    assert saved["age"].tolist() == X["age"].tolist()
    judged = json.loads(strates("evaluate", "trees.strates", "rows.csv", "--json").stdout)
    assert judged["metrics"]["accuracy"]["value"] == pytest.approx(answer["accuracy_under_attack"]["value"])
    page = Path(answer["page"]).read_text(encoding="utf-8")
    assert answer["page"] == "trees.tabular.html"
    assert f'<p class="headline">{answer["headline"]}</p>' in page
    told = answer["examples"][0].replace(" -> ", " → ")
    assert f"<li>{told[0].upper()}{told[1:]}.</li>" in page
    assert "age" not in [cell for one in re.findall(r"<tr><th scope=\"row\">([^<]*)</th>", page) for cell in [one]]


def test_gradient_moves_the_network_s_own_inputs(fitted: Any, strates: Any) -> None:
    words = ("attack", fitted.model, fitted.table, "--method", "pgd", "--epsilon", 0.4, "--out", "page")
    answer = json.loads(strates(*words, "--save", "rows.csv", "--json").stdout)
    pipeline = load(fitted.model)
    X, y = held_out(fitted)
    inputs = np.asarray(pipeline[:-1].transform(X), np.float32)
    result = PGD(epsilon=0.4, bounds=None, random_state=0).perturb(pipeline[-1], inputs, y)
    assert answer["rows"]["changed"] == int(result.success.sum()) > 0
    saved = pd.read_csv("rows.csv")
    moved = saved[list(pipeline[:-1].get_feature_names_out())].to_numpy()
    assert np.abs(moved - inputs).max() <= 0.4 + 1e-5
    again = pipeline[-1].predict(moved)
    assert (again != y)[saved["success"].to_numpy()].all()
    assert saved["row"].tolist() == X.index.tolist()
    curve = pd.DataFrame(answer["curve"]).set_index("epsilon")["accuracy"]
    assert curve.iloc[0] == answer["accuracy"]["value"]
    assert curve.loc[0.4] == pytest.approx(answer["accuracy_under_attack"]["value"], abs=1 / 48)
    shown = " ".join(strates(*words).stdout.split())
    assert f"{answer['rows']['changed']} of {answer['rows']['attacked']} rows that the model has right change" in shown
    assert re.search(r"row \d+: .*height [\d.]+ → [\d.]+", shown)
    page = Path("page.html").read_text(encoding="utf-8")
    assert "no columns of numbers: a category is moved to between absent and present" in page
    assert "The way to the boundary" not in page


def test_line_of_a_logistic_regression(iris: Path, strates: Any) -> None:
    """The distance to a straight line is known."""
    words = ("attack", iris / "iris.strates", iris / "iris.csv", "--method", "deepfool", "--out", "page.html")
    answer = json.loads(strates(*words, "--json").stdout)
    pipeline = load(iris / "iris.strates")
    frame = pd.read_csv(iris / "iris.csv")
    rows = frame.iloc[split_rows(frame["kind"], 0.2, 0)[1]]
    right = (pipeline.predict(rows[["long", "wide"]]) == rows["kind"]).to_numpy()
    inputs = pipeline[:-1].transform(rows[["long", "wide"]])
    exact = np.abs(pipeline[-1].decision_function(inputs)) / np.linalg.norm(pipeline[-1].coef_)
    assert answer["distances"]["l2"]["median"] == pytest.approx(1.02 * np.median(exact[right]), rel=1e-3)
    assert answer["rows"]["changed"] == right.sum()
    assert answer["headline"].endswith(f"at a distance of {1.02 * np.median(exact[right]):.3g} in the median (l2).")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "The way to the boundary" in page
    assert "long (as the network takes it)" in page


def test_perceptron_has_no_gradient_and_is_attacked_without(iris: Path, strates: Any) -> None:
    words = ("attack", iris / "perceptron.strates", iris / "iris.csv", "--no-page")
    refused = strates(*words, "--method", "pgd")
    assert refused.exit_code == 2
    assert re.search(
        r"A Perceptron answers in steps.*Methods that need no gradient still work: --method square, and --method "
        r"tabular for a table\.",
        " ".join(refused.stderr.split()),
    )
    answer = json.loads(strates(*words, "--method", "square", "--epsilon", 2, "--steps", 60, "--json").stdout)
    assert answer["rows"]["changed"] > 0
    assert answer["distances"]["linf"]["most"] <= 2 + 1e-6
    assert answer["queries"] <= 60
    assert json.loads(strates(*words, "--rows", 4, "--json").stdout)["rows"]["looked_at"] == 4


def test_target_is_reached_and_its_own_rows_left_out(fitted: Any, strates: Any) -> None:
    words = ("attack", fitted.model, fitted.table, "--target", "yew", "--out", "page.html", "--save", "rows.csv")
    answer = json.loads(strates(*words, "--json").stdout)
    _, y = held_out(fitted)
    saved = pd.read_csv("rows.csv")
    assert answer["rows"]["looked_at"] == len(saved) == (y != "yew").sum()
    assert set(saved.loc[saved["success"], "predicted"]) == {"yew"}
    assert " become yew " in answer["headline"]
    assert answer["curve"] is None
    assert f"{(y == 'yew').sum()} of them are yew already, and were left out." in Path("page.html").read_text("utf-8")


def test_one_perturbation_for_all_rows(fitted: Any, strates: Any) -> None:
    words = ("attack", fitted.model, fitted.table, "--method", "universal", "--epsilon", 1, "--out", "page.html")
    answer = json.loads(strates(*words, "--save", "rows.csv", "--json").stdout)
    assert "one and the same perturbation within epsilon 1 (linf) is added to all" in answer["headline"]
    pipeline = load(fitted.model)
    X, y = held_out(fitted)
    names = list(pipeline[:-1].get_feature_names_out())
    moves = pd.read_csv("rows.csv")[names].to_numpy() - pipeline[:-1].transform(X)
    attacked = pipeline.predict(X) == y
    np.testing.assert_allclose(moves[attacked] - moves[attacked][0], 0, atol=1e-5)
    page = Path("page.html").read_text(encoding="utf-8")
    largest = names[int(np.abs(moves[attacked][0]).argmax())]
    listed = page.split("these are its largest entries")[1].split("</ul>")[0]
    assert len(re.findall(r"<li>", listed)) == min(8, np.count_nonzero(moves[attacked][0].round(6)))
    assert f"<li>{largest} " in listed


def test_rows_of_another_table_are_drawn_from_all_of_it(fitted: Any, strates: Any, trees: Any) -> None:
    trees(60, seed=5).to_csv("other.csv", index=False)
    words = ("attack", fitted.model, "other.csv", "--method", "fgsm", "--out", "page.html")
    done = strates(*words, "--rows", 20, "--json")
    assert json.loads(done.stdout)["rows"]["looked_at"] == 20
    assert "20 of 60 rows of other.csv were looked at." in Path("page.html").read_text("utf-8")
    assert done.stdout == strates(*words, "--rows", 20, "--json").stdout


def test_rows_of_a_stream_are_numbered_among_those_drawn(strates: Any, trees: Any) -> None:
    trees(120).to_csv("trees.csv", index=False)
    words = ("--target", "kind", "--stream", "--epochs", "2", "--hidden", "4", *FAST)
    assert strates("fit", "trees.csv", *words).exit_code == 0
    done = strates("attack", "trees.strates", "trees.csv", "--rows", 5, "--no-page", "--save", "rows", "--json")
    assert done.exit_code == 0, done.stderr
    assert pd.read_csv("rows.csv")["row"].tolist() == [0, 1, 2, 3, 4]
    assert "rows bear their numbers among those drawn" in json.loads(done.stdout)["notes"][-1]


# --- images -----------------------------------------------------------------------------------------


def test_images_stay_within_epsilon_and_black_and_white(digits: Path, strates: Any) -> None:
    words = ("attack", digits / "digits.strates", digits / "digits", "--epsilon", 0.3, "--out", "page.html")
    answer = json.loads(strates(*words, "--save", "rows", "--json").stdout)
    assert (answer["method"], answer["norm"], answer["saved"]) == ("pgd", "linf", "rows.npz")
    with np.load("rows.npz") as saved:
        before, after, success = saved["original"], saved["adversarial"], saved["success"]
        labels, names = saved["labels"], saved["names"]
    for image, name in zip(before, names.tolist(), strict=True):
        np.testing.assert_array_equal(image[..., 0], np.asarray(Image.open(digits / "digits" / name)))
    assert after.min() >= 0
    assert after.max() <= 255
    assert np.abs(after - before).max() <= 0.3 * 255 + 1e-3
    clf = load(digits / "digits.strates")
    assert answer["rows"]["changed"] == success.sum() > 0
    assert (clf.predict(after) != labels)[success].all()
    assert answer["distances"]["linf"]["most"] == pytest.approx(np.abs(after - before)[success].max() / 255)
    page = Path("page.html").read_text(encoding="utf-8")
    cards = page.split('<ul class="pictures cards triples">')[1].split("</ul>")[0]
    assert len(re.findall(r"<li>", cards)) * 3 == len(re.findall(r"<img src=\"data:image/png", cards)) > 0
    n_kept = int((clf.predict(np.rint(after[success])) != labels[success]).sum())
    whole = "all of them" if n_kept == success.sum() else f"{n_kept} of {success.sum()}"
    assert f"Rounded to whole grey levels, as files store images, {whole} still fool the network." in page


def test_universal_perturbation_of_images_is_shown(digits: Path, strates: Any) -> None:
    words = ("attack", digits / "digits.strates", digits / "digits", "--method", "universal", "--epsilon", 0.4)
    assert strates(*words, "--out", "page.html", "--rows", 12).exit_code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    section = page.split('id="perturbation"')[1].split("</section>")[0]
    assert "times larger than it is" in section
    assert section.count("<img ") == 1


# --- what cannot be done ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-m", "pgd", "--epsilon", "0"), r"--epsilon 0 cannot be used: it is how far a row may be moved, a number ab"),
        (("-m", "fgsm", "--epsilon", "-1"), r"--epsilon -1 cannot be used.*above 0 such as 0\.1"),
        (
            ("--epsilon", "0.1"),
            r"--epsilon means nothing to --method tabular, which looks for the smallest.*method pgd",
        ),
        (("-m", "cw", "--norm", "l2"), r"--norm means nothing to --method cw\. Leave it out\."),
        (("-m", "fgsm", "--steps", "3"), r"--steps means nothing to --method fgsm\. Leave it out\."),
        (("-m", "pgd", "--immutable", "age"), r"--immutable means nothing to --method pgd, .*choose --method tabular"),
        (("-m", "square", "--norm", "l1"), r"--norm l1 cannot be used: --method square knows linf and l2\. Choose one"),
        (("--target", "yev"), r"--target yev is not a class that the model knows\. Did you mean 'yew'\?"),
        (
            ("--immutable", "agee"),
            r"--immutable names column 'agee', which the table does not have\. Did you mean 'age'",
        ),
        (("--skip-bad",), r"--skip-bad is for images, and the model learned from a table\. Leave it out\."),
        (("--save", "rows.npz"), r"--save rows\.npz ends with '\.npz'; expected '\.csv'\. Rename it\."),
        (
            ("--no-page", "--out", "a.html"),
            r"--out a\.html names a page, and --no-page wants none\. Drop one of them\.",
        ),
    ],
)
def test_options_that_cannot_be_used(fitted: Any, strates: Any, words: tuple[str, ...], message: str) -> None:
    done = strates("attack", fitted.model, fitted.table, *words)
    assert done.exit_code == 2
    assert re.search(message, " ".join(done.stderr.split())), done.stderr
    assert not list(Path().iterdir())


def test_sources_that_cannot_be_attacked(fitted: Any, digits: Path, strates: Any) -> None:
    fitted.frame.drop(columns="kind").to_csv("new.csv", index=False)
    fitted.frame[fitted.frame["kind"] == "yew"].to_csv("yews.csv", index=False)
    for words, message in (
        ((fitted.model, "new.csv"), r"new\.csv has no column 'kind', and rows of known class are attacked"),
        ((fitted.model, "yews.csv", "--target", "yew"), r"--target yew: the \d+ rows drawn are of that class already"),
        (
            (fitted.model, digits / "digits"),
            r"is a folder, and trees\.strates learned from a table\. Give a table with",
        ),
        ((digits / "digits.strates", "new.csv"), r"new\.csv is no folder, and the model learned from images"),
        ((digits / "digits.strates", digits / "digits", "-m", "tabular"), r"changes columns of a table\. For images"),
        ((digits / "digits.strates", digits / "digits", "--epsilon", "8"), r"8 of 255 grey levels are --epsilon 0\.03"),
    ):
        done = strates("attack", *words)
        assert done.exit_code == 2
        assert re.search(message, " ".join(done.stderr.split())), done.stderr


# --- parts ------------------------------------------------------------------------------------------


def test_epsilon_of_images_is_a_share_of_the_range() -> None:
    plan = plan_attack(AttackRequest(AttackMethod.pgd, epsilon=0.1, seed=3), of_images=True)
    assert plan.attack.get_params()["epsilon"] == pytest.approx(25.5)
    assert (plan.attack.bounds, plan.attack.random_state, plan.scale) == ((0, 255), 3, 255)
    assert plan_attack(AttackRequest(AttackMethod.square, steps=7), of_images=False).attack.max_queries == 7
    with pytest.raises(ParameterError, match=r"above 0 and at most 1\.$"):
        plan_attack(AttackRequest(epsilon=500), of_images=True)


def test_inputs_are_told_in_the_units_of_columns(trees: Any) -> None:
    frame = trees()
    X = frame.drop(columns="kind")
    steps = tabular_pipeline(LogisticRegression(alpha=0.01)).fit(X, frame["kind"])[:-1]
    names = tuple(steps.get_feature_names_out())
    columns = input_columns(steps, X, names)
    assert {names[place] for place in columns.inputs} == {"height", "age"}
    place = names.index("height")
    found = [columns.value(place, number) for number in steps.transform(X)[:20, place]]
    known = X["height"].notna().to_numpy()[:20]
    np.testing.assert_allclose(np.array(found)[known], X["height"].to_numpy()[:20][known], rtol=1e-3)


def test_examples_are_of_all_pairs_of_classes_the_nearest_first(fitted: Any) -> None:
    X, y = held_out(fitted)
    result = TabularAttack().perturb(load(fitted.model), X, y, reference=fitted.frame.drop(columns="kind"))
    pairs = list(zip(result.predicted_before, result.predicted, strict=True))
    flipped = [pairs[place] for place in np.flatnonzero(result.success)]
    chosen = varied_rows(result)
    n_pairs = len(set(flipped))
    assert {pairs[place] for place in chosen[:n_pairs]} == set(flipped)
    for place in chosen[:n_pairs]:
        same = [one for one in np.flatnonzero(result.success) if pairs[one] == pairs[place]]
        assert result.cost[place] == result.cost[same].min()
    assert len(chosen) == len(set(chosen)) == max(6, n_pairs)
    assert varied_rows(result, 2) == chosen[:2]
