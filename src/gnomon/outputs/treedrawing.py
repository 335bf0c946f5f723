"""Trees as inline SVG: the root above, a disc at every node in the colour of its label, the words below the leaves.

As in the figures of Socher et al., "Recursive deep models for semantic compositionality over a sentiment treebank",
EMNLP 2013. Colours come from the page's style sheet, so one drawing serves light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

from gnomon.data import trees
from gnomon.data.trees import Tree

MOST_NODES = 90
"""Nodes of a tree that are drawn at most: those nearest to the root."""

_STEP_PX = 34
_MARGIN_PX = 16
_RADIUS_PX = 9
_CHARACTER_PX = 6.6
_GAP_PX = 10
_LEAST_PX = 26
_MOST_CHARACTERS = 18


def drawing(
    tree: Tree, labels: Sequence[str], shades: Mapping[str, str], *, true: Sequence[str] = (), marked: int = -1
) -> Markup:
    """Draw a tree. ``labels`` has one for each node, ``""`` where none is known; ``shades`` gives their colours.

    Where ``true`` labels are given too, a node that has another one gets a ring. ``marked`` is a node to point at. Of a
    large tree the nodes nearest to the root are drawn.
    """
    small, kept = trees.cut(tree, MOST_NODES)
    chosen = [labels[node] for node in kept.tolist()]
    wanted = [true[node] for node in kept.tolist()] if len(true) else [""] * len(kept)
    place = int(np.searchsorted(kept, marked)) if marked in kept else -1
    depths = trees.depths(small.parents)
    children = trees.children_of(small.parents)
    xs, width = _across(small, children, with_discs=[bool(label) for label in chosen])
    ys = (depths * _STEP_PX + _MARGIN_PX).astype(float)
    height = float(ys.max()) + _STEP_PX
    pieces = [_branch(xs, ys, node, int(small.parents[node])) for node in range(len(small) - 1)]
    pieces += [
        _node(small.symbols[node], chosen[node], wanted[node], shades, xs[node], ys[node],
              is_leaf=not children[node], is_marked=node == place)
        for node in range(len(small))
    ]  # fmt: skip
    said = f"A tree of {len(tree):,} nodes" + (f", its root labelled {labels[-1]}" if labels[-1] else "")
    return Markup(
        '<svg class="tree" role="img" aria-label="{said}" width="{w:.0f}" height="{h:.0f}" '
        'viewBox="0 0 {w:.0f} {h:.0f}">'
        "{inner}</svg>"
    ).format(w=width, h=height, said=said, inner=Markup("").join(pieces))


def _across(tree: Tree, children: Sequence[Sequence[int]], *, with_discs: Sequence[bool]) -> tuple[list[float], float]:
    """Return where each node stands from the left, in pixels, and the width of it all.

    A node stands over the middle of what is below it, which is at least as wide as what stands at the node.
    """
    widths = [0.0] * len(tree)
    for node, symbol in enumerate(tree.symbols):
        disc = 2 * (_RADIUS_PX + 3) if with_discs[node] and children[node] and symbol else 0
        own = max(_LEAST_PX, _CHARACTER_PX * min(len(symbol), _MOST_CHARACTERS) + _GAP_PX + disc)
        widths[node] = max(own, sum(widths[child] for child in children[node]))
    lefts = [float(_MARGIN_PX)] * len(tree)
    for node in range(len(tree) - 1, -1, -1):
        at = lefts[node] + (widths[node] - sum(widths[child] for child in children[node])) / 2
        for child in children[node]:
            lefts[child] = at
            at += widths[child]
    xs = [left + wide / 2 for left, wide in zip(lefts, widths, strict=True)]
    for node, below in enumerate(children):
        if below:
            xs[node] = (xs[below[0]] + xs[below[-1]]) / 2
    return xs, widths[-1] + 2 * _MARGIN_PX


def _branch(xs: Sequence[float], ys: Sequence[float], node: int, parent: int) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        xs[parent], ys[parent], xs[node], ys[node]
    )


def _node(
    symbol: str,
    label: str,
    wanted: str,
    shades: Mapping[str, str],
    x: float,
    y: float,
    *,
    is_leaf: bool,
    is_marked: bool,
) -> Markup:
    word = symbol if len(symbol) <= _MOST_CHARACTERS else symbol[: _MOST_CHARACTERS - 1] + "…"
    is_wrong = bool(wanted and label and wanted != label)
    told = " ".join(
        part for part in (word, f"is {label}" if label else "", f"(truly {wanted})" if is_wrong else "") if part
    )
    kind = " ".join(part for part in (shades.get(label, ""), "wrong" * is_wrong, "marked" * is_marked) if part)
    found = Markup("")
    if label:
        found += Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(kind, x, y, _RADIUS_PX)
        short = label if len(label) <= 2 else {"negative": "−", "positive": "+"}.get(label, "")
        if short:
            found += Markup('<text class="in {}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y + 3.6, short)
    if word:
        below = _RADIUS_PX + 12 if label and is_leaf else 4
        beside = 0.0 if is_leaf or not label else _RADIUS_PX + 3
        role = "word" if is_leaf else "symbol"
        anchor = Markup(' style="text-anchor:start"') if beside else Markup("")
        found += Markup('<text class="{}" x="{:.1f}" y="{:.1f}"{}>{}</text>').format(
            role, x + beside, y + (below if is_leaf else 4), anchor, word
        )
    elif not label:
        found += Markup('<circle class="bare" cx="{:.1f}" cy="{:.1f}" r="2"/>').format(x, y)
    return Markup("<g><title>{}</title>{}</g>").format(escape(told or "a node"), found)
