"""Scores the rows of a series one by one: each lies in several windows, and what they say of it is averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core.errors import StoppedError, UsageError
from gnomon.core.spec import Split
from gnomon.data import stretches
from gnomon.data.stretches import Stretches
from gnomon.layers.vae_series import SeriesVae

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
Stop = Callable[[], bool]

OVERLAP = 4
"""So many windows a row lies in, but near the ends."""
_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class RowScores:
    """What is known of some rows in order."""

    values: Rows
    """Shape ``(rows, channels)``, in their units."""
    expected: Floats
    """What the model expected of each value, likewise."""
    nats: Floats
    """-log p of each value given the steps before it and the mean latents, in deviations of its channel."""
    kl: Floats
    """What the latents tell of the windows in which a row lies, nats a value, ``(rows,)``."""
    strange: Floats
    """How strange each value is, ``(rows, channels)``."""

    @property
    def score(self) -> Floats:
        """How strange each row is: as its strangest channel, ``(rows,)``."""
        found: Floats = self.strange.max(axis=1)
        return found

    @property
    def bound(self) -> Floats:
        """About the bound on -log p of each row, in nats: its values, and their part of the latents, ``(rows,)``."""
        found: Floats = self.nats.sum(axis=1) + self.kl * self.nats.shape[1]
        return found


def fits(split: Split) -> bool:
    """Return whether a split is made of windows of rows, which are asked about one by one."""
    return isinstance(split.inputs, Stretches)


def of_split(model: Model, split: Split, *, should_stop: Stop = lambda: False) -> RowScores:
    """Return the scores of the rows of a split; windows may reach back into the rows before it.

    Raises ``StoppedError`` where it was asked to stop.
    """
    if not isinstance(split.inputs, Stretches):
        raise TypeError(f"a {type(split.inputs).__name__} holds no windows of rows")
    column = split.inputs
    return of_rows(model, column.rows, before=column.before, should_stop=should_stop)


def of_rows(model: Model, rows: Rows, *, before: int = 0, should_stop: Stop = lambda: False) -> RowScores:
    """Return the scores of rows ``(rows, channels)`` in units, but for those ``before``, which are only looked at."""
    parts = []
    for part in blocks(model, rows, before=before):
        if should_stop():
            raise StoppedError("stopped while scoring the series", fix="give the same command again")
        parts.append(part)
    names = ("values", "expected", "nats", "kl", "strange")
    return RowScores(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@torch.no_grad()
def blocks(model: Model, rows: Rows, *, before: int = 0) -> Iterator[RowScores]:
    """Yield the scores of rows in order, some at a time, each row once. Rows too few for a window are mirrored."""
    network = network_of(model)
    length = network.series.length
    rows, mirrored = stretches.lengthened(np.ascontiguousarray(rows, np.float32), length)
    before += mirrored
    starts = stretches.covering(len(rows), length, length // OVERLAP)
    column = Stretches(rows, length=length, starts=starts)
    sums = _Sums(len(rows), rows.shape[1])
    network.eval()
    done = before
    for begin in range(0, len(starts), _AT_ONCE):
        some = starts[begin : begin + _AT_ONCE]
        with model.precision.autocast():
            inputs = torch.from_numpy(column[begin : begin + len(some)]).to(model.precision.device)
            found = network.steps(inputs)
        sums.add(some, *(part.double().cpu().numpy() for part in (found.expected, found.nats, found.strange, found.kl)))
        end = begin + _AT_ONCE
        complete = int(starts[end]) if end < len(starts) else len(rows)
        if complete > done:
            yield sums.between(rows, done, complete)
            done = complete


def network_of(model: Model) -> SeriesVae:
    """Return the network of a model of series. Raises ``UsageError`` where it is none."""
    if not isinstance(model.network, SeriesVae):
        raise UsageError(
            "this model does not know how probable a series is",
            fix="train one: gnomon train SERIES.csv --task anomaly, or --task generate",
        )
    return model.network


class _Sums:
    """Sums over the windows in which rows lie."""

    def __init__(self, num_rows: int, channels: int) -> None:
        self._parts = np.zeros((3, num_rows, channels))
        self._kl = np.zeros(num_rows)
        self._count = np.zeros(num_rows)

    def add(self, starts: npt.NDArray[np.int64], expected: Floats, nats: Floats, strange: Floats, kl: Floats) -> None:
        """Add what windows say that begin at rows ``starts``."""
        length = expected.shape[1]
        each = kl / (length * expected.shape[2])
        for place, start in enumerate(starts.tolist()):
            stop = start + length
            for sums, found in zip(self._parts, (expected, nats, strange), strict=True):
                sums[start:stop] += found[place]
            self._kl[start:stop] += each[place]
            self._count[start:stop] += 1

    def between(self, rows: Rows, start: int, stop: int) -> RowScores:
        """Return the means of the rows from ``start`` to before ``stop``."""
        count = self._count[start:stop]
        expected, nats, strange = (part[start:stop] / count[:, None] for part in self._parts)
        return RowScores(
            values=rows[start:stop],
            expected=expected,
            nats=nats,
            kl=self._kl[start:stop] / count,
            strange=strange,
        )
