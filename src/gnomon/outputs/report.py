"""Writes ``report.html``: one file that opens offline and tells what a run did, and how good its model is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import files
from gnomon.core.errors import GnomonError
from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset
from gnomon.outputs import history, sections
from gnomon.outputs.record import Record, read_record
from gnomon.outputs.thumbnails import Picture, Sheet, sheet
from gnomon.outputs.verdict import facts, headline_split, judge

Pictures = Callable[[str, Sequence[int]], Sequence[Picture]]
Labels = Callable[[str], npt.NDArray[np.int64]]
Context = dict[str, Any]

_PER_CLASS = 8
_MOST_CLASSES = 20
_UNSORTED = 64
_NO_PICTURES = "The data is no longer where it was, so no pictures are shown."
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def pictures_of(dataset: Dataset) -> Pictures:
    """Return what takes pictures from a dataset by split and indices."""

    def take(split: str, indices: Sequence[int]) -> list[Picture]:
        return list(dataset.splits[split].inputs[np.asarray(indices, dtype=np.int64)])

    return take


def write_report(run: RunFolder, *, pictures: Pictures | None, labels: Labels | None = None) -> Path:
    """Write a run's ``report.html`` and return its path.

    ``pictures(split, indices)`` returns uint8 ``(height, width, channels)`` arrays of samples of a split, and
    ``labels(split)`` the class indices of all its samples, shape ``(num_samples,)``; with ``labels`` the sample grid
    is sorted by class. Where ``pictures`` is None or fails with a ``GnomonError`` the report says that the data is
    no longer there. Missing or partial files of the run are named in the section that needed them.

    Raises ``ArtefactError`` where ``run.toml`` is missing, and ``ResourceError`` where the file cannot be written.
    """
    record = read_record(run)
    text = render(record, pictures=pictures, labels=labels)
    files.write_bytes(run.report, text.encode("utf-8", "backslashreplace"))
    return run.report


def render(record: Record, *, pictures: Pictures | None, labels: Labels | None = None) -> str:
    """Return the page as text: styles, script and pictures inside, no request to anywhere."""
    gaps = record.gaps
    page = {
        "run": record.run.name,
        "verdict": _guarded("evaluation.json", lambda: judge(record), gaps) or judge(_without_evaluation(record)),
        "facts": _guarded("plan.jsonl", lambda: facts(record), gaps),
        "data": _guarded("data.json", lambda: sections.data(record), gaps),
        "samples": _guarded("data.json", lambda: sample_grid(record, pictures, labels), gaps),
        "worst": _guarded("evaluation.json", lambda: worst_errors(record, pictures), gaps),
        "curves": _guarded("metrics.jsonl", lambda: history.curves(record), gaps),
        "finished": record.finished,
        "no_steps": record.history.plan.get("steps") == 0,
        "has_pictures": pictures is not None,
        **{
            name: _guarded(source, lambda build=build: build(record), gaps)
            for name, (source, build) in _SECTIONS.items()
        },
    }
    environment = _environment()
    style, script = (environment.loader.get_source(environment, name)[0] for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return str(
        environment.get_template("report.html").render(
            page, gaps=gaps, style=style, script=script, script_sha256=digest
        )
    )


_SECTIONS: dict[str, tuple[str, Callable[[Record], Context]]] = {
    "budget": ("plan.jsonl", sections.budget),
    "scores": ("evaluation.json", sections.scores),
    "classes": ("evaluation.json", sections.classes),
    "confusion": ("evaluation.json", sections.confusion),
    "calibration": ("evaluation.json", sections.calibration),
    "health": ("metrics.jsonl", sections.health),
    "settings": ("run.toml", sections.settings),
    "environment": ("env.json", sections.environment),
    "usage": ("run.toml", sections.usage),
}
"""Sections that need the record alone, with the file that each is made from."""


def sample_grid(record: Record, pictures: Pictures | None, labels: Labels | None) -> Context:
    """Return training pictures by class, or an evenly spaced choice where the classes of samples are not known."""
    train = record.data.get("splits", {}).get("train", {})
    num = int(train.get("num_samples") or 0)
    if not num:
        return {}
    if pictures is None:
        return {"absent": _NO_PICTURES}
    names = [str(name) for name in record.data.get("spec", {}).get("target", {}).get("classes", [])]
    try:
        rows = _by_class(labels("train"), names) if labels and names else [("", _spread(np.arange(num), _UNSORTED))]
        order = [index for _, chosen in rows for index in chosen]
        made = sheet(pictures("train", order)) if order else None
    except GnomonError as error:
        return {"absent": f"{_NO_PICTURES} ({error.what})"}
    if made is None:
        return {}
    places = iter(made.place(index) for index in range(len(order)))
    return {
        "sheet": made,
        "scale": _scale(made, 60),
        "rows": [{"name": name, "places": [next(places) for _ in chosen]} for name, chosen in rows],
        "num_shown": len(rows),
        "num_classes": len(names),
    }


def _by_class(targets: npt.NDArray[np.int64], names: Sequence[str]) -> list[tuple[str, list[int]]]:
    shown = range(len(names)) if len(names) <= _MOST_CLASSES else _spread(np.arange(len(names)), _MOST_CLASSES)
    rows = [(names[index], _spread(np.flatnonzero(targets == index), _PER_CLASS)) for index in shown]
    return [(name, chosen) for name, chosen in rows if chosen]


def _spread(indices: npt.NDArray[np.int64], wanted: int) -> list[int]:
    """Return at most ``wanted`` of the indices, evenly spaced."""
    if len(indices) <= wanted:
        return [int(index) for index in indices]
    return [int(indices[(2 * k + 1) * len(indices) // (2 * wanted)]) for k in range(wanted)]


def worst_errors(record: Record, pictures: Pictures | None) -> Context:
    """Return the most confident mistakes with their pictures, most confident first."""
    found = list(sections.details(record).get("worst", []))[:48]
    if not found:
        return {}
    classes = [str(name) for name in sections.details(record).get("classes", [])]
    split = headline_split(record)
    made: Sheet | None = None
    absent = _NO_PICTURES if pictures is None else ""
    if pictures is not None:
        try:
            made = sheet(pictures(split, [int(error["index"]) for error in found]), columns=12, largest_px=128)
        except GnomonError as error:
            absent = f"{_NO_PICTURES} ({error.what})"
    rows = [
        {
            "id": str(error.get("id", "")),
            "confidence": float(error["confidence"]),
            "probability_of_true": error.get("probability_of_true"),
            "true": _class_name(error["true"], classes),
            "predicted": _class_name(error["predicted"], classes),
            "place": made.place(index) if made else None,
        }
        for index, error in enumerate(found)
    ]
    return {"rows": rows, "sheet": made, "split": split, "absent": absent, "scale": _scale(made, 118) if made else 1}


def _class_name(value: Any, classes: Sequence[str]) -> str:
    return classes[value] if isinstance(value, int) and 0 <= value < len(classes) else str(value)


def _scale(made: Sheet, wanted_px: int) -> float:
    """Return the enlargement that brings pictures to about ``wanted_px``: whole for small ones, whose pixels show."""
    side = max(made.width_px, made.height_px)
    return max(1, round(wanted_px / side)) if made.sharp else wanted_px / side


def _guarded(source: str, build: Callable[[], Any], gaps: dict[str, str]) -> Any:
    """Build one section; a file whose content has not the form that it must have leaves it empty and is named."""
    try:
        return build()
    except _BROKEN as error:
        gaps.setdefault(source, f"{source} is not complete or not of this version ({type(error).__name__}: {error}).")
        return {}


def _without_evaluation(record: Record) -> Record:
    return replace(record, evaluation={})


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("gnomon.outputs", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= sections.FILTERS
    return environment
