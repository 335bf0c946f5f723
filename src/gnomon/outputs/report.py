"""Writes ``report.html``: one file that opens offline and tells what a run did, and how good its model is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from gnomon.core import files
from gnomon.core.errors import GnomonError
from gnomon.core.run import RunFolder
from gnomon.outputs import (
    history,
    picturesections,
    portraitsections,
    rowsections,
    sections,
    seriessections,
    soundsections,
    stretchsections,
    tablesections,
    tagsections,
    textsections,
    treesections,
    writtensections,
)
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent
from gnomon.outputs.record import Record, read_record
from gnomon.outputs.subject import chapters, kinds_of, things
from gnomon.outputs.verdict import facts, judge

Context = dict[str, Any]
Glance = Callable[[Record, Examples], Context]
Worst = Callable[[Record, Examples | None], Context]

_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)

_GLANCES: dict[tuple[str, str], Glance] = {
    ("Image", "Label"): picturesections.glance,
    ("Image", "Density"): picturesections.glance,
    ("Image", "Normality"): picturesections.glance,
    ("Text", "Label"): textsections.glance,
    ("Text", "Tags"): tagsections.glance,
    ("Text", "Text"): writtensections.glance,
    ("Series", "Label"): seriessections.class_glance,
    ("Series", "Series"): seriessections.glance,
    ("Series", "Density"): stretchsections.glance,
    ("Series", "Normality"): stretchsections.glance,
    ("Trees", "Label"): treesections.glance,
    ("Trees", "NodeLabels"): treesections.glance,
    ("Trees", "Number"): treesections.glance,
    ("Audio", "Label"): soundsections.glance,
}
"""How the data at a glance is shown, by the kinds of input and target."""

_WORST: dict[tuple[str, str], Worst] = {
    ("Image", "Label"): picturesections.worst,
    ("Text", "Label"): textsections.worst,
    ("Text", "Tags"): tagsections.worst,
    ("Series", "Label"): seriessections.worst,
    ("Trees", "Label"): treesections.worst,
    ("Trees", "NodeLabels"): treesections.worst,
    ("Trees", "Number"): treesections.worst_numbers,
    ("Table", "Label"): tablesections.worst,
    ("Table", "Number"): tablesections.worst,
    ("Audio", "Label"): soundsections.worst,
}
"""How the worst mistakes are shown, by the kinds of input and target."""

_SECTIONS: dict[str, tuple[str, Callable[[Record], Context]]] = {
    "budget": ("plan.jsonl", sections.budget),
    "data": ("data.json", sections.data),
    "curves": ("metrics.jsonl", history.curves),
    "written": ("metrics.jsonl", writtensections.written),
    "along": ("evaluation.json", writtensections.along),
    "scores": ("evaluation.json", sections.scores),
    "classes": ("evaluation.json", sections.classes),
    "confusion": ("evaluation.json", sections.confusion),
    "calibration": ("evaluation.json", sections.calibration),
    "drawn": ("portrait", portraitsections.drawn),
    "made": ("fidelity.json", rowsections.made),
    "marginals": ("fidelity.json", rowsections.marginals),
    "ties": ("fidelity.json", rowsections.ties),
    "rebuilt": ("portrait", portraitsections.rebuilt),
    "latents": ("portrait", portraitsections.latents),
    "strange": ("evaluation.json", portraitsections.strange),
    "stretches": ("portrait", stretchsections.stretches),
    "oddities": ("evaluation.json", stretchsections.oddities),
    "importance": ("evaluation.json", tablesections.importance),
    "residuals": ("evaluation.json", tablesections.residuals),
    "forecasts": ("evaluation.json", seriessections.forecasts),
    "horizon": ("evaluation.json", seriessections.horizon),
    "shapes": ("evaluation.json", treesections.shapes),
    "health": ("metrics.jsonl", sections.health),
    "settings": ("run.toml", sections.settings),
    "environment": ("env.json", sections.environment),
    "usage": ("run.toml", sections.usage),
}
"""Sections that need the record alone, with the file that each is made from."""


def write_report(run: RunFolder, *, examples: Examples | None) -> Path:
    """Write a run's ``report.html`` and return its path.

    ``examples`` gives samples of the run's data as they were read. Where it is None or fails with a ``GnomonError``
    the report says that the data is no longer there. Missing or partial files of the run are named in the section
    that needed them.

    Raises ``ArtefactError`` where ``run.toml`` is missing, and ``ResourceError`` where the file cannot be written.
    """
    text = render(read_record(run), examples=examples)
    files.write_bytes(run.report, text.encode("utf-8", "backslashreplace"))
    return run.report


def render(record: Record, *, examples: Examples | None) -> str:
    """Return the page as text: styles, script and pictures inside, no request to anywhere."""
    gaps = record.gaps
    page = {
        "run": record.run.name,
        "verdict": _guarded("evaluation.json", lambda: judge(record), gaps) or judge(replace(record, evaluation={})),
        "facts": _guarded("plan.jsonl", lambda: facts(record), gaps),
        "samples": _guarded("data.json", lambda: _glance(record, examples), gaps),
        "telling": _guarded("data.json", lambda: _telling(record, examples), gaps),
        "flips": _guarded("evaluation.json", lambda: treesections.flips(record, examples), gaps),
        "answered": _guarded("evaluation.json", lambda: treesections.answered(record, examples), gaps),
        "odd_rows": _guarded("fidelity.json", lambda: rowsections.odd_rows(record), gaps),
        "worst": _guarded("evaluation.json", lambda: _worst(record, examples), gaps),
        "finished": record.finished,
        "no_steps": record.history.plan.get("steps") == 0,
        "chapters": _guarded("data.json", lambda: chapters(record), gaps) or chapters(replace(record, data={})),
        "thing": things(record),
        "kind_of_target": kinds_of(record)[1],
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


def _glance(record: Record, examples: Examples | None) -> Context:
    """Return samples of the training data, or the sentence that says why there are none."""
    if kinds_of(record)[0] == "Table":
        return tablesections.glance(record)
    if examples is None:
        return {"absent": absent(record)} if record.data.get("splits", {}).get("train") else {}
    build = _GLANCES.get(kinds_of(record, examples.kind))
    return _shown(lambda: build(record, examples), record) if build else {}


def _telling(record: Record, examples: Examples | None) -> Context:
    if kinds_of(record) != ("Text", "Label"):
        return {}
    if examples is None:
        return {"absent": absent(record)}
    return _shown(lambda: textsections.telling(record, examples), record)


def _worst(record: Record, examples: Examples | None) -> Context:
    build = _WORST.get(kinds_of(record, examples.kind if examples else "Image"))
    return build(record, examples) if build else {}


def _shown(build: Callable[[], Context], record: Record) -> Context:
    try:
        return build()
    except GnomonError as error:
        return {"absent": absent(record, error)}


def _guarded(source: str, build: Callable[[], Any], gaps: dict[str, str]) -> Any:
    """Build one section; a file whose content has not the form that it must have leaves it empty and is named."""
    try:
        return build()
    except _BROKEN as error:
        gaps.setdefault(source, f"{source} is not complete or not of this version ({type(error).__name__}: {error}).")
        return {}


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
