"""``strates fit FOLDER`` and the commands that read images."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss
from typer.testing import CliRunner

from strates import load
from strates.cli import app, image_parts
from strates.cli.image_classifier import default_filters
from strates.cli.image_options import parse_image_size
from strates.cli.split import split_rows
from strates.exceptions import ParameterError
from strates.report import ReportContent

FAST = ("--epochs", "2", "--set", "filters=(4,)", "--hidden", "none", "--no-report")
COLORS = ("blue", "green", "red")


def make_photos(folder: Path, n_images: int = 24, seed: int = 0, size: tuple[int, int] = (8, 10)) -> Path:
    """Write images of noise in which one of three channels is stronger; the class is its name."""
    rng = np.random.default_rng(seed)
    for i in range(3 * n_images):
        kind = COLORS[i % 3]
        pixels = rng.integers(0, 128, (*size, 3))
        pixels[..., 2 - i % 3] += rng.integers(40, 128)
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / kind / f"{i:03}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a folder of images, the model of it, and the JSON that its fit printed."""
    place = tmp_path_factory.mktemp("photos")
    folder = make_photos(place / "photos")
    before = os.getcwd()
    os.chdir(place)
    try:
        words = ["fit", "photos", "--set", "filters=(8,)", "--epochs", "25", "--json"]
        done = CliRunner().invoke(app, words)
    finally:
        os.chdir(before)
    assert done.exit_code == 0, done.stderr
    return {
        "folder": folder,
        "model": place / "photos.strates",
        "answer": json.loads(done.stdout),
        "stderr": done.stderr,
    }


