"""The gradient check: right gradients pass, wrong ones do not, and kinks are no errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from strates import MLPClassifier
from strates.backprop import gradient_check, network_rows, rebuild, verdict
from strates.backprop.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    LayerNorm,
    Loss,
    Penalty,
    SoftmaxCrossEntropy,
)
from strates.exceptions import DataError, ParameterError, TargetError

#: What Keras and TensorFlow hold in float32 in a network of float64: slopes, constants of gelu, strengths of
#: regularizers, and whatever enters a nested model.
ROUNDED = ("gelu", "leaky_relu", "nested", "regularized", "convolutions", "frozen")


def parameters(check):
    return check.to_frame().set_index(["parameter", "penalty", "dropout"])


# --- the scale of the notes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "smooth", "bent"),
    [
        (0.0, "good", "good"),
        (1e-7, "good", "good"),
        (1.01e-7, "too high", "fine"),
        (1e-4, "too high", "fine"),
        (1.01e-4, "uncomfortable", "uncomfortable"),
        (1e-2, "uncomfortable", "uncomfortable"),
        (1.01e-2, "wrong", "wrong"),
        (2.0, "wrong", "wrong"),
        (np.nan, "wrong", "wrong"),
    ],
)
def test_verdicts_are_those_of_the_notes(error, smooth, bent):
    assert (verdict(error, kinks=False), verdict(error, kinks=True)) == (smooth, bent)


# --- every network -------------------------------------------------------------------------------


def test_gradients_of_every_network_are_right(network_name, trained):
    clf, X, y = trained(network_name)
    check = gradient_check(clf, X, y, entries=6)
    assert check.verdict in ("good", "fine")
    assert check.tensorflow_error < (1e-6 if any(word in network_name for word in ROUNDED) else 1e-10)
    asked = {block.parameter for block in check.blocks if not np.isnan(block.tensorflow_error)}
    assert asked == {name for name in rebuild(clf).parameters if not name.startswith("frozen")}


@pytest.fixture(scope="module")
def spiral():
    """The notes' data, and their network of 100 tanh units, with weights drawn from the normal distribution."""
    draw = np.random.RandomState(0)
    r, t = np.tile(np.linspace(0, 1, 100), 3), np.concatenate([np.linspace(4 * j, 4 * j + 4, 100) for j in range(3)])
    t = t + 0.2 * draw.randn(300)
    X, y = np.column_stack([r * np.sin(t), r * np.cos(t)]), np.repeat([0, 1, 2], 100)
    weights = [draw.randn(2, 100), np.zeros(100), draw.randn(100, 3), np.zeros(3)]

    def network(activation):
        clf = MLPClassifier(
            (100,), activation=activation, alpha=1e-3, learning_rate="cosine", max_iter=1, random_state=0
        )
        clf.fit(X, y).network_.set_weights(weights)
        return clf

    return network, X, y


def test_the_notes_network_passes(spiral):
    network, X, y = spiral
    check = gradient_check(network("tanh"), X, y, h=1e-5)
    assert check.max_error < 5e-7  # the notes' order of magnitude, 1.8e-7: it is rounding
    assert check.verdict == "good"
    assert check.kinks == ()


def test_the_error_falls_like_the_square_of_the_step_until_rounding(spiral):
    network, X, y = spiral
    clf = network("tanh")
    errors = {h: gradient_check(clf, X, y, h=h, entries=20).max_error for h in (1e-2, 5e-3, 1e-3, 1e-5, 1e-9)}
    assert errors[1e-2] / errors[5e-3] == pytest.approx(4, rel=0.02)
    assert errors[1e-2] / errors[1e-3] == pytest.approx(100, rel=0.02)
    assert errors[1e-5] < errors[1e-3] / 3
    assert errors[1e-9] > 10 * errors[1e-5]


@pytest.mark.parametrize("h", [1e-4, 1e-5, 1e-6, 1e-7])
def test_float32_is_wrong_by_about_one(h, spiral):
    network, X, y = spiral
    check = gradient_check(network("tanh"), X, y, h=h, entries=20, dtype="float32")
    assert 0.5 < check.max_error <= 2
    assert check.verdict == "wrong"


def test_no_step_is_good_enough_for_float32(spiral):
    network, X, y = spiral
    clf = network("tanh")
    for h in (1e-1, 1e-2, 1e-3):
        assert gradient_check(clf, X, y, h=h, entries=20, dtype="float32").verdict in ("uncomfortable", "wrong")


