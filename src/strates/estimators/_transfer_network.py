"""From a transfer classifier's parameters to its network."""

from __future__ import annotations

from typing import Any

from strates.engine.architecture import DenseArchitecture, ProblemKind, keras_activation
from strates.engine.conv_architecture import augmentation_configs
from strates.engine.transfer_architecture import TransferArchitecture
from strates.estimators._parameters import dropout_rates, hidden_layer_sizes
from strates.estimators._transfer_parameters import check_image_size
from strates.estimators._transfer_source import BackboneSource, find_source, prepare
from strates.exceptions import ParameterError


def find_transfer_source(estimator: Any) -> BackboneSource:
    """Return the network that a classifier transfers from.

    Parameters
    ----------
    estimator : TransferClassifier

    Raises
    ------
    ParameterError
        There is none, or it cannot be read.
    """
    if estimator.backbone is None:
        raise ParameterError(
            "backbone is None: a model file does not keep a keras.Model apart from the network that was trained. "
            "To fit anew, set it: clf.set_params(backbone=model)."
        )
    return find_source(estimator.backbone, None if estimator.strategy == "scratch" else estimator.weights)


def make_architecture(
    estimator: Any, source: BackboneSource, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
) -> TransferArchitecture:
    """Put a new head on a backbone, cut where the parameters say.

    Parameters
    ----------
    estimator : TransferClassifier
        Its rows are checked.
    source : BackboneSource
    input_shape : tuple of int
        Of one row.
    n_outputs : int
    kind : {"binary", "categorical", "multilabel"}
    """
    scratch = estimator.strategy == "scratch"
    own, asked = source.application, estimator.preprocessing
    mode = ("none" if own is None else own.preprocessing) if asked == "auto" else asked
    # numbers that no preprocessing is known for stay as they are
    scaled = len(input_shape) == 3 and (mode != "none" or (own is not None and asked == "auto"))
    backbone = prepare(
        source,
        input_shape,
        weights=None if scratch else estimator.weights,
        layer=estimator.layer,
        image_size=check_image_size(estimator.image_size) if len(input_shape) == 3 else None,
        scale=255 * estimator.scale_ if scaled else 1.0,
        preprocessing=mode,
    )
    hidden = hidden_layer_sizes(estimator.hidden_layer_sizes)
    head = DenseArchitecture(
        n_inputs=backbone.width,
        hidden=hidden,
        n_outputs=n_outputs,
        kind=kind,
        activation=keras_activation(estimator.activation),
        dropout=dropout_rates(estimator.dropout, len(hidden)),
        kernel_initializer=estimator.kernel_initializer,
    )
    return TransferArchitecture(
        backbone,
        head,
        freeze_batch_norm=bool(estimator.freeze_batch_norm),
        augmentation=augmentation_configs(estimator.augmentation),
        scratch=scratch,
    )
