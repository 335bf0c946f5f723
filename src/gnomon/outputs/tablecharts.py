"""Small drawings for tables: a histogram in a cell, bars of shares, and predicted against true values."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from gnomon.outputs.charts import ticks
from gnomon.outputs.wording import number

_SPARK_PX = (120, 26)
_SIDE_PX, _LEFT_PX, _UNDER_PX = 420, 62, 34


def spark(counts: Sequence[float], *, label: str) -> Markup:
    """Draw counts as small bars without axes, to stand in a cell of a table."""
    width, height = _SPARK_PX
    most, each = max(counts, default=0) or 1, width / max(1, len(counts))
    bars = [
        Markup('<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>').format(
            k * each, height - (height - 2) * n / most - 1, max(0.5, each - 1), (height - 2) * n / most + 1
        )
        for k, n in enumerate(counts)
        if n
    ]
    return Markup(
        '<svg class="spark" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>'
    ).format(width, height, label, Markup("").join(bars))


def scatter(xs: Sequence[float], ys: Sequence[float], *, x_title: str, y_title: str) -> Markup:
    """Draw points over equal axes, with the line on which both values are equal."""
    if len(xs) < 2:
        return Markup()
    low, high = min(*xs, *ys), max(*xs, *ys)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return round(_SIDE_PX * (value - low) / span, 1)

    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="2.4"/>').format(_LEFT_PX + at(x), _SIDE_PX - at(y))
        for x, y in zip(xs, ys, strict=True)
    )
    grid = Markup("").join(
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text x="{3}" y="{4}" text-anchor="end">{5}</text>'
            '<text x="{6}" y="{7}" text-anchor="middle">{5}</text>'
        ).format(_LEFT_PX, _LEFT_PX + _SIDE_PX, _SIDE_PX - at(value), _LEFT_PX - 8, _SIDE_PX - at(value) + 4,
                 number(value), _LEFT_PX + at(value), _SIDE_PX + 18)
        for value in ticks(low, high, 4)
    )  # fmt: skip
    return Markup(
        '<svg class="scatter" viewBox="0 0 {0} {1}" role="img" aria-label="{2} against {3}">'
        '<title>{2} against {3}</title>{4}<line class="ideal" x1="{5}" y1="{6}" x2="{7}" y2="0"/>{8}</svg>'
    ).format(
        _LEFT_PX + _SIDE_PX + 8,
        _SIDE_PX + _UNDER_PX,
        y_title,
        x_title,
        grid,
        _LEFT_PX,
        _SIDE_PX,
        _LEFT_PX + _SIDE_PX,
        dots,
    )


def piles(counts: Sequence[int], edges: Sequence[float], *, title: str) -> Markup:
    """Draw a histogram over an axis of measured values, with a line at 0."""
    height, bottom, low, high = 170, 146, edges[0], edges[-1]
    most, span = max(counts, default=1) or 1, (edges[-1] - edges[0]) or 1.0

    def at(value: float) -> float:
        return round(100 * (value - low) / span, 3)

    bars = Markup("").join(
        Markup('<rect class="pile" x="{}%" width="{}%" y="{:.1f}" height="{:.1f}"><title>{}</title></rect>').format(
            at(left), round(at(right) - at(left), 3), bottom * (1 - n / most), bottom * n / most,
            f"{number(left)} to {number(right)}: {n:,}",
        )
        for n, left, right in zip(counts, edges, edges[1:], strict=False) if n
    )  # fmt: skip
    marks = Markup("").join(
        Markup('<text x="{}%" y="{}" text-anchor="middle">{}</text>').format(at(value), bottom + 18, number(value))
        for value in ticks(low, high, 5)
        if 4 < at(value) < 96
    )
    zero = (
        Markup('<line class="limit" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(at(0.0), bottom)
        if low < 0 < high
        else ""
    )
    return Markup(
        '<svg class="histogram" width="100%" height="{0}" role="img" aria-label="{1}"><title>{1}</title>{2}{3}{4}</svg>'
    ).format(height, title, bars, marks, zero)
