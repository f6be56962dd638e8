"""A pipeline, or a network, in the format that most runtimes read."""

from __future__ import annotations

import json
import math
import os
import warnings
from typing import Any

import numpy as np

from strates._atomic_write import atomic_write
from strates._types import AnyArray
from strates.engine.layer_walk import LayerCall, walk_layers
from strates.exceptions import StratesWarning
from strates.export.compared_rows import columns_of, compared_rows, largest_difference
from strates.export.destination import check_destination
from strates.export.export_result import ExportResult
from strates.export.fitted_parts import FittedParts, fitted_parts
from strates.export.network_inputs import network_inputs
from strates.export.onnx_graph import OPSET, OnnxGraph, number
from strates.export.onnx_layers import OnnxTensor, add_layer
from strates.export.onnx_packages import INSTALL, onnx_package, onnx_runtime
from strates.export.onnx_recipe import add_recipe
from strates.export.read_recipe import read_recipe
from strates.export.recipe import Recipe

#: Of the file's format: the one that came with the operations used.
_IR_VERSION = 9
_OUTPUTS = {"threshold": "decisions", "reconstruction": "reconstruction"}


def to_onnx(est: Any, path: str | os.PathLike[str], *, X: Any = None, overwrite: bool = False) -> ExportResult:
    """Write a fitted pipeline, or a network, as an ONNX file, which most runtimes and languages read.

    It is run by onnxruntime, where that is installed, and compared with the estimator before it takes its place. A
    classifier's file has two outputs: ``label``, and ``probabilities`` with a column for each class. What comes in is
    one tensor ``X``; for a pipeline whose columns are treated differently, a tensor of shape (n, 1) for each column,
    by its name: text, or numbers as float64. Missing text is "", a missing number NaN.

    Parameters
    ----------
    est : fitted estimator, or pipeline that ends in one
        Of a pipeline every step is written: ``StandardScaler``, ``MinMaxScaler``, ``MaxAbsScaler``, ``RobustScaler``,
        ``SimpleImputer``, ``OneHotEncoder``, ``ColumnTransformer``, ``PCA``, selections of columns, and what
        :func:`strates.tabular_pipeline` makes of numbers and of categories with few values.
    path : str or path-like
        ``.onnx`` is added when there is no suffix.
    X : array-like or DataFrame, optional
        Rows to compare on, of which the first hundred are taken; random ones by default.
    overwrite : bool, default=False
        Replace a file that exists.

    Returns
    -------
    ExportResult

    Raises
    ------
    ParameterError
        A step or a layer cannot be written (the message says how to export the network alone), or the file exists.
    BackendError
        The package onnx is not installed.

    Warns
    -----
    StratesWarning
        The file could not be run, because onnxruntime is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), MLPClassifier((8,), solver="lbfgs", random_state=0)).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = to_onnx(pipeline, pathlib.Path(folder) / "moons")
    >>> result.path.name, result.rows, result.whole, result.max_difference < 1e-6
    ('moons.onnx', 100, True, True)
    """
    onnx = onnx_package()
    parts = fitted_parts(est)
    target = check_destination(path, ".onnx", overwrite=overwrite)
    recipe = read_recipe(parts) if parts.steps else None
    content: bytes = _model(onnx, parts, recipe).SerializeToString()
    rows = compared_rows(parts, recipe, X)
    names = _input_names(recipe)
    found = _run(content, _fed(parts, recipe, rows, names), _OUTPUTS.get(parts.kind, "probabilities"))
    difference = math.nan if found is None else largest_difference("ONNX", found, parts.answers(rows))
    atomic_write(target, content)
    return ExportResult(
        path=target,
        format="ONNX",
        max_difference=difference,
        rows=0 if found is None else len(found),
        size=len(content),
        whole=parts.whole_pipeline(est),
        usage=f'session = onnxruntime.InferenceSession("{target.name}")\n{_call(recipe, names)}',
    )


def _run(content: bytes, inputs: dict[str, AnyArray], output: str) -> AnyArray | None:
    """Return what onnxruntime answers; None, with a warning, where it is not installed."""
    runtime = onnx_runtime()
    if runtime is None:
        warnings.warn(
            "The ONNX file was not run, because onnxruntime is not installed here. To have it compared with the "
            f"estimator: {INSTALL}",
            StratesWarning,
            stacklevel=3,
        )
        return None
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run([output], inputs)[0])


def _call(recipe: Recipe | None, names: list[str]) -> str:
    """Return the line that asks a session."""
    if recipe is None:
        return 'session.run(None, {"X": X.astype("float32")})'
    if not recipe.columns:
        return 'session.run(None, {"X": X.astype("float64")})'
    column, name = recipe.columns[0], names[0]
    kind = "object" if column.text else '"float64"'
    return f"session.run(None, {{{json.dumps(name)}: table[[{json.dumps(column.name)}]].to_numpy({kind}), ...}})"


