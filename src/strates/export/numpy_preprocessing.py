"""A recipe as lines of NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.export.recipe import Affine, Clip, Impute, Indicators, Project, Recipe, Select, Single, Squash, Step

_NUMBER = '''\
def number(table, name):
    """A column of numbers; missing ones, None or NaN, are NaN."""
    column = SOURCE
    return np.array([np.nan if v is None else v for v in column], float)
'''
_TEXT = '''\
def text(table, name):
    """A column of text; missing ones, None or NaN, are empty."""
    column = SOURCE
    return np.array(["" if v is None or v != v else str(v) for v in column])
'''
_EQUAL = '''\
def equal(column, categories):
    """A column of 0 and 1 for each category."""
    return (column[:, None] == categories).astype(float)
'''
_FILLED = '''\
def filled(column, instead):
    """Text, with what is missing replaced."""
    return np.where(column == "", instead, column)
'''


@dataclass
class NumpyPreprocessing:
    """The function ``preprocess`` of a written module.

    Parameters
    ----------
    recipe : Recipe
    named : bool
        Whether columns have names; else they are columns of an array.

    Attributes
    ----------
    weights : dict of str to ndarray
        What the lines use.
    """

    recipe: Recipe
    named: bool
    weights: dict[str, AnyArray] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """Return the source of the functions."""
        if not self.recipe.columns:
            lines = ["def preprocess(X):", '    """Scale rows as at the fit."""', "    x = np.asarray(X, float)"]
            lines += self._steps("x", self.recipe.steps)
            return ["\n".join([*lines, "    return x", ""])]
        what = "a DataFrame or a dict of columns" if self.named else "an array of columns"
        lines = ["def preprocess(table):", f'    """Turn a table, {what}, into the network\'s inputs."""']
        blocks = []
        for i, block in enumerate(self.recipe.blocks, start=1):
            name = "x" if len(self.recipe.blocks) == 1 else f"x{i}"
            lines += [f"    {name} = np.column_stack(", "        ["]
            for source in block.sources:
                if isinstance(source, Indicators):
                    lines.append(self._item(self._indicators(source), source.column))
                else:
                    lines += [self._item(self._column(k), k) for k in source.columns]
            lines += ["        ]", "    )", *self._steps(name, block.steps)]
            blocks.append(name)
        if len(blocks) > 1:
            lines += ["    x = np.column_stack(", "        [", *(f"            {one}," for one in blocks)]
            lines += ["        ]", "    )"]
        lines += [*self._steps("x", self.recipe.steps), "    return x", ""]
        sources = [source for block in self.recipe.blocks for source in block.sources]
        encoded = [source for source in sources if isinstance(source, Indicators)]
        access = "table[name]" if self.named else "np.asarray(table, object)[:, name]"
        helpers = [
            helper.replace("SOURCE", access)
            for helper, text in ((_NUMBER, False), (_TEXT, True))
            if any(column.text == text for column in self.recipe.columns)
        ]
        helpers += [_EQUAL] if encoded else []
        helpers += [_FILLED] if any(one.fill is not None for one in encoded) else []
        return [*helpers, "\n".join(lines)]

    def _column(self, k: int) -> str:
        kind = "text" if self.recipe.columns[k].text else "number"
        return f"{kind}(table, {f'COLUMNS[{k}]' if self.named else self.recipe.columns[k].name[1:]})"

    def _item(self, code: str, k: int) -> str:
        """Return a line of a list, with the column's name beside it where that fits and is harmless."""
        line, name = f"            {code},", self.recipe.columns[k].name
        remark = f"  # {name}"
        fits = self.named and re.fullmatch(r"[\w-]+", name, re.ASCII) and len(line) + len(remark) <= 88
        return line + remark if fits else line

    def _indicators(self, source: Indicators) -> str:
        key = self._keep("categories", source.categories)
        column = self._column(source.column)
        if source.fill is not None:
            fill = self._keep("instead", np.array(source.fill))
            return f"equal(filled({column}, {fill}), {key})"
        return f"equal({column}, {key})"

    def _keep(self, name: str, values: Any) -> str:
        number = sum(key.startswith(f"{name}_") for key in self.weights) + 1
        self.weights[f"{name}_{number}"] = np.asarray(values)
        return f'P["{name}_{number}"]'

    def _steps(self, x: str, steps: tuple[Step, ...]) -> list[str]:
        return [f"    {line}" for step in steps for line in self._lines(x, step)]

    def _lines(self, x: str, step: Step) -> list[str]:
        if isinstance(step, Affine):
            return [f"{x} = ({x} - {self._keep('shift', step.shift)}) * {self._keep('factor', step.factor)}"]
        if isinstance(step, Clip):
            return [f"{x} = np.clip({x}, {step.low!r}, {step.high!r})"]
        if isinstance(step, Squash):
            return [f"{x} = {x} / np.sqrt(1 + ({x} / {step.limit!r}) ** 2)"]
        if isinstance(step, Select):
            return [f"{x} = {x}[:, {self._keep('kept', step.kept)}]"]
        if isinstance(step, Single):
            return [f"{x} = {x}.astype(np.float32).astype(float)  # as at the fit"]
        if isinstance(step, Project):
            return [f"{x} = ({x} - {self._keep('mean', step.mean)}) @ {self._keep('directions', step.directions)}"]
        return self._impute(x, step)

    def _impute(self, x: str, step: Impute) -> list[str]:
        kept, flagged = self._keep("kept", step.kept), self._keep("flagged", step.flagged)
        lines = [
            f"missing = np.isnan({x})",
            f"{x} = np.where(missing[:, {kept}], {self._keep('fill', step.fill)}, {x}[:, {kept}])",
        ]
        return [*lines, f"{x} = np.column_stack([{x}, missing[:, {flagged}]])"] if len(step.flagged) else lines
