"""What training may ask of any network, whatever its family."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output
from gnomon.layers.continuation import ExactContinuation
from gnomon.layers.head import Head

Role = Literal["matrix", "head", "vector", "early", "orthogonal", "adam", "embedding", "sparse", "linear", "frozen"]
"""How the optimizer treats a parameter.

Networks whose activations are normalised by batch: hidden ``matrix`` of a fixed norm (convolution filters too), output
``head``, ``vector`` (biases, norm gains), ``early`` (a vector that is trained only at the start), all three by Nesterov
momentum. Others: hidden matrices ``orthogonal``, and Adam for ``adam`` (matrices decay) and ``embedding`` (nothing
does). ``sparse`` are tables with sparse gradients, ``linear`` those of linear models, which simply descend. ``frozen``
stays.
"""


class Network(nn.Module):
    """An ``nn.Module`` that says how it wants to be trained and looked at. Families override what differs."""

    head: Head
    carries: bool = False
    """True where ``forward`` takes the state that the batch before left in ``Output.carry``, shape ``(batch, …)``."""
    conditional: bool = False
    """True where ``forward`` takes ``given``, the class index of each sample, int64 ``(batch,)``, -1 where unknown."""
    progress: float = 1.0
    """How far the training is, in [0, 1], set before each step: for what is warmed up."""

    @property
    def exact(self) -> ExactContinuation | None:
        """The linear part of a forecaster that is solved on the training rows before anything is learned, if any."""
        return None

    @property
    def turn(self) -> int:
        """Which network's turn it is to learn, from 0, where there are several in an ensemble."""
        return 0

    @property
    def learner(self) -> Network:
        """The network that learns: this one, or in an ensemble the one whose turn it is."""
        return self

    @property
    def prefix(self) -> str:
        """What the names of the learner's tensors begin with in this module."""
        return ""

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return the output for a batch of inputs as the data's leaf kind stores them."""
        raise NotImplementedError

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Return the role of one parameter: ``head`` for the last layer, a matrix from two dimensions on."""
        if not parameter.requires_grad:
            return "frozen"
        if name.startswith("head."):
            return "head"
        return "matrix" if parameter.ndim >= 2 else "vector"

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Set what depends on the data (standardisation, whitening) from a sample of training inputs."""

    @torch.no_grad()
    def solve(self, inputs: Tensor, targets: Tensor) -> None:
        """Set what is solved rather than trained, from training inputs and their targets as they are stored."""

    @torch.no_grad()
    def lean(self, share: float) -> bool:
        """Let what was solved count as much as this beside what was trained; False where a network has nothing such."""
        return False

    def views(self, inputs: Tensor) -> Iterator[tuple[float, Tensor]]:
        """Yield weighted variants of the inputs whose outputs are averaged at test time; the first is the input."""
        yield 1.0, inputs
