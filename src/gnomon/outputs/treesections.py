"""Trees in the report: some of them drawn, where composition flips a label, accuracy by shape, and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gnomon.core.errors import GnomonError
from gnomon.data import brackets, trees
from gnomon.data.trees import Tree
from gnomon.outputs.bars import histogram
from gnomon.outputs.charts import Axes, Band, Line, curve
from gnomon.outputs.choosing import num_samples, spread
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.snippets import snippet
from gnomon.outputs.subject import classes_of
from gnomon.outputs.treedrawing import drawing
from gnomon.outputs.treeshades import shades
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, number, percent

Context = dict[str, Any]

_GLANCED = 4
_CANDIDATES = 80
_MEASURED = 5_000
_BINS = 24
_MOST_WORST, _MOST_FLIPS, _MOST_TYPICAL = 12, 12, 3
_FITTING = (7, 45)
"""Nodes of trees that are drawn where there is a choice."""
_SHAPES = (
    ("by_tree_size", "Whole trees by their number of nodes", "nodes"),
    ("by_tree_depth", "Whole trees by their height", "edges to the deepest leaf"),
    ("by_size", "All nodes by the number of nodes below", "nodes"),
    ("by_depth", "All nodes by their distance from the root", "edges to the root"),
)


def glance(record: Record, examples: Examples) -> Context:
    """Return some training trees with their labels, the colours of these, and how large trees are."""
    num, names = num_samples(record.data, "train"), classes_of(record)
    if not num:
        return {}
    picked = spread(np.arange(num), _CANDIDATES)
    found = list(zip(picked, examples.samples("train", picked), strict=True))
    low, high = _FITTING
    fitting = [pair for pair in found if low <= len(pair[1]) <= high] or sorted(found, key=lambda pair: len(pair[1]))
    chosen = fitting[:_GLANCED]
    truths = _truths(examples, "train", [index for index, _ in chosen], [tree for _, tree in chosen], names)
    colours = shades(names)
    ids = examples.names("train", [index for index, _ in chosen])
    return {
        "template": "glance_trees.html",
        "trees": [
            {"svg": drawing(tree, truth, colours), "id": name, "label": truth[-1]}
            for (_, tree), truth, name in zip(chosen, truths, ids, strict=True)
        ],
        "legend": _legend(names),
        "sizes": sizes(examples, num),
    }


def sizes(examples: Examples, num: int) -> Context:
    """Return how many nodes training trees have: a histogram and a sentence; of 5,000 of them where there are more."""
    picked = spread(np.arange(num), _MEASURED)
    found = np.sort(np.array([len(tree) for tree in examples.samples("train", picked)], dtype=np.int64))
    if len(found) < 2:
        return {}
    low, middle, high = (int(np.quantile(found, share)) for share in (0.05, 0.5, 0.95))
    end = max(int(np.quantile(found, 0.99)), int(found[0]) + 1)
    counts, edges = np.histogram(np.minimum(found, end), bins=min(_BINS, end - int(found[0])))
    of = "" if len(found) == num else f", measured on {count(len(found))} of them"
    return {
        "chart": histogram(counts.tolist(), edges.tolist(), unit="nodes", title="Nodes of training trees"),
        "sentence": f"The middle tree has {count(middle)} nodes; nine in ten have {count(low)} to {count(high)}, "
        f"the largest {count(int(found[-1]))}{of}.",
        "tail": int((found > end).sum()),
        "end": end,
        "title": "How many nodes they have",
        "most": "largest",
    }


def shapes(record: Record) -> Context:
    """Return accuracy by the depth and the size of trees, and of nodes where these have labels."""
    found = details(record)
    charts = [
        {"title": title, "svg": _along(found[key], title, unit)}
        for key, title, unit in _SHAPES
        if len(found.get(key, ())) > 1
    ]
    return {"charts": charts, "split": headline_split(record)} if charts else {}


def flips(record: Record, examples: Examples | None) -> Context:
    """Return how well nodes are told whose label is none of their children's, and some that were told right.

    A phrase that flips in many trees is shown once.
    """
    found = details(record)
    if "num_flips" not in found:
        return {}
    about = {
        "num": found["num_flips"],
        "flip": _share(found.get("flip_accuracy")),
        "other": _share(found.get("other_accuracy")),
        "rows": [],
        "absent": "",
    }
    rows = list(found.get("flips", []))
    if examples is None:
        return about | {"absent": absent(record)}
    try:
        about["rows"] = _flipped(record, examples, rows)
    except GnomonError as error:
        about["absent"] = absent(record, error)
    return about


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the trees whose root was told most surely wrong, every node with the label that it got."""
    rows = list(details(record).get("worst", []))[:_MOST_WORST]
    if not rows:
        return {}
    split = headline_split(record)
    found: list[Context] = [_told(row) for row in rows]
    gone = absent(record)
    if examples is not None:
        try:
            drawn = _drawn(record, examples, [int(row["index"]) for row in rows])
            found = [one | {"svg": svg} for one, svg in zip(found, drawn, strict=True)]
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    return {
        "template": "errors_trees.html",
        "rows": found,
        "split": split,
        "absent": gone,
        "legend": _legend(classes_of(record)),
    }


def worst_numbers(record: Record, examples: Examples | None) -> Context:
    """Return the trees whose number was told farthest from the truth."""
    rows = list(details(record).get("worst", []))[:_MOST_WORST]
    if not rows:
        return {}
    split = headline_split(record)
    drawn: list[Any] = [""] * len(rows)
    gone = absent(record)
    if examples is not None:
        try:
            found = examples.samples(split, [int(row["index"]) for row in rows])
            drawn = [drawing(tree, [""] * len(tree), {}) for tree in found]
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    return {
        "template": "errors_trees.html",
        "rows": [_number_told(row) | {"svg": svg} for row, svg in zip(rows, drawn, strict=True)],
        "split": split,
        "absent": gone,
        "legend": [],
        "of_numbers": True,
    }


