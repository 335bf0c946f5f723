"""A running average of weights and norm statistics over the last part of the training."""

from __future__ import annotations

import torch
from torch import Tensor

from gnomon.core.training import TrainConfig
from gnomon.layers.network import Network


class Average:
    """Exponential average of every floating-point tensor of a network, started halfway through the training.

    The horizon is a share of all steps, so that a longer budget averages over more steps.
    """

    def __init__(self, config: TrainConfig, *, start: float = 0.5) -> None:
        self._horizon = 0.0 if config.average == "off" else float(config.average)
        self._start = start
        self._tensors: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, network: Network, *, progress: float, steps: int) -> None:
        """Take the network after one step into the average."""
        if not self._horizon or progress < self._start:
            return
        current = {name: t for name, t in network.state_dict().items() if t.is_floating_point()}
        if not self._tensors:
            self._tensors = {name: t.clone() for name, t in current.items()}
            return
        share = min(1.0, 1.0 / max(1.0, self._horizon * steps))
        names = list(current)
        torch._foreach_lerp_([self._tensors[n] for n in names], [current[n] for n in names], share)

    def weights(self, network: Network) -> dict[str, Tensor]:
        """Return the tensors to evaluate and to keep: the average where there is one, else the network's own."""
        return {**network.state_dict(), **self._tensors}

    def state(self) -> dict[str, Tensor]:
        """Return what a resumed average needs."""
        return dict(self._tensors)

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Take over what ``state`` returned."""
        self._tensors = {name: t.clone() for name, t in tensors.items()}
