"""Draws pictures of parts, whole ones and broken ones: to measure how well broken ones are told.

A part is a disc with six holes around its middle, 96 pixels: shifted, turned, lit and coloured a little differently
each time, under noise. It is scratched, stained, chipped, or one of its holes is missing.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

BROKEN = ("scratch", "stain", "missing", "chip")
SIDE_PX = 96
_HOLES = 6


def write(folder: Path, *, seed: int, usual: int = 800, tested: int = 150, broken: int = 50) -> None:
    """Write ``train/good``, ``test/good`` and a folder of ``test`` for each way to be broken, as PNG."""
    draw = np.random.default_rng(seed)
    folders = [("train/good", "", usual), ("test/good", "", tested), *((f"test/{how}", how, broken) for how in BROKEN)]
    for name, how, count in folders:
        (folder / name).mkdir(parents=True)
        for place in range(count):
            part(draw, how).save(folder / name / f"{place}.png")


def part(draw: np.random.Generator, how: str) -> Image.Image:
    """Return a picture of one part, broken in one way, or whole."""
    size = 2 * SIDE_PX
    ground = _colour(draw.normal(70, 6, 3))
    picture = Image.new("RGB", (size, size), ground)
    pen = ImageDraw.Draw(picture)
    middle, radius = size / 2 + draw.normal(0, 3, 2), 0.36 * size * draw.normal(1, 0.01)
    grey, turned = int(draw.normal(170, 6)), draw.normal(0, 0.05)
    _disc(pen, middle, radius, (grey, grey, int(1.03 * grey)))
    _disc(pen, middle, 0.35 * radius, (grey - 70, grey - 70, grey - 66))
    missing = int(draw.integers(_HOLES)) if how == "missing" else None
    for hole in set(range(_HOLES)) - {missing}:
        _disc(pen, _at(middle, 0.68 * radius, turned + hole * 2 * math.pi / _HOLES), 0.1 * radius, (45, 45, 48))
    around = draw.uniform(0, 2 * math.pi)
    if how == "scratch":
        centre = _at(middle, radius * draw.uniform(0.4, 0.8), around)
        half, slant = radius * draw.uniform(0.25, 0.5), draw.uniform(0, math.pi)
        ends = [tuple(_at(centre, side * half, slant)) for side in (-1, 1)]
        pen.line(ends, fill=_colour([grey + 50] * 3 if draw.random() < 0.5 else [grey - 60] * 3), width=3)
    elif how == "stain":
        wide = radius * draw.uniform(0.08, 0.18)
        centre = _at(middle, radius * draw.uniform(0.4, 0.9), around)
        _disc(pen, centre, wide, (grey - 40, grey - 70, grey - 110), squeezed=0.7)
    elif how == "chip":
        _disc(pen, _at(middle, radius, around), radius * draw.uniform(0.1, 0.2), _colour(draw.normal(70, 6, 3)))
    return _seen(picture.filter(ImageFilter.GaussianBlur(1.2)).resize((SIDE_PX, SIDE_PX)), draw)


def _seen(picture: Image.Image, draw: np.random.Generator) -> Image.Image:
    """Return a picture under a light from somewhere, with noise."""
    down, right = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX - 0.5
    light = (1 + draw.normal(0, 0.08) * right + draw.normal(0, 0.08) * down) * draw.normal(1, 0.04)
    pixels = np.asarray(picture, np.float64) * light[..., None]
    return Image.fromarray((pixels + draw.normal(0, 5, pixels.shape)).clip(0, 255).astype(np.uint8))


def _disc(
    pen: ImageDraw.ImageDraw,
    centre: np.ndarray,
    radius: float,
    colour: tuple[int, ...],
    *,
    squeezed: float = 1.0,
) -> None:
    reach = np.array([radius, squeezed * radius])
    pen.ellipse([*(centre - reach), *(centre + reach)], fill=colour)


def _at(centre: np.ndarray, distance: float, angle: float) -> np.ndarray:
    return centre + distance * np.array([math.cos(angle), math.sin(angle)])


def _colour(values: object) -> tuple[int, ...]:
    return tuple(np.clip(values, 0, 255).astype(int).tolist())
