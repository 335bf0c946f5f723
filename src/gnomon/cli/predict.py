"""``gnomon predict``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from gnomon.cli.shell import options, words
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import Piece, Row, blank, columns, fact
from gnomon.core.errors import printable

PLACE = (50, "Use")

EXAMPLES = """
gnomon predict runs/RUN new.jpg
gnomon predict runs/RUN new/*.jpg -o predictions.csv
gnomon predict runs/RUN new/ -o predictions.parquet
gnomon predict runs/RUN houses.csv -o houses-with-prices.csv
gnomon predict runs/RUN - < sentences.txt
gnomon predict runs/RUN sensors.csv -o forecast.csv
gnomon predict runs/RUN trees.txt
gnomon predict runs/RUN parts/ -o scores.csv
"""

_SHOWN = 20
_TREES = 3
"""Trees that are drawn on the screen."""
_UNREAD = 8
"""Of what could not be read beyond what the screen shows, so much is named."""


@click.command("predict", cls=Verb, epilog=EXAMPLES, short_help="use a model on new files")
@options.run
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "-o", "--out", cls=options.Flag, metavar="FILE", help="Write all rows to a .csv, .tsv, .jsonl or .parquet file."
)
@click.option("--strict", cls=options.Flag, is_flag=True, help="Refuse a table that lacks a column of the training.")
@options.json
def command(run: str, files: tuple[str, ...], out: str | None, strict: bool, as_json: bool) -> None:
    """Say what a model sees in FILES: one row for each, in order, also for those that cannot be read.

    A table asks one question a row, and is written as a copy with more columns. A file of text asks one, or one a
    line where words are tagged; - reads lines from standard input. A series is continued. A model that learned what
    is usual tells how strange each sample is.
    """
    with watching(as_json=as_json) as watch:
        from gnomon import api

        predictions = api.predict(run, list(files), out=out, strict=strict, emit=watch.emit)
        answer = {"predictions": predictions, "out": out}
        watch.answer(answer, [fact("written", out), *_unread(predictions)] if out else _rows(predictions))


def _rows(predictions: Sequence[Mapping[str, Any]]) -> list[Row]:
    if any("tags" in prediction for prediction in predictions):
        return [row for prediction in predictions for row in _tagged(prediction)]
    if any("symbols" in prediction for prediction in predictions):
        return _trees(predictions)
    if any("times" in prediction for prediction in predictions):
        return [row for prediction in predictions for row in _continued(prediction)]
    if any("surprise" in prediction for prediction in predictions):
        return _steps(predictions)
    some = predictions[:_SHOWN]
    if any("p_value" in prediction for prediction in predictions):
        head: list[Piece] = [(text, "dim") for text in ("", "strangeness", "p-value", "")]
        shown = columns([head, *map(_weighed, some)], right=frozenset({1, 2}))
    else:
        shown = columns([_cells(prediction) for prediction in some], right=frozenset({1}))
    return [*shown, *_more(predictions[_SHOWN:])] if len(predictions) > _SHOWN else shown


def _unread(predictions: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the first of some predictions that are none, and why, under their number."""
    bad = [prediction for prediction in predictions if prediction.get("error")]
    if not bad:
        return []
    rest = Row(((f"and {words.count(len(bad) - _UNREAD)} more", "dim"),))
    told = columns([_cells(prediction) for prediction in bad[:_UNREAD]])
    return [fact("unread", (words.count(len(bad)), "yellow")), *told, *([rest] if len(bad) > _UNREAD else [])]


def _more(rest: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return how many predictions more there are than the screen shows, and which of them are none."""
    return [Row(((f"and {words.count(len(rest))} more; -o predictions.csv writes them all", "dim"),)), *_unread(rest)]


def _steps(predictions: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the strangest steps of series, and how many are taken for anomalies; errors stand first."""
    failed = [Row(tuple(_cells(one))) for one in predictions if one.get("error")]
    steps = [one for one in predictions if not one.get("error")]
    strangest = sorted(steps, key=lambda one: -float(one["score"]))[:_SHOWN]
    several = len({one["file"] for one in steps}) > 1
    head: list[Piece] = [(text, "dim") for text in ("the strangest", "strangeness", "p-value", "channel", "")]
    rows = columns([head, *(_step(one, several) for one in strangest)], right=frozenset({1, 2}))
    told = f"of {words.count(len(steps))} steps"
    if any("anomalous" in one for one in steps):
        told = f"{words.count(sum(bool(one['anomalous']) for one in steps))} {told} are taken for anomalies"
    return [*failed, *rows, Row(((f"{told}; -o scores.csv writes them all", "dim"),))]


def _step(prediction: Mapping[str, Any], several: bool) -> list[Piece]:
    name = f"{printable(str(prediction['file']))} " if several else ""
    verdict = ("anomalous", "bold") if prediction.get("anomalous") else ("", "")
    score, p_value = f"{prediction['score']:.4g}", f"{prediction['p_value']:.3g}"
    channel = printable(str(prediction["channel"]))
    return [(f"{name}{prediction['time']}", "dim"), (score, ""), (p_value, ""), (channel, ""), verdict]


def _weighed(prediction: Mapping[str, Any]) -> list[Piece]:
    """Return how strange a sample is: its score, its p-value, and whether it is taken for an anomaly."""
    name = (printable(str(prediction["file"])), "dim")
    if prediction.get("error"):
        return [name, ("", ""), ("", ""), (str(prediction["error"]), "yellow")]
    verdict = ("anomalous", "bold") if prediction.get("anomalous") else ("", "")
    return [name, (f"{prediction['score']:.4g}", ""), (f"{prediction['p_value']:.3g}", ""), verdict]


def _tagged(prediction: Mapping[str, Any]) -> list[Row]:
    """Return a sentence as lines of a word, a tab and its tag, and an empty line."""
    if prediction.get("error"):
        return [Row(tuple(_cells(prediction))), blank()]
    pairs = zip(prediction["tokens"], prediction["tags"], strict=True)
    return [*(Row(((f"{printable(token)}\t{tag}", ""),)) for token, tag in pairs), blank()]


def _trees(predictions: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the first trees as indented lines, a label at each node, and the labels of the roots of more of them."""
    from gnomon.outputs import treetext

    rows: list[Row] = []
    for prediction in predictions[:_TREES]:
        rows += columns([_cells(prediction)])
        if not prediction.get("error"):
            inner = [""] * (len(prediction["symbols"]) - 1)
            root = words.plain(prediction["value"]) if "value" in prediction else str(prediction.get("label", ""))
            labels = prediction.get("labels") or [*inner, root]
            tree = treetext.tree_of(prediction["symbols"], prediction["parents"])
            rows += [Row(((line, ""),)) for line in treetext.lines(tree, labels)]
        rows.append(blank())
    rest = predictions[_TREES:]
    rows += columns([_cells(prediction) for prediction in rest[:_SHOWN]], right=frozenset({1}))
    return [*rows, *_more(rest[_SHOWN:])] if len(rest) > _SHOWN else rows


def _continued(prediction: Mapping[str, Any]) -> list[Row]:
    """Return a forecast as a table: a line an instant, a column a channel, each with its outer quantiles."""
    if prediction.get("error"):
        return [Row(tuple(_cells(prediction)))]
    channels = {name: value for name, value in prediction.items() if isinstance(value, Mapping)}
    head: list[Piece] = [("time", "dim"), *((printable(name), "bold") for name in channels)]
    shown = prediction["times"][:_SHOWN]
    lines = [
        [(time, "dim"), *((_between(values, step), "") for values in channels.values())]
        for step, time in enumerate(shown)
    ]
    table = columns([head, *lines])
    if len(prediction["times"]) > _SHOWN:
        rest = words.count(len(prediction["times"]) - _SHOWN)
        table.append(Row(((f"and {rest} more steps; -o forecast.csv writes them all", "dim"),)))
    return table


def _between(values: Mapping[str, Sequence[float]], step: int) -> str:
    """Return the forecast of one instant with its lowest and highest quantile."""
    ends = [name for name in values if name != "forecast"]
    return f"{values['forecast'][step]:.4g} ({values[ends[0]][step]:.4g} – {values[ends[-1]][step]:.4g})"


def _cells(prediction: Mapping[str, Any]) -> list[Piece]:
    name = (printable(str(prediction["file"])), "dim")
    if prediction.get("error"):
        return [name, ("", ""), (str(prediction["error"]), "yellow")]
    if "value" in prediction:
        ends = f"{words.plain(prediction['low'])} – {words.plain(prediction['high'])}" if "low" in prediction else ""
        return [name, (words.plain(prediction["value"]), "bold"), (ends, "dim")]
    cells = [name, (words.percent(prediction["confidence"]), ""), (printable(str(prediction["label"])), "bold")]
    if "written" in prediction:
        cells.append((f"written: {prediction['written']}", "dim"))
    return cells
