"""One picture's bytes become uint8 pixels, as a viewer shows them. Training and prediction both go through here.

What the files hold is not trusted: the format is told from the bytes, a picture of too many pixels is refused before
its pixels are touched, and whatever a decoder raises becomes one reason in words.
"""

from __future__ import annotations

import importlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,  # noqa: F401  each of these registers its format; no other decoder is loaded
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from gnomon.data import formats, jpeg
from gnomon.data.fitting import Fit, Pixels, fit_into, least_size
from gnomon.data.formats import UnreadableError

MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 512_000_000
MAX_SCANNED_PIXELS = 4_000_000_000
"""Pixels times passes of a progressive JPEG. Ten passes are usual; thousands are an attack on the decoder's time."""

_ORIENTATION_TAG = 0x0112
_SWAPPED = (5, 6, 7, 8)
_ROWS_AT_ONCE = 256
_LUMINANCE = np.array([0.299, 0.587, 0.114])
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")


@dataclass(frozen=True)
class Picture:
    """A decoded picture: pixels uint8 ``(height, width, channels)``, and what it was before."""

    pixels: Pixels
    seen: Seen


@dataclass(frozen=True)
class Seen:
    """What a picture's file says: size in pixels as a viewer shows it, colour mode, format."""

    width_px: int
    height_px: int
    mode: str
    format: str
    animated: bool = False
    turned: bool = False

    @property
    def grey(self) -> bool:
        """True where the file holds no colour."""
        return self.mode in _GREY_MODES or self.mode.startswith("I;16")


def decode_for_model(data: bytes, height_px: int, width_px: int, channels: int, fit: Fit) -> Pixels:
    """Return a picture's pixels, uint8 ``(height_px, width_px, channels)``, exactly as training saw them.

    ``channels`` is 1 (grey) or 3 (RGB). Raises ``UnreadableError`` with the reason.
    """
    return decode(data, height_px, width_px, channels, fit).pixels


def decode(data: bytes, height_px: int, width_px: int, channels: int, fit: Fit) -> Picture:
    """Decode one picture to ``(height_px, width_px, channels)``. Raises ``UnreadableError`` with the reason."""
    with _decoding():
        opened = _open(data)
        seen, orientation = _seen(opened)
        if opened.format in ("JPEG", "MPO"):
            frame = (width_px, height_px) if orientation in _SWAPPED else (height_px, width_px)
            pixels = jpeg.pixels(data, opened, least_size(opened.size, *frame, fit))
            pixels = _flattened(opened) if pixels is None else pixels
        else:
            pixels = _flattened(opened)
        pixels = _turned(pixels, orientation)
        return Picture(_with_channels(fit_into(pixels, height_px, width_px, fit), channels), seen)


def look(data: bytes) -> Seen:
    """Return what a picture's header says, without decoding its pixels. Raises ``UnreadableError``."""
    with _decoding():
        return _seen(_open(data))[0]


def fit_array(pixels: Pixels, height_px: int, width_px: int, channels: int, fit: Fit) -> Picture:
    """Return pixels that are decoded already, uint8 ``(height, width, 1 or 3)``, in the wanted shape."""
    seen = look_at_array(pixels)
    with quiet():
        return Picture(_with_channels(fit_into(pixels, height_px, width_px, fit), channels), seen)


