"""One training step, readable top to bottom."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from gnomon.core.spec import Batch, Output
from gnomon.layers.network import Network
from gnomon.train.optim import Optimizer
from gnomon.train.precision import Precision


class Objective(Protocol):
    """The part of a task that a training step needs."""

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch, without penalties."""
        ...


class Losses(NamedTuple):
    """What one step found: ``loss`` is a tensor, so that reading it is the caller's choice; ``finite`` likewise."""

    loss: Tensor
    finite: Tensor


def gradients(network: Network, objective: Objective, batch: Batch, precision: Precision) -> Losses:
    """Run one batch forward and backward and leave the gradients on the parameters."""
    for parameter in network.parameters():
        parameter.grad = None
    with precision.autocast():
        output = network(batch.inputs)
    loss = objective.loss(output, batch.targets)
    for penalty in output.penalties.values():
        loss = loss + penalty
    precision.backward(loss)
    norms = torch._foreach_norm([p.grad for p in network.parameters() if p.grad is not None])
    return Losses(loss.detach(), torch.isfinite(loss.detach() + torch.stack(norms).sum()))


def train_step(
    network: Network,
    objective: Objective,
    optimizer: Optimizer,
    batch: Batch,
    *,
    progress: float,
    precision: Precision,
) -> Losses:
    """Compute the gradients of one batch and, where they are finite, move the parameters along them."""
    losses = gradients(network, objective, batch, precision)
    if precision.waits and not losses.finite:
        return losses
    optimizer.step(progress, len(batch.targets))
    return losses
