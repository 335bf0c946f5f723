"""All that training changes, in one place, so that a checkpoint can forget nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gnomon.core.errors import ArtefactError
from gnomon.layers.ensemble import Ensemble
from gnomon.layers.network import Network
from gnomon.training.average import Average
from gnomon.training.optim import Optimizer


@dataclass(kw_only=True)
class State:
    """The network and what training has done to it. The order of samples and every draw follow from ``step``."""

    network: Network
    optimizer: Optimizer
    average: Average
    seed: int
    step: int = 0
    elapsed_s: float = 0.0
    rollbacks: int = 0
    skipped_in_a_row: int = 0
    carry: Tensor | None = None
    """What the network carries over from batch to batch, shape ``(batch, …)``, where it carries anything."""
    renew: Callable[[Network], tuple[Optimizer, Average]] | None = None
    """Makes optimizer and average for a network, where several learn one after another."""
    losses: list[float] = field(default_factory=list)
    """Training losses since the last record, so that a resumed run writes the same record."""

    def weights(self) -> dict[str, Tensor]:
        """Return the tensors to evaluate and to keep: averages where there are any."""
        network = self.network
        averaged = self.average.weights(network.learner)
        return {**network.state_dict(), **{network.prefix + name: tensor for name, tensor in averaged.items()}}

    @torch.no_grad()
    def begin(self, turn: int) -> None:
        """Keep the average of the network that has learned, and let it be another's turn."""
        self.network.learner.load_state_dict(self.average.weights(self.network.learner))
        self._go_to(turn)
        self.carry = None

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state under a name of its own."""
        parts = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state(),
            "average": self.average.state(),
            "carry": {} if self.carry is None else {"state": self.carry},
        }
        return {f"{part}/{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    def facts(self) -> dict[str, Any]:
        """Return the rest of the state as JSON values."""
        return {
            "step": self.step,
            "turn": self.network.turn,
            "elapsed_s": self.elapsed_s,
            "seed": self.seed,
            "lr_factor": self.optimizer.lr_factor,
            "rollbacks": self.rollbacks,
            "skipped_in_a_row": self.skipped_in_a_row,
            "losses": self.losses,
        }

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Take over a checkpoint. Raises ``ArtefactError`` where anything is missing."""
        try:
            self._go_to(int(facts["turn"]))
            self._load_tensors(tensors)
            self.step = int(facts["step"])
            self.elapsed_s = float(facts["elapsed_s"])
            self.seed = int(facts["seed"])
            self.optimizer.lr_factor = float(facts["lr_factor"])
            self.rollbacks = int(facts["rollbacks"])
            self.skipped_in_a_row = int(facts["skipped_in_a_row"])
            self.losses = [float(loss) for loss in facts["losses"]]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ArtefactError(
                f"the checkpoint does not fit this run: {error!r}", fix="resume with the version that wrote it"
            ) from error

    def _go_to(self, turn: int) -> None:
        """Let it be a turn, with an optimizer and an average that know nothing yet."""
        if self.renew is None and turn == self.network.turn:
            return
        if self.renew is None or not isinstance(self.network, Ensemble):
            raise ValueError(f"one network has no turn {turn}")
        for nth in range(min(turn, self.network.turn + 1), turn + 1):
            self.network.begin(nth)
        factor = self.optimizer.lr_factor
        self.optimizer, self.average = self.renew(self.network.learner)
        self.optimizer.lr_factor = factor

    def _load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "optimizer": {}, "average": {}, "carry": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        own = self.network.state_dict()
        for name, tensor in own.items():
            tensor.copy_(parts["network"][name])
        self.optimizer.load_state(parts["optimizer"])
        device = next(iter(own.values())).device
        self.average.load_state({name: t.to(device) for name, t in parts["average"].items()})
        self.carry = parts["carry"]["state"].to(device) if parts["carry"] else None
