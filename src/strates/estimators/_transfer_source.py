"""What ``TransferClassifier(backbone)`` may be, and the network behind it."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from strates.engine.applications import Application, Preprocessing, applications, find_application, load_weights
from strates.engine.backbone import Backbone, make_backbone
from strates.engine.backend import keras
from strates.engine.batches import as_rows
from strates.engine.keras_architecture import seeded_keras
from strates.engine.predictor import refuse_subclass
from strates.engine.storage import network_from_bytes
from strates.engine.transfer_architecture import TransferArchitecture
from strates.estimators.model_file import load
from strates.exceptions import DataError, ModelFileError, ParameterError


@dataclass(frozen=True, eq=False)
class BackboneSource:
    """A network to transfer from, before the rows are known.

    Attributes
    ----------
    name : str
        For messages.
    application : Application or None
        The network of ``keras.applications`` that it is.
    model : keras.Model or None
        None where the network is built for the images' size.
    """

    name: str
    application: Application | None
    model: keras.Model | None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one row, as far as it is fixed."""
        return (None, None, 3) if self.model is None else tuple(self.model.input_shape[1:])

    @property
    def takes_images(self) -> bool:
        """Whether rows have height, width and channels."""
        return len(self.input_shape) == 3


def find_source(backbone: Any, weights: Any) -> BackboneSource:
    """Return the network that a parameter means.

    Parameters
    ----------
    backbone : str, path-like, keras.Model or fitted estimator
    weights : str, path-like or None
        See :class:`strates.TransferClassifier`.

    Raises
    ------
    ParameterError
        It is none of these, or it cannot be read.
    NotFittedError
        A classifier that has learned nothing.
    """
    if isinstance(backbone, FrozenEstimator):
        backbone = backbone.estimator
    if isinstance(backbone, Pipeline):
        raise ParameterError(
            "backbone is a Pipeline, of which a network is the last step only. Pass that step, pipeline[-1], and rows "
            "that went through the others: pipeline[:-1].transform(X)."
        )
    if isinstance(backbone, str | os.PathLike) and not _is_file(backbone):
        return BackboneSource(str(backbone), find_application(str(backbone)), None)
    if isinstance(backbone, str | os.PathLike):
        given = _read(Path(backbone).expanduser())
        name = f"The backbone {Path(backbone).name}"
    else:
        given, name = backbone, f"The backbone, a {type(backbone).__name__},"
    if isinstance(given, keras.Model):
        return _from_model(given, "The backbone" if given is backbone else name, weights)
    if isinstance(given, BaseEstimator) and hasattr(type(given), "network_"):
        check_is_fitted(given, msg="backbone is a %(name)s that is not fitted yet: nothing of it can be transferred. "
                                   "Fit it first.")  # fmt: skip
        return _from_model(getattr(given, "encoder_", None) or given.network_, name, "imagenet")
    raise ParameterError(
        f"backbone={backbone!r} is a {type(backbone).__name__}; expected the name of a network of keras.applications, "
        "a keras.Model, the path of a .keras or .strates file, or a fitted classifier or autoencoder of strates."
    )


def _is_file(backbone: str | os.PathLike[str]) -> bool:
    text = os.fspath(backbone)
    return not isinstance(backbone, str) or os.sep in text or Path(text).suffix in (".keras", ".strates", ".h5")


def _read(path: Path) -> Any:
    """Read a network, or a classifier that holds one, from a file."""
    if not path.is_file():
        raise ParameterError(f"backbone={str(path)!r}: there is no such file.")
    if path.suffix == ".strates":
        found = load(path)
        return found[-1] if isinstance(found, Pipeline) else found
    if path.suffix == ".keras":
        try:
            return network_from_bytes(path.read_bytes())
        except ModelFileError as error:
            raise ParameterError(f"backbone={str(path)!r} cannot be read: {error}") from error
    raise ParameterError(
        f"backbone={str(path)!r}: a file of weights holds numbers and no network. Name the network that they are of, "
        f'as TransferClassifier("MobileNetV2", weights={str(path)!r}), or pass the keras.Model itself.'
    )


def _from_model(model: keras.Model, name: str, weights: Any) -> BackboneSource:
    if not model.built:
        raise ParameterError(f"{name} is a keras.Model without an input shape. Begin it with keras.Input(shape).")
    refuse_subclass(model)
    if not isinstance(model.input_shape, tuple):
        raise ParameterError(f"{name} has several inputs; expected one.")
    if weights not in (None, "imagenet"):
        model = load_weights(keras.models.clone_model(model), weights, name)
    return BackboneSource(name, recognize(model), model)


