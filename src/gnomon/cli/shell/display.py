"""From events to what is seen: it remembers the latest figures and decides what to draw; the screen decides when."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gnomon.cli.shell import plan, streams
from gnomon.cli.shell.rows import Row, with_flags
from gnomon.cli.shell.screen import Screen, screen_for
from gnomon.core.clock import Clock, MonotonicClock
from gnomon.core.events import Event, Finished, Planned, Said, Stepped, Worked
from gnomon.outputs.sizes import sample_word

_MARKS = {"guess": ("?", "cyan"), "warning": ("!", "bold yellow")}

_SMOOTHING = 0.1
"""Weight of the newest step in the speed that is shown; single steps differ too much to be read."""


class Display:
    """Draws what a verb tells. ``plan`` and ``result`` hold the last ones that were told."""

    def __init__(self, screen: Screen, clock: Clock) -> None:
        self._screen = screen
        self._clock = clock
        self._loss: float | None = None
        self._valid: Mapping[str, float] = {}
        self._working = ("", 0.0, 0)
        self._sample_s = 0.0
        self.plan: Mapping[str, Any] = {}
        self.result: Mapping[str, Any] = {}

    def emit(self, event: Event) -> None:
        """Take one event. Called at every step, so the common way through is short."""
        match event:
            case Stepped():
                self._step(event)
            case Worked():
                self._work(event)
            case Said():
                self._screen.rows([_said(event)])
            case Planned():
                self.plan = event.plan
                self._screen.rows(plan.rows(event.plan))
            case Finished():
                self.result = event.result

    def show(self, rows: Sequence[Row]) -> None:
        """Show rows, after the live line is gone."""
        self._screen.settle(keep=False)
        self._screen.rows(rows)

    def settle(self) -> None:
        """Leave the live line as it stands, so that what follows begins on a line of its own."""
        self._screen.settle(keep=True)

    def _step(self, event: Stepped) -> None:
        if event.loss is not None:
            self._loss = event.loss
        if event.valid:
            self._valid = event.valid
        if event.samples_per_s > 0:
            sample_s = 1 / event.samples_per_s
            self._sample_s += (sample_s - self._sample_s) * (_SMOOTHING if self._sample_s else 1.0)
        if self._screen.due(self._clock.now_s(), event.progress):
            speed = 1 / self._sample_s if self._sample_s else 0.0
            unit = sample_word(self.plan) if self.plan else ""
            self._screen.step(
                dataclasses.replace(event, loss=self._loss, valid=self._valid, samples_per_s=speed, unit=unit)
            )

    def _work(self, event: Worked) -> None:
        now_s = self._clock.now_s()
        what, began_at_s, done_at_start = self._working
        if what != event.what or event.done < done_at_start:
            self._working = (event.what, now_s, event.done)
            return  # work that is over at once is not worth a line
        if now_s - began_at_s < 0.25:
            return
        if event.done >= event.total > 0:
            self._screen.settle(keep=False)
        elif self._screen.due(now_s, event.done / event.total if event.total > 0 else 0.0):
            self._screen.work(event, (event.done - done_at_start) / (now_s - began_at_s))


class Watch:
    """One verb being watched: hand ``emit`` to the verb, then give its answer."""

    def __init__(self, display: Display, *, as_json: bool) -> None:
        self.display = display
        self.emit = display.emit
        self._as_json = as_json

    def answer(self, value: Mapping[str, Any], rows: Sequence[Row]) -> None:
        """Show ``rows`` to people and, with ``--json``, print ``value``."""
        self.display.show(rows)
        if self._as_json:
            streams.print_json(value)


@contextmanager
def watching(*, as_json: bool) -> Iterator[Watch]:
    """Draw on standard output, or on standard error where standard output is for JSON."""
    display = Display(screen_for(sys.stderr if as_json else sys.stdout), MonotonicClock())
    try:
        yield Watch(display, as_json=as_json)
    finally:
        display.settle()


def _said(event: Said) -> Row:
    mark = _MARKS.get(event.level, (" ", ""))
    return Row(with_flags(event.text, "yellow" if event.level == "warning" else ""), mark=mark)
