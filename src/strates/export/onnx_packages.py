"""The two packages that ONNX takes, which are an extra of strates: each may be missing."""

from __future__ import annotations

from typing import Any

from strates.exceptions import BackendError

try:
    import onnx as _onnx
except ImportError:
    _onnx = None  # type: ignore[assignment]
try:
    import onnxruntime as _onnxruntime
except ImportError:
    _onnxruntime = None

INSTALL = "pip install 'strates[onnx]'"


def onnx_package() -> Any:
    """Return the package onnx, which writes.

    Raises
    ------
    BackendError
        It is not installed.
    """
    if _onnx is None:
        raise BackendError(
            "to_onnx writes with the package onnx, which is not installed here. Install it, and onnxruntime which "
            f"checks what was written, with: {INSTALL}"
        )
    return _onnx


def onnx_runtime() -> Any | None:
    """Return the package onnxruntime, which runs; None where it is not installed."""
    return _onnxruntime
