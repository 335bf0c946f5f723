"""Tables with a column of trees, as ListOps: ``[MAX 2 9 [MIN 4 7 ] 0 ]`` or other expressions in brackets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.spec import Dataset, Guess, Match, Skipped
from gnomon.data import columns, frame, textfile, texts, treefiles, treefound, treetable, treetargets
from gnomon.data.brackets import BracketError
from gnomon.data.frame import Frame
from gnomon.data.prefix import PrefixError
from gnomon.data.reading import Reading
from gnomon.data.trees import Tree
from gnomon.data.treetargets import Kind

_SNIFFED_BYTES = 1 << 17
_KINDS: dict[str, Kind] = {"classify": "label", "regress": "number"}


@dataclass(frozen=True, kw_only=True)
class Config:
    """How trees in tables are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""
    tree: str | Auto = "auto"
    """Name of the column that holds the trees."""


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    split: str
    tree: Tree
    target: object


def sniff(path: Path) -> Match | None:
    """Claim a table, or a folder with tables, that has a column of expressions in brackets."""
    for _, file in treefiles.files(path, _is_table)[:3]:
        name = _tree_column(file)
        if name:
            return Match(confidence=0.9, why=f"the column {printable(name)!r} of {printable(file.name)} holds trees")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read trees and their targets. A broken tree is named by file, line and the column inside the value.

    Raises ``DataError`` where no column holds trees or none is a target, ``UsageError`` for names of no column.
    """
    settings = reading.settings(Config)
    tables = _tables(path, settings.encoding)
    name = _chosen(tables[0][1], settings.tree, path)
    target, guesses = _target(tables[0][1], name, config.target)
    form, why = treetable.form_of(tables[0][1].columns[name])
    parse = treetable.PARSERS[form]
    rows, skipped = _rows(tables, name, target, parse, reading)
    leaf, targets, told = treetargets.encoded(
        [row.target for row in rows], target, path, kind=_KINDS.get(reading.value("run.task"), "auto")
    )
    missing = treetargets.are_missing(targets)
    skipped += [
        Skipped(id=row.id, reason="has no label", split=row.split)
        for row, lacks in zip(rows, missing, strict=True)
        if lacks
    ]
    decoded = [table.decoded for _, table in tables]
    what = f"the trees are in the column {printable(name)!r}"
    found = treefound.Found(
        reader="tree_table",
        path=path,
        target=leaf,
        parts=[_part(split, rows, targets, ~missing) for split in treefound.SPLITS],
        guesses=(
            Guess(what=what, why=why, flag="--set reader.tree=NAME"),
            *guesses,
            *told,
            *textfile.told([one for one in decoded if one is not None]),
        ),
        skipped=tuple(skipped),
        facts={"encodings": texts.encodings(decoded), "form": form},
    )
    return treefound.dataset(found, config)


def _is_table(path: Path) -> bool:
    return frame.kind(path) is not None


def _tree_column(file: Path) -> str | None:
    """Return the first column of a table that holds trees, by its first rows."""
    if not file.stat().st_size:
        return None
    try:
        table = frame.read_frame(file, first_bytes=_SNIFFED_BYTES)
    except DataError:
        return None
    return next((name for name, values in table.columns.items() if treetable.are_trees(values)), None)


def _tables(path: Path, encoding: str) -> list[tuple[str, Frame]]:
    files = treefiles.files(path, _is_table)
    if not files:
        raise DataError("holds no table", fix="give a CSV, TSV, JSONL or Parquet file, or a folder of them", path=path)
    return [(split, frame.read_frame(file, encoding=encoding)) for split, file in files]


def _chosen(table: Frame, wanted: str, path: Path) -> str:
    names = ", ".join(map(printable, table.columns))
    if wanted != "auto":
        if wanted not in table.columns:
            raise UsageError(f"there is no column {wanted!r}", fix=f"there are: {names}", path=path)
        return wanted
    found = next((name for name, values in table.columns.items() if treetable.are_trees(values)), None)
    if found is None:
        raise DataError(
            f"has no column of trees (columns: {names})", fix="name it: --set reader.tree=NAME", path=table.path
        )
    return found


def _target(table: Frame, tree: str, wanted: str) -> tuple[str, tuple[Guess, ...]]:
    others = {name: values for name, values in table.columns.items() if name != tree}
    if wanted == "auto" and len(others) == 1:
        return next(iter(others)), ()
    choice = columns.choose_target(others, wanted, table.path)
    return choice.name, choice.guesses


def _rows(
    tables: Sequence[tuple[str, Frame]], name: str, target: str, parse: Callable[[str], Tree], reading: Reading
) -> tuple[list[_Row], list[Skipped]]:
    rows: list[_Row] = []
    skipped: list[Skipped] = []
    total = sum(len(table) for _, table in tables)
    for split, table in tables:
        for wanted in (name, target):
            if wanted not in table.columns:
                fix = "all tables need the same columns"
                raise DataError(f"has no column {printable(wanted)!r}", fix=fix, path=table.path)
        skipped += [Skipped(id=f"{table.path.name}:{line}", reason=why, split=split) for line, why in table.bad]
        for line, value, answer in zip(table.lines, table.columns[name], table.columns[target], strict=True):
            treefound.tick(reading, len(rows) + len(skipped), total)
            one = f"{table.path.name}:{line}"
            try:
                rows.append(_Row(one, split, parse("" if value is None else str(value)), answer))
            except (PrefixError, BracketError) as error:
                skipped.append(Skipped(id=f"{one}:{error.column}", reason=str(error), split=split))
    return rows, skipped


def _part(split: str, rows: Sequence[_Row], targets: np.ndarray, usable: np.ndarray) -> treefound.Part:
    chosen = [i for i, row in enumerate(rows) if row.split == split and usable[i]]
    return treefound.Part(
        split=split,
        ids=[rows[i].id for i in chosen],
        trees=[rows[i].tree for i in chosen],
        targets=targets[chosen],
    )
