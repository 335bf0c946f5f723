"""Generation: how probable is a sample, and what do new ones look like? The evidence lower bound is made high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import mixed
from gnomon.core.config import require_within
from gnomon.core.densities import Densities
from gnomon.core.spec import Density, MixedRow, Series, Spec, Split
from gnomon.data import mixedbaselines, pixelbaselines, stretchbaselines

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
        """Return what is best without any training: the mean picture ``(height, width, channels)`` in [0, 1].

        Of rows of a table, the parameters ``(parameters,)`` for which each column is spread as in training; of a
        series, the mean of each channel, ``(channels,)``.
        """
        if isinstance(self.spec.input, MixedRow):
            return mixed.marginals(mixedbaselines.some(train), self.spec.input)
        if self.series is not None:
            return np.array(self.series.mean, np.float32)
        return pixelbaselines.mean_picture(train)

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what models score in which each pixel, column or value is independent of all others; of a series,
        also in which it follows the one before it."""
        if isinstance(self.spec.input, MixedRow):
            from gnomon.layers.likelihood_mixed import independent

            known, rows = mixedbaselines.some(train), np.asarray(other.inputs[0 : len(other)], np.float32)
            nats = independent(self.spec.input, known, rows).numpy() + mixed.naming(other.targets, self.target)
            return [{"name": "column by column", "scores": self.of_nats(nats)}]
        if self.series is not None:
            return self.trivial(train, other, self.series)
        nats = pixelbaselines.independent(train, other, binarize=self.target.binarize)
        return [{"name": "pixel by pixel", "scores": self.of_nats(nats)}]

    def trivial(self, train: Split, other: Split, series: Series) -> list[dict[str, Any]]:
        """Return what models of a series score that need no training to speak of."""
        nats = {
            "value by value": stretchbaselines.by_value(train, other, series),
            "from the last value": stretchbaselines.from_last_value(train, other, series),
        }
        return [{"name": name, "scores": self.of_nats(found)} for name, found in nats.items()]
