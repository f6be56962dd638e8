"""A recipe as nodes of ONNX, computed in float64 as scikit-learn does."""

from __future__ import annotations

import numpy as np

from strates._types import AnyArray
from strates.export.onnx_graph import OnnxGraph, integers
from strates.export.recipe import Affine, Clip, Impute, Indicators, Project, Recipe, Select, Single, Squash, Step


def add_recipe(graph: OnnxGraph, recipe: Recipe, inputs: list[str]) -> str:
    """Add the nodes from what comes in to the network's inputs, and return the name of the last.

    Parameters
    ----------
    graph : OnnxGraph
    recipe : Recipe
    inputs : list of str
        Names of the tensors that come in: one of shape (n, 1) a column, or one matrix.

    Returns
    -------
    str
        Of a float32 tensor.
    """
    blocks = []
    for block in recipe.blocks:
        found = []
        for source in block.sources:
            if isinstance(source, Indicators):
                found.append(_indicators(graph, source, inputs[source.column]))
            else:
                found += [inputs[column] for column in source.columns]
        blocks.append(_follow(graph, _joined(graph, found), block.steps))
    x = _follow(graph, _joined(graph, blocks) if blocks else inputs[0], recipe.steps)
    return graph.cast(x, "FLOAT")


def _joined(graph: OnnxGraph, names: list[str]) -> str:
    return names[0] if len(names) == 1 else str(graph.add("Concat", *names, axis=1))


def _indicators(graph: OnnxGraph, source: Indicators, x: str) -> str:
    if source.fill is not None:
        x = graph.add("Where", graph.add("Equal", x, np.array([""])), np.array([source.fill]), x)
    return graph.cast(graph.add("Equal", x, source.categories[None, :]), "DOUBLE")


def _follow(graph: OnnxGraph, x: str, steps: tuple[Step, ...]) -> str:
    for step in steps:
        x = _add(graph, x, step)
    return x


def _add(graph: OnnxGraph, x: str, step: Step) -> str:
    if isinstance(step, Affine):
        return str(graph.add("Mul", graph.add("Sub", x, _row(step.shift)), _row(step.factor)))
    if isinstance(step, Clip):
        return str(graph.add("Clip", x, np.array(step.low), np.array(step.high)))
    if isinstance(step, Squash):
        share = graph.add("Div", x, np.array(step.limit))
        below = graph.add("Sqrt", graph.add("Add", graph.add("Mul", share, share), np.array(1.0)))
        return str(graph.add("Div", x, below))
    if isinstance(step, Select):
        return str(graph.add("Gather", x, integers(*step.kept), axis=1))
    if isinstance(step, Single):
        return graph.cast(graph.cast(x, "FLOAT"), "DOUBLE")
    if isinstance(step, Project):
        return str(graph.add("MatMul", graph.add("Sub", x, _row(step.mean)), step.directions.astype(np.float64)))
    return _impute(graph, x, step)


def _impute(graph: OnnxGraph, x: str, step: Impute) -> str:
    kept = graph.add("Gather", x, integers(*step.kept), axis=1)
    filled = graph.add("Where", graph.add("IsNaN", kept), _row(step.fill), kept)
    if not len(step.flagged):
        return str(filled)
    flags = graph.cast(graph.add("IsNaN", graph.add("Gather", x, integers(*step.flagged), axis=1)), "DOUBLE")
    return str(graph.add("Concat", filled, flags, axis=1))


def _row(values: AnyArray) -> AnyArray:
    return np.asarray(values, np.float64)[None, :]
