"""Pictures in the report: some of each class, and the worst mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnomon.core.errors import GnomonError
from gnomon.outputs.choosing import by_class, num_samples, spread
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent, mistakes
from gnomon.outputs.record import Record
from gnomon.outputs.subject import classes_of
from gnomon.outputs.thumbnails import Sheet, sheet
from gnomon.outputs.verdict import headline_split

Context = dict[str, Any]

_PER_CLASS = 8
_UNSORTED = 64


def glance(record: Record, examples: Examples) -> Context:
    """Return training pictures by class, or an evenly spaced choice where the classes of samples are not known."""
    num, names = num_samples(record.data, "train"), classes_of(record)
    labels = examples.labels("train") if names else None
    everything = [("", spread(np.arange(num), _UNSORTED))]
    rows = everything if labels is None else by_class(labels, names, _PER_CLASS)
    order = [index for _, chosen in rows for index in chosen]
    if not order:
        return {}
    made = sheet(examples.samples("train", order))
    places = iter(made.place(index) for index in range(len(order)))
    return {
        "template": "glance_pictures.html",
        "sheet": made,
        "scale": _scale(made, 60),
        "rows": [{"name": name, "places": [next(places) for _ in chosen]} for name, chosen in rows],
        "num_shown": len(rows),
        "num_classes": len(names),
    }


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the most confident mistakes with their pictures, most confident first."""
    rows = mistakes(record)
    if not rows:
        return {}
    made: Sheet | None = None
    gone = absent(record)
    if examples is not None:
        indices = [row["index"] for row in rows]
        try:
            made = sheet(examples.samples(headline_split(record), indices), columns=12, largest_px=128)
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    for index, row in enumerate(rows):
        row["place"] = made.place(index) if made else None
    return {
        "template": "errors_pictures.html",
        "rows": rows,
        "sheet": made,
        "split": headline_split(record),
        "absent": gone,
        "scale": _scale(made, 118) if made else 1,
    }


def _scale(made: Sheet, wanted_px: int) -> float:
    """Return the enlargement that brings pictures to about ``wanted_px``: whole for small ones, whose pixels show."""
    side = max(made.width_px, made.height_px)
    return max(1, round(wanted_px / side)) if made.sharp else wanted_px / side
