"""What an image reader found, before any picture is decoded: where the bytes are, classes, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Guess, Skipped
from gnomon.data.formats import UnreadableError

Payload = bytes | Path | npt.NDArray[np.uint8] | UnreadableError
"""A picture's encoded bytes, its file, its pixels ``(height, width, 1 or 3)``, or why there is none."""


class Payloads(Protocol):
    """The pictures of one split, in order, read as they are asked for."""

    def __iter__(self) -> Iterator[Payload]: ...

    def some(self, count: int) -> Iterator[Payload]:
        """Yield about ``count`` of them, spread over all, the same ones each time."""
        ...


@dataclass(frozen=True, kw_only=True)
class Part:
    """One split: names, class indices and pictures, all of the same length and order."""

    split: str
    ids: Sequence[str]
    targets: npt.NDArray[np.int64]
    payloads: Payloads


@dataclass(frozen=True, kw_only=True)
class Content:
    """All splits of a data set. ``facts`` are shown in the report."""

    parts: Sequence[Part]
    classes: tuple[str, ...]
    guesses: tuple[Guess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A reader's quick answer: what identifies the content without reading it, and how to read it.

    ``key`` changes whenever the content may have: paths, sizes and times of change of all files.
    """

    reader: str
    path: Path
    name: str
    key: Sequence[object]
    read: Callable[[], Content]


class Listed:
    """Pictures that are in memory or in files of their own: arrays ``(height, width, channels)`` or paths."""

    def __init__(self, items: Sequence[Path] | npt.NDArray[np.uint8]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Payload]:
        return iter(self._items)

    def some(self, count: int) -> Iterator[Payload]:
        """Yield about ``count`` of them, evenly spread."""
        yield from (self._items[i] for i in spread(len(self._items), count))


def spread(num_items: int, count: int) -> list[int]:
    """Return at most ``count`` indices below ``num_items``, evenly spread, without repetition."""
    return np.unique(np.linspace(0, num_items - 1, min(count, num_items)).astype(int)).tolist() if num_items else []
