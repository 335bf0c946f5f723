"""The linear recurrence ``h_t = decay_t * h_(t-1) + value_t``, solved for all instants at once.

`scan` works with the numbers themselves. It only multiplies decays in [0, 1] and adds, so that nothing can overflow
and no precision is lost, however small the decays are. `log_scan` works with logarithms, for decays and values that
are given as such. Both agree with stepping through time, for any length and any initial state.

Sources: Martin and Cundy, "Parallelizing linear recurrent neural nets over sequence length", arXiv 1709.04057 (the
recurrence as a scan, and its gradient as a scan in the other direction); Blelloch, "Prefix sums and their
applications" (1990), the scan in two levels; Heinsen, "Efficient parallelization of a ubiquitous sequential
computation", arXiv 2311.06281, equation 4 (in logarithms).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST_STEP = 2048
"""Numbers of one instant from which on a processor is busy enough with one instant at a time."""


def scan(decay: Tensor, value: Tensor, initial: Tensor, *, reverse: bool = False) -> Tensor:
    """Return all ``h_t``, shape ``(time, batch, width)``, starting from ``initial`` ``(batch, width)``.

    ``decay`` in [0, 1] and ``value`` have the shape of the result. ``reverse`` goes from the last instant to the
    first.
    """
    if not torch.is_grad_enabled():
        return solve(decay, value, initial, reverse=reverse)
    solved: Tensor = _Scan.apply(decay, value, initial, reverse)
    return solved


def log_scan(log_decay: Tensor, log_value: Tensor, log_initial: Tensor) -> Tensor:
    """Return all ``h_t``, shape ``(time, batch, width)``, of a recurrence given in logarithms.

    ``log_decay`` at most 0 and ``log_value`` have the shape of the result, ``log_initial`` is ``(batch, width)`` and
    may be minus infinity. Decays of nought are not possible here: their logarithm is not a number to add up.

    Source: Heinsen, arXiv 2311.06281, equation 4: ``h_t = exp(A_t + logcumsumexp(log_value - A)_t)`` with the sums
    ``A`` of the decays' logarithms.
    """
    log_values = torch.cat([log_initial[None], log_value])
    sums = F.pad(log_decay.cumsum(0), (0, 0, 0, 0, 1, 0))
    return torch.exp(sums + torch.logcumsumexp(log_values - sums, 0))[1:]


def solve(decay: Tensor, value: Tensor, initial: Tensor, *, reverse: bool = False) -> Tensor:
    """Return what `scan` returns, without a gradient."""
    time = len(decay)
    if time < 4 or (decay.device.type == "cpu" and initial.numel() >= _LEAST_STEP):
        return _one_after_another(decay, value, initial, reverse=reverse)
    if reverse:
        return _in_chunks(decay.flip(0), value.flip(0), initial).flip(0)
    return _in_chunks(decay, value, initial)


class _Scan(torch.autograd.Function):
    """The scan, and its gradient, which is a scan in the other direction."""

    @staticmethod
    def forward(ctx: Any, decay: Tensor, value: Tensor, initial: Tensor, reverse: bool) -> Tensor:
        states = solve(decay, value, initial, reverse=reverse)
        ctx.save_for_backward(decay, states, initial)
        ctx.reverse = reverse
        return states

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[override]
        decay, states, initial = ctx.saved_tensors
        if ctx.reverse:
            later, before, first = decay[:-1], torch.cat([states[1:], initial[None]]), -1
            shifted = torch.cat([torch.zeros_like(decay[:1]), later])
        else:
            later, before, first = decay[1:], torch.cat([initial[None], states[:-1]]), 0
            shifted = torch.cat([later, torch.zeros_like(decay[:1])])
        total = solve(shifted, gradient, torch.zeros_like(initial), reverse=not ctx.reverse)
        return total * before, total, total[first] * decay[first], None


def _one_after_another(decay: Tensor, value: Tensor, initial: Tensor, *, reverse: bool) -> Tensor:
    states = torch.empty_like(value)
    instants = list(zip(decay.unbind(), value.unbind(), states.unbind(), strict=True))
    state = initial
    for step_decay, step_value, result in reversed(instants) if reverse else instants:
        torch.addcmul(step_value, step_decay, state, out=result)
        state = result
    return states


def _in_chunks(decay: Tensor, value: Tensor, initial: Tensor) -> Tensor:
    """Solve chunks of about the square root of the length side by side, then carry the state from chunk to chunk."""
    time = len(decay)
    length = math.isqrt(time - 1) + 1
    missing = -time % length
    if missing:
        decay, value = (F.pad(x, (0, 0, 0, 0, 0, missing)) for x in (decay, value))
    decays, values = (x.unflatten(0, (-1, length)) for x in (decay, value))
    kept = torch.empty_like(decays)  # how much of the state before its chunk is left at an instant
    states = torch.empty_like(values)
    kept[:, 0], states[:, 0] = decays[:, 0], values[:, 0]
    for i in range(1, length):
        torch.mul(decays[:, i], kept[:, i - 1], out=kept[:, i])
        torch.addcmul(values[:, i], decays[:, i], states[:, i - 1], out=states[:, i])
    ends = solve(kept[:, -1], states[:, -1], initial)
    starts = torch.cat([initial[None], ends[:-1]])
    return states.addcmul_(kept, starts[:, None]).flatten(0, 1)[:time]
