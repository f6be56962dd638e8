"""A trained network as a module of NumPy."""

from __future__ import annotations

import io
import os
import runpy
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from strates._atomic_write import atomic_write
from strates._types import AnyArray
from strates.backprop.keras_chain import keras_chain
from strates.backprop.keras_translation import translate
from strates.backprop.layers import Activation, Dense, Layer, Softmax
from strates.exceptions import ParameterError
from strates.export.compared_rows import compared_rows, largest_difference
from strates.export.destination import beside, check_destination
from strates.export.export_result import ExportResult
from strates.export.fitted_parts import FittedParts, fitted_parts
from strates.export.numpy_functions import function_texts
from strates.export.numpy_layer import NumpyLayer, axes_after, numpy_layer
from strates.export.numpy_preprocessing import NumpyPreprocessing
from strates.export.recipe import Recipe
from strates.export.whole_or_network import whole_or_network


def to_numpy(
    est: Any,
    path: str | os.PathLike[str],
    *,
    gradient: bool = False,
    X: Any = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write a trained classifier as a module of plain NumPy, to read and to run where there is no TensorFlow.

    Two files appear: the module, in which each layer of the network is a line or two, and its weights beside it
    (``.npz``). The module imports nothing but NumPy and Python's own modules. Its ``predict_proba(X)`` and
    ``predict(X)`` answer what the estimator answers, to rounding; both are run and compared before the files take
    their place.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        ``LogisticRegression``, ``Perceptron``, ``MLPClassifier``, ``CNNClassifier``, or any whose network is a chain of
        layers that :func:`strates.backprop.ledger` knows. Of a pipeline, the preprocessing is written out too where
        it is made of scalers, imputers, one-hot encoders and the like; otherwise a warning says why, and the module
        takes the network's own inputs.
    path : str or path-like
        The module, ``.py``; the weights have the same name with ``.npz``.
    gradient : bool, default=False
        Also write ``loss_and_gradient(X, y)``: the mean cross-entropy and its derivative by each weight,
        back-propagation by hand, beside each forward line the lines that go back through it. It is what
        ``est.loss_gradient(X, y)`` computes.
    X : array-like or DataFrame, optional
        Rows to compare on, of which the first hundred are taken; random ones by default.
    overwrite : bool, default=False
        Replace files that exist.

    Returns
    -------
    ExportResult

    Raises
    ------
    ParameterError
        The network has a layer without lines of NumPy, or the file exists.

    Warns
    -----
    StratesWarning
        A step of the pipeline cannot be written out: the module takes the network's own inputs.

    Examples
    --------
    >>> import pathlib, runpy, tempfile
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = to_numpy(clf, pathlib.Path(folder) / "moons.py")
    ...     module = runpy.run_path(str(result.path))
    >>> bool(abs(module["predict_proba"](X) - clf.predict_proba(X)).max() < 1e-6)
    True
    """
    parts = fitted_parts(est)
    target = check_destination(path, ".py", overwrite=overwrite)
    check_destination(target.with_suffix(".npz"), ".npz", overwrite=overwrite)
    layers = _layers(parts, gradient)
    parts, recipe, X = whole_or_network(parts, "The module", X)
    module = _Module.write(parts, recipe, layers, target.stem, gradient)
    rows = compared_rows(parts, recipe, X)
    with beside(target) as folder:
        made = folder / target.name
        made.write_text(module.text, encoding="utf-8")
        made.with_suffix(".npz").write_bytes(module.weights)
        found = _run(made, parts, rows)
    difference = largest_difference("NumPy", found, parts.answers(rows))
    atomic_write(target.with_suffix(".npz"), module.weights)
    atomic_write(target, module.text.encode("utf-8"))
    return ExportResult(
        path=target,
        format="NumPy",
        max_difference=difference,
        rows=len(found),
        size=len(module.text.encode("utf-8")) + len(module.weights),
        whole=parts.whole_pipeline(est),
        usage=f"from {target.stem} import predict_proba\npredict_proba({_argument(recipe)})",
    )


def _run(module: Path, parts: FittedParts, rows: Any) -> AnyArray:
    written = runpy.run_path(str(module))
    if parts.kind == "threshold":
        return np.asarray(np.asarray(written["predict"](rows))[:, None] == parts.classes, np.float64)
    return np.asarray(written["predict_proba"](rows))


def _layers(parts: FittedParts, gradient: bool) -> list[Layer]:
    if parts.kind == "threshold":
        if gradient:
            raise ParameterError(
                f"{type(parts.last).__name__} ends in a step, whose derivative is zero wherever it has one: there is "
                "no gradient to write. Leave gradient=True out, or take LogisticRegression."
            )
        return [Dense(parts.last.coef_.T, parts.last.intercept_, name="outputs")]
    if parts.kind == "reconstruction":
        raise ParameterError(f"to_numpy writes classifiers, and {type(parts.last).__name__} is none. Use to_onnx.")
    try:
        layers = [made for layer in keras_chain(parts.model) for made in translate(layer)]
    except ParameterError as error:
        raise ParameterError(
            f"to_numpy cannot write this network. {error} For other networks there is to_onnx."
        ) from error
    last = layers[-1]
    if not (isinstance(last, Softmax) or (isinstance(last, Activation) and last.activation in ("logistic", "sigmoid"))):
        raise ParameterError(
            f"to_numpy writes networks that end in softmax or logistic units; this one ends in {last!r}."
        )
    return layers[:-1]


@dataclass(frozen=True)
class _Module:
    text: str
    weights: bytes

    @classmethod
    def write(
        cls, parts: FittedParts, recipe: Recipe | None, layers: list[Layer], name: str, gradient: bool
    ) -> _Module:
        written = _written_layers(parts, layers)
        weights = {key: array for layer in written for key, array in layer.weights.items()}
        preparation = None
        if recipe is not None:
            preparation = NumpyPreprocessing(recipe, hasattr(parts.estimator, "feature_names_in_"))
        before = [] if preparation is None else preparation.texts()
        weights |= {} if preparation is None else preparation.weights
        weights["classes"] = _as_plain(parts.classes)
        if recipe is not None and recipe.columns:
            weights["columns"] = np.array([column.name for column in recipe.columns])
        functions = [one for layer in written for one in layer.functions]
        if parts.kind in ("binary", "multilabel"):
            functions.append("logistic")
        texts = [
            _head(parts, recipe, name, functions),
            *before,
            *function_texts(functions, gradient=gradient),
            *([] if parts.kind == "threshold" else [_predict_proba(parts, recipe, written)]),
            _predict(parts, recipe, written),
            *([_loss_and_gradient(parts, recipe, written)] if gradient else []),
        ]
        held = io.BytesIO()
        np.savez(held, allow_pickle=False, **weights)
        return cls("\n\n".join(texts), held.getvalue())


def _written_layers(parts: FittedParts, layers: Iterable[Layer]) -> list[NumpyLayer]:
    n_axes, number, found = len(parts.model.input_shape), 1, []
    for layer in layers:
        one = numpy_layer(layer, number, n_axes=n_axes)
        n_axes = axes_after(layer, n_axes)
        number += bool(one.weights)
        found.append(one)
    return found


def _as_plain(classes: Any) -> AnyArray:
    """Return labels as an array that needs no pickle: objects become text."""
    array = np.asarray(classes)
    return array.astype(str) if array.dtype.kind == "O" else array


def _head(parts: FittedParts, recipe: Recipe | None, name: str, functions: list[str]) -> str:
    layers = ", ".join(f"{n}" for n in parts.model.input_shape[1:])
    what = f"its {layers} inputs" if recipe is None else "a table" if recipe.columns else "rows"
    about = (
        f"{type(parts.last).__name__}, written out by strates. Its weights are in the file .npz of the same name, "
        f"beside this one. It takes {what} and tells {len(_classes(parts))} classes apart."
    )
    lines = [f'"""{_title(name)}: a trained network in NumPy.', "", *textwrap.wrap(about, 88), '"""', ""]
    plain = "from math import erfc\n" if "normal_cdf" in functions else ""
    windows = any(one in ("conv2d", "max_pool", "average_pool") for one in functions)
    more = "from numpy.lib.stride_tricks import sliding_window_view\n" if windows else ""
    columns = '\nCOLUMNS = P.pop("columns")' if recipe is not None and recipe.columns else ""
    return (
        "\n".join(lines) + f"\n{plain}from pathlib import Path\n\nimport numpy as np\n{more}\n"
        'with np.load(Path(__file__).with_suffix(".npz")) as file:\n'
        "    P = {name: file[name] for name in file.files}  # the numbers, by name\n"
        f'CLASSES = P.pop("classes"){columns}\n'
    )


def _title(name: str) -> str:
    return name if name.isidentifier() else "Model"


def _classes(parts: FittedParts) -> AnyArray:
    return np.asarray(parts.classes)


def _start(parts: FittedParts, recipe: Recipe | None, x: str) -> str:
    shape = parts.model.input_shape[1:]
    if recipe is not None:
        return f"{x} = preprocess({'table' if recipe.columns else 'X'})"
    image = f".reshape(-1, {', '.join(str(n) for n in shape)})" if len(shape) > 1 else ""
    return f"{x} = np.asarray(X, float){image}"


def _argument(recipe: Recipe | None) -> str:
    return "table" if recipe is not None and recipe.columns else "X"


def _forward(written: list[NumpyLayer]) -> list[str]:
    return [line.format(x="x", y="x") for layer in written for line in layer.forward]


_PROBABILITIES = {
    "categorical": [
        "e = np.exp(x - x.max(axis=1, keepdims=True))  # exp overflows above 709",
        "return e / e.sum(axis=1, keepdims=True)",
    ],
    "binary": ["p = logistic(x)", "return np.column_stack([1 - p, p])"],
    "multilabel": ["return logistic(x)"],
}


def _function(head: str, docstring: list[str], lines: list[str]) -> str:
    return "\n".join([head, *(f"    {line}" if line else "" for line in [*docstring, *lines]), ""])


def _predict_proba(parts: FittedParts, recipe: Recipe | None, written: list[NumpyLayer]) -> str:
    each = "label" if parts.kind == "multilabel" else "class, in the order of CLASSES"
    lines = [_start(parts, recipe, "x"), *_forward(written), *_PROBABILITIES[parts.kind]]
    return _function(
        f"def predict_proba({_argument(recipe)}):", [f'"""Return the probability of each {each}."""'], lines
    )


def _predict(parts: FittedParts, recipe: Recipe | None, written: list[NumpyLayer]) -> str:
    argument = _argument(recipe)
    head = f"def predict({argument}):"
    if parts.kind == "multilabel":
        lines = [f"return (predict_proba({argument}) > 0.5).astype(int)"]
        return _function(head, ['"""Return 1 for each label that is more probable than not."""'], lines)
    if parts.kind != "threshold":
        lines = [f"return CLASSES[predict_proba({argument}).argmax(axis=1)]"]
        return _function(head, ['"""Return the most probable class of each row."""'], lines)
    one = "(x[:, 0] > 0).astype(int)" if len(_classes(parts)) == 2 else "x.argmax(axis=1)"
    lines = [_start(parts, recipe, "x"), *_forward(written), f"return CLASSES[{one}]"]
    return _function(head, ['"""Return the class of each row."""'], lines)


def _loss_and_gradient(parts: FittedParts, recipe: Recipe | None, written: list[NumpyLayer]) -> str:
    lines, back, i = [_start(parts, recipe, "x0")], [], 0
    for layer in written:
        if not layer.forward:
            continue
        names = {"x": f"x{i}", "y": f"x{i + 1}"}
        forward = [line.format(**names) for line in layer.forward]
        lines += forward
        back.append([*(f"# {line}" for line in forward), *(line.format(**names) for line in layer.backward)])
        i += 1
    names = {own: theirs for layer in written for own, theirs in layer.names.items()}
    trained = {own: theirs for own, theirs in names.items() if own.startswith(("W", "b", "gamma"))}
    told = ", ".join(f"{own} of {theirs}" for own, theirs in trained.items() if theirs.isascii() and '"' not in theirs)
    docstring = [
        '"""Return the mean cross-entropy (in nats) of rows with labels y, and its slopes.',
        "",
        *textwrap.wrap(f"The slopes are by the name of the weight: {told}; and X: by the inputs.", 84),
        '"""',
    ]
    docstring = [line.replace("\\", "/") for line in docstring]
    lines += _loss_lines(parts, f"x{i}")
    for one in reversed(back):
        lines += one
    lines += ['g["X"] = d', "return loss, g"]
    return _function(f"def loss_and_gradient({_argument(recipe)}, y):", docstring, lines)


