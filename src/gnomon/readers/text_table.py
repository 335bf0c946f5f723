"""Tables with a column of free text and one of labels: CSV, TSV, JSON lines (gzip or not) or Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, Skipped
from gnomon.data import columns, documents, frame, freetext, layout, textfile, texts
from gnomon.data.frame import Frame
from gnomon.data.reading import Reading

_SNIFFED_BYTES = 1 << 17
_MAX_TABLES = 100
_LOOKED_AT = 5000
_TOO_MANY = 0.5
"""Share of distinct labels above which they are no classes."""
_FEW_ROWS = 10
_NAMES_FILE = "classes.txt"


@dataclass(frozen=True, kw_only=True)
class Config:
    """How texts are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""
    text: str | Auto = "auto"
    """Names of the columns that hold the texts, with commas between them."""


@dataclass(frozen=True)
class Form:
    """Which columns are joined into the text, which holds the labels, and what was guessed."""

    texts: tuple[str, ...]
    target: str
    guesses: tuple[Guess, ...]


def sniff(path: Path) -> Match | None:
    """Claim a table, or a folder with tables, that has a column of free text besides others."""
    for _, file in _tables(path)[:3]:
        if file.stat().st_size == 0:
            return Match(confidence=0.05, why=f"{printable(file.name)} should be a table")
        try:
            table = frame.read_frame(file, first_bytes=_SNIFFED_BYTES)
        except DataError:
            continue
        table = frame.without_header(table) if _lacks_header(table) else table
        if len(table.columns) < 2 or not len(table):
            continue
        chosen, guesses = freetext.choose(table.columns, "auto", file)
        if chosen:
            return Match(confidence=0.75, why=f"{guesses[0].what} of {printable(file.name)}: {guesses[0].why}")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read texts and labels. Raises ``DataError`` where no column holds free text or none looks like classes."""
    settings = reading.settings(Config)
    tables = _read_tables(path, settings.encoding, reading)
    form = _form(tables[0][1], config.target, settings.text)
    usable = [(split, table) for split, table in tables if form.target in table.columns]
    classes, targets, named = _classes(usable, form, path)
    rows = list(_rows(usable, form, reading))
    skipped = [*_bad(usable), *_unusable(rows, targets)]
    decoded = [replace(table.decoded, num_crlf=0) for _, table in usable if table.decoded]
    unlabelled = [table.path.name for _, table in tables if form.target not in table.columns]
    found = texts.Found(
        reader="text_table",
        path=path,
        target=Label(classes=classes),
        parts=[_part(split, rows, targets) for split in texts.SPLITS],
        guesses=(*form.guesses, *named, *map(_unused, unlabelled), *textfile.told(decoded)),
        skipped=tuple(skipped),
        facts={"encodings": texts.encodings(decoded)},
    )
    return texts.dataset(found, config)


def _tables(path: Path) -> list[tuple[str, Path]]:
    """Return the tables to read with their splits: the file, or those of a folder, the ones named after splits first.

    A folder with one table, or parts of one, is one split called ``all``.
    """
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
        return sorted(named, key=lambda pair: texts.SPLITS.index(pair[0]))
    return [("all", file) for file in found]


def _read_tables(path: Path, encoding: str, reading: Reading) -> list[tuple[str, Frame]]:
    files = _tables(path)
    if not files:
        raise DataError("holds no table", fix="give a CSV, TSV, JSONL or Parquet file, or a folder of them", path=path)
    tables: list[tuple[str, Frame]] = []
    for number, (split, file) in enumerate(files):
        texts.tick(reading, number, len(files))
        table = frame.read_frame(file, encoding=encoding)
        if not tables:
            bare = _lacks_header(table)  # the others are as the first
        tables.append((split, frame.without_header(table) if bare and table.columns else table))
    if len({frozenset(table.columns) for split, table in tables if split == "all"}) > 1:
        names = ", ".join(printable(file.name) for _, file in files[:5])
        raise DataError(f"holds {len(files)} tables of different columns: {names}", fix="give one of them", path=path)
    return tables


def _lacks_header(table: Frame) -> bool:
    return frame.kind(table.path) == frame.CSV and len(table) > 0 and not freetext.has_header(table.columns)


def _form(table: Frame, target: str, text: str) -> Form:
    if not len(table):
        raise DataError("has no rows", fix="give a table with samples", path=table.path)
    others = {name: values for name, values in table.columns.items() if name != target}
    chosen, guesses = freetext.choose(others, text, table.path)
    if not chosen:
        names = ", ".join(map(printable, table.columns))
        what = f"has no column of free text (columns: {names})"
        raise DataError(what, fix=f"name it: {freetext.FLAG}", path=table.path)
    step = max(1, len(table) // _LOOKED_AT)
    some = {name: values[::step] for name, values in table.columns.items() if name not in chosen}
    if target == "auto":
        some = _classlike(some, table.path)
    choice = columns.choose_target(some, target, table.path)
    told = (_no_header(table),) if "column 1" in table.columns else ()
    return Form(chosen, choice.name, (*told, *guesses, *choice.guesses))


def _classlike(some: dict[str, Sequence[object]], path: Path) -> dict[str, Sequence[object]]:
    """Return the columns that are not all different. Raises ``DataError`` where all are, naming the likeliest."""
    fitting = {name: values for name, values in some.items() if not _is_all_distinct(values)}
    if some and not fitting:
        by_name = {name.strip().lower(): name for name in some}
        name = next((by_name[known] for known in columns.TARGET_NAMES if known in by_name), next(iter(some)))
        raise _no_classes(name, len(set(map(str, some[name]))), len(some[name]), path)
    return fitting


def _is_all_distinct(values: Sequence[object]) -> bool:
    return len(values) >= _FEW_ROWS and len(set(map(str, values))) > _TOO_MANY * len(values)


def _no_classes(name: str, num_distinct: int, num_rows: int, path: Path) -> DataError:
    return DataError(
        f"the column {printable(name)!r} has {num_distinct:,} different values in {num_rows:,} rows: "
        "it looks like free text or an id, not like classes",
        fix="name a column of classes with --target NAME",
        path=path,
    )


def _classes(
    tables: Sequence[tuple[str, Frame]], form: Form, path: Path
) -> tuple[tuple[str, ...], np.ndarray, tuple[Guess, ...]]:
    """Return the classes, an index for each row of all tables, and how the classes got their names."""
    values = [value for _, table in tables for value in table.columns[form.target]]
    if _is_all_distinct(values):
        raise _no_classes(form.target, len(set(map(str, values))), len(values), path)
    if declared := tables[0][1].names.get(form.target):
        classes, targets = columns.encode_named(values, declared, path)
        return classes, targets, ()
    classes, targets = columns.encode(values, path)
    if beside := _names_beside(tables[0][1].path, classes):
        guess = Guess(what=f"the classes are named by {_NAMES_FILE}", why="it lies beside the table", flag="")
        return beside, targets, (guess,)
    shared = set.intersection(*(set(table.columns) for _, table in tables))
    whole = {name: [value for _, table in tables for value in table.columns[name]] for name in shared}
    if found := freetext.class_names(whole, form.target):
        name, names = found
        guess = Guess(what=f"the classes are named by the column {name!r}", why="each number has one name", flag="")
        return tuple(names.get(label, label) for label in classes), targets, (guess,)
    return classes, targets, ()


def _names_beside(table: Path, classes: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names in ``classes.txt`` where the classes are the numbers of its lines, from 0 or 1 on."""
    file = table.with_name(_NAMES_FILE)
    if not file.is_file():
        return None
    names = tuple(line.strip() for line in textfile.read_text(file).text.split("\n") if line.strip())
    numbers = [[str(i) for i in range(first, first + len(names))] for first in (0, 1)]
    return names if list(classes) in numbers and len(set(names)) == len(names) else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    id: str
    split: str
    text: str


