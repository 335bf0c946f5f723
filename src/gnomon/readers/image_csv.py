"""A CSV or TSV file that lists pictures: one column of paths, one of labels, perhaps one of splits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Match, Skipped
from gnomon.data import columns, formats, layout, pictures, tabletext
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.reading import Reading
from gnomon.data.tabletext import Table

_SUFFIXES = (".csv", ".tsv")
_SNIFFED_BYTES = 1 << 16
_LOOKED_AT = 20
_MAX_FOLDERS = 50
_MAX_TABLES = 20
_ENDINGS = ("", ".jpg", ".jpeg", ".png")
_SPLIT_COLUMNS = frozenset({"split", "splits", "set", "subset", "data set", "dataset", "partition"})
_SPLIT_ORDER = ("train", "valid", "test", "all")


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


@dataclass(frozen=True)
class Paths:
    """The column of paths: its name, the folder that they start from, and the ending that they lack."""

    name: str
    folder: Path
    ending: str

    def full(self, value: str) -> Path:
        """Return where the picture is that the table calls ``value``."""
        return self.folder / (value.strip().replace("\\", "/") + self.ending)


@dataclass(frozen=True)
class Listing:
    """One table, and the split that its name says."""

    file: Path
    split: str
    table: Table
    paths: Paths


def sniff(path: Path) -> Match | None:
    """Claim a table with a column of paths to pictures that exist, or a folder with such tables."""
    for file in _tables(path):
        try:
            table = tabletext.read_table(file, first_bytes=_SNIFFED_BYTES)
        except DataError:
            continue
        if found := _paths_in(_with_header(table), file.parent):
            return Match(
                confidence=0.85, why=f"the column {found.name!r} of {printable(file.name)} has paths of pictures"
            )
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read a table's pictures. Raises ``DataError`` where no column has paths or none looks like classes."""
    listings = _listings(path)
    source = Source(
        reader="image_csv",
        path=path,
        name=path.resolve().stem,
        key=list(_key(listings)),
        read=lambda: _content(listings, config.target, path),
    )
    return pictures.dataset(source, config, reading)


def _tables(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in _SUFFIXES else []
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if Path(entry.name).suffix.lower() in _SUFFIXES and entry.is_file()]
    return [path / name for name in sorted(names)[:_MAX_TABLES] if not name.startswith(".")]


def _listings(path: Path) -> list[Listing]:
    """Return the tables to read: those whose names say splits, or the only one that lists pictures."""
    found = []
    for file in _tables(path):
        table = _with_header(tabletext.read_table(file))
        if paths := _paths_in(table, file.parent):
            split = (layout.split_of(file.name) or "") if path.is_dir() else ""
            found.append(Listing(file, split, table, paths))
    if not found:
        raise DataError("has no column with paths of pictures that exist", fix=_example(path), path=path)
    named = [listing for listing in found if listing.split]
    if any(listing.split == "train" for listing in named):
        return sorted(named, key=lambda listing: _SPLIT_ORDER.index(listing.split))
    if len(found) > 1:
        names = ", ".join(printable(listing.file.name) for listing in found)
        raise DataError(f"holds {len(found)} tables of pictures: {names}", fix="give one of them", path=path)
    return [replace(found[0], split="all")]


def _example(path: Path) -> str:
    return (
        f"write paths that start from the folder of {printable(path.name)}, such as:\n  path,label\n  images/1.jpg,cat"
    )


def _with_header(table: Table) -> Table:
    """Return the table with made-up column names where its first line is a sample already."""
    if not any(_looks_like_a_path(name) for name in table.header):
        return table
    header = tuple(f"column {i + 1}" for i in range(len(table.header)))
    return Table(header, [(1, list(table.header)), *table.rows], table.ragged)


def _looks_like_a_path(value: str) -> bool:
    return os.path.splitext(value.strip())[1].lower() in formats.SUFFIXES  # noqa: PTH122  called once a row


def _paths_in(table: Table, folder: Path) -> Paths | None:
    """Return the column most of whose first values are files, from the folder or one of those in it."""
    best: tuple[int, Paths] | None = None
    for name in table.header:
        values = [value for value in table.column(name)[:_LOOKED_AT] if value.strip() and "\0" not in value]
        if not any(map(_looks_like_a_path, values)) and not all(map(_could_be_a_name, values)):
            continue
        for base in _folders(folder):
            for ending in _ENDINGS:
                paths = Paths(name, base, ending)
                num_found = sum(_is_file(paths.full(value)) for value in values)
                if 2 * num_found >= len(values) > 0 and (best is None or num_found > best[0]):
                    best = (num_found, paths)
    return best[1] if best else None


