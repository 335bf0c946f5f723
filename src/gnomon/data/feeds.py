"""Which batches a kind of data is trained and measured with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from gnomon.core.ranks import Ranks
from gnomon.core.spec import (
    Batch,
    Density,
    Image,
    Label,
    MixedRow,
    Sequence,
    Series,
    Spec,
    Split,
    Tree,
    Vector,
    Waveform,
)
from gnomon.core.training import AugmentConfig
from gnomon.data import batch as pictures
from gnomon.data import sequences, soundfeed, stream, windows
from gnomon.data.augment import Augment

Rows = npt.NDArray[np.int64]


class Feed(Protocol):
    """Training batches as a pure function of the step."""

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        ...

    @property
    def typical_step(self) -> int:
        """A step whose batch costs about as much as the mean of all, for measuring."""
        ...

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step, samples at one of the sizes of the plan."""
        ...


def feed_for(
    split: Split,
    spec: Spec,
    *,
    batch_size: int,
    augment: AugmentConfig,
    seed: int,
    device: torch.device,
    ranks: Ranks,
) -> Feed:
    """Return the training batches of a split whose samples are as ``spec`` says."""
    about = {"batch_size": batch_size, "seed": seed, "device": device, "ranks": ranks}
    if isinstance(spec.input, Image):
        return pictures.Feed(split, augment=Augment(augment, seed=seed), **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Sequence):
        if isinstance(spec.target, Sequence):
            return stream.StreamFeed(split, **about)  # type: ignore[arg-type]
        return sequences.SequenceFeed(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Tree):
        return sequences.SequenceFeed(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Series):
        if isinstance(spec.target, Label | Density):
            return windows.ArrayFeed(split, **about)  # type: ignore[arg-type]
        return windows.WindowFeed(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Vector | MixedRow):
        return windows.ArrayFeed(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Waveform):
        return soundfeed.SoundFeed(split, spec, augment=augment, **about)  # type: ignore[arg-type]
    raise TypeError(f"there are no batches of {type(spec.input).__name__}")


def looks(
    split: Split, spec: Spec, *, batch_size: int, size: int, device: torch.device, rows: Rows | None = None
) -> Iterator[Batch]:
    """Yield the samples of a split in order, unvaried, for measuring; all of them, or those at ``rows``, which rise."""
    about = {"batch_size": batch_size, "device": device, "rows": rows}
    if isinstance(spec.input, Image):
        return pictures.looks(split, size=size, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Sequence):
        if isinstance(spec.target, Sequence):
            return stream.looks_stream(split, **about)  # type: ignore[arg-type]
        return sequences.looks_sequences(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Tree):
        return sequences.looks_sequences(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Series):
        if isinstance(spec.target, Label | Density):
            return windows.looks_arrays(split, **about)  # type: ignore[arg-type]
        return windows.looks_windows(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Vector | MixedRow):
        return windows.looks_arrays(split, **about)  # type: ignore[arg-type]
    if isinstance(spec.input, Waveform):
        return soundfeed.looks_sounds(split, **about)  # type: ignore[arg-type]
    raise TypeError(f"there are no batches of {type(spec.input).__name__}")
