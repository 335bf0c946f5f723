"""The curves of a run: scores, losses, learning rate and speed over time and over steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from gnomon.outputs.charts import Axes, Line, curve, finite, smooth
from gnomon.outputs.record import Lines, Record
from gnomon.outputs.sections import FEW_REFITS
from gnomon.outputs.sizes import sizes
from gnomon.outputs.subject import kinds_of, things
from gnomon.outputs.verdict import bits, headline, token_word
from gnomon.outputs.wording import count, duration, metric, number, several, shown, tick

Context = dict[str, Any]


def curves(record: Record) -> Context:
    """Return two groups of the same charts, over time and over steps; empty where nothing was recorded."""
    if len(record.train) + len(record.valid) < 2:
        return {}
    groups = [
        _group(record, "elapsed_s", "time", duration),
        _group(record, "step", "steps", count),
    ]
    return {
        "groups": [group for group in groups if group["charts"]],
        "num_refits": len(record.history.refits) if len(record.history.refits) <= FEW_REFITS else 0,
        "table": record.valid[-200:],
        "names": _valid_metrics(record),
    }


def _group(record: Record, key: str, label: str, form: Callable[[float], str]) -> Context:
    axes = _axes(record, key, form)
    name = headline(record)
    charts = [
        *([] if name == "loss" else [_score_chart(record, key, axes, name)]),
        _loss_chart(record, key, axes),
        *(_beside_loss(record, key, axes) if name == "loss" else []),
        _terms_chart(record, key, axes),
        _single(record.train, key, "lr", axes, "Learning rate", number),
        _single(record.train, key, "samples_per_s", axes, _pace(record), count),
    ]
    return {
        "label": label,
        "charts": [chart for chart in charts if chart["svg"]],
        "bands": [(axes.percent(low), axes.percent(high), text) for low, high, text in axes.bands],
    }


def _pace(record: Record) -> str:
    """Return what the chart of the speed is called; language models and forecasters read windows of their data."""
    windows = kinds_of(record)[1] in ("Text", "Series")
    return f"{'windows' if windows else several(things(record))} per second".capitalize()


def _axes(record: Record, key: str, form: Callable[[float], str]) -> Axes:
    seen = [float(line[key]) for line in (*record.train, *record.valid) if key in line]
    high = max(seen, default=1.0)
    low = 0.0 if key == "step" else min(seen, default=0.0)
    refit_key = "at_step" if key == "step" else key
    marks = [
        (float(refit[refit_key]), f"re-fit: {refit.get('steps'):,} steps, {refit.get('reason', '')}")
        for refit in record.history.refits
        if len(record.history.refits) <= FEW_REFITS
        if low <= float(refit.get(refit_key, -1)) <= high
    ]
    return Axes(x_low=low, x_high=high, x_form=form, marks=marks, bands=_bands(record, key, low, high))


def _bands(record: Record, key: str, low: float, high: float) -> list[tuple[float, float, str]]:
    """Return where each size of the samples begins and ends; progress becomes x through the records in between."""
    phases = sizes(record.history.plan)
    known = sorted((line["progress"], line[key]) for line in record.train if "progress" in line and key in line)
    if len(phases) < 2 or len(known) < 2:
        return []
    starts = [low, *(_interpolate(phase.from_progress, known) for phase in phases[1:])]
    ends = [*starts[1:], high]
    return [(start, end, phase.text) for start, end, phase in zip(starts, ends, phases, strict=True) if end > start]


def _interpolate(progress: float, known: Sequence[tuple[float, float]]) -> float:
    if progress <= known[0][0]:
        return float(known[0][1])
    for (p0, x0), (p1, x1) in pairwise(known):
        if p0 <= progress <= p1:
            return x0 + (x1 - x0) * ((progress - p0) / (p1 - p0) if p1 > p0 else 0.0)
    return float(known[-1][1])


def _score_chart(record: Record, key: str, axes: Axes, name: str) -> Context:
    xs, ys = finite([(line.get(key), line.get(name)) for line in record.valid])
    shape = metric(name)
    line = Line(label="validation", xs=xs, ys=ys, dots=True)
    level = _level(record, name)
    limits = (None, 1.0) if shape.form == "share" else (None, None)
    svg = curve(
        [line], axes, title=f"Validation {shape.in_words}", form=lambda v: shown(name, v), height_px=230,
        y_limits=limits, tick_form=lambda v: tick(name, v), baseline=level,
    )  # fmt: skip
    return {
        "title": f"Validation {shape.in_words}",
        "wide": True,
        "svg": svg,
        "lines": [_legend(line, lambda v: shown(name, v))],
    }


def _level(record: Record, name: str) -> tuple[float, str] | None:
    """Return the best baseline as a level. That of a series is left out: its test span may be harder by itself."""
    rows = [baseline for baseline in record.evaluation.get("baselines", []) if name in baseline.get("scores", {})]
    if not rows or kinds_of(record)[1] == "Series":
        return None
    sign = 1 if metric(name).higher_is_better else -1
    best = max(rows, key=lambda row: sign * row["scores"][name]["value"])
    return float(best["scores"][name]["value"]), "best baseline"


def _loss_chart(record: Record, key: str, axes: Axes) -> Context:
    main = headline(record) == "loss"
    form = _score_form("loss") if main else number
    xs, ys = finite([(line.get(key), line.get("loss")) for line in record.train])
    lines = [Line(label="training", xs=xs, ys=ys, role="quiet")]
    if len(xs) > 60:
        lines = [
            Line(label="training, each record", xs=xs, ys=ys, role="faint"),
            Line(label="training", xs=xs, ys=smooth(ys, max(5, len(ys) // 40)), role="quiet"),
        ]
    name = next((n for n in ("loss", "log_loss") if any(n in line for line in record.valid)), "loss")
    xs, ys = finite([(line.get(key), line.get(name)) for line in record.valid])
    lines.append(
        Line(
            label=f"validation {name.replace('_', '-')}" if name != "loss" else "validation",
            xs=xs,
            ys=ys,
            role="main",
            dots=True,
        )
    )
    unit = f"Loss, nats a {token_word(record)}" if main else "Loss"
    svg = curve(
        lines, axes, title=unit, form=form, y_limits=(None if main else 0.0, None), height_px=230 if main else 190,
        baseline=_level(record, "loss") if main else None, tick_form=number,
    )  # fmt: skip
    note = ""
    if name == "log_loss" and len(xs) > 1:
        note = "Training adds augmentation and label smoothing, so the two need not meet."
    return {
        "title": unit,
        "wide": True,
        "svg": svg,
        "note": note,
        "lines": [_legend(line, form) for line in lines if len(line.xs) > 1],
    }


def _beside_loss(record: Record, key: str, axes: Axes) -> list[Context]:
    """Return the validation loss said in other words: as perplexity, and as bits of a byte or a character."""
    name, factor = bits(record)
    xs, nats = finite([(line.get(key), line.get("loss")) for line in record.valid])
    told = [("perplexity", [math.exp(min(value, 700.0)) for value in nats])]
    if name:
        told.append((name, [value * factor for value in nats]))
    charts = []
    for other, ys in told:
        line, form = Line(label="validation", xs=xs, ys=ys, dots=True), _score_form(other)
        title = f"Validation {metric(other).in_words}"
        svg = curve([line], axes, title=title, form=form, height_px=150, tick_form=number)
        charts.append({"title": title, "svg": svg, "wide": not name, "lines": [_legend(line, form)]})
    return charts


def _terms_chart(record: Record, key: str, axes: Axes) -> Context:
    """Return the two terms of the bound on the validation samples: nothing where there is no such bound."""
    lines = []
    for name, role in (("reconstruction", "main"), ("kl", "rival")):
        xs, ys = finite([(line.get(key), line.get(name)) for line in record.valid])
        lines.append(Line(label=metric(name).in_words, xs=xs, ys=ys, role=role, dots=True))  # type: ignore[arg-type]
    form = _score_form("kl")
    svg = curve(lines, axes, title="Terms of the bound, nats", form=form, y_limits=(0.0, None), tick_form=number)
    return {
        "title": "Terms of the bound, nats",
        "wide": True,
        "svg": svg,
        "note": "Their sum is what is trained. A KL near 0 means that the latents tell nothing.",
        "lines": [_legend(line, form) for line in lines if len(line.xs) > 1],
    }


def _score_form(name: str) -> Callable[[float], str]:
    return lambda value: shown(name, value)


def _single(records: Lines, key: str, name: str, axes: Axes, title: str, form: Callable[[float], str]) -> Context:
    xs, ys = finite([(line.get(key), line.get(name)) for line in records])
    line = Line(label=title.lower(), xs=xs, ys=ys, role="quiet")
    svg = curve([line], axes, title=title, form=form, height_px=150, y_limits=(0.0, None))
    return {"title": title, "svg": svg, "lines": [_legend(line, form)]}


def _legend(line: Line, form: Callable[[float], str]) -> Context:
    return {"label": line.label, "role": line.role, "last": form(line.ys[-1]) if line.ys else "–"}


def _valid_metrics(record: Record) -> list[str]:
    known = {"step", "progress", "elapsed_s", "split"}
    return list(dict.fromkeys(name for line in record.valid for name in line if name not in known))
