"""Measures a model: scores with intervals, trivial baselines beside them, and the details that the report shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.assemble import Model
from gnomon.core.events import Emit, Said, Worked
from gnomon.core.spec import Dataset, Density, Image, Series, Spec, Split, Tree, Vector
from gnomon.core.spec import Sequence as Tokens
from gnomon.data import feeds
from gnomon.layers.ensemble import Ensemble
from gnomon.layers.importance_bound import together
from gnomon.outputs import stretchmeasures, tightening, treemeasures
from gnomon.outputs.importance import importance
from gnomon.training import infer

SCHEMA = 1
_BATCH = 500
_VALUES_AT_ONCE = 2**25
_UNCERTAIN = 0.2
"""Share of the validation samples that are looked at in more than one view."""

Logits = npt.NDArray[np.float32]


def calibrated(model: Model, valid: Split, *, views: bool, should_stop: Callable[[], bool]) -> tuple[Model, Logits]:
    """Return the model with temperature and limit for more views set on the validation split, and its logits there.

    The limit is the confidence under which one in five validation samples lies. A model whose task has no
    temperature is returned as it is.
    """
    if isinstance(model.spec.target, Density):
        return tightening.accustomed(model, valid, should_stop=should_stop)
    if not model.task.calibrates:
        return model, outputs(model, valid, should_stop=should_stop)
    if not len(valid):
        return model, np.zeros((0, model.task.output_size), dtype=np.float32)
    logits = outputs(model, valid, should_stop=should_stop)
    if views:
        confidence = _softmax(logits).max(axis=1)
        model = replace(model, views_below=float(np.quantile(confidence, _UNCERTAIN)))
        logits = outputs(model, valid, should_stop=should_stop)
    temperature = model.task.temperature(logits, valid.targets)
    return replace(model, temperature=temperature), logits


def outputs(
    model: Model,
    split: Split,
    *,
    emit: Emit | None = None,
    name: str = "",
    should_stop: Callable[[], bool] = lambda: False,
) -> Logits:
    """Return what the task keeps of the model's outputs for a split, ``(rows, …)``, before the temperature."""
    if isinstance(model.spec.target, Density):
        return tightening.outputs(model, split, should_stop=should_stop)
    batches = feeds.looks(
        split,
        model.spec,
        batch_size=batch_size(model.spec, model.task.output_size),
        size=model.size_px,
        device=model.precision.device,
    )

    def told() -> Any:
        for batch in batches:
            yield batch
            if emit is not None:
                emit(Worked(what=f"measuring {name}", done=int(batch.ids[-1]) + 1, total=len(split)))

    return infer.outputs(
        model.network,
        told(),
        precision=model.precision,
        keep=model.task.keep,
        views_below=model.views_below,
        should_stop=should_stop,
    )


