"""What a running verb tells whoever watches it. The command line draws these; Python callers may collect them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Said:
    """A line for the user to read: what was found, guessed, chosen or noticed."""

    text: str
    level: str = "info"
    """``info``, ``guess`` (with the flag that overrides it), ``warning``."""


@dataclass(frozen=True, kw_only=True)
class Worked:
    """Progress of something that is not training: decoding, downloading, evaluating."""

    what: str
    done: int
    total: int
    unit: str = "samples"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The plan, as it is written to ``plan.jsonl``."""

    plan: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """One look at the training: emitted every step; the watcher decides how often to draw."""

    step: int
    steps: int
    progress: float
    loss: float | None
    """Mean training loss since the last value was read; None where it was not read back (no needless sync)."""
    valid: Mapping[str, float]
    lr: float
    samples_per_s: float
    elapsed_s: float
    left_s: float
    unit: str = ""
    """What a sample is called in the plural, where whoever shows the speed knows it."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The end of a verb: its result, as ``--json`` prints it."""

    result: Mapping[str, Any]


Event = Said | Worked | Planned | Stepped | Finished
Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """Watch nothing."""
