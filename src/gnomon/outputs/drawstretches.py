"""Lets a model of series draw: new stretches, what it makes of given ones, and the way from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core import seed as seeds
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Density, Series, Spec
from gnomon.data import opening
from gnomon.outputs import rowscores, tablecopy
from gnomon.outputs.ask_stretches import channels_of
from gnomon.outputs.drawing import class_index, classes_given, require_wish, turned

if TYPE_CHECKING:
    import pyarrow as pa

Stretch = npt.NDArray[np.float32]

COUNT = 16
"""New stretches, where no other number is wished."""
STEPS = 10
"""Stretches of the way between two, where no other number is wished."""
MOST = 100_000
FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
_LEAST_STEPS = 2
_AT_ONCE = 64
"""Stretches that are drawn together: always so many, so that the first ones do not depend on how many are wanted."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Stretches float32 ``(n, time, channels)`` in units, and the table that tells them."""

    values: Stretch
    table: pa.Table


def draws(spec: Spec) -> bool:
    """Return whether models of this spec draw series."""
    return isinstance(spec.input, Series) and isinstance(spec.target, Density)


def require_place(out: Path) -> None:
    """Raise ``UsageError`` where a name does not end as a table that can be written."""
    if out.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{out.name!r} is no place for series",
            fix=f"let it end in {', '.join(FORMATS)}: -o synthetic.csv",
            path=out,
        )


def write(drawn: Drawn, out: Path) -> None:
    """Write what was drawn as a table, by the name's ending. The file appears whole or not at all."""
    require_place(out)
    files.write_bytes(out, tablecopy.encode(drawn.table, out.suffix.lower()))


