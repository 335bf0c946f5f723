"""What a model of a table's rows is like: its rows beside real ones and those of simpler models, and strange rows.

Measured once after training, and anew by ``gnomon evaluate``; kept in the run folder as ``fidelity.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core.errors import StoppedError
from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset, Density, MixedRow, Normality, Score, Spec, Split
from gnomon.data import mixedbaselines, mixedprep
from gnomon.data.copula import Copula
from gnomon.outputs import rowfidelity, synthesis
from gnomon.outputs.rowfidelity import ALONE, COPULA, REAL, THIS, Effort

Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Stop = Callable[[], bool]

QUICK, USUAL, WHOLE = Effort(rows=1000, rounds=0), Effort(rows=4000, rounds=30), Effort(rows=20_000, rounds=100)
"""What is spent after a short training, after one of `USUAL_S` seconds, and by ``gnomon evaluate``."""
USUAL_S = 45.0
_SECONDS = {QUICK: 1.0, USUAL: 4.0, WHOLE: 40.0}
"""About how long each takes for a table of fifteen columns."""
STRANGEST = 12
_TYPICAL = 200
_CELLS = 4
_MOST_HIDDEN = 100
_SHOWN_ROWS = 8
_BINS = 16
_VALUES = 10
_LEAST = 30
"""Fewer held-out rows than this say nothing about made-up ones."""


def effort_for(seconds: float | None) -> Effort:
    """Return what to spend within a budget of so many seconds; None where it is no time."""
    return USUAL if seconds is not None and seconds >= USUAL_S else QUICK


def seconds_for(effort: Effort, spec: Spec) -> float:
    """Return about how many seconds it takes to measure a model of rows of this spec."""
    columns = len(spec.input.names) if isinstance(spec.input, MixedRow) else 0
    return _SECONDS[effort] * max(1.0, columns / 15)


def write(
    model: Model,
    dataset: Dataset,
    run: RunFolder,
    *,
    details: Mapping[str, Any],
    effort: Effort,
    seed: int,
    should_stop: Stop = lambda: False,
) -> dict[str, Any]:
    """Measure a model and keep what was found in the run folder, as JSON values; return it.

    ``details`` is what the evaluation says of the last split that was measured; its ``strangest`` rows are told.
    """
    name = next((name for name in ("test", "valid", "train") if len(dataset.splits.get(name, ()))), "train")
    split = dataset.splits[name]
    found: dict[str, Any] = {"kind": "table", "split": name}
    if not isinstance(model.spec.target, Normality) and len(split) >= _LEAST:
        found |= compared(model, dataset, name, effort=effort, seed=seed, should_stop=should_stop)
    found["strangest"] = strangest(model, split, details.get("strangest", ()))
    files.write_json(run.fidelity, found)
    return found


def compared(
    model: Model, dataset: Dataset, name: str, *, effort: Effort, seed: int, should_stop: Stop = lambda: False
) -> dict[str, Any]:
    """Return how made-up rows compare with those of a split, beside simpler models and other real rows."""
    leaf = whole_leaf(model)
    train = whole(model, dataset.splits["train"], effort.rows)
    real = whole(model, dataset.splits[name], effort.rows)
    count = len(real)
    made = synthesis.rows(model, count=count, seed=seed, should_stop=should_stop)
    drawn = {
        THIS: _joined(made.rows, made.classes, model),
        COPULA: Copula.fitted(train, seed=seed).sample(count, seed=seed),
        ALONE: Copula.fitted(train, seed=seed, correlated=False).sample(count, seed=seed),
        REAL: train[:count],
    }
    beside: dict[str, dict[str, Score]] = {}
    for who, rows in drawn.items():
        if should_stop():
            raise StoppedError("stopped while made-up rows were compared", fix="evaluate again")
        beside[who] = rowfidelity.distances(real, rows, leaf)
        if effort.rounds:
            beside[who] |= _classified(model, train, real, rows, leaf, who, effort, seed)
        if who != REAL:
            beside[who] |= rowfidelity.privacy(train, real, rows, leaf)
    tables = [_table(model, rows, seed) for rows in (real, drawn[THIS])]
    return {
        "count": count,
        "label": model.preparation["target"]["name"] if has_class(model) else "",
        "beside": {who: {name: asdict(score) for name, score in scores.items()} for who, scores in beside.items()},
        "columns": _columns(real, drawn[THIS], leaf, tables),
        "associations": _ties(real, drawn[THIS], leaf),
        "rows": [_texts(row) for row in tables[1].slice(0, _SHOWN_ROWS).to_pylist()],
    }


@torch.no_grad()
def strangest(model: Model, split: Split, told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the strangest rows of a split, each with the cells that are least expected, given all others of the row.

    A cell's surprise is told beside its mean over usual rows, in nats.
    """
    chosen = [one for one in told if 0 <= int(one["index"]) < len(split)][:STRANGEST]
    if not chosen:
        return []
    places = np.array([int(one["index"]) for one in chosen])
    rows = np.asarray(split.inputs[places], np.float32)
    usual = alone(model, mixedbaselines.some(split, _TYPICAL)).mean(axis=0)
    excess = alone(model, rows) - usual
    names = _names(model)
    table = _table(model, _joined(rows, np.full(len(rows), -1), model), 0)
    found = []
    for place, (one, cells) in enumerate(zip(chosen, table.to_pylist(), strict=True)):
        order = np.argsort(-excess[place], kind="stable")[:_CELLS]
        odd = [
            {"name": names[k], "value": _text(cells.get(names[k])), "nats": round(float(excess[place, k]), 3)}
            for k in order
            if excess[place, k] > 0
        ]
        found.append({"id": one["id"], "score": one["score"], "p_value": one["p_value"], "cells": odd})
    return found


