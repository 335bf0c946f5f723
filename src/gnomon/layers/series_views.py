"""How strange each value of a series is: several views of it, each compared with how it looks in usual data.

A likelihood alone is blind where something is too regular: a sensor that froze is rebuilt without an effort. So the
bound of the whole window is looked at beside how little the values move, how they differ from those one season before,
and what a linear model leaves over. Each view counts by how rare it is in the training data; one that is rarer in
later, usual data, because the series drifts or because the network knows its training data too well, counts so much
less. Sources: typical rather than likely: Nalisnick et al., "Detecting out-of-distribution inputs to deep generative
models using typicality", arXiv 1906.02994; heavy tails beyond what was seen: Pickands, "Statistical inference using
extreme order statistics", Annals of Statistics 3, 1975 (generalised Pareto distribution).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.plane import off_plane, plane_of

VIEWS = ("still", "unlikely", "off the plane", "unlike last season")
"""What a view is called: values around it move too little; the whole window, of all channels, is improbable; the value
is off the plane in which usual windows spread most; values around it differ from those one season before."""
MOST = 1000.0
"""No view is rarer than this, in nats."""
_TAILS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_BEYOND = _TAILS.index(0.05)
"""The tail beyond the last knot begins as steeply as from this one to the last."""
_SHAPE = 0.5
"""How heavy it is: values of new data lie beyond those of the training more often than an exponential tail allows."""
_AXES = 32
_MOST_WINDOWS = 1024
"""So many windows, at most, say which plane that is."""
_STILL = 1e-3
"""Movements below this, in deviations of the channel, are none."""
_ODD = 10.0
"""No value of later windows counts as rarer than this, in nats: it may well be an anomaly."""
_FEW_WINDOWS = 4
"""So many later windows that were as rare as those of the training are taken for granted."""


class SeriesViews(nn.Module):
    """Views of values ``(batch, time, channels)`` in deviations; their knots are quantiles over usual values."""

    knots: Tensor
    excess: Tensor
    ready: Tensor
    middle: Tensor
    axes: Tensor

    def __init__(self, channels: int, length: int, period: int) -> None:
        super().__init__()
        self.channels = channels
        self.reach = max(1, length // 8)
        self.period = period if 1 < period <= length // 2 else 0
        self.num_views = len(VIEWS) if self.period else len(VIEWS) - 1
        self.register_buffer("knots", torch.zeros(channels * self.num_views, len(_TAILS)))
        self.register_buffer("excess", torch.ones(channels * self.num_views))
        self.register_buffer("ready", torch.zeros(()))
        self.register_buffer("middle", torch.zeros(length * channels))
        self.register_buffer("axes", torch.zeros(max(1, min(_AXES, length * channels // 4)), length * channels))

    @torch.no_grad()
    def lay(self, values: Tensor) -> None:
        """Lay the plane through usual windows ``(n, time, channels)``, in deviations."""
        some = torch.linspace(0, len(values) - 1, min(len(values), _MOST_WINDOWS)).long()
        flat = values.flatten(1)[some.to(values.device)]
        middle, axes = plane_of(flat, min(len(self.axes), max(1, len(flat) // 2)))
        self.middle.copy_(middle)
        self.axes.zero_()
        self.axes[: len(axes)].copy_(axes)

    @torch.no_grad()
    def fit(self, seen: Tensor) -> None:
        """Take over how usual values look: views ``(n, time, channels, views)`` as `seen` returns them."""
        ordered = seen.flatten(0, 1).flatten(1).T.double().sort(dim=1).values
        places = [min(ordered.shape[1] - 1, int((1 - tail) * ordered.shape[1])) for tail in _TAILS]
        self.knots.copy_(ordered[:, places].float())
        self.excess.fill_(1.0)
        self.ready.fill_(1.0)

    @torch.no_grad()
    def temper(self, seen: Tensor) -> None:
        """Let views that call usual values of later windows rare count less: ``(n, time, channels, views)``.

        A rarity -log(share) has a mean square of 2 where the shares are what they should be. Views that are less rare
        than that are left alone.
        """
        self.excess.fill_(1.0)
        squares = self(seen).clamp_max(_ODD).double().square().mean((0, 1)).flatten()
        found = (squares / 2 * len(seen) + _FEW_WINDOWS) / (len(seen) + _FEW_WINDOWS)
        self.excess.copy_(found.sqrt().clamp_min(1.0))

    def seen(self, values: Tensor, nats: Tensor, kl: Tensor) -> Tensor:
        """Return the views of values ``(batch, time, channels)``, ``(…, views)``; greater is stranger.

        ``nats`` are of the same shape; ``kl (batch,)`` are the nats of the latents of the window.
        """
        moves = F.pad(values[:, 1:] - values[:, :-1], (0, 0, 1, 0))
        moves = torch.cat([moves[:, 1:2], moves[:, 1:]], dim=1) if values.shape[1] > 1 else moves
        still = -torch.log(self._around(moves.square()) + _STILL**2)
        unlikely = ((nats.flatten(1).sum(1) + kl) / nats[0].numel()).view(-1, 1, 1)
        left = torch.log(off_plane(values.flatten(1), self.middle, self.axes).view_as(values).abs() + _STILL)
        found = [still, unlikely.expand_as(nats), left]
        if self.period:
            found.append(torch.log(self._around(self._from_last_season(values).abs()) + _STILL))
        return torch.stack(found, dim=-1)

    def forward(self, seen: Tensor) -> Tensor:
        """Return how rare views ``(batch, time, channels, views)`` are: about -log of their share among usual ones.

        That is divided by how much rarer later ones were.
        """
        flat = seen.flatten(0, 1).flatten(1).T.contiguous().float()
        place = torch.searchsorted(self.knots, flat)  # of equal values all are as usual as the most usual of them
        rare = -torch.log(torch.tensor(_TAILS, device=flat.device))
        low, high = (place - 1).clamp(0, len(_TAILS) - 1), place.clamp(max=len(_TAILS) - 1)
        below, above = self.knots.gather(1, low), self.knots.gather(1, high)
        share = ((flat - below) / (above - below).clamp_min(1e-6)).clamp(0, 1)
        inside = torch.where(place == 0, rare[0], rare[low] + share * (rare[high] - rare[low]))
        steep = (rare[-1] - rare[_BEYOND]) / (self.knots[:, -1:] - self.knots[:, _BEYOND : _BEYOND + 1]).clamp_min(1e-2)
        beyond = torch.log1p(_SHAPE * steep * (flat - self.knots[:, -1:]).clamp_min(0)) / _SHAPE
        return ((inside + beyond).clamp_max(MOST) / self.excess[:, None]).T.reshape(seen.shape)

    def _around(self, values: Tensor) -> Tensor:
        """Return the mean over the steps around each one, ``(batch, time, channels)``."""
        size = 2 * self.reach + 1
        x = F.avg_pool1d(values.transpose(1, 2), size, 1, self.reach, count_include_pad=False)
        return x.transpose(1, 2)

    def _from_last_season(self, values: Tensor) -> Tensor:
        """Return by how much values differ from those one season before; in the first season, from the next one."""
        change = values[:, self.period :] - values[:, : -self.period]
        return torch.cat([change[:, : self.period], change], dim=1)


def rarity(rare: Tensor) -> Tensor:
    """Return how strange values are, ``(batch, time, channels)``, for rarities ``(…, views)``: their root mean square.

    The rarest has the greatest say; where it is that of the whole window, which all channels share, the others tell
    which channel is the strangest.
    """
    return rare.square().mean(dim=-1).sqrt()
