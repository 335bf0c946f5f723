"""The fast way through JPEG files: only as many pixels are computed as are needed.

A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size for less work than whole. ``simplejpeg``, where it is installed,
is faster than Pillow and gives the same pixels to the bit: both hold libjpeg-turbo.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from PIL import Image

from gnomon.data.fitting import Pixels

_SCALES = (8, 4, 2, 1)
_COLOURS = {"L": "GRAY", "RGB": "RGB"}


def pixels(data: bytes, opened: Image.Image, least: tuple[int, int]) -> Pixels | None:
    """Return the pixels of a plain grey or RGB JPEG, ``(height, width, 1 or 3)``, at a scale not below ``least``.

    ``opened`` is the same file in Pillow. None means that Pillow shall decode it: there is no ``simplejpeg``, the
    colours are others, or the file is damaged (Pillow's verdict counts); ``opened`` is then set to the same scale.
    """
    scale = _scale(opened.size, least)
    colour = _COLOURS.get(opened.mode)
    if colour and (fast := _fast()):
        width, height = (-(-side // scale) for side in opened.size)
        try:
            found: Pixels = fast.decode_jpeg(data, colour, min_height=height, min_width=width, min_factor=1)
        except ValueError:
            pass
        else:
            if found.shape[:2] == (height, width):
                return found
    opened.draft("", least)
    return None


def _scale(size: tuple[int, int], least: tuple[int, int]) -> int:
    """Return the divisor that Pillow's ``draft`` would take."""
    possible = min(size[0] // least[0], size[1] // least[1])
    return next((scale for scale in _SCALES if possible >= scale), 1)


def _fast() -> ModuleType | None:
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None
