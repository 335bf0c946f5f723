"""From a budget to a plan: measure a few warm steps, keep time back for what comes after, count the steps that fit."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gnomon.core.errors import UsageError
from gnomon.core.spec import Batch
from gnomon.core.training import Phases, TrainConfig
from gnomon.layers.network import Network
from gnomon.training.budget import Budget
from gnomon.training.loop import Batches
from gnomon.training.optim import Optimizer
from gnomon.training.precision import Precision
from gnomon.training.step import Objective, gradients, train_step

_MEASURING = 0.03
"""Largest share of the budget that measuring may take."""
_SHARE_OF_BATCH = 4
_TIMINGS = 3
_SHORT_S = 0.05
"""A quarter of a batch that takes less than this is no measure of the whole."""
_MOST_NETWORKS = 8
"""Networks of an ensemble: more of them hardly say anything else."""
_FEWEST = 1.5
"""How often the budget must pay for the passes that are enough, for a second network to be trained."""
_ROOM = 0.97
"""Share of the time that several networks are planned to take: their plan is shortened, never lengthened."""
_LOOKS = 0.02
"""Largest share of the training time that looks at the validation split may take."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Measured seconds: a training step at each resolution, the evaluation of one sample."""

    step_s: dict[int, float]
    look_s: float


class Probe:
    """Times steps on a copy of the network, so that measuring leaves no trace in the training."""

    def __init__(
        self, network: Network, config: TrainConfig, objective: Objective, feed: Batches, precision: Precision
    ) -> None:
        self._network = copy.deepcopy(network)
        self._network.train()
        self._config = config
        self._objective = objective
        self._feed = feed
        self._precision = precision

    def costs(self, phases: Phases, look: Batch, *, allowed_s: float) -> Costs:
        """Measure at most about ``allowed_s`` seconds; resolutions for which there is no time left are extrapolated.

        ``look`` is a batch as evaluation makes them.
        """
        sizes = sorted({size for _, size in phases})
        started_s = time.perf_counter()
        step_s: dict[int, float] = {}
        for size in sizes:
            if step_s and time.perf_counter() - started_s > allowed_s / 2:
                nearest = max(step_s)
                step_s[size] = step_s[nearest] * (size / nearest) ** 2
            else:
                step_s[size] = self._step_s(size)
        return Costs(step_s=step_s, look_s=self._look_s(look))

    def flop(self, phases: Phases) -> float:
        """Return the operations of an average training step over all phases, by counting those of one step each."""
        starts = [start for start, _ in phases] + [1.0]
        total = 0.0
        for (start, size), end in zip(phases, starts[1:], strict=True):
            # The whole batch: the optimizer's work does not grow with it.
            batch = self._feed.batch(self._feed.typical_step, size=size)
            counter = FlopCounterMode(display=False)
            with counter:
                self._step(batch)
            total += (end - start) * counter.get_total_flops()
        return total

    def _part(self, size: int) -> Batch:
        batch = self._feed.batch(self._feed.typical_step, size=size)
        return batch.part(max(2, math.ceil(len(batch) / _SHARE_OF_BATCH)))

    def _step(self, batch: Batch) -> None:
        optimizer = Optimizer(self._network, self._config, iterate_in=self._precision.iterate_in)
        train_step(self._network, self._objective, optimizer, batch, progress=0.5, precision=self._precision)

    def _step_s(self, size: int) -> float:
        """Return the seconds of a step: the data work, the gradients, the optimizer.

        Each is the best of three timings, as a neighbour can only make them longer. Where a quarter of a batch takes
        long it stands for the whole; where it does not, much of its time does not grow with the batch.
        """
        batch_s = self._timed(lambda: self._feed.batch(self._feed.typical_step, size=size))
        part = self._part(size)
        optimizer = Optimizer(self._network, self._config, iterate_in=self._precision.iterate_in)

        def gradients_of_part() -> None:
            gradients(self._network, self._objective, part, self._precision)

        gradients_of_part()
        part_s = min(self._timed(gradients_of_part) for _ in range(_TIMINGS))
        if part_s < _SHORT_S:
            part = self._feed.batch(self._feed.typical_step, size=size)
            gradients_of_part()
            part_s = min(self._timed(gradients_of_part) for _ in range(_TIMINGS))
        optimizer_s = min(self._timed(lambda: optimizer.step(0.5, len(part))) for _ in range(_TIMINGS))
        return batch_s + part_s * self._config.batch_size / len(part) + optimizer_s

    def _look_s(self, batch: Batch) -> float:
        self._network.eval()
        with torch.no_grad(), self._precision.autocast():
            self._network(batch.inputs)
            seconds = self._timed(lambda: self._network(batch.inputs))
        self._network.train()
        return seconds / len(batch)

    def _timed(self, work: Callable[[], Any]) -> float:
        self._settle()
        started_s = time.perf_counter()
        work()
        self._settle()
        return time.perf_counter() - started_s

    def _settle(self) -> None:
        if self._precision.device.type == "cuda":
            torch.cuda.synchronize(self._precision.device)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many steps, how many looks at the validation split, and why they are not all one network's, if so."""

    steps: int
    num_looks: int
    limited: str = ""
    networks: int = 1
    """Networks that share the steps, one after another."""