def _rows(tables: Sequence[tuple[str, Frame]], form: Form, reading: Reading) -> Iterator[Row]:
    total = sum(len(table) for _, table in tables)
    done = 0
    for split, table in tables:
        missing = [name for name in form.texts if name not in table.columns]
        if missing:
            raise DataError(f"has no column {missing[0]!r}", fix="all tables need the same columns", path=table.path)
        pieces = zip(*(table.columns[name] for name in form.texts), strict=True)
        for line, values in zip(table.lines, pieces, strict=True):
            texts.tick(reading, done, total)
            done += 1
            yield Row(f"{table.path.name}:{line}", split, "\n".join(str(v) for v in values if v not in (None, "")))


def _part(split: str, rows: Sequence[Row], targets: np.ndarray) -> texts.Part:
    chosen = [
        i for i, row in enumerate(rows) if row.split == split and targets[i] != columns.MISSING and row.text.strip()
    ]
    return texts.Part(
        split=split, ids=[rows[i].id for i in chosen], texts=[rows[i].text for i in chosen], targets=targets[chosen]
    )


def _unusable(rows: Sequence[Row], targets: np.ndarray) -> Iterator[Skipped]:
    for row, target in zip(rows, targets.tolist(), strict=True):
        if not row.text.strip():
            yield Skipped(id=row.id, reason=texts.EMPTY, split=row.split)
        elif target == columns.MISSING:
            yield Skipped(id=row.id, reason="has no label", split=row.split)


def _bad(tables: Sequence[tuple[str, Frame]]) -> Iterator[Skipped]:
    for split, table in tables:
        for line, reason in table.bad:
            yield Skipped(id=f"{table.path.name}:{line}", reason=reason, split=split)


def _no_header(table: Frame) -> Guess:
    what = f"{printable(table.path.name)} has no header: its columns are called column 1 to {len(table.columns)}"
    return Guess(what=what, why="its first line looks like the others", flag="write a header to change this")


def _unused(name: str) -> Guess:
    what = f"{printable(name)} is not used"
    return Guess(what=what, why="it lacks the column of the target", flag="--test PATH")
