"""What a backbone expects of images."""

from __future__ import annotations

from strates.cli.chosen_backbone import BackboneForm
from strates.cli.model_card import read_card
from strates.estimators._transfer_source import find_source
from strates.exceptions import ModelFileError, ParameterError


def backbone_form(backbone: str, weights: str | None) -> BackboneForm:
    """Look at a backbone before the images are read.

    Parameters
    ----------
    backbone : str
        A name of ``keras.applications``, or a ``.keras`` or ``.strates`` file.
    weights : str or None
        A file of weights.

    Returns
    -------
    BackboneForm
        Networks of ``keras.applications`` see photographs whose proportions are kept, of the size that they were
        trained on.

    Raises
    ------
    ParameterError
        It is none of these, cannot be read, or takes no images.

    Examples
    --------
    >>> backbone_form("MobileNetV2", None)
    BackboneForm(image_size=(224, 224), color='rgb', crop_to_aspect_ratio=True)
    """
    source = find_source(backbone, "imagenet" if weights is None else weights)
    if not source.takes_images:
        raise ParameterError(
            f"--backbone {backbone} takes rows of {source.input_shape[0]} numbers, not images. Take a network of "
            "images."
        )
    height, width, channels = source.input_shape
    size = None if height is None or width is None else (height, width)
    if size is None and source.application is not None:
        size = (source.application.usual, source.application.usual)
    return BackboneForm(size, "grey" if channels == 1 else "rgb", _keeps_proportions(backbone))


def _keeps_proportions(backbone: str) -> bool:
    """Whether images are not to be stretched: those of another model of strates are brought to its own form."""
    if not backbone.endswith(".strates"):
        return True
    try:
        card, _ = read_card(backbone, of_images=True)
    except ModelFileError:  # saved from Python
        return False
    return card.images is not None and card.images.crop_to_aspect_ratio
