"""The ledger of one row: every number of the way up and of the way back, against NumPy by hand."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.mathtext import MathTextParser
from scipy.signal import convolve2d, correlate2d
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron
from strates.backprop import Ledger, gradient_check, ledger, network_rows
from strates.backprop.layers import Dense
from strates.backprop.ledger_latex import latex_number, latex_text
from strates.backprop.ledger_text import short_names
from strates.engine.backend import keras
from strates.exceptions import DataError, ParameterError, TargetError

L = keras.layers
QUICK = {"learning_rate": "cosine", "learning_rate_init": 0.01, "max_iter": 3, "random_state": 0}
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(40, 4)), columns=["age", "height", "weight", "pulse"])
Y = np.array(["calm", "brisk", "wild"])[np.arange(40) % 3]
EVIL = ["<script>alert(1)</script>", "a&b\"'", "x_1 [%] $ # ~ ^ \\ {", "µ-ß “quotes” 日本"]


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def found(book: Ledger) -> dict:
    """The arrays of a ledger by layer and quantity, which must be different for each."""
    arrays = {(line.layer, line.quantity): line.value for line in book.lines}
    assert len(arrays) == len(book.lines)
    return arrays


def compare(book: Ledger, wanted: dict) -> None:
    arrays = found(book)
    assert set(arrays) == set(wanted)
    for key, value in wanted.items():
        np.testing.assert_allclose(arrays[key], value, rtol=1e-9, atol=1e-12, err_msg=str(key))
        assert arrays[key].shape == np.shape(value), key


def weights(clf) -> list:
    return [w.astype(float) for w in clf.network_.get_weights()]


@pytest.fixture(scope="module")
def tanh():
    options = {**QUICK, "alpha": 0.02, "l1_ratio": 0.25, "label_smoothing": 0.3}
    return MLPClassifier((3,), activation="tanh", **options).fit(X, Y)


@pytest.fixture(scope="module")
def book(tanh):
    return ledger(tanh, X.iloc[[7]], Y[7])


@pytest.fixture(scope="module")
def norm():
    clf = MLPClassifier((3,), activation="relu", batch_norm=True, **QUICK).fit(X, Y)
    return clf, ledger(clf, X.iloc[[4]], Y[4])


def build_small(input_shape, n_outputs):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            L.Rescaling(0.5, offset=-1.0, name="scale"),
            L.Conv2D(2, 2, activation="relu", name="conv"),
            L.MaxPooling2D(2, name="pool"),
            L.Flatten(name="flat"),
            L.Dense(n_outputs, name="outputs"),
        ]
    )


@pytest.fixture(scope="module")
def conv():
    images = RNG.uniform(0, 4, (30, 5, 5, 1))
    clf = NetworkClassifier(build_small, **QUICK).fit(images, Y[:30])
    return clf, images, ledger(clf, images[3], Y[3])


@pytest.fixture(scope="module")
def evil():
    """Names that break a page and a document, and sixty classes with long names."""
    classes = np.array([f"class {k:02d} of <b>&amp; $x_1$ {'long ' * 12}" for k in range(60)])
    rows = pd.DataFrame(RNG.normal(size=(120, 4)), columns=EVIL)
    y = np.tile(classes, 2)
    clf = MLPClassifier((3,), activation="selu", label_smoothing=0.1, **QUICK).fit(rows, y)
    return ledger(clf, rows.iloc[[3]], y[3])


# --- the numbers ---------------------------------------------------------------------------------


def by_hand(clf, x, y):
    """Go up and down a 4-3-3 network of tanh units with label smoothing 0.3, on one row."""
    W1, b1, W2, b2 = weights(clf)
    target = 0.7 * (clf.classes_ == y) + 0.1
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    d2 = p - target
    da = W2 @ d2
    d1 = da * (1 - a1**2)
    return {
        ("inputs", "inputs"): x,
        ("hidden_1", "kernel"): W1,
        ("hidden_1", "bias"): b1,
        ("hidden_1", "output"): z1,
        ("hidden_1 (tanh)", "output"): a1,
        ("outputs", "kernel"): W2,
        ("outputs", "bias"): b2,
        ("outputs", "output"): z2,
        ("loss", "probabilities"): p,
        ("loss", "target"): target,
        ("loss", "loss"): -(target * np.log(p)).sum(),
        ("loss", "input gradient"): d2,
        ("outputs", "kernel gradient"): np.outer(a1, d2),
        ("outputs", "bias gradient"): d2,
        ("outputs", "input gradient"): da,
        ("hidden_1 (tanh)", "input gradient"): d1,
        ("hidden_1", "kernel gradient"): np.outer(x, d1),
        ("hidden_1", "bias gradient"): d1,
        ("hidden_1", "input gradient"): W1 @ d1,
    }


def test_every_number_of_a_small_network(tanh, book):
    wanted = by_hand(tanh, X.to_numpy()[7], Y[7])
    compare(book, wanted)
    assert [(line.layer, line.quantity) for line in book.lines] == list(wanted)  # in the order of the computation
    assert book.loss == pytest.approx(wanted["loss", "loss"])
    assert book.penalty == 0
    assert book.probabilities == pytest.approx(dict(zip(tanh.classes_, wanted["loss", "probabilities"], strict=True)))
    assert book.probabilities == pytest.approx(
        dict(zip(tanh.classes_, tanh.predict_proba(X.iloc[[7]])[0].astype(float), strict=True)), abs=1e-6
    )
    assert (book.label, book.title) == ("brisk", "MLPClassifier, one row of class brisk")
    assert list(book.layers) == ["inputs", "hidden_1", "hidden_1 (tanh)", "outputs", "loss"]


def test_the_penalty_has_lines_of_its_own(tanh):
    book = ledger(tanh, X.iloc[[7]], Y[7], penalty=True)
    wanted = by_hand(tanh, X.to_numpy()[7], Y[7])
    total = 0.0
    for layer, W in zip(("hidden_1", "outputs"), weights(tanh)[::2], strict=True):
        cost = 0.02 * (0.25 * np.abs(W).sum() + 0.75 / 2 * (W**2).sum())
        wanted[layer, "kernel penalty"] = cost
        slope = 0.02 * (0.25 * np.sign(W) + 0.75 * W)
        wanted[layer, "kernel gradient with penalty"] = wanted[layer, "kernel gradient"] + slope
        total += cost
    compare(book, wanted)
    assert book.penalty == pytest.approx(total)
    assert {w.penalty for w in book.witnesses} == {True}


def test_every_number_of_a_network_with_batch_norm(norm):
    clf, book = norm
    W1, gamma, beta, mean, variance, W2, b2 = weights(clf)
    x = X.to_numpy()[4]
    s = np.sqrt(variance + 1e-3)
    z1 = x @ W1
    hat = (z1 - mean) / s
    n1 = gamma * hat + beta
    a1 = np.maximum(n1, 0)
    z2 = a1 @ W2 + b2
    target = (clf.classes_ == Y[4]).astype(float)
    d2 = softmax(z2) - target
    da = W2 @ d2
    dn = da * (n1 > 0)
    dz = gamma * dn / s
    compare(
        book,
        {
            ("inputs", "inputs"): x,
            ("hidden_1", "kernel"): W1,
            ("hidden_1", "output"): z1,
            ("batch_norm_1", "gamma"): gamma,
            ("batch_norm_1", "beta"): beta,
            ("batch_norm_1", "moving_mean"): mean,
            ("batch_norm_1", "moving_variance"): variance,
            ("batch_norm_1", "output"): n1,
            ("activation_1", "output"): a1,
            ("outputs", "kernel"): W2,
            ("outputs", "bias"): b2,
            ("outputs", "output"): z2,
            ("loss", "probabilities"): softmax(z2),
            ("loss", "target"): target,
            ("loss", "loss"): -np.log(softmax(z2)[target == 1]).item(),
            ("loss", "input gradient"): d2,
            ("outputs", "kernel gradient"): np.outer(a1, d2),
            ("outputs", "bias gradient"): d2,
            ("outputs", "input gradient"): da,
            ("activation_1", "input gradient"): dn,
            ("batch_norm_1", "gamma gradient"): dn * hat,
            ("batch_norm_1", "beta gradient"): dn,
            ("batch_norm_1", "input gradient"): dz,
            ("hidden_1", "kernel gradient"): np.outer(x, dz),
            ("hidden_1", "input gradient"): W1 @ dz,
        },
    )


def test_every_number_of_a_small_convolutional_network(conv):
    clf, images, book = conv
    K, k, W, b = weights(clf)
    x = images[3]
    s = 0.5 * x - 1
    z1 = np.stack([correlate2d(s[..., 0], K[..., 0, f], mode="valid") + k[f] for f in range(2)], axis=-1)
    a1 = np.maximum(z1, 0)
    pooled = a1.reshape(2, 2, 2, 2, 2).max(axis=(1, 3))
    z2 = pooled.ravel() @ W + b
    target = (clf.classes_ == Y[3]).astype(float)
    d2 = softmax(z2) - target
    flat = W @ d2
    dp = flat.reshape(2, 2, 2)
    da = np.zeros_like(a1)
    for i, j, f in np.ndindex(2, 2, 2):
        block = a1[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, f]
        u, v = np.unravel_index(block.argmax(), (2, 2))
        da[2 * i + u, 2 * j + v, f] = dp[i, j, f]
    d1 = da * (z1 > 0)
    dK = np.stack([correlate2d(s[..., 0], d1[..., f], mode="valid") for f in range(2)], axis=-1)[:, :, None]
    ds = sum(convolve2d(d1[..., f], K[..., 0, f]) for f in range(2))[..., None]
    compare(
        book,
        {
            ("inputs", "inputs"): x,
            ("scale", "scale"): np.array(0.5),
            ("scale", "offset"): np.array(-1.0),
            ("scale", "output"): s,
            ("conv", "kernel"): K,
            ("conv", "bias"): k,
            ("conv", "output"): z1,
            ("conv (relu)", "output"): a1,
            ("pool", "output"): pooled,
            ("flat", "output"): pooled.ravel(),
            ("outputs", "kernel"): W,
            ("outputs", "bias"): b,
            ("outputs", "output"): z2,
            ("loss", "probabilities"): softmax(z2),
            ("loss", "target"): target,
            ("loss", "loss"): -np.log(softmax(z2)[target == 1]).item(),
            ("loss", "input gradient"): d2,
            ("outputs", "kernel gradient"): np.outer(pooled.ravel(), d2),
            ("outputs", "bias gradient"): d2,
            ("outputs", "input gradient"): flat,
            ("flat", "input gradient"): dp,
            ("pool", "input gradient"): da,
            ("conv (relu)", "input gradient"): d1,
            ("conv", "kernel gradient"): dK,
            ("conv", "bias gradient"): d1.sum(axis=(0, 1)),
            ("conv", "input gradient"): ds,
            ("scale", "input gradient"): 0.5 * ds,
        },
    )


@pytest.mark.parametrize("name", ["one sigmoid", "two softmax"])
def test_two_classes_have_two_probabilities(name, trained):
    clf, rows, y = trained(name)
    book = ledger(clf, rows[0], y[0])
    p = clf.predict_proba(rows[:1])[0].astype(float)
    assert book.probabilities == pytest.approx(dict(zip(clf.classes_, p, strict=True)), abs=1e-6)
    right = p[list(clf.classes_).index(y[0])]
    assert book.loss == pytest.approx(-np.log(right), rel=1e-4)
    wanted = {"one sigmoid": p[1:] - (y[0] == clf.classes_[1]), "two softmax": p - (y[0] == clf.classes_)}[name]
    np.testing.assert_allclose(found(book)["loss", "input gradient"], wanted, atol=1e-6)


def test_a_row_with_several_labels(trained):
    clf, rows, y = trained("mlp, multilabel")
    target = 0.9 * y[0] + 0.05  # label smoothing 0.1
    p = clf.predict_proba(rows[:1])[0].astype(float)
    for labels in (y[0], y[:1], y[0].tolist(), pd.DataFrame(y[:1])):
        book = ledger(clf, rows[0], labels)
        assert book.loss == pytest.approx(-(target * np.log(p) + (1 - target) * np.log(1 - p)).sum(), rel=1e-5)
    on = ", ".join(str(i) for i in np.flatnonzero(y[0]))
    assert book.title == f"MLPClassifier, one row with labels {on}"
    none = ledger(clf, rows[0], [0, 0, 0])
    assert none.label == "none"


def test_dropout_and_batch_norm_are_as_in_prediction(trained):
    for name in ("mlp, dropout", "mlp, batch_norm", "convolutions", "pipeline", "tabular"):
        clf, rows, y = trained(name)
        one = rows.iloc[[0]] if hasattr(rows, "iloc") else rows[:1]
        p = list(ledger(clf, one, y[0]).probabilities.values())
        np.testing.assert_allclose(p, clf.predict_proba(one)[0], atol=1e-6)


# --- three witnesses -----------------------------------------------------------------------------


def test_three_witnesses_agree_on_every_network_and_its_formulas_can_be_typeset(network_name, trained):
    clf, rows, y = trained(network_name)
    book = ledger(clf, rows.iloc[[1]] if hasattr(rows, "iloc") else rows[1], y[1], penalty=True)
    assert book.verdict in ("good", "fine")
    assert {w.verdict for w in book.witnesses} <= {"good", "fine"}
    parser = MathTextParser("agg")
    for line in book.lines:
        parser.parse(f"${line.latex}$")  # raises ValueError where it cannot


def test_the_witnesses_are_those_of_the_gradient_check(tanh, book):
    check = gradient_check(tanh, X.iloc[[7]], Y[7:8])
    wanted = [(b.parameter, b.n_checked, b.verdict) for b in check.blocks if not b.penalty]
    assert [(w.parameter, w.n_checked, w.verdict) for w in book.witnesses] == wanted


def test_a_wrong_gradient_is_told(tanh, monkeypatch):
    right = Dense.backward

    def wrong(self, gradient, cache):
        down, own = right(self, gradient, cache)
        return down, {**own, "kernel": 1.1 * own["kernel"]}

    monkeypatch.setattr(Dense, "backward", wrong)
    book = ledger(tanh, X.iloc[[7]], Y[7])
    assert {w.parameter: w.verdict for w in book.witnesses} == {
        "hidden_1/kernel": "wrong", "hidden_1/bias": "good", "outputs/kernel": "wrong", "outputs/bias": "good",
    }  # fmt: skip
    assert book.verdict == "wrong"
    for shown in (book.to_text(), book.to_html(), book.to_latex()):
        assert shown.count("wrong") >= 2


def test_crossed_kinks_are_counted():
    rows = np.array([[1.0, -1e-6]] * 6)
    clf = MLPClassifier((2,), **QUICK).fit(rows, np.arange(6) % 2)
    clf.network_.set_weights([np.eye(2), np.zeros(2), np.array([[1.0], [2.0]]), np.zeros(1)])
    book = ledger(clf, rows[0], 1)
    assert book.n_kinks == 2  # the bias of the second unit, and its weight from the first input
    assert "2 differences crossed a kink, and are set apart." in book.to_text()


# --- products ------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["tanh", "penalty", "batch norm", "convolutions", "sigmoid", "multilabel", "sixty"])
def test_every_product_makes_its_number(which, tanh, norm, conv, evil, trained, within):
    sigmoid, several = trained("logistic, binary"), trained("mlp, multilabel")
    book = {
        "tanh": lambda: ledger(tanh, X.iloc[[7]], Y[7]),
        "penalty": lambda: ledger(tanh, X.iloc[[7]], Y[7], penalty=True),
        "batch norm": lambda: norm[1],
        "convolutions": lambda: conv[2],
        "sigmoid": lambda: ledger(sigmoid.clf, sigmoid.X[0], sigmoid.y[0]),
        "multilabel": lambda: ledger(several.clf, several.X[0], several.y[0]),
        "sixty": lambda: evil,
    }[which]()
    told = Counter()
    for line in book.lines:
        for place in line.places():
            product = line.product(place)
            if product:
                assert within(product, float(line.value[place])), (line.layer, line.quantity, place, product)
            told[line.stage, line.layer, line.quantity] += bool(product)
    silent = {key for key, n in told.items() if not n and key[0] != "given"}
    # a vector made of an image, and an image of a vector; of pooling the rule says it all
    assert silent <= {
        ("forward", "flat", "output"),
        ("backward", "flat", "input gradient"),
        ("backward", "pool", "input gradient"),
    }
    assert all(n == 0 for key, n in told.items() if key[0] == "given")


def test_a_saturated_row_has_finite_products(within):
    rows = np.array([[-1.0], [1.0], [0.5]])
    clf = LogisticRegression(alpha=0.1).fit(rows, [0, 1, 1])
    for slope, row, label in ((60.0, 1.0, 0), (60.0, -1.0, 1), (900.0, 1.0, 0)):
        clf.network_.set_weights([np.array([[slope]]), np.zeros(1)])
        book = ledger(clf, [row], label)
        (line,) = [line for line in book.lines if line.quantity == "loss"]
        assert book.loss == pytest.approx(slope)
        assert within(line.product(()), slope), line.product(())


# --- as a table ----------------------------------------------------------------------------------


def test_the_table_holds_every_number(tanh, book):
    frame = book.to_frame()
    assert frame.columns.tolist() == [
        "stage", "layer", "quantity", "symbol", "rule", "index", "statistic", "value", "product",
    ]  # fmt: skip
    assert len(frame) == sum(line.value.size for line in book.lines)
    assert (frame["statistic"] == "value").all()
    for (layer, quantity), wanted in by_hand(tanh, X.to_numpy()[7], Y[7]).items():
        part = frame[(frame["layer"] == layer) & (frame["quantity"] == quantity)]
        assert len(part) == np.size(wanted)
        for index, value in zip(part["index"], part["value"], strict=True):
            assert value == pytest.approx(np.asarray(wanted)[index], rel=1e-9, abs=1e-12)
    assert list(frame["stage"].unique()) == ["given", "forward", "backward"]


def test_large_arrays_are_summarised_and_the_numbers_are_numpys(tanh):
    book = ledger(tanh, X.iloc[[7]], Y[7], max_numbers=5)
    wanted = by_hand(tanh, X.to_numpy()[7], Y[7])
    frame = book.to_frame()
    large = {key for key, value in wanted.items() if np.size(value) > 5}
    assert len(large) == 4
    for key in large:
        part = frame[(frame["layer"] == key[0]) & (frame["quantity"] == key[1])].set_index("statistic")
        value = wanted[key]
        assert part["value"].to_dict() == pytest.approx(
            {
                "norm": np.sqrt((value**2).sum()), "mean": value.mean(), "min": value.min(), "max": value.max(),
                "zeros": (value == 0).sum(),
            }
        )  # fmt: skip
        assert value[part.loc["min", "index"]] == value.min()
        assert value[part.loc["max", "index"]] == value.max()
    assert len(frame) == sum(5 if key in large else np.size(value) for key, value in wanted.items())
    text = book.to_text()
    norm = np.linalg.norm(wanted["hidden_1", "kernel"])
    assert f"12 numbers: norm {norm:.4g}, " in text
    assert book.to_html().count("Too large to write out; summarised.") == 4
    assert book.to_latex().count(r"A $4 \times 3$ array: norm $") == 2
    assert book.is_large(book.lines[1])
    assert not book.is_large(book.lines[0])


def test_of_a_wide_network_nothing_is_cut_silently(trained):
    rows = RNG.normal(size=(30, 40))
    clf = MLPClassifier((300,), **QUICK).fit(rows, np.arange(30) % 3)
    book = ledger(clf, rows[0], 0)
    text = book.to_text()
    for line in book.lines:
        if line.value.size > 256:
            assert f"{line.value.size:,} numbers: norm" in text
    inputs = text.partition("hidden_1: W")[0].partition("inputs: x")[2]
    shown = re.findall(r"(?<![\w.])−?\d+\.?\d*(?:e[−+]\d+)?(?!\w)", inputs.replace("(40)", ""))
    np.testing.assert_allclose([float(v.replace("−", "-")) for v in shown], rows[0], rtol=5.01e-4)


# --- in a terminal -------------------------------------------------------------------------------


def test_the_text_shows_every_number(tanh, book):
    text = book.to_text()
    assert str(book) == text
    for value in by_hand(tanh, X.to_numpy()[7], Y[7]).values():
        for v in np.ravel(value):
            assert f"{v:.4g}".replace("-", "−") in text
    order = [text.index(part) for part in ("FORWARD", "outputs: z = xW + b", "BACKWARD", "∂L/∂W = xᵀδ", "WITNESSES")]
    assert order == sorted(order)
    assert "\nBACKWARD (δ is what comes back to a layer" in text
    assert text.splitlines()[0] == "MLPClassifier, one row of class brisk"
    columns = text.partition("hidden_1: W")[2]
    assert [line.split()[0] for line in columns.splitlines()[1:5]] == ["age", "height", "weight", "pulse"]


@pytest.mark.parametrize("which", ["small", "batch norm", "convolutions", "evil", "penalty"])
def test_lines_fit_a_terminal(which, tanh, book, norm, conv, evil):
    some = {"small": book, "batch norm": norm[1], "convolutions": conv[2], "evil": evil}.get(which)
    some = some or ledger(tanh, X.iloc[[7]], Y[7], penalty=True, max_numbers=3)
    lines = some.to_text().splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines if line.strip() == "")


def test_numbers_never_touch():
    clf = LogisticRegression(alpha=0.1).fit(np.eye(4)[np.arange(12) % 4], np.arange(12) % 4)
    tiny = -1.234e-123 * np.arange(1, 17).reshape(4, 4)
    book = ledger(clf, np.ones(4), 0)
    lines = tuple(replace(line, value=tiny) if line.quantity == "kernel" else line for line in book.lines)
    text = replace(book, lines=lines).to_text()
    for value in tiny.ravel():
        assert f" {value:.4g}".replace("-", "−") in text


def test_the_class_of_the_row_is_always_among_the_probabilities(evil):
    assert len(evil.probabilities) == 60
    rank = sorted(evil.probabilities.values(), reverse=True).index(evil.probabilities[evil.label])
    assert rank >= 10, "the row was to be classified wrongly"
    first = evil.to_text().partition("loss ")[0]
    assert re.sub(r"\s+", " ", f"{evil.label} {evil.probabilities[evil.label]:.4f}") in re.sub(r"\s+", " ", first)
    assert "and 51 more" in first
    assert 'class="right"' in evil.to_html()
    assert "and 49 more classes" in evil.to_html()
    assert " and 39 more;" in evil.to_latex()


def test_an_image_of_one_channel_is_shown_as_an_image(conv):
    _, images, book = conv
    block = book.to_text().partition("inputs: x    (5 x 5 x 1)\n")[2].partition("\n\n")[0]
    rows = [[float(v.replace("−", "-")) for v in line.split()[1:]] for line in block.splitlines()]
    np.testing.assert_allclose(rows, images[3, :, :, 0], rtol=5.01e-4)
    kernel = book.to_text().partition("conv: W    (2 x 2 x 1 x 2)\n")[2].partition("\n\n")[0]
    assert [line.split("  ")[1] for line in kernel.splitlines()] == ["0, 0, 0", "0, 1, 0", "1, 0, 0", "1, 1, 0"]


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["age", "sex"], ["age", "sex"]),
        (["island_Biscoe", "sex"], ["island_B…", "sex"]),
        (["missing_length", "missing_depth"], ["miss…ngth", "miss…epth"]),
        (["aaaaaaaaaaaaaaaaa1bbbbbbbb", "aaaaaaaaaaaaaaaaa2bbbbbbbb"], ["[0]", "[1]"]),
        (["two\nlines", "b"], ["two lines", "b"]),
        ([], []),
    ],
)
def test_short_names_stay_different(names, short):
    assert short_names(names, 9) == short


# --- as a page -----------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that every element is closed in its turn, and collects what the tests look at."""

    VOID = frozenset({"meta", "br", "hr", "link", "img", "input"})

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> stands twice"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module", params=["small", "convolutions", "evil"])
def page(request, book, conv, evil):
    some = {"small": book, "convolutions": conv[2], "evil": evil}[request.param]
    return some, some.to_html()