def read_by_hand(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


# --- fit -------------------------------------------------------------------------------------------------


def test_json_is_that_of_tables(photos: dict[str, Any], fitted: Any) -> None:
    answer = photos["answer"]
    assert set(answer) == set(fitted.answer)
    assert answer["classes"] == list(COLORS)
    assert answer["target"] == "class"
    assert answer["rows"] == {"train": 57, "test": 15}
    assert answer["metrics"]["accuracy"]["value"] > 0.9  # the colour of the noise is planted
    assert set(answer["baselines"]) == {"majority class", "logistic regression"}
    assert (answer["model"], answer["report"], answer["epochs"]) == ("photos.strates", "photos.html", 25)
    assert answer["command"] == "strates fit photos --set 'filters=(8,)' --set max_iter=25 --seed 0"
    assert photos["stderr"] == ""
    assert load(photos["model"]).image_shape_ == (8, 10, 3)


def test_metrics_are_those_of_the_predictions(photos: dict[str, Any], strates: Any) -> None:
    files = sorted(photos["folder"].glob("*/*.png"))
    labels = pd.Series([path.parent.name for path in files])
    _, test = split_rows(labels, 0.2, 0)
    done = strates("predict", photos["model"], *[files[row] for row in test], "--proba")
    assert done.exit_code == 0, done.stderr
    answers = pd.read_csv(io.StringIO(done.stdout))
    assert answers["path"].tolist() == [str(files[row]) for row in test]
    truth = labels[test]
    metrics = photos["answer"]["metrics"]
    assert metrics["accuracy"]["value"] == pytest.approx(accuracy_score(truth, answers["prediction"]))
    probabilities = answers[[f"p_{name}" for name in COLORS]].to_numpy()
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    assert metrics["log_loss"]["value"] == pytest.approx(log_loss(truth, probabilities), abs=1e-5)
    clf = load(photos["model"])
    expected = clf.predict_proba(np.stack([read_by_hand(files[row]) for row in test]))
    np.testing.assert_allclose(answers[[f"p_{name}" for name in COLORS]], expected, rtol=1e-4, atol=1e-7)


def test_screen_for_people(strates: Any) -> None:
    make_photos(Path("photos"), 8)
    done = strates("fit", "photos", *FAST)
    assert done.exit_code == 0, done.stderr
    assert "class: learned from 18 images, tested on 6 others" in done.stdout
    assert done.stdout.rstrip().endswith("strates predict photos.strates NEW.jpg")
    assert "note: Only 6 images were evaluated: read the intervals, not the values." in done.stderr


def test_stream_and_parts_and_damaged_files(strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for part, seed in (("train", 0), ("val", 1), ("test", 2)):
        make_photos(Path("data", part), 10, seed, (8, 8) if part == "train" else (20, 12))
    Path("data/train/red/text.jpg").write_text("not a picture")
    short = Path("data/train/red/002.png")
    short.write_bytes(short.read_bytes()[:-60])
    refused = strates("fit", "data", *FAST)
    assert refused.exit_code == 2
    assert re.fullmatch(
        r"error: 1 of 91 images in data cannot be read: train/red/text\.jpg \(it is no JPEG, PNG or WebP image: it "
        r"starts with b'not a pictur'\)\. Replace or remove it, or leave it out with --skip-bad\.\n",
        refused.stderr,
    )
    monkeypatch.setattr(image_parts, "_SAMPLE_BYTES", 12 * 8 * 8 * 3)
    words = ("--skip-bad", "--stream", "--set", "early_stopping=true", "--json")
    done = strates("fit", "data", *FAST, *words)
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == {"train": 29, "test": 30}
    notes = " ".join(answer["notes"])
    assert "2 files cannot be read and are left out: train/red/text.jpg (it is no" in notes
    assert "train/red/002.png (it is damaged or cut short (" in notes
    assert "heights of 8 to 20 and widths of 8 to 12 pixels: each is stretched to 8 x 8 pixels" in notes
    assert "The folder is divided already: 29 images to learn from in its training part, 30 to test on" in notes
    assert "The 30 of its validation part are watched while it learns." in notes
    assert "decoded anew for each epoch: 29 to learn from, 30 to test on. The baselines learn from 12 of" in notes
    history = ReportContent.from_dict(json.loads(read_entry("data.strates"))["metadata"]["report"]).history
    assert history is not None
    assert history["validation_loss"].notna().all()
    assert "--skip-bad --stream --seed 0" in answer["command"]


def read_entry(model: str) -> bytes:
    with zipfile.ZipFile(model) as archive:
        return archive.read("metadata.json")


def test_streamed_folder_without_parts_gives_images_to_stop_by(strates: Any) -> None:
    make_photos(Path("photos"), 20)
    done = strates("fit", "photos", *FAST, "--stream", "--set", "early_stopping=true", "--json")
    assert done.exit_code == 0, done.stderr
    # of 20 images a class 4 are tested on, and of the other 16 a tenth is watched
    assert json.loads(done.stdout)["rows"] == {"train": 42, "test": 12}


def test_options_reach_the_network(strates: Any) -> None:
    make_photos(Path("photos"), 4)
    words = ("--image-size", "6x7", "--augmentation", "flip,contrast", "--set", "filters=(4,)", "--epochs", "1")
    done = strates("fit", "photos", *words, "--no-report", "--json", "--cv", "2", "--checkpoint", "progress")
    assert done.exit_code == 0, done.stderr
    clf = load("photos.strates")
    assert (clf.image_shape_, clf.augmentation, clf.max_iter) == ((6, 7, 3), ("flip", "contrast"), 1)
    answer = json.loads(done.stdout)
    assert "--image-size 6x7 --augmentation flip,contrast" in answer["command"]
    assert set(answer["cross_validation"]) == set(answer["metrics"])
    assert not Path("progress").exists()


def test_new_images_are_brought_to_the_form_of_the_model(strates: Any) -> None:
    for kind, ink in (("dark", 20), ("light", 200)):
        Path("shades", kind).mkdir(parents=True)
        for i in range(6):
            Image.new("L", (8, 8), ink + i).save(f"shades/{kind}/{i}.webp", lossless=True)
            Image.new("L", (8, 8), ink + i).save(f"shades/{kind}/{i}.jpg")
    assert strates("fit", "shades", *FAST, "--skip-bad", "-q").exit_code == 0
    # WebP has no grey, and so the folder is in colour; a new grey image is read so, too
    Image.new("L", (30, 5), 128).save("new.png")
    done = strates("predict", "shades.strates", "new.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("path,prediction\nnew.png,")


# --- transfer --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def transferred(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the model that learned from a Keras network which averages each channel, and the JSON of its fit."""
    place = tmp_path_factory.mktemp("transferred")
    make_photos(place / "photos", 16, size=(8, 16))
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(3, 1, name="colours"),
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dense(4, activation="softmax", name="theirs"),
        ]
    )
    network.get_layer("colours").set_weights([np.eye(3).reshape(1, 1, 3, 3), np.zeros(3)])
    network.save(place / "theirs.keras")
    before = os.getcwd()
    os.chdir(place)
    try:
        done = CliRunner().invoke(app, ["fit", "photos", "--model", "transfer", "--backbone", "theirs.keras", "--json"])
    finally:
        os.chdir(before)
    assert done.exit_code == 0, done.stderr
    return {"place": place, "model": place / "photos.strates", "answer": json.loads(done.stdout)}


def test_transfer_from_a_file(transferred: dict[str, Any], strates: Any) -> None:
    answer = transferred["answer"]
    assert answer["command"] == "strates fit photos --model transfer --backbone theirs.keras --seed 0"
    assert "Every image is 8 x 16 and is cut around its centre, proportions kept, to 8 x 8" in " ".join(answer["notes"])
    assert answer["metrics"]["accuracy"]["value"] > 0.8
    clf = load(transferred["model"])
    files = sorted((transferred["place"] / "photos").glob("*/*.png"))
    middle = np.stack([read_by_hand(path) for path in files])[:, :, 4:12]
    np.testing.assert_allclose(clf.transform(middle), middle.mean(axis=(1, 2)) / 255, atol=1e-5)
    done = strates("predict", transferred["model"], files[0], "--proba")
    answers = pd.read_csv(io.StringIO(done.stdout))
    expected = clf.predict_proba(middle[:1])
    np.testing.assert_allclose(answers[[f"p_{name}" for name in COLORS]], expected, rtol=1e-4, atol=1e-7)
    done = strates("evaluate", transferred["model"], transferred["place"] / "photos", "--json")
    right = clf.predict(middle) == [path.parent.name for path in files]
    assert json.loads(done.stdout)["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert "transfer of theirs.keras, features" in " ".join(strates("info", transferred["model"]).stdout.split())


def test_report_of_transfer_has_the_plan_and_what_it_looks_at(transferred: dict[str, Any], strates: Any) -> None:
    plan = ReportContent.from_dict(json.loads(read_entry(transferred["model"]))["metadata"]["report"]).transfer_plan
    assert plan is not None
    assert plan.probes["layer"].tolist() == ["input", "means"]
    assert plan.check is None
    assert strates("report", transferred["model"], "--out", "again.html").exit_code == 0
    page = Path("again.html").read_text(encoding="utf-8")
    assert 'id="plan"' in page
    assert 'id="explained"' in page
    assert "data, " in page
    assert "rows" not in plan_of(page)


def plan_of(page: str) -> str:
    """Return the words of the section about the plan."""
    section = page.partition('id="plan"')[2].partition("</section>")[0]
    return re.sub(r"<svg.*?</svg>|<[^>]+>", " ", section, flags=re.DOTALL)


def test_transfer_can_be_checked_and_from_scratch(transferred: dict[str, Any], strates: Any) -> None:
    make_photos(Path("photos"), 8, size=(8, 8))
    backbone = transferred["place"] / "theirs.keras"
    words = ("fit", "photos", "--model", "transfer", "--backbone", backbone, "--json", "--no-report")
    done = strates(*words, "--check-plan", "--out", "checked.strates")
    assert done.exit_code == 0, done.stderr
    stored = json.loads(read_entry("checked.strates"))["metadata"]["report"]
    plan = ReportContent.from_dict(stored).transfer_plan
    assert plan is not None
    assert plan.check is not None
    assert set(plan.check["strategy"]) >= {"features", "fine_tune", "scratch"}
    done = strates(*words, "--strategy", "scratch", "--epochs", "2", "--out", "scratch.strates")
    assert done.exit_code == 0, done.stderr
    assert load("scratch.strates").strategy == "scratch"
    assert "--strategy scratch" in json.loads(done.stdout)["command"]


# --- the other commands ----------------------------------------------------------------------------------


def test_predict_takes_files_and_folders(photos: dict[str, Any], strates: Any) -> None:
    make_photos(Path("new"), 3, seed=5, size=(30, 40))
    Image.fromarray(np.zeros((9, 9, 4), np.uint8)).save("clear.png")
    done = strates("predict", photos["model"], "clear.png", "new", "--out", "answers.parquet")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "10 predictions in answers.parquet\n"
    answers = pd.read_parquet("answers.parquet")
    files = [f"new/{COLORS[i % 3]}/{i:03}.png" for i in range(9)]
    assert answers["path"].tolist() == ["clear.png", *sorted(files)]
    right = [
        Path(path).parent.name == said
        for path, said in zip(answers["path"][1:], answers["prediction"][1:], strict=True)
    ]
    assert np.mean(right) > 0.8


def test_predict_names_what_it_cannot_read(photos: dict[str, Any], strates: Any) -> None:
    make_photos(Path("new"), 1)
    Path("new/red/bad.jpg").write_bytes(b"")
    done = strates("predict", photos["model"], "new", "--out", "answers.csv")
    assert done.exit_code == 2
    assert (
        "new/red/bad.jpg cannot be read: it is empty (0 bytes). Replace or remove it, or leave it out with --skip-bad"
        in (done.stderr)
    )
    assert not Path("answers.csv").exists()
    done = strates("predict", photos["model"], "new", "--out", "answers.csv", "--skip-bad")
    assert done.exit_code == 0, done.stderr
    assert "note: 1 file cannot be read and is left out: new/red/bad.jpg (it is empty (0 bytes))." in done.stderr
    assert len(pd.read_csv("answers.csv")) == 3


def test_evaluate_agrees_with_predict(photos: dict[str, Any], strates: Any) -> None:
    make_photos(Path("next year"), 12, seed=9)
    done = strates("evaluate", photos["model"], "next year", "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert strates("predict", photos["model"], "next year", "--out", "answers.csv").exit_code == 0
    answers = pd.read_csv("answers.csv")
    right = answers["prediction"] == [Path(path).parent.name for path in answers["path"]]
    assert answer["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert (answer["rows"], answer["wrong"]) == (36, int((~right).sum()))
    assert answer["at_fit"] == photos["answer"]["metrics"]
    shutil.rmtree("next year/red")  # some of the classes will do
    screen = strates("evaluate", photos["model"], "next year")
    assert "class: 24 images of next year" in screen.stdout


def test_diagnose_divides_the_folder_as_the_fit_did(photos: dict[str, Any], strates: Any) -> None:
    done = strates("diagnose", photos["model"], photos["folder"], "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == {"train": 57, "test": 15}
    assert answer["same_table"]
    assert answer["findings"] == photos["answer"]["findings"]
    make_photos(Path("next year"), 4, seed=9)
    other = strates("diagnose", photos["model"], "next year", "--language", "fr")
    assert other.exit_code == 0, other.stderr
    assert "diagnostic de photos.strates\u00a0: 12 images d\u2019apprentissage" in other.stdout
    assert "next year is not the folder that the model learned from" in " ".join(other.stderr.split())


def test_gradients_of_a_network_of_images_are_right(photos: dict[str, Any], strates: Any) -> None:
    done = strates("check-gradients", photos["model"], photos["folder"], "--rows", 3, "--entries", 6, "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {one["parameter"] for one in answer["blocks"]} >= {"conv_1/kernel", "outputs/bias"}
    assert (len(answer["rows"]), answer["labelled_rows"]) == (3, 72)
    # an oracle of its own: the derivative of the mean cross-entropy by the biases of a softmax is the mean of p - y
    clf = load(photos["model"])
    files = [sorted(photos["folder"].glob("*/*.png"))[row] for row in answer["rows"]]
    told = clf.predict_proba(np.stack([read_by_hand(file) for file in files]))
    expected = (told - (np.array([file.parent.name for file in files])[:, None] == clf.classes_)).mean(axis=0)
    bias = next(b for b in answer["blocks"] if b["parameter"] == "outputs/bias" and not (b["penalty"] or b["dropout"]))
    assert bias["analytic"] == pytest.approx(expected[bias["entry"][0]], abs=1e-6)
    assert f"image {answer['rows'][0]} is {files[0].parent.name}/{files[0].name}" in answer["notes"][-1]


def test_info_and_report(photos: dict[str, Any], strates: Any) -> None:
    done = strates("info", photos["model"])
    assert re.search(r"from +images of 8 x 10 pixels \(height x width\), in colour", done.stdout)
    assert re.search(r"trained on +57 images of photos", done.stdout)
    about = json.loads(strates("info", photos["model"], "--json").stdout)
    assert about["images"] == {"height": 8, "width": 10, "color": "rgb", "crop_to_aspect_ratio": False}
    assert strates("report", photos["model"], "--out", "again.html").exit_code == 0
    page = photos["model"].with_suffix(".html").read_text(encoding="utf-8")
    assert Path("again.html").read_text(encoding="utf-8") == page
    assert "On 15 images it never saw, the network is right" in page
    assert not re.search(r"https?:|//\w+\.\w", page.replace("base64,//", ""))
    assert "img-src data:" in page
    wrong = round(15 * (1 - photos["answer"]["metrics"]["accuracy"]["value"]))
    explained = min(wrong, 6) + min(15 - wrong, 6)  # each beside its map
    attacked = page.count("change × ")  # each beside what was added, and what came of it
    assert 0 < attacked <= 4
    assert page.count("<img ") == 3 * 8 + wrong + 2 * explained + 3 * attacked
    assert page.count('<span class="pair">') == explained + attacked


# --- what cannot be used ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fit photos --target kind", r"--target kind names a column of a table, and photos is a folder: the class of"),
        ("fit photos --model mlp", r"--model mlp is for tables, and photos is a folder\. .* learns --model cnn"),
        ("fit photos --encoding cp1252", r"--encoding is for tables, and photos is a folder of images"),
        ("fit photos --image-size big", r"--image-size big cannot be used; expected pixels, such as 64"),
        ("fit photos --augmentation flop", r"augmentation=\('flop',\) cannot be used\. Did you mean 'flip'\?"),
        ("fit photos --set alhpa=1", r"--set alhpa: there is no such setting of --model cnn\. Did you mean 'alpha'\?"),
        ("fit photos --set image_shape=8", r"--set image_shape is not available\. .* --image-size 64"),
        (
            "fit photos --epochs 2 --set max_iter=3",
            r"--set max_iter is given twice \(--epochs is another name for it\)",
        ),
        ("fit photos --stream --cv 3", r"--cv needs all images in memory, .* Add --no-stream"),
        (
            "fit photos --set padding=valid --set filters=(4,8,8) --image-size 8",
            r"are 8 x 8 pixels, but 3 blocks with padding=\"valid\" need at least 22 x 22\. Add a larger --image-size",
        ),
        (
            "fit photos --model transfer --backbone VGG16 --weights w.h5 --image-size 16",
            r"VGG16 needs images of at least 32 x 32 pixels, but X has .* 16 x 16\. Add --image-size 32, or more",
        ),
        ("fit one", r"one has one class only, 'a'; expected one subfolder for each of at least two classes"),
        ("fit single", r"'b' in single has a single image; expected at least two of each class"),
        ("fit empty", r"The folder empty is empty; expected one subfolder a class"),
        ("fit tables", r"The folder tables holds no images \(but t\.csv\); expected one subfolder a class"),
        ("fit tables/t.csv -t kind --skip-bad", r"--skip-bad is for images, .*; tables/t\.csv is no folder"),
        ("fit tables/t.csv -t kind --model cnn", r"--model cnn is for images"),
        ("fit tables/t.csv -t kind --backbone VGG16", r"--backbone is for images"),
        (
            "fit photos --backbone VGG16",
            r"--backbone is for --model transfer, and the model is cnn\. Add --model transfer",
        ),
        ("fit photos --model transfer", r"--model transfer needs a network to transfer from\. Add --backbone Mobile"),
        ("fit photos --model transfer --backbone VGG18", r"no network of keras\.applications\. Did you mean 'VGG19'"),
        ("fit photos --model transfer --backbone no.keras", r"backbone='no\.keras': there is no such file"),
        ("fit photos --model transfer --backbone VGG16 --stream", r"--model transfer computes .* cannot .* --stream"),
        ("fit photos --model transfer --backbone VGG16 --checkpoint p", r"--checkpoint keeps .* --strategy scratch"),
        ("fit photos --model transfer --backbone VGG16 --set backbone=1", r"--set backbone is not available"),
    ],
)
def test_wrong_usage_of_fit(strates: Any, words: str, message: str) -> None:
    make_photos(Path("photos"), 2)
    make_photos(Path("make"), 2)
    for name, kinds in (("one", {"a": 2}), ("single", {"a": 2, "b": 1})):
        for kind, count in kinds.items():
            Path(name, kind).mkdir(parents=True)
            for i, path in enumerate(sorted(Path("make/red").iterdir())[:count]):
                shutil.copy(path, Path(name, kind, f"{i}.png"))
    Path("empty").mkdir()
    Path("tables").mkdir()
    Path("tables/t.csv").write_text("height,kind\n1,a\n2,a\n3,b\n4,b\n")
    done = strates(*words.split(), "--no-report")
    assert done.exit_code == 2
    assert done.stdout == ""
    error = done.stderr.splitlines()[-1]
    assert re.match(f"error: .*{message}", error), done.stderr
    assert not list(Path().glob("*.strates"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("predict MODEL nowhere.png", r"There is no file nowhere\.png\. Did you mean 'here\.png'\?"),
        ("predict MODEL empty", r"The folder empty holds no image; expected JPEG, PNG or WebP files in it"),
        ("predict MODEL photos --keep id", r"--keep is for tables, and photos\.strates learned from images"),
        ("predict MODEL text.jpg", r"text\.jpg cannot be read: it is no JPEG, PNG or WebP image"),
        ("predict MODEL text.jpg --skip-bad", r"None of 1 files can be read: text\.jpg \(it is no"),
        ("evaluate MODEL here.png", r"here\.png is no folder\. photos\.strates learned from images"),
        (
            "evaluate MODEL other",
            r"class folders that the model never learned: 'maple'\. It knows 'blue', 'green', 'red'",
        ),
        ("explain MODEL iris", r"photos\.strates learned from images, and this command needs a model of a table"),
        ("film MODEL iris", r"photos\.strates learned from images, and this command needs a model of a table"),
        ("check-gradients MODEL here.png", r"here\.png is no folder\. photos\.strates learned from images"),
        ("diagnose MODEL here.png", r"here\.png is no folder\. photos\.strates learned from images"),
        ("diagnose TABLE a.csv --skip-bad", r"--skip-bad is for images, and the model learned from a table"),
        ("predict TABLE photos", r"photos is a folder; expected one file"),
        ("predict TABLE a.csv b.csv", r"predicts one table at a time; 2 sources came: a\.csv, b\.csv"),
        ("predict TABLE a.csv --skip-bad", r"--skip-bad is for images, and the model learned from a table"),
        ("evaluate TABLE a.csv --skip-bad", r"--skip-bad is for images, and the model learned from a table"),
    ],
)
def test_wrong_usage_of_models(photos: dict[str, Any], fitted: Any, strates: Any, words: str, message: str) -> None:
    make_photos(Path("photos"), 1)
    make_photos(Path("other"), 1)
    Path("other/red").rename("other/maple")
    shutil.copy("photos/red/002.png", "here.png")
    Path("empty").mkdir()
    Path("text.jpg").write_text("hello")
    given = words.replace("MODEL", str(photos["model"])).replace("TABLE", str(fitted.model))
    done = strates(*given.split())
    assert done.exit_code == 2
    assert re.fullmatch(f"error: .*{message}.*\n", done.stderr), done.stderr


def test_sizes_and_blocks() -> None:
    assert [parse_image_size(text) for text in (None, "64", "48x64", "48,64")] == [None, (64, 64), (48, 64), (48, 64)]
    for text in ("0", "8x", "1x2x3", "-4", "x"):
        with pytest.raises(ParameterError, match=r"--image-size .* cannot be used"):
            parse_image_size(text)
    assert [default_filters((n, n, 1)) for n in (1, 8, 28, 500)] == [(128,), (128,), (32, 64, 128), (16, 32, 64, 128)]
