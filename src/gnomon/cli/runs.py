"""``gnomon runs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from gnomon.cli.shell import options, words
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import Piece, Row, columns
from gnomon.core.errors import printable

PLACE = (70, "Look")

EXAMPLES = """
gnomon runs
gnomon runs elsewhere/ --json
"""

_STYLES = {"finished": "green", "running": "cyan", "stopped": "yellow", "broken": "red"}


@click.command("runs", cls=Verb, epilog=EXAMPLES, short_help="list runs, their scores and states")
@click.argument("folder", metavar="[FOLDER]", default="runs")
@options.json
def command(folder: str, as_json: bool) -> None:
    """List the runs in FOLDER (default: runs): state, score with its interval, budget, when."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        found = api.runs(folder)
        watch.answer({"runs": found}, _rows(found, folder))


def _rows(found: Sequence[Mapping[str, Any]], folder: str) -> list[Row]:
    if not found:
        return [
            Row(((f"no runs in {printable(folder)}; begin with ", ""), ("gnomon train digits --budget 30s", "cyan")))
        ]
    head = [(name, "dim") for name in ("run", "state", "task", "family", "score", "budget", "took", "started")]
    return columns([head, *(_cells(record) for record in found)])


def _cells(record: Mapping[str, Any]) -> list[Piece]:
    elapsed_s = record["elapsed_s"]
    return [
        (printable(record["name"]), "bold"),
        (record["state"], _STYLES.get(record["state"], "")),
        (record["task"] or "–", ""),
        (record["family"] or "–", ""),
        (_score(record), ""),
        (str(record["budget"] or "–"), ""),
        (words.duration(elapsed_s) if elapsed_s is not None else "–", ""),
        (str(record["problem"] or record["started"]), "yellow" if record["problem"] else "dim"),
    ]


def _score(record: Mapping[str, Any]) -> str:
    score = record["score"]
    if not score:
        return "–"
    name = score["metric"]
    between = words.interval(name, score["low"], score["high"])
    return f"{words.title(name)} {words.metric(name, score['value'])} [{between}] {score['split']}"
