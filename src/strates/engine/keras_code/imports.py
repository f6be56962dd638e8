"""The imports that a script needs, found by what it says."""

from __future__ import annotations

import re

from strates.engine.keras_code.layout import WIDTH

_MODULES = {
    "json": r"\bjson\.",
    "math": r"(?<![\w.])math\.",
    "itertools": r"\bitertools\.",
    "zlib": r"\bzlib\.",
    "keras": r"\bkeras\.",
    "numpy as np": r"\bnp\.",
    "pandas as pd": r"\bpd\.",
    "tensorflow as tf": r"\btf\.",
}
_NAMES = {
    "pathlib": ("Path",),
    "scipy.optimize": ("Bounds", "minimize"),
    "sklearn.model_selection": ("train_test_split",),
    "sklearn.pipeline": ("make_pipeline",),
}
_STANDARD = ("json", "math", "itertools", "zlib", "pathlib")


def imports_for(code: str, more: dict[str, tuple[str, ...]] | None = None) -> str:
    """Write the imports of a script, in the order that isort and ruff give them.

    Parameters
    ----------
    code : str
    more : mapping of module to names, optional
        Further names, imported where the code has them.

    Examples
    --------
    >>> print(imports_for("X = np.load(Path(FILE))"))
    from pathlib import Path
    <BLANKLINE>
    import numpy as np
    """
    bare = re.sub(r'"""(?:.|\n)*?"""|#.*', "", code)
    groups: dict[bool, list[str]] = {True: [], False: []}
    for module, pattern in sorted(_MODULES.items()):
        if re.search(pattern, bare):
            groups[module in _STANDARD].append(f"import {module}")
    for module, known in sorted({**_NAMES, **_merged(more)}.items()):
        used = [name for name in sorted(known, key=_order) if re.search(rf"(?<![\w.]){name}\b", bare)]
        if used:
            groups[module in _STANDARD].append(_from(module, used))
    return "\n\n".join("\n".join(group) for group in (groups[True], groups[False]) if group)


def packages_of(imports: str) -> list[str]:
    """Return what has to be installed for some imports; Keras's backend is always among it.

    Examples
    --------
    >>> packages_of("from sklearn.pipeline import make_pipeline")
    ['keras', 'scikit-learn', 'tensorflow']
    """
    found = {line.split()[1].partition(".")[0] for line in imports.splitlines() if line.startswith(("import", "from"))}
    named = {"scikit-learn" if name == "sklearn" else name for name in found if name not in _STANDARD}
    return sorted(named | {"keras", "tensorflow"})


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else "\n".join([f"from {module} import (", *(f"    {n}," for n in names), ")"])


def _merged(more: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]]:
    return {module: tuple({*_NAMES.get(module, ()), *names}) for module, names in (more or {}).items()}


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, functions: isort's order within a line."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
