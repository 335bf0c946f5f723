"""Series in the report: all of a series at a glance, forecasts against the truth, and errors by step and channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import GnomonError
from gnomon.outputs.charts import Axes, Line, curve
from gnomon.outputs.choosing import by_class, num_samples
from gnomon.outputs.examples import Examples
from gnomon.outputs.forecastcharts import forecast, small_lines, step, strip
from gnomon.outputs.mistakes import absent, mistakes
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.subject import classes_of, leaf
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, metric, number, shown

Context = dict[str, Any]
Floats = npt.NDArray[np.floating[Any]]

_SPLITS = ("train", "valid", "test")
_MOST_ROWS = 200_000
_MOST_CHANNELS = 12
_PER_CLASS = 8
_MOST_DRAWN = 8
_NUM_WORST = 2
"""So many of the drawn windows are there for being the worst; the others are typical."""
_COLUMNS = ("mse", "mae", "mse_original", "mae_original", "mase", "coverage", "pinball")


def glance(record: Record, examples: Examples) -> Context:
    """Return each channel of the whole series as a strip with its splits marked; of a long one every k-th row."""
    sizes = {split: num for split in _SPLITS if (num := num_samples(record.data, split))}
    total = sum(sizes.values())
    if not total:
        return {}
    every = -(-total // _MOST_ROWS)
    rows = np.concatenate([np.asarray(examples.samples(name, range(0, num, every))) for name, num in sizes.items()])
    names = [str(name) for name in leaf(record, "input").get("names", [])] or [str(k) for k in range(rows.shape[1])]
    cuts = (np.cumsum(list(sizes.values())) / total).tolist()
    parts = []
    for (name, num), start, end in zip(sizes.items(), [0.0, *cuts], cuts, strict=False):
        first, last = examples.names(name, [0, num - 1])
        parts.append({"name": name, "start": 100 * start, "width": 100 * (end - start), "n": num, "first": first,
                      "last": last})  # fmt: skip
    return {
        "template": "glance_series.html",
        "parts": parts,
        "channels": [_channel(names[k], rows[:, k], cuts) for k in range(min(len(names), _MOST_CHANNELS))],
        "num_channels": len(names),
    }


def _channel(name: str, values: Floats, cuts: Sequence[float]) -> Context:
    seen = values[np.isfinite(values)]
    low, high = (number(float(seen.min())), number(float(seen.max()))) if len(seen) else ("–", "–")
    return {"name": name, "svg": strip(values, cuts), "low": low, "high": high}


def class_glance(record: Record, examples: Examples) -> Context:
    """Return some training series of each class, drawn over each other on one common scale."""
    names, labels = classes_of(record), examples.labels("train")
    if labels is None or not len(labels):
        return {}
    rows = by_class(labels, names, _PER_CLASS)
    drawn = [(name, _lines(examples.samples("train", picked))) for name, picked in rows]
    low, high = _range([line for _, lines in drawn for line in lines])
    channels = leaf(record, "input").get("names", [])
    return {
        "template": "glance_lines.html",
        "rows": [{"name": name, "svg": small_lines(lines, low, high, label=f"{len(lines)} training series of {name}")}
                 for name, lines in drawn],
        "channel": str(channels[0]) if len(channels) > 1 else "",
        "num_shown": len(rows),
        "num_classes": len(names),
    }  # fmt: skip


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the most confident mistakes among labelled series, each with its line."""
    rows = mistakes(record)
    if not rows:
        return {}
    gone = absent(record)
    if examples is not None:
        try:
            lines = _lines(examples.samples(headline_split(record), [row["index"] for row in rows]))
            low, high = _range(lines)
            for row, line in zip(rows, lines, strict=True):
                row["svg"] = small_lines([line], low, high, label=f"a {row['true']} taken for {row['predicted']}")
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    return {"template": "errors_lines.html", "rows": rows, "split": headline_split(record), "absent": gone}


def forecasts(record: Record) -> Context:
    """Return the windows that the evaluation kept, drawn with their band, the truth and the seasonal baseline."""
    found = list(details(record).get("drawn", []))[:_MOST_DRAWN]
    if not found:
        return {}
    worst = {error.get("index") for error in details(record).get("worst", [])[:_NUM_WORST]}
    return {"rows": [_drawn(window, worst) for window in found], "level": details(record).get("level")}


def _drawn(window: Mapping[str, Any], worst: Collection[Any]) -> Context:
    svg, lines = forecast(window)
    legend = [{"label": line.label, "role": line.role} for line in lines]
    role = "among the worst" if window.get("index") in worst else "typical"
    error = window.get("mse")
    return {
        "title": str(window.get("channel", "")),
        "remark": role if error is None else f"{role}, MSE {shown('mse', error)}",
        "id": str(window.get("id", "")),
        "svg": svg,
        "lines": legend,
    }


def horizon(record: Record) -> Context:
    """Return the error by how many steps ahead it is, as a curve, and the scores of each channel as a table."""
    by_step, channels = details(record).get("by_step", []), details(record).get("per_channel", [])
    if not by_step and not channels:
        return {}
    columns = [name for name in _COLUMNS if any(name in row for row in channels)]
    return {
        "chart": _by_step(by_step),
        "columns": [metric(name).label for name in columns],
        "channels": [
            {"name": str(row["name"]), "cells": [(row.get(name), shown(name, row.get(name))) for name in columns]}
            for row in channels
        ],
    }


def _by_step(rows: Sequence[Mapping[str, Any]]) -> Context:
    names = [("mse", "this model", "main"), ("seasonal", "last season", "rival")]
    lines = [
        Line(label=label, xs=[row["step"] for row in rows], ys=[row[name] for row in rows], role=role)  # type: ignore[arg-type]
        for name, label, role in names
        if rows and all(name in row for row in rows)
    ]
    if not lines or len(rows) < 2:
        return {}
    axes = Axes(x_low=rows[0]["step"], x_high=rows[-1]["step"], x_form=step)
    svg = curve(lines, axes, title="MSE by steps ahead", form=lambda value: shown("mse", value), y_limits=(0.0, None),
                tick_form=number)  # fmt: skip
    legend = [{"label": line.label, "role": line.role, "last": shown("mse", line.ys[-1])} for line in lines]
    return {"svg": svg, "lines": legend, "num_steps": count(rows[-1]["step"])}


def _lines(samples: Sequence[Any]) -> list[Floats]:
    """Return the first channel of each series ``(time, channels)``."""
    return [np.asarray(sample).reshape(len(sample), -1)[:, 0] for sample in samples]


def _range(lines: Sequence[Floats]) -> tuple[float, float]:
    values = np.concatenate(lines)
    seen = values[np.isfinite(values)]
    return (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
