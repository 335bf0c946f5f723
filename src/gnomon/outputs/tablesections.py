"""Tables in the report: what the columns are, which of them matter and how, residuals, and the worst rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon.core.errors import GnomonError
from gnomon.outputs.bars import Estimate, intervals
from gnomon.outputs.charts import Axes, Band, Line, Role, curve, finite
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent, mistakes
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.tablecharts import piles, scatter, spark
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, number, percent, tick

Context = dict[str, Any]

_MOST_COLUMNS = 400
_MOST_BARS = 20
_MOST_IDLE = 6
_MOST_CURVES = 6
_MOST_VALUES = 12
_MOST_WORST = 24
_MOST_CELLS = 8
_FIRST_CODE = 2
_ROLES: tuple[Role, ...] = ("main", "truth", "rival")
"""Looks of the first curves in a chart with one for each class."""
_TYPES = {
    "number": "number",
    "category": "category",
    "date": "date",
    "text": "text",
    "identifier": "identifier",
    "empty": "empty",
}


def glance(record: Record) -> Context:
    """Return the columns as rows: type and why, missing and different cells, range or values, whether they are used."""
    facts = record.data.get("facts", {})
    used = {str(entry["name"]): entry for entry in _prepared(record)}
    target = facts.get("of_target")
    rows = [_column(entry, used.get(str(entry["name"])), facts) for entry in facts.get("columns", [])[:_MOST_COLUMNS]]
    if not rows:
        return {}
    return {
        "template": "glance_table.html",
        "rows": ([_column(target, None, facts) | {"is_target": True, "left_out": ""}] if target else []) + rows,
        "num_columns": facts.get("num_columns", len(rows)),
        "num_rows": facts.get("num_rows"),
        "num_shown": len(rows),
    }


def _prepared(record: Record) -> Sequence[Mapping[str, Any]]:
    """Return what was fitted for each column, where it is known."""
    found = record.card.get("preparation", {})
    columns = found.get("columns", []) if isinstance(found, Mapping) else []
    return list(columns)


def _column(entry: Mapping[str, Any], used: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> Context:
    total = max(1, int(facts.get("num_rows") or 1))
    bars = entry.get("histogram", {}).get("counts") or [n for _, n in entry.get("values", [])]
    return {
        "name": str(entry["name"]),
        "type": _TYPES.get(str(entry.get("type")), str(entry.get("type"))),
        "why": "" if entry.get("why") == "numbers" or entry.get("type") == "category" else str(entry.get("why", "")),
        "num_missing": int(entry.get("num_missing", 0)),
        "missing": percent(min(1.0, entry.get("num_missing", 0) / total)) if entry.get("num_missing") else "",
        "num_distinct": entry.get("num_distinct"),
        "values": _values(entry),
        "svg": spark(bars, label=f"how the values of {entry['name']} are spread") if bars else "",
        "left_out": str(used.get("why", "")) if used is not None and used.get("use") == "none" else "",
        "is_target": False,
    }


def _values(entry: Mapping[str, Any]) -> str:
    """Return the range of numbers and dates, the most frequent categories, or examples."""
    if entry.get("type") == "number" and "min" in entry:
        return f"{number(entry['min'])} … {number(entry.get('median'))} … {number(entry['max'])}"
    if entry.get("type") == "date" and "min" in entry:
        return f"{entry['min']} … {entry['max']}"
    if entry.get("values"):
        return ", ".join(str(text) for text, _ in entry["values"][:3]) + (", …" if len(entry["values"]) > 3 else "")
    return ", ".join(map(str, entry.get("examples", [])[:2]))


def importance(record: Record) -> Context:
    """Return how much worse the answers are without each column, and how they change with the most important ones."""
    found = details(record).get("importance", {})
    columns = list(found.get("columns", []))
    if not columns:
        return {}
    name = "rmse" if _target_is_number(record) else "accuracy"
    rows = [
        Estimate(name=str(row["name"]), value=row["value"], low=row["low"], high=row["high"], main=row["low"] > 0)
        for row in columns[:_MOST_BARS]
    ]
    form = (lambda value: f"{round(100 * value, 1) + 0.0:.1f} points") if name == "accuracy" else number
    chart = intervals(
        rows,
        form=form,
        tick_form=lambda value: f"{100 * value:g}" if name == "accuracy" else tick(name, value),
        low=min(0.0, *(row.low for row in rows)),
        high=max(row.high for row in rows) * 1.02 or 1.0,
        title="Importance of the columns with 95 % interval",
    )
    idle = [str(row["name"]) for row in columns if row["low"] <= 0]
    curves = [made for one in found.get("curves", [])[:_MOST_CURVES] if (made := _curve(record, one))]
    return {
        "chart": chart,
        "unit": "So much of the accuracy is lost" if name == "accuracy" else "So much the absolute error grows",
        "num_shown": len(rows),
        "num_columns": len(columns),
        "rows": found.get("rows"),
        "repeats": found.get("repeats"),
        "idle": idle[:_MOST_IDLE],
        "num_idle": len(idle),
        "curves": curves,
        "has_ranges": any(one["has_ranges"] for one in curves),
    }


def _target_is_number(record: Record) -> bool:
    return "points" in details(record)


def _curve(record: Record, found: Mapping[str, Any]) -> Context:
    """Return the partial dependence on one column: a curve over a number, bars over a category."""
    entry = next((one for one in _prepared(record) if one["name"] == found["name"]), None)
    if entry is None or not found.get("answers"):
        return {}
    form = number if _target_is_number(record) else percent
    if found["use"] == "number":
        return _number_curve(found, entry["scales"][0], form)
    if found["use"] == "category":
        return _category_bars(found, entry, form)
    return {}


def _number_curve(found: Mapping[str, Any], scale: Sequence[float], form: Any) -> Context:
    answers = found["answers"]
    places = [scale[0] + scale[1] * at for at in found["at"]]
    lines = []
    for k, (name, answer) in enumerate(answers.items()):
        xs, ys = finite(list(zip(places, answer["mean"], strict=True)))
        lines.append(Line(label=str(name), xs=xs, ys=ys, role=_ROLES[k] if k < len(_ROLES) else "quiet", dots=True))
    only = next(iter(answers.values()))
    # The probabilities of a sure classifier lie at 0 and 1: their range would fill the chart and flatten the curve.
    band = Band(xs=places, lows=only["low"], highs=only["high"]) if form is number else None
    axes = Axes(x_low=places[0], x_high=places[-1], x_form=number)
    svg = curve(lines, axes, title=f"Answer by {found['name']}", form=form, height_px=190, band=band)
    legend = [{"label": line.label, "role": line.role} for line in lines]
    return {"name": str(found["name"]), "svg": svg, "lines": legend, "has_ranges": band is not None} if svg else {}


def _category_bars(found: Mapping[str, Any], entry: Mapping[str, Any], form: Any) -> Context:
    name, answer = next(iter(found["answers"].items()))
    if len(found["answers"]) > 1:
        name, answer = max(found["answers"].items(), key=lambda item: max(item[1]["mean"]) - min(item[1]["mean"]))
    rows = []
    for at, mean, low, high in zip(found["at"], answer["mean"], answer["low"], answer["high"], strict=True):
        rows.append(Estimate(name=_value_of(int(at), entry), value=mean, low=low, high=high, main=True))
    rows = sorted(rows, key=lambda row: -row.value)[:_MOST_VALUES]
    if not rows:
        return {}
    span = max(row.high for row in rows) or 1.0
    low = min(0.0, *(row.low for row in rows))
    chart = intervals(rows, form=form, tick_form=form, low=low, high=span, title=f"Answer by {found['name']}")
    return {
        "name": str(found["name"]),
        "chart": chart,
        "lines": [{"label": str(name), "role": "main"}],
        "has_ranges": True,
    }


def _value_of(code: int, entry: Mapping[str, Any]) -> str:
    if code < _FIRST_CODE:
        return ("missing", "rare or unseen")[code]
    values = entry.get("values", [])
    return str(values[code - _FIRST_CODE]) if code - _FIRST_CODE < len(values) else f"value {code}"


def residuals(record: Record) -> Context:
    """Return predicted against true values, how errors are spread, errors by predicted value, and the quantiles."""
    found = details(record)
    if "residuals" not in found:
        return {}
    points, spread = found.get("points", {}), found["residuals"]
    name = str(found.get("name") or "value")
    true, predicted = finite(list(zip(points.get("true", []), points.get("predicted", []), strict=True)))
    return {
        "scatter": scatter(true, predicted, x_title=f"true {name}", y_title="predicted"),
        "num_points": len(true),
        "piles": piles(spread["counts"], spread["edges"], title="How far the answers are from the truth"),
        "name": name,
        "bands": [
            {
                "predicted": number(b["predicted"]),
                "true": number(b["true"]),
                "rmse": number(b["rmse"]),
                "n": count(b["n"]),
            }
            for b in found.get("bands", [])
        ],
        "quantiles": [
            {
                "share": percent(q["share"]),
                "below": percent(q["below"]),
                "interval": f"{percent(q['low'])} to {percent(q['high'])}",
                "fits": q["low"] <= q["share"] <= q["high"],
            }
            for q in found.get("calibration", [])
        ],
        "level": found.get("level"),
    }


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the rows with the worst answers, with their most important cells."""
    rows = _worst_numbers(record) if _target_is_number(record) else _worst_labels(record)
    if not rows:
        return {}
    names = _important(record)
    gone = absent(record)
    if examples is not None:
        try:
            found = examples.samples(headline_split(record), [row["index"] for row in rows])
            for row, cells in zip(rows, found, strict=True):
                row["cells"] = [_cell(cells.get(name)) for name in names]
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    shown_names = names if not gone else []
    return {"template": "errors_rows.html", "rows": rows, "columns": shown_names, "absent": gone}


def _worst_labels(record: Record) -> list[Context]:
    return [
        {
            "index": row["index"],
            "id": row["id"],
            "true": row["true"],
            "predicted": f"{row['predicted']}, {percent(row['confidence'])}",
            "error": percent(row["probability_of_true"]),
        }
        for row in mistakes(record)[:_MOST_WORST]
    ]


def _worst_numbers(record: Record) -> list[Context]:
    return [
        {
            "index": int(row["index"]),
            "id": str(row.get("id", "")),
            "true": number(row["true"]),
            "predicted": f"{number(row['predicted'])} ({number(row['low'])} to {number(row['high'])})"
            if "low" in row
            else number(row["predicted"]),
            "error": number(row["error"]),
        }
        for row in list(details(record).get("worst", []))[:_MOST_WORST]
    ]


def _important(record: Record) -> list[str]:
    """Return the columns to be shown: the most important ones, else the first that are used."""
    ranked = [str(row["name"]) for row in details(record).get("importance", {}).get("columns", [])]
    used = [str(entry["name"]) for entry in _prepared(record) if entry.get("use") != "none"]
    return (ranked or used)[:_MOST_CELLS]


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return number(value) if isinstance(value, float) else str(value)[:60]
