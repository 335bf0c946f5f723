"""How much a linear model counts beside a trained network: found on rows that neither has learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.spec import Output, Split
from gnomon.data import feeds
from gnomon.training import infer

SHARES = tuple(k / 10 for k in range(11))
FIRST = 0.3
"""What it counts before any row is looked at: more helps the worst answers and costs the others."""
_ROWS = 8.0
"""How firmly it does: a share is left for another that lessens the loss by more than this over the number of rows,
times the square of the distance from the first."""
_AT_ONCE = 500


def lean(model: Model, valid: Split, *, should_stop: Callable[[], bool] = lambda: False) -> float | None:
    """Set how much what was solved counts in a model's answers, and return it; None where nothing was.

    It is the share with the least loss on the validation rows, near the first one unless they tell otherwise: few rows
    tell little. Without any, the network answers alone.
    """
    if not model.network.lean(0.0) or not len(valid):
        return None
    costs = []
    for share in SHARES:
        model.network.lean(share)
        costs.append(_loss(model, valid, should_stop) + _ROWS / len(valid) * (share - FIRST) ** 2)
    best = SHARES[costs.index(min(costs))]
    model.network.lean(best)
    return best


def _loss(model: Model, valid: Split, should_stop: Callable[[], bool]) -> float:
    batches = feeds.looks(valid, model.spec, batch_size=_AT_ONCE, size=0, device=model.precision.device)
    values = infer.outputs(model.network, batches, precision=model.precision, should_stop=should_stop)
    return float(model.task.loss(Output(torch.from_numpy(values)), torch.from_numpy(np.array(valid.targets))))
