"""What the user is willing to spend: ``5m``, ``1h30m``, ``10epochs``, ``2000steps``, ``1e6samples``, ``1e15flop``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from gnomon.core.errors import UsageError

Kind = Literal["time", "epochs", "steps", "samples", "flop"]

_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "sec": 1.0}
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)(d|h|min|m|sec|s))", re.ASCII)
_COUNT = re.compile(r"(\d+(?:\.\d*)?(?:e\+?\d+)?)\s*(epochs?|steps?|samples?|flops?)", re.ASCII)
_MOST_S = 366 * 86400.0
_EXAMPLES = "write it like 90s, 5m, 1h30m, 10epochs, 2000steps, 1e6samples or 1e15flop"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A parsed budget. ``value`` is in seconds for ``time``, else a count."""

    text: str
    kind: Kind
    value: float

    @property
    def seconds(self) -> float | None:
        """The wall time, or None where the budget is not a time."""
        return self.value if self.kind == "time" else None


def parse_budget(text: str) -> Budget:
    """Return the budget that a text means. Raises ``UsageError`` with examples for anything else."""
    compact = text.strip().lower().replace(" ", "")
    if count := _COUNT.fullmatch(compact):
        kind = count.group(2).rstrip("s")
        return _checked(text, "flop" if kind == "flop" else f"{kind}s", float(count.group(1)))
    parts = _TIME.findall(compact)
    if parts and "".join(number + unit for number, unit in parts) == compact:
        return _checked(text, "time", sum(float(number) * _UNITS_S[unit] for number, unit in parts))
    raise UsageError(f"the budget {text!r} is not understood", fix=_EXAMPLES)


def _checked(text: str, kind: str, value: float) -> Budget:
    if not math.isfinite(value) or value <= 0:
        raise UsageError(f"the budget {text!r} is nothing to train with", fix=_EXAMPLES)
    if kind == "time" and value > _MOST_S:
        raise UsageError(f"the budget {text!r} is more than a year", fix=_EXAMPLES)
    if kind == "steps" and value < 1:
        raise UsageError(f"the budget {text!r} is less than one step", fix=_EXAMPLES)
    return Budget(text=text.strip(), kind=kind, value=value)  # type: ignore[arg-type]


def format_s(seconds: float) -> str:
    """Return seconds as people write them: ``8.2 s``, ``4 m 59 s``, ``1 h 30 m``."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"
