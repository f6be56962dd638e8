"""Models as files: one zip with the estimator (skops, no pickle), its networks (``.keras``) and ``metadata.json``."""

from __future__ import annotations

import io
import json
import os
import pydoc
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import skops.io
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from strates._atomic_write import atomic_write
from strates.estimators._packing import packing, unpacking
from strates.exceptions import ModelFileError, StratesWarning, UnsafeModelFileError

#: Number of the file's format; a file with a higher one is from a later version of strates.
FORMAT = 1
_ESTIMATOR, _METADATA = "estimator.skops", "metadata.json"
_NETWORK = re.compile(r"networks/(\d+)\.keras")
_VERSIONED = ("strates", "scikit-learn", "skrub", "keras", "tensorflow")

#: Types that a table's preprocessing and a strates classifier are made of. skops trusts NumPy's arrays and
#: scikit-learn's estimators by itself.
_TRUSTED = frozenset(
    {
        "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "skrub._dataframe._common.is_any_date",
        "skrub._dataframe._common.is_categorical",
        "skrub._dataframe._common.is_numeric",
        "skrub._table_vectorizer.ShortReprDict",
        "skrub._table_vectorizer._created_by_predicate",
        "skrub.selectors._base.All",
        "skrub.selectors._base.And",
        "skrub.selectors._base.Cols",
        "skrub.selectors._base.Filter",
        "skrub.selectors._base.Inv",
        "skrub.selectors._base.Or",
        "skrub.selectors._base.Sub",
        "skrub.selectors._selectors._cardinality_below",
        "strates.engine.architecture.DenseArchitecture",
        "strates.engine.autoencoder_architecture.AutoencoderArchitecture",
        "strates.engine.conv_architecture.ConvArchitecture",
        "strates.engine.epoch.Epoch",
        "strates.estimators._stopping.Stopping",
        "strates.estimators._targets.LabelEncoding",
    }
)


