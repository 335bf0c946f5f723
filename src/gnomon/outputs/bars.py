"""Scores with their intervals, the budget as it was planned and used, and counts by size, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gnomon.outputs.charts import ticks
from gnomon.outputs.wording import count

_ROW_PX = 58
_AXIS_PX = 24


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One row: a measured value with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    main: bool = False


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of a time bar. ``role`` is its class in the style sheet."""

    name: str
    seconds: float
    role: str


def intervals(
    rows: Sequence[Estimate],
    *,
    form: Callable[[float], str],
    tick_form: Callable[[float], str],
    low: float,
    high: float,
    title: str,
) -> Markup:
    """Draw values as strokes on their 95 % intervals over a common axis from ``low`` to ``high``, one row each."""
    height = _ROW_PX * len(rows) + _AXIS_PX
    bottom = height - _AXIS_PX
    words = "; ".join(f"{r.name} {form(r.value)} ({form(r.low)} to {form(r.high)})" for r in rows)
    return Markup(
        '<svg class="intervals" width="100%" height="{height}" role="img" aria-label="{title}: {words}">'
        "<title>{title}: {words}</title>{grid}{rows}</svg>"
    ).format(
        height=height,
        title=title,
        words=words,
        grid=Markup("").join(_tick(value, low, high, bottom, tick_form) for value in ticks(low, high, 4)),
        rows=Markup("").join(_row(index, row, low, high, form) for index, row in enumerate(rows)),
    )


def time_bar(pieces: Sequence[Piece], *, full_s: float, budget_s: float | None, title: str) -> Markup:
    """Draw seconds one after the other on a bar that stands for ``full_s``; a line marks the budget's end."""
    words = ", ".join(f"{piece.name} {piece.seconds:.1f} s" for piece in pieces)
    parts, at_s = [], 0.0
    for piece in pieces:
        parts.append(
            Markup('<rect class="{}" x="{:.3f}%" width="{:.3f}%" y="6" height="28"><title>{}</title></rect>').format(
                piece.role, 100 * at_s / full_s, 100 * piece.seconds / full_s, f"{piece.name}: {piece.seconds:.1f} s"
            )
        )
        at_s += piece.seconds
    end = Markup("")
    if budget_s is not None:
        end = Markup('<line class="limit" x1="{0:.3f}%" x2="{0:.3f}%" y1="0" y2="40"/>').format(
            min(99.9, 100 * budget_s / full_s)
        )
    return Markup(
        '<svg class="timebar" width="100%" height="40" role="img" aria-label="{title}: {words}"><title>{title}: '
        "{words}</title>{parts}{end}</svg>"
    ).format(title=title, words=words, parts=Markup("").join(parts), end=end)


def histogram(counts: Sequence[int], edges: Sequence[float], *, unit: str, title: str) -> Markup:
    """Draw counts as bars, ``counts[i]`` for sizes from ``edges[i]`` to ``edges[i + 1]`` of a unit."""
    height, low, high, most = 132, edges[0], edges[-1], max(counts, default=1) or 1
    bottom = height - _AXIS_PX
    bars = [
        Markup('<rect class="pile" x="{}%" width="{}%" y="{:.1f}" height="{:.1f}"><title>{}</title></rect>').format(
            _place(left, low, high), round(_place(right, low, high) - _place(left, low, high), 3),
            bottom * (1 - n / most), bottom * n / most,
            f"{count(math.ceil(left))} to {count(math.floor(right))} {unit}: {count(n)}",
        )
        for n, left, right in zip(counts, edges, edges[1:], strict=False) if n
    ]  # fmt: skip
    return Markup(
        '<svg class="histogram" width="100%" height="{height}" role="img" aria-label="{title}"><title>{title}</title>'
        '{grid}{bars}<line class="grid" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/></svg>'
    ).format(
        height=height,
        title=title,
        grid=Markup("").join(
            _tick(value, low, high, bottom, count) for value in ticks(low, high, 5) if value.is_integer()
        ),
        bars=Markup("").join(bars),
        bottom=bottom,
    )


def _place(value: float, low: float, high: float) -> float:
    return round(100 * min(1.0, max(0.0, (value - low) / ((high - low) or 1.0))), 3)


def _tick(value: float, low: float, high: float, bottom: int, form: Callable[[float], str]) -> Markup:
    place = _place(value, low, high)
    anchor = "start" if place < 3 else "end" if place > 97 else "middle"
    return Markup(
        '<line class="grid" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/><text x="{0}%" y="{2}" text-anchor="{3}">{4}</text>'
    ).format(place, bottom, bottom + 18, anchor, form(value))


def _row(index: int, row: Estimate, low: float, high: float, form: Callable[[float], str]) -> Markup:
    top = index * _ROW_PX
    left, right, place = (_place(v, low, high) for v in (row.low, row.high, row.value))
    middle = top + 38
    return Markup(
        '<g class="{role}"><title>{name}: {value}, 95 % interval {a} to {b}</title>'
        '<text class="name" x="0" y="{text}">{name}</text>'
        '<text class="value" x="100%" y="{text}" text-anchor="end">{value}</text>'
        '<line class="track" x1="0" x2="100%" y1="{middle}" y2="{middle}"/>'
        '<rect class="span" x="{left}%" width="{width}%" y="{span}" height="10" rx="3"/>'
        '<line class="point" x1="{place}%" x2="{place}%" y1="{above}" y2="{below}"/></g>'
    ).format(
        role="main" if row.main else "quiet",
        name=row.name,
        value=form(row.value),
        a=form(row.low),
        b=form(row.high),
        text=top + 20,
        middle=middle,
        left=left,
        width=round(max(0.4, right - left), 3),
        span=middle - 5,
        place=place,
        above=middle - 9,
        below=middle + 9,
    )