def _input_names(recipe: Recipe | None) -> list[str]:
    taken = ("label", "probabilities", "decisions", "reconstruction")
    if recipe is None or not recipe.columns:
        return ["X"]
    return [f"{column.name}_" if column.name in taken else column.name for column in recipe.columns]


def _fed(parts: FittedParts, recipe: Recipe | None, rows: Any, names: list[str]) -> dict[str, AnyArray]:
    if recipe is None:
        return {"X": network_inputs(parts, rows)}
    columns = columns_of(recipe, rows)
    if not recipe.columns:
        return {"X": columns[0]}
    texts = [column.astype(object) if column.dtype.kind == "U" else column for column in columns]
    return {name: column[:, None] for name, column in zip(names, texts, strict=True)}


def _model(onnx: Any, parts: FittedParts, recipe: Recipe | None) -> Any:
    graph, helper, kinds = OnnxGraph(onnx), onnx.helper, onnx.TensorProto
    names = _input_names(recipe)
    shape = parts.input_shape
    if recipe is None:
        inputs = [helper.make_tensor_value_info("X", kinds.FLOAT, ["n", *shape])]
        x = "X"
    elif not recipe.columns:
        inputs = [helper.make_tensor_value_info("X", kinds.DOUBLE, ["n", recipe.n_inputs])]
        x = add_recipe(graph, recipe, names)
    else:
        inputs = [
            helper.make_tensor_value_info(name, kinds.STRING if column.text else kinds.DOUBLE, ["n", 1])
            for name, column in zip(names, recipe.columns, strict=True)
        ]
        x = add_recipe(graph, recipe, names)
    outputs = _end(onnx, graph, parts, _network(graph, parts, x, shape))
    made = helper.make_graph(graph.nodes, "strates", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opsets, producer_name="strates", ir_version=_IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def _network(graph: OnnxGraph, parts: FittedParts, x: str, shape: tuple[int | None, ...]) -> str:
    """Add the network, and return the name of its outputs."""
    if parts.kind == "threshold":
        wide = graph.cast(x, "DOUBLE")
        weights = parts.last.coef_.T.astype(np.float64), parts.last.intercept_.astype(np.float64)
        scores = graph.add("Add", graph.add("MatMul", wide, weights[0]), weights[1])
        if len(parts.last.classes_) == 2:
            return graph.cast(graph.add("Greater", scores, np.array(0.0)), "FLOAT")
        largest = graph.add("ArgMax", scores, axis=1, keepdims=1)
        classes = np.arange(len(parts.last.classes_), dtype=np.int64)
        return graph.cast(graph.add("Equal", largest, classes[None, :]), "FLOAT")

    def visit(call: LayerCall, inputs: list[OnnxTensor]) -> OnnxTensor:
        return add_layer(graph, call.operation, inputs, call.shape([one.shape for one in inputs]))

    found: OnnxTensor = walk_layers(parts.model, OnnxTensor(x, shape), visit)
    return found.name


def _end(onnx: Any, graph: OnnxGraph, parts: FittedParts, x: str) -> list[Any]:
    """Add the outputs, and return what the graph says of them."""
    helper, kinds = onnx.helper, onnx.TensorProto
    name = _OUTPUTS.get(parts.kind, "probabilities")
    if parts.kind == "reconstruction":
        graph.end(x, name)
        return [helper.make_tensor_value_info(name, kinds.FLOAT, ["n", *parts.model.output_shape[1:]])]
    classes = np.asarray(parts.classes)
    if parts.model.output_shape[-1] == 1 and len(classes) == 2:
        x = graph.add("Concat", graph.add("Sub", number(1.0), x), x, axis=1)
    graph.end(x, name)
    told = helper.make_tensor_value_info(name, kinds.FLOAT, ["n", len(classes)])
    if parts.kind == "multilabel":
        graph.end(graph.cast(graph.add("Greater", x, number(0.5)), "INT64"), "label")
        return [helper.make_tensor_value_info("label", kinds.INT64, ["n", len(classes)]), told]
    labels = classes.astype(str) if classes.dtype.kind in "OUT" else classes
    graph.end(graph.add("Gather", labels, graph.add("ArgMax", x, axis=1, keepdims=0), axis=0), "label")
    kind = kinds.STRING if labels.dtype.kind == "U" else helper.np_dtype_to_tensor_dtype(labels.dtype)
    return [helper.make_tensor_value_info("label", kind, ["n"]), told]
