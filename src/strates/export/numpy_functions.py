"""The functions that a written NumPy module brings along, each with what it needs for the way back."""

from __future__ import annotations

from typing import NamedTuple


class NumpyFunction(NamedTuple):
    """Source text.

    Attributes
    ----------
    forward : str
    backward : str
        Empty where the way back needs nothing more.
    needs : tuple of str
        Other functions.
    """

    forward: str
    backward: str = ""
    needs: tuple[str, ...] = ()


_LOGISTIC = '''\
def logistic(z):
    """1 / (1 + exp(-z)), which alone would overflow below -709."""
    return np.exp(-np.logaddexp(0, -z))
'''

_SELU = '''\
def selu(z):
    """The self-normalising unit of Klambauer et al. (2017)."""
    below = 1.6732632423543772 * np.expm1(np.minimum(z, 0))
    return 1.0507009873554805 * np.where(z > 0, z, below)
'''
_SELU_SLOPE = '''\
def selu_slope(z):
    """The derivative of selu."""
    below = 1.6732632423543772 * np.exp(np.minimum(z, 0))
    return 1.0507009873554805 * np.where(z >= 0, 1, below)
'''

_NORMAL_CDF = '''\
def normal_cdf(z):
    """The normal distribution function; NumPy has no erfc."""
    return np.vectorize(erfc, otypes=[float])(-z / np.sqrt(2)) / 2
'''
_GELU_SLOPE = '''\
def gelu_slope(z):
    """The derivative of z * normal_cdf(z)."""
    return normal_cdf(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
'''

_STANDARDIZE = '''\
def standardize(x, epsilon):
    """Give each row mean 0 and variance 1."""
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + epsilon)
    return (x - x.mean(axis=-1, keepdims=True)) / deviation
'''
_STANDARDIZE_BACKWARD = '''\
def standardize_backward(x, d, epsilon):
    """The derivative by x, through its mean and its variance."""
    y = standardize(x, epsilon)
    d = d - d.mean(axis=-1, keepdims=True) - y * (d * y).mean(axis=-1, keepdims=True)
    return d / np.sqrt(x.var(axis=-1, keepdims=True) + epsilon)
'''

_WINDOWS = '''\
def borders(size, extent, stride, padding):
    """How many cells to add before and after an axis: padding as TensorFlow's."""
    if padding == "valid":
        return 0, 0
    missing = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return missing // 2, missing - missing // 2


def windows(x, size, strides, padding, dilation=(1, 1), outside=0.0):
    """What a window sees at each of its stops: (rows, down, across, channels, h, w)."""
    extent = [(k - 1) * gap + 1 for k, gap in zip(size, dilation, strict=True)]
    sides = zip(x.shape[1:3], extent, strides, strict=True)
    pads = [borders(*side, padding) for side in sides]
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=outside)
    seen = sliding_window_view(x, extent, axis=(1, 2))
    return seen[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
'''
_PASTE = '''\
def paste(parts, shape, strides, padding, dilation=(1, 1)):
    """Undo windows: put each part back where it was cut; overlaps add up."""
    _, down, across, _, *size = parts.shape
    extent = [(k - 1) * gap + 1 for k, gap in zip(size, dilation, strict=True)]
    sides = zip(shape[1:3], extent, strides, strict=True)
    pads = [borders(*side, padding) for side in sides]
    padded = [n + sum(pad) for n, pad in zip(shape[1:3], pads, strict=True)]
    x = np.zeros((shape[0], *padded, shape[3]))
    for i, j in np.ndindex(*size):
        top, left = i * dilation[0], j * dilation[1]
        rows = slice(top, top + (down - 1) * strides[0] + 1, strides[0])
        columns = slice(left, left + (across - 1) * strides[1] + 1, strides[1])
        x[:, rows, columns] += parts[..., i, j]
    (top, _), (left, _) = pads
    return x[:, top : top + shape[1], left : left + shape[2]]
'''

_CONV2D = '''\
def conv2d(x, W, strides, padding, dilation=(1, 1)):
    """Slide filters W, of shape (h, w, channels, filters), over images."""
    seen = windows(x, W.shape[:2], strides, padding, dilation)
    return np.tensordot(seen, W, axes=((4, 5, 3), (0, 1, 2)))
'''
_CONV2D_BACKWARD = '''\
def conv2d_backward(x, W, d, strides, padding, dilation=(1, 1)):
    """The derivatives by the images and by the filters."""
    seen = windows(x, W.shape[:2], strides, padding, dilation)
    gradient = np.tensordot(seen, d, axes=((0, 1, 2), (0, 1, 2)))
    parts = np.tensordot(d, W, axes=(3, 3)).transpose(0, 1, 2, 5, 3, 4)
    back = paste(parts, x.shape, strides, padding, dilation)
    return back, gradient.transpose(1, 2, 0, 3)
'''

_MAX_POOL = '''\
def max_pool(x, size, strides, padding):
    """The largest number that each window sees."""
    return windows(x, size, strides, padding, outside=-np.inf).max(axis=(4, 5))
'''
_MAX_POOL_BACKWARD = '''\
def max_pool_backward(x, d, size, strides, padding):
    """The derivative goes to the number that was the largest, the first of equals."""
    seen = windows(x, size, strides, padding, outside=-np.inf)
    flat = seen.reshape(*seen.shape[:4], -1)
    largest = np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., None]
    parts = (largest * d[..., None]).reshape(seen.shape)
    return paste(parts, x.shape, strides, padding)
'''

_AVERAGE_POOL = '''\
def average_pool(x, size, strides, padding):
    """The mean of what each window sees; the padding does not count."""
    seen = windows(x, size, strides, padding, outside=np.nan)
    return np.nanmean(seen, axis=(4, 5))
'''
_AVERAGE_POOL_BACKWARD = '''\
def average_pool_backward(x, d, size, strides, padding):
    """Each number that a window sees gets an equal share."""
    inside = windows(np.ones(x.shape), size, strides, padding)
    share = d / inside.sum(axis=(4, 5))
    return paste(inside * share[..., None, None], x.shape, strides, padding)
'''

FUNCTIONS = {
    "logistic": NumpyFunction(_LOGISTIC),
    "selu": NumpyFunction(_SELU, _SELU_SLOPE),
    "normal_cdf": NumpyFunction(_NORMAL_CDF, _GELU_SLOPE),
    "standardize": NumpyFunction(_STANDARDIZE, _STANDARDIZE_BACKWARD),
    "windows": NumpyFunction(_WINDOWS, _PASTE),
    "conv2d": NumpyFunction(_CONV2D, _CONV2D_BACKWARD, ("windows",)),
    "max_pool": NumpyFunction(_MAX_POOL, _MAX_POOL_BACKWARD, ("windows",)),
    "average_pool": NumpyFunction(_AVERAGE_POOL, _AVERAGE_POOL_BACKWARD, ("windows",)),
}


def function_texts(names: list[str], *, gradient: bool) -> list[str]:
    """Return the source of some functions, and of those that they need, each once.

    Parameters
    ----------
    names : list of str
        Keys of ``FUNCTIONS``.
    gradient : bool
        With their ways back.

    Returns
    -------
    list of str

    Examples
    --------
    >>> [text.partition("(")[0] for text in function_texts(["selu"], gradient=True)]
    ['def selu', 'def selu_slope']
    """
    ordered: dict[str, None] = {}
    for name in names:
        ordered |= dict.fromkeys((*FUNCTIONS[name].needs, name))
    texts = []
    for name in ordered:
        function = FUNCTIONS[name]
        texts += [function.forward, *([function.backward] if gradient and function.backward else [])]
    return texts
