"""Drawings of made-up rows beside real ones: how a column is spread in both, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from gnomon.outputs.wording import percent

_WIDTH_PX, _HEIGHT_PX = 240, 72


def pair_of_bars(real: Sequence[float], made: Sequence[float], names: Sequence[str], *, title: str) -> Markup:
    """Draw the shares of each value or bin, real ones and made ones side by side, each pair under one name."""
    most = max((*real, *made), default=0.0) or 1.0
    each = _WIDTH_PX / max(1, len(real))
    bars = Markup("").join(
        _bar(k * each + side * each * 0.44, each * 0.42, share / most, kind, f"{name}: {percent(a)} real, {percent(b)}")
        for k, (a, b, name) in enumerate(zip(real, made, names, strict=True))
        for side, (share, kind) in enumerate(((a, "usual"), (b, "strange")))
        if share > 0
    )
    return Markup(
        '<svg class="histogram" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
        "<title>{2}</title>{3}</svg>"
    ).format(_WIDTH_PX, _HEIGHT_PX, title, bars)


def _bar(x: float, width: float, share: float, kind: str, text: str) -> Markup:
    height = (_HEIGHT_PX - 2) * share
    return Markup(
        '<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"><title>{}</title></rect>'
    ).format(kind, x, _HEIGHT_PX - height, max(0.5, width), height, text)
