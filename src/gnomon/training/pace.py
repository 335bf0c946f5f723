"""Keeping the appointment: how many steps still fit, from how long steps take.

The wall clock enters the training here and nowhere else, and all that it may change is the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gnomon.core.training import Phases
from gnomon.training.plan import Progress, Refit, size_at

_WINDOW_S = 5.0
_LARGEST_SHARE = 0.2
_ENOUGH = 3
_TOLERANCE = 0.01
"""Share of the time left by which the forecast may miss before the steps are re-fitted."""
_LEAST_S = 0.15
_ROUNDS = 3


class Pace:
    """Forecasts the end of the training and proposes re-fits. Without a deadline it only forecasts.

    It does not lengthen a training whose plan is as long as helps.
    """

    def __init__(
        self,
        progress: Progress,
        phases: Phases,
        step_s: Mapping[int, float],
        *,
        deadline_s: float | None,
        lengthens: bool = True,
    ) -> None:
        self.progress = progress
        self._phases = phases
        self._planned_s = dict(step_s)
        self._deadline_s = deadline_s
        self._most = None if lengthens else progress.planned
        self._seen: dict[int, tuple[int, float]] = {}
        self._drift = 1.0

    def observe(self, size: int, seconds: float) -> None:
        """Take the duration of one step at one resolution into account.

        The estimate is a running mean over about ``_WINDOW_S`` seconds of steps: one slow moment of the machine bends
        the plan little, a lasting change bends it soon.
        """
        count, mean_s = self._seen.get(size, (0, 0.0))
        share = max(1 / (count + 1), min(_LARGEST_SHARE, mean_s / _WINDOW_S))
        mean_s += (seconds - mean_s) * share
        self._seen[size] = (count + 1, mean_s)
        if count + 1 >= _ENOUGH and self._planned_s.get(size):
            self._drift = mean_s / self._planned_s[size]

    @property
    def drift(self) -> float:
        """How long steps take lately, as a multiple of what was planned."""
        return self._drift

    def rewind(self, refits: Iterable[Refit], *, steps: int) -> None:
        """Take the plan and the re-fits that still hold after training went back to a checkpoint."""
        self.progress = Progress(steps, refits, turns=self.progress.turns)

    def step_s(self, size: int) -> float:
        """Return how long a step takes at a resolution: as seen lately, else as planned times the drift elsewhere."""
        count, mean_s = self._seen.get(size, (0, 0.0))
        if count >= _ENOUGH:
            return mean_s
        return self._planned_s.get(size, 0.0) * self._drift

    def mean_step_s(self, progress: float) -> float:
        """Return the mean duration of the steps from a progress to the end, over the resolutions to come."""
        left = 1.0 - progress
        if left <= 0:
            return self.step_s(size_at(self._phases, 1.0))
        starts = [start for start, _ in self._phases] + [1.0]
        total = 0.0
        for (start, size), end in zip(self._phases, starts[1:], strict=True):
            total += max(0.0, end - max(start, progress)) * self.step_s(size)
        return total / left

    def left_s(self, step: int) -> float:
        """Return the forecast of the seconds from here to the last step."""
        return (self.progress.steps - step) * self.mean_step_s(self.progress.at(step))

    def proposal(self, step: int, elapsed_s: float, *, also_s: float = 0.0) -> Refit | None:
        """Return a re-fit where the forecast misses the deadline by more than the tolerance.

        ``also_s`` are seconds that must still be spent on other things than steps: looks at the validation split.
        """
        if self._deadline_s is None or step >= self.progress.steps:
            return None
        available_s = self._deadline_s - elapsed_s - also_s
        step_s = self.mean_step_s(self.progress.at(step))
        miss_s = abs(self.left_s(step) - available_s)
        if step_s <= 0 or miss_s <= max(_TOLERANCE * available_s, min(_LEAST_S, step_s), 0.6 * step_s):
            return None
        steps = self.progress.rounded(step, self._steps_for(step, available_s))
        return Refit(at_step=step, steps=steps) if steps != self.progress.steps else None

    def _steps_for(self, step: int, available_s: float) -> int:
        """Return the steps that end in time. Their mean duration depends on where they end: three rounds settle it."""
        steps = self.progress.steps
        for _ in range(_ROUNDS):
            steps = step + max(1, round(available_s / self.mean_step_s(min(1.0, step / steps))))
        return steps if self._most is None else min(steps, max(self._most, step + 1))
