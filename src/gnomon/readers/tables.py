"""Tables of numbers, categories, dates and texts with a column to foresee: CSV, TSV, JSON lines or Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.spec import Dataset, Guess, Match
from gnomon.data import documents, frame, layout, tableset, tablestream, tabletypes
from gnomon.data.reading import Reading
from gnomon.data.tableset import Found, Part
from gnomon.data.tablestream import Sheet
from gnomon.data.tabletarget import Kind
from gnomon.data.tabletypes import Type

_MAX_TABLES = 100
_SPLITS = ("train", "valid", "test", "all")
_MEASURED = 4
"""A table with a column of free text and so many others of numbers or categories is one of these, not of texts."""
_KINDS: dict[str, Kind] = {"classify": "label", "regress": "number"}


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a table is read. Columns are named with commas between them."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8`` or ``cp1252``."""
    drop: str = ""
    """Columns that are left out."""
    numbers: str = ""
    """Columns that hold numbers, whatever they look like."""
    categories: str = ""
    """Columns that hold categories, such as codes that are written as numbers."""
    dates: str = ""
    """Columns that hold dates."""
    texts: str = ""
    """Columns that hold free text."""
    identifiers: str = ""
    """Columns that only name the rows, and are left out."""


def sniff(path: Path) -> Match | None:
    """Claim a table of at least two columns, or a folder with such tables."""
    for _, file in _files(path)[:3]:
        if file.stat().st_size == 0:
            return Match(confidence=0.04, why=f"{printable(file.name)} should be a table")
        try:
            sheet = tablestream.head(file)
        except DataError as error:
            return Match(confidence=0.03, why=f"{printable(file.name)} should be a table, but {error.what}")
        if len(sheet.names) >= 2:
            return _claim(file, sheet)
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read rows and their targets. Raises ``DataError`` where there is nothing to foresee or to foresee it from."""
    settings = reading.settings(Config)
    files, guesses = _with_sibling(path, _files(path), config)
    if not files:
        raise DataError("holds no table", fix="give a CSV, TSV, JSONL or Parquet file, or a folder of them", path=path)
    sheets = []
    for split, file in files:
        tableset.stop_if_asked(reading)
        sheets.append((split, tablestream.load(file, reading, encoding=settings.encoding)))
    _require_alike(sheets, path)
    dropped = _named(settings.drop)
    told = [Guess(what=what, why=why, flag="") for _, sheet in sheets[:1] for what, why in sheet.told]
    found = Found(
        reader="tables",
        path=path,
        name=path.resolve().name.partition(".")[0],
        parts=_parts(sheets, dropped, path),
        types=_types(settings),
        kind=_KINDS.get(reading.value("run.task"), "auto"),
        foresees=reading.needs_labels,
        guesses=(*guesses, *told),
        told=tuple(_left_out(sheets)),
    )
    return tableset.dataset(found, config)


def _claim(file: Path, sheet: Sheet) -> Match:
    types = [tabletypes.column_of(name, sheet.table.column(name)).type for name in sheet.names]
    counts = {kind: types.count(kind) for kind in tabletypes.TYPES}
    told = ", ".join(f"{n} of {_PLURAL[kind]}" for kind, n in counts.items() if n and kind != "empty")
    measured = counts["number"] + counts["category"] + counts["date"]
    many = counts["text"] > 0 and measured > _MEASURED
    confidence = 0.78 if many else 0.5 if measured >= 2 else 0.25
    return Match(confidence=confidence, why=f"{printable(file.name)} has {len(types)} columns: {told or 'all empty'}")


_PLURAL = {
    "number": "numbers",
    "category": "categories",
    "date": "dates",
    "text": "text",
    "identifier": "identifiers",
    "empty": "nothing",
}


def _files(path: Path) -> list[tuple[str, Path]]:
    """Return the tables to read with their splits: the file, or those of a folder."""
    if path.is_file():
        return [("all", path)] if frame.kind(path) else []
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    found = [path / name for name in names if frame.kind(Path(name))][:_MAX_TABLES]
    said = [(layout.split_of(documents.stem(file.name)), file) for file in found]
    named = [(split, file) for split, file in said if split]
    if any(split == "train" for split, _ in named):
        return sorted(named, key=lambda pair: _SPLITS.index(pair[0]))
    return [("all", file) for file in found]


def _with_sibling(
    path: Path, files: list[tuple[str, Path]], config: DataConfig
) -> tuple[list[tuple[str, Path]], tuple[Guess, ...]]:
    """Return a file named ``…train…`` together with the ``…valid…`` and ``…test…`` beside it."""
    asked = (config.valid, config.test) != ("off", "off") or config.split != "auto"
    asked = asked or config.group != "off" or config.time != "off" or config.allow_empty
    stem = documents.stem(path.name)
    if asked or not path.is_file() or layout.split_of(stem) != "train" or _marked(stem) is None:
        return files, ()
    beside = []
    for other in sorted(path.parent.iterdir()):
        found = _marked(documents.stem(other.name))
        split = layout.split_of(documents.stem(other.name))
        if found == _marked(stem) and split in ("valid", "test") and frame.kind(other) == frame.kind(path):
            beside.append((split, other))
    if not beside or len({split for split, _ in beside}) < len(beside):
        return files, ()
    names = " and ".join(f"{printable(file.name)} as {split}" for split, file in beside)
    guess = Guess(
        what=f"{printable(path.name)} is read as train, {names}",
        why="they lie side by side under names that say so",
        flag="--split 0.8,0.1,0.1",
    )
    return [("train", path), *sorted(beside, key=lambda pair: _SPLITS.index(pair[0]))], (guess,)


def _marked(stem: str) -> str | None:
    """Return what a name says before the word for its split, with the mark between them; None without such a word."""
    for mark in ("_", "-", "."):
        before, found, word = stem.rpartition(mark)
        if found and layout.split_of(word):
            return before + mark
    return "" if layout.split_of(stem) else None


def _require_alike(sheets: Sequence[tuple[str, Sheet]], path: Path) -> None:
    if len({frozenset(sheet.names) for split, sheet in sheets if split == "all"}) > 1:
        names = ", ".join(printable(sheet.path.name) for _, sheet in sheets[:5])
        raise DataError(f"holds {len(sheets)} tables of different columns: {names}", fix="give one of them", path=path)


def _parts(sheets: Sequence[tuple[str, Sheet]], dropped: Sequence[str], path: Path) -> list[Part]:
    """Return the rows of each split, those of several files of one split together."""
    import pyarrow as pa

    known = {name for _, sheet in sheets for name in sheet.names}
    if unknown := [name for name in dropped if name not in known]:
        fix = f"there are: {', '.join(map(printable, sorted(known)))}"
        raise UsageError(f"there is no column {unknown[0]!r} to drop", fix=fix, path=path)
    parts = []
    for split in dict.fromkeys(split for split, _ in sheets):
        some = [sheet for found, sheet in sheets if found == split]
        tables = [sheet.table.drop_columns([name for name in dropped if name in sheet.names]) for sheet in some]
        name = some[0].path.name if len(some) == 1 else printable(path.name)
        bad = tuple(entry for sheet in some for entry in sheet.bad)
        table = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
        parts.append(Part(split=split, name=name, table=table, bad=bad))
    return parts


def _types(settings: Config) -> dict[str, Type]:
    wanted: dict[Type, str] = {
        "number": settings.numbers,
        "category": settings.categories,
        "date": settings.dates,
        "text": settings.texts,
        "identifier": settings.identifiers,
    }
    return {name: kind for kind, names in wanted.items() for name in _named(names)}


def _named(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _left_out(sheets: Sequence[tuple[str, Sheet]]) -> list[str]:
    names = dict.fromkeys(name for _, sheet in sheets for name in sheet.left_out)
    return [f"the column {printable(name)!r} holds lists or bytes and is left out" for name in names]
