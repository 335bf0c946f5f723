"""Anomalies: what is normal is learned from samples, and each other sample is told how strange it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import bounds, ranking, surprise
from gnomon.core.config import require_within
from gnomon.core.densities import Densities
from gnomon.core.spec import Column, MixedRow, Normality, Score, Spec, Split
from gnomon.data import densitybaselines, mixedbaselines

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TARGETS = (Normality,)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    importance_samples: int = 1
    """Draws of the latents for the importance-weighted bound."""
    false_alarms: float = 0.05
    """Share of normal samples that may raise an alarm: where ``predict`` says ``anomalous``."""

    def __post_init__(self) -> None:
        require_within("task.importance_samples", self.importance_samples, 1, 100_000)
        require_within("task.false_alarms", self.false_alarms, 1e-4, 0.5)


class Task(Densities):
    """How strange samples are, learned from normal ones: for data whose target is a `Normality`.

    Where the data has classes that were not learned, samples of them are anomalies, and ``auroc`` is the share of
    pairs of an anomaly and a normal sample in which the anomaly is the stranger one.
    """

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__(spec)
        self.importance_samples = config.importance_samples
        self.false_alarms = config.false_alarms
        normal = spec.target.normal if isinstance(spec.target, Normality) else ()
        self.density_headline = self.headline
        self.odd = np.array([name not in normal for name in self.target.classes], dtype=bool) if normal else None
        if self.odd is not None and self.odd.any():
            self.headline, self.higher_is_better = "auroc", True

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return what is best without any training: see `densitybaselines.first_guess`."""
        return densitybaselines.first_guess(train, self.spec.input)

    def progress_metrics(self, kept: Tensor, targets: Tensor | None) -> dict[str, float]:
        """Return the bound and its parts for the live line, and ``auroc`` where there are anomalies."""
        classes = np.full(len(kept), -1) if targets is None else targets.cpu().numpy()
        found = self.measured(kept.double().cpu().numpy(), classes)
        names = ("auroc", self.density_headline, "reconstruction", "kl")
        return {name: found[name].value for name in names if name in found}

    def metrics(self, kept: npt.NDArray[Any], targets: Ints, *, seed: int) -> dict[str, Score]:
        """Return the scores of what was kept ``(n, columns)``: of the bound over the normal samples alone.

        ``auroc`` and ``average_precision`` are there where the samples are known to be normal and not.
        """
        found = self.measured(kept, targets)
        return {name: found[name] for name in (self.headline, *found) if name in found}

    def measured(self, kept: npt.NDArray[Any], targets: Ints) -> dict[str, Score]:
        """Return the scores in no particular order."""
        found, odd = bounds.terms(kept, also=self.also), self.anomalous(targets)
        calm = kept if odd.all() else kept[~odd]
        told = _found(found.strangeness, odd) if odd.any() and not odd.all() else {}
        return {**told, **self.scored(bounds.terms(calm, also=self.also))}

    def details(self, kept: npt.NDArray[Any], targets: Ints, ids: Column) -> dict[str, Any]:
        """Return what `Densities.details` does, and at which thresholds what would be caught."""
        found, odd = bounds.terms(kept, also=self.also), self.anomalous(targets)
        calm = found.strangeness[~odd]
        limit = self.limit(calm)
        caught = {"caught": float((found.strangeness[odd] > limit).mean())} if odd.any() else {}
        alarms = float((calm > limit).mean()) if len(calm) else 0.0
        return {
            **super().details(kept, targets, ids),
            "threshold": {"score": limit, "false_alarms": alarms, **caught},
            "thresholds": surprise.thresholds(self.held_out or calm, found.strangeness[odd]),
        }

    def histogram(self, found: bounds.Terms, targets: Ints) -> dict[str, Any]:
        """Return how many normal samples, and how many anomalies, are how strange."""
        both, odd = super().histogram(found, targets), self.anomalous(targets)
        if not odd.any():
            return both
        counts = [np.histogram(found.strangeness[which], both["edges"])[0].tolist() for which in (~odd, odd)]
        return {"edges": both["edges"], "normal": counts[0], "anomalous": counts[1]}

    def decode(self, values: npt.NDArray[np.float32], inputs: npt.NDArray[Any]) -> list[dict[str, Any]]:
        """Return for each row of terms its bound, its parts, how strange it is and whether that is an anomaly."""
        rows = super().decode(values, inputs)
        limit = self.limit(np.zeros(0))
        return [row | {"anomalous": row["score"] > limit} for row in rows]

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what trivial models find: the distance from the principal plane, an isolation forest, and where
        there are no anomalies to find, how probable samples are when their values know nothing of each other.

        Of rows of a table, how probable they are column by column tells anomalies as well.
        """
        odd = self.anomalous(other.targets)
        both = odd.any() and not odd.all()
        if not both and self.headline == "auroc":
            return []
        found = self._likelihoods(train, other) if not both or isinstance(self.spec.input, MixedRow) else {}
        if not both:
            return [{"name": name, "scores": self.of_nats(nats)} for name, nats in found.items()]
        found |= densitybaselines.distances(train, other.inputs, self.spec.input, seed=seed, thorough=thorough)
        return [{"name": name, "scores": _found(strangeness, odd)} for name, strangeness in found.items()]

    def _likelihoods(self, train: Split, other: Split) -> dict[str, Floats]:
        """Return -log p of each sample of ``other``, ``(n,)``, by models that know little of it."""
        if not isinstance(self.spec.input, MixedRow):
            return densitybaselines.likelihoods(train, other, self.spec.input, self.target)
        from gnomon.layers.likelihood_mixed import independent

        known, rows = mixedbaselines.some(train), np.asarray(other.inputs[0 : len(other)], np.float32)
        return {"column by column": independent(self.spec.input, known, rows).numpy()}

    def limit(self, calm: Floats) -> float:
        """Return how strange an anomaly is: stranger than all but the allowed share of held-out samples.

        Where none were held out, ``calm`` are normal samples to go by; without those nothing is strange enough.
        """
        usual = np.asarray(self.held_out) if self.held_out else calm
        return float(np.quantile(usual, 1 - self.false_alarms)) if len(usual) else float("inf")

    def anomalous(self, targets: Ints) -> Flags:
        """Return which samples are known to be anomalies, ``(n,)``: those of a class that was not learned."""
        classes = np.asarray(targets)
        if self.odd is None:
            return np.zeros(len(classes), dtype=bool)
        return np.asarray(np.append(self.odd, False)[classes])


def _found(strangeness: Floats, odd: Flags) -> dict[str, Score]:
    """Return how well strangeness ``(n,)`` tells anomalies from what is normal."""
    return {"auroc": ranking.auroc(strangeness, odd), "average_precision": ranking.auprc(strangeness, odd)}
