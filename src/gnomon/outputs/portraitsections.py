"""Generative models in the report: what they draw, what they rebuild, their latents, and what they find strange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon.core.errors import ArtefactError
from gnomon.outputs.panels import STEPS, STRANGEST, Panel, read_panels
from gnomon.outputs.record import Record
from gnomon.outputs.sections import cell, details
from gnomon.outputs.spreadcharts import class_map, hues, score_histogram
from gnomon.outputs.subject import leaf
from gnomon.outputs.thumbnails import sheet
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, metric, number, percent, shown

Context = dict[str, Any]

_FIDELITY = ("precision", "recall", "frechet", "frechet_real")
_CELL_PX = 64
_MOST_NAMED = 20
_MOST_GROUPS = 24


def drawn(record: Record) -> Context:
    """Return the new pictures."""
    panel = _panels(record).get("samples")
    if panel is None:
        return {}
    return {"panel": _shown(panel, "samples-drawn"), "by_class": any(panel.rows), "fidelity": _fidelity(record)}


def _fidelity(record: Record) -> Context:
    """Return how drawn pictures compare with real ones, and who says so."""
    told = record.fidelity
    rows = [
        {"metric": metric(name), "cell": cell(name, told.get("scores", {}).get(name))}
        for name in _FIDELITY
        if name in told.get("scores", {})
    ]
    if not rows:
        return {}
    return {"rows": rows, "judge": told.get("judge", ""), "accuracy": percent(told.get("accuracy"))}


def rebuilt(record: Record) -> Context:
    """Return pictures with what the model makes of them, and ways from one to another."""
    panels = _panels(record)
    found = {name: _shown(panels[name], f"panel-{name}") for name in ("rebuilt", "ways") if name in panels}
    return {**found, "split": _facts(record).get("split", "")} if found else {}


def latents(record: Record) -> Context:
    """Return the map of the latents, what single ones do, and how much each group of them carries."""
    told, found = _facts(record).get("map", {}), details(record)
    panel = _panels(record).get("traversals")
    groups = _groups(_facts(record).get("groups", []), found.get("groups", []))
    if not told and not groups:
        return {}
    classes = [str(name) for name in told.get("classes", [])]
    points, labels = told.get("points", []), told.get("labels", [])
    present = [k for k in range(len(classes)) if k in set(labels)]
    active, num_units = sum(group["active"] for group in groups), sum(group["dims"] for group in groups)
    colours = hues(len(classes))
    return {
        "map": class_map(points, labels, classes if len(present) <= _MOST_NAMED else []),
        "legend": [(classes[k], colours[k]) for k in present] if len(present) <= _MOST_NAMED else [],
        "num_points": len(points),
        "dims": told.get("dims"),
        "group": told.get("group", ""),
        "explained": [percent(share) for share in told.get("explained", [])],
        "traversals": _shown(panel, "panel-traversals") if panel else None,
        "as_class": classes[0] if classes and leaf(record, "target").get("conditional") else "",
        "low": STEPS[0],
        "high": STEPS[-1],
        "groups": groups[:_MOST_GROUPS],
        "num_more": max(0, len(groups) - _MOST_GROUPS),
        "active": active,
        "num_units": num_units,
        "collapsed": bool(found.get("collapsed")),
        "warnings": warnings(found, active, num_units),
    }


def warnings(found: Mapping[str, Any], active: int, num_units: int) -> list[str]:
    """Return what is wrong with the latents, from what the evaluation tells of them and how many are active."""
    told = [str(text) for text in found.get("warnings", [])]
    if not told and num_units and not active:
        told.append(
            f"None of the {count(num_units)} latents is active: their means hardly differ from sample to sample, and "
            "all are rebuilt alike. Either the samples do not differ, or it needs more time or data."
        )
    return told


def strange(record: Record) -> Context:
    """Return the strangest samples, how the scores spread, and what a threshold would catch."""
    found = details(record)
    apart = bool(found.get("stretches"))  # strange stretches of a series have a chapter of their own
    rows = [] if apart else [dict(one) for one in found.get("strangest", [])][:STRANGEST]
    if not rows and not found.get("histogram"):
        return {}
    panel = _panels(record).get("strangest")
    made = _shown(panel, "panel-strangest") if panel else None
    classes, normal = _class_names(record), {str(name) for name in leaf(record, "target").get("normal", [])}
    for place, row in enumerate(rows):
        row["places"] = made["rows"][place]["places"] if made and place < len(made["rows"]) else []
        row["score"], row["p"] = number(row.get("score")), number(row.get("p_value"))
        row["class"] = _label(row.get("label"), classes)
        row["odd"] = bool(normal and row["class"] and row["class"] not in normal)
        row["name"] = _short(str(row.get("id", "")))
    limit, spread = found.get("threshold", {}), found.get("histogram", {})
    return {
        "rows": rows,
        "apart": apart,
        "sheet": made,
        "placed": any(len(row["places"]) > 2 for row in rows),
        "split": headline_split(record),
        "histogram": score_histogram(
            spread.get("edges", []),
            spread.get("normal", []),
            spread.get("anomalous", []) or [],
            form=number,
            mark=(limit["score"], "the threshold of the model") if limit.get("score") is not None else None,
        ),
        "has_strange": bool(sum(spread.get("anomalous", []) or [])),
        "limit": number(limit.get("score")) if limit.get("score") is not None else "",
        "thresholds": [_threshold(row) for row in found.get("thresholds", [])],
        "catches": any("caught" in row for row in found.get("thresholds", [])),
    }


def _threshold(row: Mapping[str, Any]) -> Context:
    return {
        "rate": percent(row["rate"]),
        "threshold": number(row["threshold"]),
        "false_alarms": _share(row["false_alarms"]),
        "caught": _share(row["caught"]) if "caught" in row else None,
    }


def _share(score: Mapping[str, Any]) -> Context:
    n = int(score["n"])
    return {"value": percent(score["value"], n), "low": percent(score["low"], n), "high": percent(score["high"], n)}


def _groups(seen: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]]) -> list[Context]:
    """Return what is known of each group of latents: size and life from the portrait, KL from the evaluation."""
    most = max((float(group["kl"]) for group in measured), default=0.0) or 1.0
    found = []
    for place, group in enumerate(seen):
        kl = float(measured[place]["kl"]) if place < len(measured) else None
        found.append({**group, "share": max(0.0, kl or 0.0) / most, "nats": "–" if kl is None else shown("kl", kl)})
    return found


def _class_names(record: Record) -> list[str]:
    target = record.card.get("spec", {}).get("target", {}) if isinstance(record.card.get("spec"), Mapping) else {}
    return [str(name) for name in target.get("classes", [])]


def _short(name: str) -> str:
    """Return the end of a sample's name: that of its file, or its number in one."""
    end = name.rsplit("/", 1)[-1]
    return f"#{end.rsplit('#', 1)[1]}" if "#" in end else end


