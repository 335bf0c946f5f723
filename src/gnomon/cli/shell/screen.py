"""Where rows are drawn: on a terminal with a live line at the bottom, or line by line into a file or a pipe."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from gnomon.cli.shell import rows as row_text
from gnomon.cli.shell import training
from gnomon.cli.shell.rows import LABEL_WIDTH, Piece, Row
from gnomon.core.events import Stepped, Worked

if TYPE_CHECKING:
    from rich.text import Text


_MARGIN = 2
"""Columns left free beside the live line: a terminal echoes Ctrl-C as ``^C`` there."""


class Screen(Protocol):
    """A place to show things."""

    def due(self, now_s: float, share: float) -> bool:
        """Tell whether progress should be drawn now."""
        ...

    def rows(self, rows: Sequence[Row]) -> None:
        """Show rows for good."""
        ...

    def step(self, event: Stepped) -> None:
        """Show where training is."""
        ...

    def work(self, event: Worked, rate: float | None) -> None:
        """Show where other work is."""
        ...

    def settle(self, *, keep: bool) -> None:
        """End the live line: keep it as it stands, or wipe it."""
        ...


class Plain:
    """A log: a line about every tenth of the way or every 10 s, never more than one a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last_at_s = -math.inf
        self._last_share = 0.0

    def due(self, now_s: float, share: float) -> bool:
        """Tell whether a line is due."""
        if share < self._last_share:  # something else has begun
            self._last_share = 0.0
        far = share - self._last_share >= 0.1 or now_s - self._last_at_s >= 10
        if not far or now_s - self._last_at_s < 1:
            return False
        self._last_at_s, self._last_share = now_s, share
        return True

    def rows(self, rows: Sequence[Row]) -> None:
        """Write one line a row."""
        self._write("".join(row_text.plain(row) + "\n" for row in rows))

    def step(self, event: Stepped) -> None:
        """Write one line."""
        self._write(training.sentence(event) + "\n")

    def work(self, event: Worked, rate: float | None) -> None:
        """Write one line."""
        self._write(training.work_sentence(event, rate) + "\n")

    def settle(self, *, keep: bool) -> None:
        """Nothing is live here."""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Terminal:
    """A terminal: at most eight drawings a second, each written in one go, and no thread that draws on its own.

    The cursor stays visible, so that nothing has to be put right when the process is killed.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._last_at_s = -math.inf
        self._live = False

    def due(self, now_s: float, share: float) -> bool:
        """Tell whether the live line is due."""
        if now_s - self._last_at_s < 0.125:
            return False
        self._last_at_s = now_s
        return True

    def rows(self, rows: Sequence[Row]) -> None:
        """Show rows above the live line."""
        with self._console:
            self._wipe()
            for row in rows:
                self._row(row)

    def step(self, event: Stepped) -> None:
        """Redraw the live line."""
        self._draw(training.line(event, self._console.width - _MARGIN))

    def work(self, event: Worked, rate: float | None) -> None:
        """Redraw the live line."""
        self._draw(training.work_line(event, self._console.width - _MARGIN, rate))

    def settle(self, *, keep: bool) -> None:
        """End the live line."""
        with self._console:
            if keep and self._live:
                self._console.print()
                self._live = False
            self._wipe()

    def _draw(self, pieces: Sequence[Piece]) -> None:
        with self._console:
            self._wipe()
            line = _text(pieces)
            line.truncate(self._console.width - 1)
            self._console.print(line, end="", no_wrap=True, overflow="crop")
            self._live = True

    def _row(self, row: Row) -> None:
        from rich.table import Table

        if not row.label and not row.mark[0]:
            self._console.print(_text(row.value))
            return
        grid = Table.grid(padding=0)
        width = LABEL_WIDTH + 2 if row.label else len(row.mark[0]) + 1
        grid.add_column(width=width, min_width=width, no_wrap=True)
        grid.add_column(overflow="ellipsis" if row.crop else "fold", no_wrap=row.crop)
        left = _text([(f"  {row.label}", "dim")]) if row.label else _text([row.mark])
        grid.add_row(left, _text(row.value))
        self._console.print(grid)

    def _wipe(self) -> None:
        from rich.control import Control
        from rich.segment import ControlType

        if self._live:
            self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
            self._live = False


def screen_for(stream: TextIO) -> Screen:
    """Return the screen that fits a stream."""
    if stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb", "unknown"}:
        return Terminal(stream)
    return Plain(stream)


def _text(pieces: Sequence[Piece]) -> Text:
    from rich.text import Text

    return Text.assemble(*pieces)
