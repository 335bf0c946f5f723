"""How samples spread: a map of points coloured by class, and a histogram of scores with what is strange among them."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from gnomon.outputs.charts import ticks

Floats = npt.NDArray[np.floating]

_SIDE = 460
_RIM = 14
_LEAST_HEIGHT = 120
_WIDTH, _HEIGHT, _FOOT = 640, 200, 24


def hues(num: int) -> list[str]:
    """Return a colour for each of ``num`` classes, as far from each other as they can be, readable on light and dark.

    Neighbours differ in lightness too, for those who do not see hues.
    """
    found = []
    for k in range(num):
        shades = colorsys.hls_to_rgb(k / max(1, num), (0.45, 0.62)[k % 2], 0.62)
        found.append("#" + "".join(f"{round(255 * part):02x}" for part in shades))
    return found


def class_map(points: Sequence[Sequence[float]], labels: Sequence[int], classes: Sequence[str]) -> Markup:
    """Draw points ``(n, 2)`` on a plane, coloured by their class, each class with its name where its points lie.

    Points of no known class, -1, are grey. Both axes have the same scale; what lies flat is drawn no higher than it
    is. Empty for no points.
    """
    rows = np.asarray(points, np.float64).reshape(-1, 2)
    if not len(rows):
        return Markup()
    known = np.asarray(labels, np.int64)
    middle, half = _frame(rows)
    places = _RIM + (rows - middle + half) / (2 * half) * (_SIDE - 2 * _RIM)
    places[:, 1] = _SIDE - places[:, 1]
    colours = hues(len(classes))
    dots = [
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.4"{}/>').format(
            x, y, Markup(' style="fill:{}"').format(colours[label]) if 0 <= label < len(classes) else ""
        )
        for (x, y), label in zip(places.tolist(), known.tolist(), strict=True)
    ]
    names = [_name(places[known == label], name) for label, name in enumerate(classes) if (known == label).any()]
    nearest = min(places[:, 1].min(), _SIDE - places[:, 1].max()) - _RIM
    top = max(0.0, min(nearest, (_SIDE - _LEAST_HEIGHT) / 2))
    words = f"Map of {len(rows)} samples" + (f" of {len(names)} classes" if names else "")
    return Markup(
        '<svg class="square map" viewBox="0 {:.0f} {} {:.0f}" role="img" aria-label="{words}"><title>{words}</title>'
        "{}{}</svg>"
    ).format(top, _SIDE, _SIDE - 2 * top, Markup("").join(dots), Markup("").join(names), words=words)


def score_histogram(
    edges: Sequence[float],
    usual: Sequence[int],
    strange: Sequence[int] = (),
    *,
    form: Callable[[float], str],
    mark: tuple[float, str] | None = None,
) -> Markup:
    """Draw how many samples have a score between neighbouring ``edges (bins + 1,)``: usual ones, and strange ones.

    Both are drawn as shares of their own number, so that few strange ones are seen beside many others. ``mark`` is a
    score with its name, drawn as a line. A last bin that is wider than the first holds all that is beyond, and is drawn
    as wide as the others. Empty where nothing was counted.
    """
    if len(edges) < 2 or not sum(usual):
        return Markup()
    end = min(edges[-1], edges[-2] + edges[1] - edges[0]) if len(edges) > 2 else edges[-1]
    span = (end - edges[0]) or 1.0
    shares = [(_shares(counts), role) for counts, role in ((usual, "usual"), (strange, "strange")) if sum(counts)]
    most = max(max(values) for values, _ in shares)

    def x(value: float) -> float:
        return round(_WIDTH * min(1.0, max(0.0, (value - edges[0]) / span)), 2)

    bars = [
        Markup('<rect class="{}" x="{}" width="{:.2f}" y="{:.2f}" height="{:.2f}"><title>{}</title></rect>').format(
            role, x(low), max(0.5, x(high) - x(low) - 1), _HEIGHT - _FOOT - tall, tall,
            f"{form(low)} to {form(high)}: {share:.1%} of the {role} samples")
        for values, role in shares
        for low, high, share in zip(edges[:-1], edges[1:], values, strict=True)
        if (tall := (_HEIGHT - _FOOT - 12) * share / most) > 0
    ]  # fmt: skip
    axis = [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(x(tick), _HEIGHT - 6, form(tick))
        for tick in ticks(edges[0], end, 6)
        if 0.03 < (tick - edges[0]) / span < 0.97
    ]
    line = Markup()
    if mark is not None and edges[0] <= mark[0] <= end:
        line = Markup('<line class="limit" x1="{0}" x2="{0}" y1="0" y2="{1}"><title>{2}</title></line>').format(
            x(mark[0]), _HEIGHT - _FOOT, mark[1]
        )
    return Markup(
        '<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="Histogram of scores">{}{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, Markup("").join(bars), line, Markup("").join(axis))


def _frame(rows: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return the middle and half the side of the square that holds all points."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    half = float((high - low).max()) / 2
    return (low + high) / 2, half if half > 0 and math.isfinite(half) else 1.0


def _name(places: npt.NDArray[np.float64], name: str) -> Markup:
    x, y = np.median(places, axis=0)
    shown = name if len(name) <= 16 else f"{name[:15]}…"
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(x, y + 4, shown)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]