def _loss_lines(parts: FittedParts, x: str) -> list[str]:
    smoothing = float(parts.last.get_params(deep=False).get("label_smoothing", 0.0))
    lines = []
    if parts.kind == "categorical":
        lines.append("Y = (np.asarray(y)[:, None] == CLASSES).astype(float)")
    elif parts.kind == "binary":
        lines.append("Y = (np.asarray(y)[:, None] == CLASSES[1:]).astype(float)")
    else:
        lines.append("Y = np.asarray(y, float)")
    if smoothing:
        share = f"{smoothing!r} / {len(_classes(parts))}" if parts.kind == "categorical" else f"{smoothing!r} / 2"
        lines.append(f"Y = (1 - {smoothing!r}) * Y + {share}  # label smoothing")
    if parts.kind == "categorical":
        lines += [
            f"z = {x} - {x}.max(axis=1, keepdims=True)",
            "log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
            "loss = -(Y * log_p).sum(axis=1).mean()",
            "",
            "g = {}",
            f"d = (np.exp(log_p) - Y) / len(Y)  # the derivative by {x}",
        ]
    else:
        lines += [
            f"loss = (np.logaddexp(0, {x}) - Y * {x}).sum(axis=1).mean()",
            "",
            "g = {}",
            f"d = (logistic({x}) - Y) / len(Y)  # the derivative by {x}",
        ]
    return lines