def _label(label: Any, classes: Sequence[str]) -> str:
    if isinstance(label, int):
        return classes[label] if 0 <= label < len(classes) else ""
    return str(label or "")


def _shown(panel: Panel, anchor: str) -> Context:
    """Return a panel as a sheet with its rows of places."""
    made = sheet(list(panel.pictures), columns=panel.columns)
    side = max(made.width_px, made.height_px)
    factor = max(1, round(_CELL_PX / side)) if made.sharp else _CELL_PX / side
    num_rows = len(panel.pictures) // panel.columns
    return {
        "id": anchor,
        "sheet": made,
        "cell": made.width_px * factor,
        "columns": panel.columns,
        "named": any(panel.rows),
        "rows": [
            {
                "name": panel.rows[row] if row < len(panel.rows) else "",
                "places": [made.place(row * panel.columns + column) for column in range(panel.columns)],
            }
            for row in range(num_rows)
        ],
    }


def _facts(record: Record) -> dict[str, Any]:
    return _read(record)[0]


def _panels(record: Record) -> dict[str, Panel]:
    return _read(record)[1]


def _read(record: Record) -> tuple[dict[str, Any], dict[str, Panel]]:
    try:
        return read_panels(record.run)
    except ArtefactError as error:
        record.gaps.setdefault("portrait", f"The portrait {error.what}.")
        return {}, {}
