"""What a sitting works with, and the objects that a plan is carried out with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from gnomon import assemble
from gnomon.assemble import Choice
from gnomon.core.clock import Clock, Stopwatch
from gnomon.core.events import Emit
from gnomon.core.ranks import Ranks
from gnomon.core.run import RunFolder
from gnomon.core.spec import Batch, Dataset, Split
from gnomon.core.training import Phases
from gnomon.data.feeds import Feed
from gnomon.data.together import together
from gnomon.layers.ensemble import Ensemble
from gnomon.layers.network import Network
from gnomon.training.budget import Budget
from gnomon.training.loop import Batches
from gnomon.training.machine import Machine
from gnomon.training.precision import Precision

_PAYS_S = 600.0
"""Budget from which on compiling, half a minute a resolution, is paid back on a GPU."""


@dataclass(kw_only=True)
class Sitting:
    """What one sitting works with."""

    run: RunFolder
    choice: Choice
    raw: Dataset
    """The data as it was read, with its splits."""
    dataset: Dataset
    """The same as families see it."""
    preparation: Mapping[str, Any]
    budget: Budget
    machine: Machine
    clock: Clock
    stopwatch: Stopwatch
    emit: Emit
    should_stop: Callable[[], bool]
    ranks: Ranks
    baselines: list[dict[str, Any]] | None = None
    """What trivial models score, once that is measured."""

    @property
    def train(self) -> Split:
        """The split that is trained on."""
        return self.dataset.splits["train"]


@dataclass(kw_only=True)
class Parts:
    """The objects that a plan is carried out with."""

    task: Any
    network: Network
    build_s: float
    """Seconds that building the network took."""
    feed: Batches
    precision: Precision
    channels_last: bool
    phases: Phases
    test_px: int


def parts_for(sitting: Sitting, *, precision: str, channels_last: bool) -> Parts:
    """Build task, network and batches of a sitting, computing in a number format and a memory format."""
    choice, spec = sitting.choice, sitting.dataset.spec
    device = torch.device(sitting.machine.device if choice.train.device == "auto" else choice.train.device)
    started_s = sitting.clock.now_s()
    network = _network(sitting, sitting.train, device, channels_last=channels_last)
    return Parts(
        task=assemble.make_task(choice.run.task, choice.task, spec),
        network=network,
        build_s=sitting.clock.now_s() - started_s,
        channels_last=channels_last,
        feed=_feed(sitting, sitting.train, device),
        precision=Precision(precision, device),
        phases=assemble.phases_of(choice.train, spec),
        test_px=assemble.test_size(choice.train, spec),
    )


@dataclass(frozen=True, kw_only=True)
class _InTurns:
    """Training batches for the first network of an ensemble, and others for those after it."""

    first: Batches
    later: Batches
    from_step: int

    @property
    def num_samples(self) -> int:
        """Samples of one epoch of the first network."""
        return self.first.num_samples

    @property
    def typical_step(self) -> int:
        """A step whose batch costs about as much as the mean of all."""
        return self.first.typical_step

    def batch(self, step: int, *, size: int) -> Batch:
        """Return the batch of one step."""
        return (self.first if step < self.from_step else self.later).batch(step, size=size)


def assemble_ensemble(sitting: Sitting, parts: Parts, plan: Mapping[str, Any]) -> None:
    """Put an ensemble in the place of the network, which becomes its first; the others may see other batches."""

    train = sitting.train
    if plan["valid_too"]:
        train = together(sitting.train, sitting.dataset.splits["valid"])

    def another(turn: int) -> Network:
        return _network(sitting, train, parts.precision.device, channels_last=parts.channels_last, turn=turn)

    parts.network = Ensemble(parts.network, sitting.dataset.spec, another=another)
    if plan["valid_too"]:
        later = _feed(sitting, train, parts.precision.device)
        parts.feed = _InTurns(first=parts.feed, later=later, from_step=plan["steps"] // plan["networks"])


def _feed(sitting: Sitting, train: Split, device: torch.device) -> Feed:
    return assemble.make_feed(train, sitting.dataset.spec, choice=sitting.choice, device=device, ranks=sitting.ranks)


def _network(sitting: Sitting, train: Split, device: torch.device, *, channels_last: bool, turn: int = 0) -> Network:
    """Build the network of a turn, for samples to learn from; each begins elsewhere."""
    choice = sitting.choice
    network = assemble.make_network(
        choice.run.family,
        choice.family,
        sitting.dataset.spec,
        train=train,
        seed=choice.run.seed,
        turn=turn,
        device=device,
        channels_last=channels_last,
    )
    if _compiles(choice.train.compile, device, sitting.budget):
        network.compile()
    return network


def _compiles(wanted: str, device: torch.device, budget: Budget) -> bool:
    """Return whether to compile the network: on a processor only where the user wants it; it gained nothing there."""
    if wanted == "auto":
        return device.type == "cuda" and (budget.seconds or 0.0) >= _PAYS_S
    return wanted == "on"
