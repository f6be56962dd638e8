"""Pictures as files: one as PNG, many as GIF or, through ffmpeg, as MP4."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strates.exceptions import ParameterError, StratesError, did_you_mean

SUFFIXES = (".html", ".gif", ".mp4", ".png")
_LAST = 1.5  # seconds for which the last frame of a GIF stays before the film begins again


def check_film_path(path: Path) -> str:
    """Make sure, before any work, that a film can be written under a name.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        The name's suffix, in small letters.

    Raises
    ------
    ParameterError
        The suffix is unknown, or it needs ffmpeg, which is missing.

    Examples
    --------
    >>> check_film_path(Path("film.GIF"))
    '.gif'
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{path.name!r} ends with {path.suffix!r}, which is no format of a film. {did_you_mean(suffix, SUFFIXES)}"
        )
    if suffix == ".mp4":
        _find_ffmpeg()
    return suffix


def _find_ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        raise ParameterError(
            "An .mp4 is made by the program ffmpeg, which is not on the PATH. Install it, or write a .gif or a .html, "
            "which need nothing."
        )
    return found


def as_png(image: NDArray[np.uint8]) -> bytes:
    """Return a picture of shape (height, width, 3) as a PNG file."""
    held = io.BytesIO()
    Image.fromarray(image).save(held, "PNG", optimize=True)
    return held.getvalue()


def as_gif(images: Iterable[NDArray[np.uint8]], fps: float) -> bytes:
    """Return pictures of shape (height, width, 3) as a GIF file that repeats for ever.

    Parameters
    ----------
    images : iterable of ndarray
        One at least.
    fps : float
        Frames a second; a GIF counts in hundredths of a second.

    Returns
    -------
    bytes
    """
    # each is reduced at once, so that a long film is held in a third of the memory
    reduced = [Image.fromarray(image).quantize(256, dither=Image.Dither.NONE) for image in images]
    each = max(20, round(100 / fps) * 10)
    durations = [each] * (len(reduced) - 1) + [max(each, round(1000 * _LAST))]
    held = io.BytesIO()
    reduced[0].save(held, "GIF", save_all=True, append_images=reduced[1:], duration=durations, loop=0)
    return held.getvalue()


def as_mp4(images: Iterable[NDArray[np.uint8]], fps: float) -> bytes:
    """Return pictures of shape (height, width, 3) as an MP4 file that any player takes, made by ffmpeg.

    Parameters
    ----------
    images : iterable of ndarray
        One at least.
    fps : float
        Frames a second.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        ffmpeg is not on the PATH.
    StratesError
        It failed; the message has its last words.
    """
    ffmpeg = _find_ffmpeg()
    rest = iter(images)
    first = _even(next(rest))
    height, width = first.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"
        command = [
            ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
            "-r", f"{fps:g}", "-i", "-", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(made),
        ]  # fmt: skip
        with (Path(folder) / "words").open("w+b") as words:
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=words, stderr=words) as process:
                try:
                    _feed(process, first, rest)
                except BaseException:
                    process.kill()
                    raise
            words.seek(0)
            said = words.read().decode("utf-8", "replace").split("\n")
        if process.returncode or not made.exists():
            last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
            raise StratesError(f"ffmpeg could not make the film ({last}). Write a .gif or a .html, which need nothing.")
        return made.read_bytes()


def _feed(process: subprocess.Popen[bytes], first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]]) -> None:
    if process.stdin is None:
        raise RuntimeError("ffmpeg was started without a standard input")
    try:
        process.stdin.write(first.tobytes())
        for image in rest:
            process.stdin.write(_even(image).tobytes())
        process.stdin.close()
    except BrokenPipeError:  # it has ended, and its words say why
        pass


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a row or column of pixels where their number is odd, which the film's format cannot have."""
    height, width = image.shape[:2]
    return image[: height - height % 2, : width - width % 2]
