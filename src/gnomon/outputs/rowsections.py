"""Models of a table's rows in the report: what they make beside real rows, column by column and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gnomon.outputs.record import Record
from gnomon.outputs.rowcharts import pair_of_bars
from gnomon.outputs.rowfidelity import ALONE, COPULA, REAL, THIS
from gnomon.outputs.sections import cell
from gnomon.outputs.wording import metric, number, percent

Context = dict[str, Any]

_MEASURED = (
    *("marginal_distance", "association_distance", "synthetic_accuracy", "detection_auroc"),
    *("copies", "nearer_to_training"),
)
_BESIDE = (THIS, COPULA, ALONE, REAL)
_MOST_COLUMNS = 100
_MOST_PAIRS = 20
_MOST_SHOWN = 16


def made(record: Record) -> Context:
    """Return some made-up rows, and how such rows compare with real ones, beside those of simpler models."""
    told = record.fidelity
    beside = told.get("beside")
    if told.get("kind") != "table" or not isinstance(beside, Mapping):
        return {}
    models = [who for who in _BESIDE if who in beside]
    names = [name for name in _MEASURED if any(name in beside[who] for who in models)]
    rows = told.get("rows", [])
    columns = list(rows[0])[:_MOST_SHOWN] if rows else []
    return {
        "models": models,
        "rows": [
            {"metric": metric(name), "cells": [cell(name, beside[who].get(name)) for who in models]} for name in names
        ],
        "split": str(told.get("split", "")),
        "count": told.get("count"),
        "label": str(told.get("label", "")),
        "has_accuracy": "synthetic_accuracy" in names,
        "columns": columns,
        "table": [[str(row.get(name, "")) for name in columns] for row in rows],
        "more_columns": max(0, len(rows[0]) - len(columns)) if rows else 0,
    }


def marginals(record: Record) -> Context:
    """Return how each column is spread in real and in made-up rows, the worst first."""
    columns = record.fidelity.get("columns", []) if record.fidelity.get("kind") == "table" else []
    ranked = sorted(columns, key=lambda column: -float(column["distance"]))
    return {"columns": [_column(column) for column in ranked[:_MOST_COLUMNS]], "num": len(columns)} if ranked else {}


def ties(record: Record) -> Context:
    """Return how much columns tell of each other in both tables, and the pairs that differ most."""
    told = record.fidelity.get("associations", {}) if record.fidelity.get("kind") == "table" else {}
    names = [str(name) for name in told.get("names", [])]
    if len(names) < 2:
        return {}
    real, made_up = told["real"], told["made"]
    pairs = sorted(
        ((abs(real[i][j] - made_up[i][j]), i, j) for i in range(len(names)) for j in range(i)), reverse=True
    )[:_MOST_PAIRS]
    return {
        "names": names,
        "matrix": [_row(i, names, real, made_up) for i in range(len(names))] if len(names) <= _MOST_PAIRS else [],
        "pairs": [
            {"one": names[i], "two": names[j], "real": number(real[i][j]), "made": number(made_up[i][j])}
            for _, i, j in pairs
        ],
    }


def odd_rows(record: Record) -> list[Context]:
    """Return the strangest rows of a table, each with the cells that make it strange."""
    if record.fidelity.get("kind") != "table":
        return []
    return [
        {
            "id": str(row["id"]),
            "score": number(row["score"]),
            "p": number(row["p_value"]),
            "cells": [
                {"name": str(c["name"]), "value": str(c["value"]) or "missing", "nats": number(c["nats"])}
                for c in row["cells"]
            ],
        }
        for row in record.fidelity.get("strangest", [])
    ]


def _column(told: Mapping[str, Any]) -> Context:
    if told["number"]:
        edges = [number(edge) for edge in told["edges"]]
        names = [f"{left} to {right}" for left, right in pairwise(edges)]
        about = f"{edges[0]} to {edges[-1]}"
        missing = told["missing"]
        if max(missing) > 0:
            about += f"; missing {percent(missing[0])} real, {percent(missing[1])} made"
    else:
        names = [str(value) or "missing" for value in told["values"]]
        shown = ", ".join(names[:4])
        about = shown + (f" and {told['num_values'] - 4} more" if told["num_values"] > 4 else "")
    title = f"how {told['name']} is spread in real and in made-up rows"
    return {
        "name": str(told["name"]),
        "distance": percent(float(told["distance"])),
        "svg": pair_of_bars(told["real"], told["made"], names, title=title),
        "about": about,
    }


def _row(i: int, names: Sequence[str], real: Sequence[Any], made_up: Sequence[Any]) -> Context:
    """Return one row of the matrix: real below the diagonal, made-up above."""
    cells = []
    for j in range(len(names)):
        value = float(real[i][j] if j < i else made_up[i][j])
        who = "real" if j < i else "made-up"
        text = "" if i == j else f"{names[i]} and {names[j]}, {who}: {value:.2f}"
        cells.append({"weight": round(value, 3), "self": i == j, "shown": f"{value:.2f}"[1:], "text": text})
    return {"name": names[i], "cells": cells}
