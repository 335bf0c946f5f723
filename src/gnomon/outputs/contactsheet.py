"""Pictures to look at: a grid of them as one PNG, or a folder of single ones."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from gnomon.core import files
from gnomon.core.errors import UsageError

Pictures = npt.NDArray[np.uint8]

MOST_COLUMNS = 16
_CELL_PX = 56
"""Pictures smaller than this are enlarged in a grid, by a whole factor, so that people see them."""
GAP_PX = 2
"""Width of the lines between the pictures of a grid."""


def grid(pictures: Pictures, *, columns: int | None = None, gap: int = 255, enlarge: bool = True) -> Pictures:
    """Put pictures ``(n, height, width, channels)`` on a grid, row by row: uint8 ``(rows, columns, channels)`` pixels.

    Without ``columns`` it is about as wide as high. Between pictures lies a line of the shade ``gap``. Raises
    ``ValueError`` for no pictures.
    """
    if not len(pictures):
        raise ValueError("a grid needs at least one picture")
    num, height, width, channels = pictures.shape
    columns = columns or min(MOST_COLUMNS, math.ceil(math.sqrt(num)))
    factor = max(1, -(-_CELL_PX // max(height, width))) if enlarge else 1
    cells = pictures.repeat(factor, axis=1).repeat(factor, axis=2)
    rows, (height, width) = -(-num // columns), cells.shape[1:3]
    shape = (rows * (height + GAP_PX) + GAP_PX, columns * (width + GAP_PX) + GAP_PX, channels)
    canvas = np.full(shape, gap, np.uint8)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        top, left = GAP_PX + row * (height + GAP_PX), GAP_PX + column * (width + GAP_PX)
        canvas[top : top + height, left : left + width] = cell
    return canvas


def paired(above: Pictures, below: Pictures, *, columns: int) -> Pictures:
    """Return two lots of n pictures for a grid of ``columns``: each row of the first stands above its counterparts.

    Where the last row is not full it is filled with white.
    """
    rows = []
    for start in range(0, len(above), columns):
        for some in (above[start : start + columns], below[start : start + columns]):
            blank = np.full((columns - len(some), *above.shape[1:]), 255, np.uint8)
            rows += [some, blank]
    return np.concatenate(rows)


def png(picture: Pictures) -> bytes:
    """Return one picture ``(height, width, 1 or 3)`` as the bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(stream, "PNG", compress_level=9)
    return stream.getvalue()


def require_place(out: Path) -> None:
    """Raise ``UsageError`` where a name is neither that of a PNG file nor that of a folder."""
    if out.is_dir() or out.suffix.lower() == ".png":
        return
    if out.suffix or out.exists():
        raise UsageError(
            f"{out.name!r} is no place for pictures",
            fix="let it end in .png for a grid of all, or name a folder for one file each",
            path=out,
        )


def write(
    pictures: Pictures, names: Sequence[str], out: Path, *, columns: int | None = None, above: Pictures | None = None
) -> list[Path]:
    """Write pictures as one grid to ``out`` that ends in ``.png``, else each as ``NAME.png`` into the folder ``out``.

    In a grid the pictures ``above``, where given, stand over their counterparts. Returns the files that were written.
    Raises ``UsageError`` as `require_place` does, and ``ResourceError`` where they cannot be written.
    """
    require_place(out)
    if not out.is_dir() and out.suffix.lower() == ".png":
        if above is not None:
            columns = columns or min(MOST_COLUMNS, len(pictures))
            pictures = paired(above, pictures, columns=columns)
        files.write_bytes(out, png(grid(pictures, columns=columns)))
        return [out]
    files.make_folder(out, exist_ok=True)
    paths = [out / f"{name}.png" for name in names]
    for path, picture in zip(paths, pictures, strict=True):
        files.write_bytes(path, png(picture), sync=False)
    files.sync_folder(out)
    return paths
