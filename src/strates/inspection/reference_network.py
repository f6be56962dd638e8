"""Networks that everybody cites, as descriptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strates.exceptions import ParameterError, did_you_mean
from strates.inspection.layer_spec import LayerSpec

_conv, _pool, _dense = LayerSpec.conv, LayerSpec.pool, LayerSpec.dense


@dataclass(frozen=True)
class NetworkPlan:
    """A chain of layers, and the images that it takes.

    Attributes
    ----------
    name : str
    input_shape : tuple (height, width, channels)
    layers : tuple of LayerSpec
    """

    name: str
    input_shape: tuple[int, int, int]
    layers: tuple[LayerSpec, ...]


def _lenet5() -> NetworkPlan:
    layers = (
        _conv(6, 5), _pool(), _conv(16, 5), _pool(), LayerSpec.flatten(), _dense(120), _dense(84), _dense(10)
    )  # fmt: skip
    return NetworkPlan("lenet-5", (32, 32, 1), layers)


def _alexnet() -> NetworkPlan:
    layers = (
        _conv(96, 11, strides=4), _pool(3, strides=2),
        _conv(256, 5, padding=2, groups=2), _pool(3, strides=2),  # two halves, one a graphics card of 2012
        _conv(384, 3, padding=1), _conv(384, 3, padding=1, groups=2), _conv(256, 3, padding=1, groups=2),
        _pool(3, strides=2), LayerSpec.flatten(), _dense(4096), _dense(4096), _dense(1000),
    )  # fmt: skip
    return NetworkPlan("alexnet", (227, 227, 3), layers)


def _vgg16() -> NetworkPlan:
    layers: list[LayerSpec] = []
    for filters, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [_conv(filters, 3, padding=1)] * depth + [_pool(2)]
    layers += [LayerSpec.flatten(), _dense(4096), _dense(4096), _dense(1000)]
    return NetworkPlan("vgg-16", (224, 224, 3), tuple(layers))


_PLANS: dict[str, Callable[[], NetworkPlan]] = {"lenet-5": _lenet5, "alexnet": _alexnet, "vgg-16": _vgg16}


def reference_network(name: str) -> NetworkPlan:
    """Return the layers of a network of the literature.

    Parameters
    ----------
    name : {"lenet-5", "alexnet", "vgg-16"}
        LeNet-5 in the form in which it is taught, its second convolution on all channels; AlexNet with its two halves;
        VGG-16 is the paper's configuration D.

    Returns
    -------
    NetworkPlan

    Raises
    ------
    ParameterError
        An unknown name.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86.
    Krizhevsky, Sutskever & Hinton (2012), ImageNet classification with deep convolutional neural networks, NIPS.
    Simonyan & Zisserman (2015), Very deep convolutional networks for large-scale image recognition,
    https://arxiv.org/abs/1409.1556.

    Examples
    --------
    >>> plan = reference_network("vgg-16")
    >>> plan.input_shape, sum(layer.kind == "conv" for layer in plan.layers)
    ((224, 224, 3), 13)
    """
    wanted = name.lower().replace("_", "-")
    for known, make in _PLANS.items():
        if wanted.replace("-", "") == known.replace("-", ""):
            return make()
    raise ParameterError(f"There is no reference network {name!r}. {did_you_mean(name, _PLANS)}")
