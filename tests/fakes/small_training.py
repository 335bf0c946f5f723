"""A real training in miniature: few pictures, a small network with noise and running statistics, a clock by hand."""

import numpy as np
import torch
from torch import nn

from gnomon.core.clock import Stopwatch
from gnomon.core.ranks import Ranks
from gnomon.core.run import RunFolder
from gnomon.core.spec import Image, Label, Output, Spec, Split
from gnomon.core.training import AugmentConfig, TrainConfig
from gnomon.data.augment import Augment
from gnomon.data.batch import Feed
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.layers.standardise import Standardise
from gnomon.tasks import classify
from gnomon.training.average import Average
from gnomon.training.loop import Fit
from gnomon.training.optim import Optimizer
from gnomon.training.pace import Pace
from gnomon.training.plan import PlanLog, Progress
from gnomon.training.precision import Precision
from gnomon.training.state import State

CPU = torch.device("cpu")


def spec(side=6, channels=1, num_classes=3):
    classes = tuple(f"class {i}" for i in range(num_classes))
    return Spec(input=Image(height_px=side, width_px=side, channels=channels), target=Label(classes=classes))


def pictures(num_samples=20, *, side=6, channels=1, num_classes=3, seed=0):
    """Pictures whose class shows: each class has a pattern of its own, under noise."""
    generator = np.random.default_rng(seed)
    patterns = np.random.default_rng(99).integers(0, 200, (min(num_classes, num_samples), side, side, channels))
    targets = np.arange(num_samples, dtype=np.int64) % num_classes
    noise = generator.integers(0, 56, (num_samples, side, side, channels))
    return Split(
        inputs=(patterns[targets] + noise).astype(np.uint8),
        targets=targets,
        ids=np.array([f"{i}.png" for i in range(num_samples)], dtype=object),
        hashes=np.arange(2 * num_samples, dtype=np.uint64).view("V16"),
    )


class Small(Network):
    """Every role, running statistics and dropout, in a few hundred numbers."""

    def __init__(self, side=6, num_classes=3, width=8):
        super().__init__()
        self.standardise = Standardise(1)
        self.linear = nn.Linear(side * side, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(0.2)
        self.head = Head(width, num_classes)

    def forward(self, inputs):
        hidden = self.norm(self.linear(self.standardise(inputs).flatten(1)))
        return Output(self.head(self.dropout(torch.relu(hidden))))

    def role(self, name, parameter):
        if name == "norm.bias":
            return "early"
        return "head" if name.startswith("head") else super().role(name, parameter)


def small(seed=0):
    torch.manual_seed(seed)
    return Small()


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.s = 0.0

    def now_s(self):
        return self.s


class TimedFeed:
    """Batches that take time on a clock: ``cost_s(size)`` seconds each."""

    def __init__(self, feed, clock, cost_s):
        self.feed, self.clock, self.cost_s = feed, clock, cost_s
        self.steps = []

    @property
    def num_samples(self):
        return self.feed.num_samples

    @property
    def typical_step(self):
        return 0

    def batch(self, step, *, size):
        self.clock.s += self.cost_s(size)
        self.steps.append(step)
        return self.feed.batch(step, size=size)


class LatePrecision(Precision):
    """A device whose values are read back seldom, as a GPU's are."""

    @property
    def waits(self):
        return False


def feed_of(split, *, batch_size=4, seed=0, augment=None, ranks=None):
    config = augment or AugmentConfig()
    return Feed(
        split,
        batch_size=batch_size,
        seed=seed,
        augment=Augment(config, seed=seed),
        device=CPU,
        ranks=ranks or Ranks(),
    )


def parts_of(folder, *, steps=30, config=None, phases=((0.0, 6),), step_s=None, deadline_s=None, **changed):
    """All parts of a training of ``steps`` steps that writes into ``folder``."""
    config = config or TrainConfig(batch_size=4, average=0.1, lr_vector=1.0, checkpoint_every_s=1e9)
    clock = changed.pop("clock", HandClock())
    network = changed.pop("network", None) or small()
    precision = changed.pop("precision", Precision("fp32", CPU))
    folder.mkdir(parents=True, exist_ok=True)
    run = RunFolder(folder)
    parts = {
        "run": run,
        "config": config,
        "phases": phases,
        "eval_at": (0.5, 1.0),
        "state": State(
            network=network,
            optimizer=Optimizer(network, config, iterate_in=torch.float32),
            average=Average(config),
            seed=0,
        ),
        "objective": classify.Task(classify.Config(), spec()),
        "feed": feed_of(pictures(), batch_size=config.batch_size),
        "precision": precision,
        "pace": Pace(Progress(steps), phases, step_s or {}, deadline_s=deadline_s),
        "log": PlanLog.start(run, {"steps": steps}),
        "validate": lambda network, tensors: {"accuracy": 0.5},
        "validate_s": 0.0,
        "clock": clock,
        "stopwatch": Stopwatch(clock),
        "emit": lambda event: None,
    }
    return Fit(**{**parts, **changed})