@torch.no_grad()
def samples(
    model: Model,
    *,
    count: int,
    seed: int = 0,
    temperature: float = 1.0,
    label: str | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Drawn:
    """Return ``count`` new stretches, their noise with them: of one class, else of each in turn where there are any.

    The same seed gives the same stretches, and the first ones whatever ``count`` is. ``temperature`` scales the
    deviations of latents and noise: 0 is what is expected for the middle of a part of the prior.
    """
    network = rowscores.network_of(model)
    require_wish(count, temperature, most=MOST, what="series")
    given = classes_given(model, count, class_index(model, label))
    generator = torch.Generator().manual_seed(seeds.key("draw", seed))
    parts = []
    for start in range(0, count, _AT_ONCE):
        if should_stop():
            raise StoppedError("stopped while drawing", fix="generate again, with a smaller --count")
        some = torch.from_numpy(np.resize(given[start : start + _AT_ONCE], _AT_ONCE)).to(model.precision.device)
        with model.precision.autocast():
            drawn = network.sample(_AT_ONCE, generator=generator, given=some, temperature=temperature)
        parts.append(drawn.float().cpu().numpy())
        emit(Worked(what="drawing", done=min(count, start + _AT_ONCE), total=count, unit="series"))
    values = np.concatenate(parts)[:count]
    return Drawn(values=values, table=_table(model, values, "sample", given))


def alike(model: Model, paths: Sequence[str], *, label: str | None = None) -> Drawn:
    """Return what the model makes of each series that ``paths`` name, all rows of it, each value beside it.

    Of series of several lengths the values are the ends, as long as the shortest. With a class, as that class. Raises
    ``DataError`` for a file that holds no such series.
    """
    import pyarrow as pa

    known = class_index(model, label)
    tables, values = [], []
    for path in paths:
        for head, rows in _read(path, model):
            expected = _rebuilt(model, rows, known)
            columns: dict[str, Any] = {"file": [str(path)] * len(rows), **head}
            names = rowscores.network_of(model).series.names
            columns |= {name: _digits(rows[:, k]) for k, name in enumerate(names)}
            columns |= {f"{name} (rebuilt)": _digits(expected[:, k]) for k, name in enumerate(names)}
            tables.append(pa.table(columns))
            values.append(expected)
    shortest = min(map(len, values))
    return Drawn(values=np.stack([one[-shortest:] for one in values]), table=pa.concat_tables(tables))


@torch.no_grad()
def between(model: Model, first: str, last: str, *, count: int, label: str | None = None) -> Drawn:
    """Return ``count`` stretches on the way from the end of one series to the end of another, both ends rebuilt.

    Raises ``UsageError`` for fewer than 2 and ``DataError`` for a file that holds no such series.
    """
    if count < _LEAST_STEPS:
        raise UsageError(f"there is no way of {count} series", fix="choose a --count of 2 or more")
    network, device = rowscores.network_of(model), model.precision.device
    known = class_index(model, label)
    ends = torch.from_numpy(np.stack([_end(path, model) for path in (first, last)])).to(device)
    codes = network.encode(ends, torch.full((2,), known, device=device)).float().cpu().numpy()
    way = torch.from_numpy(turned(codes[0], codes[1], np.linspace(0.0, 1.0, count))).to(device)
    values = network.decode(way, torch.full((count,), known, device=device)).float().cpu().numpy()
    return Drawn(values=values, table=_table(model, values, "place", np.full(count, known)))


@torch.no_grad()
def _rebuilt(model: Model, rows: Stretch, known: int) -> Stretch:
    """Return what is expected of the rows of a series, ``(rows, channels)``; of a labelled one, as its class."""
    if _has_rows(model):
        return rowscores.of_rows(model, rows).expected.astype(np.float32)
    device = model.precision.device
    found = rowscores.network_of(model).reconstruct(
        torch.from_numpy(rows[None]).to(device), torch.full((1,), known, device=device)
    )
    return np.asarray(found[0].float().cpu().numpy(), np.float32)


def _end(path: str, model: Model) -> Stretch:
    """Return the last rows of the first series of a file, as many as the model looks at together."""
    length = rowscores.network_of(model).series.length
    _, rows = next(_read(path, model))
    if len(rows) < length:
        raise DataError(
            f"has {len(rows):,} rows, the model looks at {length:,} together", fix="give a longer series", path=path
        )
    return rows[-length:]


def _has_rows(model: Model) -> bool:
    """Return whether a model looks at windows of rows; others look at labelled series."""
    return model.preparation.get("samples") == "rows"


def _read(path: str, model: Model) -> Iterator[tuple[dict[str, Any], Stretch]]:
    """Yield each series of a file, and what its rows are called."""
    raw, series = opening.read(path, emit=silent), rowscores.network_of(model).series
    for part in raw.splits.values():
        if _has_rows(model):
            rows = channels_of(raw, part, series).copy()
            yield {"time": [str(time) for time in part.ids[np.arange(len(rows))]]}, rows
            continue
        for index in range(len(part)):
            rows = np.array(part.inputs[index], np.float32)
            if rows.shape != (series.length, len(series.names)):
                raise DataError(
                    f"has a series of {' x '.join(map(str, rows.shape))} values, the model takes {series.length} x "
                    f"{len(series.names)}",
                    fix="give series as the model was trained with",
                    path=path,
                )
            yield {"series": [str(part.ids[index])] * len(rows), "step": np.arange(len(rows))}, rows


def _table(model: Model, values: Stretch, what: str, given: npt.NDArray[np.int64]) -> pa.Table:
    """Return stretches as a table: a row a step, which stretch it is of and which step, and a column a channel."""
    import pyarrow as pa

    target, names = model.spec.target, rowscores.network_of(model).series.names
    count, length = values.shape[:2]
    columns: dict[str, Any] = {
        what: np.repeat(np.arange(count), length),
        "step": np.tile(np.arange(length), count),
    }
    if isinstance(target, Density) and target.conditional:
        classes = [target.classes[k] if k >= 0 else "" for k in given.tolist()]
        columns["class"] = [name for name in classes for _ in range(length)]
    for k, name in enumerate(names):
        columns[f"{name} (value)" if name in columns else name] = _digits(values[:, :, k])
    return pa.table(columns)


def _digits(values: Stretch) -> list[float]:
    """Return values with as few digits as tell them apart in float32."""
    return [float(str(value)) for value in values.astype(np.float32).reshape(-1)]
