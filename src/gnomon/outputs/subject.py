"""What a run is about: its task, what one of its samples is called, and the chapters that its report has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gnomon.outputs.record import Record

_TARGETS = {"Label": "classify", "Tags": "tag_sequence", "Text": "predict_next", "Series": "forecast"}
"""The task that a kind of target is for, where no file of a run names it."""

_THINGS = {
    ("Image", "Label"): "picture",
    ("Text", "Label"): "text",
    ("Text", "Tags"): "sentence",
    ("Text", "Text"): "document",
    ("Series", "Label"): "series",
    ("Series", "Series"): "time step",
}


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

_CHAPTERS: Mapping[str, tuple[Chapter, ...]] = {
    "classify": (
        _CURVES,
        _SCORES,
        Chapter("classes", "Classes"),
        _CONFUSION,
        Chapter("calibration", "Calibration"),
        _WORST,
    ),
    "tag_sequence": (_CURVES, _SCORES, Chapter("classes", "Tags"), _CONFUSION, _WORST),
    "predict_next": (_CURVES, Chapter("written", "What it writes"), _SCORES, Chapter("along", "Along the text")),
    "forecast": (_CURVES, _SCORES, Chapter("forecasts", "Forecasts"), Chapter("horizon", "Step by step")),
}


def task_of(record: Record) -> str:
    """Return the task's name as the first file that tells it says; from the kind of the target at last."""
    chosen = {choice.key: choice.value for choice in record.settings}
    told = (record.evaluation.get("task"), record.history.plan.get("task"), chosen.get("run.task"))
    return str(
        next((name for name in told if name), _TARGETS.get(str(leaf(record, "target").get("kind", "")), "classify"))
    )


def kinds_of(record: Record, input_kind: str = "") -> tuple[str, str]:
    """Return the kinds of input and target; ``input_kind`` stands in where the run does not tell its own."""
    target = leaf(record, "target").get("kind") or next((k for k, t in _TARGETS.items() if t == task_of(record)), "")
    return str(leaf(record, "input").get("kind") or input_kind), str(target)


def leaf(record: Record, name: str) -> Mapping[str, Any]:
    """Return how ``data.json`` describes the input or the target; empty where it does not."""
    spec = record.data.get("spec", {})
    found = spec.get(name, {}) if isinstance(spec, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def things(record: Record) -> str:
    """Return what one sample is called in the singular."""
    return _THINGS.get(
        (str(leaf(record, "input").get("kind", "")), str(leaf(record, "target").get("kind", ""))), "sample"
    )


def classes_of(record: Record) -> list[str]:
    """Return the names of the classes or tags; none where the target has none."""
    return [str(name) for name in leaf(record, "target").get("classes", [])]


def chapters(record: Record) -> list[Chapter]:
    """Return the chapters of a run's report in order. An unknown task gets those that every task has."""
    task = task_of(record)
    telling = (_TELLING,) if kinds_of(record) == ("Text", "Label") else ()
    return [*_FIRST, *telling, *_CHAPTERS.get(task, (_CURVES, _SCORES)), *_LAST]
