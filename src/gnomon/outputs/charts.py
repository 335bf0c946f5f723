"""Line charts and the reliability diagram as inline SVG that stays sharp at every width.

Horizontal places are percentages of the width and only curves are stretched, so text keeps its size on a phone.
Colours come from the page's style sheet (classes ``main``, ``quiet``, ``faint``, ``truth``, ``rival``), so one drawing
serves light and dark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup

_TOP_PX = 22
_BOTTOM_PX = 24
_MAX_POINTS = 360

Role = Literal["main", "quiet", "faint", "truth", "rival"]
"""How a curve looks, by its part in the chart."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve: ``xs`` and ``ys`` of equal length, finite, ``xs`` ascending."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    role: Role = "main"
    dots: bool = False
    stairs: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """What lies between ``lows`` and ``highs``, drawn behind the lines: all three of equal length and finite."""

    xs: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What the charts of one group share: the range of x, how x reads, marks (re-fits) and bands (resolutions)."""

    x_low: float
    x_high: float
    x_form: Callable[[float], str]
    at_form: Callable[[float], str] | None = None
    """How the place under the cursor reads, where that is not how x reads at the axis."""
    num_ticks: int = 5
    marks: Sequence[tuple[float, str]] = ()
    bands: Sequence[tuple[float, float, str]] = field(default=())

    def percent(self, x: float) -> float:
        """Return the horizontal place of ``x`` in percent of the width."""
        return round(100 * (x - self.x_low) / ((self.x_high - self.x_low) or 1.0), 3)


def curve(
    lines: Sequence[Line],
    axes: Axes,
    *,
    title: str,
    form: Callable[[float], str],
    height_px: int = 190,
    y_limits: tuple[float | None, float | None] = (None, None),
    tick_form: Callable[[float], str] | None = None,
    baseline: tuple[float, str] | None = None,
    band: Band | None = None,
) -> Markup:
    """Draw curves over common axes; pointing at them reads their values (the page's script uses ``data-plot``).

    ``form`` words a value of y, ``tick_form`` a value at the axis. ``baseline`` is a dashed level with its name,
    ``band`` an interval around one of the lines.
    Lines with fewer than two points are left out; with none left the answer is empty.
    """
    drawn = [_thin(line) for line in lines if len(line.xs) > 1]
    if not drawn:
        return Markup()
    low, high = _y_range(drawn, y_limits, baseline, band)
    scale = Scale(low, high, _TOP_PX, height_px - _BOTTOM_PX)
    parts = [
        *_bands(axes, height_px),
        *_y_grid(scale, tick_form or form, 4 if height_px >= 200 else 3),
        *_x_ticks(axes, height_px),
        *(_mark(axes, x, text, height_px) for x, text in axes.marks),
        *(_baseline(scale, *baseline) if baseline else ()),
        *(_filled(band, axes, scale, height_px) if band else ()),
        *_curves(drawn, axes, scale, height_px),
    ]
    reading = json.dumps(_reading(drawn, axes, scale, form), separators=(",", ":"), ensure_ascii=False)
    words = f"{title}: " + "; ".join(f"{line.label} from {form(line.ys[0])} to {form(line.ys[-1])}" for line in drawn)
    return Markup(
        '<svg class="plot" width="100%" height="{height}" role="img" tabindex="0" aria-label="{words}" '
        'data-plot="{reading}"><title>{words}</title>{body}'
        '<line class="cursor" y1="{top}" y2="{bottom}" x1="0" x2="0"/>{dots}</svg>'
    ).format(
        height=height_px,
        words=words,
        reading=reading,
        body=Markup("").join(parts),
        top=_TOP_PX - 8,
        bottom=height_px - _BOTTOM_PX,
        dots=Markup("").join(Markup('<circle class="read {}" r="4.5"/>').format(line.role) for line in drawn),
    )


@dataclass(frozen=True)
class Scale:
    """A linear map from values to pixels from the top."""

    low: float
    high: float
    top_px: float
    bottom_px: float

    def y(self, value: float) -> float:
        """Return the vertical place of a value in pixels."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.bottom_px - min(1.05, max(-0.05, share)) * (self.bottom_px - self.top_px), 2)


def ticks(low: float, high: float, num_wanted: int) -> list[float]:
    """Return about ``num_wanted`` round numbers (1, 2, 2.5 or 5 times a power of ten) in ``[low, high]``."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, num_wanted)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def finite(pairs: Sequence[tuple[Any, Any]]) -> tuple[list[float], list[float]]:
    """Return the xs and ys of those pairs that are two finite numbers; a lost batch leaves a gap, not a spike."""
    kept = [(float(x), float(y)) for x, y in pairs if _is_number(x) and _is_number(y)]
    return [x for x, _ in kept], [y for _, y in kept]


def smooth(values: Sequence[float], width: int) -> list[float]:
    """Return the centred moving mean over ``width`` values, narrower at both ends."""
    half = width // 2
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    spans = [(max(0, i - half), min(len(values), i + half + 1)) for i in range(len(values))]
    return [(sums[high] - sums[low]) / (high - low) for low, high in spans]


def reliability(bins: Sequence[Mapping[str, float]]) -> Markup:
    """Draw stated confidence (x) against accuracy (y), one bar a bin, with the diagonal of perfect honesty.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, figure 1.
    """
    side, left, top = 300, 40, 8
    parts = [
        Markup('<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
               '<text x="{3}" y="{4}" text-anchor="end">{5}</text>'
               '<text x="{6}" y="{7}" text-anchor="middle">{5}</text>').format(
            left, left + side, top + side * (1 - t), left - 8, top + side * (1 - t) + 4, f"{t:.0%}",
            left + side * t, top + side + 20)
        for t in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]  # fmt: skip
    most = max((b["n"] for b in bins), default=1) or 1
    for b in bins:
        if not b["n"]:
            continue
        x, width = left + side * b["low"], side * (b["high"] - b["low"])
        text = f"stated {b['confidence']:.1%}, right {b['accuracy']:.1%}, {b['n']:,} samples"
        parts.append(
            Markup('<g class="bin"><title>{}</title><rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                   'height="{:.1f}" style="--weight:{:.2f}"/><line class="rim" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" '
                   'y2="{:.1f}"/></g>').format(
                text, x + 1, top + side * (1 - b["accuracy"]), width - 2, side * b["accuracy"],
                0.15 + 0.85 * math.sqrt(b["n"] / most), x + 1, x + width - 1,
                top + side * (1 - b["accuracy"]), top + side * (1 - b["accuracy"]))
        )  # fmt: skip
    return Markup(
        '<svg class="square" viewBox="0 0 352 358" role="img" aria-label="Reliability diagram: accuracy against stated '
        'confidence"><title>Accuracy against stated confidence</title>{}'
        '<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>'
        '<text class="axis" x="190" y="352" text-anchor="middle">stated confidence</text></svg>'
    ).format(Markup("").join(parts), left, top + side, left + side, top)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _thin(line: Line) -> Line:
    """Keep at most ``_MAX_POINTS`` points, first and last among them."""
    num = len(line.xs)
    if num <= _MAX_POINTS:
        return line
    kept = sorted({round(i * (num - 1) / (_MAX_POINTS - 1)) for i in range(_MAX_POINTS)})
    return Line(
        label=line.label,
        xs=[line.xs[i] for i in kept],
        ys=[line.ys[i] for i in kept],
        role=line.role,
        dots=line.dots,
        stairs=line.stairs,
    )


def _y_range(
    lines: Sequence[Line],
    limits: tuple[float | None, float | None],
    baseline: tuple[float, str] | None,
    band: Band | None = None,
) -> tuple[float, float]:
    values = [y for line in lines for y in line.ys] + ([baseline[0]] if baseline else [])
    values += [*band.lows, *band.highs] if band else []
    low = min(values) if limits[0] is None else limits[0]
    high = max(values) if limits[1] is None else limits[1]
    if low == high:
        high = low + (abs(low) or 1.0) * 0.1
    return low, high


def _y_grid(scale: Scale, form: Callable[[float], str], num_wanted: int) -> list[Markup]:
    return [
        Markup(
            '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/><text x="-10" y="{1}" text-anchor="end">{2}</text>'
        ).format(scale.y(value), scale.y(value) + 4, form(value))
        for value in ticks(scale.low, scale.high, num_wanted)
    ]


def _x_ticks(axes: Axes, height_px: int) -> list[Markup]:
    values = ticks(axes.x_low, axes.x_high, axes.num_ticks)
    parts = []
    for value in values:
        place = axes.percent(value)
        anchor = "start" if place < 3 else "end" if place > 97 else "middle"
        parts.append(
            Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
                place, height_px - 6, anchor, axes.x_form(value)
            )
        )
    return parts


def _bands(axes: Axes, height_px: int) -> list[Markup]:
    if len(axes.bands) < 2:
        return []
    return [
        Markup('<rect class="band{0}" x="{1}%" width="{2}%" y="{3}" height="{4}"><title>{5}</title></rect>').format(
            index % 2,
            axes.percent(low),
            round(axes.percent(high) - axes.percent(low), 3),
            _TOP_PX - 8,
            height_px - _BOTTOM_PX - _TOP_PX + 8,
            text,
        )
        for index, (low, high, text) in enumerate(axes.bands)
    ]


def _mark(axes: Axes, x: float, text: str, height_px: int) -> Markup:
    return Markup('<line class="mark" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"><title>{3}</title></line>').format(
        axes.percent(x), _TOP_PX - 8, height_px - _BOTTOM_PX, text
    )


def _baseline(scale: Scale, value: float, name: str) -> list[Markup]:
    return [
        Markup('<line class="base" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
               '<text class="halo" x="100%" y="{1}" text-anchor="end">{2}</text>').format(
            scale.y(value), scale.y(value) - 5, name
        )
    ]  # fmt: skip


def _curves(lines: Sequence[Line], axes: Axes, scale: Scale, height_px: int) -> list[Markup]:
    """Draw the paths in a nested, stretched SVG; the strokes do not stretch with it. Dots keep round outside of it."""
    paths = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(line.role, _path(line, axes, scale)) for line in lines
    )
    inner = Markup('<svg viewBox="0 0 100 {0}" width="100%" height="{0}" preserveAspectRatio="none">{1}</svg>')
    dots = [
        Markup('<circle class="dot {}" cx="{}%" cy="{}" r="3"/>').format(line.role, axes.percent(x), scale.y(y))
        for line in lines
        if line.dots and len(line.xs) <= 40
        for x, y in zip(line.xs, line.ys, strict=True)
    ]
    return [inner.format(height_px, paths), *dots]


def _filled(band: Band, axes: Axes, scale: Scale, height_px: int) -> list[Markup]:
    """Draw the band as one area, stretched like the curves."""
    top = [f"{axes.percent(x):g} {scale.y(y):g}" for x, y in zip(band.xs, band.highs, strict=True)]
    bottom = [f"{axes.percent(x):g} {scale.y(y):g}" for x, y in zip(band.xs, band.lows, strict=True)]
    inner = Markup(
        '<svg viewBox="0 0 100 {0}" width="100%" height="{0}" preserveAspectRatio="none">'
        '<path class="between" d="M{1}Z"/></svg>'
    )
    return [inner.format(height_px, "L".join([*top, *reversed(bottom)]))]


def _path(line: Line, axes: Axes, scale: Scale) -> str:
    points = [(axes.percent(x), scale.y(y)) for x, y in zip(line.xs, line.ys, strict=True)]
    head = f"M{points[0][0]:g} {points[0][1]:g}"
    if line.stairs:
        return head + "".join(f"H{x:g}V{y:g}" for x, y in points[1:])
    return head + "L" + " ".join(f"{x:g} {y:g}" for x, y in points[1:])


def _reading(lines: Sequence[Line], axes: Axes, scale: Scale, form: Callable[[float], str]) -> dict[str, Any]:
    """Return what the script needs to read values: places in percent and pixels, and the words to show."""
    return {
        "x": [[axes.percent(x) for x in line.xs] for line in lines],
        "at": [[(axes.at_form or axes.x_form)(x) for x in line.xs] for line in lines],
        "y": [[scale.y(y) for y in line.ys] for line in lines],
        "words": [[form(y) for y in line.ys] for line in lines],
        "labels": [line.label for line in lines],
    }
