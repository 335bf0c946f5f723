"""How large the samples are in each phase of a plan, whatever version of Gnomon wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Size:
    """From which progress on samples have a size, and how that reads: ``24 px``, ``128 tokens``."""

    from_progress: float
    text: str


def sizes(plan: Mapping[str, Any]) -> list[Size]:
    """Return the sizes of a plan's phases in order; none where samples have no size.

    Plans tell ``size`` with one ``unit`` for all phases; those of schema 1 before it told ``size_px``.
    """
    unit = str(plan.get("unit", "px"))
    found = []
    for phase in plan.get("phases", ()):
        size = phase.get("size", phase.get("size_px"))
        if size and unit:
            found.append(Size(float(phase["from_progress"]), f"{size} {unit}"))
    return found


def size_word(plan: Mapping[str, Any]) -> str:
    """Return what it is that has the sizes: ``pictures``, ``length`` (tokens) or ``window`` (steps)."""
    return {"px": "pictures", "tokens": "length", "steps": "window"}.get(str(plan.get("unit", "px")), "size")


def sample_word(plan: Mapping[str, Any]) -> str:
    """Return what a plan's batches hold: ``pictures`` where its sizes are in pixels, else ``samples``."""
    return "pictures" if sizes(plan) and plan.get("unit", "px") == "px" else "samples"
