"""Data sets that need no download, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from strates.datasets.toy import Points, blobs, circles, disc_and_ring, moons, spiral, xor
from strates.exceptions import ParameterError, did_you_mean


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with the name of its target.

    Attributes
    ----------
    name : str
        What :func:`load` was asked for.
    frame : pandas.DataFrame
        Every column, the target included.
    target : str
        The name of the column to predict.
    description : str
        One line for a list.

    Examples
    --------
    >>> iris = load("iris")
    >>> iris.X.shape, sorted(iris.y.unique())
    ((150, 4), ['setosa', 'versicolor', 'virginica'])
    """

    name: str
    frame: pd.DataFrame
    target: str
    description: str

    @property
    def X(self) -> pd.DataFrame:
        """The features: the frame without the target, shape (n_samples, n_features)."""
        return self.frame.drop(columns=[self.target])

    @property
    def y(self) -> pd.Series[Any]:
        """The labels, shape (n_samples,)."""
        return self.frame[self.target]


@dataclass(frozen=True)
class _Recipe:
    build: Callable[[], pd.DataFrame]
    target: str
    description: str


def _bundled(loader: Callable[..., Any], target: str, labels: list[str] | None = None) -> Callable[[], pd.DataFrame]:
    def build() -> pd.DataFrame:
        bunch = loader(as_frame=True)
        names = np.asarray(labels or [str(name) for name in bunch.target_names])
        frame: pd.DataFrame = bunch.data.copy()
        frame[target] = pd.Series(names[bunch.target.to_numpy()], dtype="str")
        return frame

    return build


def _drawn(points: Callable[[], Points], labels: list[str]) -> Callable[[], pd.DataFrame]:
    def build() -> pd.DataFrame:
        X, y = points()
        frame = pd.DataFrame(X, columns=[f"x{axis}" for axis in range(X.shape[1])])
        frame["class"] = pd.Series(np.asarray(labels)[y], dtype="str")
        return frame

    return build


_RECIPES: dict[str, _Recipe] = {
    "iris": _Recipe(_bundled(load_iris, "species"), "species", "Three species of iris, measured by Anderson (1935)"),
    "wine": _Recipe(
        _bundled(load_wine, "cultivar", ["cultivar 1", "cultivar 2", "cultivar 3"]),
        "cultivar",
        "Chemical analysis of Italian wines of three cultivars",
    ),
    "breast_cancer": _Recipe(
        _bundled(load_breast_cancer, "diagnosis"), "diagnosis", "Wisconsin: cell nuclei of malignant and benign tumours"
    ),
    "digits": _Recipe(_bundled(load_digits, "digit"), "digit", "Handwritten digits, images of 8 x 8 grey levels"),
    "spiral": _Recipe(
        _drawn(spiral, ["arm 1", "arm 2", "arm 3"]), "class", "Toy: three spiral arms, the case study of cs231n"
    ),
    "moons": _Recipe(_drawn(moons, ["upper", "lower"]), "class", "Toy: two interleaved half circles"),
    "circles": _Recipe(_drawn(circles, ["outer", "inner"]), "class", "Toy: a circle within a circle"),
    "xor": _Recipe(
        _drawn(xor, ["same sign", "different signs"]), "class", "Toy: do the signs of two coordinates differ?"
    ),
    "blobs": _Recipe(_drawn(blobs, ["blob 1", "blob 2", "blob 3"]), "class", "Toy: three Gaussian clouds"),
    "disc_and_ring": _Recipe(
        _drawn(disc_and_ring, ["disc", "ring"]), "class", "Toy: a disc within a ring, which needs three units"
    ),
    "interval": _Recipe(
        _drawn(lambda: disc_and_ring(dimension=1), ["inside", "outside"]),
        "class",
        "Toy: an interval between two others, on the line",
    ),
}


def load(name: str) -> Dataset:
    """Load a built-in data set; nothing is downloaded.

    Parameters
    ----------
    name : str
        One of those of :func:`list_datasets`.

    Returns
    -------
    Dataset
        The table, with readable text labels in the column ``.target``. Each call returns a fresh copy.

    Raises
    ------
    ParameterError
        An unknown name; the message gives the nearest.

    See Also
    --------
    read_table : For a file of one's own.

    Examples
    --------
    >>> load("breast_cancer").y.value_counts().to_dict()
    {'benign': 357, 'malignant': 212}
    """
    if name not in _RECIPES:
        raise ParameterError(f"There is no built-in data set {name!r}. {did_you_mean(str(name), _RECIPES)}")
    recipe = _RECIPES[name]
    return Dataset(name=name, frame=recipe.build(), target=recipe.target, description=recipe.description)


def list_datasets() -> pd.DataFrame:
    """List the built-in data sets.

    Returns
    -------
    pandas.DataFrame
        One row a set: ``name``, ``rows``, ``features``, ``classes`` (counts), ``target`` (the column's name) and
        ``description`` (one line).

    Examples
    --------
    >>> list_datasets().set_index("name").loc["iris", ["rows", "features", "classes"]].tolist()
    [150, 4, 3]
    """
    rows = []
    for name in _RECIPES:
        dataset = load(name)
        rows.append(
            {
                "name": name,
                "rows": len(dataset.frame),
                "features": dataset.X.shape[1],
                "classes": dataset.y.nunique(),
                "target": dataset.target,
                "description": dataset.description,
            }
        )
    return pd.DataFrame(rows)
