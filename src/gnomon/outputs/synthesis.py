"""Lets a model of a table's rows make new ones: a table like the one it learned, or one like given rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core import seed as seeds
from gnomon.core.errors import StoppedError, UsageError
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Density, MixedRow, Spec
from gnomon.data import mixedprep, toldcolumns
from gnomon.data.cells import Cells
from gnomon.layers.vae_rows import RowVae
from gnomon.outputs import drawing, predict, tablecopy
from gnomon.outputs.ask_tables import load

if TYPE_CHECKING:
    import pyarrow as pa

Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

COUNT = 1000
"""New rows, where no other number is wished."""
MOST = 10_000_000
_AT_ONCE = 512
"""Rows that are drawn together: always so many, so that the first ones do not depend on how many are wanted."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Rows ``(n, columns)`` as `MixedRow` stores them, and the class of each ``(n,)``, -1 where none is known."""

    rows: Rows
    classes: Ints


def fits(spec: Spec) -> bool:
    """Return whether models of this spec make rows of a table."""
    return isinstance(spec.input, MixedRow) and isinstance(spec.target, Density)


def network_of(model: Model) -> RowVae:
    """Return the network of a model that makes rows. Raises ``UsageError`` where it is none."""
    if not isinstance(model.network, RowVae):
        raise UsageError(
            "this model makes no tables", fix="a model that does comes from: gnomon train TABLE.csv --task generate"
        )
    return model.network


@torch.no_grad()
def rows(
    model: Model,
    *,
    count: int,
    seed: int = 0,
    temperature: float = 1.0,
    label: str | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Made:
    """Return ``count`` new rows: of one class, else of each class as often as in training.

    The same seed gives the same rows, and the first ones whatever ``count`` is. Raises ``UsageError`` and
    ``StoppedError``.
    """
    network = network_of(model)
    drawing.require_wish(count, temperature, most=MOST, what="rows")
    wanted = drawing.class_index(model, label)
    generator = torch.Generator().manual_seed(seeds.key("rows", seed))
    made, classes = [], []
    for start in range(0, count, _AT_ONCE):
        if should_stop():
            raise StoppedError("stopped while rows were made", fix="generate again, with a smaller --count")
        given = _classes(model, wanted, generator)
        drawn = network.sample(
            _AT_ONCE, generator=generator, given=given.to(model.precision.device), temperature=temperature
        )
        made.append(toldcolumns.agree(drawn.cpu().numpy(), model.preparation.get("told", ())))
        classes.append(given.numpy())
        emit(Worked(what="making rows", done=min(count, start + _AT_ONCE), total=count, unit="rows"))
    return Made(rows=np.concatenate(made)[:count], classes=np.concatenate(classes)[:count])


@torch.no_grad()
def alike(model: Model, path: Path, *, label: str | None = None, emit: Emit = silent) -> Made:
    """Return what the model makes of each row of a table: the likeliest cells for what it notes down of the row.

    A column that the table lacks counts as missing. The class is that of the table, or ``label``.
    Raises ``DataError`` for a file that is no table.
    """
    network, wanted = network_of(model), drawing.class_index(model, label)
    sheet = load(path)
    given = mixedprep.classes_in(Cells(sheet.table), _density(model), model.preparation)
    if wanted >= 0:
        given = np.full(len(given), wanted, np.int64)
    encoded = mixedprep.encode(Cells(sheet.table), model.preparation)
    device, made = model.precision.device, []
    for start in range(0, len(encoded), _AT_ONCE):
        some = torch.from_numpy(encoded[start : start + _AT_ONCE]).to(device)
        known = torch.from_numpy(given[start : start + _AT_ONCE]).to(device)
        made.append(network.reconstruct(some, known).cpu().numpy())
        emit(Worked(what="making rows", done=start + len(some), total=len(encoded), unit="rows"))
    return Made(rows=np.concatenate(made) if made else encoded, classes=given)


def table_of(model: Model, made: Made, *, seed: int = 0) -> pa.Table:
    """Return rows as a table with the columns of the training data, numbers on their grid and in their range."""
    return mixedprep.decode(
        made.rows, made.classes, _density(model), model.preparation, seed=seeds.key("rare values", seed)
    )


def write(table: pa.Table, out: Path) -> None:
    """Write a table as CSV, TSV, JSON lines or Parquet, by the name's ending; the file appears whole or not at all."""
    predict.require_format(out)
    files.write_bytes(out, tablecopy.encode(table, out.suffix.lower()))


def _density(model: Model) -> Density:
    if not isinstance(model.spec.target, Density):
        raise TypeError(f"a {type(model.spec.target).__name__} is no density")
    return model.spec.target


def _classes(model: Model, wanted: int, generator: torch.Generator) -> torch.Tensor:
    """Return the classes of one portion of rows: the wanted one, else drawn by their shares in training."""
    target = _density(model)
    if wanted >= 0 or not target.conditional:
        return torch.full((_AT_ONCE,), wanted, dtype=torch.int64)
    shares = torch.tensor(target.shares or (1.0,) * len(target.classes))
    return torch.multinomial(shares, _AT_ONCE, replacement=True, generator=generator)