def recognize(model: keras.Model) -> Application | None:
    """Return the network of ``keras.applications`` that a model is by its name, or None.

    Examples
    --------
    >>> recognize(keras.Sequential([keras.Input((3,))], name="mine")) is None
    True
    """
    name = model.name.lower().replace("_", "").replace("-", "")
    found = [one for one in applications().values() if name.startswith(one.name.lower())]
    return max(found, key=lambda one: len(one.name), default=None)


def prepare(
    source: BackboneSource,
    input_shape: tuple[int, ...],
    *,
    weights: Any,
    layer: str | None,
    image_size: tuple[int, int] | None,
    scale: float,
    preprocessing: Preprocessing,
) -> Backbone:
    """Build what makes features of rows, or find it among the last ones that were built.

    Parameters
    ----------
    source : BackboneSource
    input_shape : tuple of int
        Of one row.
    weights : str, path-like or None
    layer, image_size, scale, preprocessing
        See :func:`strates.engine.backbone.make_backbone`.

    Raises
    ------
    DataError
        The rows do not fit the network.
    ParameterError
        There is no such layer, or the weights cannot be had.
    """
    model = source.model
    if model is None:
        model = _application(source, input_shape, weights, image_size)
    key = (*_content(model), input_shape, layer, image_size, scale, preprocessing)
    _, found = _BACKBONES.pop(key, (None, None))
    if found is None:
        found = make_backbone(
            model, input_shape, layer=layer, image_size=image_size, scale=scale, preprocessing=preprocessing,
            name=source.name,
        )  # fmt: skip
    _BACKBONES[key] = (model, found)
    while len(_BACKBONES) > _BACKBONES_KEPT:
        _BACKBONES.popitem(last=False)
    return found


def frozen_backbone(clf: Any, X: Any, y: Any) -> tuple[Backbone, Any]:
    """Return a transfer classifier's backbone with the weights that are transferred, and rows as it takes them.

    Parameters
    ----------
    clf : TransferClassifier
        Fitted, or to be fitted here as a copy.
    X : array of n_rows rows
    y : array-like of shape (n_rows,)
    """
    architecture = getattr(clf, "_architecture", None)
    if not isinstance(architecture, TransferArchitecture) or architecture.scratch:
        clf = clone(clf).set_params(strategy="features", augmentation=None).fit(X, y)
        architecture = clf._architecture
    return architecture.backbone, as_rows(clf._check_X(X, reset=False))


def _application(
    source: BackboneSource, input_shape: tuple[int, ...], weights: Any, image_size: tuple[int, int] | None
) -> keras.Model:
    """Build a network of ``keras.applications`` for images of a size, or find it."""
    application = source.application
    if application is None:
        raise ParameterError(f"{source.name} is no network of keras.applications.")
    height, width = image_size or input_shape[:2]
    smallest = application.smallest
    if min(height, width) < smallest:
        given = f"image_size={image_size}" if image_size else f"X has images of {height} x {width}"
        raise DataError(
            f"{source.name} needs images of at least {smallest} x {smallest} pixels, but {given}. With "
            f"image_size={smallest} or more the network enlarges them itself."
        )
    file = None if weights in (None, "imagenet") else Path(weights).expanduser()
    state = file.stat() if file is not None and file.is_file() else None
    key = (source.name, str(weights), state and (state.st_mtime_ns, state.st_size), height, width)
    if key not in _APPLICATIONS:
        while len(_APPLICATIONS) >= _BACKBONES_KEPT:
            _APPLICATIONS.popitem(last=False)
        with seeded_keras(0):  # random weights are the same ones each time
            _APPLICATIONS[key] = application.build((height, width, 3), weights)
    return _APPLICATIONS[key]


def _content(model: keras.Model) -> tuple[Hashable, ...]:
    """Return what a model's features depend on: the object, and the sum of its weights, which may have changed."""
    return id(model), tuple(hash(w.tobytes()) for w in model.get_weights())


#: With the model that each was made of, so that its address stays its own.
_BACKBONES: OrderedDict[Hashable, tuple[keras.Model, Backbone]] = OrderedDict()
_APPLICATIONS: OrderedDict[Hashable, keras.Model] = OrderedDict()
_BACKBONES_KEPT = 4