@torch.no_grad()
def alone(model: Model, rows: Rows) -> npt.NDArray[np.float64]:
    """Return how surprising each cell of rows is where it alone is hidden from the encoder, nats ``(n, columns)``.

    In tables of very many columns none is hidden: the others tell nearly all, and it would take too long.
    """
    network, device = synthesis.network_of(model), model.precision.device
    inputs, count = torch.from_numpy(rows).to(device), rows.shape[1]
    if count > _MOST_HIDDEN:
        return network.cells(inputs).double().cpu().numpy()
    found = [network.cells(inputs, hidden=column)[:, column] for column in range(count)]
    return torch.stack(found, dim=1).double().cpu().numpy()


def has_class(model: Model) -> bool:
    """Return whether the rows have a class that the model makes too."""
    target = model.spec.target
    return isinstance(target, Density) and bool(target.classes) and not isinstance(target, Normality)


def whole_leaf(model: Model) -> MixedRow:
    """Return how rows are laid out with the class as the last category, where there is one."""
    leaf, target = _leaf(model), model.spec.target
    if not has_class(model) or not isinstance(target, Density):
        return leaf
    name = str(model.preparation["target"]["name"])
    others = tuple(entry for entry in leaf.categories if entry[0] != name)
    return replace(leaf, categories=(*others, (name, 2 + len(target.classes))), never=())


def whole(model: Model, split: Split, most: int) -> Rows:
    """Return at most ``most`` rows of a split, evenly spread, the class as the last category."""
    places = np.unique(np.linspace(0, len(split) - 1, min(len(split), most)).astype(np.int64))
    return _joined(np.asarray(split.inputs[places], np.float32), np.asarray(split.targets)[places], model)


def _joined(rows: Rows, classes: Ints, model: Model) -> Rows:
    target = model.spec.target
    if not has_class(model) or not isinstance(target, Density):
        return rows
    if target.conditional:
        return np.column_stack([rows, np.where(classes >= 0, classes + 2, 0)]).astype(np.float32)
    own = _leaf(model).names.index(model.preparation["target"]["name"])
    return np.column_stack([np.delete(rows, own, axis=1), rows[:, own]]).astype(np.float32)


