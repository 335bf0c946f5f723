"""From the cells of a table to numbers: what is fitted on the training rows, and kept as JSON beside the model.

Numbers are centred at their median and divided by their spread, categories get codes, dates become a number and
parts, texts become counts of words or of their pieces. Constant columns, copies and identifiers are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core import files
from gnomon.core.config import Auto, require_within
from gnomon.core.errors import ArtefactError, DataError, StoppedError, printable
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Dataset, Guess, Number, Spec, Split, Table, TableColumn, Vector
from gnomon.data import cells, tablecodes, tableleaks
from gnomon.data.cells import Cells

KIND = "Table"
IN_MEMORY_BYTES = 1 << 30
"""Prepared rows above this size are memory-mapped."""

_MOST_FITTED = 2_000_000
_NUM_TOLD = 6

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """How the columns of a table become numbers."""

    text: Literal["hash", "drop"] = "hash"
    """Whether columns of text become counts: of hashed words, of pieces where there are no words; or are left out."""
    text_features: int = 16
    """Counts that a column of free text becomes; four times as many where they are counts of pieces."""
    min_count: int | Auto = "auto"
    """Categories with fewer training rows than this are pooled; ``auto``: 5, and fewer in a small table."""
    max_categories: int = 1000
    """Categories of a column that get a code of their own, the most frequent ones."""
    copies: Literal["drop", "keep"] = "drop"
    """Whether columns that are the target under another name are left out."""

    def __post_init__(self) -> None:
        require_within("table.text_features", self.text_features, 1, 4096)
        require_within("table.max_categories", self.max_categories, 1, 100_000)
        if self.min_count != "auto":
            require_within("table.min_count", self.min_count, 1, 1_000_000)


def prepare(
    dataset: Dataset,
    config: TableConfig,
    known: Mapping[str, Any] | None = None,
    *,
    cache_dir: Path,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Dataset, dict[str, Any]]:
    """Return a table with its final splits as rows of numbers, and what was fitted, or ``known`` as it is.

    Raises ``DataError`` where no column is left.
    """
    facts = _fit(dataset, config) if known is None else dict(known)
    if not used_columns(facts):
        told = ", ".join(f"{printable(entry['name'])}: {entry['why']}" for entry in facts["columns"][:_NUM_TOLD])
        what = f"no column is left to learn from ({told})"
        raise DataError(what, fix="say what columns hold: --set reader.categories=NAME", path=dataset.source)
    spec = _spec(dataset.spec, facts)
    splits = {}
    for name, part in dataset.splits.items():
        file = cache_dir / "tables" / f"{_key(dataset, facts, name)}.f32"
        vector = vector_of(facts)
        width = len(vector.names) + len(vector.categories)
        inputs = matrix(part, width, lambda piece: encode(piece, facts), file, emit, should_stop)
        splits[name] = replace(part, inputs=inputs)
    guesses = dataset.guesses if known is not None else (*dataset.guesses, *left_out(facts))
    return replace(dataset, spec=spec, splits=splits, guesses=guesses), facts


def encode(part: Cells, facts: Mapping[str, Any]) -> Rows:
    """Return cells as a model sees them, ``(rows, features)``; a column that is not there counts as missing."""
    numbers: list[npt.NDArray[Any]] = []
    codes: list[npt.NDArray[Any]] = []
    there = frozenset(part.names)
    for entry in facts["columns"]:
        if entry["use"] == "none":
            continue
        column = part.column(entry["name"]) if entry["name"] in there else None
        made = tablecodes.encode(column, entry, len(part))
        numbers += made.numbers
        codes += made.codes
    joined = np.stack([*numbers, *codes], axis=1) if numbers or codes else np.zeros((len(part), 0))
    return np.ascontiguousarray(joined, np.float32)


def vector_of(facts: Mapping[str, Any]) -> Vector:
    """Return how prepared rows are laid out. Raises ``ArtefactError`` where ``facts`` are of another kind."""
    if facts.get("kind") != KIND:
        raise ArtefactError("the preparation is not that of a table", fix="restore the file from a copy")
    used = [entry for entry in facts["columns"] if entry["use"] != "none"]
    return Vector(
        names=tuple(name for entry in used for name in entry["numbers"]),
        categories=tuple((name, int(size)) for entry in used for name, size in entry["categories"]),
    )


def used_columns(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of the table that a model looks at."""
    return tuple(entry["name"] for entry in facts["columns"] if entry["use"] not in ("none", "constant"))


