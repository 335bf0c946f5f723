"""Measures generative models beyond one pass: many draws of the latents for some samples, and what is usual."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import bounds, surprise
from gnomon.core.errors import StoppedError
from gnomon.core.spec import Batch, Dataset, Density, Image, MixedRow, Normality, Spec, Split
from gnomon.data import feeds
from gnomon.data.stretches import Stretches
from gnomon.layers.familiarity import EXPLAINED, VIEWS
from gnomon.layers.importance_bound import together
from gnomon.layers.neighbours import REMEMBERED
from gnomon.layers.vae_network import Generative
from gnomon.layers.vae_rows import RowVae
from gnomon.layers.vae_series import SeriesVae
from gnomon.outputs import rowscores
from gnomon.training import infer

SHARE = 0.05
"""Largest share of a budget in time that the many draws may take."""
_NUM_WITHOUT_CLOCK = 50
_MOST = 10_000
_AT_ONCE = 20
_BATCH = 250
_STRETCHES = 2000
"""Usual stretches of a series whose looks are remembered."""
_LATER = 2000
"""Held-out samples, at most, that say what is usual of samples that were not trained on."""
_PAIR_S = 1.5e-8
"""Seconds to compare two samples."""
_PLANE_S = 1.0
"""Seconds to lay the plane through usual pictures."""
_REBUILT = 1.5
"""So many looks at a picture it takes to rebuild it from its latents."""

Kept = npt.NDArray[Any]
Stop = Callable[[], bool]


def samples_for(spec: Spec, *, draws: int, count: int, look_s: float, seconds: float | None) -> int:
    """Return for how many of ``count`` samples there is time for ``draws`` draws each; ``look_s`` is that of one."""
    if not isinstance(spec.target, Density) or draws < 2:
        return 0
    if seconds is None:
        return min(count, _NUM_WITHOUT_CLOCK)
    return max(0, min(count, _MOST, int(SHARE * seconds / max(1e-9, look_s * draws))))


def remembering_s(spec: Spec, *, num_train: int, num_measured: int, look_s: float) -> float:
    """Return about how many seconds it takes to remember normal samples and to compare the measured ones with them.

    ``look_s`` is how long the network looks at one before it remembers any.
    """
    if not (isinstance(spec.target, Normality) and isinstance(spec.input, Image | MixedRow)):
        return 0.0
    remembered = min(REMEMBERED, num_train)
    pairs = remembered * (remembered + num_measured)
    if isinstance(spec.input, MixedRow):
        return _PAIR_S * pairs + look_s * (remembered + num_measured)
    return _PLANE_S + _PAIR_S * len(VIEWS) * pairs + _REBUILT * look_s * (num_measured + min(EXPLAINED, remembered))


def rows_looks(dataset: Dataset) -> float:
    """Return at about how many windows is looked to score the rows of a series: those of the training that are
    remembered, those held out twice, and those of the test split."""
    found = 0.0
    for name, times in (("valid", 2), ("test", 1)):
        column = dataset.splits[name].inputs if name in dataset.splits else None
        if isinstance(column, Stretches):
            found += times * rowscores.OVERLAP * (len(column.rows) / column.length)
    return found + min(_STRETCHES, len(dataset.splits["train"])) * isinstance(dataset.spec.target, Normality)


def memorise(model: Model, train: Split) -> None:
    """Let the network remember normal samples, evenly spread over the training split, where it does."""
    if isinstance(model.network, Generative | SeriesVae) and len(train):
        rows = _spread(len(train), REMEMBERED if isinstance(model.network, Generative) else _STRETCHES)
        model.network.eval()
        with model.precision.autocast():
            model.network.remember(torch.from_numpy(np.ascontiguousarray(train.inputs[rows])))


def accustomed(model: Model, valid: Split, *, should_stop: Stop) -> tuple[Model, Kept]:
    """Return the model that knows how strange held-out samples are, and what was kept of them.

    Of windows of a series each row is a sample, for each row is asked about.
    """
    if isinstance(model.network, SeriesVae | RowVae) and len(valid):
        model.network.eval()
        with model.precision.autocast():
            model.network.temper(torch.from_numpy(np.ascontiguousarray(valid.inputs[_spread(len(valid), _LATER)])))
    kept = outputs(model, valid, should_stop=should_stop)
    scores = kept[:, bounds.STRANGENESS]
    if rowscores.fits(valid):
        scores = rowscores.of_split(model, valid, should_stop=should_stop).score
    held_out = surprise.kept(scores) if len(scores) else ()
    model.task.remember(held_out)
    return replace(model, held_out=held_out), kept


def outputs(model: Model, split: Split, *, should_stop: Stop = lambda: False) -> Kept:
    """Return what the task keeps of each sample, float64 ``(n, columns)``.

    How strange a sample is, is asked without telling a conditional model its class, as when it is asked later.
    """
    kept = _pass(model, _looks(model, split, None), should_stop)
    if model.network.conditional:
        hidden = (replace(batch, targets=torch.full_like(batch.targets, -1)) for batch in _looks(model, split, None))
        kept[:, bounds.STRANGENESS] = _pass(model, hidden, should_stop)[:, bounds.STRANGENESS]
    return kept


@torch.no_grad()
def tightened(model: Model, split: Split, kept: Kept, *, should_stop: Stop = lambda: False) -> Kept:
    """Return what was kept, with the bound of many draws for ``model.num_tightened`` evenly spread samples."""
    network, draws = model.network, int(model.task.importance_samples)
    if not isinstance(network, Generative | SeriesVae) or draws < 2 or not model.num_tightened or not len(split):
        return kept
    rows = _spread(len(split), model.num_tightened)
    kept = kept.copy()
    network.eval()
    with model.precision.autocast():
        for batch in _looks(model, split, rows):
            if should_stop():
                raise StoppedError("stopped while evaluating", fix="gnomon resume goes on from the last checkpoint")
            found = network.bound(batch.inputs, batch.targets, k=draws).cpu().numpy()
            kept[batch.ids, bounds.BOUND], kept[batch.ids, bounds.VARIANCE] = found[:, 0], found[:, 1]
            kept[batch.ids, bounds.DRAWS] = draws
    return kept


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return at most so many of ``count`` places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def _pass(model: Model, batches: Iterator[Batch], should_stop: Stop) -> Kept:
    found = infer.outputs(
        model.network, batches, precision=model.precision, keep=model.task.keep, should_stop=should_stop
    )
    return np.asarray(found, dtype=np.float64)


def _looks(model: Model, split: Split, rows: npt.NDArray[np.int64] | None) -> Iterator[Batch]:
    return feeds.looks(
        split,
        model.spec,
        batch_size=together(math.prod(split.inputs[0:1].shape), most=_BATCH if rows is None else _AT_ONCE),
        size=model.size_px,
        device=model.precision.device,
        rows=rows,
    )
