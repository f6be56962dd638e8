"""Are the gradients right? Back-propagation against centred differences, and against TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from strates._random import root_seed, stream
from strates._types import AnyArray
from strates.backprop.finite_differences import Kink, centred_differences, checked_step, relative_error
from strates.backprop.layers import Dropout
from strates.backprop.layers.layer import Array
from strates.backprop.network import Network
from strates.backprop.rebuild import rebuild
from strates.backprop.rows import network_rows, network_targets, tensorflow_gradients
from strates.exceptions import ParameterError

#: Verdicts, from the best to the worst.
VERDICTS = ("good", "fine", "not compared", "too high", "uncomfortable", "wrong")


def verdict(error: float, *, kinks: bool) -> str:
    """Judge a relative error as the notes of Stanford's CS231n do.

    Parameters
    ----------
    error : float
        Relative error between two gradients.
    kinks : bool
        Whether the network has functions by cases, such as ReLU.

    Returns
    -------
    str
        "wrong" above 1e-2; "uncomfortable" above 1e-4; between 1e-4 and 1e-7 "fine" with kinks and "too high" without;
        "good" below.

    Examples
    --------
    >>> [verdict(error, kinks=False) for error in (0.1, 1e-3, 1e-5, 1e-9)]
    ['wrong', 'uncomfortable', 'too high', 'good']
    >>> verdict(1e-5, kinks=True)
    'fine'
    """
    if not error <= 1e-2:
        return "wrong"
    if error > 1e-4:
        return "uncomfortable"
    if error > 1e-7:
        return "fine" if kinks else "too high"
    return "good"


@dataclass(frozen=True)
class BlockCheck:
    """The check of one parameter under one objective.

    Attributes
    ----------
    parameter : str
        Such as "hidden_1/kernel".
    shape : tuple of int
    penalty : bool
        Whether the objective held the penalty.
    dropout : bool
        Whether units were dropped, by one fixed mask.
    n_checked, n_kinks : int
        Entries compared, and those set apart because the step crossed a kink.
    max_error : float
        Largest relative error between back-propagation and centred differences, kinks set apart.
    beyond_rounding : float
        The same with the differences' own rounding, ``eps * |L| / h``, taken off: what the verdict judges. A derivative
        near zero has a large relative error from rounding alone.
    entry : tuple of int or None
        Where the largest error is.
    analytic, numerical : float
        The two derivatives there.
    tensorflow_error : float
        Largest difference between back-propagation and TensorFlow, as a share of the largest derivative of the
        block; NaN where TensorFlow was not asked (with a mask, which is the blackboard's own).
    verdict : str
        On ``beyond_rounding``; and on ``tensorflow_error`` where that is above 1e-4. "not compared" where every step
        crossed a kink, so that the differences tell nothing: take fewer rows, or a smaller ``h``.
    """

    parameter: str
    shape: tuple[int, ...]
    penalty: bool
    dropout: bool
    n_checked: int
    n_kinks: int
    max_error: float
    beyond_rounding: float
    entry: tuple[int, ...] | None
    analytic: float
    numerical: float
    tensorflow_error: float
    verdict: str


@dataclass(frozen=True)
class GradientCheck:
    """What :func:`gradient_check` found.

    Attributes
    ----------
    blocks : tuple of BlockCheck
        One a parameter and objective.
    kinks : tuple of Kink
        Entries whose finite difference crossed a kink: named, and not counted as errors.
    h : float
        Half the step of the differences.
    """

    blocks: tuple[BlockCheck, ...]
    kinks: tuple[Kink, ...]
    h: float

    @property
    def max_error(self) -> float:
        """Largest relative error of all blocks, kinks set apart."""
        return max(block.max_error for block in self.blocks)

    @property
    def tensorflow_error(self) -> float:
        """Largest relative difference from TensorFlow; NaN where it was not asked."""
        found = [block.tensorflow_error for block in self.blocks if not np.isnan(block.tensorflow_error)]
        return max(found, default=float("nan"))

    @property
    def verdict(self) -> str:
        """The worst verdict of all blocks."""
        return max((block.verdict for block in self.blocks), key=VERDICTS.index)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a block, with the fields of :class:`BlockCheck` as columns."""
        names = [f.name for f in fields(BlockCheck)]
        return pd.DataFrame([[getattr(block, name) for name in names] for block in self.blocks], columns=names)

    def to_text(self) -> str:
        """Return the table, the kinks and the verdict, for a terminal."""
        heads = "parameter,penalty,dropout,checked,kinks,max error,beyond rounding,TensorFlow,verdict"
        rows = [heads.split(",")]
        for b in self.blocks:
            asked = "-" if np.isnan(b.tensorflow_error) else f"{b.tensorflow_error:.1e}"
            on = ["on" if b.penalty else "off", "mask" if b.dropout else "off", str(b.n_checked), str(b.n_kinks)]
            rows.append([b.parameter, *on, f"{b.max_error:.1e}", f"{b.beyond_rounding:.1e}", asked, b.verdict])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines += [
            f"kink: {k.parameter}{list(k.index)} moves unit {k.unit} of {k.layer}, row {k.row}, over its kink "
            f"(would read {k.error:.2g})"
            if k.row >= 0
            else f"kink: {k.parameter}{list(k.index)} is at the corner of |w| (would read {k.error:.2g})"
            for k in self.kinks[:5]
        ]
        if len(self.kinks) > 5:
            lines.append(f"... and {len(self.kinks) - 5} more kinks, in .kinks")
        beyond = max(block.beyond_rounding for block in self.blocks)
        lines.append(
            f"{self.verdict}: largest relative error {self.max_error:.1e}, of which {beyond:.1e} is beyond rounding, "
            f"at h = {self.h:g}"
        )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()


def gradient_check(
    est: Any,
    X: Any,
    y: Any,
    *,
    h: float = 1e-5,
    entries: int | None = 100,
    dtype: str = "float64",
    random_state: Any = 0,
) -> GradientCheck:
    """Compare the gradients of a trained network with centred differences, block by block.

    Each parameter is checked by itself, first on the loss alone, then with the penalty, where the classifier has one;
    and a network with dropout once more with one fixed mask. The gradients are back-propagated on the blackboard; where
    nothing is dropped, TensorFlow's stand beside them. Batch normalisation uses the statistics of the rows given, as in
    training, when there are at least two.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        Whose network is a chain of layers that the blackboard knows.
    X : array-like or DataFrame of shape (n_rows, ...)
        A few rows are enough: kinks are crossed the more often, the more rows there are.
    y : array-like of shape (n_rows,)
        Their labels.
    h : float, default=1e-5
        Half the step of the differences.
    entries : int or None, default=100
        Entries of each parameter to check, drawn at random; None checks all.
    dtype : {"float64", "float32"}, default="float64"
        "float32" shows why single precision cannot check gradients.
    random_state : int, RandomState, Generator or None, default=0
        Of the entries drawn, and of the mask.

    Returns
    -------
    GradientCheck
        ``.max_error``, ``.verdict``, ``.kinks``, ``.to_frame()``; printed, a table.

    Raises
    ------
    ParameterError
        The network has a layer that the blackboard does not know, or ``h`` or ``entries`` is not positive.
    DataError
        X holds NaN, or rows of another shape.
    TargetError
        A label is not among the classes.

    References
    ----------
    Notes of Stanford's CS231n, "Learning: gradient checks".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((5,), activation="tanh", learning_rate="cosine", max_iter=20, random_state=0).fit(X, y)
    >>> check = gradient_check(clf, X[::10], y[::10])
    >>> check.verdict
    'good'
    >>> check.to_frame()["parameter"].unique().tolist()
    ['hidden_1/kernel', 'hidden_1/bias', 'outputs/kernel', 'outputs/bias']
    """
    h, seed = checked_step(h), root_seed(random_state)
    if entries is not None and (not isinstance(entries, Integral) or isinstance(entries, bool) or entries < 1):
        raise ParameterError(f"entries={entries!r}; expected a number of entries of 1 or more, or None for all.")
    if dtype not in ("float64", "float32"):
        raise ParameterError(f"dtype={dtype!r}; expected 'float64', or 'float32' to see why it does not do.")
    rows = network_rows(est, X)
    network = rebuild(est, training=len(rows) > 1)
    targets = network_targets(est, y, network, len(rows))
    blocks: list[BlockCheck] = []
    kinks: list[Kink] = []
    for view, penalty, dropout in _objectives(network, rows, targets, seed):
        theirs: dict[str, Any] = {}
        if not dropout:  # TensorFlow has masks of its own
            theirs = tensorflow_gradients(est, rows, y, network, penalty=penalty, training=len(rows) > 1)
        found = check_objective(
            view, rows, targets, theirs, h=h, entries=entries, seed=seed,
            penalty=penalty, dropout=dropout, single_precision=dtype == "float32",
        )  # fmt: skip
        blocks += found[0]
        kinks += found[1]
    return GradientCheck(tuple(blocks), tuple(kinks), h)


def _objectives(network: Network, rows: Array, targets: AnyArray, seed: int) -> list[tuple[Network, bool, bool]]:
    """List what to check: the loss; with the penalty; with a mask."""
    found = [(network.without_penalty(), False, False)]
    if any(penalty.alpha for penalty in network.penalties.values()):
        found.append((network, True, False))
    masked = network.without_penalty()
    there = masked.forward(rows, targets)
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Dropout) and layer.rate > 0:
            kept = stream(seed, f"mask of {layer.name}").random(there.inputs[i].shape) >= layer.rate
            masked = masked.with_layer(i, Dropout(layer.rate, mask=kept, name=layer.name))
    if masked.layers != network.layers:
        found.append((masked, False, True))
    return found


