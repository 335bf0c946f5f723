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

    def place(self, index: int) -> tuple[float, float]:
        """Return the background position of a picture in percent (x, y)."""
        row, column = divmod(index, self.columns)
        return 100 * column / max(1, self.columns - 1), 100 * row / max(1, self.rows - 1)


def sheet(pictures: Sequence[Picture], *, columns: int = 16, largest_px: int = 96) -> Sheet:
    """Put uint8 ``(height, width, channels)`` pictures on one sheet, each cell as large as the largest of them.

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
    canvas = Image.new(mode, (columns * width, rows * height), 128 if mode == "L" else (128, 128, 128))
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        canvas.paste(image, (column * width + (width - image.width) // 2, row * height + (height - image.height) // 2))
    return Sheet(
        address=_address(canvas, lossless=small),
        columns=columns,
        rows=rows,
        width_px=width,
        height_px=height,
        sharp=small,
    )


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
