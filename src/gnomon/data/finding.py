"""One thing that was noticed about the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]

MAX_IDS = 20
MAX_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the audit noticed; ``ids`` name at most ``MAX_IDS`` of the samples concerned."""

    level: Level
    text: str
    ids: tuple[str, ...] = ()
    fix: str = ""


def listed(names: Sequence[str]) -> str:
    """Return some of the names, quoted, and how many more there are."""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(repr, names[:MAX_NAMES])) + more