def _fit(dataset: Dataset, config: TableConfig) -> dict[str, Any]:
    train = dataset.splits["train"]
    given = _table(dataset.spec.input)
    rows = np.unique(np.linspace(0, len(train) - 1, min(len(train), _MOST_FITTED)).astype(np.int64))
    some: Cells = train.inputs[rows] if len(rows) < len(train) else train.inputs[0 : len(train)]
    leaks = tableleaks.find(dataset) if config.copies == "drop" else []
    equal = {leak.name: leak.why for leak in leaks if leak.is_equal}
    settings = tablecodes.Settings(
        text_features=config.text_features if config.text == "hash" else 0,
        min_count=least_count(config, len(some)),
        max_categories=config.max_categories,
    )
    seen: dict[bytes, str] = {}
    columns = []
    for column in given.columns:
        if column.name in equal:
            columns.append(tablecodes.unused(column, equal[column.name]))
            continue
        entry = tablecodes.fit(column, some.column(column.name), settings)
        columns.append(_not_twice(column, entry, some, seen))
    facts: dict[str, Any] = {"kind": KIND, "columns": columns, "target": {"name": dataset.facts.get("target", "")}}
    if isinstance(dataset.spec.target, Number):
        values = np.asarray(train.targets, np.float64)
        facts["target"] |= {"kind": "number", "mean": float(values.mean()), "deviation": float(values.std()) or 1.0}
    else:
        facts["target"] |= {"kind": "label"}
    return facts


def _not_twice(column: TableColumn, entry: dict[str, Any], some: Cells, seen: dict[bytes, str]) -> dict[str, Any]:
    """Return a column's entry, or that it is not used where another one holds the same."""
    if entry["use"] == "none":
        return entry
    made = tablecodes.encode(some.column(column.name), entry, len(some))
    digest = hashlib.blake2b(entry["use"].encode(), digest_size=16)
    for values in (*made.numbers, *made.codes):
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    other = seen.setdefault(digest.digest(), column.name)
    return entry if other == column.name else tablecodes.unused(column, f"it tells the same as the column {other!r}")


def least_count(config: TableConfig, num_rows: int) -> int:
    """Return how many training rows a category needs to get a code of its own."""
    if config.min_count != "auto":
        return config.min_count
    return 5 if num_rows >= 1000 else 2 if num_rows >= 50 else 1


def _spec(spec: Spec, facts: Mapping[str, Any]) -> Spec:
    target = spec.target
    if isinstance(target, Number):
        told = facts["target"]
        target = replace(target, mean=float(told["mean"]), deviation=float(told["deviation"]))
    return Spec(input=vector_of(facts), target=target)


def matrix(
    part: Split,
    width: int,
    encoded: Callable[[Cells], Rows],
    file: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> Rows:
    """Return the rows of a split as a model sees them, ``(rows, width)``; in a memory-mapped file where they are many.

    ``encoded`` makes them of the pieces of the split, which come in order.
    """
    if 4 * width * len(part) <= IN_MEMORY_BYTES:
        made = [encoded(piece) for piece in cells.pieces(part.inputs)]
        return np.concatenate(made) if made else np.zeros((0, width), np.float32)
    files.make_folder(file.parent, exist_ok=True)
    with files.output(file, sync=False) as sink:
        done = 0
        for piece in cells.pieces(part.inputs):
            if should_stop():
                raise StoppedError("stopped while a table was being prepared", fix="give the same command again")
            sink.write(encoded(piece).data)
            done += len(piece)
            emit(Worked(what="preparing the table", done=done, total=len(part), unit="rows"))
    return np.memmap(file, np.float32, mode="r", shape=(len(part), width))


def _key(dataset: Dataset, facts: Mapping[str, Any], split: str) -> str:
    """Return the name of the file in which a split's prepared rows lie."""
    part = dataset.splits[split]
    digest = hashlib.blake2b(repr((dataset.fingerprint, facts, split)).encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(part.hashes.tobytes())
    return digest.hexdigest()


def left_out(facts: Mapping[str, Any]) -> list[Guess]:
    """Return a guess that names the columns at which a model does not look, where there are some."""
    unused = [entry for entry in facts["columns"] if entry["use"] == "none"]
    if not unused:
        return []
    told = [f"{printable(entry['name'])} ({entry['why']})" for entry in unused[:_NUM_TOLD]]
    more = f" and {len(unused) - _NUM_TOLD} more" if len(unused) > _NUM_TOLD else ""
    what = "1 column is left out" if len(unused) == 1 else f"{len(unused)} columns are left out"
    return [
        Guess(
            what=what,
            why=", ".join(told) + more,
            flag="--set reader.categories=NAME, reader.numbers=NAME or reader.texts=NAME",
        )
    ]


def _table(leaf: Any) -> Table:
    if not isinstance(leaf, Table):
        raise TypeError(f"a {type(leaf).__name__} is no table")
    return leaf