def test_a_step_too_small_for_float64_is_not_called_good(spiral):
    network, X, y = spiral
    clf = network("tanh")
    for h in (1e-10, 1e-13, 1e-300):
        assert gradient_check(clf, X, y, h=h, entries=20).verdict == "wrong"


# --- kinks ---------------------------------------------------------------------------------------


def test_relus_kinks_are_set_apart(spiral):
    network, X, y = spiral
    check = gradient_check(network("relu"), X, y, h=1e-3, entries=None)
    counted = check.to_frame()["n_kinks"].sum()
    assert counted == len(check.kinks) > 50
    assert 0.05 < max(kink.error for kink in check.kinks) < 2  # the notes' example reads 0.11
    assert check.max_error < 1e-4
    frame = check.to_frame()
    compared = frame["n_kinks"] < frame["n_checked"]
    assert compared.any()
    assert set(frame.loc[compared, "verdict"]) <= {"good", "fine"}
    assert set(frame.loc[~compared, "verdict"]) <= {"not compared"}


OUTPUTS = np.array([[1, -1, 2], [0.5, 1, -1], [3, -2, 1]])


@pytest.fixture
def planted():
    """Three relu units that see x_0, x_1 and x_2 alone; of row 1 the last stands at -1e-6, just before its kink."""
    X = np.array([[1.0, -1.0, 2.0], [-2.0, 1.0, -1e-6], [0.5, 3.0, -1.0]])
    y = np.array([0, 1, 2])
    clf = MLPClassifier((3,), alpha=0.0, learning_rate="cosine", max_iter=1, random_state=0).fit(X, y)
    clf.network_.set_weights([np.eye(3), np.zeros(3), OUTPUTS, np.zeros(3)])
    return clf, X, y


def test_a_planted_kink_is_named(planted):
    clf, X, y = planted
    check = gradient_check(clf, X, y, h=1e-5, entries=None)
    where = {(k.parameter, k.index): (k.layer, k.row, k.unit) for k in check.kinks}
    unit = ("hidden_1 (relu)", 1, 2)
    # moved by h times -2, 1 and 1; through the weight from x_2 itself it moves by 1e-11 only
    assert where == {
        ("hidden_1/kernel", (0, 2)): unit,
        ("hidden_1/kernel", (1, 2)): unit,
        ("hidden_1/bias", (2,)): unit,
    }
    assert check.verdict == "good"
    assert check.max_error < 1e-6
    # the upper point lies 9e-6 above the kink: 9e-6 / 2e-5 of what the unit would send up, where relu' says none
    p = np.exp(X[1].clip(0) @ OUTPUTS)
    seen = 0.45 * OUTPUTS[2] @ (p / p.sum() - [0, 1, 0]) / 3
    exact = clf.loss_gradient(X, y).parameters["hidden_1/bias"][2]
    (kink,) = [k for k in check.kinks if k.parameter == "hidden_1/bias"]
    assert kink.error == pytest.approx(abs(seen) / max(abs(exact), abs(exact + seen)), rel=1e-3)


def test_a_step_that_stays_on_its_side_has_no_kink(planted):
    clf, X, y = planted
    check = gradient_check(clf, X, y, h=4e-7, entries=None)
    assert check.kinks == ()


def test_a_parameter_whose_every_step_crosses_a_kink_is_not_called_good(planted):
    clf, X, y = planted
    check = gradient_check(clf, X, y, h=5, entries=None)  # the three units are at most 3 from their kinks
    block = check.to_frame().set_index("parameter").loc["hidden_1/bias"]
    assert (block["n_checked"], block["n_kinks"], block["verdict"]) == (3, 3, "not compared")
    assert check.verdict not in ("good", "fine")


def test_kinks_are_told_in_words(planted):
    clf, X, y = planted
    text = gradient_check(clf, X, y, h=1e-5, entries=None).to_text()
    assert "kink: hidden_1/bias[2] moves unit 2 of hidden_1 (relu), row 1, over its kink (would read" in text


