"""Models of series in the report: what they draw beside what is real, what they rebuild, and what they find strange."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.outputs import seriessections
from gnomon.outputs.charts import Axes, Line, curve
from gnomon.outputs.examples import Examples
from gnomon.outputs.forecastcharts import small_lines
from gnomon.outputs.portraitsections import warnings
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.spreadcharts import class_map
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, number, percent

Context = dict[str, Any]
Floats = npt.NDArray[np.floating[Any]]

KIND = "Series"
_MOST_CHARTS = 4
"""Channels whose frequencies and margins are drawn; all have a row of the table."""
_HEIGHT_PX = 150


def glance(record: Record, examples: Examples) -> Context:
    """Return the whole series at a glance, or some series of each class where they have one."""
    kind = record.data.get("spec", {}).get("target", {}).get("kind")
    return seriessections.class_glance(record, examples) if kind == "Label" else seriessections.glance(record, examples)


def stretches(record: Record) -> Context:
    """Return drawn stretches beside real ones, how alike they are, what is rebuilt, and the latents."""
    found = _facts(record)
    if not found:
        return {}
    return {
        "split": str(found["split"]),
        "channels": [_channel(found, k) for k in range(len(found["channels"]))],
        "num_channels": count(int(found["num_channels"])),
        "beside": [_beside(one) for one in found["beside"]],
        "charts": [_charts(one) for one in found["beside"][:_MOST_CHARTS]],
        "correlations": number(found["correlations"]["difference"]) if found.get("correlations") else "",
        "map": class_map(found["map"]["points"], [-1] * len(found["map"]["points"]), []),
        "num_points": len(found["map"]["points"]),
        "explained": [percent(share) for share in found["map"]["explained"]],
        "latents": {name: count(int(value)) for name, value in found["latents"].items()},
        "traversals": [_traversal(one) for one in found["traversals"]],
        "warnings": warnings(details(record), int(found["latents"]["active"]), int(found["latents"]["dims"])),
    }


def oddities(record: Record) -> Context:
    """Return the strangest stretches, each drawn with what was expected, and the score over time."""
    found = details(record)
    rows = [_oddity(one) for one in found.get("stretches", [])]
    if not rows:
        return {}
    limit = found.get("threshold", {}).get("score")
    return {"rows": rows, "over_time": _over_time(found.get("over_time", {}), limit), "split": headline_split(record)}


def _channel(found: Mapping[str, Any], k: int) -> Context:
    """Return real, drawn, given and rebuilt stretches of a channel, all on one scale."""
    groups = {name: [np.asarray(one[k]) for one in found[name]] for name in ("real", "drawn", "given", "rebuilt")}
    values = np.concatenate([line for lines in groups.values() for line in lines])
    low, high = float(values.min()), float(values.max())
    name = str(found["channels"][k])
    words = {"real": "real", "drawn": "drawn", "given": "not seen before", "rebuilt": "rebuilt"}
    drawn = {
        group: [small_lines([line], low, high, label=f"{name}, {words[group]}") for line in lines]
        for group, lines in groups.items()
    }
    return {"name": name, "low": number(low), "high": number(high), **drawn}


def _beside(one: Mapping[str, Any]) -> Context:
    real, drawn = one["quantiles"]
    middle = len(real) // 2
    following = [values[1] if len(values) > 1 else float("nan") for values in one["autocorrelation"]]
    return {
        "name": str(one["name"]),
        "distance": number(one["distance"]),
        "real": f"{number(real[middle])} ({number(real[0])} – {number(real[-1])})",
        "drawn": f"{number(drawn[middle])} ({number(drawn[0])} – {number(drawn[-1])})",
        "following": [number(value) for value in following],
    }


def _charts(one: Mapping[str, Any]) -> Context:
    """Return the charts of a channel: how its values spread, follow each other, and swing."""
    shares = [100.0 * k / (len(one["quantiles"][0]) - 1) for k in range(len(one["quantiles"][0]))]
    lags = [float(k) for k in range(len(one["autocorrelation"][0]))]
    waves = [float(k + 1) for k in range(len(one["spectrum"][0]))]
    name = str(one["name"])
    return {
        "name": name,
        "margins": _pair(shares, one["quantiles"], f"{name}: quantiles", lambda x: f"{x:.0f} %"),
        "following": _pair(lags, one["autocorrelation"], f"{name}: autocorrelation", lambda x: f"{x:.0f}"),
        "swinging": _pair(waves, one["spectrum"], f"{name}: log10 of the power", lambda x: f"{x:.0f}"),
    }


def _pair(xs: Sequence[float], ys: Sequence[Sequence[float]], title: str, form: Any) -> Any:
    lines = [Line(label="real", xs=xs, ys=ys[0], role="truth"), Line(label="drawn", xs=xs, ys=ys[1], role="main")]
    axes = Axes(x_low=xs[0], x_high=xs[-1], x_form=form)
    return curve(lines, axes, title=title, form=number, height_px=_HEIGHT_PX)


def _traversal(one: Mapping[str, Any]) -> Context:
    lines = [np.asarray(values) for values in one["values"]]
    values = np.concatenate(lines)
    low, high = float(values.min()), float(values.max())
    drawn = [
        small_lines([line], low, high, label=f"latent {one['latent']} at {step:+g} deviations")
        for line, step in zip(lines, one["steps"], strict=True)
    ]
    return {"latent": int(one["latent"]), "channel": str(one["channel"]), "lines": drawn, "steps": one["steps"]}


def _oddity(one: Mapping[str, Any]) -> Context:
    values, expected = one["values"], one["expected"]
    xs = [float(k) for k in range(len(values))]
    lines = [
        Line(label="expected", xs=xs, ys=expected, role="rival"),
        Line(label="measured", xs=xs, ys=values, role="truth"),
    ]
    first, last = float(one["first"]), float(one["last"])
    axes = Axes(
        x_low=0.0,
        x_high=max(1.0, float(len(values) - 1)),
        x_form=lambda x: f"{x:.0f}",
        marks=[(first, "the strange stretch begins"), (last, "it ends")],
    )
    return {
        "channel": str(one["channel"]),
        "span": str(one["id"]),
        "score": number(one["score"]),
        "p": number(one["p_value"]),
        "svg": curve(lines, axes, title=f"{one['channel']}, {one['id']}", form=number, height_px=_HEIGHT_PX),
        "lines": [{"label": line.label, "role": line.role} for line in lines],
        "shown": [str(time) for time in one["times"]],
    }


def _over_time(told: Mapping[str, Any], limit: float | None) -> Context:
    highest = told.get("highest", [])
    if len(highest) < 2:
        return {}
    per_part = told["rows"] / len(highest)
    xs = [per_part * k for k in range(len(highest))]
    axes = Axes(x_low=0.0, x_high=float(told["rows"]), x_form=lambda x: f"row {x:,.0f}")
    baseline = (float(limit), "the threshold of the model") if limit is not None and np.isfinite(limit) else None
    svg = curve(
        [Line(label="strangeness", xs=xs, ys=highest)], axes, title="Strangeness over time", form=number,
        baseline=baseline,
    )  # fmt: skip
    return {"svg": svg, "first": str(told["first"]), "last": str(told["last"])}


def _facts(record: Record) -> dict[str, Any]:
    """Return the portrait of a model of series; nothing where there is none. Says where it is not complete."""
    path = record.run.portrait_facts
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        record.gaps.setdefault("portrait", f"The portrait is not complete ({type(error).__name__}).")
        return {}
    return facts if isinstance(facts, dict) and facts.get("kind") == KIND else {}
