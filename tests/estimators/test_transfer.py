"""What was learned elsewhere: kept bit for bit where frozen, computed once, and worth something."""

from __future__ import annotations

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import strates
from strates import Autoencoder, CNNClassifier, MLPClassifier, Recorder, TransferClassifier
from strates._random import integer_seed
from strates.engine.feature_store import STORE
from strates.estimators._head_alpha import ALPHAS, choose_alpha
from strates.exceptions import DataError, ParameterError, StratesWarning

L = keras.layers
RNG = np.random.default_rng(0)
#: Two kinds of images of bytes: stripes across, and stripes down.
STRIPES = RNG.integers(0, 90, (60, 12, 12, 3), dtype=np.uint8)
STRIPES[::2, ::3] += 120
STRIPES[1::2, :, ::3] += 120
KINDS = np.array(["across", "down"] * 30)
TUNE = {
    "strategy": "fine_tune", "unfreeze": 2, "fine_tune_max_iter": 2, "fine_tune_learning_rate": 0.01, "random_state": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    """A small network with batch normalisation, as somebody else trained it."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(4, 3, padding="same", name="conv_a"),
            L.BatchNormalization(name="norm_a"),
            L.ReLU(),
            L.MaxPooling2D(),
            L.Conv2D(6, 3, padding="same", activation="relu", name="conv_b"),
            L.BatchNormalization(name="norm_b"),
            L.GlobalAveragePooling2D(name="average"),
            L.Dense(5, activation="softmax"),
        ]
    )
    for name in ("norm_a", "norm_b"):
        layer = model.get_layer(name)
        layer.set_weights([np.abs(w) + RNG.uniform(0.1, 0.5, w.shape) for w in layer.get_weights()])
    return model


@pytest.fixture(scope="module")
def clf(model):
    return TransferClassifier(model, random_state=0).fit(STRIPES, KINDS)


@pytest.fixture(scope="module")
def tuned(model):
    return TransferClassifier(model, **TUNE).fit(STRIPES, KINDS)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def low(digits):
    """A network that knows the digits 0 to 4."""
    X, y = digits
    mlp = MLPClassifier((32,), batch_size=32, learning_rate="cosine", max_iter=30, random_state=0)
    return mlp.fit(X[y < 5], y[y < 5])


def own_weights(model):
    """Weights by layer and name: a model's own name, which begins its paths, counts the models made before it."""
    return {v.path.removeprefix(f"{model.name}/"): np.asarray(v) for v in model.weights}


def backbone_weights(network):
    return {v.path: np.asarray(v) for v in network.weights if not v.path.startswith(("hidden", "outputs"))}


# -- features ------------------------------------------------------------------------------------------


def test_the_head_is_the_logistic_regression_of_the_features(model, clf):
    assert clf.score(STRIPES, KINDS) == 1
    features = keras.Model(model.inputs[0], model.get_layer("average").output)(STRIPES).numpy()
    np.testing.assert_allclose(clf.transform(STRIPES), features, rtol=1e-5)
    one = TransferClassifier(model, alpha=0.01, tol=1e-7, random_state=0).fit(STRIPES, KINDS)
    expected = LogisticRegression(C=1 / (0.01 * 60), tol=1e-8, max_iter=10_000).fit(features.astype(float), KINDS)
    kernel, bias = one.network_.get_layer("outputs").get_weights()
    np.testing.assert_allclose(kernel[:, 0], expected.coef_[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(bias, expected.intercept_, rtol=1e-3, atol=1e-4)


def test_nothing_of_the_backbone_changes(model, clf):
    network = clf.network_
    assert [v.path for v in network.trainable_variables] == ["outputs/kernel", "outputs/bias"]
    given = own_weights(model)
    for path, weight in backbone_weights(network).items():
        np.testing.assert_array_equal(weight, given[path])


def test_the_network_takes_raw_images(clf):
    twin = clone(clf).fit(STRIPES, KINDS)  # predicts by features until somebody holds its network
    p = twin.predict_proba(STRIPES[:9])
    np.testing.assert_allclose(twin.network_(STRIPES[:9].astype(np.float32))[:, 0], p[:, 1], atol=1e-6)
    np.testing.assert_allclose(twin.predict_proba(STRIPES[:9]), p, atol=1e-6)
    twin.network_.get_layer("outputs").bias.assign([50.0])
    assert (twin.predict(STRIPES[:9]) == "down").all()


def test_a_search_over_heads_sends_each_row_through_the_backbone_once(model):
    STORE.clear()
    before = STORE.n_computed
    grid = {"alpha": [0.01, 1.0], "hidden_layer_sizes": [(), (4,)]}
    quick = {"solver": "adam", "max_iter": 30, "learning_rate": "cosine", "learning_rate_init": 0.05}
    search = GridSearchCV(TransferClassifier(model, **quick, random_state=0), grid, cv=3).fit(STRIPES, KINDS)
    assert STORE.n_computed - before == 60
    assert search.best_score_ > 0.9


def test_the_penalty_is_the_one_that_predicts_best():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 80))  # fewer rows than features
    codes = (X[:, 0] + rng.normal(size=50) > 0).astype(int)
    weights = rng.uniform(0.5, 2.0, 50)
    losses = []
    for alpha in ALPHAS:
        loss = 0.0
        for train, test in StratifiedKFold(5, shuffle=True, random_state=7).split(X, codes):
            lr = LogisticRegression(C=1 / (alpha * weights[train].sum()), solver="newton-cholesky")
            p = lr.fit(X[train], codes[train], sample_weight=weights[train]).predict_proba(X[test])
            loss -= weights[test] @ np.log(p[np.arange(len(test)), codes[test]])
        losses.append(loss)
    assert choose_alpha(X, codes, weights, 7) == ALPHAS[int(np.argmin(losses))]
    assert choose_alpha(X[:3], np.array([0, 0, 1]), np.ones(3), 0) is None


def test_heads_of_every_kind(model):
    twice = np.repeat(STRIPES[:30], 2, axis=0), np.repeat(KINDS[:30], 2)
    heavy = TransferClassifier(model, alpha=0.1, tol=1e-6).fit(STRIPES[:30], KINDS[:30], sample_weight=np.full(30, 2.0))
    np.testing.assert_allclose(
        heavy.predict_proba(STRIPES), TransferClassifier(model, alpha=0.1, tol=1e-6).fit(*twice).predict_proba(STRIPES),
        atol=1e-3,
    )  # fmt: skip
    labels = np.column_stack([KINDS == "down", np.arange(60) < 30]).astype(int)
    several = TransferClassifier(model, max_iter=500).fit(STRIPES, labels)
    assert several.predict(STRIPES).shape == (60, 2)
    deep = TransferClassifier(
        model, hidden_layer_sizes=(8,), dropout=0.2, batch_size=20, learning_rate="cosine", learning_rate_init=0.02,
        early_stopping=True, random_state=0,
    ).fit(STRIPES, KINDS)  # fmt: skip
    assert deep.transform(STRIPES).shape == (60, 8)
    assert deep.transform(STRIPES, layer="average").shape == (60, 6)
    assert deep.score(STRIPES, KINDS) > 0.9


def test_it_looks_like_every_other_classifier(clf):
    assert (clf.n_features_in_, clf.image_shape_, clf.n_features_out_, clf.n_unfrozen_) == (432, (12, 12, 3), 6, 0)
    assert len(clf.history_) == clf.n_iter_ == len(clf.loss_curve_)
    np.testing.assert_array_equal(clf.predict_proba(STRIPES.reshape(60, -1)), clf.predict_proba(STRIPES))
    maps = clf.transform(STRIPES[:2], layer=0)
    assert maps.shape == (2, 12, 12, 4) or maps.shape == (2, 6, 6, 4)
    fresh = clf.initialized(STRIPES)
    np.testing.assert_allclose(fresh.transform(STRIPES), clf.transform(STRIPES), rtol=1e-6)
    assert not np.array_equal(fresh.network_.get_weights()[-2], clf.network_.get_weights()[-2])
    assert not hasattr(clf, "partial_fit")


# -- fine-tuning ---------------------------------------------------------------------------------------


def test_frozen_batch_normalisation_is_unchanged_to_the_bit(model, tuned):
    given = own_weights(model)
    found = backbone_weights(tuned.network_)
    for path, weight in found.items():
        same = np.array_equal(weight, given[path])
        assert same == ("norm" in path), path
    assert tuned.n_unfrozen_ == 2
    assert tuned.score(STRIPES, KINDS) == 1


def test_batch_normalisation_learns_when_it_is_asked_to(model):
    free = TransferClassifier(model, freeze_batch_norm=False, **{**TUNE, "unfreeze": 1}).fit(STRIPES, KINDS)
    given = own_weights(model)
    changed = {
        path for path, weight in backbone_weights(free.network_).items() if not np.array_equal(weight, given[path])
    }
    assert {path.split("/")[0] for path in changed} == {"conv_b", "norm_b"}
    assert "norm_b/moving_mean" in changed


def test_groups_are_unfrozen_from_the_features_down(model):
    one = TransferClassifier(model, **{**TUNE, "unfreeze": 1}).fit(STRIPES, KINDS)
    found = backbone_weights(one.network_)
    np.testing.assert_array_equal(found["conv_a/kernel"], model.get_layer("conv_a").kernel)
    assert not np.array_equal(found["conv_b/kernel"], model.get_layer("conv_b").kernel)
    paths = [v.path for v in one.network_.trainable_variables]
    assert paths == ["conv_b/kernel", "conv_b/bias", "outputs/kernel", "outputs/bias"]


def test_rates_shrink_by_layer(model):
    """One step of plain gradient descent: what each layer moves by is its gradient times its own rate."""
    common = {**TUNE, "solver": keras.optimizers.SGD(0.1), "batch_size": 64, "fine_tune_max_iter": 1, "unfreeze": 1}
    common |= {"max_iter": 1, "learning_rate": "cosine"}  # of the head, before
    before = TransferClassifier(model, alpha=0.1, **{**common, "strategy": "features"}).fit(STRIPES, KINDS)
    after = {
        decay: TransferClassifier(model, alpha=0.1, layer_decay=decay, **common).fit(STRIPES, KINDS).network_
        for decay in (1.0, 4.0)
    }
    start = {v.path: np.asarray(v, np.float64) for v in before.network_.weights}
    for v in after[1.0].trainable_variables:
        wide = np.asarray(v, np.float64) - start[v.path]
        narrow = np.asarray(after[4.0].get_layer(v.path.split("/")[0]).weights[v.path.endswith("bias")]) - start[v.path]
        ratio = 1.0 if v.path.startswith("outputs") else 0.25
        assert np.abs(wide).max() > 1e-5
        np.testing.assert_allclose(narrow, ratio * wide, rtol=0, atol=np.abs(start[v.path]).max() * 2**-23)


def test_frozen_layers_are_computed_once_or_at_each_step_alike(model, tuned):
    """Augmentation that changes nothing sends whole images through at each step: the same training."""
    still = keras.layers.RandomTranslation(0.0, 0.0)
    with_it = TransferClassifier(model, augmentation=still, **TUNE).fit(STRIPES, KINDS)
    for a, b in zip(with_it.network_.get_weights(), tuned.network_.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)
    turned = TransferClassifier(model, augmentation="translation", **TUNE).fit(STRIPES, KINDS)
    assert "RandomTranslation" in {type(layer).__name__ for layer in turned.network_.layers}
    assert turned.score(STRIPES, KINDS) > 0.9


def test_an_unfreezing_that_does_harm_is_undone(model):
    wild = {**TUNE, "fine_tune_learning_rate": 30.0, "early_stopping": True, "validation_fraction": 0.3}
    clf = TransferClassifier(model, solver="lbfgs", **wild).fit(STRIPES, KINDS)
    assert (clf.n_unfrozen_, clf.score(STRIPES, KINDS)) == (0, 1.0)


def test_how_much_is_unfrozen_is_judged_by_rows_held_out(model, tmp_path):
    auto = {**TUNE, "unfreeze": "auto", "alpha": 0.3}
    rng = np.random.default_rng(1)
    labels = np.where(rng.random(60) < 0.15, KINDS[::-1], KINDS)  # some are wrong, so that not all goes well
    clf = TransferClassifier(model, **auto).fit(STRIPES, labels)
    folds = StratifiedKFold(3, shuffle=True, random_state=integer_seed(clf._seed, "unfreeze"))
    expected = np.zeros((3, 2))
    for train, test in folds.split(STRIPES, labels):
        for n in range(3):
            given = auto | ({"unfreeze": n} if n else {"strategy": "features"})
            one = TransferClassifier(model, **given).fit(STRIPES[train], labels[train])
            p = one.predict_proba(STRIPES[test])[np.arange(20), (labels[test] == "down").astype(int)]
            expected[n] += (p > 0.5).mean() / 3, -np.log(p).mean() / 3
    scores = clf.unfreeze_scores_
    np.testing.assert_allclose(scores[["accuracy", "loss"]], expected, atol=1e-4)
    assert scores["n_unfrozen"].tolist() == [0, 1, 2]
    assert clf.n_unfrozen_ == min(range(3), key=lambda n: (-expected[n, 0], expected[n, 1]))
    pd.testing.assert_frame_equal(strates.load(strates.save(clf, tmp_path / "auto")).unfreeze_scores_, scores)


def test_fine_tuning_that_helps_nowhere_is_not_done(model, clf):
    wild = {**TUNE, "unfreeze": "auto", "fine_tune_learning_rate": 30.0}
    same = TransferClassifier(model, **wild).set_callbacks(Recorder(frames=3)).fit(STRIPES, KINDS)
    assert same.n_unfrozen_ == 0
    np.testing.assert_allclose(same.predict_proba(STRIPES), clf.predict_proba(STRIPES), atol=1e-6)
    assert len(same.recording_) > 1
    assert len(clf.unfreeze_scores_) == 0
    one_each = TransferClassifier(model, **{**TUNE, "unfreeze": "auto"}).fit(STRIPES[:2], KINDS[:2])
    assert (one_each.n_unfrozen_, len(one_each.unfreeze_scores_)) == (1, 0)


def test_two_fits_are_equal_to_the_bit(model, tuned):
    again = clone(tuned).fit(STRIPES, KINDS)
    for a, b in zip(again.network_.get_weights(), tuned.network_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_recorders_see_the_unfreezings_as_one_training(model):
    clf = TransferClassifier(model, **TUNE)
    clf.set_callbacks(Recorder(frames=5)).fit(STRIPES, KINDS)
    frames = clf.recording_
    epochs = [frame.epoch for frame in frames]
    assert epochs == sorted(set(epochs))
    assert (epochs[0], epochs[-1]) == (0, 4)
    assert any(0 < epoch < 2 for epoch in epochs)
    assert any(2 < epoch < 4 for epoch in epochs)
    first, last = frames[0].estimator, frames[-1].estimator
    features = TransferClassifier(model, random_state=0).fit(STRIPES, KINDS)
    np.testing.assert_allclose(first.predict_proba(STRIPES), features.predict_proba(STRIPES), atol=1e-5)
    np.testing.assert_array_equal(last.predict_proba(STRIPES), clf.predict_proba(STRIPES))


def test_recorders_of_a_head(model, clf):
    again = clone(clf).set_callbacks(Recorder(frames=4)).fit(STRIPES, KINDS)
    frames = again.recording_
    assert frames[-1].epoch == again.n_iter_
    np.testing.assert_allclose(frames[-1].estimator.predict_proba(STRIPES), clf.predict_proba(STRIPES), atol=1e-5)
    assert frames[0].estimator.network_.input_shape == (None, 12, 12, 3)


# -- backbones of every kind ---------------------------------------------------------------------------


def test_a_classifier_of_strates(digits, low):
    X, y = digits
    clf = TransferClassifier(low, random_state=0).fit(X[y >= 5], y[y >= 5])
    np.testing.assert_allclose(clf.transform(X), low.transform(X), atol=1e-5)
    np.testing.assert_array_equal(clf.transform(X.reshape(-1, 8, 8)), clf.transform(X))
    assert [layer.name for layer in clf.network_.layers] == ["inputs", "backbone_hidden_1", "outputs"]
    again = TransferClassifier(clf, random_state=0).fit(X[y < 5], y[y < 5])  # and back
    np.testing.assert_allclose(again.transform(X), low.transform(X), atol=1e-5)


def test_a_convolutional_one_and_an_autoencoder(digits):
    X, y = digits[0][:200] * 16, digits[1][:200]
    quick = {"learning_rate": "cosine", "max_iter": 2, "random_state": 0}
    cnn = CNNClassifier((4,), hidden_layer_sizes=(6,), **quick).fit(X, y)
    clf = TransferClassifier(cnn, random_state=0).fit(X, y)
    assert clf.image_shape_ == (8, 8, 1)
    np.testing.assert_allclose(clf.transform(X), cnn.transform(X), atol=1e-5)
    coder = Autoencoder((5,), **quick).fit(X)
    np.testing.assert_allclose(TransferClassifier(coder).fit(X, y).transform(X), coder.transform(X), atol=1e-4)


def test_a_network_of_keras_applications(tmp_path):
    images = np.repeat(np.repeat(STRIPES[:4], 3, axis=1), 3, axis=2)
    given = keras.applications.VGG16(weights=None, include_top=False, input_shape=(36, 36, 3), pooling="avg")
    given.save_weights(tmp_path / "given.weights.h5")
    clf = TransferClassifier("VGG16", weights=tmp_path / "given.weights.h5").fit(images, KINDS[:4])
    expected = given(keras.applications.vgg16.preprocess_input(images.astype(np.float32)))
    np.testing.assert_allclose(clf.transform(images), expected, rtol=1e-3, atol=1e-5)
    scaled = clone(clf).fit(images / 255, KINDS[:4])  # pixels to 1 are found out, and brought to 255
    np.testing.assert_allclose(scaled.transform(images / 255), expected, rtol=1e-3, atol=1e-5)
    model = TransferClassifier(given).fit(images, KINDS[:4])  # known by its name
    np.testing.assert_allclose(model.transform(images), expected, rtol=1e-3, atol=1e-5)


def test_preprocessing_that_is_asked_for(model):
    clf = TransferClassifier(model, preprocessing="tf", random_state=0).fit(STRIPES, KINDS)
    features = keras.Model(model.inputs[0], model.get_layer("average").output)
    np.testing.assert_allclose(clf.transform(STRIPES), features(STRIPES / np.float32(127.5) - 1), atol=1e-5)


def test_grey_images_are_repeated_and_told(model):
    grey = STRIPES[..., 0]
    with pytest.warns(StratesWarning, match="images are grey, and The backbone takes colours"):
        clf = TransferClassifier(model, random_state=0).fit(grey, KINDS)
    colour = np.repeat(grey[..., None], 3, axis=-1)
    same = TransferClassifier(model, random_state=0).fit(colour, KINDS)
    np.testing.assert_allclose(clf.predict_proba(grey), same.predict_proba(colour), atol=1e-5)


# -- files and copies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["clf", "tuned"])
def test_files_and_pickles(request, kind, tmp_path):
    clf = request.getfixturevalue(kind)
    again = strates.load(strates.save(clf, tmp_path / "stripes"))
    np.testing.assert_array_equal(again.predict_proba(STRIPES), clf.predict_proba(STRIPES))
    np.testing.assert_array_equal(again.transform(STRIPES, layer=0), clf.transform(STRIPES, layer=0))
    assert again.classes_.tolist() == ["across", "down"]
    with pytest.raises(ParameterError, match=r"backbone is None: .* set it: clf.set_params\(backbone=model\)"):
        again.fit(STRIPES, KINDS)
    copied = pickle.loads(pickle.dumps(clf))
    np.testing.assert_allclose(copied.predict_proba(STRIPES), clf.predict_proba(STRIPES), atol=1e-6)


def test_pixels_of_another_scale_are_told(clf):
    with pytest.warns(StratesWarning, match=r"fractions up to 1, but the network learned from pixels up to 255"):
        clf.predict(STRIPES / 255)


def test_a_backbone_of_strates_is_kept_in_the_file(digits, low, tmp_path):
    X, y = digits[0][:100], digits[1][:100]
    clf = TransferClassifier(low, random_state=0).fit(X, y)
    path = strates.save(clf, tmp_path / "high.strates")
    again = strates.load(path)
    np.testing.assert_allclose(again.fit(X, y).predict_proba(X), clf.predict_proba(X), atol=1e-5)
    from_file = TransferClassifier(strates.save(low, tmp_path / "low.strates"), random_state=0).fit(X, y)
    np.testing.assert_allclose(from_file.predict_proba(X), clf.predict_proba(X), atol=1e-5)
    low.network_.save(tmp_path / "low.keras")
    from_keras = TransferClassifier(str(tmp_path / "low.keras"), random_state=0).fit(X, y)
    np.testing.assert_allclose(from_keras.predict_proba(X), clf.predict_proba(X), atol=1e-5)


def test_clones_share_the_backbone(model, low):
    assert clone(TransferClassifier(low, alpha=0.5)).backbone is low
    twin = clone(TransferClassifier(model, alpha=0.5))
    assert (twin.backbone is model, twin.alpha) == (True, 0.5)


# -- messages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strategy": "finetune"}, "strategy='finetune' is not known. Did you mean 'fine_tune'"),
        ({"preprocessing": "caffee"}, "preprocessing='caffee'.*Did you mean 'caffe'"),
        ({"layer": 3}, "layer=3 cannot be used: it is the name of a layer"),
        ({"layer": "conv_c"}, "layer='conv_c': the backbone has no such layer. It has: .*conv_b"),
        ({"image_size": 0}, "image_size=0 cannot be used"),
        ({"scale": -1}, "scale=-1 cannot be used: it is a positive number"),
        ({"unfreeze": 0}, "unfreeze=0 cannot be used"),
        ({"unfreeze": "some"}, "unfreeze='some' cannot be used"),
        ({"layer_decay": 0.5}, r"layer_decay=0.5 cannot be used: it must be a number in \[1, inf\)"),
        ({"solver": "adan"}, "solver='adan' is not known. Did you mean 'adam'"),
        ({"alpha": "automatic"}, "alpha='automatic' cannot be used"),
        ({"augmentation": "flip"}, "with strategy='features' the backbone computes their features once"),
        ({"weights": "absent.weights.h5"}, "weights='absent.weights.h5': there is no such file"),
    ],
)
def test_parameters_that_cannot_be_used(model, parameters, message):
    with pytest.raises(ParameterError, match=message):
        TransferClassifier(model, **parameters).fit(STRIPES, KINDS)


