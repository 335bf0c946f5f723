"""Drawn pictures in the eyes of a classifier that Gnomon trained: could they be real, and is all that is real drawn?

The customary numbers take the features of one network that was trained on ImageNet elsewhere. Those here are of a
classifier of the very data: they compare models that are judged by the same classifier, and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gnomon.assemble import Model
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Dataset, Label, Split
from gnomon.data.augment import resize
from gnomon.outputs import drawing
from gnomon.outputs.choosing import spread
from gnomon.outputs.fidelity import LEAST, fidelity

MOST = 2000
"""Pictures of each kind that are compared at most."""
_AT_ONCE = 250

Floats = npt.NDArray[np.float32]


def require_judge(model: Model, judge: Model) -> None:
    """Raise ``UsageError`` where a model is no classifier of the pictures that another draws."""
    drawing.require_generative(model.spec)
    if not isinstance(judge.spec.target, Label):
        raise UsageError("the judge is no classifier", fix="name a run of --task classify on the same data")
    if judge.spec.input != model.spec.input:
        raise UsageError(
            f"the judge knows {judge.spec.input}, the model draws {model.spec.input}",
            fix="name a classifier of pictures of the same size",
        )


def judged(
    model: Model,
    judge: Model,
    dataset: Dataset,
    *,
    split: str,
    seed: int,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Return precision, recall and Fréchet distance of drawn pictures against those of a split, as JSON values.

    Real samples of another split, where there are enough, say what a perfect model would get (``frechet_real``).
    Raises ``UsageError`` where the judge does not fit, ``DataError`` where the split has too few pictures.
    """
    require_judge(model, judge)
    real = dataset.splits[split]
    count = min(MOST, len(real))
    if count < LEAST:
        raise DataError(
            f"the {split} split has {count} pictures, too few to compare drawn ones with", fix=f"take {LEAST} or more"
        )
    drawn = drawing.samples(model, count=count, seed=seed, emit=emit, should_stop=should_stop).pictures
    other = next((part for part in dataset.splits.values() if part is not real and len(part) >= count), None)
    told = (emit, should_stop)
    found = fidelity(
        features(judge, _some(real, count), *told),
        features(judge, drawn, *told),
        None if other is None else features(judge, _some(other, count), *told),
    )
    return {name: asdict(score) for name, score in found.items()}


@torch.no_grad()
def features(
    judge: Model,
    pictures: npt.NDArray[np.uint8],
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Floats:
    """Return what the last layer of a classifier sees of pictures ``(n, height, width, channels)``: ``(n, width)``."""
    seen: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].detach().float().cpu())

    judge.network.eval()
    hook = judge.network.head.register_forward_pre_hook(keep)
    try:
        with judge.precision.autocast():
            for start in range(0, len(pictures), _AT_ONCE):
                if should_stop():
                    raise StoppedError("stopped while pictures were judged", fix="evaluate again")
                some = torch.from_numpy(np.ascontiguousarray(pictures[start : start + _AT_ONCE]))
                judge.network(resize(some.to(judge.precision.device), judge.size_px))
                done = min(len(pictures), start + _AT_ONCE)
                emit(Worked(what="judging", done=done, total=len(pictures), unit="pictures"))
    finally:
        hook.remove()
    return torch.cat(seen).numpy()


def _some(split: Split, count: int) -> npt.NDArray[np.uint8]:
    return np.asarray(split.inputs[np.array(spread(np.arange(len(split)), count), dtype=np.int64)])