def test_the_page_is_well_formed_and_needs_no_network(page):
    _, source = page
    seen = Page(source)
    assert source.startswith("<!doctype html>")
    assert ("html", "lang", "en") in seen.attributes
    assert "//" not in re.sub(r"<script>.*?</script>|<style>.*?</style>", "", source, flags=re.S)
    for forbidden in ("http:", "https:", "@import", "url(", "<link", "<img", "<iframe"):
        assert forbidden not in source
    places = {f"#{value}" for _, name, value in seen.attributes if name == "id"}
    assert {value for _, name, value in seen.attributes if name == "href"} <= places
    assert not [a for a in seen.attributes if a[1] in ("src", "srcset", "action") or a[1].startswith("on")]
    assert seen.tags["script"] == seen.tags["style"] == 1


def test_the_page_has_a_card_a_layer_and_every_number(page):
    some, source = page
    seen = Page(source)
    assert seen.tags["details"] == len(some.layers)
    cells = {*seen.texts["td"], *seen.texts["b"]}
    for line in some.lines:
        if not some.is_large(line):
            for v in line.value.ravel():
                assert f"{v + 0.0:.4g}".replace("-", "−") in cells


def test_products_are_in_the_titles_and_reached_by_keyboard(page, within):
    some, source = page
    seen = Page(source)
    titles = [value for tag, name, value in seen.attributes if name == "title" and tag != "th"]
    lines = [line for line in some.lines if not some.is_large(line)]
    assert len(titles) == sum(bool(line.product(place)) for line in lines for place in line.places()) > 20
    assert len(titles) == sum(1 for _, name, _ in seen.attributes if name == "tabindex")
    for title in titles:
        what, product, value = title.split(" = ")
        assert what.startswith(("∂L/∂", "z", "a", "p", "L", "y"))
        assert within(product, value), title


