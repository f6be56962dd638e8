"""What an export leaves: a file, and how far its answers are from the estimator's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExportResult:
    """An export that was written, run, and compared with the estimator.

    Attributes
    ----------
    path : pathlib.Path
        The file; the folder of a SavedModel.
    format : str
        "NumPy", "ONNX", "SavedModel" or "TFLite".
    max_difference : float
        Largest absolute difference between an output of what was written and the estimator's, on the rows compared.
    rows : int
        Rows compared; 0 where nothing could be run, because a package is missing.
    size : int
        Bytes, of all files together.
    whole : bool
        Whether the estimator's preprocessing is in it; False where only the network of a pipeline is.
    usage : str
        Lines of Python that run it.
    """

    path: Path
    format: str
    max_difference: float
    rows: int
    size: int
    whole: bool
    usage: str
