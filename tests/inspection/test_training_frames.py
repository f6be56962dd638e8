"""The numbers of a film are those that the recorded estimators give one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, log_loss

from strates import LogisticRegression, MLPClassifier, Perceptron, Recorder, tabular_pipeline
from strates.datasets import blobs, moons
from strates.estimators import Recording
from strates.exceptions import DataError, ParameterError
from strates.inspection import training_frames

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = moons(80, noise=0.15)
Y = np.array(["left", "right"])[Y]
IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)


def network(*hidden: int, frames: int = 4, **changes: Any) -> Any:
    settings: dict[str, Any] = {"learning_rate": "cosine", "max_iter": 12, "random_state": 0, **changes}
    return MLPClassifier(hidden, **settings).set_callbacks(Recorder(frames))


@pytest.fixture(scope="module")
def clf() -> Any:
    return network(5, 3).fit(X, Y)


@pytest.fixture(scope="module")
def found(clf: Any) -> Any:
    return training_frames(clf, X, Y, resolution=12)


def test_frames_are_those_of_the_recording(clf: Any, found: Any) -> None:
    assert found.steps.tolist() == [frame.step for frame in clf.recording_]
    assert found.epochs.tolist() == [frame.epoch for frame in clf.recording_]
    assert found.steps_per_epoch == 1  # 80 rows are one batch
    assert len(found) == len(clf.recording_) == 5


def test_plane_is_laid_once_and_each_frame_asked_on_it(clf: Any, found: Any) -> None:
    grid = found.boundary.grid()  # with two columns the plane is the table itself
    assert np.allclose([grid.min(axis=0), grid.max(axis=0)], [X.min(axis=0), X.max(axis=0)], atol=0.2)
    for probabilities, frame in zip(found.probabilities, clf.recording_, strict=True):
        np.testing.assert_array_equal(probabilities.reshape(-1, 2), frame.estimator.predict_proba(grid))
    assert found.probabilities.dtype == np.float32


def test_rows_are_decided_as_the_frame_decides_them(clf: Any, found: Any) -> None:
    np.testing.assert_allclose(found.boundary.points, X)
    for k, frame in enumerate(clf.recording_):
        assert (clf.classes_[found.predicted[k]] == frame.estimator.predict(X)).all()
        assert (found.background[k] == found.predicted[k]).all()  # all rows lie on the plane


def test_loss_and_accuracy_are_those_of_scikit_learn(clf: Any, found: Any) -> None:
    for k, frame in enumerate(clf.recording_):
        assert found.loss[k] == pytest.approx(log_loss(Y, frame.estimator.predict_proba(X)), rel=1e-6)
        assert found.accuracy[k] == accuracy_score(Y, frame.estimator.predict(X))
    assert found.n_measured == 80
    assert found.validation_loss is None
    assert found.best_epoch is None


def test_last_layer_is_seen_in_the_components_of_the_last_frame(clf: Any, found: Any) -> None:
    moving = found.representation
    spaces = [frame.estimator.transform(X).astype(float) for frame in clf.recording_]
    pca = PCA(2).fit(spaces[-1])
    signs = np.sign((moving.projections[-1] * pca.transform(spaces[-1])).sum(axis=0))
    for projection, share, space in zip(moving.projections, moving.shares, spaces, strict=True):
        np.testing.assert_allclose(projection, pca.transform(space) * signs, atol=1e-6)
        assert share == pytest.approx(projection.var(axis=0).sum() / space.var(axis=0).sum())
    assert (moving.name, moving.width, moving.is_exact) == ("hidden_2", 3, False)


def test_straight_boundary_passes_through_the_mean_of_each_frame(clf: Any, found: Any) -> None:
    moving = found.representation
    for boundary, projection, frame in zip(moving.boundaries, moving.projections, clf.recording_, strict=True):
        kernel, bias = frame.estimator.coefs_[-1], frame.estimator.intercepts_[-1]
        log_odds = frame.estimator.transform(X).mean(axis=0) @ kernel + bias
        left, right = boundary.scores(projection.mean(axis=0)[None])[0]
        assert right - left == pytest.approx(log_odds[0], abs=1e-5)


def test_layer_of_two_units_is_seen_as_it_is_with_its_own_boundary() -> None:
    clf = network(4, 2).fit(X, Y)
    found = training_frames(clf, X, Y, resolution=5)
    for k, frame in enumerate(clf.recording_):
        projection = found.representation.projections[k]
        np.testing.assert_allclose(projection, frame.estimator.transform(X), atol=1e-6)
        assert (found.representation.boundaries[k].scores(projection).argmax(axis=1) == found.predicted[k]).all()
    assert found.representation.shares == pytest.approx(1.0)


def test_weights_are_the_estimators(clf: Any, found: Any) -> None:
    began = clf.recording_[0].estimator.coefs_
    for k, frame in enumerate(clf.recording_):
        coefs = frame.estimator.coefs_
        np.testing.assert_array_equal(found.weights.first[k], coefs[0])
        np.testing.assert_allclose(found.weights.norms[k], [np.linalg.norm(w) for w in coefs])
        moved = [np.linalg.norm(w - w0) / np.linalg.norm(w0) for w, w0 in zip(coefs, began, strict=True)]
        np.testing.assert_allclose(found.weights.moved[k], moved, rtol=1e-6, atol=1e-12)
    assert found.weights.names == ("hidden_1", "hidden_2", "outputs")
    assert found.weights.input_names == found.boundary.axis_names == ("x0", "x1")


def test_recording_alone_gives_the_same(clf: Any, found: Any) -> None:
    again = training_frames(clf.recording_, X, Y, resolution=12)
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    np.testing.assert_array_equal(again.loss, found.loss)


def test_network_without_hidden_layers_has_no_moving_representation() -> None:
    clf = LogisticRegression(alpha=0.01).set_callbacks(Recorder(3)).fit(IRIS, SPECIES)
    found = training_frames(clf, IRIS, SPECIES, resolution=5)
    assert found.representation is None
    assert found.weights.unit_names == ("0", "1", "2")
    assert found.weights.input_names == tuple(IRIS.columns)
    np.testing.assert_allclose(found.weights.moved[-1], np.linalg.norm(clf.coef_), rtol=1e-5)  # it began at 0


# -- what stands before the network -------------------------------------------------------------------


@pytest.fixture(scope="module")
def flowers() -> Any:
    """Return a pipeline on a table with a category and gaps, the table, and its classes."""
    table = IRIS.assign(garden=np.where(np.arange(150) % 3 == 0, "north", "south"))
    table.iloc[::10, 0] = np.nan
    return tabular_pipeline(network(6)).fit(table, SPECIES), table


def test_pipeline_prepares_the_rows_for_every_frame(flowers: Any) -> None:
    pipeline, table = flowers
    found = training_frames(pipeline, table, SPECIES, resolution=7)
    boundary = found.boundary
    assert boundary.plane is not None
    inputs, grid = pipeline[:-1].transform(table), pipeline[:-1].transform(boundary.plane.rows(boundary.grid()))
    placed = table.iloc[:, 0].notna().to_numpy()
    assert boundary.n_left_out == 15
    for k, frame in enumerate(pipeline[-1].recording_):
        answers = frame.estimator.predict_proba(grid)
        np.testing.assert_array_equal(found.probabilities[k].reshape(-1, 3), answers)
        assert found.loss[k] == pytest.approx(log_loss(SPECIES, frame.estimator.predict_proba(inputs)), rel=1e-6)
        assert (found.predicted[k] == frame.estimator.predict(inputs[placed])).all()
    assert found.representation.projections.shape == (len(found), 135, 2)
    np.testing.assert_array_equal(found.boundary.predicted, found.predicted[-1])
    np.testing.assert_array_equal(found.boundary.background, found.background[-1])


def test_table_of_categories_is_seen_among_the_networks_inputs() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"soil": rng.choice(["clay", "sand", "chalk"], 60), "side": rng.choice(["n", "s"], 60)})
    kind = np.where((table["soil"] == "clay") == (table["side"] == "n"), "oak", "yew")
    pipeline = tabular_pipeline(network(4)).fit(table, kind)
    found = training_frames(pipeline, table, kind, resolution=5)
    assert found.boundary.note.startswith("The plane lies among the numbers that reach the network.")
    assert any(f"soil_{name}" in found.boundary.axis_names[0] for name in ("clay", "sand", "chalk"))
    inputs = found.boundary.plane.rows(found.boundary.grid()).to_numpy()  # type: ignore[union-attr]
    last = pipeline[-1].predict_proba(inputs)
    np.testing.assert_array_equal(found.probabilities[-1].reshape(-1, 2), last)
    with pytest.raises(ParameterError, match="A plane needs two columns of numbers that vary, and X has 0"):
        training_frames(pipeline, table, kind, plane="pca")


# -- rows and classes ---------------------------------------------------------------------------------


def test_many_rows_are_sampled_for_the_picture_alone(clf: Any, found: Any) -> None:
    few = training_frames(clf, X, Y, resolution=5, max_rows=20)
    assert len(few.boundary.points) == few.predicted.shape[1] == few.representation.projections.shape[1] == 20
    np.testing.assert_array_equal(few.loss, found.loss)
    assert few.n_measured == 80
    drawn = [np.abs(X - point).sum(axis=1).argmin() for point in few.boundary.points]
    np.testing.assert_array_equal(few.predicted, found.predicted[:, drawn])


def test_more_than_twenty_classes_become_the_nine_commonest_and_the_rest() -> None:
    many_X, many_y = blobs(300, centers=24, n_features=3, noise=1.0)
    clf = network(4, frames=2, max_iter=4).fit(many_X, many_y)
    found = training_frames(clf, many_X, many_y, resolution=5)
    assert found.boundary.classes[-1] == "15 others"
    shown = [int(name) for name in found.boundary.classes[:-1]]
    counts = np.bincount(many_y)
    assert min(counts[shown]) >= max(np.delete(counts, shown))
    plane = found.boundary.plane
    assert plane is not None
    answers = clf.predict_proba(plane.rows(found.boundary.grid()))
    folded = found.probabilities[-1].reshape(-1, 10)
    np.testing.assert_array_equal(folded[:, :9], answers[:, shown])
    np.testing.assert_array_equal(folded[:, 9], np.delete(answers, shown, axis=1).max(axis=1))
    assert found.representation.boundaries == (None,) * len(found)


def test_rows_held_out_have_a_loss_of_their_own(clf: Any) -> None:
    other_X, other_y = moons(40, noise=0.2, random_state=5)
    labels = np.array(["left", "right"])[other_y]
    found = training_frames(clf, X, Y, validation_data=(other_X, labels), resolution=5)
    assert found.validation_epochs.tolist() == found.epochs.tolist()
    for loss, frame in zip(found.validation_loss, clf.recording_, strict=True):
        assert loss == pytest.approx(log_loss(labels, frame.estimator.predict_proba(other_X)), rel=1e-6)


def test_early_stopping_shows_what_it_watched_and_which_epoch_it_kept() -> None:
    settings = {"learning_rate": "constant", "learning_rate_init": 0.3, "n_iter_no_change": 4, "max_iter": 60}
    clf = network(8, early_stopping=True, validation_fraction=0.3, random_state=2, **settings).fit(X, Y)
    assert clf.n_iter_ < 60  # it did stop
    found = training_frames(clf, X, Y, resolution=5)
    assert found.validation_loss.tolist() == clf.validation_loss_curve_
    assert found.validation_epochs.tolist() == list(range(1, clf.n_iter_ + 1))
    assert found.best_epoch == clf.best_epoch_ < clf.n_iter_


# -- what cannot be filmed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (MLPClassifier((2,)), r"This MLPClassifier has no recording_.*set_callbacks\(Recorder\(frames=60\)\)"),
        (Perceptron(), "This Perceptron has no recording_.*takes none: take an MLPClassifier"),
        (3, "recording or of what was fitted with a Recorder; got int"),
        (Recording(), "The recording is empty"),
    ],
)
def test_without_a_recording(source: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        training_frames(source, X, Y)


def test_rows_that_do_not_suit(clf: Any) -> None:
    with pytest.raises(DataError, match="X has 80 rows and y has 79 labels"):
        training_frames(clf, X, Y[1:])
    with pytest.raises(DataError, match=r"y has shape \(80, 2\), several labels a row"):
        training_frames(clf, X, np.zeros((80, 2)))
    with pytest.raises(DataError, match="never learned: 'middle'"):
        training_frames(clf, X, np.full(80, "middle"))
    with pytest.raises(ParameterError, match="max_rows=0 cannot be used; expected 1 row or more"):
        training_frames(clf, X, Y, max_rows=0)