def test_names_are_escaped(evil):
    source = evil.to_html()
    seen = Page(source)
    assert "<script>alert" not in source
    assert seen.tags["script"] == 1
    assert "b" not in {tag for tag in seen.tags if tag == "b"} or "<b>&amp; $" not in source
    heads = seen.texts["th"]
    for name in EVIL:
        assert name in heads
    assert evil.label in seen.texts["b"]
    assert evil.title in seen.texts["title"]


def test_notebooks_show_the_page(book):
    assert book._repr_html_() == book.to_html()


# --- in LaTeX ------------------------------------------------------------------------------------


def unescaped(source: str, letter: str) -> int:
    return len(re.findall(rf"(?<!\\)(?:\\\\)*{re.escape(letter)}", source))


@pytest.mark.parametrize("which", ["small", "batch norm", "convolutions", "evil"])
def test_the_document_is_balanced(which, book, norm, conv, evil):
    source = {"small": book, "batch norm": norm[1], "convolutions": conv[2], "evil": evil}[which].to_latex()
    assert unescaped(source, "{") == unescaped(source, "}")
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", source):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    begun = re.findall(r"\\(begin|end)\{(\w+)\}", source)
    stack = []
    for word, environment in begun:
        if word == "begin":
            stack.append(environment)
        else:
            assert stack.pop() == environment
    assert stack == []
    assert unescaped(source, "$") % 2 == 0
    assert source.count(r"\[") - len(re.findall(r"\\\\\[", source)) == source.count(r"\]")
    assert source.isascii() or which == "evil"
    outside = re.sub(r"(?<!\\)\$.*?(?<!\\)\$|\\\[.*?\\\]|\\begin\{tabular\}.*?\\end\{tabular\}", "", source, flags=re.S)
    for letter in "_^&#%~":
        assert not unescaped(outside, letter), (letter, outside)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("which", ["evil", "convolutions"])
