"""One training step, readable top to bottom."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from gnomon.core.spec import Batch, Output
from gnomon.layers.network import Network
from gnomon.training.optim import Optimizer
from gnomon.training.precision import Precision


class Objective(Protocol):
    """The part of a task that a training step needs."""

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch, without penalties."""
        ...


class Losses(NamedTuple):
    """What one step found: ``loss`` is a tensor, so that reading it is the caller's choice; ``finite`` likewise.

    ``carry`` is the state from which the next batch goes on, where the network has one.
    """

    loss: Tensor
    finite: Tensor
    carry: Tensor | None = None


def forward(network: Network, batch: Batch, carry: Tensor | None) -> Output:
    """Run a network on a batch, from the state of the batch before where it has one and the batch goes on from there.

    ``carry`` is ``(batch, …)``; rows that are ``fresh`` start from zeros, which is the initial state. A conditional
    network is given the classes, which are the batch's targets.
    """
    if network.conditional:
        return network(batch.inputs, given=batch.targets)  # type: ignore[no-any-return]
    if not network.carries:
        return network(batch.inputs)  # type: ignore[no-any-return]
    if carry is not None and batch.fresh is not None:
        keep = ~batch.fresh.view(-1, *[1] * (carry.ndim - 1))
        carry = carry * keep
    return network(batch.inputs, carry)  # type: ignore[no-any-return]


def gradients(
    network: Network, objective: Objective, batch: Batch, precision: Precision, carry: Tensor | None = None
) -> Losses:
    """Run one batch forward and backward and leave the gradients on the parameters."""
    for parameter in network.parameters():
        parameter.grad = None
    with precision.autocast():
        output = forward(network, batch, carry)
    loss = _loss(objective, output, batch.targets)
    for penalty in output.penalties.values():
        loss = loss + penalty
    precision.backward(loss)
    found = []
    for parameter in network.parameters():
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()  # once: the optimizer finds it so
        if parameter.grad is not None:
            found.append(parameter.grad.values() if parameter.grad.is_sparse else parameter.grad)
    norms = torch._foreach_norm(found)
    carried = None if output.carry is None else output.carry.detach()
    return Losses(loss.detach(), torch.isfinite(loss.detach() + torch.stack(norms).sum()), carried)


def _loss(objective: Objective, output: Output, targets: Tensor) -> Tensor:
    """Return the mean loss of a batch; where the network is several in one, the mean of their losses."""
    if output.members is None:
        return objective.loss(output, targets)
    every = targets.repeat(len(output.members), *[1] * (targets.ndim - 1))
    return objective.loss(Output(output.members.flatten(0, 1)), every)


def train_step(
    network: Network,
    objective: Objective,
    optimizer: Optimizer,
    batch: Batch,
    *,
    progress: float,
    precision: Precision,
    carry: Tensor | None = None,
) -> Losses:
    """Compute the gradients of one batch and, where they are finite, move the parameters along them."""
    network.progress = progress
    losses = gradients(network, objective, batch, precision, carry)
    if precision.waits and not losses.finite:
        return losses
    optimizer.step(progress, len(batch))
    return losses
