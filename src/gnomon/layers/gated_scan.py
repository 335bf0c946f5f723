"""The recurrence of a gate: ``h_t = (1 - z_t) * h_(t-1) + z_t * candidate_t`` with ``z = sigmoid(logits)``.

On a processor the time goes into moving numbers between memory and cache, not into arithmetic. There, gate, decay,
recurrence and all their gradients are computed in one go, some instants at a time, while the numbers are in the cache.
Elsewhere the same is said with `gnomon.layers.scan`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gnomon.layers.scan import scan

_NUMBERS_AT_ONCE = 2**16
"""Numbers of a tensor that are worked on at once: a few such tensors fit into the cache of a core."""
_LEAST_STEP = 1024
"""Numbers of one instant below which the number of operations costs more than the memory."""


def gated_scan(logits: Tensor, candidates: Tensor, initial: Tensor, *, reverse: bool = False) -> Tensor:
    """Return all states in float32 (float64 where given), shape ``(time, batch, width)``.

    ``logits`` and ``candidates`` have the shape of the result and any float type; ``initial`` is ``(batch, width)``.
    ``reverse`` goes from the last instant to the first.

    Source: Feng et al., "Were RNNs all we needed?", arXiv 2410.01201, section 3.1 (minGRU).
    """
    initial = initial.to(torch.promote_types(candidates.dtype, torch.float32))
    if logits.device.type == "cpu" and initial.numel() >= _LEAST_STEP:
        states: Tensor = _GatedScan.apply(logits, candidates, initial, reverse)
        return states
    logits = logits.to(initial.dtype)
    return scan(torch.sigmoid(-logits), torch.sigmoid(logits) * candidates, initial, reverse=reverse)


class _GatedScan(torch.autograd.Function):
    """The gated recurrence, block by block. ``states`` has one instant more than the input: the initial state."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, candidates: Tensor, initial: Tensor, reverse: bool) -> Tensor:
        time = len(logits)
        states = initial.new_empty(time + 1, *initial.shape)
        states[time if reverse else 0] = initial
        results, before = _after_and_before(states, reverse)
        for block in _blocks(time, initial.numel(), backwards=reverse):
            gate, decay = _gate_and_decay(logits[block], states.dtype)
            value = gate.mul_(candidates[block])
            instants = list(zip(value, decay, before[block], results[block], strict=True))
            for step_value, step_decay, state, result in reversed(instants) if reverse else instants:
                torch.addcmul(step_value, step_decay, state, out=result)
        ctx.save_for_backward(logits, candidates, states)
        ctx.reverse = reverse
        return results

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[override]
        logits, candidates, states = ctx.saved_tensors
        _, before = _after_and_before(states, ctx.reverse)
        of_logits, of_candidates = torch.empty_like(logits), torch.empty_like(candidates)
        total = kept = torch.zeros_like(states[0])
        for block in _blocks(len(logits), total.numel(), backwards=not ctx.reverse):
            gate, decay = _gate_and_decay(logits[block], states.dtype)
            totals = torch.empty_like(gate)
            instants = list(zip(gradient[block], decay, totals, strict=True))
            for step_gradient, step_decay, result in instants if ctx.reverse else reversed(instants):
                torch.addcmul(step_gradient, kept, total, out=result)
                total, kept = result, step_decay
            through = gate.mul_(totals)
            of_candidates[block] = through
            of_logits[block] = (candidates[block] - before[block]).mul_(through).mul_(decay)
        return of_logits, of_candidates, kept * total, None


def _after_and_before(states: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    """Return for each instant the state after it, and the state that it started from."""
    return (states[:-1], states[1:]) if reverse else (states[1:], states[:-1])


def _gate_and_decay(logits: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    gate = torch.sigmoid(logits.to(dtype))
    return gate, 1 - gate


def _blocks(time: int, numbers: int, *, backwards: bool) -> Iterator[slice]:
    length = max(1, _NUMBERS_AT_ONCE // numbers)
    starts = range(0, time, length)
    for start in reversed(starts) if backwards else starts:
        yield slice(start, min(start + length, time))
