"""The training loop: batch, step, look, save; the clock may bend the plan, signals may end the sitting."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from gnomon.core import files
from gnomon.core import seed as seeds
from gnomon.core.clock import Clock, Stopwatch
from gnomon.core.errors import StoppedError
from gnomon.core.events import Emit, Stepped
from gnomon.core.ranks import Ranks
from gnomon.core.run import RunFolder
from gnomon.core.spec import Batch
from gnomon.core.training import Phases, TrainConfig
from gnomon.layers.network import Network
from gnomon.training import checkpoint
from gnomon.training.health import Health
from gnomon.training.pace import Pace
from gnomon.training.plan import PlanLog, size_at
from gnomon.training.precision import Precision
from gnomon.training.state import State
from gnomon.training.step import Losses, Objective, train_step

_NUM_RECORDS = 200
_CHECKS_A_SECOND = 4.0
_STEPS_BETWEEN_READS = 20
"""On a GPU the loss is read back this seldom, so that no step waits for the device."""


class Batches(Protocol):
    """Training batches as a pure function of the step."""

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        ...

    @property
    def typical_step(self) -> int:
        """A step whose batch costs about as much as the mean of all."""
        ...

    def batch(self, step: int, *, size: int) -> Batch:
        """Return the batch of one step."""
        ...


Validate = Callable[[Network, Mapping[str, Any]], dict[str, float]]
"""Scores of a network with given tensors on the validation split."""
Write = Callable[[Network, Mapping[str, Any]], str]
"""A text that a network with given tensors writes."""


@dataclass(kw_only=True)
class Fit:
    """The parts of one training; each is independent of the others."""

    run: RunFolder
    config: TrainConfig
    phases: Phases
    eval_at: tuple[float, ...]
    state: State
    objective: Objective
    feed: Batches
    precision: Precision
    pace: Pace
    log: PlanLog
    validate: Validate
    validate_s: float
    clock: Clock
    stopwatch: Stopwatch
    emit: Emit
    write: Write | None = None
    """Where the network writes text: what shows how it writes, early and halfway through the training."""
    ranks: Ranks = field(default_factory=Ranks)
    should_stop: Callable[[], bool] = lambda: False
    save_at: Collection[int] = ()
    """Steps after which a checkpoint is made, whatever the clock says."""


@dataclass(kw_only=True)
class _Sitting:
    """What the loop remembers between steps and may forget between sittings."""

    saved_at_s: float
    saved_step: int
    checked_at_s: float = -math.inf
    valid: dict[str, float] = field(default_factory=dict)
    loss: float | None = None
    samples_per_s: float = 0.0
    finite: Tensor | None = None
    """Whether the last step was finite, as the device knows it."""
    reached: float = 0.0
    """The furthest progress so far: a re-fit may move the progress over a point where a look is due, or back."""


def fit(parts: Fit) -> None:
    """Train from where the state is to the last planned step.

    Raises ``StoppedError`` when asked to stop, with the state saved, and ``DivergedError`` when training cannot be
    rescued.
    """
    state = parts.state
    state.network.train()
    sitting = _Sitting(
        saved_at_s=parts.stopwatch.elapsed_s(), saved_step=state.step, reached=parts.pace.progress.at(state.step)
    )
    health = Health(run=parts.run, state=state, log=parts.log, emit=parts.emit)
    if state.step == 0:
        save(parts, sitting)
    while state.step < parts.pace.progress.steps:
        if parts.should_stop():
            save(parts, sitting)
            raise StoppedError(
                f"stopped at step {state.step} of {parts.pace.progress.steps}; the state is saved",
                fix=f"gnomon resume {parts.run.path}",
            )
        _one_step(parts, sitting, health)
        _keep_time(parts, sitting)
        if parts.stopwatch.elapsed_s() - sitting.saved_at_s > parts.config.checkpoint_every_s or (
            state.step in parts.save_at
        ):
            save(parts, sitting)
    if sitting.saved_step != state.step:
        save(parts, sitting)


def save(parts: Fit, sitting: _Sitting) -> None:
    """Commit a checkpoint of the state, with the time used so far; never of weights that are spoilt already."""
    if not parts.precision.waits and sitting.finite is not None and not bool(sitting.finite):
        return
    parts.state.elapsed_s = parts.stopwatch.elapsed_s()
    if parts.ranks.writes:
        checkpoint.save(parts.run, parts.state.step, parts.state.tensors(), parts.state.facts())
    sitting.saved_step = parts.state.step
    sitting.saved_at_s = parts.stopwatch.elapsed_s()


def _one_step(parts: Fit, sitting: _Sitting, health: Health) -> None:
    state, plan = parts.state, parts.pace.progress
    if plan.turn_at(state.step) != state.network.turn:
        state.begin(plan.turn_at(state.step))
    progress = plan.within(state.step)
    size = size_at(parts.phases, progress)
    started_s = parts.clock.now_s()
    batch = parts.feed.batch(state.step, size=size)
    before = health.before(parts.precision)

    def attempt() -> Losses:
        torch.manual_seed(seeds.key("noise", state.seed, state.step))
        return train_step(
            state.network.learner,
            parts.objective,
            state.optimizer,
            batch,
            progress=progress,
            precision=parts.precision,
            carry=state.carry,
        )

    reads = _may_read(parts)
    first = attempt()
    losses = health.rescue(attempt, batch, before) if reads and not bool(first.finite) else first
    if losses is None:
        _after_rollback(parts, sitting)
        return
    state.step += 1
    if not parts.precision.waits or bool(losses.finite):  # a state that is spoilt would spoil all batches to come
        state.carry = losses.carry
    sitting.finite = losses.finite
    state.average.update(state.network.learner, progress=progress, steps=plan.steps_within(state.step - 1))
    if reads:
        _note_loss(state, sitting, losses)
    seconds = parts.clock.now_s() - started_s
    parts.pace.observe(size, seconds)
    sitting.samples_per_s = len(batch) * parts.ranks.world_size / seconds if seconds > 0 else 0.0
    _record(parts, sitting, size)


def _may_read(parts: Fit) -> bool:
    step = parts.state.step
    return parts.precision.waits or step % _STEPS_BETWEEN_READS == 0 or step + 1 >= parts.pace.progress.steps


def _note_loss(state: State, sitting: _Sitting, losses: Losses) -> None:
    sitting.loss = float(losses.loss)
    if bool(losses.finite):  # a finite loss may have gradients that are not
        state.losses.append(sitting.loss)
        state.skipped_in_a_row = 0


def _after_rollback(parts: Fit, sitting: _Sitting) -> None:
    parts.pace.rewind(parts.log.refits(), steps=int(parts.log.plan["steps"]))
    sitting.finite, sitting.reached = None, parts.pace.progress.at(parts.state.step)


def _record(parts: Fit, sitting: _Sitting, size: int) -> None:
    """Write what is due after a step, and tell whoever watches."""
    state, pace = parts.state, parts.pace
    before, after = pace.progress.at(state.step - 1), pace.progress.at(state.step)
    elapsed_s = parts.stopwatch.elapsed_s()
    facts = {"step": state.step, "progress": round(after, 6), "elapsed_s": round(elapsed_s, 3)}
    if state.losses and (_crossed(before, after, _NUM_RECORDS) or after >= 1):
        lr = state.optimizer.learning_rate(pace.progress.within(state.step - 1))
        files.append_json(
            parts.run.metrics,
            facts
            | {"split": "train", "loss": sum(state.losses) / len(state.losses), "lr": lr}
            | {"samples_per_s": round(sitting.samples_per_s, 1), "size": size},
            sync=False,
        )
        state.losses = []
    if any(sitting.reached < point <= after for point in parts.eval_at):
        weights = state.weights()
        sitting.valid = parts.validate(state.network, weights)
        files.append_json(parts.run.metrics, {**facts, "split": "valid", **sitting.valid}, sync=False)
        if parts.write is not None and any(sitting.reached < point <= after for point in _written_at(parts.eval_at)):
            files.append_json(
                parts.run.metrics, {**facts, "event": "sample", "text": parts.write(state.network, weights)}, sync=False
            )
    sitting.reached = max(sitting.reached, after)
    parts.emit(
        Stepped(
            step=state.step,
            steps=pace.progress.steps,
            progress=after,
            loss=sitting.loss,
            valid=sitting.valid,
            lr=state.optimizer.learning_rate(pace.progress.within(state.step)),
            samples_per_s=sitting.samples_per_s,
            elapsed_s=elapsed_s,
            left_s=pace.left_s(state.step),
        )
    )


def _written_at(eval_at: tuple[float, ...]) -> tuple[float, float]:
    """Return the first look at the validation split and the one in the middle."""
    return eval_at[0], eval_at[(len(eval_at) - 1) // 2]


def _crossed(before: float, after: float, parts: int) -> bool:
    return math.floor(before * parts) != math.floor(after * parts)


def _keep_time(parts: Fit, sitting: _Sitting) -> None:
    """Re-fit the number of steps where the forecast misses the deadline."""
    elapsed_s = parts.stopwatch.elapsed_s()
    if elapsed_s - sitting.checked_at_s < 1 / _CHECKS_A_SECOND:
        return
    sitting.checked_at_s = elapsed_s
    step = parts.state.step
    progress = parts.pace.progress.at(step)
    looks_s = parts.validate_s * sum(point > progress for point in parts.eval_at)
    refit = parts.pace.proposal(step, elapsed_s, also_s=looks_s)
    if refit is None:
        return
    before = parts.pace.progress.steps
    parts.pace.progress.refit(refit)
    reason = f"steps take {parts.pace.drift:.2f} times as long as planned"
    parts.log.add("refit", at_step=step, steps=refit.steps, was=before, elapsed_s=round(elapsed_s, 3), reason=reason)
