"""Scalar back-propagation against formulas, published numbers, finite differences and TensorFlow."""

from __future__ import annotations

import copy
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strates.backprop import Value, maximum
from strates.engine.backend import tf
from strates.exceptions import DataError, OperationError, StratesError

ROOT = Path(__file__).resolve().parents[2]


# --- published numbers ----------------------------------------------------------------------------


def test_product() -> None:
    x, y = Value(4), Value(-3)
    f = x * y
    f.backward()
    assert (f.data, x.grad, y.grad) == (-12, -3, 4)


def test_sum_times_z() -> None:
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3, -12)
    assert (x.grad, y.grad, z.grad, q.grad, f.grad) == (-4, -4, 3, -4, 1)


def elementary_sigmoid(z: Value) -> Value:
    return 1 / (1 + (-z).exp())


@pytest.mark.parametrize("sigmoid", [Value.sigmoid, elementary_sigmoid])
def test_sigmoid_neuron(sigmoid: Callable[[Value], Value]) -> None:
    w, x = [Value(number) for number in (2, -3, -3)], [Value(-1), Value(-2)]
    dot = w[0] * x[0] + w[1] * x[1] + w[2]
    f = sigmoid(dot)
    f.backward()
    assert dot.data == 1
    assert f.data == pytest.approx(0.731059, abs=5e-7)
    assert dot.grad == pytest.approx(0.196612, abs=5e-7)
    assert [v.grad for v in w] == pytest.approx([-0.196612, -0.393224, 0.196612], abs=5e-7)
    assert [v.grad for v in x] == pytest.approx([0.393224, -0.589836], abs=5e-7)


@pytest.mark.parametrize("number", [-5.0, -0.3, 0.0, 1.0, 2.5])
def test_tanh_is_a_stretched_sigmoid(number: float) -> None:
    x = Value(number)
    difference = x.tanh() - (2 * (2 * x).sigmoid() - 1)
    difference.backward()
    assert difference.data == pytest.approx(0, abs=1e-15)
    assert x.grad == pytest.approx(0, abs=1e-15)


# --- derivatives in closed form -------------------------------------------------------------------

