"""What the tasks share whose model says how probable a sample is: loss, scores, details and answers.

A task adds what only it asks; there is one loop, and the divergence of the latents is a penalty of the network.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import bounds, surprise
from gnomon.core.errors import DataError
from gnomon.core.spec import Column, Density, Image, MixedRow, Output, Score, Series, Spec

if TYPE_CHECKING:
    from torch import Tensor

Ints = npt.NDArray[np.int64]

NUM_STRANGEST = 32
_BINS = 40


class Densities:
    """The evidence lower bound of samples whose target is a `Density`: the network finds its terms."""

    headline: str

    higher_is_better = False
    calibrates = False
    output_size = 3

    def __init__(self, spec: Spec) -> None:
        if not isinstance(spec.target, Density) or not isinstance(spec.input, Image | MixedRow | Series):
            raise DataError(
                f"a {type(spec.input).__name__} with a {type(spec.target).__name__} is nothing to generate",
                fix="give pictures, a table or a series, or choose another --task",
            )
        self.spec = spec
        self.target = spec.target
        self.series = spec.input if isinstance(spec.input, Series) else None
        self.num_values = _num_values(spec.input)
        self.per_value, self.each = bounds.per_value(self.num_values, measured=self.series is not None)
        in_nats = isinstance(spec.input, MixedRow) or spec.target.binarize != "off"
        self.headline = "nll" if in_nats else self.per_value
        in_turn = spec.target.conditional and spec.target.classes and not spec.target.shares
        self.also = math.log(len(spec.target.classes)) if in_turn else 0.0
        self.held_out: tuple[float, ...] = ()

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean reconstruction term (nats) of terms ``(batch, 2 + groups)``; the rest is a penalty."""
        return output.value[:, 0].mean()

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return what is measured of a batch, the columns of `core.bounds`, float64 ``(batch, 5 + groups)``.

        The bound is that of the one draw that was made.
        """
        import torch

        value = output.value.double()
        divergences = value[:, 2:]
        bound = value[:, 0] + divergences.sum(1)
        none, one = torch.zeros_like(bound), torch.ones_like(bound)
        return torch.cat([value[:, :2], torch.stack([bound, none, one], dim=1), divergences], dim=1)

    def remember(self, held_out: tuple[float, ...]) -> None:
        """Take over how strange held-out samples are, in rising order: what p-values compare with."""
        self.held_out = held_out

    def progress_metrics(self, kept: Tensor, targets: Tensor | None) -> dict[str, float]:
        """Return the bound and its parts for the live line."""
        found = self.scored(bounds.terms(kept.double().cpu().numpy(), also=self.also))
        return {name: found[name].value for name in (self.headline, "reconstruction", "kl")}

    def metrics(self, kept: npt.NDArray[Any], targets: Ints, *, seed: int) -> dict[str, Score]:
        """Return every score of what was kept ``(n, columns)``, the headline first."""
        found = self.scored(bounds.terms(kept, also=self.also))
        return {self.headline: found[self.headline], **found}

    def details(self, kept: npt.NDArray[Any], targets: Ints, ids: Column) -> dict[str, Any]:
        """Return how the bound was measured, the groups of latents, the strangest and the most usual samples."""
        found = bounds.terms(kept, also=self.also)
        order = np.argsort(-found.strangeness, kind="stable")
        return {
            **bounds.details(found),
            "likelihood": self._likelihood(),
            "strangest": self._told(found, order[:NUM_STRANGEST], targets, ids),
            "typical": self._told(found, order[::-1][:NUM_STRANGEST], targets, ids),
            "histogram": self.histogram(found, targets),
        }

    def histogram(self, found: bounds.Terms, targets: Ints) -> dict[str, Any]:
        """Return how many samples are how strange."""
        edges = _edges(found.strangeness)
        return {"edges": edges.tolist(), "normal": np.histogram(found.strangeness, edges)[0].tolist()}

    def decode(self, values: npt.NDArray[np.float32], inputs: npt.NDArray[Any]) -> list[dict[str, Any]]:
        """Return for each row of terms ``(n, 2 + groups)`` the bound, its parts, and how strange the sample is."""
        values = np.asarray(values, dtype=np.float64)
        p_values = surprise.p_values(values[:, 1], self.held_out)
        return [self._row(row, float(p)) for row, p in zip(values, p_values, strict=True)]

    def of_nats(self, nats: npt.NDArray[np.float64]) -> dict[str, Score]:
        """Return the scores of a model that gives each sample this -log p, ``(n,)``."""
        nll, each = bounds.mean(nats), bounds.mean(nats, scale=self.each)
        return {self.headline: nll if self.headline == "nll" else each, "nll": nll, self.per_value: each}

    def scored(self, found: bounds.Terms) -> dict[str, Score]:
        """Return the scores of terms: of samples and of one value of them."""
        return bounds.scores(found, num_values=self.num_values, measured=self.series is not None)

    def _likelihood(self) -> dict[str, Any]:
        """Return what the samples are made of, as the bound counts it."""
        if isinstance(self.spec.input, MixedRow):
            return {"columns": len(self.spec.input.names), "discretised": True}
        if self.series is not None:
            return {"noise": "Student", "values": "divided by the deviation of their channel in training"}
        return {"levels": self.target.levels, "binarize": self.target.binarize}

    def _row(self, row: npt.NDArray[np.float64], p_value: float) -> dict[str, Any]:
        bound = float(row[0] + row[2:].sum())
        return {
            "nll_bound": bound,
            "reconstruction": float(row[0]),
            "kl": float(row[2:].sum()),
            self.per_value: bound * self.each,
            "score": float(row[1]),
            "p_value": p_value,
        }

    def _told(self, found: bounds.Terms, rows: Ints, targets: Ints, ids: Column) -> list[dict[str, Any]]:
        names, p_values = ids[rows], surprise.p_values(found.strangeness[rows], self.held_out)
        nll = np.where(found.tightened, found.bound, found.negative_elbo)
        return [
            {
                "index": int(i),
                "id": str(name),
                "score": float(found.strangeness[i]),
                "p_value": float(p),
                "nll": float(nll[i]),
                "reconstruction": float(found.reconstruction[i]),
                "kl": float(found.divergences[i].sum()),
                "label": int(targets[i]),
            }
            for i, name, p in zip(rows, names, p_values, strict=True)
        ]


def _num_values(leaf: Image | MixedRow | Series) -> int:
    """Return of how many numbers a sample is made."""
    if isinstance(leaf, MixedRow):
        return len(leaf.names)
    if isinstance(leaf, Series):
        return leaf.length * len(leaf.names)
    return leaf.height_px * leaf.width_px * leaf.channels


def _edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the edges of bins; the highest half percent share the last one."""
    low, high = float(values.min()), float(np.quantile(values, 0.995))
    edges = np.linspace(low, max(high, low + 1e-9), _BINS)
    return np.append(edges, max(float(values.max()), edges[-1]) + 1e-9)