def look_at_array(pixels: Pixels) -> Seen:
    """Return size and mode of pixels that are decoded already, ``(height, width, 1 or 3)``."""
    height, width, channels = pixels.shape
    return Seen(width_px=width, height_px=height, mode="L" if channels == 1 else "RGB", format="array")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings off the screen; a file that is wrong gets a reason of ours.

    Any number of threads may be inside at once: the filters are global, so the first one in sets them and the last
    one out restores them.
    """
    _quiet.enter()
    try:
        yield
    finally:
        _quiet.leave()


class _Quiet:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
                warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # we only read it
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


_quiet = _Quiet()


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        with quiet():
            yield
    except UnreadableError:
        raise
    except Exception as error:  # decoders raise anything at all when they are fed broken bytes
        raise UnreadableError(_reason(error)) from error


def _reason(error: Exception) -> str:
    text = (str(error).splitlines() or [""])[0][:120]
    if isinstance(error, Image.DecompressionBombError):
        return f"is too large: more than {MAX_PIXELS:,} pixels"
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "is cut short (truncated)"
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    return f"cannot be decoded: {text or type(error).__name__}"


def _open(data: bytes) -> Image.Image:
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(f"is too large: {len(data):,} bytes, the limit is {MAX_FILE_BYTES:,}")
    name = formats.sniff(data[: formats.HEAD_BYTES])
    if name in formats.PLUG_INS:
        _load_plug_in(name)
    opened = Image.open(io.BytesIO(data), formats=(name,))
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise UnreadableError(f"is too large: {width} x {height} pixels, the limit is {MAX_PIXELS:,}")
    if name == "JPEG":
        _check_jpeg(data, opened)
    return opened


def _check_jpeg(data: bytes, opened: Image.Image) -> None:
    # Pillow fills what is missing after the last good byte with grey, and calls the picture good.
    if data.endswith(bytes(64)) and not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise UnreadableError("ends in zeros: an unfinished copy")
    if "progressive" in opened.info:
        passes = data.count(b"\xff\xda")
        if passes * opened.width * opened.height > MAX_SCANNED_PIXELS:
            raise UnreadableError(f"has {passes} passes over {opened.width} x {opened.height} pixels: too much work")


def _load_plug_in(name: str) -> None:
    module = importlib.import_module(formats.PLUG_INS[name][1])
    if name == "HEIF":
        module.register_heif_opener()


def _seen(opened: Image.Image) -> tuple[Seen, int]:
    """Return what the header says, and the orientation to which the pixels must still be turned."""
    orientation = _orientation(opened)
    turned = orientation != 1
    if opened.format == "TIFF":
        orientation = 1  # Pillow turns TIFF files by itself, and says their size as turned
    width, height = opened.size
    if orientation in _SWAPPED:
        width, height = height, width
    animated = bool(getattr(opened, "is_animated", False))  # only formats that can be animated have the word
    name = opened.format or ""
    seen = Seen(width, height, opened.mode, "JPEG" if name == "MPO" else name, animated, turned)
    return seen, orientation


def _orientation(opened: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or where the EXIF block is damaged."""
    if opened.format != "TIFF" and not opened.info.keys() & {
        "exif",
        "xmp",
        "XML:com.adobe.xmp",
        "Raw profile type exif",
    }:
        return 1
    try:
        value = opened.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001  a damaged EXIF block does not spoil the picture: viewers ignore it as well
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return ``(height, width, channels)`` turned and mirrored as the EXIF orientation, 1 to 8, asks for."""
    if orientation in _SWAPPED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _flattened(opened: Image.Image) -> Pixels:
    """Return the picture as 8-bit grey or RGB, ``(height, width, 1 or 3)``, transparent parts on white."""
    mode = opened.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _to_8_bits(opened)[:, :, None]
    if opened.has_transparency_data:
        opened = opened.convert("RGBA")
        white = Image.new("RGBA", opened.size, "white")
        opened = Image.alpha_composite(white, opened)
    wanted = "L" if mode in _GREY_MODES else "RGB"
    pixels = np.asarray(opened if opened.mode == wanted else opened.convert(wanted))
    return pixels[:, :, None] if wanted == "L" else pixels


def _to_8_bits(opened: Image.Image) -> Pixels:
    """Scale deep grey to 8 bits, ``(height, width)``.

    16-bit values keep their place between black and white. Floats in 0..1 and 0..255 keep theirs; other ranges are
    stretched from their own least to their own greatest value, since the file does not say what white is.
    """
    values = np.asarray(opened)
    if opened.mode.startswith("I;16"):
        made = _scaled(values, 0.0, 65535.0)
        clear = opened.info.get("transparency")
        if isinstance(clear, int):
            made[values == clear] = 255
        return made
    if not np.isfinite(values).all():
        raise UnreadableError("holds values that are not finite (NaN or infinity)")
    low, high = float(values.min()), float(values.max())
    for white in (255.0, 65535.0) if opened.mode == "I" else (1.0, 255.0):
        if low >= 0 and high <= white:
            return _scaled(values, 0.0, white)
    return _scaled(values, low, high)


def _scaled(values: npt.NDArray[Any], black: float, white: float) -> Pixels:
    """Return values between ``black`` and ``white`` as 0 to 255, a few rows at a time to keep memory small."""
    made = np.empty(values.shape, np.uint8)
    for row in range(0, len(values), _ROWS_AT_ONCE):
        rows = slice(row, row + _ROWS_AT_ONCE)
        made[rows] = np.rint((values[rows].astype(np.float64) - black) * (255.0 / (white - black)))
    return made


def _with_channels(pixels: Pixels, channels: int) -> Pixels:
    """Return grey repeated, or colour as luminance, where that is asked for.

    Source: ITU-R BT.601-7, section 2.5.1: luminance is 0.299 R + 0.587 G + 0.114 B.
    """
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    luminance: Pixels = np.rint(pixels @ _LUMINANCE).astype(np.uint8)
    return luminance[:, :, None]