FORMULAS: dict[str, tuple[Callable[[Value], Value], Callable[[float], float], Callable[[float], float]]] = {
    "x + 3": (lambda x: x + 3, lambda x: x + 3, lambda x: 1),
    "3 + x": (lambda x: 3 + x, lambda x: 3 + x, lambda x: 1),
    "x - 3": (lambda x: x - 3, lambda x: x - 3, lambda x: 1),
    "3 - x": (lambda x: 3 - x, lambda x: 3 - x, lambda x: -1),
    "x * 3": (lambda x: x * 3, lambda x: x * 3, lambda x: 3),
    "3 * x": (lambda x: 3 * x, lambda x: 3 * x, lambda x: 3),
    "x / 3": (lambda x: x / 3, lambda x: x / 3, lambda x: 1 / 3),
    "3 / x": (lambda x: 3 / x, lambda x: 3 / x, lambda x: -3 / x**2),
    "x**3": (lambda x: x**3, lambda x: x**3, lambda x: 3 * x**2),
    "x**-2": (lambda x: x**-2, lambda x: x**-2, lambda x: -2 * x**-3),
    "x**0": (lambda x: x**0, lambda x: 1, lambda x: 0),
    "3**x": (lambda x: 3**x, lambda x: 3**x, lambda x: 3**x * math.log(3)),
    "-x": (lambda x: -x, lambda x: -x, lambda x: -1),
    "abs": (abs, abs, lambda x: math.copysign(1, x)),
    "exp": (Value.exp, math.exp, math.exp),
    "tanh": (Value.tanh, math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    "sigmoid": (
        Value.sigmoid,
        lambda x: 1 / (1 + math.exp(-x)),
        lambda x: 1 / (2 + math.exp(x) + math.exp(-x)),
    ),
    "relu": (Value.relu, lambda x: x if x > 0 else 0, lambda x: 1 if x > 0 else 0),
    "maximum(x, 1)": (lambda x: maximum(x, 1), lambda x: max(x, 1), lambda x: 1 if x > 1 else 0),
    "maximum(1, x)": (lambda x: maximum(1, x), lambda x: max(x, 1), lambda x: 1 if x > 1 else 0),
}
FORMULAS_ABOVE_ZERO: dict[str, tuple[Callable[[Value], Value], Callable[[float], float], Callable[[float], float]]] = {
    "log": (Value.log, math.log, lambda x: 1 / x),
    "sqrt": (Value.sqrt, math.sqrt, lambda x: 0.5 * x**-0.5),
    "x**1.5": (lambda x: x**1.5, lambda x: x**1.5, lambda x: 1.5 * x**0.5),
    "x**x": (lambda x: x**x, lambda x: x**x, lambda x: x**x * (math.log(x) + 1)),
}


@pytest.mark.parametrize("number", [-1.7, -0.4, 0.6, 2.3])
@pytest.mark.parametrize("name", [*FORMULAS, *FORMULAS_ABOVE_ZERO])
def test_value_and_derivative_are_the_formulas(name: str, number: float) -> None:
    circuit, formula, derivative = (FORMULAS | FORMULAS_ABOVE_ZERO)[name]
    number = abs(number) if name in FORMULAS_ABOVE_ZERO else number
    x = Value(number)
    f = circuit(x)
    f.backward()
    assert f.data == pytest.approx(formula(number), rel=1e-15)
    assert x.grad == pytest.approx(derivative(number), rel=1e-13)


def test_a_value_used_twice_collects_both_shares() -> None:
    x = Value(3.0)
    for f, derivative in ((x * x, 6), (x + x, 2), (x * x * x, 27), (x - x, 0), (x / x, 0), (maximum(x, x), 1)):
        f.backward()
        assert x.grad == pytest.approx(derivative)


def test_power_zero_and_whole_powers_of_zero_and_below() -> None:
    for number, exponent, value, slope in ((0, 2, 0, 0), (0, 1, 0, 1), (0, 0, 1, 0), (-2, 3, -8, 12), (-2, 2, 4, -4)):
        x = Value(number)
        f = x**exponent
        f.backward()
        assert (f.data, x.grad) == (value, slope)


def test_kinks_follow_the_stated_convention() -> None:
    zero = Value(0.0)
    assert zero.relu().local_gradients == (0,)
    assert abs(zero).local_gradients == (0,)
    assert maximum(Value(2), Value(2)).local_gradients == (0.5, 0.5)
    assert maximum(Value(2), 2).local_gradients == (0.5, 0)


def test_sigmoid_and_tanh_never_overflow() -> None:
    for number, sigmoid in ((1e4, 1), (-1e4, 0), (1e308, 1), (-1e308, 0)):
        assert Value(number).sigmoid().data == sigmoid
        assert Value(number).tanh().data == 2 * sigmoid - 1


# --- what a value remembers -----------------------------------------------------------------------


def test_a_value_tells_how_it_was_made() -> None:
    x, y = Value(4, label="x"), Value(-3)
    f = x * y
    assert (f.operation, f.parents, f.local_gradients) == ("*", (x, y), (-3, 4))
    assert (x.operation, x.parents, x.local_gradients) == ("input", (), ())
    f.label = "f"
    f.backward()
    assert repr(f) == "Value(-12.0, grad=1.0, operation='*', label='f')"
    assert repr(y) == "Value(-3.0, grad=4.0)"


def test_numbers_in_an_expression_are_constants_without_gradient() -> None:
    x = Value(2.0)
    f = 3 * x
    f.backward()
    three = f.parents[0]
    assert (three.data, three.operation, three.grad) == (3, "constant", 0)
    assert f.local_gradients == (0, 3)


def test_a_value_keeps_its_number() -> None:
    x = Value(4)
    expected = r"keeps the number it was made with, here 4: .* would not follow\. Make a new one, Value\(5\)"
    with pytest.raises(AttributeError, match=expected):
        x.data = 5
    assert x.data == 4


def test_backward_begins_afresh() -> None:
    x, y = Value(4.0), Value(-3.0)
    product, total = x * y, x + y
    product.backward()
    product.backward()
    assert (x.grad, y.grad) == (-3, 4)
    total.backward()
    assert (x.grad, y.grad) == (1, 1)
    (product + total).backward()
    assert (x.grad, y.grad, product.grad) == (-2, 5, 1)


def test_gradients_writes_nothing() -> None:
    x = Value(3.0)
    f = x * x
    assert f.gradients() == {x: 6, f: 1}
    assert (x.grad, f.grad) == (0, 0)


def test_numpy_scalars_and_arrays_of_values() -> None:
    x = Value(2.0)
    assert [type(f) for f in (np.float64(3) * x, np.int64(3) - x, np.float32(3) / x, np.float64(3) ** x)] == [Value] * 4
    assert (np.float64(3) - x).data == 1
    numbers = np.random.default_rng(0).normal(size=(3, 2))
    weights = np.array([[Value(number) for number in row] for row in numbers], dtype=object)
    hidden = np.tanh(weights @ np.array([Value(1.0), Value(-2.0)], dtype=object))
    hidden.sum().backward()
    slopes = 1 - np.tanh(numbers @ [1, -2]) ** 2
    found = np.array([[weight.grad for weight in row] for row in weights])
    assert found == pytest.approx(np.outer(slopes, [1, -2]))


# --- deep and large circuits ----------------------------------------------------------------------


def test_a_chain_200_000_deep() -> None:
    n = 200_000
    x = Value(1.0)
    f = x
    for _ in range(n):
        f = f + x
    assert len(f.topological_order()) == n + 1
    f.backward()
    assert (f.data, x.grad) == (n + 1, n + 1)
    assert repr(f) == f"Value({n + 1}.0, grad=1.0, operation='+')"


def test_letting_go_of_a_deep_chain_does_not_crash() -> None:
    code = (
        "from strates.backprop import Value\nf = Value(0.5)\n"
        "for _ in range(300_000): f = f.tanh()\nf.backward()\ndel f\nprint('alive')"
    )
    assert fresh_interpreter(code) == "alive"


def test_a_ladder_of_shared_values_is_walked_once() -> None:
    x = Value(1.0)
    f = x
    for _ in range(60):  # 2**60 ways from x to f
        f = (f + f) / 2
    f.backward()
    assert x.grad == 1
    assert len(f.topological_order()) == 1 + 3 * 60


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda values: pickle.loads(pickle.dumps(values))])
def test_the_list_of_a_deep_circuit_can_be_pickled(duplicate: Callable[[list[Value]], list[Value]]) -> None:
    n = 10_000
    x = Value(1.0)
    f = x
    for _ in range(n):
        f = f + x
    f.backward()
    with pytest.raises(RecursionError):
        duplicate([f])
    kept = duplicate(f.topological_order())
    assert (kept[0].grad, kept[-1].data, len(kept)) == (n + 1, n + 1, n + 1)
    assert kept[1].parents == (kept[0], kept[0])