def batch_size(spec: Spec, output_size: int) -> int:
    """Return how many samples are measured together, so that outputs take little memory."""
    if isinstance(spec.input, Image) and isinstance(spec.target, Density):
        return together(spec.input.height_px * spec.input.width_px * spec.input.channels, most=_BATCH)
    places = spec.input.length if isinstance(spec.input, Tokens) else 1
    if isinstance(spec.input, Tree):
        places = math.ceil(spec.input.nodes**0.75)  # most trees are far smaller than the largest
    if isinstance(spec.target, Series):
        places = spec.target.length * len(spec.target.names)
    return max(1, min(_BATCH, _VALUES_AT_ONCE // (places * max(output_size, 256 if places > 1 else 1))))


def evaluation(
    model: Model,
    dataset: Dataset,
    *,
    known: Mapping[str, Logits],
    task_name: str,
    seed: int,
    emit: Emit,
    measured: Sequence[Mapping[str, Any]] | None = None,
    looks: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Return what ``evaluation.json`` holds.

    ``known`` are outputs, and ``measured`` are baselines, that need not be computed again. ``looks`` at rows of a table
    may be spent on finding out which columns matter.
    """
    task = model.task
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "task": task_name,
        "headline": task.headline,
        "higher_is_better": task.higher_is_better,
        "scores": {},
        "details": {},
    }
    last = _last(dataset)
    for name in ("valid", "test"):
        split = dataset.splits.get(name)
        if split is None or not len(split):
            continue
        with answering(model, name):
            known_here = known.get(name)
            if known_here is None:
                known_here = outputs(model, split, emit=emit, name=name, should_stop=should_stop)
            if isinstance(model.spec.target, Density) and name == last:
                known_here = tightening.tightened(model, split, known_here, should_stop=should_stop)
            found["scores"][name], found["details"][name] = _told(model, split, known_here, seed=seed)
    if looks and isinstance(model.spec.input, Vector) and found["scores"]:
        name = next(name for name in ("test", "valid") if name in found["scores"])
        emit(Said(text=f"finding out which columns matter ({name})"))
        found["details"][name]["importance"] = importance(
            model, dataset.splits[name], seed=seed, looks=looks, should_stop=should_stop
        )
    found["baselines"] = list(baselines(task, dataset, seed=seed) if measured is None else measured)
    if not found["scores"]:
        emit(Said(text="there is no validation and no test split: nothing was measured", level="warning"))
    return found


@contextmanager
def answering(model: Model, name: str) -> Iterator[None]:
    """Let those networks of a model answer that have not learned from the split of this name."""
    if model.valid_too and name == "valid" and isinstance(model.network, Ensemble):
        with model.network.first_alone():
            yield
    else:
        yield


def _told(model: Model, split: Split, logits: Logits, *, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return scores and details of a split."""
    task = model.task
    if task.calibrates:
        logits = task.tempered(logits, model.temperature)
    details: dict[str, Any] = task.details(logits, split.targets, split.ids)
    if isinstance(model.spec.input, Tree):
        details |= treemeasures.measured(model, split, logits, details)
    if isinstance(model.spec.target, Density):
        details |= stretchmeasures.measured(model, split)
    if rows := details.pop("draw", None):
        details["drawn"] = _drawn(model, split, np.asarray(rows, dtype=np.int64))
    return scores(task.metrics(logits, split.targets, seed=seed)), details


def baselines(task: Any, dataset: Dataset, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
    """Return what trivial models score on the last split that is measured: test where there is one, else valid.

    Not ``thorough``, only those that cost next to nothing.
    """
    name = _last(dataset)
    if name is None:
        return []
    found = task.baselines(dataset.splits["train"], dataset.splits[name], seed=seed, thorough=thorough)
    return [{"name": one["name"], "split": name, "scores": scores(one["scores"])} for one in found]


def _last(dataset: Dataset) -> str | None:
    """Return the last split that is measured: test where there is one, else valid."""
    return next((name for name in ("test", "valid") if len(dataset.splits.get(name, ()))), None)


def best_baseline(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the baseline with the best headline score, of what `evaluation` returned."""
    scored = [one for one in found["baselines"] if found["headline"] in one["scores"]]
    sign = 1 if found["higher_is_better"] else -1
    return max(scored, key=lambda one: sign * one["scores"][found["headline"]]["value"], default=None)


def _drawn(model: Model, split: Split, rows: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return what the report draws of some samples that the task named: what was known, what came, what was said."""
    batches = feeds.looks(
        split,
        model.spec,
        batch_size=batch_size(model.spec, model.task.output_size),
        size=model.size_px,
        device=model.precision.device,
        rows=rows,
    )
    values = infer.outputs(model.network, batches, precision=model.precision)
    found: list[dict[str, Any]] = model.task.drawn(values, split.targets, rows, split.ids)
    return found


def scores(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return scores as JSON values."""
    return {name: asdict(score) for name, score in measured.items()}


def _softmax(logits: Logits) -> npt.NDArray[np.float64]:
    exponents = np.exp(np.asarray(logits, dtype=np.float64) - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return shares
