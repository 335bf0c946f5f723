"""The probability of grey pictures that have few values: each value of a pixel has a probability of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.keyed_noise import Noise

_STEEPEST = 60.0
_HALVINGS = 40


class Categorical(nn.Module):
    """A logit for each of some rising grey values, 0 to 255. What lies between two of them counts as the nearer one."""

    values: Tensor
    middles: Tensor

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__()
        self.per_pixel = len(values)
        shares = torch.tensor(values, dtype=torch.float32) / 255
        self.register_buffer("values", shares, persistent=False)
        self.register_buffer("middles", (shares[1:] + shares[:-1]) / 2, persistent=False)

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``, for pixels in [0, 1], ``(batch, 1, height, width)``."""
        places = torch.bucketize(pixels[:, 0].contiguous(), self.middles)
        return F.cross_entropy(parameters.float(), places, reduction="none").flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1], ``(batch, 1, height, width)``."""
        return (parameters.float().softmax(1) * self.values[:, None, None]).sum(1, keepdim=True)

    def draw(self, parameters: Tensor, noise: Noise) -> Tensor:
        """Return pixels that were drawn, ``(batch, 1, height, width)`` in [0, 1]."""
        running = parameters.float().softmax(1).cumsum(1)
        drawn = noise.uniform((len(parameters), 1, *parameters.shape[2:])) * running[:, -1:]
        places = (running[:, :-1] < drawn).sum(1, keepdim=True)
        return self.values[places]

    def start(self, mean: Tensor) -> Tensor:
        """Return parameters ``(values, height, width)`` for which `mean` gives these values in [0, 1].

        Of all distributions with that mean the one of largest entropy, whose logits rise evenly: its slope is found by
        halving.
        """
        low, high = torch.full_like(mean, -_STEEPEST), torch.full_like(mean, _STEEPEST)
        for _ in range(_HALVINGS):
            slope = (low + high) / 2
            below = self.mean((slope * self.values[:, None, None])[None])[0] < mean
            low, high = torch.where(below, slope, low), torch.where(below, high, slope)
        return (low + high) / 2 * self.values[:, None, None]
