"""The optimizer: each parameter is updated as its role says.

Sources: Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024), Newton-Schulz iteration of
degree five; fixed filter norms and separate rates for head and biases as in Jordan, arXiv 2404.00498; orthogonalised
updates of the size of Adam's: Liu et al., arXiv 2502.16982, equation 4; Kingma and Ba, "Adam", arXiv 1412.6980,
algorithm 1, with decoupled decay: Loshchilov and Hutter, arXiv 1711.05101; Adagrad with one sum a row for sparse
tables: Duchi, Hazan and Singer, JMLR 12 (2011).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from gnomon.core.training import TrainConfig
from gnomon.layers.network import Network
from gnomon.training.schedule import early_rate, rate

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_REFERENCE_BATCH = 2000
_ADAM = ("adam", "embedding")
_TABLES = ("sparse", "linear")
_LINEAR_BATCH = 64
"""Samples of a batch that count for a linear model at most: those of a larger one say much the same."""
_SIZE_OF_ADAM = 0.2
"""Root mean square of Adam's updates, which orthogonalised ones are scaled to."""
_EPS = 1e-8


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
            name: torch.zeros_like(parameter)
            for role, members in self._roles.items()
            if role not in _TABLES
            for name, parameter in members
        }
        self._square = {name: _squares(role, parameter) for role, name, parameter in self._with_squares()}
        self._count = torch.zeros((), dtype=torch.int64)
        self.lr_factor = 1.0
        """Lowered when the training had to be rolled back."""

    def learning_rate(self, progress: float) -> float:
        """Return the rate at a progress: of the matrices where there are any, else of Adam."""
        peak = self._config.lr_matrix if "matrix" in self._roles else self._config.lr_adam
        return peak * rate(progress, warmup=self._config.warmup) * self.lr_factor

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
        self._count += 1
        self._step_orthogonal(config.lr_orthogonal * factor)
        for role in _ADAM:
            self._step_adam(role, config.lr_adam * factor)
        self._step_sparse(config.lr_sparse * factor)
        self._step_linear(config.lr_linear * factor * min(batch_size, _LINEAR_BATCH))

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that a resumed optimizer needs, by name."""
        squares = {f"square/{name}": tensor for name, tensor in self._square.items()}
        return {**self._momentum, **squares, **({"count": self._count} if squares else {})}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Take over what ``state`` returned."""
        for name, buffer in self.state().items():
            buffer.copy_(tensors[name])

    def _clip(self) -> None:
        if self._config.clip == "off":
            return
        clipped = [p for role in self._roles if role not in ("matrix", *_TABLES) for _, p in self._roles[role]]
        nn.utils.clip_grad_norm_([p for p in clipped if p.grad is not None], float(self._config.clip))

    def _with_squares(self) -> Iterator[tuple[str, str, nn.Parameter]]:
        for role in (*_ADAM, "sparse"):
            for name, parameter in self._roles.get(role, ()):
                yield role, name, parameter

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

    def _step_orthogonal(self, lr: float) -> None:
        members = list(self._with_gradients("orthogonal"))
        if not members or lr == 0:
            return
        momentum = self._config.beta1
        updates = []
        for _, gradient, buffer in members:
            buffer.lerp_(gradient, 1 - momentum)
            updates.append(gradient.lerp(buffer, momentum))
        for (parameter, _, _), update in zip(members, self._orthogonal(updates, steps=5), strict=True):
            size = _SIZE_OF_ADAM * math.sqrt(max(len(parameter), parameter.numel() // len(parameter)))
            parameter.mul_(1 - lr * self._config.decay_adam)
            parameter.add_(update, alpha=-lr * size)

    def _step_adam(self, role: str, lr: float) -> None:
        members = [(name, p) for name, p in self._roles.get(role, ()) if p.grad is not None]
        if not members or lr == 0:
            return
        config, count = self._config, int(self._count)
        parameters: list[Tensor] = [p for _, p in members]
        gradients = [p.grad for p in parameters if p.grad is not None]
        means, squares = [self._momentum[n] for n, _ in members], [self._square[n] for n, _ in members]
        torch._foreach_lerp_(means, gradients, 1 - config.beta1)
        torch._foreach_mul_(squares, config.beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - config.beta2)
        scales = list(torch._foreach_div(squares, 1 - config.beta2**count))
        torch._foreach_sqrt_(scales)
        torch._foreach_add_(scales, _EPS)
        decaying: list[Tensor] = [p for p in parameters if role == "adam" and p.ndim >= 2]
        if decaying:
            torch._foreach_mul_(decaying, 1 - lr * config.decay_adam)
        torch._foreach_addcdiv_(parameters, means, scales, -lr / (1 - config.beta1**count))

    def _step_sparse(self, lr: float) -> None:
        for name, parameter in self._roles.get("sparse", ()):
            if parameter.grad is None or lr == 0:
                continue
            gradient = parameter.grad.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
            sums = self._square[name]
            sums.index_add_(0, rows, values.square().mean(1))
            parameter.index_add_(0, rows, values / (sums[rows].sqrt() + _EPS)[:, None], alpha=-lr)

    def _step_linear(self, lr: float) -> None:
        for _, parameter in self._roles.get("linear", ()):
            if parameter.grad is None or lr == 0:
                continue
            gradient = parameter.grad.coalesce()
            parameter.index_add_(0, gradient.indices()[0], gradient.values(), alpha=-lr)

    def _orthogonal(self, updates: Iterable[Tensor], *, steps: int = 3) -> list[Tensor]:
        """Orthogonalise all updates, those of one shape in one batched product."""
        updates = list(updates)
        by_shape: dict[tuple[int, int], list[int]] = {}
        for index, update in enumerate(updates):
            by_shape.setdefault((len(update), update.numel() // len(update)), []).append(index)
        result = list(updates)
        for indices in by_shape.values():
            stack = torch.stack([updates[i].reshape(len(updates[i]), -1) for i in indices])
            for i, matrix in zip(indices, orthogonalise(stack.to(self._iterate_in), steps=steps), strict=True):
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


def _squares(role: str, parameter: nn.Parameter) -> Tensor:
    """Return the sums of squared gradients: one a number, or one a row of a sparse table."""
    if role == "sparse":
        return torch.zeros(len(parameter), device=parameter.device)
    return torch.zeros_like(parameter)
