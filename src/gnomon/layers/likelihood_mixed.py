"""The probability of rows of a table: each cell by a density of its own, given what the decoder says.

A number lies on a grid, so that it has a probability and not a density: the mass that a mixture of normal
distributions has on its step of the grid, which goes on beyond the range that was seen; with probabilities of their own
for values that stand out and for missing cells. The modes are those of the column, and the decoder moves and widens
them. A category has a probability for each code. Sources: modes of columns: Xu et al., "Modeling tabular data using
conditional GAN", arXiv 1907.00503, sections 4.2 and 4.5; mass of a step: Salimans et al., "PixelCNN++", arXiv
1701.05517, equation 2, here with normal distributions.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gnomon.core.mixed import marginals, num_options, num_parameters
from gnomon.core.spec import MixedRow
from gnomon.layers.keyed_noise import Noise

NEVER = -1e9
"""The logit of what does not exist."""
_NARROW = 0.02
"""A step of so few deviations has the mass of its middle: the difference would be rounded to nothing."""
_MOVES = 2.0
"""Deviations by which the decoder moves a mode at most."""
_WIDENS = 2.0
"""How much wider or narrower it makes one at most, as a logarithm."""
_LEAST_DEVIATION = 0.25
_ROWS = 4096
_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class MixedLikelihood(nn.Module):
    """Parameters ``(batch, num_parameters)`` as `core.mixed` lays them out, rows ``(batch, columns)`` as `MixedRow`."""

    option_index: Tensor
    mode_index: Tensor
    move_index: Tensor
    widen_index: Tensor
    means: Tensor
    deviations: Tensor
    spikes: Tensor
    highest: Tensor
    unlikely: Tensor
    impossible: Tensor

    def __init__(self, leaf: MixedRow) -> None:
        super().__init__()
        self.leaf = leaf
        self.num_numbers = len(leaf.numbers)
        self.sizes = [size for _, size in leaf.categories]
        self.num_parameters = num_parameters(leaf)
        self.per_pixel = self.num_parameters
        self.num_of_numbers = self.num_parameters - sum(self.sizes)
        for name, values in _layout(leaf).items():
            self.register_buffer(name, values, persistent=False)

    def nats(self, parameters: Tensor, rows: Tensor) -> Tensor:
        """Return -log p of each row, ``(batch,)``."""
        return self.cells(parameters, rows).sum(1)

    def cells(self, parameters: Tensor, rows: Tensor) -> Tensor:
        """Return -log p of each cell, ``(batch, columns)``, nats."""
        parts = []
        if self.num_numbers:
            parts.append(-self._numbers(parameters[:, : self.num_of_numbers].float(), rows[:, : self.num_numbers]))
        logits = parameters[:, self.num_of_numbers :].float().split(self.sizes, dim=1) if self.sizes else ()
        for place, own in enumerate(logits, start=self.num_numbers):
            parts.append(-own.log_softmax(1).gather(1, rows[:, place : place + 1].long()))
        return torch.cat(parts, dim=1)

    def draw(self, parameters: Tensor, noise: Noise) -> Tensor:
        """Return rows ``(batch, columns)`` drawn from the density, numbers in the range that was seen.

        What never came in training does not come: missing cells where there were none, rare values likewise.
        """
        parts = []
        if self.num_numbers:
            parts.append(self._drawn(parameters[:, : self.num_of_numbers].float(), noise))
        logits = self._possible(parameters)
        parts += [_picked(own.softmax(1), noise.uniform((len(own), 1)))[:, None].float() for own in logits]
        return torch.cat(parts, dim=1)

    def likeliest(self, parameters: Tensor) -> Tensor:
        """Return for each cell its likeliest value, ``(batch, columns)``; of the modes of a number, their mean."""
        parts = []
        if self.num_numbers:
            options, means, _ = self._parts(parameters[:, : self.num_of_numbers].float())
            modes = options.gather(2, self.mode_index.expand(len(options), -1, -1))
            middle = (modes.softmax(2) * means).sum(2)
            single = options[:, :, : 1 + self.spikes.shape[1]].clone()
            single[:, :, 0] += self.unlikely
            best = torch.cat([single, modes.logsumexp(2, keepdim=True)], dim=2).argmax(2)
            parts.append(self._valued(best, middle))
        logits = self._possible(parameters)
        parts += [own.argmax(1, keepdim=True).float() for own in logits]
        return torch.cat(parts, dim=1)

    def _possible(self, parameters: Tensor) -> list[Tensor]:
        """Return the logits of each category, those of codes that never come far below all others."""
        if not self.sizes:
            return []
        logits = parameters[:, self.num_of_numbers :].float() + self.impossible
        return list(logits.split(self.sizes, dim=1))

    def _parts(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log-shares of the options ``(batch, numbers, options)``, means and deviations of the modes."""
        padded = torch.cat([parameters, parameters.new_full((len(parameters), 1), NEVER)], dim=1)
        options = padded[:, self.option_index].log_softmax(2)
        padded = torch.cat([parameters, parameters.new_zeros(len(parameters), 1)], dim=1)
        moves, widths = padded[:, self.move_index], padded[:, self.widen_index]
        means = self.means + self.deviations * _MOVES * torch.tanh(moves / _MOVES)
        deviations = self.deviations * torch.exp(_WIDENS * torch.tanh(widths / _WIDENS))
        return options, means, deviations.clamp_min(_LEAST_DEVIATION)

    def _numbers(self, parameters: Tensor, places: Tensor) -> Tensor:
        """Return log p of each number, ``(batch, numbers)``."""
        options, means, deviations = self._parts(parameters)
        absent = places.isnan()
        known = places.masked_fill(absent, 0.0)
        modes = options.gather(2, self.mode_index.expand(len(options), -1, -1))
        inside = torch.logsumexp(modes + log_mass(known[:, :, None], means, deviations), dim=2)
        at = known[:, :, None] == self.spikes
        spike = torch.where(at, options[:, :, 1 : 1 + self.spikes.shape[1]], NEVER).amax(2) if at.shape[2] else None
        there = inside if spike is None else torch.logaddexp(inside, spike)
        return torch.where(absent, options[:, :, 0], there)

    def _drawn(self, parameters: Tensor, noise: Noise) -> Tensor:
        options, means, deviations = self._parts(parameters)
        options = torch.cat([options[:, :, :1] + self.unlikely[:, None], options[:, :, 1:]], dim=2)
        shape = options.shape[:2]
        picked = _picked(options.exp(), noise.uniform((shape[0], shape[1], 1)))
        num_single = 1 + self.spikes.shape[1]
        mode = (picked - num_single).clamp_min(0)[:, :, None]
        mean, deviation = means.gather(2, mode)[:, :, 0], deviations.gather(2, mode)[:, :, 0]
        low = torch.special.ndtr((-0.5 - mean) / deviation)
        high = torch.special.ndtr((self.highest + 0.5 - mean) / deviation)
        share = (low + (high - low) * noise.uniform(tuple(shape))).clamp(1e-6, 1 - 1e-6)
        return self._valued(picked.clamp_max(num_single), mean + deviation * torch.special.ndtri(share))

    def _valued(self, option: Tensor, middle: Tensor) -> Tensor:
        """Return places: NaN for option 0, then those of the spikes, then ``middle`` inside the range."""
        places = torch.minimum(middle.round().clamp_min(0), self.highest)
        count = self.spikes.shape[1]
        if count:
            spikes = self.spikes.expand(len(option), -1, -1).gather(2, (option - 1).clamp(0, count - 1)[:, :, None])
            places = torch.where((option >= 1) & (option <= count), spikes[:, :, 0], places)
        return places.masked_fill(option == 0, torch.nan)