def save(estimator: Any, path: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None = None) -> Path:
    """Save a fitted classifier, or a pipeline or search that holds one, as one ``.strates`` file.

    The file is written whole or not at all: on any failure the old one stays.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    path : str or path-like
        ``.strates`` is added when there is no suffix.
    metadata : mapping, optional
        Anything that JSON can hold, to be kept beside the model; :func:`read_metadata` returns it.

    Returns
    -------
    pathlib.Path
        Where the file is.

    Raises
    ------
    OSError
        The folder is missing or cannot be written, or the disk is full.

    Notes
    -----
    A function passed as ``NetworkClassifier(network=...)`` or ``loss=...`` is code and is not stored: the loaded
    estimator has the trained Keras model in the network's place, and no loss of its own. Of a network with classes
    that have no ``get_config`` the weights alone are stored, and loading needs the function that builds it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import strates
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = strates.MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = strates.save(clf, pathlib.Path(folder) / "moons.strates")
    ...     again = strates.load(path)
    >>> bool((again.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    check_is_fitted(estimator)
    target = Path(path)
    if not target.suffix:
        target = target.with_suffix(".strates")
    with packing() as networks:
        objects = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    classes = getattr(estimator, "classes_", None)
    names = getattr(estimator, "feature_names_in_", None)
    about = {
        "format": FORMAT,
        "versions": {name: version(name) for name in _VERSIONED},
        "estimator": type(estimator).__name__,
        "classes": None if classes is None else [_plain(c) for c in classes],
        "features": None if names is None else [str(name) for name in names],
        "networks": len(networks),
        "metadata": dict(metadata or {}),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_METADATA, json.dumps(about, indent=1, default=_plain))
        archive.writestr(_ESTIMATOR, objects)
        for i, network in enumerate(networks):
            archive.writestr(f"networks/{i}.keras", network)
    atomic_write(target, held.getvalue())
    return target


def load(
    path: str | os.PathLike[str],
    *,
    trusted: Iterable[str] = (),
    custom_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Load what :func:`save` wrote. Nothing in the file is executed.

    Parameters
    ----------
    path : str or path-like
    trusted : iterable of str
        Full names of further types in the pipeline that you vouch for, such as "mypackage.steps.MyStep".
    custom_objects : mapping of str to class, optional
        The network's own layers, which you vouch for, by their names; under "network" the function that builds the
        network, for a file with its weights alone.

    Returns
    -------
    estimator

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ModelFileError
        The file is damaged, foreign, or of a later version.
    UnsafeModelFileError
        The file holds types that are not known to be harmless.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import strates
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> clf = strates.MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = strates.load(strates.save(clf, pathlib.Path(folder) / "moons.strates"))
    >>> again.n_iter_ == clf.n_iter_
    True
    """
    about, objects, networks = _read(path)
    name = Path(path).name
    _warn_of_versions(name, about["versions"])
    try:
        found = skops.io.get_untrusted_types(data=objects)
    except Exception as error:
        raise ModelFileError(
            f"{name} is damaged: its estimator cannot be read ({error}). Save the model again."
        ) from error
    refused = [kind for kind in found if kind not in trusted and not _harmless(kind)]
    if refused:
        raise UnsafeModelFileError(
            f"{name} holds types that might run code: {', '.join(refused)}. Nothing was loaded. If you know where the "
            f"file comes from, pass trusted={refused!r}."
        )
    with unpacking(networks, custom_objects or {}):
        try:
            return skops.io.loads(objects, trusted=found)
        except (ModelFileError, KeyboardInterrupt, MemoryError):
            raise
        except Exception as error:
            raise ModelFileError(
                f"{name} cannot be put together again ({type(error).__name__}: {error}). It was saved with "
                f"{_shown(about['versions'])}; installed are {_shown(_installed())}."
            ) from error


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a model file says about itself, without loading the model.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    dict
        "format", "versions", "estimator", "classes", "features", "networks", and "metadata": what :func:`save` got.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import strates
    >>> from strates.datasets import moons
    >>> from strates.estimators import read_metadata
    >>> clf = strates.MLPClassifier((8,), solver="lbfgs", random_state=0).fit(*moons(n_samples=100, random_state=0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = strates.save(clf, pathlib.Path(folder) / "moons.strates", metadata={"course": "networks"})
    ...     read_metadata(path)["metadata"]
    {'course': 'networks'}
    """
    return _read(path)[0]


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], bytes, list[bytes]]:
    name = Path(path).name
    if Path(path).is_dir():
        raise ModelFileError(f"{name} is a folder; expected a .strates file.")
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                if entry not in (_METADATA, _ESTIMATOR) and not _NETWORK.fullmatch(entry):
                    raise UnsafeModelFileError(
                        f"{name} holds an entry {entry!r} that no strates model has. Nothing was loaded."
                    )
            about = json.loads(archive.read(_METADATA))
            if not isinstance(about, dict) or not isinstance(about.get("format"), int):
                raise ModelFileError(f"{name} is not a strates model: its metadata have no format number.")
            if about["format"] > FORMAT:
                raise ModelFileError(
                    f"{name} was saved by strates {about.get('versions', {}).get('strates', '?')}, in format "
                    f"{about['format']}; this is strates {version('strates')}, which reads formats up to {FORMAT}. "
                    "Upgrade strates to load it."
                )
            networks = [archive.read(f"networks/{i}.keras") for i in range(int(about["networks"]))]
            return about, archive.read(_ESTIMATOR), networks
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no file {str(path)!r}. Give the path of a .strates file.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"{name} is not a strates model, or it is damaged or cut short ({error}). Save the model again."
        ) from error


def _harmless(kind: str) -> bool:
    """Whether a type may be built from a file: an estimator or attack of ours, one of skrub or scikit-learn, or listed.

    Building an object sets its attributes and runs nothing; functions stand in the file under their own names,
    and so have to be trusted by themselves.
    """
    if kind in _TRUSTED:
        return True
    if not kind.startswith(("strates.estimators.", "strates.attacks.", "skrub._", "sklearn.")):
        return False
    found = pydoc.locate(kind)
    return isinstance(found, type) and (kind.startswith("sklearn.") or issubclass(found, BaseEstimator))


def _warn_of_versions(name: str, saved: Mapping[str, str]) -> None:
    here = _installed()
    other = {k: v for k, v in saved.items() if k in here and v.split(".")[:2] != here[k].split(".")[:2]}
    if other:
        warnings.warn(
            f"{name} was saved with {_shown(other)}; installed are {_shown({k: here[k] for k in other})}. "
            "Check its predictions, or train it again.",
            StratesWarning,
            stacklevel=3,
        )


def _installed() -> dict[str, str]:
    return {name: version(name) for name in _VERSIONED}


def _shown(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in versions.items())


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value) if not isinstance(value, str | int | float) else value