def test_pickle_keeps_a_circuit() -> None:
    x = Value(3.0, label="x")
    f = (x * x + 1).log()
    f.backward()
    again, x_again = pickle.loads(pickle.dumps((f, x)))
    assert again.topological_order()[0] is x_again
    assert (x_again.label, x_again.grad, again.data) == ("x", x.grad, f.data)


# --- random circuits, against two other ways to differentiate ---------------------------------------

UNARY = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs", "neg", "square", "reciprocal")
BINARY = ("+", "-", "*", "/", "**", "maximum")

PYTHON: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "abs": abs,
    "square": lambda a: a**2,
    "reciprocal": lambda a: 1 / a,
}
OURS = PYTHON | {name: getattr(Value, name) for name in UNARY[:6]} | {"maximum": maximum}
NUMPY = PYTHON | {name: getattr(np, name) for name in UNARY[:4]}
NUMPY |= {"sigmoid": lambda a: 1 / (1 + np.exp(-a)), "relu": lambda a: max(a, 0), "maximum": max}
TENSORFLOW = PYTHON | {
    "exp": tf.exp,
    "log": tf.math.log,
    "sqrt": tf.sqrt,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "relu": tf.nn.relu,
    "maximum": tf.maximum,
}

Step = tuple[str, int, int]
numbers = st.floats(-2, 2).map(lambda number: round(number, 3))
steps = st.tuples(st.sampled_from(UNARY + BINARY), st.integers(0, 99), st.integers(0, 99))


