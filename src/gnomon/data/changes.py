"""What differs between data as they are and as they were when a run began."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gnomon.core.errors import printable

NUM_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Samples by name, and whether the same ones come in another order."""

    added: Collection[str]
    edited: Collection[str]
    removed: Collection[str]
    reordered: bool

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.edited or self.removed or self.reordered)

    def lines(self, many: str, *, named: bool = True) -> list[str]:
        """Return one line for each kind of change, naming some samples of each; ``many`` is what they are called."""
        told = []
        for what, names in (("added", self.added), ("edited", self.edited), ("removed", self.removed)):
            if not names:
                continue
            shown = ", ".join(printable(name) for name in sorted(names)[:NUM_NAMES])
            more = ", …" if len(names) > NUM_NAMES else ""
            told.append(f"{len(names):,} {what}" + (f": {shown}{more}" if named else ""))
        return told or [f"the same {many} come in another order"]
