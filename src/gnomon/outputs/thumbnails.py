"""Many small pictures as one: a sprite sheet that the report shows piece by piece."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]

_KEPT_PX = 64
_JPEG_QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Pictures on a grid of equal cells, as a ``data:`` address; picture i lies at ``place(i)``."""

    address: str
    columns: int
    rows: int
    width_px: int
    height_px: int
    sharp: bool
    """True when the pictures are so small that a browser should show their pixels as squares."""

    @property
    def scale(self) -> tuple[float, float]:
        """Return the background size (x, y) in percent of one picture."""
        return 100 * self.columns * (1 + 2 / self.width_px), 100 * self.rows * (1 + 2 / self.height_px)

    def place(self, index: int) -> tuple[float, float]:
        """Return the background position (x, y) of a picture in percent of what the sheet is larger than it."""
        row, column = divmod(index, self.columns)
        return (
            100 * _offset(column, self.width_px) / _spare(self.columns, self.width_px),
            100 * _offset(row, self.height_px) / _spare(self.rows, self.height_px),
        )


def sheet(pictures: Sequence[Picture], *, columns: int = 16, largest_px: int = 96) -> Sheet:
    """Put uint8 ``(height, width, channels)`` pictures on one sheet, each cell as large as the largest of them.

    Around each cell lies a rim of one pixel that repeats its edge, so that no neighbour shines in when a browser
    enlarges it by a broken factor.
    Up to 64 px the pixels are kept as they are (PNG); larger ones are made smaller to ``largest_px`` (JPEG).
    Raises ``ValueError`` for no pictures.
    """
    if not pictures:
        raise ValueError("a sheet needs at least one picture")
    side = max(max(picture.shape[:2]) for picture in pictures)
    small = side <= _KEPT_PX
    images = [_image(picture) for picture in pictures]
    if not small:
        for image in images:
            image.thumbnail((largest_px, largest_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    width, height = max(i.width for i in images), max(i.height for i in images)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    canvas = Image.new(mode, (columns * (width + 2), rows * (height + 2)))
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        canvas.paste(_cell(image.convert(mode), width, height), (column * (width + 2), row * (height + 2)))
    return Sheet(
        address=_address(canvas, lossless=small),
        columns=columns,
        rows=rows,
        width_px=width,
        height_px=height,
        sharp=small,
    )


def _offset(place: int, side_px: int) -> int:
    return place * (side_px + 2) + 1


def _spare(num: int, side_px: int) -> int:
    return num * (side_px + 2) - side_px


def _cell(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the picture in the middle of a grey cell, with a rim of one pixel that repeats the cell's edge."""
    cell = Image.new(image.mode, (width, height), 128 if image.mode == "L" else (128, 128, 128))
    cell.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    values = np.asarray(cell)
    return Image.fromarray(np.pad(values, [(1, 1), (1, 1)] + [(0, 0)] * (values.ndim - 2), mode="edge"))


def _image(picture: Picture) -> Image.Image:
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    return Image.fromarray(np.ascontiguousarray(picture))


def _address(canvas: Image.Image, *, lossless: bool) -> str:
    stream = io.BytesIO()
    if lossless:
        canvas.save(stream, "PNG", compress_level=6)
    else:
        canvas.save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    kind = "png" if lossless else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
