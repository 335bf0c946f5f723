"""``gnomon predict``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from gnomon.cli.shell import options, words
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import Piece, Row, columns, fact
from gnomon.core.errors import printable

PLACE = (50, "Use")

EXAMPLES = """
gnomon predict runs/RUN new.jpg
gnomon predict runs/RUN new/*.jpg -o predictions.csv
gnomon predict runs/RUN new/ -o predictions.parquet
"""

_SHOWN = 20


@click.command("predict", cls=Verb, epilog=EXAMPLES, short_help="use a model on new files")
@options.run
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "-o", "--out", cls=options.Flag, metavar="FILE", help="Write all rows to a .csv, .jsonl or .parquet file."
)
@options.json
def command(run: str, files: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Say what a model sees in FILES: one row for each, in order, also for those that cannot be read."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        predictions = api.predict(run, list(files), out=out, emit=watch.emit)
        answer = {"predictions": predictions, "out": out}
        watch.answer(answer, [fact("written", out)] if out else _rows(predictions))


def _rows(predictions: Sequence[Mapping[str, Any]]) -> list[Row]:
    shown = columns([_cells(prediction) for prediction in predictions[:_SHOWN]], right=frozenset({1}))
    if len(predictions) > _SHOWN:
        rest = words.count(len(predictions) - _SHOWN)
        shown.append(Row(((f"and {rest} more; -o predictions.csv writes them all", "dim"),)))
    return shown


def _cells(prediction: Mapping[str, Any]) -> list[Piece]:
    name = (printable(str(prediction["file"])), "dim")
    if prediction.get("error"):
        return [name, ("", ""), (str(prediction["error"]), "yellow")]
    return [name, (words.percent(prediction["confidence"]), ""), (printable(str(prediction["label"])), "bold")]
