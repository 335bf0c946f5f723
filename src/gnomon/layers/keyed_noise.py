"""Noise for latents: from torch's generator while training, and while measuring as a function of the sample itself.

What is measured with noise drawn from a sample's own content agrees whenever it is measured again, in whatever batch.
Source of the mixing: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

_GOLDEN = -0x61C8864680B583EB
_FIRST = -0x40A7B892E31B1A47
_SECOND = -0x6B2FB644ECCEEE15
_UNIT = 2.0**-23


class Noise(Protocol):
    """Where random numbers for rows of samples come from. Every call gives new ones."""

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """Return standard normal numbers, float32, the first dimension being the samples."""
        ...

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        """Return numbers in (0, 1), float32."""
        ...


class DrawnNoise:
    """Noise of torch's generators: of the default one, which the training loop seeds before each step, or of one."""

    def __init__(self, device: torch.device, generator: torch.Generator | None = None) -> None:
        self._device = device
        self._generator = generator

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """Return standard normal numbers."""
        if self._generator is None:
            return torch.randn(shape, device=self._device)
        return torch.randn(shape, generator=self._generator, device=self._generator.device).to(self._device)

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        """Return numbers in [0, 1)."""
        if self._generator is None:
            return torch.rand(shape, device=self._device)
        return torch.rand(shape, generator=self._generator, device=self._generator.device).to(self._device)


class KeyedNoise:
    """Noise in which each row is a function of that row's key and of how often was asked before."""

    def __init__(self, keys: Tensor) -> None:
        self._keys = keys
        self._asked = 0

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """Return standard normal numbers by the inverse of their distribution function."""
        return torch.erfinv(self.uniform(shape).mul_(2).sub_(1)).mul_(math.sqrt(2))

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        """Return numbers in (0, 1): the middle of one of 2^23 equal parts."""
        if shape[0] != len(self._keys):
            raise ValueError(f"noise for {shape[0]} samples with {len(self._keys)} keys")
        count = math.prod(shape[1:])
        places = torch.arange(1, count + 1, device=self._keys.device)
        self._asked += 1
        starts = mixed(self._keys + mixed(torch.tensor(self._asked, device=self._keys.device)))
        bits = mixed(starts[:, None] + places[None, :] * _GOLDEN)
        return ((bits >> 41) & 0x7FFFFF).float().add_(0.5).mul_(_UNIT).view(shape)


def mixed(numbers: Tensor) -> Tensor:
    """Return int64 numbers whose bits depend on all bits of the given ones."""
    numbers = (numbers ^ _shifted(numbers, 30)) * _FIRST
    numbers = (numbers ^ _shifted(numbers, 27)) * _SECOND
    return numbers ^ _shifted(numbers, 31)


def keys_of(inputs: Tensor, *, salt: int = 0) -> Tensor:
    """Return a key for each sample, int64 ``(batch,)``, that depends on its content and on ``salt`` alone.

    ``inputs`` are ``(batch, …)``, whole numbers or floats, whose bits count then.
    """
    flat = inputs.reshape(len(inputs), -1)
    numbers = flat.contiguous().view(torch.int32).long() if flat.dtype == torch.float32 else flat.long()
    weights = mixed(torch.arange(1, numbers.shape[1] + 1, device=inputs.device) * _GOLDEN) | 1
    apart = mixed(torch.tensor(salt, device=inputs.device))
    return mixed(((numbers + 1) * weights).sum(1) + apart)


def _shifted(numbers: Tensor, places: int) -> Tensor:
    """Shift to the right, filling with zeros."""
    return (numbers >> places) & ((1 << (64 - places)) - 1)
