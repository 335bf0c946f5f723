"""Asking a model about the rows of tables: each row is a question, and the answers are columns beside its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.events import Emit, Said, silent
from gnomon.core.spec import Batch, Density, Label, MixedRow, Normality, Vector
from gnomon.data import cells, frame, mixedprep, opening, tablecodes, tableprep, tablestream, tablevalues
from gnomon.data.cells import Cells
from gnomon.data.reading import Reading
from gnomon.data.tablestream import Sheet
from gnomon.outputs.asking import Column, Question, Row

if TYPE_CHECKING:
    import pyarrow as pa

STDIN = "-"

_TOO_MANY = 0.5
"""Share of the columns that a model looks at which may be missing."""
_MANY_UNSEEN = 0.05
_SHOWN = 8
_KINDS = {"label": str, "anomalous": bool}
"""Kinds of the answers that are no numbers."""


class AskTables:
    """Questions about rows. With ``strict``, a column that is missing is an error."""

    def __init__(self, model: Model, emit: Emit = silent, *, strict: bool = False) -> None:
        if not isinstance(model.spec.input, Vector | MixedRow):
            raise TypeError(f"a model of {type(model.spec.input).__name__} data takes no tables")
        self._model = model
        self._emit = emit
        self._strict = strict
        self._sheets: list[Sheet] = []
        self._added = _added(model)
        answers = [Column(name=name, kind=_KINDS.get(key, float)) for key, name in self._added.items()]
        self.columns: Sequence[Column] = [Column(name="file"), *answers, Column(name="error")]

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the tables; ``-`` stands for one from standard input. Raises ``UsageError`` where there is none."""
        if not words:
            raise UsageError("there is nothing to predict", fix="name a table, or - for rows from standard input")
        for word in words:
            if word != STDIN and frame.kind(Path(word)) is None:
                known = ", ".join((*frame.CSV, *frame.JSON_LINES, *frame.PARQUET))
                raise UsageError("is no table", fix=f"name a file that ends in {known}, or -", path=word)
        return [Path(word) for word in words]

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a row; one that does not fit the header has an ``error`` and no sample.

        Raises ``DataError`` for a file that is no table, or that lacks most columns that the model looks at.
        """
        for path in paths:
            sheet = _whole(load(path))
            self._sheets.append(sheet)
            yield from self._of_sheet(sheet)

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return rows as the network takes them."""
        inputs = torch.from_numpy(np.stack(samples)).to(self._model.precision.device)
        ids = np.arange(len(samples), dtype=np.int64)
        unknown = -1 if isinstance(self._model.spec.target, Density) else 0
        return Batch(inputs=inputs, targets=torch.full((len(samples),), unknown, dtype=torch.int64), ids=ids)

    def lines(self, row: Row) -> list[Row]:
        """Return the answer about a row under the names of the columns that are added."""
        answers = {name: row.get(key) for key, name in self._added.items()}
        return [{"file": row["file"], **answers, "error": row["error"]}]

    def copy(self, rows: Sequence[Row]) -> tuple[pa.Table, str]:
        """Return a copy of the tables that were asked about, with the answers as more columns, and their delimiter.

        Of several tables, the columns of all of them, and the name of the file before them.
        """
        import pyarrow as pa

        made, start = [], 0
        for sheet in self._sheets:
            count = sheet.table.num_rows
            made.append(self._answered(sheet, rows[start : start + count]))
            start += count
        table = made[0] if len(made) == 1 else pa.concat_tables(made, promote_options="permissive")
        return table, self._sheets[0].delimiter

    def _answered(self, sheet: Sheet, rows: Sequence[Row]) -> pa.Table:
        import pyarrow as pa

        table = sheet.table
        if len(self._sheets) > 1:
            files = pa.array([printable(sheet.path.name)] * len(rows), pa.string())
            table = table.add_column(0, _free("file", table), files)
        for key, name in self._added.items():
            kind = {str: pa.string(), bool: pa.bool_()}.get(_KINDS.get(key, float), pa.float64())
            table = table.append_column(_free(name, table), pa.array([row.get(key) for row in rows], kind))
        if any(row["error"] for row in rows):
            errors = pa.array([row["error"] for row in rows], pa.string())
            table = table.append_column(_free("error", table), errors)
        return table

    def _of_sheet(self, sheet: Sheet) -> Iterator[Question]:
        self._require_columns(sheet)
        bad = dict(sheet.bad)
        row, name = 0, printable(sheet.path.name)
        for piece in cells.pieces(Cells(sheet.table)):
            self._tell(piece, sheet)
            for sample in self._encoded(piece):
                row += 1
                if error := bad.get(row):
                    yield Question(row={"file": f"{name}#{row}", "error": error})
                else:
                    yield Question(row={"file": f"{name}#{row}", "error": ""}, sample=sample)

    def _encoded(self, piece: Cells) -> Any:
        if isinstance(self._model.spec.input, MixedRow):
            return mixedprep.encode(piece, self._model.preparation)
        return tableprep.encode(piece, self._model.preparation)

    def _require_columns(self, sheet: Sheet) -> None:
        used = tableprep.used_columns(self._model.preparation)
        missing = [name for name in used if name not in sheet.names]
        if not missing:
            return
        told = ", ".join(map(printable, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        if self._strict or len(missing) > _TOO_MANY * len(used):
            raise DataError(
                f"lacks {len(missing)} of the {len(used)} columns that the model looks at: {told}",
                fix=f"give a table with the columns of the training; here are {', '.join(sheet.names[:20])}",
                path=sheet.path,
            )
        what = f"{printable(sheet.path.name)} lacks the column{'s' * (len(missing) > 1)} {told}: all counts as missing"
        self._warn(what)

    def _tell(self, piece: Cells, sheet: Sheet) -> None:
        """Say where cells are no numbers, or many categories were rare or not there in training."""
        file = printable(sheet.path.name)
        for entry in self._model.preparation["columns"]:
            if entry["use"] not in ("number", "category") or entry["name"] not in piece.names:
                continue
            column, name = piece.column(entry["name"]), printable(entry["name"])
            if entry["use"] == "number":
                num_bad = int(tablevalues.numbers(column, entry["form"]).bad.sum())
                if num_bad:
                    what = "1 cell" if num_bad == 1 else f"{num_bad:,} cells"
                    self._warn(f"{what} of {name!r} in {file}: no number, counts as missing")
                continue
            share = float((tablecodes.encode(column, entry, len(piece)).codes[0] == tablecodes.UNSEEN).mean())
            if share > _MANY_UNSEEN:
                self._warn(f"{share:.0%} of {name!r} in {file} are values that were rare or unseen in training")

    def _warn(self, text: str) -> None:
        self._emit(Said(text=text, level="warning"))


def _added(model: Model) -> dict[str, str]:
    """Return the names of the columns that are added, by what the task calls the answers."""
    target = model.spec.target
    if isinstance(target, Density):
        told = ("nll_bound", "reconstruction", "kl", "score", "p_value")
        return {name: name for name in (*told, *(("anomalous",) if isinstance(target, Normality) else ()))}
    column = str(model.preparation.get("target", {}).get("name") or "target")
    if isinstance(target, Label):
        return {"label": f"{column}_predicted", "confidence": f"{column}_confidence"}
    return {"value": f"{column}_predicted", "low": f"{column}_low", "high": f"{column}_high"}


def load(path: Path) -> Sheet:
    """Return a table, or the one from standard input: JSON lines where it begins with a brace, else CSV."""
    if str(path) == STDIN:
        data = sys.stdin.buffer.read()
        if data.lstrip()[:1] == b"{":
            return tablestream.json_sheet(data, Path("stdin"))
        return tablestream.csv_sheet(data, Path("stdin"))
    if not path.is_file():
        raise UsageError("there is no such file", fix="name a table", path=path)
    reading = Reading(cache_dir=opening.cache_folder(), emit=silent, should_stop=lambda: False)
    return tablestream.load(path, reading)


def _whole(sheet: Sheet) -> Sheet:
    """Return a table in which rows that do not fit the header stand at their place, empty.

    ``bad`` then counts rows from 1 instead of lines of the file.
    """
    import pyarrow as pa

    if not sheet.bad:
        return sheet
    total = sheet.table.num_rows + len(sheet.bad)
    places = [min(max(0, line - 1 - sheet.num_header_lines), total - 1) for line, _ in sheet.bad]
    order = np.full(total, -1, np.int64)
    taken = sorted(set(places))
    taken += [place for place in range(total - 1, -1, -1) if place not in set(taken)][: len(places) - len(taken)]
    order[np.setdiff1d(np.arange(total), taken)] = np.arange(sheet.table.num_rows)
    indices = pa.array(order, mask=order < 0)
    reasons = [reason for _, reason in sheet.bad]
    bad = tuple((place + 1, reason) for place, reason in zip(sorted(taken), reasons, strict=True))
    return replace(sheet, table=sheet.table.take(indices), bad=bad)


def _free(name: str, table: pa.Table) -> str:
    """Return a name that no column has."""
    while name in table.column_names:
        name += "_2"
    return name
