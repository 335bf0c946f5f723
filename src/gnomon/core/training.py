"""Settings of the training itself, and what a family proposes for them. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gnomon.core.config import Auto, Off

Phases = tuple[tuple[float, int], ...]
"""Size of the samples as a function of progress: ``(from progress, size)``, rising in progress, the first from 0.

The size is a side in pixels for pictures, and 0, the data's own, for everything else.
"""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What is asked for: budget, task, family, seed."""

    budget: str = "5m"
    """Wall time from pressing return to the finished report, or epochs, steps, samples, flop."""
    task: str = "auto"
    family: str = "auto"
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How the network is trained."""

    batch_size: int = 256
    """Samples a step, over all ranks."""
    phases: Phases = ()
    """Resolutions over the progress; empty means the data's own."""
    test_size_px: int | Auto = "auto"
    """Resolution at which the finished model looks; ``auto`` is the last of the phases."""
    lr_matrix: float = 0.2
    """Share of its own norm by which a matrix moves in a step at the peak (orthogonalised update)."""
    lr_head: float = 0.02
    """Learning rate of the last layer, per mean loss of 2,000 samples."""
    lr_vector: float = 100.0
    """Learning rate of biases, per mean loss of 2,000 samples."""
    lr_adam: float = 0.002
    """Learning rate of Adam, for parameters of the roles ``adam`` and ``embedding``."""
    lr_orthogonal: float = 0.002
    """Learning rate of orthogonalised updates that keep a matrix' norm free; their size is that of Adam's updates."""
    lr_sparse: float = 0.1
    """Learning rate of tables of which a step touches few rows (Adagrad a row)."""
    lr_linear: float = 0.3
    """Learning rate of the tables of linear models, for the loss of one sample."""
    decay_adam: float = 0.01
    """Decoupled weight decay of matrices under Adam and under orthogonalised updates, per step and learning rate."""
    beta1: float = 0.9
    beta2: float = 0.98
    momentum_matrix: float = 0.6
    momentum_rest: float = 0.85
    weight_decay: float = 0.004
    """Decay of the last layer and the biases per step, per 2,000 samples."""
    warmup: float = 0.0
    """Share of the training over which the rates rise from zero."""
    early: float = 0.4
    """Share of the training over which ``early`` parameters learn."""
    average: float | Off = "off"
    """Horizon of the running average of the weights, as a share of all steps."""
    clip: float | Off = "off"
    """Largest norm of the gradient of everything but ``matrix`` parameters and sparse tables, together."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: Literal["auto", "on", "off"] = "auto"
    """Compile the network; ``auto`` does on a GPU when the budget pays for it, never on a processor."""
    device: str | Auto = "auto"
    """``cpu``, ``cuda`` or ``cuda:1``; ``auto`` takes the GPU where there is one."""
    threads: int | Auto = "auto"
    max_epochs: float | Off = 300.0
    """Passes over the data after which more do not help; a budget that allows more is not used up, and it is said."""
    ensemble: int | Auto = "auto"
    """Networks that are trained one after another and answer together; ``auto``: as many as the budget pays for,
    once one alone has seen the data often enough."""
    valid_too: bool = True
    """Networks of an ensemble but the first learn from the validation samples too, where those were drawn from the
    training samples and a test split tells the score."""
    checkpoint_every_s: float = 60.0
    """Seconds between checkpoints."""
    evaluations: int = 10
    """Looks at the validation split during training."""
    test_views: bool = True
    """Average the least certain predictions over several views of the sample."""


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """How training pictures and recordings are varied. Every draw is a function of seed, epoch and sample."""

    flip: Literal["auto", "alternate", "off"] = "auto"
    """Mirror left to right, every sample in every other epoch; ``auto`` does it for colour pictures only."""
    shift_px: int = 0
    """Largest move up, down, left and right, with mirrored borders."""
    turn_deg: float = 0.0
    """Largest rotation."""
    zoom: float = 0.0
    """Largest relative change of size."""
    crop_min_area: float = 1.0
    """Smallest share of a photo's area that a random crop keeps; 1 means no random crop."""
    cutout_px: int = 0
    """Side of a square that is painted over with the picture's mean."""
    shift_s: float = 0.0
    """Largest move of a recording in time, in seconds."""
    mix: float = 0.0
    """Share of the recordings under which another one sounds, their targets mixed as they are."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What this machine does: floating-point operations a second in a training step of a convolutional net."""

    flop_per_s: float
    device: str
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What there is to spend: training seconds (none when the budget is counted in something else) and samples seen."""

    train_s: float | None
    samples: float | None
    flop: float | None
    num_train: int

    def samples_at(self, flop_per_sample: float, speed: Speed) -> float:
        """Return how many training samples a network of that cost per sample (forward and backward) would see."""
        if self.samples is not None:
            return self.samples
        flop = self.flop if self.flop is not None else (self.train_s or 0.0) * speed.flop_per_s
        return flop / flop_per_sample


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a family would choose: its own ``Config``, settings of other sections under dotted keys, and why."""

    config: Any
    merit: float
    """How well the family is known to do on such data, in [0, 1]; ``--family auto`` takes the highest."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    why: tuple[str, ...] = ()
