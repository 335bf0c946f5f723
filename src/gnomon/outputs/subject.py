"""What a run is about: what goes in and what comes out, what a sample is called, and the chapters of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gnomon.outputs.record import Record

_THINGS = {
    ("Image", "Label"): "picture",
    ("Text", "Label"): "text",
    ("Text", "Tags"): "sentence",
    ("Text", "Text"): "document",
    ("Series", "Label"): "series",
    ("Series", "Series"): "time step",
    ("Audio", "Label"): "recording",
}

_AS_READ = {"Sequence": "Text", "Waveform": "Audio"}


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
_CONFUSION, _WORST = Chapter("confusion", "Confusion"), Chapter("errors", "Worst errors")

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
    "Text": (_CURVES, Chapter("written", "What it writes"), _SCORES, Chapter("along", "Along the text")),
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

    The card tells what the network sees, so that tokens there are text here.
    """
    for told in (record.data, record.card):
        spec = told.get("spec")
        found = spec.get(name) if isinstance(spec, Mapping) else None
        if isinstance(found, Mapping) and found.get("kind"):
            return {**found, "kind": _AS_READ.get(str(found["kind"]), found["kind"])}
    return {}


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
    return [*_FIRST, *telling, *_BY_TARGET.get(kinds[1], (_CURVES, _SCORES)), *_LAST]
