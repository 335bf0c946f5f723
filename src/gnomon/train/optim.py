"""The optimizer: orthogonalised updates for matrices, Nesterov momentum for the rest.

Sources: Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024), Newton-Schulz iteration of
degree five with three steps; fixed filter norms and separate rates for head and biases as in Jordan, arXiv 2404.00498.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from gnomon.core.training import TrainConfig
from gnomon.layers.network import Network
from gnomon.train.schedule import early_rate, rate

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_REFERENCE_BATCH = 2000


class Optimizer:
    """Updates a network's parameters by their roles. All its state is in ``state()``."""

    def __init__(self, network: Network, config: TrainConfig, *, iterate_in: torch.dtype) -> None:
        self._config = config
        self._iterate_in = iterate_in
        self._roles: dict[str, list[tuple[str, nn.Parameter]]] = {}
        for name, parameter in network.named_parameters():
            self._roles.setdefault(network.role(name, parameter), []).append((name, parameter))
        self._roles.pop("frozen", None)
        self._momentum = {
            name: torch.zeros_like(parameter) for members in self._roles.values() for name, parameter in members
        }
        self.lr_factor = 1.0
        """Lowered when the training had to be rolled back."""

    def learning_rate(self, progress: float) -> float:
        """Return the rate of the matrices at a progress."""
        return self._config.lr_matrix * rate(progress, warmup=self._config.warmup) * self.lr_factor

    @torch.no_grad()
    def step(self, progress: float, batch_size: int) -> None:
        """Move every parameter along its gradient."""
        config = self._config
        factor = rate(progress, warmup=config.warmup) * self.lr_factor
        scale = batch_size / _REFERENCE_BATCH
        self._clip()
        self._step_matrices(config.lr_matrix * factor)
        self._step_rest("head", config.lr_head * scale * factor, config.lr_head, scale)
        self._step_rest("vector", config.lr_vector * scale * factor, config.lr_vector, scale)
        early = early_rate(progress, until=config.early) * self.lr_factor
        self._step_rest("early", config.lr_vector * scale * early, config.lr_vector, scale)

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that a resumed optimizer needs, by name."""
        return dict(self._momentum)

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Take over what ``state`` returned."""
        for name, buffer in self._momentum.items():
            buffer.copy_(tensors[name])

    def _clip(self) -> None:
        if self._config.clip == "off":
            return
        small = [p for role in ("head", "vector", "early") for _, p in self._roles.get(role, ())]
        nn.utils.clip_grad_norm_([p for p in small if p.grad is not None], float(self._config.clip))

    def _with_gradients(self, role: str) -> Iterator[tuple[nn.Parameter, Tensor, Tensor]]:
        for name, parameter in self._roles.get(role, ()):
            if parameter.grad is not None:
                yield parameter, parameter.grad, self._momentum[name]

    def _step_rest(self, role: str, lr: float, peak: float, scale: float) -> None:
        members = list(self._with_gradients(role))
        if not members or lr == 0:
            return
        parameters, gradients, buffers = (list(column) for column in zip(*members, strict=True))
        decay = self._config.weight_decay / peak if peak else 0.0
        gradients = list(torch._foreach_add(gradients, parameters, alpha=decay))
        torch._foreach_mul_(buffers, self._config.momentum_rest)
        torch._foreach_add_(buffers, gradients)
        torch._foreach_add_(gradients, buffers, alpha=self._config.momentum_rest)
        torch._foreach_add_(parameters, gradients, alpha=-lr)

    def _step_matrices(self, lr: float) -> None:
        members = list(self._with_gradients("matrix"))
        if not members or lr == 0:
            return
        momentum = self._config.momentum_matrix
        updates = []
        for _, gradient, buffer in members:
            buffer.mul_(momentum).add_(gradient)
            updates.append(gradient.add(buffer, alpha=momentum))
        for (parameter, _, _), update in zip(members, self._orthogonal(updates), strict=True):
            parameter.mul_(math.sqrt(len(parameter)) / parameter.norm().clamp_min(1e-12))
            parameter.add_(update, alpha=-lr)

    def _orthogonal(self, updates: Iterable[Tensor]) -> list[Tensor]:
        """Orthogonalise all updates, those of one shape in one batched product."""
        updates = list(updates)
        by_shape: dict[tuple[int, int], list[int]] = {}
        for index, update in enumerate(updates):
            by_shape.setdefault((len(update), update.numel() // len(update)), []).append(index)
        result = list(updates)
        for indices in by_shape.values():
            stack = torch.stack([updates[i].reshape(len(updates[i]), -1) for i in indices])
            for i, matrix in zip(indices, orthogonalise(stack.to(self._iterate_in)), strict=True):
                result[i] = matrix.to(updates[i].dtype).view(updates[i].shape)
        return result


def orthogonalise(matrices: Tensor, *, steps: int = 3) -> Tensor:
    """Return matrices with the same singular vectors and singular values near one, shape ``(count, rows, columns)``.

    Source: Jordan et al., "Muon" (2024), quintic Newton-Schulz iteration; singular values end in about 0.5 to 1.5.
    """
    a, b, c = _NEWTON_SCHULZ
    x: Tensor = matrices / (matrices.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x