def test_the_document_compiles(which, conv, evil, tmp_path):
    source = {"convolutions": conv[2], "evil": evil}[which].to_latex()
    (tmp_path / "book.tex").write_text(source, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "book.tex"],
        cwd=tmp_path, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "book.pdf").stat().st_size > 10_000


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_letter_of_a_name_compiles(tmp_path):
    names = " ".join(latex_text(chr(i)) for i in range(300))
    head = r"\documentclass{article}\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\begin{document}"
    (tmp_path / "names.tex").write_text(head + names + r"\end{document}", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "names.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.00001234, r"-1.234 \cdot 10^{-5}"), (2.5, "2.5"), (123456, r"1.235 \cdot 10^{5}"), (-0.0, "0")],
)
def test_numbers_in_latex(value, text):
    assert latex_number(value) == text


# --- forms of the same row -----------------------------------------------------------------------


def test_every_form_of_a_row_and_of_a_label(tanh, book):
    wanted = {key: value.tolist() for key, value in found(book).items()}
    row = X.iloc[7]
    with_names = [X.iloc[[7]], row]
    for x in [*with_names, row.to_numpy(), row.tolist(), X.to_numpy()[7:8], tuple(row)]:
        same = ledger(tanh, x, Y[7])
        assert {key: value.tolist() for key, value in found(same).items()} == wanted
        assert same.to_text() == book.to_text()
    for y in ("brisk", np.str_("brisk"), ["brisk"], np.array(["brisk"]), pd.Series(["brisk"], index=[9]), [["brisk"]]):
        assert ledger(tanh, row, y).to_text() == book.to_text()


