"""The plan of a run and the events that changed it: enough to replay the run exactly, without a clock."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gnomon.core import files
from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder, read_lines
from gnomon.core.training import Phases


@dataclass(frozen=True, kw_only=True)
class Refit:
    """From ``at_step`` on, the training is to end after ``steps`` steps in all."""

    at_step: int
    steps: int


class Progress:
    """How far the training is: ``step / steps``, a pure function of the step, the planned steps and the re-fits.

    A re-fit moves the end, and with it the progress of every later step: a plan that was made in a busy moment costs
    nothing once the truth is known. Where networks learn in turns, it shortens the last turn, or takes whole ones away.
    """

    def __init__(self, steps: int, refits: Iterable[Refit] = (), *, turns: int = 1) -> None:
        """``turns`` networks learn one after another, each for the same number of the planned steps.

        Raises ``ValueError`` where the steps cannot be shared evenly.
        """
        if steps % turns:
            raise ValueError(f"{steps} steps cannot be shared evenly by {turns} networks")
        self.turns = turns
        self._each = steps // turns
        self._ends: list[tuple[int, int]] = [(0, steps)]
        for refit in refits:
            self.refit(refit)

    @property
    def planned(self) -> int:
        """All steps, by the first plan."""
        return self._ends[0][1]

    @property
    def steps(self) -> int:
        """All steps, by the newest re-fit."""
        return self._ends[-1][1]

    def refit(self, refit: Refit) -> None:
        """Move the end, from ``refit.at_step`` on."""
        last = self._ends[-1][0]
        ends_now = refit.steps == refit.at_step and self.turns > 1 and not refit.at_step % self._each
        if refit.at_step < last or (refit.steps <= refit.at_step and not ends_now):
            raise ValueError(f"a re-fit at step {refit.at_step} to {refit.steps} steps cannot follow one at {last}")
        self._ends.append((refit.at_step, refit.steps))

    def at(self, step: int) -> float:
        """Return the progress in [0, 1] before step ``step`` is made."""
        return min(1.0, step / self.steps_at(step))

    def turn_at(self, step: int) -> int:
        """Return which network learns in step ``step``, from 0."""
        if self.turns == 1:
            return 0
        return min(step // self._each, math.ceil(self.steps_at(step) / self._each) - 1)

    def steps_within(self, step: int) -> int:
        """Return the steps of the turn that step ``step`` is made in."""
        if self.turns == 1:
            return self.steps_at(step)
        return min(self._each, self.steps_at(step) - self.turn_at(step) * self._each)

    def within(self, step: int) -> float:
        """Return the progress in [0, 1] of the network that learns, before step ``step`` is made."""
        if self.turns == 1:
            return self.at(step)
        return min(1.0, (step - self.turn_at(step) * self._each) / self.steps_within(step))

    def rounded(self, step: int, steps: int) -> int:
        """Return ``steps``, less a last turn that would be shorter than half of the others and has not begun.

        With several networks never more than were planned: each has as many steps as help.
        """
        if self.turns == 1:
            return steps
        steps = min(steps, self.planned)
        rest = steps % self._each
        return steps - rest if rest < self._each / 2 and steps - rest >= step else steps

    def steps_at(self, step: int) -> int:
        """Return all steps as they were known when step ``step`` was made: a replay knows later re-fits already."""
        return next(steps for start, steps in reversed(self._ends) if start <= step)


def size_at(phases: Phases, progress: float) -> int:
    """Return the resolution in pixels at a progress."""
    return [size for start, size in phases if start <= progress][-1]


@dataclass(kw_only=True)
class PlanLog:
    """``plan.jsonl``: the plan on the first line, then what happened to it."""

    run: RunFolder
    plan: Mapping[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls, run: RunFolder, plan: Mapping[str, Any]) -> PlanLog:
        """Write the plan of a new run."""
        files.write_text(run.plan, json.dumps({"event": "plan", **plan}) + "\n")
        return cls(run=run, plan=plan)

    @classmethod
    def read(cls, run: RunFolder) -> PlanLog:
        """Read the plan of an existing run. Raises ``ArtefactError`` where there is none."""
        lines = list(read_lines(run.plan))
        if not lines or lines[0].get("event") != "plan":
            raise ArtefactError("holds no plan", fix="start the training anew with gnomon train", path=run.plan)
        return cls(run=run, plan=lines[0], events=lines[1:])

    def add(self, event: str, **facts: Any) -> None:
        """Append one event."""
        record = {"event": event, **facts}
        files.append_line(self.run.plan, json.dumps(record))
        self.events.append(record)

    def refits(self) -> list[Refit]:
        """Return the re-fits that hold: a resume and a roll-back void those of later steps made before."""
        kept: list[dict[str, Any]] = []
        for record in self.events:
            if record["event"] in ("resume", "rollback"):
                kept = [r for r in kept if r["at_step"] <= record["at_step"]]
            elif record["event"] == "refit":
                kept.append(record)
        return [Refit(at_step=r["at_step"], steps=r["steps"]) for r in kept]
