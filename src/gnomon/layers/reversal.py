"""Samples of different lengths in one tensor, turned round each within its own length.

A gather, so that the same operation works on every device and in exported models.
"""

from __future__ import annotations

import torch
from torch import Tensor


def reversal(mask: Tensor) -> Tensor:
    """Return for each place the instant that comes there, shape ``(time, batch)``, int64.

    ``mask`` ``(time, batch)`` is true where a sample has a token: at its start. What is after the end stays there.
    """
    instants = torch.arange(len(mask), device=mask.device)[:, None]
    lengths = mask.sum(0)
    return torch.where(mask, lengths - 1 - instants, instants)


def reordered(x: Tensor, order: Tensor) -> Tensor:
    """Return ``x`` ``(time, batch, width)`` with the instants of each sample in an ``order`` ``(time, batch)``."""
    return x.gather(0, order[:, :, None].expand_as(x))
