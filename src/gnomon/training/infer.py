"""Outputs of a network for a whole split, with more views of the samples that it is least certain about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnomon.core.errors import StoppedError
from gnomon.core.spec import Batch, Output
from gnomon.layers.network import Network
from gnomon.training.precision import Precision
from gnomon.training.step import forward

_AT_ONCE = 500
"""Uncertain samples whose other views are computed together: enough to keep the processor busy."""

Values = npt.NDArray[np.float32]
Keep = Callable[[Output, Tensor], Tensor]


@torch.no_grad()
def outputs(
    network: Network,
    batches: Iterable[Batch],
    *,
    precision: Precision,
    keep: Keep | None = None,
    views_below: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Values:
    """Return the outputs for all batches, shape ``(samples, …)``, with the network in evaluation mode.

    ``keep`` makes of an output and its targets what is returned of each batch, shape ``(rows, …)``. Where the largest
    softmax probability of a sample's first view is under ``views_below``, its output is the weighted mean over all
    views of the network. Each sample's output depends on that sample alone.
    Source for asking the uncertain ones only: Hiverge, "CIFAR-10 speedrun" (2025), selective test-time augmentation.
    """
    was_training = network.training
    network.eval()
    try:
        with precision.autocast():
            return _all(network, batches, keep or _value, views_below, should_stop)
    finally:
        network.train(was_training)


def _value(output: Output, targets: Tensor) -> Tensor:
    return output.value.float()


def _all(
    network: Network, batches: Iterable[Batch], keep: Keep, views_below: float, should_stop: Callable[[], bool]
) -> Values:
    values: list[Tensor] = []
    uncertain: list[tuple[Tensor, Tensor]] = []
    done, waiting = 0, 0
    for batch in batches:
        if should_stop():
            raise StoppedError("stopped while evaluating", fix="gnomon resume goes on from the last checkpoint")
        value = keep(forward(network, batch, None), batch.targets)
        values.append(value)
        if views_below > 0:
            rows = torch.nonzero(value.softmax(1).amax(1) < views_below)[:, 0]
            uncertain.append((rows + done, batch.inputs[rows]))
            waiting += len(rows)
        done += len(value)
        if waiting >= _AT_ONCE:
            _look_again(network, values, uncertain)
            waiting = 0
    if waiting:
        _look_again(network, values, uncertain)
    result: Values = torch.cat(values).cpu().numpy()
    return result


def _look_again(network: Network, values: list[Tensor], uncertain: list[tuple[Tensor, Tensor]]) -> None:
    """Put the mean over all views in the place of the first, for the samples that wait for it; empty the list."""
    rows = torch.cat([rows for rows, _ in uncertain])
    inputs = torch.cat([inputs for _, inputs in uncertain])
    known = torch.cat(values)
    total, weights = torch.zeros_like(known[rows]), 0.0
    for index, (weight, view) in enumerate(network.views(inputs)):
        total += weight * (known[rows] if index == 0 else network(view).value.float())
        weights += weight
    values[:] = [known.index_copy(0, rows, total / weights)]
    uncertain.clear()
