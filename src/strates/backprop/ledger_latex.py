"""The ledger for LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strates.backprop.layers.layer import Array
from strates.backprop.ledger_line import LedgerLine

if TYPE_CHECKING:
    from strates.backprop.ledger import Ledger

_COLUMNS = 8
_ROWS = 30
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def latex_text(text: str) -> str:
    r"""Escape a name for LaTeX; letters that ``pdflatex`` does not know become question marks.

    Examples
    --------
    >>> print(latex_text("petal_width & 5 %"))
    petal\_width \& 5 \%
    """
    known = "".join(letter if ord(letter) < 256 and letter.isprintable() else "?" for letter in text)
    return "".join(_SPECIAL.get(letter, letter) for letter in known)


def latex_number(value: float) -> str:
    r"""Write a number for LaTeX's mathematics, with four significant digits.

    Examples
    --------
    >>> print(latex_number(-0.00001234), latex_number(2.5))
    -1.234 \cdot 10^{-5} 2.5
    """
    mantissa, _, exponent = f"{float(value) + 0.0:.4g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def ledger_latex(book: Ledger) -> str:
    """Write a ledger as a LaTeX document.

    Parameters
    ----------
    book : Ledger

    Returns
    -------
    str
        Compiles with ``pdflatex``; its one package beyond the base is ``amsmath``.
    """
    parts = [
        r"\documentclass[10pt]{article}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[a4paper,landscape,margin=15mm]{geometry}",
        r"\usepackage{amsmath}",
        rf"\setcounter{{MaxMatrixCols}}{{{_COLUMNS}}}",
        r"\allowdisplaybreaks",
        r"\begin{document}",
        rf"\section*{{{latex_text(book.title)}}}",
        _prediction(book),
        r"\section*{Forward}",
    ]
    parts += [_line(book, line) for line in book.lines if line.stage != "backward"]
    parts.append(r"\section*{Backward}")
    parts += [_line(book, line) for line in book.lines if line.stage == "backward"]
    parts += [_witnesses(book), r"\end{document}"]
    return "\n".join(parts) + "\n"


def _prediction(book: Ledger) -> str:
    ordered = sorted(book.probabilities.items(), key=lambda item: -item[1])
    shown = ordered[:20] + [item for item in ordered[20:] if item[0] == book.label]
    rows = " ".join(rf"{latex_text(name)}: {p:.4f};" for name, p in shown)
    if len(ordered) > len(shown):
        rows += f" and {len(ordered) - len(shown)} more;"
    penalty = rf", penalty {book.penalty:.6f}" if book.penalty else ""
    return rf"Probabilities: {rows} loss {book.loss:.6f}{penalty}."


def _line(book: Ledger, line: LedgerLine) -> str:
    head = rf"\paragraph{{{latex_text(line.layer)}, {latex_text(line.quantity)}}} ${line.latex}$"
    if book.is_large(line):
        found = line.summary()
        words = ", ".join(f"{name} ${latex_number(found[name])}$" for name in ("norm", "mean", "min", "max"))
        shape = r" \times ".join(map(str, line.value.shape))
        return f"{head}\n\nA ${shape}$ array: {words}, {found['zeros']:.0f} zeros.\n"
    if not line.value.ndim:
        return f"{head}\n\\[ {latex_number(float(line.value))} \\]"
    return "\n".join([head, *_matrices(line.table)])


def _matrices(table: Array) -> list[str]:
    """Write a table as matrices that fit on a page."""
    found = []
    for top in range(0, table.shape[0], _ROWS):
        for left in range(0, table.shape[1], _COLUMNS):
            part = table[top : top + _ROWS, left : left + _COLUMNS]
            body = r" \\ ".join(" & ".join(latex_number(v) for v in row) for row in part)
            last = left + part.shape[1]
            cut = rf"_{{\text{{columns {left + 1} to {last}}}}}" if table.shape[1] > _COLUMNS else ""
            found.append(rf"\[ \begin{{pmatrix}} {body} \end{{pmatrix}}{cut} \]")
    return found


def _witnesses(book: Ledger) -> str:
    rows = []
    for w in book.witnesses:
        theirs = "--" if np.isnan(w.tensorflow_error) else f"${latex_number(w.tensorflow_error)}$"
        rows.append(
            rf"{latex_text(w.parameter)} & {w.n_checked} & ${latex_number(w.max_error)}$ & {theirs} & {w.verdict} \\"
        )
    return "\n".join(
        [
            r"\section*{Three witnesses}",
            "Largest relative distance of back-propagation from the other two.",
            "",
            r"\begin{tabular}{lrrrl}",
            r"parameter & checked & finite differences & TensorFlow & verdict \\ \hline",
            *rows,
            r"\end{tabular}",
        ]
    )
