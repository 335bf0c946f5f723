"""Recurrent cells that are trained in parallel over time: minGRU and minLSTM.

    minGRU    h_t = (1 - z_t) * h_(t-1) + z_t * candidate_t
    minLSTM   h_t = (f_t * h_(t-1) + i_t * candidate_t) / (f_t + i_t)

Gates and candidates depend on the input alone, not on the state before, so that the recurrence is linear and all
instants are computed at once. A minLSTM is a minGRU whose gate is i / (f + i), and it is computed as such.

Sources: Feng et al., "Were RNNs all we needed?", arXiv 2410.01201, sections 3.1 and 3.2 (cells), appendix B.2 (in
logarithms, with positive candidates); Tallec and Ollivier, "Can recurrent neural networks warp time?", arXiv
1804.11188, section 3 (gates that start with different spans of memory).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.gated_scan import gated_scan
from gnomon.layers.scan import log_scan

GatedKind = Literal["mingru", "minlstm"]
Candidates = Literal["linear", "positive"]
Form = Literal["real", "log"]

_CLOSED = -1e4
"""Logit of a gate that is shut."""


class GatedCell(nn.Module):
    """``(time, batch, width_in)`` to all states ``(time, batch, width)``.

    ``form`` "real" computes with the numbers themselves and "log" with their logarithms, with the same result; the
    second takes positive candidates only. At the start, the units remember over spans from 2 to ``longest`` instants.
    """

    def __init__(
        self,
        kind: GatedKind,
        width_in: int,
        width: int,
        *,
        candidates: Candidates = "linear",
        form: Form = "real",
        longest: int = 64,
    ) -> None:
        super().__init__()
        if form == "log" and candidates != "positive":
            raise ValueError("only positive candidates have a logarithm")
        self.kind = kind
        self.width = width
        self.positive = candidates == "positive"
        self.form = form
        self.enter = nn.Linear(width_in, (2 if kind == "mingru" else 3) * width)
        _initialise(self.enter, kind, width, longest)

    def forward(self, x: Tensor, initial: Tensor, mask: Tensor | None = None, *, reverse: bool = False) -> Tensor:
        """Return all states, starting from ``initial`` ``(batch, width)``; ``reverse`` starts at the last instant.

        Where a ``mask`` ``(time, batch)`` is false, the state stays what it was.
        """
        candidates, *gates = self.enter(x).split(self.width, -1)
        logits = gates[0] if self.kind == "mingru" else F.softplus(-gates[1]) - F.softplus(-gates[0])
        if mask is not None:
            logits = logits.masked_fill(~mask[..., None], _CLOSED)
        if self.form == "log":
            return _in_logarithms(logits, candidates, initial, reverse=reverse)
        if self.positive:
            candidates = positive(candidates)
        return gated_scan(logits, candidates, initial, reverse=reverse)


def positive(x: Tensor) -> Tensor:
    """Return ``x + 1/2`` from nought on and ``sigmoid(x)`` below: positive, and never flat.

    Source: Feng et al., arXiv 2410.01201, appendix B.2.1.
    """
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def _in_logarithms(logits: Tensor, candidates: Tensor, initial: Tensor, *, reverse: bool) -> Tensor:
    logits, candidates = (x.to(initial.dtype) for x in (logits, candidates))
    if reverse:
        logits, candidates = logits.flip(0), candidates.flip(0)
    log_candidates = torch.where(candidates >= 0, (F.relu(candidates) + 0.5).log(), F.logsigmoid(candidates))
    states = log_scan(F.logsigmoid(-logits), F.logsigmoid(logits) + log_candidates, initial.log())
    return states.flip(0) if reverse else states


@torch.no_grad()
def _initialise(enter: nn.Linear, kind: GatedKind, width: int, longest: int) -> None:
    nn.init.normal_(enter.weight, std=1 / math.sqrt(enter.in_features))
    enter.bias.zero_()
    # A gate of 1 / span forgets within a span; with a forget gate of 1/2, an input gate of 1 / (2 span - 2) does it.
    spans = torch.logspace(1, math.log2(longest), width, base=2)
    shut = (spans - 1) if kind == "mingru" else (2 * spans - 3)
    enter.bias[width : 2 * width] = -shut.log()
