"""A film is judged by what its artists and its files hold."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
import shutil
import stat
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, features
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

from strates import LogisticRegression, MLPClassifier, Recorder
from strates.datasets import moons
from strates.displays import DecisionBoundaryDisplay, TrainingFilm
from strates.displays.training_film_curves import MovesPanel, WeightsPanel
from strates.displays.training_film_player import player_page
from strates.exceptions import ParameterError, StratesError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = moons(60, noise=0.2)
LETTERS = np.array(["a", "b"])[Y]


def recorded(*hidden: int, frames: int = 4, **changes: Any) -> Any:
    settings: dict[str, Any] = {"learning_rate": "cosine", "max_iter": 12, "random_state": 0, **changes}
    return MLPClassifier(hidden, **settings).set_callbacks(Recorder(frames))


@pytest.fixture(scope="module")
def clf() -> Any:
    return recorded(5, 3, learning_rate_init=0.1).fit(X, LETTERS)


@pytest.fixture(scope="module")
def film(clf: Any) -> TrainingFilm:
    return TrainingFilm.from_recording(clf, X, LETTERS, resolution=20)


# -- what a frame shows -------------------------------------------------------------------------------


def test_each_frame_is_named_by_its_step_and_epoch(clf: Any, film: TrainingFilm) -> None:
    film.plot(frame=0)
    for number, frame in enumerate(clf.recording_):
        film.show(number)
        right = 100 * np.mean(frame.estimator.predict(X) == LETTERS)
        expected = f"step {frame.step}, epoch {frame.epoch:g}: {right:.1f} % right"
        assert film.boundary_.title.get_text() == film.words(number) == expected


def test_boundary_is_the_one_of_the_frame(clf: Any, film: TrainingFilm) -> None:
    film.plot(frame=-1)
    for number, frame in enumerate(clf.recording_):
        film.show(number)
        alone = DecisionBoundaryDisplay.from_estimator(frame.estimator, X, LETTERS, resolution=20).plot()
        shown = film.boundary_.display
        assert shown.image_ is not None
        assert alone.image_ is not None
        np.testing.assert_array_equal(shown.image_.get_array(), alone.image_.get_array())
        assert len(shown.line_.get_segments()) == len(alone.line_.get_segments())
        assert shown.rings_ is not None
        wrong = frame.estimator.predict(X) != LETTERS
        np.testing.assert_allclose(np.asarray(shown.rings_.get_offsets()).reshape(-1, 2), X[wrong])


def test_last_layer_moves_and_its_axes_with_it(film: TrainingFilm) -> None:
    moving, codes = film.frames.representation, film.frames.boundary.labels
    assert moving is not None
    film.plot(frame=0)
    panel = film.representation_
    assert panel is not None
    for number in (0, 2, 4):
        film.show(number)
        for k in (0, 1):
            expected = moving.projections[number][codes == k]
            np.testing.assert_allclose(np.asarray(panel.points[k].get_offsets()), expected)
        (left, right), (bottom, top) = panel.title.axes.get_xlim(), panel.title.axes.get_ylim()
        inside = (moving.projections[number] > [left, bottom]) & (moving.projections[number] < [right, top])
        assert inside.all()
        ends = np.concatenate(panel.lines.get_segments())
        scores = moving.boundaries[number].scores(ends)  # type: ignore[union-attr]
        np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-9)  # tied all along
        share = f"hidden_2: 3 units, {100 * moving.shares[number]:.0f} % of variance"
        assert panel.title.get_text() == share


def test_marker_runs_along_the_loss(clf: Any, film: TrainingFilm) -> None:
    film.plot(frame=0)
    for number, frame in enumerate(clf.recording_):
        film.show(number)
        loss = log_loss(LETTERS, frame.estimator.predict_proba(X))
        assert np.ravel(film.loss_.dots[0].get_data()) == pytest.approx([frame.step, loss], rel=1e-5)
        past = np.asarray(film.loss_.lines[0].get_xdata())
        assert past.tolist() == [one.step for one in clf.recording_[: number + 1]]
        assert film.loss_.title.get_text() == f"loss: {loss:.3g}"
        assert set(np.asarray(film.loss_.cursor.get_xdata()).tolist()) == {frame.step}


def test_rows_held_out_have_a_curve(clf: Any) -> None:
    film = TrainingFilm.from_estimator(clf, X, LETTERS, validation_data=(X[:7], LETTERS[:7]), resolution=5)
    film.plot(frame=1)
    held_out = [log_loss(LETTERS[:7], frame.estimator.predict_proba(X[:7])) for frame in clf.recording_]
    assert np.asarray(film.loss_.lines[1].get_ydata()) == pytest.approx(held_out[:2], rel=1e-5)
    assert film.loss_.title.get_text().endswith(f", {held_out[1]:.3g} held out")
    assert f"On rows held out the loss went from {held_out[0]:.3g} to {held_out[-1]:.3g}." in film.describe()


def test_weights_are_the_first_layers_on_one_scale(clf: Any, film: TrainingFilm) -> None:
    film.plot(frame=0)
    panel = film.weights_
    assert isinstance(panel, WeightsPanel)
    scales = set()
    for number, frame in enumerate(clf.recording_):
        film.show(number)
        np.testing.assert_array_equal(np.asarray(panel.image.get_array()), frame.estimator.coefs_[0])
        scales.add(panel.image.get_clim())
    assert scales == {panel.image.get_clim()}
    largest = max(float(np.abs(frame.estimator.coefs_[0]).max()) for frame in clf.recording_)
    assert panel.image.get_clim() == pytest.approx((-largest, largest))


def test_a_matrix_too_large_to_see_gives_way_to_the_layers_moves() -> None:
    wide_X, wide_y = load_digits(return_X_y=True)
    clf = recorded(400, frames=2, max_iter=2).fit(wide_X[:100] / 16, wide_y[:100])
    film = TrainingFilm.from_recording(clf, wide_X[:100] / 16, wide_y[:100], resolution=5).plot()
    assert isinstance(film.weights_, MovesPanel)
    last, began = clf.coefs_, clf.recording_[0].estimator.coefs_
    expected = [100 * np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(last, began, strict=True)]
    ends = [np.asarray(line.get_ydata())[-1] for line in film.weights_.lines]
    assert ends == pytest.approx(expected, rel=1e-5)


def test_network_without_hidden_layers_has_three_panels() -> None:
    clf = LogisticRegression(alpha=0.01).set_callbacks(Recorder(3)).fit(X, LETTERS)
    film = TrainingFilm.from_recording(clf, X, LETTERS, resolution=5).plot()
    assert film.representation_ is None
    drawn = [ax for ax in film.figure_.axes if ax.axison and ax.get_label() != "<colorbar>"]
    assert len(drawn) == 3


def test_single_unit_has_a_lane_for_each_class() -> None:
    clf = recorded(1).fit(X, LETTERS)
    film = TrainingFilm.from_recording(clf, X, LETTERS, resolution=5).plot()
    panel = film.representation_
    assert panel is not None
    first, second = (np.asarray(points.get_offsets()) for points in panel.points)
    assert first[:, 1].max() < second[:, 1].min()
    np.testing.assert_allclose(first[:, 0], clf.transform(X[LETTERS == "a"])[:, 0], atol=1e-6)


def test_early_stopping_marks_the_epoch_that_was_kept() -> None:
    settings = {"learning_rate": "constant", "learning_rate_init": 0.3, "n_iter_no_change": 4, "max_iter": 60}
    stopping = recorded(8, early_stopping=True, validation_fraction=0.3, random_state=2, **settings).fit(X, LETTERS)
    best, n = stopping.best_epoch_, stopping.n_iter_
    assert best < n
    film = TrainingFilm.from_recording(stopping, X, LETTERS, resolution=5).plot()
    assert f"epoch {n} ({best} kept)" in film.words(-1)
    assert "kept" not in film.words(-2)
    marks = [line for line in film.loss_.title.axes.lines if line.get_label() == f"epoch {best} kept"]
    steps_per_epoch = stopping.recording_[-1].step / n
    assert [np.asarray(mark.get_xdata()).tolist() for mark in marks] == [[best * steps_per_epoch] * 2]


def test_description_tells_the_numbers(clf: Any, film: TrainingFilm) -> None:
    words = film.describe()
    first, last = (clf.recording_[k].estimator for k in (0, -1))
    losses = [log_loss(LETTERS, one.predict_proba(X)) for one in (first, last)]
    assert words.startswith("5 frames from step 0 to step 12 (epoch 12). On 60 rows the loss fell from ")
    assert f"from {losses[0]:.3g} to {losses[1]:.3g}," in words
    assert "hidden_2 (3 units) is seen in all frames in the plane of the last frame's" in words


def test_plot_on_given_axes(film: TrainingFilm) -> None:
    figure = Figure(figsize=(12, 6))
    ax = figure.subplots(1, 2)[1]
    assert film.plot(ax, frame=1) is film
    assert film.figure_ is figure
    assert len(figure.axes) == 7  # both given, four panels, the bar of colours
    with pytest.raises(ParameterError, match="A film needs axes of a grid"):
        film.plot(Figure().add_axes((0, 0, 1, 1)))


def test_frames_that_do_not_exist(clf: Any, film: TrainingFilm) -> None:
    with pytest.raises(ParameterError, match="frame=5 does not exist; the film has 5, from 0 to 4"):
        film.plot(frame=5)
    with pytest.raises(ParameterError, match=r"no picture to change. Call plot\(\) first"):
        TrainingFilm(film.frames).show(0)
    with pytest.raises(ParameterError, match="fps=0 cannot be used"):
        TrainingFilm(film.frames, fps=0)


# -- pictures and files -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(film: TrainingFilm) -> str:
    return film.to_html(dpi=40)


@pytest.fixture(scope="module")
def images(film: TrainingFilm) -> list[Any]:
    return list(film.images(dpi=40))


def frames_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="film" type="application/json">(.*?)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_images_differ_where_the_network_learned(film: TrainingFilm, images: list[Any]) -> None:
    width, height = film.figure_size()
    assert len(images) == len(film)
    assert {image.shape for image in images} == {(int(height * 40), int(width * 40), 3)}
    assert all((one != other).any() for one, other in pairwise(images))


def test_page_needs_nothing_else(page: str, film: TrainingFilm) -> None:
    assert "http" not in page
    assert not re.search(r"<(link|script|iframe|img)[^>]* (src|href)=(?!\"data:)", page)
    assert not re.search(r"@import|\burl\((?!text)", page)
    assert f'max="{len(film) - 1}"' in page
    assert 'aria-label="Frame"' in page


def test_page_holds_every_frame_whole(page: str, film: TrainingFilm, images: list[Any]) -> None:
    data = frames_of(page)
    assert (len(data["frames"]), data["fps"]) == (len(film), 12)
    for number, (image, words) in enumerate(zip(images, data["words"], strict=True)):
        assert words == f"{film.words(number)}, loss {film.frames.loss[number]:.3g}"
        parts = [Image.open(io.BytesIO(base64.b64decode(part))) for part in data["frames"][number]]
        whole = np.concatenate([np.asarray(part.convert("RGB"), float) for part in parts], axis=1)
        assert whole.shape == image.shape
        assert np.abs(whole - image).mean() < 6  # of 255: the pictures are compressed


def test_page_escapes_what_it_is_told(page: str) -> None:
    data = frames_of(page)
    picture: Any = type("Told", (), {"parts": ("AA",), "sizes": ((1, 1),), "words": "</script><b>"})()
    told = player_page([picture], parts=['"a"'], fps=5, title="a < b", description="<i>")
    assert "</script><b>" not in told
    assert frames_of(told)["words"] == ["</script><b>"]
    assert "<title>a &lt; b</title>" in told
    assert 'alt="&quot;a&quot; at &lt;/script&gt;&lt;b&gt;"' in told
    assert data["kind"] == "image/webp"
    with pytest.raises(ParameterError, match="film without frames cannot be played"):
        player_page([], parts=[], fps=5, title="", description="")


def test_page_without_webp_takes_png(film: TrainingFilm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    data = frames_of(film.to_html(dpi=20))
    assert data["kind"] == "image/png"
    assert Image.open(io.BytesIO(base64.b64decode(data["frames"][0][0]))).format == "PNG"


def test_notebook_shows_the_player_in_a_frame_of_its_own(film: TrainingFilm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "to_html", lambda: '<p id="player">5 > 4 & "so"</p>')
    found = re.search(r'<iframe [^>]*srcdoc="([^"]*)"', film._repr_html_())
    assert found is not None
    assert html.unescape(found[1]) == film.to_html()
    assert film._repr_svg_ is None


def test_gif_has_every_frame_and_rests_on_the_last(film: TrainingFilm, images: list[Any], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = film.save(tmp_path / "film.gif", dpi=40, progress=lambda done, total: told.append((done, total)))
    with Image.open(path) as gif:
        assert gif.n_frames == len(film)  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        durations = []
        for number, image in enumerate(images):
            gif.seek(number)
            durations.append(gif.info["duration"])
            assert np.abs(np.asarray(gif.convert("RGB"), float) - image).mean() < 6
    assert durations == [80] * (len(film) - 1) + [1500]  # 12 a second, in hundredths of a second
    assert told == [(k, 5) for k in range(1, 6)]


def test_poster_is_the_frame_asked_for(film: TrainingFilm, images: list[Any], tmp_path: Path) -> None:
    for frame in (-1, 1):
        with Image.open(film.save(tmp_path / "poster.PNG", dpi=40, frame=frame)) as poster:
            assert np.abs(np.asarray(poster, float) - images[frame]).mean() < 0.5  # laid out for itself


def test_html_file_is_the_page(film: TrainingFilm, page: str, tmp_path: Path) -> None:
    assert film.save(str(tmp_path / "film.html"), dpi=40).read_text("utf-8") == page


# -- ffmpeg -------------------------------------------------------------------------------------------


def pretend(folder: Path, body: str) -> Path:
    """Put a program called ffmpeg into a folder."""
    program = folder / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.usefixtures("no_ffmpeg")
def test_mp4_without_ffmpeg_names_the_way_out(film: TrainingFilm, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"ffmpeg, which is not on the PATH.*write a \.gif or a \.html"):
        film.save(tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_mp4_is_what_ffmpeg_makes_of_the_frames(
    film: TrainingFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ffmpeg writes down what it was told and given."""
    told = "import json; json.dump([sys.argv[1:], len(sys.stdin.buffer.read())], open(sys.argv[-1], 'w'))"
    program = pretend(tmp_path, told)
    monkeypatch.setattr(shutil, "which", {"ffmpeg": str(program)}.get)
    arguments, n_bytes = json.loads(film.save(tmp_path / "film.mp4", dpi=41).read_bytes())
    width, height = (int(n) for n in arguments[arguments.index("-s") + 1].split("x"))
    whole = next(film.images(dpi=41)).shape
    assert (width, height) == (whole[1] // 2 * 2, whole[0] // 2 * 2)
    assert n_bytes == len(film) * width * height * 3
    assert arguments[arguments.index("-r") + 1] == "12"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ffmpeg", "film.mp4"]


def test_mp4_that_ffmpeg_refuses(film: TrainingFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = pretend(tmp_path, "sys.stderr.write('first words\\nno such encoder\\n'); sys.exit(1)")
    monkeypatch.setattr(shutil, "which", {"ffmpeg": str(program)}.get)
    with pytest.raises(StratesError, match=r"ffmpeg could not make the film \(no such encoder\)"):
        film.save(tmp_path / "film.mp4", dpi=40)
    assert not (tmp_path / "film.mp4").exists()


# -- whole or not at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".html", ".gif", ".mp4"])
def test_interruption_leaves_the_old_file(
    suffix: str, film: TrainingFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = pretend(tmp_path, "sys.stdin.buffer.read()")
    monkeypatch.setattr(shutil, "which", {"ffmpeg": str(program)}.get)
    path = tmp_path / f"film{suffix}"
    path.write_text("what was there")

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film.save(path, dpi=20, progress=interrupt)
    assert path.read_text() == "what was there"
    assert sorted(os.listdir(tmp_path)) == sorted(["ffmpeg", path.name])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("film.avi", r"'film.avi' ends with '.avi', which is no format of a film.*Known: .html, .gif, .mp4, .png"),
        ("film.giff", "Did you mean '.gif'"),
        ("film", "'film' ends with ''"),
    ],
)
def test_formats_that_are_unknown(name: str, message: str, film: TrainingFilm, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=message):
        film.save(tmp_path / name)