def _classified(
    model: Model, train: Rows, real: Rows, rows: Rows, leaf: MixedRow, who: str, effort: Effort, seed: int
) -> dict[str, Score]:
    about: dict[str, Any] = {"rounds": effort.rounds, "seed": seed}
    found = {"detection_auroc": rowfidelity.detection(real, rows, leaf, **about)}
    if has_class(model):
        found["synthetic_accuracy"] = rowfidelity.usefulness(train if who == REAL else rows, real, leaf, **about)
    return found


def _columns(real: Rows, made: Rows, leaf: MixedRow, tables: Sequence[Any]) -> list[dict[str, Any]]:
    """Return for each column its distance, and how it is spread in both tables."""
    apart = rowfidelity.columns_apart(real, made, leaf)
    found = []
    for place, name in enumerate(leaf.names):
        is_number = place < len(leaf.numbers)
        spread = _bins(real[:, place], made[:, place]) if is_number else _values(*(t.column(name) for t in tables))
        if is_number:
            number = leaf.numbers[place]
            spread["edges"] = [float(number.low + edge * number.step) for edge in spread["edges"]]
        found.append({"name": name, "number": is_number, "distance": float(apart[place]), **spread})
    return found


def _bins(real: Rows, made: Rows) -> dict[str, Any]:
    """Return shares of cells between edges, the outer half percents in the outermost bins, and of missing ones."""
    there = [column[np.isfinite(column)] for column in (real, made)]
    low, high = np.quantile(there[0], [0.005, 0.995]) if len(there[0]) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    shares = [np.histogram(np.clip(t, edges[0], edges[-1]), edges)[0] / max(1, len(t)) for t in there]
    missing = [float(np.isnan(column).mean()) for column in (real, made)]
    return {"edges": edges.tolist(), "real": shares[0].tolist(), "made": shares[1].tolist(), "missing": missing}


def _values(real: Any, made: Any) -> dict[str, Any]:
    """Return the commonest values of both columns with their shares in each."""
    counts = []
    for column in (real, made):
        texts, nums = np.unique(["" if text is None else str(text) for text in column.to_pylist()], return_counts=True)
        counts.append({str(text): int(n) / len(column) for text, n in zip(texts, nums, strict=True)})
    every = sorted(counts[0].keys() | counts[1].keys(), key=lambda t: (-counts[0].get(t, 0), -counts[1].get(t, 0), t))
    values = every[:_VALUES]
    shares = [[own.get(text, 0.0) for text in values] for own in counts]
    return {"values": values, "real": shares[0], "made": shares[1], "num_values": len(every)}


def _ties(real: Rows, made: Rows, leaf: MixedRow) -> dict[str, Any]:
    both = [np.round(rowfidelity.associations(rows, leaf), 3).tolist() for rows in (real, made)]
    return {"names": list(leaf.names[: rowfidelity.MOST_COLUMNS]), "real": both[0], "made": both[1]}


def _table(model: Model, rows: Rows, seed: int) -> Any:
    """Return rows, the class as the last category, as a table."""
    target = model.spec.target
    assert isinstance(target, Density)
    classes = np.full(len(rows), -1, np.int64)
    if has_class(model) and target.conditional:
        classes, rows = rows[:, -1].astype(np.int64) - 2, rows[:, :-1]
        classes = np.where(classes >= 0, classes, -1)
    elif has_class(model):
        own = _leaf(model).names.index(model.preparation["target"]["name"])
        rows = np.insert(rows[:, :-1], own, rows[:, -1], axis=1)
    return mixedprep.decode(rows, classes, target, model.preparation, seed=seed)


def _names(model: Model) -> tuple[str, ...]:
    return _leaf(model).names


def _leaf(model: Model) -> MixedRow:
    if not isinstance(model.spec.input, MixedRow):
        raise TypeError(f"a {type(model.spec.input).__name__} is no row of a table")
    return model.spec.input


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
