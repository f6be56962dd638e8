"""A page that plays pictures: a slider, steps, speeds, and nothing from the network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Any, Self

from numpy.typing import NDArray
from PIL import Image, features

from strates.exceptions import ParameterError

_QUALITY = 74  # of WebP: letters stay clean


@dataclass(frozen=True)
class Picture:
    """A frame as a page holds it: parts that stand side by side, one below the other on a phone.

    Attributes
    ----------
    parts : tuple of str
        Images in base64.
    sizes : tuple of (int, int)
        Width and height of each part, in pixels.
    words : str
        What the frame is.
    """

    parts: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    words: str

    @classmethod
    def of(cls, images: Sequence[NDArray[Any]], words: str) -> Self:
        """Encode arrays of shape (height, width, 3)."""
        sizes = tuple((image.shape[1], image.shape[0]) for image in images)
        return cls(tuple(base64.b64encode(encode(image)).decode() for image in images), sizes, words)


def encode(image: NDArray[Any]) -> bytes:
    """Return a picture of shape (height, width, 3) as WebP, or as PNG of 256 colours where Pillow has no WebP."""
    held = io.BytesIO()
    picture = Image.fromarray(image)
    if features.check("webp"):
        picture.save(held, "WEBP", quality=_QUALITY, method=4)
    else:
        picture.quantize(256, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
    return held.getvalue()


def player_page(pictures: Sequence[Picture], *, parts: Sequence[str], fps: float, title: str, description: str) -> str:
    """Return a self-contained page that plays pictures.

    It begins by itself where the reader's system does not ask for reduced motion, and rests while it cannot be seen.

    Parameters
    ----------
    pictures : sequence of Picture
        One at least, all of one size.
    parts : sequence of str
        What each part of a picture shows, for those who cannot see it.
    fps : float
        Frames a second.
    title : str
    description : str
        What the film shows, for those who cannot see it.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        There is no picture.
    """
    if not pictures:
        raise ParameterError("A film without frames cannot be played; give one picture at least.")
    last = pictures[-1]
    kind = "image/webp" if features.check("webp") else "image/png"
    images = "".join(
        f'<img id="part{k}" width="{width}" height="{height}" decoding="sync" '
        f'alt="{escape(f"{name} at {last.words}")}" src="data:{kind};base64,{part}">'
        for k, (name, part, (width, height)) in enumerate(zip(parts, last.parts, last.sizes, strict=True))
    )
    data = {
        "kind": kind,
        "fps": fps,
        "parts": list(parts),
        "words": [one.words for one in pictures],
        "frames": [one.parts for one in pictures],
    }
    return _PAGE.substitute(
        title=escape(title),
        description=escape(description),
        images=images,
        columns=" ".join(f"{width}fr" for width, _ in last.sizes),
        last=len(pictures) - 1,
        words=escape(last.words),
        data=json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    )


_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 960px; padding: .5rem .6rem 0; color: #222; background: #fff;
  font: 15px/1.4 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 1.15rem; margin: .1rem 0 .4rem }
.stage { display: grid; grid-template-columns: $columns }
.stage img { display: block; width: 100%; height: auto }
.player { position: sticky; bottom: 0; background: #fff; padding: .4rem 0 .5rem; border-top: 1px solid #ddd }
.controls { display: flex; gap: .4rem; align-items: center }
.controls[hidden] { display: none }
button, select { height: 2.6rem; min-width: 2.6rem; border: 1px solid #767676; border-radius: 6px; background: #fff;
  color: #222; font: inherit; cursor: pointer }
button svg { width: 1.1rem; height: 1.1rem; display: block; margin: auto; fill: currentColor }
button:hover, select:hover { background: #f0f3f6 }
:focus-visible { outline: 3px solid #0072B2; outline-offset: 1px }
#play { background: #0072B2; border-color: #0072B2; color: #fff; min-width: 3.4rem }
input[type=range] { flex: 1; min-width: 4rem; height: 2.6rem; margin: 0; accent-color: #0072B2 }
output { display: block; margin-top: .3rem; font-variant-numeric: tabular-nums }
details { margin: .3rem 0 .8rem; color: #444; font-size: .9rem } summary { cursor: pointer }
kbd { border: 1px solid #aaa; border-radius: 3px; padding: 0 .3em; font: inherit; font-size: .9em }
@media (max-width: 640px) { .stage { grid-template-columns: 1fr } .controls { flex-wrap: wrap }
  input[type=range] { order: -1; flex-basis: 100% } .controls select { margin-left: auto } }
@media print { .controls, details { display: none } }
</style>
</head>
<body>
<h1>$title</h1>
<div class="stage">$images</div>
<div class="player">
<div class="controls" role="group" aria-label="Player" hidden>
<button id="play" type="button" aria-label="Play"><svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg></button>
<button id="back" type="button" aria-label="One frame back"><svg viewBox="0 0 16 16" aria-hidden="true"
><path d="M2 2h2.5v12H2zM14 2v12L5.5 8z"/></svg></button>
<button id="on" type="button" aria-label="One frame on"><svg viewBox="0 0 16 16" aria-hidden="true"
><path d="M11.500 2H14v12h-2.500zM2 2l8.500 6L2 14z"/></svg></button>
<input id="slider" type="range" min="0" max="$last" value="$last" step="1" aria-label="Frame">
<select id="speed" aria-label="Speed"><option value="0.25">¼×</option><option value="0.5">½×</option>
<option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select>
</div>
<output id="words" for="slider">$words</output>
</div>
<details><summary>What it shows</summary><p>$description</p>
<p>Keys: <kbd>←</kbd> <kbd>→</kbd> one frame, <kbd>Home</kbd> <kbd>End</kbd> the first and the last, <kbd>Space</kbd>
plays and pauses.</p></details>
<script id="film" type="application/json">$data</script>
<script>
(() => {
  const film = JSON.parse(document.getElementById("film").textContent);
  const at = id => document.getElementById(id);
  const slider = at("slider"), speed = at("speed"), words = at("words"), play = at("play");
  const last = film.frames.length - 1;
  const url = text => URL.createObjectURL(
    new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))], { type: film.kind }));
  const urls = film.frames.map(parts => parts.map(url));
  // fetched and decoded beforehand, so that no frame flickers
  const ready = urls.map(parts => parts.map(one => { const i = new Image(); i.src = one; return i; }));
  let now = last, playing = false, seen = true, timer = 0;
  const shapes = { play: "M3 1.500v13L14 8z", pause: "M3 2h3.500v12H3zM9.500 2H13v12H9.500z" };

  function show(frame) {
    now = Math.max(0, Math.min(last, frame));
    urls[now].forEach((one, k) => {
      const part = at("part" + k);
      part.src = one;
      part.alt = film.parts[k] + " at " + film.words[now];
    });
    slider.value = now;
    slider.setAttribute("aria-valuetext", film.words[now]);
    words.textContent = film.words[now];
    const next = ready[Math.min(now + 1, last)];
    next.forEach(one => one.decode && one.decode().catch(() => {}));
  }
  function set(on) {
    playing = on;
    play.setAttribute("aria-label", on ? "Pause" : "Play");
    play.querySelector("path").setAttribute("d", on ? shapes.pause : shapes.play);
    words.setAttribute("aria-live", on ? "off" : "polite");
    clearTimeout(timer);
    if (on) timer = setTimeout(tick, 1000 / (film.fps * speed.value));
  }
  function tick() {
    if (!playing) return;
    if (seen && !document.hidden) {
      if (now >= last) return set(false);
      show(now + 1);
      if (now >= last) return set(false);
    }
    timer = setTimeout(tick, 1000 / (film.fps * speed.value));
  }
  function toggle() {
    if (!playing && now >= last) show(0);
    set(!playing);
  }
  function go(frame) { set(false); show(frame); }

  play.addEventListener("click", toggle);
  at("back").addEventListener("click", () => go(now - 1));
  at("on").addEventListener("click", () => go(now + 1));
  slider.addEventListener("input", () => go(Number(slider.value)));
  document.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === speed) return;
    const keys = { ArrowLeft: () => go(now - 1), ArrowRight: () => go(now + 1), Home: () => go(0), End: () => go(last),
      " ": toggle };
    if (!keys[event.key] || (event.key === " " && /^(BUTTON|SUMMARY)$$/.test(event.target.tagName))) return;
    event.preventDefault();
    keys[event.key]();
  });
  if ("IntersectionObserver" in window)
    new IntersectionObserver(found => { seen = found[found.length - 1].isIntersecting; })
      .observe(document.querySelector(".stage"));
  document.querySelector(".controls").hidden = false;
  const calm = window.matchMedia && matchMedia("(prefers-reduced-motion: reduce)").matches;
  show(calm ? last : 0);
  set(!calm && last > 0);
  try {  // in a notebook: as high as the film
    const own = window.frameElement;
    if (own) new ResizeObserver(() => { own.style.height = document.documentElement.offsetHeight + 4 + "px"; })
      .observe(document.body);
  } catch (error) { /* a frame of another origin keeps its height */ }
})();
</script>
</body>
</html>
""")
