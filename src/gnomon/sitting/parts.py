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
from gnomon.core.spec import Dataset, Split
from gnomon.core.training import Phases
from gnomon.data.feeds import Feed
from gnomon.layers.network import Network
from gnomon.training.budget import Budget
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
    feed: Feed
    precision: Precision
    channels_last: bool
    phases: Phases
    test_px: int


def parts_for(sitting: Sitting, *, precision: str, channels_last: bool) -> Parts:
    """Build task, network and batches of a sitting, computing in a number format and a memory format."""
    choice, spec = sitting.choice, sitting.dataset.spec
    device = torch.device(sitting.machine.device if choice.train.device == "auto" else choice.train.device)
    network = assemble.make_network(
        choice.run.family,
        choice.family,
        spec,
        train=sitting.train,
        seed=choice.run.seed,
        device=device,
        channels_last=channels_last,
    )
    if _compiles(choice.train.compile, device, sitting.budget):
        network.compile()
    return Parts(
        task=assemble.make_task(choice.run.task, choice.task, spec),
        network=network,
        channels_last=channels_last,
        feed=assemble.make_feed(
            sitting.train,
            spec,
            choice=choice,
            device=device,
            ranks=sitting.ranks,
        ),
        precision=Precision(precision, device),
        phases=assemble.phases_of(choice.train, spec),
        test_px=assemble.test_size(choice.train, spec),
    )


def _compiles(wanted: str, device: torch.device, budget: Budget) -> bool:
    """Return whether to compile the network: on a processor only where the user wants it; it gained nothing there."""
    if wanted == "auto":
        return device.type == "cuda" and (budget.seconds or 0.0) >= _PAYS_S
    return wanted == "on"
