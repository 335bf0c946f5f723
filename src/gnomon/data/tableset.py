"""From loaded tables to a dataset: types, targets, ids and digests of rows. Shared by the readers of tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError, UsageError, printable
from gnomon.core.spec import Dataset, Density, Guess, Label, Number, Skipped, Spec, Split, Table, TableColumn
from gnomon.data import cells, pictures, tableprofile, tabletarget, tabletypes, tablevalues
from gnomon.data.cells import Cells, RowNames
from gnomon.data.reading import Reading
from gnomon.data.split import Subset
from gnomon.data.tabletarget import Kind, Target
from gnomon.data.tabletypes import Type

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]

_MOST_REPEATED = 0.2
"""Where more rows than this share are copies of others, copies are a matter of few columns, not of mistakes."""
_NO_TARGET = "has no target"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of one split: what the file is called, and its cells."""

    split: str
    name: str
    table: pa.Table
    bad: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a reader of tables found."""

    reader: str
    path: Path
    name: str
    parts: Sequence[Part]
    types: Mapping[str, Type]
    """Types of columns that the user named."""
    kind: Kind = "auto"
    foresees: bool = True
    """False where the rows themselves are to be learned: they need no target, and may have a class."""
    guesses: tuple[Guess, ...] = ()
    told: tuple[str, ...] = ()
    """What was mended, in sentences."""


def stop_if_asked(reading: Reading) -> None:
    """Raise ``StoppedError`` where a signal asked to stop."""
    if reading.should_stop():
        raise StoppedError("stopped while a table was being read", fix="give the same command again")


def dataset(found: Found, config: DataConfig) -> Dataset:
    """Return the rows of tables with their targets. Raises ``DataError`` where there is nothing to learn."""
    main = next((part for part in found.parts if part.split in ("all", "train")), None)
    if main is None or not main.table.num_rows:
        raise DataError("has no rows", fix="give a table with samples", path=found.path)
    _require_columns(main, config, found)
    columns = [tabletypes.column_of(name, main.table.column(name), found.types) for name in main.table.column_names]
    profile = tableprofile.profile(columns, main.table)
    distinct = [entry["num_distinct"] for entry in profile]
    if found.foresees:
        target, guesses = tabletarget.choose(columns, distinct, config.target, found.path)
    else:
        missing = [entry["num_missing"] for entry in profile]
        target, guesses = tabletarget.class_column(columns, distinct, missing, config.target, found.path)
    parts = [part for part in found.parts if not target or target in part.table.column_names]
    unused = tuple(_unused(part.name) for part in found.parts if part not in parts)
    if target:
        targets = tabletarget.encode(target, [part.table.column(target) for part in parts], found.kind, found.path)
    if not target or (not found.foresees and isinstance(targets[0].leaf, Number)):  # a quantity is a column like others
        target, guesses = "", guesses if not target else ()
        targets = [tabletarget.unlabelled(part.table.num_rows) for part in parts]
    kept = [column for column in columns if column.name != target]
    inputs = tuple(_aside(column, config) for column in kept)
    if not any(column.type not in ("identifier", "empty") for column in inputs):
        raise DataError("has no column to learn from", fix="give a table with more columns", path=found.path)
    made = [_split(part, one, inputs, config) for part, one in zip(parts, targets, strict=True)]
    skipped = _skipped(parts, targets)
    _refuse_bad(skipped, sum(len(split) for split in made), config, found.path)
    splits = {part.split: split for part, split in zip(parts, made, strict=True)}
    splits, repeated = _salted(splits)
    return Dataset(
        name=found.name,
        source=str(found.path),
        reader=found.reader,
        spec=Spec(input=Table(columns=inputs), target=targets[0].leaf),
        splits=splits,
        fingerprint=_fingerprint(splits, targets[0].leaf, inputs),
        guesses=(*found.guesses, *guesses, *targets[0].guesses, *unused, *repeated, *_ways(config)),
        skipped=skipped,
        facts={
            "target": target,
            "num_rows": sum(map(len, splits.values())),
            "num_columns": len(inputs),
            "columns": [entry for entry in profile if entry["name"] != target],
            "of_target": next((entry for entry in profile if entry["name"] == target), None),
            "names": [column.name for column in columns],
            "repaired": [*found.told, *_mended(profile)],
        },
    )


def _require_columns(main: Part, config: DataConfig, found: Found) -> None:
    names = tuple(main.table.column_names)
    if len(names) < 2:
        raise DataError(
            f"has one column only ({printable(names[0]) if names else 'none'})",
            fix="give a table with a column to foresee and others to foresee it from",
            path=found.path,
        )
    for flag, wanted in (("--group", config.group), ("--time", config.time)):
        if wanted != "off" and wanted not in names:
            raise _unknown(f"there is no column {wanted!r} for {flag}", wanted, names, found.path)
    for name in found.types:
        if name not in names:
            raise _unknown(f"there is no column {name!r}", name, names, found.path)


def _unknown(what: str, name: str, names: tuple[str, ...], path: Path) -> UsageError:
    return UsageError(what, fix=pictures.unknown_target(name, names, path).fix, path=path)


def _aside(column: TableColumn, config: DataConfig) -> TableColumn:
    """Return a column; the one that names groups is no input, since new rows are of groups that nobody knows."""
    if column.name == config.group:
        return replace(column, type="identifier", why="it names the groups: --group", form="")
    return column


def _split(part: Part, target: Target, columns: Sequence[TableColumn], config: DataConfig) -> Split:
    there = frozenset(part.table.column_names)
    lacking = [column.name for column in columns if column.name not in there]
    table = _with(part.table, lacking).select([column.name for column in columns])
    rows = np.flatnonzero(target.there)
    whole = Cells(table)
    inputs: Any = whole if len(rows) == len(whole) else Subset(whole, rows)
    names = [column.name for column in columns if column.type != "identifier"]
    groups = cells.codes(part.table.column(config.group))[rows] if config.group != "off" else None
    times = _times(part.table.column(config.time), config.time)[rows] if config.time != "off" else None
    return Split(
        inputs=inputs,
        targets=target.values[rows],
        ids=RowNames(part.name, rows + 1),
        hashes=cells.digests(inputs, names),
        groups=groups,
        times=times,
    )


def _with(table: pa.Table, lacking: Sequence[str]) -> pa.Table:
    """Return a table with columns of missing cells added."""
    import pyarrow as pa

    for name in lacking:
        table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table


def _times(column: Any, name: str) -> npt.NDArray[np.int64]:
    """Return when each row was, as whole numbers that rise with time. Raises ``DataError`` where that is not told."""
    found = tabletypes.column_of(name, column)
    if found.type == "date":
        stamps = tablevalues.instants(column, found.form or "auto")
        missing = stamps == np.iinfo(np.int64).min
    else:
        values = tablevalues.numbers(column, found.form).values
        missing = np.isnan(values)
        stamps = np.argsort(np.argsort(np.where(missing, -np.inf, values), kind="stable"), kind="stable")
        _, stamps = np.unique(np.where(missing, -np.inf, values), return_inverse=True)
    if missing.mean() > 0.05:
        raise DataError(
            f"the column {printable(name)!r} says of {missing.mean():.0%} of the rows not when they were ({found.why})",
            fix="name a column of dates or numbers with --time",
        )
    return np.asarray(stamps, np.int64)


def _skipped(parts: Sequence[Part], targets: Sequence[Target]) -> tuple[Skipped, ...]:
    found = []
    for part, target in zip(parts, targets, strict=True):
        split = part.split if part.split != "all" else ""
        found += [Skipped(id=f"{part.name}:{line}", reason=reason, split=split) for line, reason in part.bad]
        rows = np.flatnonzero(~target.there) + 1
        found += [Skipped(id=f"{part.name}#{row}", reason=_NO_TARGET, split=split) for row in rows.tolist()]
    return tuple(found)


def _refuse_bad(skipped: Sequence[Skipped], num_good: int, config: DataConfig, path: Path) -> None:
    total = len(skipped) + num_good
    if len(skipped) <= config.max_bad * total:
        return
    share = len(skipped) / total
    raise DataError(
        f"{len(skipped):,} of {total:,} rows cannot be used ({share:.1%}, the limit is {config.max_bad:.1%}):\n"
        + pictures.listed(skipped[: pictures.SHOWN_BAD]),
        fix=f"mend or remove them, or accept them with --max-bad {min(1.0, (int(share * 100) + 1) / 100)}",
        path=path,
    )


def _salted(splits: dict[str, Split]) -> tuple[dict[str, Split], tuple[Guess, ...]]:
    """Return splits whose equal rows count as different where they are many: a table of few columns has such rows."""
    joined = np.concatenate([split.hashes for split in splits.values()])
    _, counts = np.unique(joined, return_counts=True)
    repeated = int(counts[counts > 1].sum())
    if repeated <= _MOST_REPEATED * len(joined):
        return splits, ()
    made = {}
    for name, split in splits.items():
        words = split.hashes.view(np.uint64).reshape(-1, 2).copy()
        words[:, 1] = np.arange(len(words), dtype=np.uint64)
        made[name] = replace(split, hashes=words.view("V16").reshape(-1))
    guess = Guess(
        what="equal rows are samples of their own",
        why=f"{repeated / len(joined):.0%} of the rows equal another one, as in any table of few values",
        flag="",
    )
    return made, (guess,)


def _fingerprint(splits: Mapping[str, Split], target: Label | Number | Density, columns: Sequence[TableColumn]) -> str:
    names = [column.name for column in columns]
    digest = hashlib.blake2b(repr((target, names)).encode("utf-8", "surrogatepass"), digest_size=16)
    for name, split in splits.items():
        digest.update(name.encode() + split.hashes.tobytes() + np.ascontiguousarray(split.targets).tobytes())
    return digest.hexdigest()


def _unused(name: str) -> Guess:
    return Guess(what=f"{printable(name)} is not used", why="it lacks the column of the target", flag="--test PATH")


def _ways(config: DataConfig) -> tuple[Guess, ...]:
    if config.group != "off" and config.time != "off":
        raise UsageError("--group and --time are two ways to split", fix="give one of them")
    return ()


def _mended(profile: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell which columns hold cells that cannot be read as what the column holds."""
    found = [entry for entry in profile if entry.get("num_bad")]
    return [
        f"{entry['num_bad']:,} cells of {printable(str(entry['name']))!r} are no {entry['type']}s and count as missing"
        f", such as {printable(str(entry['bad']))!r}"
        for entry in found[:20]
    ]
