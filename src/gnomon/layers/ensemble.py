"""Several networks that learn one after another and answer together.

Source: Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation using deep
ensembles", arXiv 1612.01474: the same network from several random starts, on samples in several orders.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gnomon.core.spec import Label, NodeLabels, Number, Output, Sequence, Series, Spec, Tags, Tree, Vector, Waveform
from gnomon.layers.network import Network, Role

_INPUTS = (Sequence, Series, Tree, Vector, Waveform)
_CLASSES = (Label, NodeLabels, Tags)
_TARGETS = (*_CLASSES, Number, Series)


def can_answer_together(spec: Spec) -> bool:
    """Return whether the answers to such data can be averaged, and networks for it begin without a state."""
    return isinstance(spec.input, _INPUTS) and isinstance(spec.target, _TARGETS)


class Ensemble(Network):
    """Networks of one kind, of which one learns at a time; what they say is averaged.

    In training it is the one whose turn it is, the last; in evaluation all those whose turn is over, or the only one.
    Probabilities are averaged where there are classes, the values themselves elsewhere: numbers, quantiles, forecasts.
    """

    def __init__(self, first: Network, spec: Spec, *, another: Callable[[int], Network]) -> None:
        """``another`` builds the network of a turn, counted from 0; ``first`` is that of turn 0."""
        super().__init__()
        self.networks = nn.ModuleList([first])
        self.ready = 0
        """Networks whose turn is over."""
        self._has_classes = isinstance(spec.target, _CLASSES)
        self._another = another

    @property
    def turn(self) -> int:
        """Which network's turn it is, from 0."""
        return len(self.networks) - 1

    @property
    def learner(self) -> Network:
        """The network whose turn it is."""
        return self.networks[-1]  # type: ignore[return-value]

    @property
    def prefix(self) -> str:
        """What the names of the learner's tensors begin with in this module."""
        return f"networks.{self.turn}."

    def begin(self, turn: int) -> None:
        """Let it be another network's turn: later ones are forgotten, those before it are over.

        Raises ``ValueError`` for a turn further than the next.
        """
        if not 0 <= turn <= self.turn + 1:
            raise ValueError(f"turn {turn} cannot follow turn {self.turn}")
        if turn > self.turn:
            network = self._another(turn)
            self.networks.append(network.train(self.training))
        else:
            del self.networks[turn + 1 :]
        self.ready = turn

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """Let only the first network answer for a while: about samples that the others have learned from."""
        ready, self.ready = self.ready, 1
        try:
            yield
        finally:
            self.ready = ready

    def finish(self) -> None:
        """End the last turn: all networks answer."""
        self.ready = len(self.networks)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return the learner's output in training, else the mean of those that are ready."""
        if self.training:
            return self.learner(inputs)  # type: ignore[no-any-return]
        values = torch.stack([network(inputs).value.float() for network in self.networks[: max(1, self.ready)]])
        if self._has_classes:
            return Output(values.log_softmax(-1).logsumexp(0) - math.log(len(values)))
        return Output(values.mean(0))

    def lean(self, share: float) -> bool:
        """Let what was solved count as much in all networks; False where they have nothing such."""
        return all(network.lean(share) for network in self.networks)  # type: ignore[operator]

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Return what the network that the parameter belongs to says."""
        index, _, rest = name.removeprefix("networks.").partition(".")
        return self.networks[int(index)].role(rest, parameter)  # type: ignore[operator,no-any-return]

    def views(self, inputs: Tensor) -> Iterator[tuple[float, Tensor]]:
        """Yield the views that the networks want; they are alike."""
        yield from self.networks[0].views(inputs)  # type: ignore[operator]