def _could_be_a_name(value: str) -> bool:
    return len(value) <= 255 and " " not in value.strip()


def _folders(folder: Path) -> Iterator[Path]:
    yield folder
    with os.scandir(folder) as entries:
        inner = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    yield from (folder / name for name in inner[:_MAX_FOLDERS])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() and _looks_like_a_path(path.name)
    except (OSError, ValueError):
        return False


def _key(listings: Sequence[Listing]) -> Iterator[object]:
    for listing in listings:
        status = listing.file.stat()
        yield str(listing.file.resolve()), status.st_size, status.st_mtime_ns, listing.split
        for value in listing.table.column(listing.paths.name):
            try:
                picture = listing.paths.full(value).stat()
                yield value, picture.st_size, picture.st_mtime_ns
            except (OSError, ValueError):
                yield value, "missing"


def _content(listings: Sequence[Listing], target: str, path: Path) -> Content:
    first = listings[0]
    others = {name: first.table.column(name) for name in first.table.header if name != first.paths.name}
    split_column = next((name for name in others if _says_splits(name, others[name])), None)
    candidates = {name: values for name, values in others.items() if name != split_column or name == target}
    choice = columns.choose_target(candidates, target, path)
    usable = [listing for listing in listings if choice.name in listing.table.header]
    guesses = [_paths_guess(first), *choice.guesses, *(_unlabelled(one) for one in listings if one not in usable)]
    if split_column:
        guesses.append(
            Guess(what=f"the column {split_column!r} says the split", why="by its values", flag="--split 0.8,0.1,0.1")
        )
    labels = [value for listing in usable for value in listing.table.column(choice.name)]
    classes, targets = columns.encode(labels, path)
    rows = [row for listing in usable for row in _rows(listing, split_column)]
    return Content(
        parts=_parts(rows, targets),
        classes=classes,
        guesses=tuple(guesses),
        skipped=tuple(_skipped(usable, rows, targets)),
    )


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    id: str
    split: str
    picture: Path


def _says_splits(name: str, values: Sequence[str]) -> bool:
    told = {value.strip().lower() for value in values}
    return (
        name.strip().lower() in _SPLIT_COLUMNS
        and "train" in map(layout.split_of, told)
        and all(map(layout.split_of, told))
    )


def _rows(listing: Listing, split_column: str | None) -> Iterator[Row]:
    values = listing.table.column(listing.paths.name)
    splits: Sequence[str] = [listing.split] * len(values)
    if split_column in listing.table.header:
        said: Callable[[str], str | None] = layout.split_of
        splits = [said(value) or listing.split for value in listing.table.column(str(split_column))]
    for value, split in zip(values, splits, strict=True):
        yield Row(value.strip(), split, listing.paths.full(value))


def _parts(rows: Sequence[Row], targets: np.ndarray) -> list[Part]:
    parts = []
    for split in _SPLIT_ORDER:
        chosen = [i for i, row in enumerate(rows) if row.split == split and targets[i] != columns.MISSING]
        if chosen:
            payloads = Listed([rows[i].picture for i in chosen])
            parts.append(
                Part(split=split, ids=[rows[i].id for i in chosen], targets=targets[chosen], payloads=payloads)
            )
    return parts


def _skipped(listings: Sequence[Listing], rows: Sequence[Row], targets: np.ndarray) -> Iterator[Skipped]:
    for i in np.flatnonzero(targets == columns.MISSING).tolist():
        yield Skipped(id=rows[i].id, reason="has no label", split=rows[i].split)
    for listing in listings:
        for line in listing.table.ragged:
            reason = "has another number of fields than the header"
            yield Skipped(id=f"{listing.file.name}:{line}", reason=reason, split=listing.split)


def _paths_guess(listing: Listing) -> Guess:
    what = f"pictures are named by the column {printable(listing.paths.name)!r}"
    return Guess(what=what, why="its values are files that exist", flag="remove or rename other columns of paths")


def _unlabelled(listing: Listing) -> Guess:
    what = f"{printable(listing.file.name)} is not used"
    return Guess(what=what, why="it lacks the column of the target", flag="--test PATH")
