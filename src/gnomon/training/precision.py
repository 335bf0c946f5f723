"""In which number format a network computes, and what follows from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Precision:
    """Weights stay in float32; matrix products and convolutions run in ``name``: ``fp32`` or ``bf16``."""

    def __init__(self, name: str, device: torch.device) -> None:
        self.name = name
        self.device = device
        self.dtype = DTYPES[name]

    @property
    def waits(self) -> bool:
        """True where reading a value from the device costs nothing: each step can be checked before it counts."""
        return self.device.type == "cpu"

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """Compute in the lower precision inside the block, where one was chosen."""
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.name != "fp32"):
            yield

    @property
    def iterate_in(self) -> torch.dtype:
        """The format of the optimizer's matrix iteration: low precision is enough where it is also fast."""
        return self.dtype

    def backward(self, loss: Tensor) -> None:
        """Fill the gradients."""
        loss.backward()  # type: ignore[no-untyped-call]
