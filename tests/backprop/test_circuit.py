"""Circuits as tables, formulas and checks: read back by Python, summed by hand, compared with known derivatives."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strates.backprop import Circuit, Value, check_circuit, circuit_text, maximum
from strates.exceptions import OperationError, ParameterError


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


def long_chain(n: int) -> Value:
    x = Value(0.5, label="x")
    f = x
    for _ in range(n):
        f = f.tanh()
    return f


# --- the table ------------------------------------------------------------------------------------


def rows_of(text: str) -> list[list[str]]:
    """Return name, formula, value, gradient and explanation of each line of a table whose names are short."""
    rows = []
    for line in text.splitlines()[3:]:
        facts, _, why = line.partition(" = ")
        name, rest = facts.split(maxsplit=1)
        made, value, gradient = rest.rsplit(maxsplit=2)
        rows.append([name, made.strip(), value, gradient, why])
    return rows


def test_table_of_the_sigmoid_neuron() -> None:
    text = circuit_text(sigmoid_neuron())
    assert text.splitlines()[0] == "v8 = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2))) = 0.731059"
    rows = {row[0]: row[1:] for row in rows_of(text)}
    assert rows["w0"] == ["input", "2", "-0.196612", "0.196612 * -1 (v1)"]
    assert [rows[name][2] for name in ("w1", "w2", "x0", "x1")] == ["-0.393224", "0.196612", "0.393224", "-0.589836"]
    assert rows["v8"] == ["1 / v7", "0.731059", "1", ""]
    for name, (_, _, gradient, why) in rows.items():
        if name != "v8":
            upstream, slope, user = re.fullmatch(r"(\S+) \* (\S+) \((\w+)\)", why).groups()  # type: ignore[union-attr]
            assert float(gradient) == pytest.approx(float(upstream) * float(slope), rel=1e-5)
            assert rows[user][2] == upstream
            assert name in rows[user][0]


def test_a_shared_value_has_one_line_and_a_sum() -> None:
    x = Value(3.0, label="x")
    lines = circuit_text(x * x + x.relu()).splitlines()
    assert [line for line in lines if line.startswith("x ")] == [
        "x   input        3         7 = 1 * 3 (v1) + 1 * 3 (v1) + 1 * 1 (v2)"
    ]
    assert len(lines) == 7


def test_many_uses_are_summed_up_with_their_count() -> None:
    x = Value(2.0, label="x")
    total = x * 1
    for factor in range(2, 41):
        total = total + x * factor
    text = circuit_text(total)
    (why,) = re.findall(r"^x +input +2 +820 = ((?:.|\n +\+)*)", text, flags=re.MULTILINE)
    terms = [float(a) * float(b) for a, b in re.findall(r"(\S+) \* (\S+) \(", why)]
    (rest, count) = re.findall(r"(\S+) \(from (\d+) more uses\)", why)[0]
    assert len(terms) + int(count) == 40
    assert sum(terms) + float(rest) == sum(range(1, 41))


def test_text_neither_needs_nor_changes_grad() -> None:
    f = sum_times_z()
    before = circuit_text(f)
    assert {value.grad for value in f.topological_order()} == {0}
    f.parents[0].backward()
    assert circuit_text(f) == before
    assert f.topological_order()[0].grad == 1


def test_an_input_alone_and_a_constant_alone() -> None:
    assert circuit_text(Value(3.0, label="x")).splitlines()[0] == "x = 3"
    assert circuit_text((Value(3.0) + 2).parents[1]).splitlines()[0] == "v1 = 2"


def test_large_circuits_are_summed_up_and_say_so() -> None:
    inputs = [Value(float(i), label=f"x{i}") for i in range(150)]
    total = inputs[0] * 0
    for i, x in enumerate(inputs):
        total = total + i * x
    text = circuit_text(total)
    # 150 inputs; 151 products and 150 sums, one after the other
    assert "451 values, too many to list: circuit_text(..., max_nodes=451) lists them." in text
    assert "150 inputs; 301 operations, 151 deep: * 151, + 150" in text
    assert "The 10 inputs with the largest gradients:" in text
    assert re.findall(r"^(x\d+) +(\d+) +(\d+)$", text, flags=re.MULTILINE) == [
        (f"x{i}", f"{i}", f"{i}") for i in range(149, 139, -1)
    ]
    assert max(map(len, text.splitlines())) <= 80
    assert len(rows_of(circuit_text(total, max_nodes=451))) >= 451


def test_two_hundred_values_are_listed_and_one_more_is_summed_up() -> None:
    assert len(circuit_text(long_chain(199)).splitlines()) == 203
    assert "201 values, too many to list" in circuit_text(long_chain(200))


def test_a_circuit_deeper_than_recursion_is_summed_up() -> None:
    assert "20,001 values, too many to list" in circuit_text(long_chain(20_000))
    assert "1 input; 20,000 operations, 20,000 deep: tanh 20,000" in circuit_text(long_chain(20_000))


@pytest.mark.parametrize("max_nodes", [0, -1])
def test_a_table_without_lines_is_refused(max_nodes: int) -> None:
    with pytest.raises(ParameterError, match=rf"max_nodes={max_nodes} cannot be used: a table has at least 1 line\."):
        circuit_text(sum_times_z(), max_nodes=max_nodes)


# --- names ----------------------------------------------------------------------------------------


def test_names_are_unique() -> None:
    a, b, c, d = Value(1, label="x"), Value(2, label="x"), Value(3, label="v1"), Value(4, label="x#2")
    names = [node.name for node in Circuit.from_value(a + b + c + d).nodes]
    assert len(set(names)) == len(names) == 7
    assert {"x", "v1", "x#2"} <= set(names)


def test_labels_are_cut_to_one_line_of_ten_letters_and_stay_unique() -> None:
    a, b = Value(1, label="mean radius\nof the\x1b[31m tumour"), Value(2, label="mean radius of the nucleus")
    text = circuit_text(a * b)
    assert text.splitlines()[0] == "v1 = mean ra... * mean ra...#2 = 2"
    assert "\x1b" not in text
    assert Circuit.from_value(a * b).nodes[0].name == "mean radius of the [31m tumour"


# --- random circuits ------------------------------------------------------------------------------

steps = st.tuples(st.integers(0, 15), st.integers(0, 99), st.integers(0, 99), st.sampled_from([-2.5, -1, 0.25, 3]))
labels = st.lists(st.sampled_from([None, "x", "w", "a_long_name_of_a_weight", "x", "v2"]), min_size=3, max_size=3)


CHOICES: list[Callable[[Value, Value, float], Value]] = [
    lambda a, b, c: a + b,
    lambda a, b, c: a - b,
    lambda a, b, c: a * b,
    lambda a, b, c: a / b,
    lambda a, b, c: -a,
    lambda a, b, c: abs(a),
    lambda a, b, c: a.tanh(),
    lambda a, b, c: a.relu(),
    lambda a, b, c: a.sigmoid(),
    lambda a, b, c: maximum(a, b),
    lambda a, b, c: a + c,
    lambda a, b, c: c - a,
    lambda a, b, c: a * c,
    lambda a, b, c: c / a,
    lambda a, b, c: a**2,
    lambda a, b, c: a**-2,
]


def random_circuit(program: list[Any], names: list[Any]) -> Value:
    values = [Value(number, label=label) for number, label in zip((0.7, -1.3, 2.1), names, strict=True)]
    for kind, first, second, c in program:
        try:
            values.append(CHOICES[kind](values[first % len(values)], values[second % len(values)], c))
        except OperationError:
            assume(False)
    return values[-1]


@given(st.lists(steps, min_size=1, max_size=25), labels)
@settings(max_examples=150)
def test_formulas_give_the_values_when_python_reads_them(program: list[Any], names: list[Any]) -> None:
    f = random_circuit(program, names)
    circuit = Circuit.from_value(f)
    known: dict[str, Any] = {
        "tanh": math.tanh,
        "relu": lambda x: max(x, 0),
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0,
        "maximum": max,
    }
    for node in circuit.nodes:
        name = node.name.replace("#", "_number_")
        if node.expression:
            written = node.expression.replace("#", "_number_")
            assert eval(written, {}, known) == pytest.approx(node.value, rel=1e-12)
        known[name] = node.value
    if circuit.expression:
        assert eval(circuit.expression.replace("#", "_number_"), {}, known) == pytest.approx(f.data, rel=1e-9)


@given(st.lists(steps, min_size=1, max_size=25), labels)
@settings(max_examples=150)
def test_tables_fit_a_terminal_and_list_every_value(program: list[Any], names: list[Any]) -> None:
    f = random_circuit(program, names)
    lines = circuit_text(f).splitlines()
    assert max(map(len, lines)) <= 80
    starts = [line.split()[0] for line in lines[3:] if not line.startswith(" ")]
    varying = [value for value in f.topological_order() if value.operation != "constant"]
    assert len(starts) == len(set(starts)) == len(varying)


@given(st.lists(steps, min_size=1, max_size=25), labels)
@settings(max_examples=100)
def test_uses_add_up_to_the_gradient(program: list[Any], names: list[Any]) -> None:
    f = random_circuit(program, names)
    f.backward()
    circuit = Circuit.from_value(f)
    varying = [value for value in f.topological_order() if value.operation != "constant"]
    for value, node in zip(varying, circuit.nodes, strict=True):
        assert node.gradient == value.grad
        if value is not f:
            shares = [use.slope * circuit.nodes[use.node].gradient for use in node.uses]
            assert math.fsum(shares) == pytest.approx(value.grad, rel=1e-9, abs=1e-9 * max(map(abs, shares)))


# --- finite differences ---------------------------------------------------------------------------


def test_check_of_the_sigmoid_neuron() -> None:
    check = check_circuit(sigmoid_neuron())
    found = {row.name: row for row in check.inputs}
    p = 1 / (1 + math.exp(-1))
    truth = {"w0": -1, "w1": -2, "w2": 1, "x0": 2, "x1": -3}
    assert found.keys() == truth.keys()
    for name, factor in truth.items():
        assert found[name].analytic == pytest.approx(p * (1 - p) * factor, rel=1e-14)
        assert found[name].numerical == pytest.approx(p * (1 - p) * factor, rel=1e-8)
        assert found[name].kinks == ()
    assert check.max_error == max(row.relative_error for row in check.inputs) < 1e-8


@pytest.mark.parametrize(("difference", "order", "steps"), [("forward", 1, (-6, -2)), ("centred", 2, (-4, -1.5))])
def test_order_of_convergence(difference: str, order: int, steps: tuple[float, float]) -> None:
    """The error of the forward difference falls like h, of the centred like h**2."""
    x, y = Value(0.3, label="x"), Value(-0.8, label="y")
    f = (x * y).exp() + (x - y).tanh()
    truth = -0.8 * math.exp(-0.24) + 1 / math.cosh(1.1) ** 2
    h = np.logspace(*steps, 9)
    errors = [abs(check_circuit(f, h=step, difference=difference).inputs[0].numerical - truth) for step in h.tolist()]
    slope, _ = np.polyfit(np.log(h), np.log(errors), 1)
    assert slope == pytest.approx(order, abs=0.02)


def test_a_wrong_derivative_is_found() -> None:
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    product = x * y
    product.local_gradients = (2.0, 3.3)  # 10 % too much for y
    found = check_circuit(product + x).inputs
    assert found[0].relative_error < 1e-9
    assert found[1].relative_error == pytest.approx(0.3 / 3.3)


def test_relative_error_of_two_zeros_is_zero() -> None:
    x, y = Value(-3.0, label="x"), Value(2.0)
    row = check_circuit(x.relu() + y).inputs[0]
    assert (row.analytic, row.numerical, row.relative_error) == (0, 0, 0)


def test_a_kink_that_a_step_crosses_is_named_and_not_counted() -> None:
    a, b = Value(-1e-6, label="a"), Value(0.7, label="b")
    total = b + a
    total.label = "total"
    f = a.relu() + abs(a - 1) + maximum(b, total) + b * b
    check = check_circuit(f, h=1e-5)
    rows = {row.name: row for row in check.inputs}
    assert [kink.partition(" = ")[2] for kink in rows["a"].kinks] == ["relu(a)", "maximum(b, total)"]
    assert rows["a"].relative_error > 0.1
    assert rows["b"].kinks == ()
    assert check.max_error == rows["b"].relative_error < 1e-8
    assert re.search(r"^a .*\(kink at v1 = relu\(a\), v\d = maximum\(b, total\)\)$", check.to_text(), re.MULTILINE)
    assert check_circuit(f, h=1e-7).inputs[0].kinks == ()


def test_the_step_grows_with_a_large_input() -> None:
    x = Value(1e8, label="x")
    assert check_circuit(x * x).max_error < 1e-9


def test_check_changes_nothing() -> None:
    f = sum_times_z()
    f.backward()
    before = [(value.data, value.grad) for value in f.topological_order()]
    check_circuit(f, h=0.5)
    assert [(value.data, value.grad) for value in f.topological_order()] == before


@pytest.mark.parametrize("h", [0, -1e-5, math.nan, math.inf, "1e-5", None])
def test_steps_that_are_none_are_refused(h: Any) -> None:
    expected = rf"h={re.escape(repr(h))} cannot be used: a step is a positive finite number, such as 1e-5\."
    with pytest.raises(ParameterError, match=expected):
        check_circuit(sum_times_z(), h=h)


def test_a_step_lost_in_rounding_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"h=1e-20 is lost in rounding beside x = -2\. Take 1e-5 or so\."):
        check_circuit(sum_times_z(), h=1e-20)


def test_an_unknown_difference_is_refused() -> None:
    expected = r"difference='central' is unknown\. Did you mean 'centred'\? Known: centred, forward\."
    with pytest.raises(ParameterError, match=expected):
        check_circuit(sum_times_z(), difference="central")


def test_a_step_that_leaves_the_domain_is_explained() -> None:
    expected = r"The check moved x from 1e-06 to -9e-06, and there log\(-9e-06\) is not defined: .* take a smaller h\."
    with pytest.raises(OperationError, match=expected):
        check_circuit(Value(1e-6, label="x").log())