def test_the_corner_of_the_lasso_is_a_kink(trained):
    clf, X, y = trained("logistic, lasso")
    zeros = [tuple(place) for place in np.argwhere(clf.network_.get_weights()[0] == 0).tolist()]
    assert zeros, "the lasso has set nothing to zero"
    check = gradient_check(clf, X, y, entries=None)
    assert {(k.parameter, k.index, k.layer) for k in check.kinks} == {("outputs/kernel", z, "penalty") for z in zeros}
    assert f"kink: outputs/kernel{list(zeros[0])} is at the corner of |w|" in check.to_text()


# --- wrong gradients -----------------------------------------------------------------------------


def scale_gradient(key, factor):
    """Make a layer's backward err in one of its parameters, or in what it hands down."""

    def change(right):
        def backward(self, gradient, cache):
            down, own = right(self, gradient, cache)
            if key == "input":
                return factor * down, own
            return down, {k: factor * v if k == key else v for k, v in own.items()}

        return backward

    return change


MISTAKES = {
    "kernel": ("mlp, tanh", Dense, "kernel", "outputs/kernel"),
    "bias": ("mlp, tanh", Dense, "bias", "hidden_1/bias"),
    "handed down": ("mlp, tanh", Dense, "input", "hidden_1/kernel"),
    "activation": ("mlp, relu", Activation, "input", "hidden_1/kernel"),
    "batch norm, gamma": ("mlp, batch_norm", BatchNorm, "gamma", "hidden_1_norm/gamma"),
    "layer norm": ("smooth convolutions", LayerNorm, "input", "conv2d/kernel"),
    "convolution": ("convolutions", Conv2D, "kernel", "conv2d/kernel"),
    "dropout": ("mlp, dropout", Dropout, "input", "hidden_1/kernel"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_gradient_is_caught_and_placed(mistake, trained, monkeypatch):
    name, layer, key, parameter = MISTAKES[mistake]
    clf, X, y = trained(name)
    monkeypatch.setattr(layer, "backward", scale_gradient(key, 1.05)(layer.backward))
    check = gradient_check(clf, X, y, entries=5)
    assert check.verdict == "wrong"
    wrong = {b.parameter.rpartition("/")[2] for b in check.blocks if b.verdict == "wrong"}
    assert parameter.rpartition("/")[2] in wrong
    last = [
        b for b in check.blocks if b.parameter.rpartition("/")[0] == list(rebuild(clf).parameters)[-1].partition("/")[0]
    ]
    if key == "input":  # it was right above the mistake
        assert {b.verdict for b in last} <= {"good", "fine"}


@pytest.mark.parametrize(
    ("name", "factor", "expected"),
    [
        ("mlp, tanh", 1 + 1e-3, "uncomfortable"),
        ("mlp, tanh", 1 + 1e-5, "too high"),
        ("mlp, relu", 1 + 1e-5, "fine"),
    ],
)
def test_smaller_mistakes_have_their_words(name, factor, expected, trained, monkeypatch):
    clf, X, y = trained(name)
    monkeypatch.setattr(Dense, "backward", scale_gradient("kernel", factor)(Dense.backward))
    check = gradient_check(clf, X, y, entries=5)
    assert check.verdict == expected
    assert check.max_error == pytest.approx(factor - 1, rel=0.05)


def test_a_wrong_loss_and_a_wrong_penalty_are_caught(trained, monkeypatch):
    clf, X, y = trained("mlp, elastic net")
    with monkeypatch.context() as patch:
        patch.setattr(Penalty, "gradient", lambda self, W: 2 * self.alpha * np.asarray(W))
        found = parameters(gradient_check(clf, X, y, entries=10))
        assert found.loc[("outputs/kernel", True, False), "verdict"] == "wrong"
        assert found.loc[("outputs/kernel", False, False), "verdict"] == "good"
    right = Loss.gradient
    monkeypatch.setattr(SoftmaxCrossEntropy, "gradient", lambda self, cache: right(self, cache) * len(cache.y))
    assert gradient_check(clf, X, y, entries=10).verdict == "wrong"


@pytest.mark.parametrize(("change", "expected"), [(1.05, "wrong"), (1 + 2e-3, "uncomfortable"), (1 + 1e-9, "good")])
def test_a_network_that_tensorflow_differentiates_otherwise_is_caught(change, expected, trained, monkeypatch):
    clf, X, y = trained("mlp, softplus")
    told = type(clf).loss_gradient

    def other(self, *args, **kwargs):
        found = told(self, *args, **kwargs)
        found.parameters["hidden_1/bias"] = found.parameters["hidden_1/bias"] * change
        return found

    monkeypatch.setattr(MLPClassifier, "loss_gradient", other)
    check = gradient_check(clf, X, y, entries=5)
    assert check.verdict == expected
    assert check.tensorflow_error == pytest.approx(1 - 1 / change, rel=1e-3)
    verdicts = check.to_frame().set_index("parameter")["verdict"].to_dict()
    assert set(verdicts.values()) - {expected} <= {"good"}


def test_saturated_units_are_no_disagreement():
    # thousands of units before tanh: its slope is 1e-17 to one witness and 0 to another, and both are right
    X, y = 1000 * np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    clf = MLPClassifier((5,), activation="tanh", learning_rate="cosine", max_iter=1, random_state=0).fit(X, y)
    assert gradient_check(clf, X, y).verdict == "good"


# --- what is checked, and how it is told ---------------------------------------------------------


def test_the_penalty_is_off_then_on(trained):
    clf, X, y = trained("mlp, elastic net")
    found = parameters(gradient_check(clf, X, y, entries=None))
    assert list(found.index.get_level_values("penalty")) == [False] * 6 + [True] * 6
    W = clf.network_.get_layer("outputs").kernel.numpy().astype(float)
    gradient = clf.loss_gradient(network_rows(clf, X), y).parameters["outputs/kernel"]
    added = 0.01 * (0.3 * np.sign(W) + 0.7 * W)
    for penalty, wanted in ((False, gradient), (True, gradient + added)):
        row = found.loc[("outputs/kernel", penalty, False)]
        assert row["analytic"] == pytest.approx(wanted[row["entry"]], rel=1e-9)
        assert row["n_checked"] == W.size
    assert set(parameters(gradient_check(*trained("mlp, relu"), entries=2)).index.get_level_values("penalty")) == {
        False
    }


def test_dropout_is_checked_with_one_fixed_mask(trained):
    clf, X, y = trained("mlp, dropout")
    first, again, other = (gradient_check(clf, X, y, entries=4, random_state=seed) for seed in (0, 0, 1))
    assert first == again or repr(first) == repr(again)  # NaN is not equal to itself
    masked = [b for b in first.blocks if b.dropout]
    assert [b.parameter for b in masked] == list(rebuild(clf).parameters)
    assert all(np.isnan(b.tensorflow_error) for b in masked)
    plain = {b.parameter: b for b in first.blocks if not b.dropout and not b.penalty}
    assert any(b.analytic != plain[b.parameter].analytic for b in masked)
    assert [b.analytic for b in masked] != [b.analytic for b in other.blocks if b.dropout]


def test_masks_are_fixed_and_drop_the_share_they_should(trained, monkeypatch):
    clf, X, y = trained("mlp, dropout")
    masks = {}
    right = Dropout.forward

    def spy(self, x):
        if self.mask is not None:
            masks.setdefault(self.name, set()).add(self.mask.tobytes())
        return right(self, x)

    monkeypatch.setattr(Dropout, "forward", spy)
    gradient_check(clf, np.repeat(X, 100, axis=0), np.repeat(y, 100), entries=1)
    assert all(len(seen) == 1 for seen in masks.values())  # one mask, however often the network is passed
    kept = [np.frombuffer(next(iter(seen)), dtype=bool).mean() for seen in masks.values()]
    assert len(kept) == 2
    np.testing.assert_allclose(kept, 0.6, atol=0.03)  # rate 0.4; 5 standard errors


def test_batch_norm_uses_the_rows_when_there_are_several(trained):
    clf, X, y = trained("mlp, batch_norm")
    for rows, training in ((slice(None), True), (slice(1), False)):
        check = gradient_check(clf, X[rows], y[rows], entries=None)
        wanted = clf.loss_gradient(X[rows], y[rows], training=training).parameters
        for block in [b for b in check.blocks if not b.penalty]:
            assert block.analytic == pytest.approx(wanted[block.parameter][block.entry], rel=1e-6, abs=1e-12)
        assert check.verdict == "good"


def test_entries_are_drawn_or_all(trained):
    clf, X, y = trained("mlp, tanh")
    sizes = {name: p.size for name, p in rebuild(clf).parameters.items()}
    few = gradient_check(clf, X, y, entries=7)
    assert {b.parameter: b.n_checked for b in few.blocks} == {name: min(7, n) for name, n in sizes.items()}
    assert {b.parameter: b.n_checked for b in gradient_check(clf, X, y, entries=None).blocks} == sizes
    assert (
        few.to_frame()["entry"].tolist()
        != gradient_check(clf, X, y, entries=7, random_state=3).to_frame()["entry"].tolist()
    )


def test_the_table(trained):
    check = gradient_check(*trained("mlp, dropout"), entries=3)
    frame = check.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == [
        "parameter", "shape", "penalty", "dropout", "n_checked", "n_kinks", "max_error", "beyond_rounding", "entry",
        "analytic", "numerical", "tensorflow_error", "verdict",
    ]  # fmt: skip
    assert len(frame) == 3 * 6  # off, on, masked
    error = (frame["analytic"] - frame["numerical"]).abs() / frame[["analytic", "numerical"]].abs().max(axis=1)
    np.testing.assert_allclose(frame["max_error"], error.fillna(0), rtol=1e-9)
    assert check.max_error == frame["max_error"].max()
    assert check.tensorflow_error == frame["tensorflow_error"].max()
    lines = str(check).splitlines()
    heads = "parameter,penalty,dropout,checked,kinks,max error,beyond rounding,TensorFlow,verdict"
    assert lines[0].split() == heads.replace(",", " ").split()
    assert [line.split()[0] for line in lines[1:19]] == frame["parameter"].tolist()
    assert lines[-1].startswith(f"{check.verdict}: largest relative error {check.max_error:.1e}, of which")
    assert lines[-1].endswith("at h = 1e-05")
    assert max(map(len, lines)) <= 100


def test_many_kinks_are_counted_in_the_text(spiral):
    network, X, y = spiral
    check = gradient_check(network("relu"), X, y, h=1e-3, entries=30)
    lines = str(check).splitlines()
    assert sum(line.startswith("kink: ") for line in lines) == 5
    assert f"... and {len(check.kinks) - 5} more kinks, in .kinks" in lines


# --- forms of the same question ------------------------------------------------------------------


def test_forms_of_rows_and_labels(trained):
    clf, X, y = trained("mlp, relu")
    wanted = repr(gradient_check(clf, X, y, entries=3))
    for rows, labels in ((X.tolist(), y.tolist()), (X, pd.Series(y)), (X, y[:, None]), (X, pd.DataFrame({"y": y}))):
        assert repr(gradient_check(clf, rows, labels, entries=3)) == wanted
    one = repr(gradient_check(clf, X[:1], y[:1], entries=3))
    assert repr(gradient_check(clf, X[:1], y[0], entries=3)) == one


@pytest.mark.parametrize("random_state", [None, 3, np.random.RandomState(0), np.random.default_rng(0)])
def test_every_kind_of_random_state(random_state, trained):
    assert gradient_check(*trained("mlp, tanh"), entries=3, random_state=random_state).verdict == "good"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"h": 0}, "h=0; expected a positive step, such as 1e-5"),
        ({"h": -1e-5}, "h=-1e-05; expected a positive step"),
        ({"h": np.nan}, "h=nan; expected a positive step"),
        ({"h": "small"}, "h='small'; expected a positive step"),
        ({"entries": 0}, "entries=0; expected a number of entries of 1 or more, or None for all"),
        ({"entries": 2.5}, "entries=2.5; expected a number of entries"),
        ({"entries": True}, "entries=True; expected a number of entries"),
        ({"dtype": "float16"}, "dtype='float16'; expected 'float64', or 'float32' to see why it does not do"),
        ({"dtype": None}, "dtype=None; expected 'float64'"),
        ({"random_state": -1}, "random_state=-1 cannot be used"),
    ],
)
def test_choices_that_cannot_be_used_are_refused(options, message, trained):
    with pytest.raises(ParameterError, match=message):
        gradient_check(*trained("mlp, tanh"), **options)


def test_rows_and_labels_that_cannot_be_used_are_refused(trained):
    clf, X, y = trained("mlp, tanh")
    holes = X.copy()
    holes[2, 3] = np.nan
    with pytest.raises(DataError, match="X holds nan in row 2, column 3"):
        gradient_check(clf, holes, y)
    with pytest.raises(TargetError, match="y holds the label 9, which is not among the classes 0, 1, 2"):
        gradient_check(clf, X, np.full(len(X), 9))
    with pytest.raises(TargetError, match=f"X has {len(X)} rows, y has 1 labels"):
        gradient_check(clf, X, y[:1])