def _draw(shape: tuple[int, ...], entries: int | None, rng: np.random.Generator) -> list[tuple[int, ...]]:
    size = int(np.prod(shape))
    flat = np.arange(size) if entries is None or entries >= size else np.sort(rng.choice(size, entries, replace=False))
    return [tuple(int(i) for i in np.unravel_index(k, shape)) for k in flat]


def check_objective(
    network: Network,
    rows: Array,
    targets: AnyArray,
    theirs: Mapping[str, Any],
    *,
    h: float = 1e-5,
    entries: int | None = 100,
    seed: int = 0,
    penalty: bool = False,
    dropout: bool = False,
    single_precision: bool = False,
) -> tuple[tuple[BlockCheck, ...], tuple[Kink, ...]]:
    """Check every parameter of a network on the blackboard under its objective as it is.

    Parameters
    ----------
    network : Network
    rows, targets : ndarray
        As the network and its loss take them.
    theirs : mapping of str to ndarray
        TensorFlow's gradients by "layer/parameter"; empty where it was not asked.
    h, entries, seed
        See :func:`gradient_check`.
    penalty, dropout : bool
        What to say of the objective in the blocks.
    single_precision : bool, default=False
        Compute the differences in float32.

    Returns
    -------
    blocks : tuple of BlockCheck
    kinks : tuple of Kink
    """
    there = network.forward(rows, targets)
    gradients = network.backward(there).parameters
    largest = max((float(np.abs(slopes).max(initial=0.0)) for slopes in gradients.values()), default=0.0)
    bends = bool(network.pieces(there)) or any(p.l1_ratio > 0 for p in network.penalties.values())
    blocks: list[BlockCheck] = []
    kinks: list[Kink] = []
    for name, value in network.parameters.items():
        places = _draw(value.shape, entries, stream(seed, f"entries of {name}"))
        found = centred_differences(network, rows, targets, name, places, h=h, single_precision=single_precision)
        ours = np.array([gradients[name][place] for place in places])
        errors = relative_error(ours, found.values)
        size = np.maximum(np.abs(ours), np.abs(found.values))
        beyond = np.maximum(np.abs(ours - found.values) - found.rounding, 0)
        beyond = np.divide(beyond, size, out=np.zeros_like(size), where=size > 0)
        if single_precision:  # there the rounding is what is to be seen
            beyond = errors
        smooth = np.array([crossed is None for crossed in found.crossed])
        kinks += [
            Kink(name, place, *crossed, float(error))
            for place, crossed, error in zip(places, found.crossed, errors, strict=True)
            if crossed is not None
        ]
        worst = int(np.argmax(np.where(smooth, errors, -1))) if smooth.any() else None
        left = float(beyond[smooth].max(initial=0.0))
        apart = _distance(gradients[name], theirs.get(name), least=1e-8 * largest)
        blocks.append(
            BlockCheck(
                parameter=name,
                shape=gradients[name].shape,
                penalty=penalty,
                dropout=dropout,
                n_checked=len(places),
                n_kinks=int((~smooth).sum()),
                max_error=float(errors[smooth].max(initial=0.0)),
                beyond_rounding=left,
                entry=None if worst is None else places[worst],
                analytic=float("nan") if worst is None else float(ours[worst]),
                numerical=float("nan") if worst is None else float(found.values[worst]),
                tensorflow_error=apart,
                verdict=_verdict_of_block(left, apart, bends, compared=bool(smooth.any()) or not places),
            )
        )
    return tuple(blocks), tuple(kinks)


def _verdict_of_block(left: float, apart: float, bends: bool, *, compared: bool) -> str:
    # TensorFlow holds some constants in float32: it is a witness against gross errors only
    if apart > 1e-4:
        return verdict(max(left, apart), kinks=bends)
    return verdict(left, kinks=bends) if compared else "not compared"


def _distance(ours: Array, theirs: Any, *, least: float) -> float:
    """Return the largest difference as a share of the largest derivative, or of ``least`` where all are smaller."""
    if theirs is None:
        return float("nan")
    size = max(float(np.abs(ours).max(initial=0.0)), float(np.abs(theirs).max(initial=0.0)), least)
    return float(np.abs(ours - theirs).max(initial=0.0)) / size if size else 0.0
