"""Learning rates as a pure function of progress.

Source: linear decay to zero for a known budget: Li, Yumer and Ramanan, "Budgeted Training", arXiv 1905.04753.
"""

from __future__ import annotations


def rate(progress: float, *, warmup: float) -> float:
    """Return the factor on every peak learning rate: up over ``warmup``, then straight down to 0 at progress 1."""
    if progress < warmup:
        return (progress + 1e-3) / (warmup + 1e-3)
    return max(0.0, 1.0 - progress) / (1.0 - warmup)


def early_rate(progress: float, *, until: float) -> float:
    """Return the factor for parameters that learn only up to progress ``until``."""
    return max(0.0, 1.0 - progress / until) if until > 0 else 0.0
