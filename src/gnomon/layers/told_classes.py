"""The class of each sample, as a generative network is told it: known, unknown, or hidden while it learns."""

from __future__ import annotations

import torch
from torch import Tensor

UNKNOWN_SHARE = 0.1
"""Share of training samples whose class is hidden, so that a conditional network learns the whole too."""


def class_indices(count: int, given: Tensor | None, num_classes: int, device: torch.device) -> Tensor:
    """Return the class of each sample, int64 ``(count,)``, ``num_classes`` where unknown.

    ``given`` are indices ``(count,)``, -1 where unknown; where there are no classes it is not looked at.
    """
    if given is None or not num_classes:
        return torch.full((count,), num_classes, dtype=torch.int64, device=device)
    return torch.where(given < 0, torch.full_like(given, num_classes), given).to(device)


def some_hidden(classes: Tensor, num_classes: int) -> Tensor:
    """Return classes ``(batch,)`` of which a share, drawn anew, is unknown: ``num_classes``."""
    hidden = torch.rand(len(classes), device=classes.device) < UNKNOWN_SHARE
    return torch.where(hidden, torch.full_like(classes, num_classes), classes)