def test_numbers_as_labels_are_called_as_the_classifier_calls_them():
    clf = LogisticRegression(alpha=0.1).fit(X, np.arange(40) % 3)
    for y in (1, 1.0, np.int64(1), [1.0]):
        assert ledger(clf, X.iloc[0], y).title == "LogisticRegression, one row of class 1"
    truth = LogisticRegression(alpha=0.1).fit(X, np.arange(40) % 3 > 0)
    for y in (True, np.True_, 1):
        assert ledger(truth, X.iloc[0], y).label == "True"


def test_a_row_of_a_table_with_categories_and_missing_values(trained):
    clf, rows, y = trained("tabular")
    for column in ("bill", "island"):
        i = int(np.flatnonzero(rows[column].isna())[0])
        book = ledger(clf, rows.iloc[[i]], y[i])
        assert ledger(clf, rows.iloc[i], y[i]).probabilities == book.probabilities  # as a Series of mixed types
        p = clf.predict_proba(rows.iloc[[i]])[0]
        np.testing.assert_allclose(list(book.probabilities.values()), p, atol=1e-6)
        assert book.row[column] == "missing"
        assert float(book.row["mass"]) == pytest.approx(rows["mass"].iloc[i], rel=1e-9)
    names = list(book.lines[0].column_names)
    assert "bill" in names
    assert any("island" in name for name in names)
    assert len(names) == book.lines[0].value.size
    for shown in (book.to_text(), book.to_html()):
        assert all(name in shown for name in names)
    assert "missing" in book.to_html()


