"""How a picture becomes the size that the network sees: cut the middle out, distort, or add a border."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

Fit = Literal["crop", "squash", "pad"]

KEPT_PX = 64
"""Pictures that are all of one size, with no side above this, are kept as they are."""

SIDES_PX = (32, 48, 64, 96, 128, 160, 192)
"""Sides of squares to choose from."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The shape in which pictures are stored, and how they are brought to it."""

    height_px: int
    width_px: int
    channels: int
    fit: Fit
    kept: bool
    """True where every picture has this size already; one that has not makes the choice void."""


def choose(sizes: Sequence[tuple[int, int]], grey: bool, size_px: int | Literal["auto"], fit: Fit) -> Frame:
    """Return the frame for pictures of ``sizes`` (width, height), in pixels.

    ``auto`` keeps pictures of one size up to ``KEPT_PX``; otherwise squares: the largest of ``SIDES_PX`` that is
    not above the median short side, and never less than the smallest of them.
    """
    channels = 1 if grey else 3
    width, height = sizes[0]
    if size_px == "auto" and len(set(sizes)) == 1 and max(width, height) <= KEPT_PX:
        return Frame(height_px=height, width_px=width, channels=channels, fit=fit, kept=True)
    side = square_side(sizes) if size_px == "auto" else size_px
    return Frame(height_px=side, width_px=side, channels=channels, fit=fit, kept=False)


def square_side(sizes: Sequence[tuple[int, int]]) -> int:
    """Return the side, in pixels, of the squares that pictures of ``sizes`` become."""
    short = sorted(min(size) for size in sizes)[len(sizes) // 2]
    return max((side for side in SIDES_PX if side <= short), default=SIDES_PX[0])


def least_size(size: tuple[int, int], height_px: int, width_px: int, fit: Fit) -> tuple[int, int]:
    """Return the (width, height) below which decoding a picture of ``size`` would lose detail."""
    if fit == "squash":
        return width_px, height_px
    shares = (width_px / size[0], height_px / size[1])
    scale = max(shares) if fit == "crop" else min(shares)
    return max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale))


def fit_into(picture: Image.Image, height_px: int, width_px: int, fit: Fit) -> Image.Image:
    """Return ``picture`` (grey or RGB) at ``(height_px, width_px)``, shrunk with an antialiasing filter."""
    size = (width_px, height_px)
    if picture.size == size:
        return picture
    if fit == "squash":
        return picture.resize(size, Image.Resampling.BILINEAR)
    if fit == "crop":
        return picture.resize(size, Image.Resampling.BILINEAR, box=_middle(picture.size, size))
    inner = _inside(picture.size, size)
    canvas = Image.new(picture.mode, size)
    canvas.paste(
        picture.resize(inner, Image.Resampling.BILINEAR), ((width_px - inner[0]) // 2, (height_px - inner[1]) // 2)
    )
    return canvas


def _middle(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the largest box of the wanted proportions in the middle: fractional, so that mirroring commutes."""
    scale = min(size[0] / wanted[0], size[1] / wanted[1])
    margin_x = max(0.0, (size[0] - wanted[0] * scale) / 2)
    margin_y = max(0.0, (size[1] - wanted[1] * scale) / 2)
    return margin_x, margin_y, size[0] - margin_x, size[1] - margin_y


def _inside(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    scale = min(wanted[0] / size[0], wanted[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
