"""How measured values read: each with its 95 % interval, beside what a trivial model reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon.cli.shell import words
from gnomon.cli.shell.rows import Piece, Row, blank, columns, heading
from gnomon.cli.shell.training import bar

_BAR = 24

Scores = Mapping[str, Mapping[str, Any]]
"""``{metric: {"value", "low", "high", "n"}}``."""


def beside_baselines(scores: Mapping[str, Scores], baselines: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the headline metric of the last split that was measured, this model above the baselines."""
    split = _headline_split(scores)
    if not split:
        return []
    metric = next(iter(scores[split]))
    rivals = [b for b in baselines if b["split"] == split and metric in b["scores"]]
    entries = [("this model", scores[split][metric]), *((b["name"], b["scores"][metric]) for b in rivals)]
    table = [_entry(name, metric, score, first=number == 0) for number, (name, score) in enumerate(entries)]
    remark = f"{words.count(scores[split][metric]['n'])} samples, with 95 % intervals"
    if metric in words.LOWER_IS_BETTER:
        remark += "; lower is better"
    title = heading(f"{words.sentence_case(words.title(metric))} on {split}", remark)
    return [blank(), title, *_indented(columns(table, right=frozenset({1})))]


def table(scores: Mapping[str, Scores]) -> list[Row]:
    """Return every metric of every split, one row a metric."""
    metrics = list(dict.fromkeys(metric for split in scores.values() for metric in split))
    if not metrics:
        return []
    head: list[Piece] = [("", ""), *((f"{split} [95 % interval]", "dim") for split in scores)]
    body = [
        [(words.title(metric), "dim"), *((_cell(metric, split.get(metric)), "") for split in scores.values())]
        for metric in metrics
    ]
    return _indented(columns([head, *body]))


def _headline_split(scores: Mapping[str, Scores]) -> str:
    measured = [split for split in scores if scores[split]]
    return "test" if "test" in measured else (measured[-1] if measured else "")


def _entry(name: str, metric: str, score: Mapping[str, Any], *, first: bool) -> list[Piece]:
    value = words.metric(metric, score["value"])
    between = words.interval(metric, score["low"], score["high"])
    cells: list[Piece] = [(name, "bold" if first else ""), (value, "bold green" if first else ""), (between, "dim")]
    if metric in words.PROPORTIONS:
        (full, style), _ = bar(score["value"], _BAR)
        cells.append((full, style if first else "bright_black"))
    return cells


def _cell(metric: str, score: Mapping[str, Any] | None) -> str:
    if score is None:
        return "–"
    between = words.interval(metric, score["low"], score["high"])
    return f"{words.metric(metric, score['value'])} [{between}]" if between else words.metric(metric, score["value"])


def _indented(rows: Sequence[Row]) -> list[Row]:
    return [Row(row.value, mark=(" ", ""), crop=True) for row in rows]