def log_mass(places: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
    """Return the logarithm of the mass that normal distributions have from half a place below to half above."""
    width = 1 / deviations
    # On the left side of the middle both tails are small, and their logarithms exact.
    centre = -((places - means) * width).abs()
    reach = width.clamp_min(_NARROW) / 2
    upper, lower = torch.special.log_ndtr(centre + reach), torch.special.log_ndtr(centre - reach)
    between = upper + torch.log1p(-torch.exp((lower - upper).clamp_max(-1e-7)))
    middle = -0.5 * centre.square() - torch.log(deviations) - _HALF_LOG_TAU
    return torch.where(width > _NARROW, between, middle)


def _picked(shares: Tensor, uniform: Tensor) -> Tensor:
    """Return which of the options ``(…, options)`` a uniform number ``(…, 1)`` falls on, ``(…,)``."""
    running = shares.cumsum(-1)
    found = torch.searchsorted(running, (uniform * running[..., -1:]).contiguous(), right=True)[..., 0]
    return found.clamp_max(shares.shape[-1] - 1)


def _layout(leaf: MixedRow) -> dict[str, Tensor]:
    """Return where each parameter of the numbers lies, and what is known of their columns, padded to one size."""
    numbers = leaf.numbers
    num_spikes = max((len(number.spikes) for number in numbers), default=0)
    num_modes = max((len(number.means) for number in numbers), default=0)
    num_options_ = 1 + num_spikes + num_modes
    nowhere = num_parameters(leaf) - sum(size for _, size in leaf.categories)
    option = torch.full((len(numbers), num_options_), nowhere)
    move, widen = torch.full((len(numbers), num_modes), nowhere), torch.full((len(numbers), num_modes), nowhere)
    means, deviations = torch.zeros(len(numbers), num_modes), torch.ones(len(numbers), num_modes)
    spikes = torch.full((len(numbers), num_spikes), -1e12)
    start = 0
    for row, number in enumerate(numbers):
        own, modes = len(number.spikes), len(number.means)
        option[row, : 1 + own] = torch.arange(start, start + 1 + own)
        option[row, 1 + num_spikes : 1 + num_spikes + modes] = torch.arange(start + 1 + own, start + 1 + own + modes)
        start += num_options(number)
        move[row, :modes] = torch.arange(start, start + modes)
        widen[row, :modes] = torch.arange(start + modes, start + 2 * modes)
        start += 2 * modes
        means[row, :modes] = torch.tensor(number.means)
        deviations[row, :modes] = torch.tensor(number.deviations)
        spikes[row, :own] = torch.tensor(number.spikes, dtype=torch.float32)
    mode = torch.arange(1 + num_spikes, num_options_).repeat(len(numbers), 1)
    highest = torch.tensor([float(number.places - 1) for number in numbers])
    impossible = [torch.zeros(size) for _, size in leaf.categories]
    for codes, never in zip(impossible, leaf.never, strict=False):
        codes[list(never)] = NEVER
    return {
        "unlikely": torch.tensor([0.0 if number.has_missing else NEVER for number in numbers]),
        "impossible": torch.cat([torch.zeros(0), *impossible]),
        "option_index": option,
        "mode_index": mode,
        "move_index": move,
        "widen_index": widen,
        "means": means,
        "deviations": deviations,
        "spikes": spikes,
        "highest": highest,
    }


@torch.no_grad()
def independent(leaf: MixedRow, known: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> Tensor:
    """Return -log p of ``rows (n, columns)``, nats ``(n,)``, where each column is spread as in ``known``, alone."""
    parameters = torch.from_numpy(marginals(known, leaf))
    return by_column(MixedLikelihood(leaf), parameters, torch.from_numpy(np.ascontiguousarray(rows))).double()


def by_column(likelihood: MixedLikelihood, parameters: Tensor, rows: Tensor) -> Tensor:
    """Return -log p of ``rows (n, columns)``, nats ``(n,)``, by the same ``parameters (num_parameters,)`` for all."""
    nats = [likelihood.nats(parameters.expand(len(part), -1), part) for part in rows.split(_ROWS)]
    return torch.cat([rows.new_zeros(0), *nats])
