"""Which columns of a table a model relies on, and how its answers change with them.

Sources: permutation importance: Breiman, "Random forests", Machine Learning 45, 2001, section 10, model-agnostic as in
Fisher, Rudin and Dominici, "All models are wrong, but many are useful", JMLR 20, 2019; partial dependence: Friedman,
"Greedy function approximation", Annals of Statistics 29, 2001, section 8.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import seed as seeds
from gnomon.core.intervals import Z_95
from gnomon.core.spec import Batch, Split, Vector
from gnomon.training import infer

NUM_DRAWN = 6
"""Columns whose partial dependence is measured, the most important ones."""
MOST_LOOKS = 400_000
USUAL_LOOKS = 60_000
"""Looks at a row where the budget is no time."""
LOOKS_A_SECOND = 2000
"""Looks at a row that a second of the budget pays for."""

_MOST_ROWS = 2000
_LEAST_ROWS = 50
_REPEATS = 3
_CURVE_ROWS = 200
_POINTS = 12
_ROWS_AT_ONCE = 1000

Rows = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def looks_for(budget_s: float | None, look_s: float, *, share: float) -> int:
    """Return how many rows may be looked at: by the budget, and at most a ``share`` of it at ``look_s`` each."""
    if budget_s is None:
        return USUAL_LOOKS
    return int(min(MOST_LOOKS, LOOKS_A_SECOND * budget_s, share * budget_s / max(look_s, 1e-9)))


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A column of the table as it was read, and the features of a row that were made of it."""

    name: str
    use: str
    features: tuple[int, ...]