def test_features_without_names_are_numbered(trained):
    clf, rows, y = trained("mlp, relu")
    assert ledger(clf, rows[0], y[0]).lines[0].column_names == ("x0", "x1", "x2", "x3")
    clf, rows, y = trained("pipeline")
    assert ledger(clf, rows[0], y[0]).lines[0].column_names == ("x0", "x1", "x2", "x3")
    clf, rows, y = trained("convolutions")
    assert ledger(clf, rows[0], y[0]).lines[0].column_names == ()


def test_a_pipelines_steps_are_applied_first(trained):
    clf, rows, y = trained("pipeline")
    book = ledger(clf, rows[2], y[2])
    np.testing.assert_array_equal(book.lines[0].value, network_rows(clf, rows[2:3])[0])
    assert np.abs(book.lines[0].value - rows[2]).max() > 1


# --- what cannot be written ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([0, 0, 0, 0], "tame", TargetError, "label 'tame', which is not among the classes 'brisk', 'calm', 'wild'"),
        ([0, 0, 0, 0], 1, TargetError, "y holds the label 1, which is not among the classes"),
        ([0, 0, 0, 0], np.nan, TargetError, "y holds the label nan"),
        ([0, 0, 0, 0], ["calm", "wild"], TargetError, r"y has shape \(1, 2\); expected \(1,\), one label for each row"),
        ([0, np.nan, 0, 0], "calm", DataError, "X holds nan in row 0, column 'height'. Fill missing values first"),
        ([0, 0, 0], "calm", DataError, r"X has shape \(1, 3\); expected \(n_rows, 4\)"),
        (np.zeros((2, 4)), "calm", DataError, r"x has 2 rows; a ledger is of one. Choose it, such as X\[\[12\]\]"),
        (np.zeros((2, 4)), ["calm", "wild"], DataError, "x has 2 rows; a ledger is of one"),
        (X, Y, DataError, "x has 40 rows; a ledger is of one"),
        (["a", "b", "c", "d"], "calm", DataError, "X cannot be read as numbers"),
        (X.iloc[0][["pulse", "weight", "height", "age"]], "calm", DataError, "the columns of the fit in another order"),
    ],
)  # fmt: skip
def test_rows_and_labels_that_cannot_be_used_are_refused(x, y, error, message, tanh):
    with pytest.raises(error, match=message):
        ledger(tanh, x, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"h": 0}, "h=0; expected a positive step"),
        ({"h": "1e-5"}, "h='1e-5'; expected a positive step"),
        ({"max_numbers": 0}, "max_numbers=0; expected how many numbers of an array to show, 1 or more"),
        ({"max_numbers": 2.5}, "max_numbers=2.5; expected how many numbers"),
        ({"max_numbers": None}, "max_numbers=None; expected how many numbers"),
    ],
)
def test_choices_that_cannot_be_used_are_refused(options, message, tanh):
    with pytest.raises(ParameterError, match=message):
        ledger(tanh, X.iloc[0], "calm", **options)


def test_classifiers_that_cannot_be_used_are_refused():
    row = np.zeros(4)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        ledger(MLPClassifier(), row, 0)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        ledger(make_pipeline(StandardScaler(), MLPClassifier()), row, 0)
    with pytest.raises(ParameterError, match="MLPClassifier of sklearn has no network_"):
        ledger(ScikitLearnMLP(), row, 0)
    with pytest.raises(ParameterError, match="ends in a step"):
        ledger(Perceptron(random_state=0).fit(np.eye(4), [0, 1, 1, 1]), row, 0)