def run(program: list[Step], inputs: list[Any], operations: dict[str, Callable[..., Any]]) -> list[Any]:
    """Return every intermediate result; each step takes earlier ones, so that most are shared."""
    results = list(inputs)
    for name, first, second in program:
        operands = [results[first % len(results)], results[second % len(results)]][: 2 if name in BINARY else 1]
        results.append(operations[name](*operands))
    return results


def is_smooth(f: Value) -> bool:
    """Whether all operations are defined, smooth and tame in a neighbourhood."""
    for value in f.topological_order():
        first, *rest = [parent.data for parent in value.parents] or [1.0]
        if abs(value.data) > 50:
            return False
        if value.operation in ("log", "sqrt", "**") and first < 0.2:
            return False
        if value.operation in ("relu", "abs") and abs(first) < 0.05:
            return False
        if (value.operation == "/" and abs(rest[0]) < 0.2) or (
            value.operation == "maximum" and value.parents[0] is not value.parents[1] and abs(first - rest[0]) < 0.05
        ):
            return False
    return True


@given(st.lists(numbers, min_size=1, max_size=3), st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=300)
def test_random_circuits_agree_with_tensorflow_and_centred_differences(
    inputs: list[float], program: list[Step]
) -> None:
    values = [Value(number) for number in inputs]
    try:
        f = run(program, values, OURS)[-1]
    except OperationError:
        assume(False)
    assume(is_smooth(f))
    f.backward()
    ours = [value.grad for value in values]

    variables = [tf.constant(number, tf.float64) for number in inputs]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        output = run(program, variables, TENSORFLOW)[-1]
    theirs = tape.gradient(output, variables, unconnected_gradients="zero")
    assert f.data == pytest.approx(float(output), rel=1e-12, abs=1e-12)
    assert ours == pytest.approx([float(gradient) for gradient in theirs], rel=1e-9, abs=1e-9)

    h = 1e-6
    for i, slope in enumerate(ours):
        moved = [[number + sign * h * (i == j) for j, number in enumerate(inputs)] for sign in (1, -1)]
        above, below = (float(run(program, ends, NUMPY)[-1]) for ends in moved)
        # the numbers are below 50: rounding costs up to 1e-14 / 2e-6, curvature h**2 times a third derivative
        assert (above - below) / (2 * h) == pytest.approx(slope, rel=1e-4, abs=1e-4)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("three", r"one real number, but 'three' of type str came\. Write Value\(number\), with a float or an integer"),
        ("3", "'3' of type str"),
        (b"3", "of type bytes"),
        (None, "None of type NoneType"),
        (1j, "1j of type complex"),
        (np.complex64(1), "of type complex"),
        ({"a": 1}, "of type dict"),
        (np.datetime64("2020-01-01", "ns"), "of type datetime64"),
        (np.array(["3"]), "of type ndarray"),
        ([[1], [2, 3]], "of type list"),
        (Value(1), r"Value\(1\.0, grad=0\.0\) of type Value"),
        ([1, 2], r"list of shape \(2,\) came\. Make a Value of each element"),
        (np.zeros((2, 3)), r"ndarray of shape \(2, 3\) came"),
        (np.array([]), r"ndarray of shape \(0,\) came"),
        (10**400, r"type int is too large for float64, which ends at 1\.79769e\+308 \(309 digits\)\. Scale it down"),
        (-(10**5000), "type int is too large for float64"),
        (Fraction(10**400), "type Fraction is too large for float64"),
        (math.nan, r"Value\(nan\) is not a finite number\. Replace it, or leave it out"),
        (-math.inf, r"Value\(-inf\) is not a finite number"),
        (np.float32("inf"), r"Value\(inf\) is not a finite number"),
    ],
    ids=lambda data: type(data).__name__,
)
def test_what_is_no_number_is_refused(data: Any, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        Value(data)
    if not isinstance(data, Value):
        with pytest.raises(ValueError, match=expected):
            Value(1.0) + data
        with pytest.raises(StratesError, match=expected):
            maximum(data, Value(1.0))


@pytest.mark.parametrize("data", [True, 1, 1.0, np.float32(1), np.int8(1), [1], np.array([[1.0]]), Fraction(1)])
def test_numbers_of_any_kind_are_taken(data: Any) -> None:
    assert type(Value(data).data) is float
    assert Value(data).data == 1


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda x: x / 0, r"2 / 0 divides by zero\. Add a small positive number to the denominator"),
        (lambda x: 1 / (x - 2), r"1 / 0 divides by zero"),
        (lambda x: (x - 2) ** -1, r"0\*\*\(-1\) divides by zero"),
        (lambda x: (x - 2).log(), r"log\(0\) is not defined: the logarithm takes numbers above 0\. .* \(p \+ 1e-12\)"),
        (lambda x: (-x).log(), r"log\(-2\) is not defined"),
        (lambda x: (-x).sqrt(), r"sqrt\(-2\) is not a real number: the square root takes numbers from 0\. Take abs"),
        (lambda x: (x - 2).sqrt(), r"sqrt\(0\) = 0 has no finite slope there, .* Keep its operands away"),
        (lambda x: (x - 2) ** 0.5, r"0\*\*0\.5 = 0 has no finite slope there"),
        (
            lambda x: (-x) ** 0.5,
            r"\(-2\)\*\*0\.5 is not a real number: a negative base takes whole exponents only\. Take",
        ),
        (
            lambda x: (-x) ** x,
            r"\(-2\)\*\*2 has no derivative with respect to its exponent.* as in x\*\*2, or keep the",
        ),
        (lambda x: 0**x, r"\(0\)\*\*2 has no derivative with respect to its exponent"),
        (lambda x: (500 * x).exp(), r"exp\(1000\) overflows: float64 ends at 1\.79769e\+308\. .* subtract the largest"),
        (lambda x: x**1024, r"2\*\*1024 overflows: float64 ends at 1\.79769e\+308\. Keep its operands nearer to 1\.$"),
        (lambda x: x * -1e308, r"2 \* \(-1e\+308\) overflows"),
        (lambda x: x / 1e-308 + x / 1e-308, r"2e\+308 overflows|2 / 1e-308 overflows"),
    ],
)
def test_operations_are_refused_where_they_are_not_defined(operation: Callable[[Value], Value], expected: str) -> None:
    with pytest.raises(OperationError, match=expected):
        operation(Value(2.0))
    with pytest.raises(ArithmeticError):
        operation(Value(2.0))


