"""What bounds -log p of samples by draws of their latents, and how the weight of the divergence rises in training."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

BOUND_SALT = 0x6B
"""Tells the noise of the bound from that of one look."""
_ROWS = 1000
"""Samples that are decoded together where each is decoded many times."""
_VALUES = 2**21
"""Values, such as pixels, that are decoded together: a decoder keeps many features of each."""


def importance_bound(logs: Tensor) -> Tensor:
    """Return the importance-weighted bound on -log p of each sample and its Monte-Carlo variance, ``(batch, 2)``.

    ``logs`` are log p(x, z) - log q(z | x) of each draw, float64 ``(batch, draws)``, nats. Source: Burda, Grosse and
    Salakhutdinov, arXiv 1509.00519, equation 8; the variance of the logarithm of a mean by the delta method.
    """
    draws = logs.shape[1]
    mean = torch.logsumexp(logs, dim=1) - math.log(draws)
    relative = (logs - mean[:, None]).exp()
    spread = relative.var(dim=1) / draws if draws > 1 else torch.zeros_like(mean)
    return torch.stack([-mean, spread], dim=1)


def together(values: int, *, most: int = _ROWS) -> int:
    """Return how many samples of so many ``values`` are decoded together, so that they fit into little memory."""
    return max(1, min(most, _VALUES // max(1, values)))


def portions(batch: int, draws: int, *, values: int) -> Iterator[tuple[int, int]]:
    """Yield from which to which of ``draws`` those lie that are decoded together, of samples of so many ``values``."""
    at_once = max(1, together(values) // max(1, batch))
    for start in range(0, draws, at_once):
        yield start, min(draws, start + at_once)


def warmed(progress: float, warmup: float) -> float:
    """Return the weight of the divergence at a progress in [0, 1]: up to 1 over the first ``warmup`` of it.

    Source: Sønderby et al., arXiv 1602.02282, section 3.
    """
    return min(1.0, 0.02 + 0.98 * progress / warmup) if warmup > 0 else 1.0