def importance(
    model: Model, split: Split, *, seed: int, looks: int = MOST_LOOKS, should_stop: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Return how much worse a model answers where one column is shuffled, and partial dependence, as JSON values.

    ``columns``, the most important first: ``name``, ``use`` (``number``, ``category``, ``date``, ``text``), and
    ``value`` with its 95 % interval ``low`` … ``high``: what an answer costs more on average (see ``costs`` of the
    task) when the cells of the column are dealt out anew among the rows, over three deals. ``curves``, for the most
    important columns that are one number or category each: the mean answer (see ``shown`` of the task) when the
    column is set ``at`` a value in all rows, and the ``low`` … ``high`` ends of four in five of the rows. Values and
    codes are as families see them. Empty where there are fewer than two rows, or ``looks`` for too few.
    """
    columns = _columns(model)
    count = _affordable(len(split), len(columns), looks)
    found: dict[str, Any] = {"rows": count, "repeats": _REPEATS, "columns": [], "curves": []}
    if not count:
        return found
    picked = np.sort(seeds.order(seeds.key("importance", seed), 0, len(split))[:count])
    rows, targets = np.asarray(split.inputs[picked], np.float32), np.asarray(split.targets[picked])

    def costs(some: Rows) -> Floats:
        result: Floats = model.task.costs(_answers(model, some, should_stop), targets)
        return result

    known = costs(rows)
    measured = []
    for column in columns:
        more = np.zeros(count)
        for deal in range(_REPEATS):
            more += costs(_dealt(rows, column, seed, deal)) - known
        measured.append((column, _interval(more / _REPEATS)))
    measured.sort(key=lambda pair: -pair[1]["value"])
    found["columns"] = [{"name": column.name, "use": column.use, **interval} for column, interval in measured]
    drawn = [column for column, _ in measured if len(column.features) == 1][:NUM_DRAWN]
    found["curves"] = [
        {"name": column.name, "use": column.use, **_curve(model, rows, column.features[0], should_stop)}
        for column in drawn
    ]
    return found


def _columns(model: Model) -> list[_Column]:
    """Return the columns that the model looks at, by its preparation; where there is none, each feature is a column."""
    vector = model.spec.input
    if not isinstance(vector, Vector):
        raise TypeError(f"a {type(vector).__name__} has no columns")
    names = [*vector.names, *(name for name, _ in vector.categories)]
    entries = model.preparation.get("columns") or [
        *({"name": name, "use": "number", "numbers": [name], "categories": []} for name in vector.names),
        *({"name": name, "use": "category", "numbers": [], "categories": [[name]]} for name, _ in vector.categories),
    ]
    numbers, codes = iter(range(len(vector.names))), iter(range(len(vector.names), len(names)))
    found = []
    for entry in entries:
        features = [next(numbers) for _ in entry["numbers"]] + [next(codes) for _ in entry["categories"]]
        if features:
            found.append(_Column(name=entry["name"], use=entry["use"], features=tuple(features)))
    return found


def _affordable(num_rows: int, num_columns: int, looks: int) -> int:
    """Return how many rows can be looked at for every column; 0 where they would tell nothing."""
    curves = min(NUM_DRAWN, num_columns) * _POINTS * min(_CURVE_ROWS, num_rows)
    count = min(_MOST_ROWS, num_rows, max(0, looks - curves) // (num_columns * _REPEATS + 1))
    return count if count >= max(2, min(_LEAST_ROWS, num_rows)) else 0


def _dealt(rows: Rows, column: _Column, seed: int, deal: int) -> Rows:
    """Return the rows with the cells of one column in another order."""
    order = seeds.order(seeds.key("importance", seed, column.name), deal, len(rows))
    shuffled = rows.copy()
    features = list(column.features)
    shuffled[:, features] = rows[order][:, features]
    return shuffled


def _interval(more: Floats) -> dict[str, float]:
    """Return the mean and its normal 95 % interval over rows."""
    mean = float(more.mean())
    half = Z_95 * float(more.std(ddof=1)) / np.sqrt(len(more))
    return {"value": mean, "low": mean - half, "high": mean + half}


def _curve(model: Model, rows: Rows, index: int, should_stop: Callable[[], bool]) -> dict[str, Any]:
    """Return the mean answers for some rows with one feature at values that it has in all ``rows``."""
    assert isinstance(model.spec.input, Vector)
    at = _places(rows[:, index], codes=index >= len(model.spec.input.names))
    some = rows[:_CURVE_ROWS]
    answers: dict[str, dict[str, list[float]]] = {}
    for place in at:
        changed = some.copy()
        changed[:, index] = place
        for name, values in model.task.shown(_answers(model, changed, should_stop)).items():
            curve = answers.setdefault(name, {"mean": [], "low": [], "high": []})
            low, high = np.quantile(values, [0.1, 0.9])
            for key, value in (("mean", values.mean()), ("low", low), ("high", high)):
                curve[key].append(float(value))
    return {"at": at, "answers": answers}


def _places(column: Rows, *, codes: bool) -> list[float]:
    """Return values of a column: of codes the most frequent ones, of numbers quantiles, without what is missing."""
    known = column[~np.isnan(column)]
    if not len(known):
        return []
    values, counts = np.unique(known, return_counts=True)
    if codes:
        return sorted(values[np.argsort(-counts, kind="stable")[:_POINTS]].astype(float).tolist())
    if len(values) <= _POINTS:
        return [float(value) for value in values]
    inner = np.quantile(known.astype(np.float64), np.linspace(0.02, 0.98, _POINTS))
    return [float(value) for value in np.unique(inner)]


def _answers(model: Model, rows: Rows, should_stop: Callable[[], bool]) -> npt.NDArray[np.float32]:
    """Return what the task keeps of the model's answers for rows ``(n, features)``, the temperature applied."""
    batches = (
        Batch(
            inputs=torch.from_numpy(rows[start : start + _ROWS_AT_ONCE]).to(model.precision.device),
            targets=torch.zeros(0),
            ids=np.arange(start, min(start + _ROWS_AT_ONCE, len(rows))),
        )
        for start in range(0, len(rows), _ROWS_AT_ONCE)
    )
    kept = infer.outputs(
        model.network, batches, precision=model.precision, keep=model.task.keep, should_stop=should_stop
    )
    tempered: npt.NDArray[np.float32] = model.task.tempered(kept, model.temperature)
    return tempered