def test_a_constant_needs_no_slope() -> None:
    x = Value(1e200)
    (x / 1e-100).backward()  # the slope with respect to the denominator would be -1e400
    assert x.grad == pytest.approx(1e100)


def test_gradients_that_overflow_are_refused_and_nothing_is_written() -> None:
    x = Value(0.0, label="x")
    f = x * 1e200 * 1e200
    expected = r"The gradient with respect to x is larger than the largest float64, 1\.79769e\+308: too many steep"
    with pytest.raises(OperationError, match=expected):
        f.backward()
    assert (x.grad, f.grad) == (0, 0)


def test_the_math_module_and_numpy_do_not_drop_the_gradient_silently() -> None:
    with pytest.raises(TypeError, match="must be real number, not Value"):
        math.exp(Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="does not support ufuncs"):
        np.exp(Value(1.0))
    with pytest.raises(DataError, match=r"ndarray of shape \(2,\) came"):
        np.array([1.0, 2.0]) * Value(1.0)


# --- what is loaded -------------------------------------------------------------------------------


def fresh_interpreter(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def test_importing_backprop_loads_numpy_alone() -> None:
    code = "import strates.backprop, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(fresh_interpreter(code).split())
    assert "numpy" in loaded
    assert loaded & {"tensorflow", "keras", "matplotlib", "scipy", "sklearn"} == set()
