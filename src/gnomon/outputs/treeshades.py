"""Which colour each class of a tree's nodes has: along a scale where classes are in order, else one of ten."""

from __future__ import annotations

from collections.abc import Sequence

_OPPOSITES = ({"negative", "neg", "bad"}, {"positive", "pos", "good"})
MOST_HUES = 10


def shades(classes: Sequence[str]) -> dict[str, str]:
    """Return for each class the name of its colour in the style sheet: ``s-4`` to ``s4``, or ``h0`` to ``h9``.

    Numbers in a row, and a pair such as negative and positive, lie on a scale from one side over neutral to the other.
    """
    names = [str(name) for name in classes]
    if are_ordered(names):
        middle = (len(names) - 1) / 2
        return {name: f"s{round(4 * (place - middle) / (middle or 1))}" for place, name in enumerate(names)}
    return {name: f"h{place % MOST_HUES}" for place, name in enumerate(names)}


def are_ordered(names: Sequence[str]) -> bool:
    """Return whether some classes have an order with two ends: 3 to 9 numbers in a row, or two opposites."""
    if len(names) == len(_OPPOSITES):
        return all(name.lower() in side for name, side in zip(names, _OPPOSITES, strict=True))
    if not 3 <= len(names) <= 9 or not all(name.lstrip("-").isdecimal() for name in names):
        return False
    numbers = [int(name) for name in names]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