def allowed_s(budget: Budget) -> float:
    """Return how long measuring may take within a budget."""
    return _MEASURING * budget.seconds if budget.seconds is not None else 2.0


def count_steps(
    budget: Budget,
    config: TrainConfig,
    phases: Phases,
    costs: Costs,
    *,
    num_train: int,
    num_valid: int,
    available_s: float | None,
    flop_per_step: float | None,
) -> Counted:
    """Return the steps that a budget pays for; 0 where it is too small for a single one.

    ``available_s`` is the wall time left for training, for a budget in time; ``flop_per_step`` is needed for one in
    operations.
    """
    per_epoch = num_train / config.batch_size
    num_looks = config.evaluations
    if budget.kind == "time":
        assert available_s is not None
        look_s = max(1e-6, costs.look_s * num_valid)
        num_looks = max(1, min(num_looks, int(_LOOKS * available_s / look_s)))
        steps = int((available_s - num_looks * look_s) / mean_step_s(phases, costs))
    elif budget.kind == "flop":
        assert flop_per_step is not None
        steps = int(budget.value / flop_per_step)
    else:
        steps = math.ceil(
            budget.value * {"epochs": per_epoch, "steps": 1, "samples": 1 / config.batch_size}[budget.kind]
        )
    return _limit(Counted(steps=max(0, steps), num_looks=num_looks), budget, config, per_epoch)


def _limit(counted: Counted, budget: Budget, config: TrainConfig, per_epoch: float) -> Counted:
    if config.max_epochs == "off" or budget.kind not in ("time", "flop"):
        return counted
    most = math.ceil(config.max_epochs * per_epoch)
    if counted.steps <= most:
        return counted
    limited = f"the data is small: {config.max_epochs:.3g} passes over it are enough, and the budget would allow "
    limited += f"{counted.steps / per_epoch:,.0f} (--set train.max_epochs=off uses it all)"
    return Counted(steps=most, num_looks=counted.num_looks, limited=limited)


def share(
    counted: Counted, config: TrainConfig, *, step_s: float, available_s: float | None, extra_s: float, can: bool
) -> Counted:
    """Return the steps shared by as many networks as the budget pays for, where one does not need them all.

    ``extra_s`` are the seconds that each network but the first costs beside its steps: to be built, and to answer in
    the evaluation. ``available_s`` is None where the budget is none of time. ``can`` tells whether networks for this
    data can answer together; ``UsageError`` where they cannot and several are asked for.
    """
    asked = config.ensemble
    if asked != "auto" and asked > 1 and not can:
        raise UsageError(
            "networks for this data and task do not answer together", fix="leave train.ensemble away, or set it to 1"
        )
    if not can or asked == 1 or counted.steps < 1 or (asked == "auto" and not (counted.limited and available_s)):
        return counted
    most = counted.steps if counted.limited else None
    if asked == "auto":
        assert available_s is not None and most is not None
        fit = (_ROOM * available_s + extra_s) / (most * step_s + extra_s)
        networks = min(_MOST_NETWORKS, math.floor(fit + 2 - _FEWEST))
    else:
        networks = asked
    if networks < 2:
        return counted
    each = counted.steps // networks
    if most is not None and available_s is not None:
        each = min(most, int((_ROOM * available_s - (networks - 1) * extra_s) / step_s / networks))
    if each < 1:
        raise UsageError(f"the budget is too small for {networks} networks", fix="allow more, or ask for fewer of them")
    return replace(counted, steps=each * networks, networks=networks, limited=_why_several(counted, networks, config))


def _why_several(counted: Counted, networks: int, config: TrainConfig) -> str:
    if not counted.limited:
        return ""
    return (
        f"the data is small: about {config.max_epochs:.2g} passes over it are enough for one network, so that "
        f"{networks} are trained one after another and what they say is averaged (--set train.ensemble=1 trains one)"
    )


def mean_step_s(phases: Phases, costs: Costs) -> float:
    """Return the seconds of an average step over all phases."""
    starts = [start for start, _ in phases] + [1.0]
    return sum((end - start) * costs.step_s[size] for (start, size), end in zip(phases, starts[1:], strict=True))
