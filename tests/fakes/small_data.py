"""Small real data: class folders of drawn pictures, files that are broken as files break in life, and odd names."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SHAPES = ("circle", "cross", "square")
ODD_NAMES = ("=1+1.png", "-rf.png", "two\nlines.png", "snow ☃ 🐱.png", "quote\"comma,'.png", "bell\x07.png")
SIDE_PX = 16


def draw(shape: str, number: int) -> Image.Image:
    """Return a picture of a bright shape somewhere on a dark, noisy ground; every number gives another one."""
    draws = np.random.default_rng([SHAPES.index(shape) if shape in SHAPES else 99, number])
    x, y = np.meshgrid(np.arange(SIDE_PX), np.arange(SIDE_PX))
    across, down = x - 7.5 - draws.uniform(-2, 2), y - 7.5 - draws.uniform(-2, 2)
    inside = {
        "circle": np.hypot(across, down) < 5,
        "cross": (abs(abs(across) - abs(down)) < 1.3) & (abs(across) < 6),
        "square": (np.maximum(abs(across), abs(down)) < 5) & (np.maximum(abs(across), abs(down)) > 3),
    }.get(shape, abs(across) < 2)
    pixels = draws.integers(0, 60, (SIDE_PX, SIDE_PX, 3))
    pixels[inside] += draws.integers(120, 190, 3)
    return Image.fromarray(pixels.astype(np.uint8))


def class_folder(folder: Path, *, per_class: int = 40, shapes: Sequence[str] = SHAPES, first: int = 0) -> Path:
    """Write ``shape/0.png shape/1.jpg …``: PNG and JPEG in turn."""
    for shape in shapes:
        (folder / shape).mkdir(parents=True)
        for number in range(first, first + per_class):
            suffix = ("png", "jpg")[number % 2]
            draw(shape, number).save(folder / shape / f"{number}.{suffix}", quality=95)
    return folder


def picture_bytes(kind: str = "PNG", shape: str = "circle", number: int = 1000) -> bytes:
    """Return a picture as the bytes of a file."""
    file = io.BytesIO()
    draw(shape, number).save(file, kind)
    return file.getvalue()


def spoil(folder: Path) -> list[str]:
    """Break two files of each class: cut off, empty, or a page of the web; return their names below the folder."""
    ways = (
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    )
    broken = []
    for place, shape in enumerate(sorted(path.name for path in folder.iterdir())):
        for number, path in enumerate(sorted((folder / shape).iterdir())[5:7]):
            path.write_bytes(ways[(place + number) % 3](path.read_bytes()))
            broken.append(f"{shape}/{path.name}")
    return broken
