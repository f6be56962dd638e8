"""Initial weights by name: the schemes of the literature, as Keras initializers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from strates.engine.backend import keras
from strates.exceptions import ParameterError, did_you_mean

#: Name -> (Keras class, its arguments). Variances: lecun 1/n_in, glorot 2/(n_in + n_out), he 2/n_in.
_SCHEMES: dict[str, tuple[str, dict[str, Any]]] = {
    "zeros": ("Zeros", {}),
    "lecun": ("LecunNormal", {}),
    "lecun_normal": ("LecunNormal", {}),
    "lecun_uniform": ("LecunUniform", {}),
    "glorot": ("GlorotUniform", {}),
    "glorot_normal": ("GlorotNormal", {}),
    "glorot_uniform": ("GlorotUniform", {}),
    "he": ("HeNormal", {}),
    "he_normal": ("HeNormal", {}),
    "he_uniform": ("HeUniform", {}),
    "orthogonal": ("Orthogonal", {}),
}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NORMAL = re.compile(rf"normal\(\s*({_NUMBER})\s*\)")
_SPARSE = re.compile(rf"sparse(?:\(\s*([1-9]\d*)\s*(?:,\s*({_NUMBER})\s*)?\))?")
_RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "silu", "swish", "softplus", "relu6", "mish", "hard_silu"}
INITIALIZER_NAMES = ("auto", *_SCHEMES, "normal(0.01)", "sparse(15)")


class Sparse(keras.initializers.Initializer):
    """A few incoming weights a unit drawn from a normal distribution, the others zero.

    The sum that reaches a unit then has one size, whatever the width of the layer below, and units start out different.

    Parameters
    ----------
    n_connections : int, default=15
        Weights of each unit that are not zero; all of them where there are no more.
    stddev : float, default=1.0
        Their standard deviation.
    seed : int, default=None
        Of the draw.

    References
    ----------
    Martens (2010), Deep learning via Hessian-free optimization, ICML.

    Examples
    --------
    >>> weights = np.asarray(Sparse(3, seed=0)((100, 5)))
    >>> np.count_nonzero(weights, axis=0).tolist()
    [3, 3, 3, 3, 3]
    """

    def __init__(self, n_connections: int = 15, stddev: float = 1.0, seed: int | None = None) -> None:
        self.n_connections = n_connections
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draw weights of shape (..., n_units)."""
        rng = np.random.default_rng(self.seed)
        fan_in, units = int(np.prod(shape[:-1])), int(shape[-1])
        kept = min(self.n_connections, fan_in)
        places = np.argsort(rng.random((fan_in, units)), axis=0)[:kept]
        weights = np.zeros((fan_in, units))
        np.put_along_axis(weights, places, rng.normal(scale=self.stddev, size=(kept, units)), axis=0)
        return keras.ops.convert_to_tensor(weights.reshape(tuple(shape)), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"n_connections": self.n_connections, "stddev": self.stddev, "seed": self.seed}


def scheme_for(activation: str) -> str:
    """Name the initialisation that suits an activation: He for rectifiers, LeCun for SELU, Glorot for the rest.

    References
    ----------
    Glorot & Bengio (2010); He et al. (2015), https://arxiv.org/abs/1502.01852; Klambauer et al. (2017).
    """
    if activation in _RECTIFIERS:
        return "he_normal"
    return "lecun_normal" if activation == "selu" else "glorot_uniform"


def make_initializer(scheme: Any, activation: str, seed: int) -> keras.initializers.Initializer:
    """Turn a name (or a Keras initializer) into a seeded Keras initializer.

    Parameters
    ----------
    scheme : str or keras.initializers.Initializer
        One of :data:`INITIALIZER_NAMES`, ``"normal(s)"`` with standard deviation ``s``, ``"sparse(k)"`` or
        ``"sparse(k, s)"`` with ``k`` incoming weights a unit, or a Keras initializer.
    activation : str
        The layer's activation, which ``"auto"`` looks at.
    seed : int
        Seed of this layer's draw.

    Returns
    -------
    keras.initializers.Initializer
    """
    if isinstance(scheme, keras.initializers.Initializer):
        config = scheme.get_config()
        if "seed" in config and not isinstance(config["seed"], int):
            config = {**config, "seed": seed}
        return type(scheme).from_config(config)
    name = scheme_for(activation) if scheme == "auto" else scheme
    if isinstance(name, str):
        if match := _NORMAL.fullmatch(name):
            return keras.initializers.RandomNormal(stddev=float(match[1]), seed=seed)
        if match := _SPARSE.fullmatch(name):
            return Sparse(int(match[1] or 15), float(match[2] or 1.0), seed)
        if name in _SCHEMES:
            kind, arguments = _SCHEMES[name]
            seeded = {} if kind == "Zeros" else {"seed": seed}
            return getattr(keras.initializers, kind)(**arguments, **seeded)
    raise ParameterError(
        f"kernel_initializer={scheme!r} is not known. {did_you_mean(str(scheme), INITIALIZER_NAMES)} "
        "A keras.initializers.Initializer also serves."
    )
