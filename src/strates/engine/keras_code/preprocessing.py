"""The part of a script that makes numbers of raw rows: the steps before the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from strates._types import AnyArray
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.sklearn_objects import SklearnWriter
from strates.engine.keras_code.words import fill

_TAKE_Y = ("ColumnTransformer", "FeatureUnion", "TargetEncoder")
_SPARSE = ("CountVectorizer", "HashingVectorizer", "TfidfVectorizer")


@dataclass(frozen=True)
class Preprocessing:
    """Code that makes X of the inputs.

    Attributes
    ----------
    code : str
    imports : dict of module to names
    arrays : dict of str to ndarray
        To carry beside the script.
    """

    code: str
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arrays: dict[str, AnyArray] = field(default_factory=dict)


def learned_again(steps: Sequence[tuple[str, Any]], dtype: str, language: str) -> Preprocessing:
    """Write steps as scikit-learn and skrub have them, to learn again from the rows in the script's data.

    Parameters
    ----------
    steps : sequence of tuple (name, transformer)
    dtype : str
    language : {"en", "fr"}

    Returns
    -------
    Preprocessing

    Raises
    ------
    ParameterError
        A step is neither of scikit-learn nor of skrub.
    """
    writer = SklearnWriter()
    calls = tuple(writer.call(step) for _, step in steps)
    whole = calls[0] if len(calls) == 1 else Call("make_pipeline(", calls)
    given = "inputs, y" if any(_takes_y(step) for _, step in steps) else "inputs"
    rows = f"preprocessing.fit_transform({given}){'.toarray()' if _is_sparse(steps[-1][1]) else ''}"
    lines = [
        fill("# $refitted", language),
        lay_out(whole, before="preprocessing = "),
        lay_out(Call("np.asarray(", (rows, Keyword("dtype", literal(dtype)))), before="X = "),
    ]
    return Preprocessing("\n".join(lines), writer.imports)


def _takes_y(step: Any) -> bool:
    return type(step).__name__ in _TAKE_Y or bool(step.__sklearn_tags__().target_tags.required)


def _is_sparse(step: Any) -> bool:
    return bool(getattr(step, "sparse_output", False)) or type(step).__name__ in _SPARSE
