"""Series as drawings: a forecast with its band against the truth, small lines, and a long series as one strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from gnomon.outputs.charts import Axes, Band, Line, curve
from gnomon.outputs.wording import number

Floats = npt.NDArray[np.floating[Any]]

_STRIP_PX = 46
_BUCKETS = 360
_LINE_POINTS = 160
_LINE_PX = (150, 64)
"""Size of a small line's own coordinates; the page stretches them."""


def forecast(window: Mapping[str, Any]) -> tuple[Markup, list[Line]]:
    """Draw one window as ``details["drawn"]`` holds it, and return the lines too, for the legend.

    What the model saw stands left of 0; x counts steps from the last one that it saw.
    """
    past, truth, said = window["past"], window["truth"], window["forecast"]
    ahead = list(range(1, len(truth) + 1))
    before = list(range(1 - len(past), 1))
    lines = [
        Line(label="last season", xs=ahead, ys=window["seasonal"], role="rival"),
        Line(label="truth", xs=before + ahead, ys=[*past, *truth], role="truth"),
        Line(label="forecast", xs=ahead, ys=said, role="main"),
    ]
    times = [str(time) for time in window.get("times", ())][-(len(past) + len(truth)) :]

    def at(x: float) -> str:
        place = round(x) + len(past) - 1
        return times[place] if 0 <= place < len(times) else step(x)

    axes = Axes(x_low=before[0] if before else 0, x_high=len(truth), x_form=step, at_form=at, num_ticks=7,
                marks=[(0.0, "the forecast begins")])  # fmt: skip
    band = Band(xs=ahead, lows=window["low"], highs=window["high"]) if window.get("low") else None
    title = f"{window.get('channel', 'series')} from {window.get('id', '')}"
    return curve(lines, axes, title=title, form=number, height_px=210, band=band), lines


def step(x: float) -> str:
    """Return a distance in steps: ``+24``, ``−48``, and ``now`` for 0."""
    whole = round(x)
    return "now" if whole == 0 else f"+{whole:,}" if whole > 0 else f"−{-whole:,}"


def strip(values: Floats, cuts: Sequence[float]) -> Markup:
    """Draw a long series ``(time,)`` as the range that it covers from place to place, over bands that end at ``cuts``.

    ``cuts`` are shares of the length, ascending, the last one 1. Values that are no numbers leave a gap.
    """
    parts = [
        Markup('<rect class="part{}" x="{:.2f}%" width="{:.2f}%" y="0" height="{}"/>').format(
            index % 3, 100 * low, 100 * (high - low), _STRIP_PX
        )
        for index, (low, high) in enumerate(zip([0.0, *cuts], cuts, strict=False))
    ]
    return Markup(
        '<svg class="strip" width="100%" height="{0}" aria-hidden="true">{1}'
        '<svg viewBox="0 0 {2} {0}" width="100%" height="{0}" preserveAspectRatio="none"><path d="{3}"/></svg></svg>'
    ).format(_STRIP_PX, Markup("").join(parts), _BUCKETS, _envelope(values))


def small_lines(series: Sequence[Floats], low: float, high: float, *, label: str) -> Markup:
    """Draw series ``(time,)`` over each other in one small picture, all on the scale from ``low`` to ``high``."""
    width, height = _LINE_PX
    paths = Markup("").join(Markup('<path d="{}"/>').format(_polyline(one, low, high)) for one in series)
    return Markup(
        '<svg class="lines" viewBox="0 0 {0} {1}" width="100%" height="{1}" preserveAspectRatio="none" role="img" '
        'aria-label="{2}">{3}</svg>'
    ).format(width, height, label, paths)


def _envelope(values: Floats) -> str:
    """Return the path of an area from the least to the greatest value of each of at most 360 places."""
    if not np.isfinite(values).any():
        return ""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scale = (_STRIP_PX - 8) / ((high - low) or 1.0)
    top, bottom = [], []
    pieces = np.array_split(values, min(_BUCKETS, len(values)))
    for place, piece in enumerate(pieces):
        seen = piece[np.isfinite(piece)]
        if not len(seen):
            continue
        x = f"{place * _BUCKETS / max(1, len(pieces) - 1):.4g}"
        top.append(f"{x} {_STRIP_PX - 4 - scale * (float(seen.max()) - low):.4g}")
        bottom.append(f"{x} {_STRIP_PX - 4 - scale * (float(seen.min()) - low):.4g}")
    return f"M{'L'.join([*top, *reversed(bottom)])}Z"


def _polyline(values: Floats, low: float, high: float) -> str:
    width, height = _LINE_PX
    places = np.unique(np.linspace(0, len(values) - 1, min(_LINE_POINTS, len(values))).astype(np.int64))
    points = [
        f"{width * place / max(1, len(values) - 1):.4g} "
        f"{height - 4 - (height - 8) * (float(values[place]) - low) / ((high - low) or 1.0):.4g}"
        for place in places
        if np.isfinite(values[place])
    ]
    return f"M{'L'.join(points)}" if points else ""
