"""The ledger of one row: every number of the forward pass and of the backward pass, with its rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from strates.backprop.finite_differences import checked_step
from strates.backprop.gradient_check import VERDICTS, BlockCheck, check_objective
from strates.backprop.layers import LogisticLoss
from strates.backprop.layers.layer import Array, Layer
from strates.backprop.layers.softmax import log_softmax
from strates.backprop.ledger_html import ledger_html
from strates.backprop.ledger_latex import ledger_latex
from strates.backprop.ledger_line import LedgerLine
from strates.backprop.ledger_text import ledger_text
from strates.backprop.network import BackwardPass, ForwardPass, Network
from strates.backprop.products import (
    factor,
    forward_product,
    input_product,
    loss_product,
    number,
    parameter_product,
    penalty_product,
    softmax_product,
)
from strates.backprop.rebuild import rebuild
from strates.backprop.rows import is_multilabel, network_rows, network_targets, tensorflow_gradients
from strates.exceptions import DataError, ParameterError

#: Numbers of one array that are written out; larger arrays are summarised.
MAX_NUMBERS = 256


@dataclass(frozen=True, eq=False)
class Ledger:
    """All intermediate values and gradients of one row, and how well three witnesses agree on them.

    Attributes
    ----------
    lines : tuple of LedgerLine
        In the order of the computation: what is given, the way up, the loss, the way back.
    layers : dict of str to str
        Names of the layers, "inputs" and "loss" among them, with a word on each, from the first to the last.
    probabilities : dict of str to float
        Of each class.
    label : str
        The row's class; of a multilabel problem the labels that it has, with commas.
    loss, penalty : float
        In nats.
    witnesses : tuple of BlockCheck
        For each parameter: back-propagation against centred differences and against TensorFlow.
    n_kinks : int
        Differences that crossed a kink, and were set apart.
    max_numbers : int
        Arrays with more numbers are summarised when shown.
    title : str
        Which row of what.
    row : dict of str to str
        The row as a pipeline was given it, by column; empty where it reaches the network as it is.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> book = ledger(LogisticRegression(alpha=0.01).fit(X, y), X.iloc[[60]], y[60])
    >>> book.to_frame().query("quantity == 'kernel gradient'").shape
    (12, 9)
    >>> print(book.to_text().splitlines()[0])
    LogisticRegression, one row of class 1
    """

    lines: tuple[LedgerLine, ...]
    layers: dict[str, str]
    probabilities: dict[str, float]
    label: str
    loss: float
    penalty: float
    witnesses: tuple[BlockCheck, ...]
    n_kinks: int
    max_numbers: int
    title: str
    row: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst verdict of all witnesses."""
        return max((witness.verdict for witness in self.witnesses), key=VERDICTS.index)

    def is_large(self, line: LedgerLine) -> bool:
        """Whether an array is summarised when it is shown."""
        return line.value.size > self.max_numbers

    def to_text(self) -> str:
        """Return the ledger for a terminal, 100 columns wide or less."""
        return ledger_text(self)

    def to_latex(self) -> str:
        """Return the ledger as a LaTeX document that compiles with ``pdflatex`` and nothing but ``amsmath``."""
        return ledger_latex(self)

    def to_html(self) -> str:
        """Return the ledger as one self-contained page: it folds by layer, and a number tells its product."""
        return ledger_html(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as a tidy table.

        Returns
        -------
        DataFrame
            A row a number, in the order of the computation, with columns ``stage``, ``layer``, ``quantity``,
            ``symbol``, ``rule``, ``index`` (a tuple), ``statistic`` ("value"), ``value`` and ``product``. A large array
            has a row for each of its "norm", "mean", "min", "max" and "zeros" instead.
        """
        rows: list[tuple[Any, ...]] = []
        for line in self.lines:
            head = (line.stage, line.layer, line.quantity, line.symbol, line.rule)
            if self.is_large(line):
                where = line.extreme_places()
                rows += [(*head, where.get(s, ()), s, value, "") for s, value in line.summary().items()]
            else:
                rows += [(*head, p, "value", float(line.value[p]), line.product(p)) for p in line.places()]
        names = ["stage", "layer", "quantity", "symbol", "rule", "index", "statistic", "value", "product"]
        return pd.DataFrame(rows, columns=names)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        return self.to_text()


def ledger(
    est: Any, x: Any, y: Any, *, penalty: bool = False, max_numbers: int = MAX_NUMBERS, h: float = 1e-5
) -> Ledger:
    """Write out back-propagation on one row through a trained network, every number visible and checked.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        Whose network is a chain of layers that the blackboard knows. Of a pipeline the other steps are applied first.
    x : array-like of shape (n_features,) or (1, n_features), Series, or DataFrame of one row
        As the classifier takes it.
    y : object
        The row's label, among ``classes_``.
    penalty : bool, default=False
        Whether to add the classifier's penalty to the objective.
    max_numbers : int, default=256
        Larger arrays are summarised (shape, norm, extremes) when shown.
    h : float, default=1e-5
        Half the step of the centred differences that bear witness.

    Returns
    -------
    Ledger
        ``.to_text()``, ``.to_html()``, ``.to_latex()``, ``.to_frame()``.

    Raises
    ------
    DataError
        x is not one row of finite numbers of the right shape.
    TargetError
        The label is not among the classes.
    ParameterError
        The network has a layer that the blackboard does not know.

    Notes
    -----
    Everything is as in prediction: dropout passes all units on, and batch normalisation uses its moving averages.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=60, random_state=0)
    >>> clf = MLPClassifier((3,), activation="tanh", learning_rate="cosine", max_iter=20, random_state=0).fit(X, y)
    >>> book = ledger(clf, X[0], y[0])
    >>> list(book.layers)
    ['inputs', 'hidden_1', 'hidden_1 (tanh)', 'outputs', 'loss']
    >>> [witness.verdict for witness in book.witnesses]
    ['good', 'good', 'good', 'good']
    """
    h = checked_step(h)
    if not isinstance(max_numbers, Integral) or isinstance(max_numbers, bool) or max_numbers < 1:
        raise ParameterError(f"max_numbers={max_numbers!r}; expected how many numbers of an array to show, 1 or more.")
    last = est[-1] if hasattr(est, "steps") else est
    whole = rebuild(est)
    rows = network_rows(est, _one_row(last, x))
    if len(rows) != 1:
        raise DataError(f"x has {len(rows)} rows; a ledger is of one. Choose it, such as X[[12]] or X.iloc[[12]].")
    targets = network_targets(est, _one_label(y), whole, 1)
    network = whole if penalty else whole.without_penalty()
    there = network.forward(rows, targets)
    back = network.backward(there)
    theirs = tensorflow_gradients(est, rows, _one_label(y), whole, penalty=penalty, training=False)
    witnesses, kinks = check_objective(network, rows, targets, theirs, h=h, penalty=bool(network.penalties))
    classes = [str(label) for label in np.asarray(last.classes_).tolist()]
    several = is_multilabel(last, network)
    own = [name for name, on in zip(classes, targets[0], strict=True) if on] if several else []
    code = int(np.ravel(targets)[0])
    label = (", ".join(own) or "none") if several else classes[code]
    return Ledger(
        tuple(_lines(network, there, back, _feature_names(est, last, rows.shape[1:]), classes)),
        _layers(network),
        _probabilities(there, classes),
        label,
        there.loss,
        there.penalty,
        witnesses,
        len(kinks),
        max_numbers,
        f"{type(last).__name__}, one row {'with labels' if several else 'of class'} {label}",
        _as_given(est, _one_row(last, x)),
    )


def _as_given(est: Any, x: Any) -> dict[str, str]:
    """Return a pipeline's row by column, as people wrote it."""
    if not hasattr(est, "steps") or len(est.steps) < 2:
        return {}
    table = x if hasattr(x, "columns") else pd.DataFrame(np.asarray(x, dtype=object))
    return {str(name): _written(value) for name, value in table.iloc[0].items()}


