"""How the answer of ``gnomon inspect`` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gnomon.cli.shell import words
from gnomon.cli.shell.rows import Piece, Row, blank, columns, fact, heading
from gnomon.core.errors import printable

_SHOWN = 12
_CHANNELS = 8
_COLUMNS = 30


def rows(found: Mapping[str, Any]) -> list[Row]:
    """Return what the data is, how many samples each class has in each split, and what training would do."""
    splits = found["splits"]
    num_samples = sum(split["num_samples"] for split in splits.values())
    spec, skipped, would = found["spec"], found["skipped"], found["would"]
    shown = [blank(), heading("Data"), fact("name", (printable(found["name"]), "bold"))]
    shown.append(fact("samples", f"{words.count(num_samples)}, read by the reader {found['reader']}"))
    shown += [fact("input", leaf(spec["input"])), fact("target", leaf(spec["target"]))]
    if skipped["count"]:
        shown += [fact("skipped", (words.count(skipped["count"]), "yellow")), *_skipped(skipped)]
    if spec["input"]["kind"] == "Table":
        shown += [blank(), *_columns(found["facts"])]
    shown += [blank(), *_classes(splits, spec["target"].get("classes", ()))]
    shown += [blank(), heading("Training would be"), fact("task", would["task"]), fact("family", would["family"])]
    shown += [fact("because" if number == 0 else " ", (reason, "dim")) for number, reason in enumerate(would["why"])]
    return [*shown, blank()]


def leaf(kind: Mapping[str, Any]) -> str:
    """Return a kind of data in words: ``pictures of 32 × 32 px, RGB``."""
    if kind["kind"] in _WORDING:
        return _WORDING[kind["kind"]](kind)
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in kind.items() if name != "kind")
    return f"{kind['kind'].lower()}: {facts}" if facts else kind["kind"].lower()


def _picture(kind: Mapping[str, Any]) -> str:
    colour = "grey" if kind["channels"] == 1 else "RGB"
    return f"pictures of {kind['height_px']} × {kind['width_px']} px, {colour}"


def _columns(facts: Mapping[str, Any]) -> list[Row]:
    """Return the columns of a table: what each holds, how many cells are missing, and why that is thought."""
    total = max(1, int(facts.get("num_rows") or 1))
    table: list[list[Piece]] = [[(name, "dim") for name in ("column", "holds", "missing", "values")]]
    for entry in facts["columns"][:_COLUMNS]:
        missing = words.percent(min(1.0, entry["num_missing"] / total)) if entry["num_missing"] else ""
        name = (printable(str(entry["name"])), "")
        table.append([name, (entry["type"], ""), (missing, "yellow"), (_values(entry), "dim")])
    shown = columns(table, right=frozenset({2}))
    if len(facts["columns"]) > _COLUMNS:
        rest = words.count(len(facts["columns"]) - _COLUMNS)
        shown.append(Row(((f"and {rest} more columns; --json lists them", "dim"),)))
    return [Row(row.value, mark=(" ", ""), crop=True) for row in shown]


def _values(entry: Mapping[str, Any]) -> str:
    if entry["type"] == "number" and "min" in entry:
        return f"{words.plain(entry['min'])} … {words.plain(entry['max'])}"
    if entry["type"] == "date" and "min" in entry:
        return f"{entry['min']} … {entry['max']}"
    told = ", ".join(printable(str(text)) for text, _ in entry.get("values", [])[:3])
    return f"{words.count(entry['num_distinct'])}: {told}" if told else str(entry["why"])


def _series(kind: Mapping[str, Any]) -> str:
    """Return a series in words: ``series of 140 steps of 1 channel: x``."""
    names = [printable(str(name)) for name in kind["names"]]
    told = ", ".join(names[:_CHANNELS]) + (", ..." if len(names) > _CHANNELS else "")
    steps = f" of {words.count(kind['length'])} steps" if kind["length"] else ""
    return f"series{steps} of {len(names)} channel{'' if len(names) == 1 else 's'}: {told}"


_WORDING: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Image": _picture,
    "Label": lambda kind: f"one of {words.count(len(kind['classes']))} classes",
    "Tags": lambda kind: f"one of {words.count(len(kind['classes']))} tags for each word",
    "NodeLabels": lambda kind: f"one of {words.count(len(kind['classes']))} classes for each node",
    "Trees": lambda kind: "trees" if kind["ordered"] else "trees without an order of children",
    "Text": lambda kind: "sentences, cut into words" if kind["words"] else "text",
    "Series": _series,
    "Audio": lambda kind: f"recordings at {words.count(kind['rate_hz'])} Hz",
    "Table": lambda kind: f"rows of {words.count(len(kind['columns']))} columns",
    "Number": lambda kind: f"a number: {printable(kind['name'])}" if kind.get("name") else "a number",
}
"""How a kind of data is called."""


def _classes(splits: Mapping[str, Mapping[str, Any]], classes: Sequence[str]) -> list[Row]:
    counted = all(len(split.get("counts") or ()) == len(classes) for split in splits.values())
    table: list[list[Piece]] = [[("class" if classes and counted else "", "dim"), *((name, "dim") for name in splits)]]
    for number, name in enumerate(classes[: _SHOWN if counted else 0]):
        counts = (words.count(split["counts"][number]) for split in splits.values())
        table.append([(printable(name), ""), *((count, "") for count in counts)])
    table.append([("all", "dim"), *((words.count(split["num_samples"]), "bold") for split in splits.values())])
    if all(split.get("unit") == "characters" for split in splits.values()):
        table.append([("characters", "dim"), *((words.count(split["size"]), "") for split in splits.values())])
    shown = columns(table, right=frozenset(range(1, len(splits) + 1)))
    rest = len(classes) - _SHOWN if counted else 0
    if rest > 0:
        shown.insert(-1, Row(((f"and {words.count(rest)} more classes; --json lists them", "dim"),)))
    return [Row(row.value, mark=(" ", ""), crop=True) for row in shown]


def _skipped(skipped: Mapping[str, Any]) -> list[Row]:
    return [fact(" ", f"{printable(str(one['id']))}: ", (str(one["reason"]), "yellow")) for one in skipped["first"]]
