"""Which network of series whose probability is learned a budget pays for, and how it should be trained."""

from __future__ import annotations

import math
from typing import Any

from gnomon.core.spec import Series
from gnomon.core.training import Allowance, Speed
from gnomon.layers.vae_series import SeriesVaeConfig

DENSE_STEPS = 24
"""Up to this many steps, what looks over time is dense: there is little time to look over."""
_PATCHES = 16
"""About so many patches are read of a window."""
_RUNGS = ((32, 1, 8, 0.0), (64, 2, 16, 60_000.0), (96, 2, 24, 600_000.0), (128, 3, 32, 3_000_000.0))
"""Width, blocks, latents, and the windows that must be seen for this to be better than the one before."""
_SLOW = 4.0
"""Small convolutions take so much longer than the large ones with which speed is measured."""
_COMPONENTS = 64


def series_size(
    allowance: Allowance, series: Series, speed: Speed
) -> tuple[SeriesVaeConfig, dict[str, Any], tuple[str, ...]]:
    """Return the network, settings of the training, and why."""
    chosen = _rung(series, _RUNGS[0])
    for rung in _RUNGS:
        config = _rung(series, rung)
        samples = allowance.samples_at(_flop(series, config), speed)
        if samples < rung[3] and rung is not _RUNGS[0]:
            break
        chosen = config
    why = (
        f"{chosen.over} over time, width {chosen.width}, {chosen.num_latents} latents: the largest network of its "
        f"ladder that sees enough windows in the budget",
    )
    settings = {
        "train.batch_size": 2 ** min(6, max(4, round(math.log2(max(1, allowance.num_train) / 40)))),
        "train.average": 0.05,
        "train.warmup": 0.03,
        "train.clip": 100.0,
        "train.precision": "fp32",
        "train.max_epochs": 100.0,
    }
    return chosen, settings, why


def _rung(series: Series, rung: tuple[int, int, int, float]) -> SeriesVaeConfig:
    width, blocks, latents, _ = rung
    dense = series.length <= DENSE_STEPS
    return SeriesVaeConfig(
        over="dense" if dense else "convolutional",
        patch_steps=series.length if dense else max(1, -(-series.length // _PATCHES)),
        width=2 * width if dense else width,
        blocks=blocks,
        num_latents=latents,
        components=_COMPONENTS,
    )


def _flop(series: Series, config: SeriesVaeConfig) -> float:
    """Return multiplications and additions of one training window, forward and backward."""
    channels, width = len(series.names), config.width
    patches = -(-series.length // config.patch_steps)
    taps = 3 if config.over == "convolutional" else 1 if config.over == "dense" else 5
    ends = 3 * patches * config.patch_steps * channels * width + 3 * patches * width * config.num_latents
    layers = 2 * patches * taps * (config.blocks + 1) * width**2
    noise = 60 * series.length * channels
    # The components of the prior are looked at once a batch: as one sample of it for each two of them.
    return _SLOW * 3 * 2 * (1 + config.components / 32 / 2) * (ends + layers + noise)
