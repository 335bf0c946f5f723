"""Outputs of a network for a whole split, with more views of the samples that it is least certain about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnomon.core.errors import StoppedError
from gnomon.core.spec import Batch
from gnomon.layers.network import Network
from gnomon.train.precision import Precision


@torch.no_grad()
def outputs(
    network: Network,
    batches: Iterable[Batch],
    *,
    precision: Precision,
    views_below: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> npt.NDArray[np.float32]:
    """Return the outputs for all batches, shape ``(samples, …)``, with the network in evaluation mode.

    Where the largest softmax probability of a sample's first view is under ``views_below``, its output is the weighted
    mean over all views of the network. Each sample's output depends on that sample alone.
    Source for asking the uncertain ones only: Hiverge, "CIFAR-10 speedrun" (2025), selective test-time augmentation.
    """
    was_training = network.training
    network.eval()
    try:
        return np.concatenate([_one(network, batch, precision, views_below, should_stop) for batch in batches])
    finally:
        network.train(was_training)


def _one(
    network: Network, batch: Batch, precision: Precision, views_below: float, should_stop: Callable[[], bool]
) -> npt.NDArray[np.float32]:
    if should_stop():
        raise StoppedError("stopped while evaluating", fix="gnomon resume goes on from the last checkpoint")
    with precision.autocast():
        value = network(batch.inputs).value.float()
        if views_below > 0:
            value = _with_views(network, batch.inputs, value, views_below)
    result: npt.NDArray[np.float32] = value.cpu().numpy()
    return result


def _with_views(network: Network, inputs: Tensor, value: Tensor, views_below: float) -> Tensor:
    uncertain = torch.nonzero(value.softmax(1).amax(1) < views_below)[:, 0]
    if not len(uncertain):
        return value
    chosen = inputs[uncertain]
    total, weights = torch.zeros_like(value[uncertain]), 0.0
    for index, (weight, view) in enumerate(network.views(chosen)):
        total += weight * (value[uncertain] if index == 0 else network(view).value.float())
        weights += weight
    return value.index_copy(0, uncertain, total / weights)
