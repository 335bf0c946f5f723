"""Generation: how probable is a sample, and what do new ones look like? The evidence lower bound is made high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import mixed
from gnomon.core.config import require_within
from gnomon.core.densities import Densities
from gnomon.core.spec import Density, MixedRow, Spec, Split
from gnomon.data import densitybaselines, mixedbaselines

TARGETS = (Density,)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    importance_samples: int = 500
    """Draws of the latents for the importance-weighted bound, of as many samples as there is time for."""

    def __post_init__(self) -> None:
        require_within("task.importance_samples", self.importance_samples, 1, 100_000)


class Task(Densities):
    """How probable samples are, and new ones: for data whose target is a `Density`."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__(spec)
        self.importance_samples = config.importance_samples

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return what is best without any training: see `densitybaselines.first_guess`."""
        return densitybaselines.first_guess(train, self.spec.input)

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what models score in which each pixel, column or value is independent of all others; of a series,
        also in which it follows the one before it."""
        if isinstance(self.spec.input, MixedRow):
            from gnomon.layers.likelihood_mixed import independent

            known, rows = mixedbaselines.some(train), np.asarray(other.inputs[0 : len(other)], np.float32)
            nats = independent(self.spec.input, known, rows).numpy() + mixed.naming(other.targets, self.target)
            found = {"column by column": nats}
        else:
            found = densitybaselines.likelihoods(train, other, self.spec.input, self.target)
        return [{"name": name, "scores": self.of_nats(nats)} for name, nats in found.items()]