def _written(value: Any) -> str:
    if pd.isna(value):
        return "missing"
    return f"{value:.10g}" if isinstance(value, float | np.floating) else str(value)  # 108.0 may have been read as 108


def _one_row(last: Any, x: Any) -> Any:
    """Return x with an axis of rows."""
    if hasattr(x, "to_frame"):  # a Series, as DataFrame.iloc[i] gives it
        return x.to_frame().T.infer_objects()
    if hasattr(x, "columns") or hasattr(x, "toarray"):
        return x
    shape = getattr(last.network_, "input_shape", (None,))
    array = np.asarray(x)
    return array[np.newaxis] if array.ndim == len(shape) - 1 else array


def _one_label(y: Any) -> Any:
    labels = np.asarray(y)
    return labels.reshape(1) if labels.ndim == 0 else labels if labels.ndim == 2 or len(labels) == 1 else labels[None]


def _feature_names(est: Any, last: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Name what goes into the network; empty for images."""
    if len(shape) != 1:
        return ()
    names = getattr(last, "feature_names_in_", None)
    if names is None and last is not est and len(est.steps) > 1:
        try:
            names = est[:-1].get_feature_names_out()
        except (AttributeError, ValueError):  # a step that cannot tell
            names = None
    if names is None or len(names) != shape[0]:
        return tuple(f"x{i}" for i in range(shape[0]))
    return tuple(str(name) for name in names)


def _probabilities(there: ForwardPass, classes: list[str]) -> dict[str, float]:
    p = there.loss_cache.p[0]
    if len(p) == 1 and len(classes) == 2:
        p = np.array([1 - p[0], p[0]])
    return dict(zip(classes, p.tolist(), strict=True))


def _layers(network: Network) -> dict[str, str]:
    found = {"inputs": "what the network is given"}
    for layer in network.layers:
        found[layer.name] = type(layer).__name__
    kind = "logistic units and cross-entropy" if isinstance(network.loss, LogisticLoss) else "softmax and cross-entropy"
    return {**found, "loss": kind}


def _lines(
    network: Network, there: ForwardPass, back: BackwardPass, features: tuple[str, ...], classes: list[str]
) -> list[LedgerLine]:
    """List the arrays, in the order of the computation."""
    x0 = there.inputs[0][0]
    lines = [LedgerLine("given", "inputs", "inputs", "x", "x", "x", x0, column_names=features)]
    outputs = [*there.inputs[1:], there.scores]
    outputs_names = tuple(classes) if len(classes) == there.scores.shape[1] else (f"score of {classes[-1]}",)
    end = len(network.layers) - 1
    for i, layer in enumerate(network.layers):
        x, out = there.inputs[i][0], outputs[i][0]
        fixed = {key: np.asarray(getattr(layer, key)) for key in layer.fixed}
        for key, value in {**layer.parameters, **fixed}.items():
            symbol = _PARAMETER_SYMBOLS.get(key, (key, rf"\text{{{key}}}"))
            lines.append(
                LedgerLine(
                    "given", layer.name, key, symbol[0], symbol[0], symbol[1], value,
                    row_names=features if i == 0 and value.ndim == 2 else (),
                    column_names=outputs_names if i == end else (),
                )
            )  # fmt: skip
        rule = _rule(layer.rules(), "forward")
        names = outputs_names if i == end else ()
        lines.append(
            LedgerLine(
                "forward", layer.name, "output", _left(rule.text), rule.text, rule.latex, out,
                partial(forward_product, layer, x, out), column_names=names,
            )
        )  # fmt: skip
    lines += _loss_lines(network, there, back, outputs_names)
    for i in range(end, -1, -1):
        names = outputs_names if i == end else ()
        lines += _backward_lines(network.layers[i], there, back, i, features, names)
    lines += _penalty_lines(network, back, features)
    return lines


_PARAMETER_SYMBOLS = {
    "kernel": ("W", "W"), "bias": ("b", "b"), "gamma": ("γ", r"\gamma"), "beta": ("β", r"\beta"),
    "moving_mean": ("μ", r"\mu"), "moving_variance": ("σ²", r"\sigma^2"), "scale": ("c", "c"), "offset": ("d", "d"),
    "mean": ("μ", r"\mu"), "variance": ("σ²", r"\sigma^2"),
}  # fmt: skip


def _rule(rules: Sequence[Any], quantity: str) -> Any:
    return next(rule for rule in rules if rule.quantity == quantity)


def _left(text: str) -> str:
    return text.partition(" = ")[0]


# of one row: the means over rows in the rules of the losses have one term
_ENTROPY = ("L = -Σₖ yₖ log pₖ", r"L = -\sum_k y_k \log p_k")
_LOGISTIC_ENTROPY = (
    "L = -Σₖ (yₖ log pₖ + (1 - yₖ) log(1 - pₖ))",
    r"L = -\sum_k \left(y_k \log p_k + (1 - y_k) \log(1 - p_k)\right)",
)


def _loss_lines(network: Network, there: ForwardPass, back: BackwardPass, names: tuple[str, ...]) -> list[LedgerLine]:
    p, y = there.loss_cache.p[0], there.loss_cache.y[0]
    logistic = isinstance(network.loss, LogisticLoss)
    squash = ("p = σ(z)", r"p = \sigma(z)") if logistic else ("p = softmax(z)", r"p = \operatorname{softmax}(z)")
    entropy = _LOGISTIC_ENTROPY if logistic else _ENTROPY
    z = there.scores[0]

    def probability(place: tuple[int, ...]) -> str:
        if logistic:
            return f"1 / (1 + exp({number(-z[place])}))"
        return softmax_product(z, place)

    def loss(place: tuple[int, ...]) -> str:
        if not logistic:
            return loss_product(log_softmax(z), y)
        yes, no = -np.logaddexp(0, -z), -np.logaddexp(0, z)  # log p and log(1 - p), finite where p rounds to 0 or 1
        return loss_product(np.concatenate([yes, no]), np.concatenate([y, 1 - y]))

    def difference(place: tuple[int, ...]) -> str:
        return f"{number(p[place])} − {number(y[place])}"

    return [
        LedgerLine("forward", "loss", "probabilities", "p", *squash, p, probability, column_names=names),
        LedgerLine("given", "loss", "target", "y", "y", "y", y, column_names=names),
        LedgerLine("forward", "loss", "loss", "L", *entropy, np.asarray(there.loss), loss),
        LedgerLine(
            "backward", "loss", "input gradient", "∂L/∂z", "∂L/∂z = p - y", r"\frac{\partial L}{\partial z} = p - y",
            back.deltas[-1][0], difference, column_names=names,
        ),
    ]  # fmt: skip


def _backward_lines(
    layer: Layer, there: ForwardPass, back: BackwardPass, i: int, features: tuple[str, ...], outputs: tuple[str, ...]
) -> list[LedgerLine]:
    """List what comes down through a layer: its parameters' gradients, then what it hands on."""
    x, delta, cache = there.inputs[i][0], back.deltas[i][0], there.caches[i]
    # of the loss alone: the penalty's share has lines of its own
    down, own = layer.backward(back.deltas[i], cache)
    lines = []
    for key, value in own.items():
        rule = _rule(layer.rules(), key)
        lines.append(
            LedgerLine(
                "backward", layer.name, f"{key} gradient", _left(rule.text), rule.text, rule.latex, value,
                partial(parameter_product, layer, x, cache, delta, key),
                row_names=features if i == 0 and value.ndim == 2 else (), column_names=outputs,
            )
        )  # fmt: skip
    rule = _rule(layer.rules(), "input")
    lines.append(
        LedgerLine(
            "backward", layer.name, "input gradient", _left(rule.text), rule.text, rule.latex, down[0],
            partial(input_product, layer, x, cache, delta), column_names=features if i == 0 else (),
        )
    )  # fmt: skip
    return lines


def _penalty_lines(network: Network, back: BackwardPass, features: tuple[str, ...]) -> list[LedgerLine]:
    lines = []
    for name, rule in network.penalties.items():
        owner, _, key = name.rpartition("/")
        W = network.parameters[name]
        texts = {r.quantity: r for r in rule.rules()}
        lines.append(
            LedgerLine(
                "forward", owner, f"{key} penalty", "R", texts["forward"].text, texts["forward"].latex,
                np.asarray(rule.value(W)), partial(penalty_product, rule, W),
            )
        )  # fmt: skip
        slope: Array = rule.gradient(W)
        total = back.parameters[name]

        def added(place: tuple[int, ...], total: Array = total, slope: Array = slope) -> str:
            return f"{factor(total[place] - slope[place])} + {factor(slope[place])}"

        symbol = f"{texts['kernel'].text}"
        lines.append(
            LedgerLine(
                "backward", owner, f"{key} gradient with penalty", "∂(L + R)/∂W", f"∂L/∂W + {_left(symbol)}, {symbol}",
                r"\frac{\partial L}{\partial W} + \frac{\partial R}{\partial W}, \quad " + texts["kernel"].latex,
                total, added, row_names=features if owner == network.layers[0].name and total.ndim == 2 else (),
            )
        )  # fmt: skip
    return lines
