"""Initial weights by name: the schemes of the literature, as Keras initializers."""

from __future__ import annotations

import re
from typing import Any

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
_NORMAL = re.compile(r"normal\(\s*((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*\)")
_RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "silu", "swish", "softplus", "relu6", "mish", "hard_silu"}
INITIALIZER_NAMES = ("auto", *_SCHEMES, "normal(0.01)")


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
        One of :data:`INITIALIZER_NAMES`, ``"normal(s)"`` with standard deviation ``s``, or a Keras initializer.
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
        if name in _SCHEMES:
            kind, arguments = _SCHEMES[name]
            seeded = {} if kind == "Zeros" else {"seed": seed}
            return getattr(keras.initializers, kind)(**arguments, **seeded)
    raise ParameterError(
        f"kernel_initializer={scheme!r} is not known. {did_you_mean(str(scheme), INITIALIZER_NAMES)} "
        "A keras.initializers.Initializer also serves."
    )
