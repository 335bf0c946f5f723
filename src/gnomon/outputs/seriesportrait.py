"""What a model that draws series is like: its portrait, made once after training and kept in the run folder.

Drawn stretches stand beside real ones, by sight and by how often their values, frequencies and neighbours are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset, Density, Series, Spec, Split
from gnomon.data import stretchbaselines
from gnomon.outputs import drawstretches, rowscores
from gnomon.outputs.choosing import spread
from gnomon.outputs.projection import active_dimensions, principal_plane

Floats = npt.NDArray[np.floating[Any]]

SCHEMA = 1
SHOWN = 6
"""Stretches that are drawn in a row."""
COMPARED = 256
"""Stretches whose values and frequencies are compared."""
MAPPED = 300
MOST_CHANNELS = 8
NUM_STRETCHES = COMPARED + MAPPED + 2 * SHOWN
"""About how many stretches are drawn or looked at, for planning."""
_MARGINS = 33
_MOST_LAGS = 48
_TRAVERSED = 6
_STEPS = (-2.0, 0.0, 2.0)


def fits(spec: Spec) -> bool:
    """Return whether models of this spec have such a portrait: those that know how probable a series is."""
    return isinstance(spec.input, Series) and isinstance(spec.target, Density)


def write(
    model: Model, dataset: Dataset, run: RunFolder, *, seed: int, should_stop: Callable[[], bool] = lambda: False
) -> None:
    """Draw the portrait of a model and write it into the run folder, as ``portrait.json``."""
    name = next((name for name in ("test", "valid", "train") if len(dataset.splits.get(name, ()))), "train")
    files.make_folder(run.portrait, exist_ok=True)
    found = _portrait(model, dataset.splits["train"], dataset.splits[name], seed=seed, should_stop=should_stop)
    files.write_json(run.portrait_facts, {"schema": SCHEMA, "kind": "Series", "split": name, **found})


def _portrait(
    model: Model, train: Split, split: Split, *, seed: int, should_stop: Callable[[], bool]
) -> dict[str, Any]:
    network = rowscores.network_of(model)
    drawn = drawstretches.samples(model, count=COMPARED, seed=seed, should_stop=should_stop).values
    real = _some(train, COMPARED)
    own = _some(split, SHOWN)
    rebuilt = network.reconstruct(_tensor(model, own)).cpu().numpy()
    codes = network.encode(_tensor(model, _some(split, MAPPED))).float().cpu().numpy()
    names = network.series.names[:MOST_CHANNELS]
    return {
        "channels": list(names),
        "num_channels": len(network.series.names),
        "real": _lists(real[np.asarray(spread(np.arange(len(real)), SHOWN))][..., : len(names)]),
        "drawn": _lists(drawn[:SHOWN, :, : len(names)]),
        "given": _lists(own[..., : len(names)]),
        "rebuilt": _lists(rebuilt[..., : len(names)]),
        "beside": [_beside(real[..., k], drawn[..., k], name) for k, name in enumerate(names)],
        "correlations": _correlations(real, drawn),
        "map": _map(codes),
        "traversals": _traversals(model, codes),
        "latents": {"dims": codes.shape[1], "active": len(active_dimensions(codes, most=codes.shape[1]))},
        "scaled": _scaled_error(network.series, real, drawn),
    }


def _beside(real: Floats, drawn: Floats, name: str) -> dict[str, Any]:
    """Return how values ``(n, time)`` spread, how they follow each other and which frequencies they hold.

    The distance is that of the marginal distributions, in deviations of the real one (Wasserstein's first).
    """
    shares = np.linspace(0.0, 1.0, _MARGINS)
    one, two = np.quantile(real, shares), np.quantile(drawn, shares)
    deviation = float(real.std()) or 1.0
    return {
        "name": name,
        "quantiles": [_rounded(one), _rounded(two)],
        "distance": float(np.abs(one - two).mean() / deviation),
        "autocorrelation": [_rounded(autocorrelation(values)) for values in (real, drawn)],
        "spectrum": [_rounded(spectrum(values, deviation)) for values in (real, drawn)],
    }


def autocorrelation(values: Floats) -> npt.NDArray[np.float64]:
    """Return the correlation of values ``(n, time)`` with those some steps before, from 0 steps on.

    The mean over all stretches is taken away, and each lag has its own number of pairs.
    """
    centred = np.asarray(values, np.float64) - float(values.mean())
    lags = range(min(_MOST_LAGS, centred.shape[1] - 1) + 1)
    variance = float((centred**2).mean()) or 1.0
    return np.array([(centred[:, lag:] * centred[:, : centred.shape[1] - lag]).mean() / variance for lag in lags])


def spectrum(values: Floats, deviation: float) -> npt.NDArray[np.float64]:
    """Return the logarithm (base 10) of the mean power of each frequency but 0 of values ``(n, time)``.

    Each stretch loses its mean and fades in and out (Hann's window); values are in deviations.
    """
    centred = (values - values.mean(axis=1, keepdims=True)) / deviation * np.hanning(values.shape[1])
    power = (np.abs(np.fft.rfft(centred, axis=1)) ** 2).mean(axis=0)[1:]
    return np.asarray(np.log10(power + 1e-12), np.float64)


def _correlations(real: Floats, drawn: Floats) -> dict[str, Any]:
    """Return by how much the correlations of channels differ, the mean over pairs; nothing where there is one."""
    if real.shape[2] == 1:
        return {}
    matrices = [np.nan_to_num(np.corrcoef(values.reshape(-1, values.shape[2]).T)) for values in (real, drawn)]
    pairs = np.triu_indices(real.shape[2], 1)
    return {"difference": float(np.abs(matrices[0] - matrices[1])[pairs].mean()), "pairs": len(pairs[0])}


def _scaled_error(series: Series, real: Floats, drawn: Floats) -> dict[str, float]:
    """Return the deviation of real and of drawn values, in deviations of the channel: both should be about 1."""
    return {
        name: float(stretchbaselines.scaled(values, series).std())
        for name, values in (("real", real), ("drawn", drawn))
    }


def _map(codes: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Return the mean latents on the plane in which they spread most; their place in the order of time is kept."""
    plane = principal_plane(codes)
    points = [[round(float(x), 4), round(float(y), 4)] for x, y in plane.points]
    return {"points": points, "explained": list(plane.explained)}


def _traversals(model: Model, codes: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    """Return what the liveliest latents do to what is expected, all others held at their mean."""
    network = rowscores.network_of(model)
    middle, deviation = codes.mean(axis=0), codes.std(axis=0)
    found = []
    for latent in active_dimensions(codes, most=_TRAVERSED):
        moved = np.repeat(middle[None], len(_STEPS), axis=0)
        moved[:, latent] += np.array(_STEPS, np.float32) * deviation[latent]
        values = network.decode(_tensor(model, moved)).cpu().numpy()
        channel = int((values.std(axis=0).mean(axis=0) / np.array(network.series.deviation)).argmax())
        found.append(
            {
                "latent": latent,
                "channel": network.series.names[channel],
                "steps": list(_STEPS),
                "values": [_rounded(one) for one in values[..., channel]],
            }
        )
    return found


def _some(split: Split, count: int) -> npt.NDArray[np.float32]:
    rows = np.asarray(spread(np.arange(len(split)), count), dtype=np.int64)
    return np.asarray(split.inputs[rows], np.float32)


def _tensor(model: Model, values: npt.NDArray[np.float32]) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(model.precision.device)


def _lists(values: Floats) -> list[list[list[float]]]:
    """Return stretches ``(n, time, channels)`` as lists ``(n, channels, time)``."""
    return [[_rounded(channel) for channel in one.T] for one in values]


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.5g}") for value in np.asarray(values).tolist()]