def test_backbones_that_cannot_be_used(model, digits, tmp_path):
    def fit(backbone, X=STRIPES):
        return TransferClassifier(backbone).fit(X, KINDS)

    with pytest.raises(ParameterError, match="Did you mean 'VGG19'"):
        fit("VGG18")
    with pytest.raises(NotFittedError, match=r"backbone is a MLPClassifier that is not fitted yet.*Fit it first"):
        fit(MLPClassifier())
    with pytest.raises(ParameterError, match=r"pipeline\[-1\].*pipeline\[:-1\].transform\(X\)"):
        fit(make_pipeline(StandardScaler(), MLPClassifier()))
    with pytest.raises(ParameterError, match="is a int; expected the name of a network"):
        fit(3)
    with pytest.raises(ParameterError, match="there is no such file"):
        fit(tmp_path / "absent.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ParameterError, match=r"a file of weights holds numbers and no network.*weights="):
        fit(tmp_path / "model.weights.h5")
    (tmp_path / "broken.keras").write_bytes(b"no network")
    with pytest.raises(ParameterError, match=r"broken.keras' cannot be read"):
        fit(tmp_path / "broken.keras")
    with pytest.raises(ParameterError, match=r"without an input shape. Begin it with keras.Input"):
        fit(keras.Sequential([L.Dense(2)]))
    with pytest.raises(DataError, match="VGG16 needs images of at least 32 x 32 pixels, but X has images of 12 x 12"):
        TransferClassifier("VGG16", weights=None).fit(STRIPES, KINDS)
    with pytest.raises(DataError, match=r"takes rows of shape \(64,\), but X has rows of shape \(432,\)"):
        fit(MLPClassifier((3,), max_iter=1, learning_rate="cosine").fit(*digits), STRIPES.reshape(60, -1))


def test_fits_of_several_stages_have_no_checkpoint(model, tmp_path):
    clf = TransferClassifier(model, **TUNE).set_callbacks(strates.Checkpoint(tmp_path / "progress"))
    with pytest.raises(ParameterError, match="Checkpoint resumes a fit of one stage"):
        clf.fit(STRIPES, KINDS)


def test_before_a_fit():
    with pytest.raises(NotFittedError):
        TransferClassifier("VGG16").predict(STRIPES)
    assert "backbone='VGG16'" in repr(TransferClassifier("VGG16"))
