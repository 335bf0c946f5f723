"""What to do when a loss or a gradient is not finite: redo, skip, roll back, give up; in this order.

Redoing tells a fault of the machine from one of the data; skipping and rolling back follow Chowdhery et al., "PaLM",
arXiv 2204.02311, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gnomon.core import files
from gnomon.core.errors import DivergedError
from gnomon.core.events import Emit, Said
from gnomon.core.run import RunFolder
from gnomon.core.spec import Batch
from gnomon.training import checkpoint
from gnomon.training.plan import PlanLog
from gnomon.training.precision import Precision
from gnomon.training.state import State
from gnomon.training.step import Losses

_SKIPS = 3
_ROLLBACKS = 3
_LOWER = 0.5


@dataclass(kw_only=True)
class Health:
    """Rescues steps whose result is not finite."""

    run: RunFolder
    state: State
    log: PlanLog
    emit: Emit

    def before(self, precision: Precision) -> dict[str, Tensor] | None:
        """Remember what a failed forward pass would spoil: the running statistics, where each step is checked."""
        if not precision.waits:
            return None
        return {name: buffer.clone() for name, buffer in self.state.network.learner.named_buffers()}

    def rescue(self, attempt: Callable[[], Losses], batch: Batch, before: dict[str, Tensor] | None) -> Losses | None:
        """Return the losses of the step that counts; None where training went back to a checkpoint instead."""
        if before is None:  # found late, on a device that is not waited for: the weights are spoilt already
            self._roll_back("the loss is not finite")
            return None
        self._restore(before)
        losses = attempt()
        if bool(losses.finite):
            self._note("redone_step", "the loss was not finite at first: a fault of the machine?", batch)
            return losses
        self._restore(before)
        self.state.skipped_in_a_row += 1
        self._note("skipped_batch", "the loss is not finite", batch)
        if self.state.skipped_in_a_row <= _SKIPS:
            return losses
        self._roll_back(f"{self.state.skipped_in_a_row} batches in a row gave a loss that is not finite")
        return None

    @torch.no_grad()
    def _restore(self, before: dict[str, Tensor]) -> None:
        for name, buffer in self.state.network.learner.named_buffers():
            buffer.copy_(before[name])

    def _roll_back(self, reason: str) -> None:
        rollbacks, from_step = self.state.rollbacks + 1, self.state.step
        loaded = checkpoint.load(self.run, self.emit) if rollbacks < _ROLLBACKS else None
        if loaded is None:
            raise DivergedError(
                f"training diverged at step {from_step}: {reason}, {rollbacks} times over",
                fix="lower the rates (--set train.lr_matrix=0.1 --set train.lr_vector=30), "
                "use --set train.precision=fp32, or look for values out of range in the data",
                path=self.run.path,
            )
        factor = self.state.optimizer.lr_factor * _LOWER
        self.state.load(loaded.tensors, loaded.facts)
        self.state.rollbacks, self.state.skipped_in_a_row = rollbacks, 0
        self.state.optimizer.lr_factor = factor
        self.log.add("rollback", at_step=loaded.step, from_step=from_step, lr_factor=factor, reason=reason)
        self.emit(Said(text=f"{reason}: back to step {loaded.step} with half the rates", level="warning"))

    def _note(self, event: str, reason: str, batch: Batch) -> None:
        record: dict[str, Any] = {"step": self.state.step, "event": event, "reason": reason}
        files.append_json(self.run.metrics, {**record, "ids": batch.ids.tolist()})
        self.emit(Said(text=f"step {self.state.step}: {reason} ({event.replace('_', ' ')})", level="warning"))
