"""The ledger as a page: one card a layer, its way up beside its way back."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from strates.backprop.gradient_check import BlockCheck
from strates.backprop.ledger_line import LedgerLine
from strates.backprop.products import number

if TYPE_CHECKING:
    from strates.backprop.ledger import Ledger


def ledger_html(book: Ledger) -> str:
    """Write a ledger as one self-contained page.

    Parameters
    ----------
    book : Ledger

    Returns
    -------
    str
        Needs no network. Each layer folds; pointing at a number, or reaching it with the keyboard, shows its product.
    """
    cards = "\n".join(_card(book, name, kind) for name, kind in book.layers.items())
    return _PAGE.substitute(
        title=escape(book.title), lead=_lead(book), cards=cards, witnesses=_witnesses(book.witnesses, book.n_kinks)
    )


def _lead(book: Ledger) -> str:
    bars = []
    ordered = sorted(book.probabilities.items(), key=lambda item: -item[1])
    for name, p in ordered[:10] + [item for item in ordered[10:] if item[0] == book.label]:
        mark = ' class="right"' if name == book.label else ""
        bars.append(
            f"<li{mark}><span>{escape(name)}</span><meter min=0 max=1 value={p:.6f}></meter><b>{number(p)}</b></li>"
        )
    more = len(book.probabilities) - len(bars)
    rest = f"<li>and {more} more classes</li>" if more else ""
    penalty = f" and the penalty {number(book.penalty)}" if book.penalty else ""
    given = "".join(f"<li><span>{escape(k)}</span> <b>{escape(v)}</b></li>" for k, v in book.row.items())
    columns = f"<h2>The row</h2><ul class=row>{given}</ul>" if given else ""
    agree = f'Back-propagation, finite differences and TensorFlow: <a href="#witnesses">{book.verdict}</a>.'
    return (
        f"<p>Taken as of class <b>{escape(book.label)}</b>, the row costs a loss of <b>{number(book.loss)}</b>"
        f" nats{penalty}. {agree}</p><ul class=bars>{''.join(bars)}{rest}</ul>{columns}"
    )


def _card(book: Ledger, name: str, kind: str) -> str:
    own = [line for line in book.lines if line.layer == name]
    up = "".join(_table(book, line) for line in own if line.stage != "backward")
    down = "".join(_table(book, line) for line in own if line.stage == "backward")
    above = dict(pairwise(book.layers)).get(name)
    origin = f" <em>δ comes from {escape(above)}</em>" if above else ""
    back = f"<section class=back><h3>back ↑{origin}</h3>{down}</section>" if down else ""
    shut = "" if sum(line.value.size for line in own if not book.is_large(line)) <= 1500 else "<i>many numbers</i>"
    state = "" if shut else " open"
    return (
        f"<details{state}><summary><b>{escape(name)}</b> <span>{escape(kind)}</span> {shut}</summary>"
        f"<div class='sides{'' if down else ' alone'}'><section><h3>forward ↓</h3>{up}</section>{back}</div></details>"
    )


def _table(book: Ledger, line: LedgerLine) -> str:
    shape = " × ".join(map(str, line.value.shape))
    size = f" <small>{shape}</small>" if shape else ""
    rule = escape(line.rule).replace("-", "−")
    head = f"<h4>{escape(line.quantity)}{size}</h4><p class=rule>{rule}</p>"
    if book.is_large(line):
        return head + _summary(line)
    values = line.table
    scale = float(np.abs(values).max(initial=0.0)) or 1.0
    places = list(line.places())
    tall = len(values) == 1 and values.shape[1] > 1  # one number a line reads better with its name beside it
    if tall:
        stubs = list(line.column_names) or [str(i) for i in range(values.shape[1])]
        if len(stubs) > _LONG and not line.column_names:
            return f"{head}{_grid(line, stubs, scale)}"
        rows = [_row(stubs[i], [(values[0, i], places[i])], line, scale) for i in range(values.shape[1])]
        return f"{head}<div class=scroll><table class=tall>{''.join(rows)}</table></div>"
    columns = line.column_names or [str(j) for j in range(values.shape[1])]
    top = ""
    if values.shape[1] > 1:
        top = "<tr><th></th>" + "".join(f"<th scope=col>{escape(c)}</th>" for c in columns) + "</tr>"
    width = values.shape[1]
    rows = [
        _row(name, [(values[i, j], places[i * width + j]) for j in range(width)], line, scale)
        for i, name in enumerate(line.row_labels)
    ]
    return f"{head}<div class=scroll><table>{top}{''.join(rows)}</table></div>"


def _grid(line: LedgerLine, names: list[str], scale: float) -> str:
    """Lay a long vector out in as many columns as there is room for."""
    cells = zip(names, line.places(), strict=True)
    parts = [
        f"<li><span>{escape(name)}</span>{_cell(line.value[place], place, line, scale, 'b')}</li>"
        for name, place in cells
    ]
    return f"<ul class=grid>{''.join(parts)}</ul>"


def _row(name: str, cells: list[tuple[float, tuple[int, ...]]], line: LedgerLine, scale: float) -> str:
    whole = f' title="{escape(name)}"' if len(name) > 24 else ""  # it may be cut
    numbers = "".join(_cell(value, place, line, scale) for value, place in cells)
    return f"<tr><th scope=row{whole}>{escape(name)}</th>{numbers}</tr>"


def _cell(value: float, place: tuple[int, ...], line: LedgerLine, scale: float, tag: str = "td") -> str:
    # the tint repeats what the sign and the number say: it helps the eye, and nobody needs it
    share = round(abs(float(value)) / scale * 0.55, 3)
    tint = f' style="--t:{share}"' if share else ""
    sign = "n" if value < 0 else "p"
    made = line.product(place)
    if not made:
        return f"<{tag} class={sign}{tint}>{number(value)}</{tag}>"
    left = f"{line.symbol}{_index(place)}"
    said = escape(f"{left} = {made} = {number(value)}", quote=True)
    return f'<{tag} class={sign}{tint} tabindex=0 title="{said}">{number(value)}</{tag}>'


def _index(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""


def _summary(line: LedgerLine) -> str:
    found, where = line.summary(), line.extreme_places()
    rows = [
        ("numbers", f"{line.value.size:,}"),
        ("norm", number(found["norm"])),
        ("mean", number(found["mean"])),
        ("least", f"{number(found['min'])} at {_index(where['min'])}"),
        ("greatest", f"{number(found['max'])} at {_index(where['max'])}"),
        ("zeros", f"{found['zeros']:.0f}"),
    ]
    cells = "".join(f"<tr><th scope=row>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<p class=note>Too large to write out; summarised.</p><table class=tall>{cells}</table>"


def _witnesses(witnesses: tuple[BlockCheck, ...], n_kinks: int) -> str:
    rows = []
    for w in witnesses:
        theirs = "–" if np.isnan(w.tensorflow_error) else f"{w.tensorflow_error:.1e}"
        rows.append(
            f"<tr><th scope=row>{escape(w.parameter)}</th><td>{w.n_checked}</td><td>{w.max_error:.1e}</td>"
            f"<td>{w.beyond_rounding:.1e}</td><td>{theirs}</td><td class=word>{w.verdict}</td></tr>"
        )
    kinks = f"<p class=note>{n_kinks} differences crossed a kink, and are set apart.</p>" if n_kinks else ""
    return (
        "<div class=scroll><table class=witness><tr><th scope=col>parameter</th><th scope=col>entries checked</th>"
        "<th scope=col>finite differences</th><th scope=col>beyond their rounding</th><th scope=col>TensorFlow</th>"
        "<th scope=col>verdict</th></tr>"
        f"{''.join(rows)}</table></div>{kinks}"
    )


#: Vectors with more numbers, and no names, are laid out in columns.
_LONG = 12

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light; --blue: 0, 114, 178; --red: 213, 94, 0; }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1180px; padding: 1.2rem 1rem 6rem; color: #222; background: #fff;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 1.35rem; margin: 0 0 .4rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem }
h3 em { text-transform: none; letter-spacing: 0; font-weight: 400 }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: #666; margin: .2rem 0 .4rem }
h4 { font-size: .85rem; margin: .9rem 0 0; font-weight: 600 } small { color: #666; font-weight: 400 }
.rule { margin: 0 0 .3rem; font-family: "DejaVu Serif", Georgia, serif; font-style: italic; overflow-wrap: anywhere }
.note, .hint { color: #555; font-size: .85rem; margin: .2rem 0 }
details { border: 1px solid #ccc; border-radius: 8px; margin: .55rem 0; background: #fff }
summary { cursor: pointer; padding: .5rem .8rem; background: #f5f6f8; border-radius: 8px }
summary span { color: #555 } summary i { color: #555; font-size: .85rem; float: right }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.2rem; padding: .4rem .8rem .8rem }
.alone { grid-template-columns: 1fr }
.sides > section { min-width: 0 } .back { border-left: 3px solid #e4e4e4; padding-left: 1.1rem }
.scroll { overflow-x: auto; max-height: 26rem; overflow-y: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .84rem }
th { font-weight: 500; color: #555; text-align: left; padding: .14rem .5rem .14rem 0; white-space: nowrap;
  max-width: 15rem; overflow: hidden; text-overflow: ellipsis }
tr > th:not(:first-child) { text-align: right; padding-left: .5rem }
td, .grid b { text-align: right; padding: .14rem .5rem; white-space: nowrap; border: 1px solid #eee }
tr > th:first-child { position: sticky; left: 0; background: #fff }
.grid, .row { list-style: none; padding: 0; margin: .2rem 0; display: grid; gap: 2px 10px; font-size: .84rem;
  grid-template-columns: repeat(auto-fill, minmax(7.9rem, 1fr)); font-variant-numeric: tabular-nums }
.row { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }
.row span { color: #555 }
.grid li { display: grid; grid-template-columns: 1.7rem 1fr; align-items: center; gap: .3rem }
.grid span { color: #555; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.grid b { font-weight: 400 }
.p { background: rgba(var(--blue), calc(var(--t, 0) * .8)) }
.n { background: rgba(var(--red), calc(var(--t, 0) * .8)) }
[tabindex] { cursor: help } [tabindex]:focus, [tabindex]:hover { outline: 2px solid #222; outline-offset: -2px }
td.word { text-align: left; font-weight: 600 }
.bars { list-style: none; padding: 0; margin: .4rem 0; max-width: 34rem }
.bars li { display: grid; grid-template-columns: minmax(6rem, 12rem) 1fr 5rem; gap: .6rem; align-items: center }
.bars span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.bars meter { width: 100%; height: .8rem; border: 1px solid #ccc; border-radius: 3px; background: #fff;
  appearance: none }
.bars meter::-webkit-meter-bar { background: #fff; border: 0; height: 100% }
.bars meter::-webkit-meter-optimum-value { background: rgb(var(--blue)) }
.bars meter::-moz-meter-bar { background: rgb(var(--blue)) }
 .bars b { text-align: right; font-weight: 400 }
.bars .right span::after { content: " (as taken)"; color: #555 } .bars .right { font-weight: 600 }
#made { position: fixed; left: 0; right: 0; bottom: 0; background: #222; color: #fff; padding: .6rem 1rem;
  font: .9rem/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
@media (max-width: 700px) { .sides { grid-template-columns: 1fr } .back { border-left: 0; padding-left: 0;
  border-top: 3px solid #e4e4e4; margin-top: .8rem; padding-top: .5rem } }
@media print { #made, .hint { display: none }
  .scroll { max-height: none; overflow: visible } details { break-inside: avoid } }
</style>
</head>
<body>
<h1>$title</h1>
$lead
<p class="hint">Read down on the left: the forward pass. Read up on the right: the backward pass, the chain rule one
layer at a time. Point at a number, or tap it, to see the product that made it. Blue is positive, orange negative,
and the deeper the larger in its table.</p>
$cards
<h2 id="witnesses">Three witnesses</h2>
<p class="hint">The largest relative distance of back-propagation, as written above, from centred finite differences
of the loss and from TensorFlow's own gradients.</p>
$witnesses
<div id="made" role="status" aria-live="polite" hidden></div>
<script>
const made = document.getElementById("made");
const show = event => {
  const cell = event.target.closest("[tabindex]");
  if (!cell) return;
  if (cell.title) { cell.dataset.made = cell.title; cell.removeAttribute("title"); }
  made.textContent = cell.dataset.made; made.hidden = false;
};
for (const kind of ["mouseover", "focusin", "click"]) document.addEventListener(kind, show);
document.addEventListener("keydown", event => { if (event.key === "Escape") made.hidden = true; });
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { d.open = true; }));
</script>
</body>
</html>
""")
