"""One image file: what its head says, and its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from strates._types import AnyArray
from strates.exceptions import ImageError

#: The formats that are read, by Pillow's names; every other decoder stays closed.
FORMATS = ("JPEG", "PNG", "WEBP")
#: Extensions of files that are taken for images.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
#: Pixels of an image, at most; a small file can unfold to more than any memory holds.
MOST_PIXELS = 100_000_000

Color = Literal["grey", "rgb"]

_ORIENTATION = 0x0112  # of EXIF
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = range(5, 9)  # the orientations that exchange width and height
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")


@dataclass(frozen=True)
class ImageHead:
    """What is known of an image before it is decoded.

    Attributes
    ----------
    height, width : int
        In pixels, upright.
    grey : bool
        Whether it has no colours.
    transparent : bool
        Whether it has an alpha channel or a transparent colour.
    """

    height: int
    width: int
    grey: bool
    transparent: bool


@dataclass(frozen=True)
class ImageForm:
    """The form that all images of a network have.

    Attributes
    ----------
    height, width : int
        In pixels.
    color : {"grey", "rgb"}
    crop_to_aspect_ratio : bool, default=False
        Keep proportions, and cut off what goes beyond the form's on both sides, instead of stretching.
    """

    height: int
    width: int
    color: Color
    crop_to_aspect_ratio: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels: 1 for grey, 3 for RGB."""
        return self.height, self.width, 1 if self.color == "grey" else 3

    @property
    def n_bytes(self) -> int:
        """Bytes of an image in memory."""
        return math.prod(self.shape)


def read_head(path: Path) -> ImageHead:
    """Read what an image file says about itself; its pixels are not decoded.

    Raises
    ------
    ImageError
        The reason why it cannot be read, without the file's name.
    """
    with _open(path) as image:
        width, height = image.size
        # Pillow decodes a whole PNG to look for EXIF behind the pixels: there it is read only if it stands before them
        known = image.format != "PNG" or "exif" in image.info
        if known and _orientation(image) in _LYING:
            width, height = height, width
        return ImageHead(height, width, image.mode.startswith("I;") or image.mode in _GREY_MODES, _transparent(image))


def decode_image(path: Path, form: ImageForm) -> AnyArray:
    """Read an image upright, on white where it is transparent, and bring it to a form.

    By default the whole picture is kept: where its proportions differ from the form's they are changed, nothing is cut
    off. Pixels are averaged (Pillow's antialiased bilinear filter), after a quick reduction of JPEG files to no less
    than twice the form's size.

    Parameters
    ----------
    path : pathlib.Path
    form : ImageForm

    Returns
    -------
    ndarray of shape (height, width, channels), uint8

    Raises
    ------
    ImageError
        The reason why it cannot be read, without the file's name.
    """
    with _open(path) as image:
        try:
            if image.format in ("JPEG", "MPO"):
                side = 2 * max(form.height, form.width)
                image.draft(None, (side, side))
            image.load()
            pixels = np.asarray(_resized(_colored(_upright(image), form.color), form))
        except MemoryError:
            raise
        except Exception as error:  # decoders raise anything at a damaged file
            raise ImageError(f"it is damaged or cut short ({_short(error)})") from error
    return pixels.reshape(form.shape)


_FILTER = Image.Resampling.BILINEAR


def _resized(image: Image.Image, form: ImageForm) -> Image.Image:
    size = (form.width, form.height)
    return ImageOps.fit(image, size, _FILTER) if form.crop_to_aspect_ratio else image.resize(size, _FILTER)


def _open(path: Path) -> Image.Image:
    """Open an image, its pixels not yet decoded."""
    try:
        image = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(_not_an_image(path)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large()) from error
    except (PermissionError, IsADirectoryError, FileNotFoundError) as error:
        raise ImageError(f"it cannot be opened: {error.strerror}") from error
    except MemoryError:
        raise
    except Exception as error:
        raise ImageError(f"it is damaged or cut short ({_short(error)})") from error
    if math.prod(image.size) > MOST_PIXELS:
        image.close()
        raise ImageError(_too_large(image.size))
    return image


def _not_an_image(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        return "it is empty (0 bytes)"
    if head.startswith((b"\x89PNG", b"\xff\xd8")) or head[8:] == b"WEBP":
        return "it is damaged or cut short (only its first bytes are those of an image)"
    return f"it is no JPEG, PNG or WebP image: it starts with {head!r}"


def _too_large(size: tuple[int, int] | None = None) -> str:
    given = "" if size is None else f"{size[0]:,} x {size[1]:,} pixels, "
    return f"it would unfold to {given}more than {MOST_PIXELS:,} pixels, as files made to fill the memory do"


def _short(error: Exception) -> str:
    return f"{str(error).rstrip('.') or type(error).__name__}"[:100]


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # the picture may be sound where its notes are not
        return 1


def _upright(image: Image.Image) -> Image.Image:
    method = _UPRIGHT.get(_orientation(image))
    return image if method is None else image.transpose(method)


def _transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _colored(image: Image.Image, color: Color) -> Image.Image:
    """Return 8 bits a channel, one channel or three, on white."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65_535) // 257).astype(np.uint8))
    if _transparent(image):
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("L" if color == "grey" else "RGB")
