"""The plane in which usual samples spread most: what is off it is strange.

Source: Jackson and Mudholkar, "Control procedures for residuals associated with principal component analysis",
Technometrics 21, 1979.
"""

from __future__ import annotations

import torch
from torch import Tensor


def plane_of(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the middle of rows ``(n, numbers)`` and the ``count`` axes along which they spread most, float32.

    The axes are ``(count, numbers)``: of them those are nought along which nothing spreads.
    """
    exact = rows.double()
    middle = exact.mean(0)
    axes = torch.zeros(count, rows.shape[1], device=rows.device)
    found = _principal(exact - middle, count)
    axes[: len(found)] = found.float()
    return middle.float(), axes


def off_plane(rows: Tensor, middle: Tensor, axes: Tensor) -> Tensor:
    """Return what of rows ``(n, numbers)`` the plane leaves over, float32 of the same shape."""
    with torch.autocast(rows.device.type, enabled=False):
        centred = rows.float() - middle
        return centred - (centred @ axes.T) @ axes


def _principal(centred: Tensor, count: int) -> Tensor:
    rows, numbers = centred.shape
    if rows < numbers:  # the products of rows have the same spreads, and are fewer
        spreads, vectors = torch.linalg.eigh(centred @ centred.T)
        vectors = centred.T @ vectors / spreads.clamp_min(1e-12).sqrt()
    else:
        spreads, vectors = torch.linalg.eigh(centred.T @ centred)
    there = int((spreads > 1e-9 * spreads[-1].clamp_min(1e-12)).sum())
    return vectors[:, len(spreads) - min(count, there) :].T
