"""What a run is about: what goes in and what comes out, what a sample is called, and the chapters of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gnomon.outputs.record import Record

_THINGS = {
    ("Image", "Label"): "picture",
    ("Image", "Density"): "picture",
    ("Image", "Normality"): "picture",
    ("Text", "Label"): "text",
    ("Text", "Tags"): "sentence",
    ("Text", "Text"): "document",
    ("Series", "Label"): "series",
    ("Series", "Series"): "time step",
    ("Series", "Density"): "stretch",
    ("Series", "Normality"): "stretch",
    ("Trees", "Label"): "tree",
    ("Trees", "NodeLabels"): "tree",
    ("Trees", "Number"): "tree",
    ("Table", "Label"): "row",
    ("Table", "Number"): "row",
    ("Table", "Density"): "row",
    ("Table", "Normality"): "row",
    ("Audio", "Label"): "recording",
}

_AS_READ = {"Sequence": "Text", "Tree": "Trees", "Vector": "Table", "MixedRow": "Table", "Waveform": "Audio"}


@dataclass(frozen=True)
class Chapter:
    """One chapter of the report: its template and anchor, and its name in the navigation."""

    id: str
    name: str


_FIRST = (Chapter("plan", "Plan"), Chapter("data", "Data"))
_LAST = (
    Chapter("health", "Health"),
    Chapter("settings", "Settings"),
    Chapter("environment", "Environment"),
    Chapter("use", "Use it"),
)
_CURVES, _SCORES = Chapter("curves", "Training"), Chapter("scores", "Scores")
_TELLING = Chapter("telling", "Telling words")
_IMPORTANCE = Chapter("importance", "What it relies on")
_CONFUSION, _WORST = Chapter("confusion", "Confusion"), Chapter("errors", "Worst errors")

DENSITIES = ("Density", "Normality")
"""Kinds of target where the input itself is what is learned."""
_DRAWN = (Chapter("drawn", "What it draws"), Chapter("rebuilt", "Rebuilt"), Chapter("latents", "Latents"))
_STRANGE = Chapter("strange", "Strange")
_MADE = (Chapter("made", "What it makes"), Chapter("marginals", "Columns"), Chapter("ties", "Pairs"))
_OF_ROWS = {"Density": (_CURVES, _SCORES, *_MADE, _STRANGE), "Normality": (_CURVES, _SCORES, _STRANGE)}
"""Chapters where the rows of a table are what is learned."""
_STRETCHES = (Chapter("stretches", "What it draws"), Chapter("oddities", "Strange stretches"))
_STRANGE_ROWS = Chapter("strange", "Strange rows")

_BY_TARGET: Mapping[str, tuple[Chapter, ...]] = {
    "Label": (
        _CURVES,
        _SCORES,
        Chapter("classes", "Classes"),
        _CONFUSION,
        Chapter("calibration", "Calibration"),
        _WORST,
    ),
    "Tags": (_CURVES, _SCORES, Chapter("classes", "Tags"), _CONFUSION, _WORST),
    "NodeLabels": (
        _CURVES,
        _SCORES,
        Chapter("shapes", "Depth and size"),
        Chapter("flips", "Flips"),
        Chapter("classes", "Classes"),
        _CONFUSION,
        _WORST,
    ),
    "Text": (_CURVES, Chapter("written", "What it writes"), _SCORES, Chapter("along", "Along the text")),
    "Density": (_CURVES, _SCORES, *_DRAWN, _STRANGE),
    "Normality": (_CURVES, _SCORES, _STRANGE, *_DRAWN),
    "Number": (_CURVES, _SCORES, Chapter("residuals", "Residuals"), _WORST),
    "Series": (_CURVES, _SCORES, Chapter("forecasts", "Forecasts"), Chapter("horizon", "Step by step")),
}


def kinds_of(record: Record, input_kind: str = "") -> tuple[str, str]:
    """Return the kinds of input and target as they were read.

    ``input_kind`` stands in where no file of the run tells the input's; a target that none tells is taken for a
    label.
    """
    return str(leaf(record, "input").get("kind") or input_kind), str(leaf(record, "target").get("kind") or "Label")


def leaf(record: Record, name: str) -> Mapping[str, Any]:
    """Return how ``data.json`` describes the input or the target, else how the model's card does; else nothing.

    The card tells what the network sees, so that tokens there are text here. Where the input itself is what is learned,
    the card's target goes first: to the reader it may have been a label.
    """
    found = [_told(told, name) for told in (record.data, record.card)]
    if name == "target" and found[1].get("kind") in DENSITIES:
        return found[1]
    if name == "target" and record.preparation.get("kind") == "density":  # the model is not saved yet
        kind = record.preparation.get("learned") or ("Normality" if "normal" in record.preparation else "Density")
        return {"kind": kind, "classes": found[0].get("classes", [])}
    return next((one for one in found if one), {})


def _told(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    spec = told.get("spec")
    found = spec.get(name) if isinstance(spec, Mapping) else None
    if not isinstance(found, Mapping) or not found.get("kind"):
        return {}
    return {**found, "kind": _AS_READ.get(str(found["kind"]), found["kind"])}


def things(record: Record) -> str:
    """Return what one sample is called in the singular."""
    return _THINGS.get(kinds_of(record), "sample")


def classes_of(record: Record) -> list[str]:
    """Return the names of the classes or tags; none where the target has none."""
    return [str(name) for name in leaf(record, "target").get("classes", [])]


def chapters(record: Record) -> list[Chapter]:
    """Return the chapters of a run's report in order. An unknown kind of target gets those that all have."""
    kinds = kinds_of(record)
    telling = (_TELLING,) if kinds == ("Text", "Label") else ()
    told = [*_FIRST, *telling, *_BY_TARGET.get(kinds[1], (_CURVES, _SCORES))]
    if kinds == ("Trees", "Label"):
        told = [*_FIRST, _CURVES, _SCORES, Chapter("shapes", "Depth and size"), *_BY_TARGET["Label"][2:]]
    if kinds[0] == "Series" and kinds[1] in DENSITIES:
        drawn, odd = _STRETCHES
        told = [*_FIRST, _CURVES, _SCORES, *((drawn, odd) if kinds[1] == "Density" else (odd, drawn)), _STRANGE_ROWS]
    if kinds[0] == "Table" and kinds[1] in DENSITIES:
        told = [*_FIRST, *_OF_ROWS[kinds[1]]]
    elif kinds[0] == "Table":
        told.insert(told.index(_SCORES) + 1, _IMPORTANCE)
    return [*told, *_LAST]
