"""Drawings of circuits are judged by where their boxes, wires and numbers are."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.transforms import Bbox

from strates.backprop import Value, maximum
from strates.displays import CircuitDisplay
from strates.exceptions import ParameterError


def sum_times_z() -> Value:
    x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def sigmoid_neuron() -> Value:
    w = [Value(number, label=f"w{i}") for i, number in enumerate((2, -3, -3))]
    x = [Value(number, label=f"x{i}") for i, number in enumerate((-1, -2))]
    return 1 / (1 + (-(w[0] * x[0] + w[1] * x[1] + w[2])).exp())


def squares() -> Value:
    x = Value(3.0, label="x")
    return x * x + x.relu()


def cross_entropy() -> Value:
    scores = [Value(number, label=f"s{i}") for i, number in enumerate((1.0, 2.0, 0.5))]
    powers = [score.exp() for score in scores]
    return -(powers[1] / (powers[0] + powers[1] + powers[2])).log()


def small_network() -> Value:
    rng = np.random.default_rng(0)
    x = [Value(number, label=f"x{i}") for i, number in enumerate((0.5, -1.0))]
    output = Value(0.1, label="c")
    for j in range(3):
        z = Value(0.1 * j, label=f"b{j}")
        for i in range(2):
            z = z + Value(float(rng.normal()), label=f"w{i}{j}") * x[i]
        hidden = z.tanh()
        hidden.label = f"h{j}"
        output = output + hidden * Value(float(rng.normal()), label=f"u{j}")
    return output.sigmoid()


def tangle() -> Value:
    chance = random.Random(1)
    values = [Value(chance.uniform(-1, 1), label=f"a{i}") for i in range(5)]
    for _ in range(30):
        a, b = chance.choice(values[-8:]), chance.choice(values[-8:])
        values.append(chance.choice([lambda a, b: a + b, lambda a, b: a - b, maximum, lambda a, b: a.tanh()])(a, b))
    return values[-1]


def long_names_and_numbers() -> Value:
    x, y = Value(-1.23456e-7, label="a long label of\na column"), Value(1e9, label="$x_1$")
    f = (x * y - x) / y**2 + abs(x) + maximum(x, 0.001) - (2 - y) * 3.5
    f.label = "the very long name of the output"
    wide = f * Value(2.0, label="W" * 20)
    wide.label = "M" * 20
    return wide


def chain(n: int) -> Value:
    f = Value(0.3, label="x")
    for _ in range(n):
        f = f.tanh()
    return f


CIRCUITS = [sum_times_z, sigmoid_neuron, squares, cross_entropy, small_network, tangle, long_names_and_numbers]
TREES = [sum_times_z, sigmoid_neuron]


def written(display: CircuitDisplay) -> list[str]:
    return [text.get_text().replace("\N{MINUS SIGN}", "-") for text in display.ax_.texts]


# --- what it says ---------------------------------------------------------------------------------


def test_values_stand_above_the_wires_and_gradients_below() -> None:
    display = CircuitDisplay.from_value(sum_times_z()).plot()
    display.figure_.draw_without_rendering()
    values = [float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in display.value_texts_]
    gradients = [float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in display.gradient_texts_]
    names = [node.name for node in display.circuit.nodes]
    assert dict(zip(names, values, strict=True)) == {"x": -2, "y": 5, "q": 3, "z": -4, "f": -12}
    assert dict(zip(names, gradients, strict=True)) == {"x": -4, "y": -4, "q": -4, "z": 3, "f": 1}
    for (x, y), above, below in zip(display.layout.ends, display.value_texts_, display.gradient_texts_, strict=True):
        top, low = data_box(display, above), data_box(display, below)
        assert top.y0 > y > low.y1
        assert max(top.x1, low.x1) <= x
    assert len({text.get_color() for text in display.value_texts_}) == 1
    assert display.value_texts_[0].get_color() != display.gradient_texts_[0].get_color()


def test_the_sigmoid_neuron_is_the_one_of_the_notes() -> None:
    display = CircuitDisplay.from_value(sigmoid_neuron()).plot()
    texts = written(display)
    assert [node.symbol for node in display.circuit.nodes if node.expression] == [
        *("×", "×", "+", "+"),
        *("×\N{MINUS SIGN}1", "exp", "+1", "1/x"),
    ]
    assert {"w0", "x0", "w1", "x1", "w2", "×", "+", "×-1", "exp", "+1", "1/x"} <= set(texts)
    forwards = [text.get_text() for text in display.value_texts_][-4:]
    backwards = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in display.gradient_texts_][-4:]
    assert forwards[1:] == ["0.368", "1.37", "0.731"]
    assert backwards == ["-0.197", "-0.534", "-0.534", "1"]


def test_legend_tells_by_position() -> None:
    display = CircuitDisplay.from_value(sum_times_z()).plot()
    legend = {text.get_text(): text.get_color() for text in display.legend_texts_}
    assert legend["above a wire: the value"] == display.value_texts_[0].get_color()
    assert legend["below: the gradient of f"] == display.gradient_texts_[0].get_color()
    assert len(legend) == 2
    assert "below: the gradient of the output" in written(CircuitDisplay.from_value(squares()).plot())
    assert "into -, / and **: the first operand above" in written(CircuitDisplay.from_value(cross_entropy()).plot())


def test_labels_of_operations_stand_at_their_boxes() -> None:
    display = CircuitDisplay.from_value(sum_times_z()).plot()
    assert [text and text.get_text() for text in display.name_texts_] == ["x", "y", "q", "z", "f"]
    assert [box is not None for box in display.boxes_] == [False, False, True, False, True]
    unlabelled = CircuitDisplay.from_value(squares()).plot()
    assert [text and text.get_text() for text in unlabelled.name_texts_] == ["x", None, None, None]


def test_description_has_every_number() -> None:
    words = CircuitDisplay.from_value(sum_times_z()).describe()
    assert words.startswith("The circuit of f = (x + y) * z. x is -2, with gradient -4. ")
    assert words.endswith(
        "q = x + y is 3, with gradient -4. z is -4, with gradient 3. f = q * z is -12, with gradient 1."
    )
    assert words in CircuitDisplay.from_value(sum_times_z()).to_svg()


def test_drawing_changes_no_grad() -> None:
    f = sum_times_z()
    CircuitDisplay.from_value(f).plot()
    assert {value.grad for value in f.topological_order()} == {0}


# --- where it stands ------------------------------------------------------------------------------


def data_box(display: CircuitDisplay, artist: object) -> Bbox:
    box = artist.get_window_extent()  # type: ignore[attr-defined]
    return Bbox(display.ax_.transData.inverted().transform(box))


def wires(display: CircuitDisplay) -> list[PathPatch]:
    return [patch for patch in display.ax_.patches if isinstance(patch, PathPatch)]


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_nothing_overlaps(circuit: Callable[[], Value]) -> None:
    display = CircuitDisplay.from_value(circuit()).plot()
    display.figure_.draw_without_rendering()
    frame = display.figure_.bbox
    boxes = [data_box(display, box) for box in display.boxes_ if box is not None]
    symbols = {node.symbol for node in display.circuit.nodes}
    outside = [text for text in display.ax_.texts if text.get_text() not in symbols]
    texts = [data_box(display, text) for text in outside]
    for text in outside:
        extent = text.get_window_extent()
        assert frame.x0 <= extent.x0 < extent.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= extent.y0 < extent.y1 <= frame.y1, text.get_text()
    # characters have some air in their extents: 0.02 inch
    for (i, a), (j, b) in itertools.combinations(enumerate([*texts, *boxes]), 2):
        shared = Bbox.intersection(a, b)
        assert shared is None or min(shared.width, shared.height) < 0.02, (i, j)
    for wire in wires(display):
        crossed = [
            text.get_text()
            for text, box in zip(outside, texts, strict=True)
            if wire.get_path().intersects_bbox(box.expanded(0.95, 0.9), filled=False)
        ]
        assert crossed == []


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_every_use_is_a_wire_from_its_value_to_its_box(circuit: Callable[[], Value]) -> None:
    display = CircuitDisplay.from_value(circuit()).plot()
    for number, node in enumerate(display.circuit.nodes):
        found = [wire.get_path().vertices for wire in display.wires_[number]]
        assert [tuple(path[0]) for path in found] == [display.layout.ends[number]] * len(node.uses)
        targets = sorted(use.node for use in node.uses)
        ends = [tuple(path[-1]) for path in found]
        assert len(set(ends)) == len(ends)
        reached = []
        for x, y in ends:
            for target in set(targets):
                (centre, middle), width = display.layout.boxes[target], display.layout.widths[target]
                if x == pytest.approx(centre - width / 2) and abs(y - middle) < 0.1:
                    reached.append(target)
        assert sorted(reached) == targets
        assert all((np.diff(path[:, 0]) >= -1e-9).all() for path in found)  # always to the right


@pytest.mark.parametrize("circuit", TREES)
def test_trees_have_no_crossings(circuit: Callable[[], Value]) -> None:
    display = CircuitDisplay.from_value(circuit()).plot()
    paths = [wire.get_path() for sources in display.wires_ for wire in sources]
    assert not any(a.intersects_path(b, filled=False) for a, b in itertools.combinations(paths, 2))


def test_the_first_operand_of_a_difference_enters_above() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    for f in (b - a, a - b, a / b, b**a):
        display = CircuitDisplay.from_value(f).plot()
        first, second = display.circuit.nodes[-1].parents
        assert (
            display.wires_[first][0].get_path().vertices[-1][1] > display.wires_[second][0].get_path().vertices[-1][1]
        )


def test_chains_are_straight() -> None:
    display = CircuitDisplay.from_value(chain(10)).plot()
    assert len({round(y, 9) for _, y in display.layout.boxes}) == 1
    neuron = CircuitDisplay.from_value(sigmoid_neuron()).layout
    assert len({round(y, 9) for _, y in neuron.boxes[-5:]}) == 1  # from the last sum on


def test_branches_have_a_dot() -> None:
    assert CircuitDisplay.from_value(sigmoid_neuron()).layout.branches == ()
    shared = CircuitDisplay.from_value(squares())
    assert shared.layout.branches == (shared.layout.ends[0],)


def test_sixty_values_are_drawn_and_one_more_is_refused() -> None:
    assert len(CircuitDisplay.from_value(chain(59)).plot().value_texts_) == 60
    expected = (
        r"This circuit has 61 values, and a drawing holds 60\. "
        r"Read it as a table, print\(strates\.backprop\.circuit_text\(output\)\), or draw a part of it\."
    )
    with pytest.raises(ParameterError, match=expected):
        CircuitDisplay.from_value(chain(60))


def test_an_input_alone_and_given_axes() -> None:
    ax = Figure().subplots()
    display = CircuitDisplay.from_value(Value(3.0, label="x"))
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert {"x", "3", "1"} <= set(written(display))


def test_hostile_labels_stay_on_one_short_line() -> None:
    display = CircuitDisplay.from_value(Value(1.0, label="<b>&\n" + "x" * 80) * 2).plot()
    assert max(map(len, written(display))) <= 40
    assert "<b>" not in display.to_svg()
    assert (
        "\N{CJK UNIFIED IDEOGRAPH-91CD}"
        in CircuitDisplay.from_value(Value(1.0, label="\N{CJK UNIFIED IDEOGRAPH-91CD}").exp()).to_svg()
    )  # without a warning that the font lacks it
