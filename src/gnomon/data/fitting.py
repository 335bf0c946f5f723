"""How a picture becomes the size that the network sees: cut the middle out, distort, or add a border."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Fit = Literal["crop", "squash", "pad"]

KEPT_PX = 64
"""Pictures that are all of one size, with no side above this, are kept as they are."""

SIDES_PX = (32, 48, 64, 96, 128, 160, 192)
"""Sides of squares to choose from."""

SPARED = 1 / 32
"""Share of the wanted size by which a JPEG may be decoded smaller, where that makes a step of its scale possible."""


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
    """Return the (width, height) below which decoding a picture of ``size`` would lose detail that can be seen.

    It is the size that ``fit`` needs, less ``SPARED``: the commonest photo of ImageNet, 500 x 375, is decoded at half
    its size for a square of 192, though that gives 188 pixels.
    """
    if fit == "squash":
        shares = (width_px / size[0], height_px / size[1])
    else:
        both = (width_px / size[0], height_px / size[1])
        shares = (max(both),) * 2 if fit == "crop" else (min(both),) * 2
    width, height = (math.ceil(side * share * (1 - SPARED)) for side, share in zip(size, shares, strict=True))
    return max(1, width), max(1, height)


def fit_into(pixels: Pixels, height_px: int, width_px: int, fit: Fit) -> Pixels:
    """Return uint8 ``(height, width, channels)`` as ``(height_px, width_px, channels)``.

    Shrinking uses a triangle filter as wide as the shrinking asks for, so that fine patterns do not turn into coarse
    ones (antialiasing). Source: the filter and its integer arithmetic are Pillow's, in PyTorch's faster form.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (height_px, width_px):
        return pixels
    if fit == "squash":
        return _resized(pixels, height_px, width_px)
    if fit == "crop":
        return _resized(_middle(pixels, height_px, width_px), height_px, width_px)
    scale = min(width_px / width, height_px / height)
    inner = _resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
    canvas = np.zeros((height_px, width_px, pixels.shape[2]), np.uint8)
    top, left = (height_px - inner.shape[0]) // 2, (width_px - inner.shape[1]) // 2
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return canvas


def _middle(pixels: Pixels, height_px: int, width_px: int) -> Pixels:
    """Return the largest part of the wanted proportions from the middle, as a view."""
    height, width = pixels.shape[:2]
    scale = min(height / height_px, width / width_px)
    inner_height = min(height, max(1, round(height_px * scale)))
    inner_width = min(width, max(1, round(width_px * scale)))
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    return pixels[top : top + inner_height, left : left + inner_width]


def _resized(pixels: Pixels, height_px: int, width_px: int) -> Pixels:
    if pixels.shape[:2] == (height_px, width_px):
        return pixels
    # Imported here: it takes seconds, and pictures that are kept as they are do not need it. It is 2 to 5 times as
    # fast as Pillow's resize and differs from it by one level at most.
    import torch
    from torch.nn import functional as F

    with torch.inference_mode():
        # Made contiguous by NumPy: PyTorch would copy a cut-out with all its threads, which fight with ours.
        batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        size = (height_px, width_px)
        made = F.interpolate(batch, size=size, mode="bilinear", antialias=True, align_corners=False)
        return made[0].permute(1, 2, 0).numpy()
