"""Panels of pictures that a run folder keeps for its report: a PNG each, and what is known of their rows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from gnomon.core import files
from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder
from gnomon.outputs import contactsheet

Pictures = npt.NDArray[np.uint8]

SCHEMA = 1
STEPS = (-3.0, -2.25, -1.5, -0.75, 0.0, 0.75, 1.5, 2.25, 3.0)
"""Where a latent is looked at, in deviations of its prior."""
STRANGEST = 16
"""So many of the strangest samples are shown."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Pictures on a grid: uint8 ``(n, height, width, channels)`` row by row, and what each row is called."""

    pictures: Pictures
    columns: int
    rows: tuple[str, ...]
    about: tuple[Mapping[str, Any], ...] = ()
    """What is known of each row or picture, for the report."""


def write_panels(run: RunFolder, panels: Mapping[str, Panel], facts: Mapping[str, Any]) -> None:
    """Write a PNG for each panel, all pictures of one shape, and ``facts`` with them, into the run folder.

    The facts come last: panels without them are as if they were not there.
    """
    files.make_folder(run.portrait, exist_ok=True)
    for name, panel in panels.items():
        grid = contactsheet.grid(panel.pictures, columns=panel.columns, enlarge=False)
        files.write_bytes(run.portrait / f"{name}.png", contactsheet.png(grid), sync=False)
    told = {n: {"columns": p.columns, "rows": list(p.rows), "about": list(p.about)} for n, p in panels.items()}
    shape = list(next(iter(panels.values())).pictures.shape[1:])
    files.write_json(run.portrait_facts, {"schema": SCHEMA, "shape": shape, "panels": told, **facts})


def read_panels(run: RunFolder) -> tuple[dict[str, Any], dict[str, Panel]]:
    """Return the facts and the panels of a run; both empty where it has none, or a portrait that holds no pictures.

    Raises ``ArtefactError`` where they are not complete.
    """
    if not run.portrait_facts.exists():
        return {}, {}
    try:
        facts = json.loads(run.portrait_facts.read_text(encoding="utf-8"))
        if facts.get("kind", "Image") != "Image":
            return {}, {}
        height, width, channels = map(int, facts["shape"])
        panels = {
            name: Panel(
                pictures=_cut((run.portrait / f"{name}.png").read_bytes(), height, width, channels, told["columns"]),
                columns=int(told["columns"]),
                rows=tuple(told["rows"]),
                about=tuple(told["about"]),
            )
            for name, told in facts["panels"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(
            f"is not complete ({type(error).__name__}: {error})", fix="train the run again", path=run.portrait
        ) from error
    return facts, panels


def _cut(data: bytes, height: int, width: int, channels: int, columns: int) -> Pictures:
    """Return the pictures of a grid that `contactsheet.grid` made without enlarging, row by row."""
    with PillowImage.open(io.BytesIO(data), formats=("PNG",)) as image:
        pixels = np.asarray(image).reshape(image.height, image.width, channels)
    gap = contactsheet.GAP_PX
    rows = (pixels.shape[0] - gap) // (height + gap)
    return np.stack(list(_cells(pixels, rows, columns, height, width)))


def _cells(pixels: Pictures, rows: int, columns: int, height: int, width: int) -> Iterator[Pictures]:
    gap = contactsheet.GAP_PX
    for row in range(rows):
        for column in range(columns):
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            yield pixels[top : top + height, left : left + width]
