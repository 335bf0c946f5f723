"""Looks at the data while a plan is made and carried out, and the texts that a language model writes on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core.spec import Batch, Label, Number, Sequence
from gnomon.data import feeds
from gnomon.layers.network import Network
from gnomon.outputs import evaluate, generate
from gnomon.sitting.parts import Parts, Sitting
from gnomon.training import infer

LOOK_SAMPLES = 1000
_LOOK_BATCH = 250
_WRITES_S = 60.0
"""Budget from which on a language model writes something three times along its training."""
_WRITTEN = 160
"""Tokens that it writes each time."""


def few(sitting: Sitting, parts: Parts, count: int = 2) -> Batch:
    """Return some training samples as evaluation sees them, evenly spread."""
    rows = np.unique(np.linspace(0, len(sitting.train) - 1, min(count, len(sitting.train))).astype(np.int64))
    return next(looks(sitting, parts, "train", rows=rows))


def looks(sitting: Sitting, parts: Parts, split: str, *, rows: npt.NDArray[np.int64]) -> Iterator[Batch]:
    """Yield the samples of a split at ``rows``, as evaluation sees them."""
    spec = sitting.dataset.spec
    return feeds.looks(
        sitting.dataset.splits[split],
        spec,
        batch_size=min(_LOOK_BATCH, evaluate.batch_size(spec, parts.task.output_size)),
        size=parts.test_px,
        device=parts.precision.device,
        rows=rows,
    )


def validator(sitting: Sitting, parts: Parts) -> Callable[[Network, Mapping[str, Any]], dict[str, float]]:
    """Return a function that scores a network, with given tensors, on some of the validation split."""
    valid = sitting.dataset.splits.get("valid")
    if valid is None or not len(valid):
        return lambda network, tensors: {}
    rows = np.unique(np.linspace(0, len(valid) - 1, min(LOOK_SAMPLES, len(valid))).astype(np.int64))
    has_values = isinstance(sitting.dataset.spec.target, Label | Number)
    targets = torch.from_numpy(valid.targets[rows]) if has_values else None

    def validate(network: Network, tensors: Mapping[str, Any]) -> dict[str, float]:
        own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(dict(tensors))
        try:
            batches = looks(sitting, parts, "valid", rows=rows)
            kept = infer.outputs(network, batches, precision=parts.precision, keep=parts.task.keep)
        finally:
            network.load_state_dict(own)
        scores: dict[str, float] = parts.task.progress_metrics(torch.from_numpy(kept), targets)
        return scores

    return validate


def writer(sitting: Sitting, parts: Parts) -> Callable[[Network, Mapping[str, Any]], str] | None:
    """Return what lets a language model write a little; None for other models, and where there is no time for it."""
    spec, seconds = sitting.dataset.spec, sitting.budget.seconds
    if not (isinstance(spec.input, Sequence) and isinstance(spec.target, Sequence)):
        return None
    if seconds is not None and seconds < _WRITES_S:
        return None

    def write(network: Network, tensors: Mapping[str, Any]) -> str:
        own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(dict(tensors))
        model = Model(
            network=network, task=parts.task, spec=spec, preparation=sitting.preparation, precision=parts.precision
        )
        try:
            return "".join(generate.generate(model, "", length=_WRITTEN, choice=generate.Choice(seed=1)))
        finally:
            network.load_state_dict(own)

    return write