def answered(record: Record, examples: Examples | None) -> Context:
    """Return some trees of the measured split that are no mistakes, every node with the label that it got."""
    found = details(record)
    mistaken = {int(row["index"]) for row in (*found.get("worst", []), *found.get("flips", []))}
    rows = [int(one["index"]) for one in found.get("trees", []) if int(one["index"]) not in mistaken][:_MOST_TYPICAL]
    if not rows or examples is None:
        return {}
    try:
        split = headline_split(record)
        ids = examples.names(split, rows)
        drawn = _drawn(record, examples, rows)
    except GnomonError:
        return {}
    return {"trees": [{"svg": svg, "id": name} for svg, name in zip(drawn, ids, strict=True)], "split": split}


def _flipped(record: Record, examples: Examples, rows: Sequence[Mapping[str, Any]]) -> list[Context]:
    split, names = headline_split(record), classes_of(record)
    indices = [int(row["index"]) for row in rows]
    whole = examples.samples(split, indices)
    truths = _truths(examples, split, indices, whole, names)
    colours = shades(names)
    found: list[Context] = []
    known = set[bytes]()
    for row, tree, truth in zip(rows, whole, truths, strict=True):
        node = int(row["node"])
        part = trees.below(tree, node)
        if part.content in known or len(found) == _MOST_FLIPS:
            continue
        known.add(part.content)
        found.append(
            {
                "svg": drawing(part, truth[node + 1 - len(part) : node + 1], colours),
                "text": snippet(brackets.words_of(part), 120),
                "label": str(row["label"]),
                "children": [str(child) for child in row["children"]],
                "id": str(row.get("id", "")),
            }
        )
    return found


def _drawn(record: Record, examples: Examples, indices: Sequence[int]) -> list[Any]:
    """Return drawings of trees of the measured split with the labels that they got, or the true ones."""
    split, names = headline_split(record), classes_of(record)
    answers = {int(one["index"]): one["labels"] for one in details(record).get("trees", [])}
    whole = examples.samples(split, indices)
    truths = _truths(examples, split, indices, whole, names)
    colours = shades(names)
    found = []
    for index, tree, truth in zip(indices, whole, truths, strict=True):
        got = answers.get(index)
        if got is None or len(got) != len(tree):
            found.append(drawing(tree, truth, colours))
        else:
            found.append(drawing(tree, [str(label) for label in got], colours, true=truth))
    return found


def _truths(
    examples: Examples, split: str, indices: Sequence[int], found: Sequence[Tree], names: Sequence[str]
) -> list[list[str]]:
    """Return the true label of each node of some trees, ``""`` where there is none."""
    nodes = examples.tags(split, indices)
    if nodes:
        return [[names[k] if k >= 0 else "" for k in one.tolist()] for one in nodes]
    labels = examples.labels(split)
    if labels is None:
        return [[""] * len(tree) for tree in found]
    return [[""] * (len(tree) - 1) + [names[int(labels[i])]] for i, tree in zip(indices, found, strict=True)]


def _along(groups: Sequence[Mapping[str, Any]], title: str, unit: str) -> Any:
    """Draw accuracy over groups of trees or nodes, each as far from the next."""
    xs = [float(place) for place in range(len(groups))]
    line = Line(label="accuracy", xs=xs, ys=[float(one["accuracy"]) for one in groups], dots=True)
    band = Band(xs=xs, lows=[float(one["low"]) for one in groups], highs=[float(one["high"]) for one in groups])
    axes = Axes(
        x_low=0.0,
        x_high=xs[-1],
        x_form=lambda x: str(groups[round(x)]["from"]) if x.is_integer() else "",  # groups lie at whole places
        at_form=lambda x: _at(groups[min(len(groups) - 1, max(0, round(x)))], unit),
        num_ticks=min(len(groups), 7),
    )
    return curve([line], axes, title=title, form=percent, height_px=170, band=band, y_limits=(0.0, 1.0))


def _range(one: Mapping[str, Any]) -> str:
    return str(one["from"]) if one["from"] == one["to"] else f"{one['from']}–{one['to']}"


def _at(one: Mapping[str, Any], unit: str) -> str:
    return f"{_range(one)} {unit}, {count(one['n'])} measured"


def _told(row: Mapping[str, Any]) -> Context:
    return {
        "id": str(row.get("id", "")),
        "true": str(row["true"]),
        "predicted": str(row["predicted"]),
        "confidence": row.get("confidence"),
        "probability_of_true": row.get("probability_of_true"),
        "num_wrong": row.get("num_wrong"),
        "num_nodes": row.get("num_nodes"),
        "svg": "",
    }


def _number_told(row: Mapping[str, Any]) -> Context:
    ends = f" ({number(row['low'])} to {number(row['high'])})" if "low" in row else ""
    return {
        "id": str(row.get("id", "")),
        "true": number(row["true"]),
        "predicted": number(row["predicted"]) + ends,
        "confidence": None,
        "probability_of_true": None,
        "num_wrong": None,
        "num_nodes": None,
    }


def _legend(names: Sequence[str]) -> list[Context]:
    return [{"name": name, "shade": shade} for name, shade in shades(names).items()] if len(names) <= 10 else []


def _share(value: Any) -> str:
    return percent(value) if isinstance(value, float) else "–"
