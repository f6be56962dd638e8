"""What a reader has to know about the machine to judge the numbers."""

from __future__ import annotations

import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe() -> dict[str, str]:
    """Return cores, processor, load and versions."""
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ("strates", "scikit-learn", "keras", "tensorflow", "torch", "skorch", "numpy")
    return {
        "date": date.today().isoformat(),
        "cores": str(cores),
        "processor": _processor(),
        "load before": load,
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {_version(name)}" for name in packages),
        "threads": "each library's default",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
