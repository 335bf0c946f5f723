"""Makes of a table rows that are learned themselves: what is fitted on the training rows, and kept beside the model.

Numbers get a grid, values that stand out and modes, categories get codes. Texts, identifiers and empty columns are left
out; columns of one value come back as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.events import Emit, silent
from gnomon.core.spec import Dataset, Density, Guess, Label, MixedRow, Normality, Spec, Split, Table
from gnomon.data import densityprep, mixedcolumns, tablecodes, tableprep, toldcolumns
from gnomon.data.cells import Cells
from gnomon.data.densityprep import DensityConfig
from gnomon.data.tableprep import TableConfig

if TYPE_CHECKING:
    import pyarrow as pa

Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_MOST_FITTED = 500_000
_MOST_COMPARED = 50_000
_LEARNED = ("number", "date", "category")


def prepare(
    dataset: Dataset,
    table: TableConfig,
    density: DensityConfig,
    wanted: type[Density],
    known: Mapping[str, Any] | None = None,
    *,
    cache_dir: Path,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Dataset, dict[str, Any]]:
    """Return a table with its final splits as rows whose density is asked, and what was fitted, or ``known`` as it is.

    Raises ``DataError`` where there is nothing to learn, ``UsageError`` for settings that the data do not allow.
    """
    if density.binarize not in ("auto", "off"):
        raise UsageError("numbers of a table are not binarised", fix="leave density.binarize out")
    classes = dataset.spec.target.classes if isinstance(dataset.spec.target, Label | Density) else ()
    densityprep.require_classes(density.anomalous, classes)
    train = dataset.splits.get("train", next(iter(dataset.splits.values())))
    target = _target(train, density, wanted, classes, known)
    splits = {name: densityprep.usable(name, part, target) for name, part in dataset.splits.items()}
    if known is None:
        _require_variety(splits["train"], dataset)
        facts = _fit(dataset, splits["train"], table, target)
    else:
        facts = dict(known)
    if not any(map(_is_learned, facts["columns"])):
        told = ", ".join(
            f"{printable(entry['name'])}: {entry['why'] or entry['use']}" for entry in facts["columns"][:6]
        )
        fix = "say what columns hold: --set reader.categories=NAME"
        raise DataError(f"no column is left to learn ({told})", fix=fix, path=dataset.source)
    leaf = leaf_of(facts)
    made = {}
    for name, part in splits.items():
        file = cache_dir / "tables" / f"{_key(dataset, facts, name, part)}.f32"
        rows = tableprep.matrix(part, len(leaf.names), _encoder(part, facts), file, emit, should_stop)
        made[name] = replace(part, inputs=rows)
    guesses = dataset.guesses if known is not None else (*dataset.guesses, *_guesses(facts, target))
    return replace(dataset, spec=Spec(input=leaf, target=target), splits=made, guesses=guesses), facts


def leaf_of(facts: Mapping[str, Any]) -> MixedRow:
    """Return how prepared rows are laid out."""
    numbers = [entry for entry in facts["columns"] if entry["use"] in ("number", "date")]
    categories = [entry for entry in facts["columns"] if entry["use"] == "category"]
    return MixedRow(
        numbers=tuple(mixedcolumns.quantity(entry) for entry in numbers),
        categories=tuple((entry["name"], tablecodes.FIRST + len(entry["values"])) for entry in categories),
        never=tuple(tuple(int(code) for code in entry["never"]) for entry in categories),
    )


def encode(part: Cells, facts: Mapping[str, Any]) -> Rows:
    """Return cells as a model sees them, ``(rows, columns)``; a column that is not there counts as missing."""
    made = []
    for entry in _learned(facts):
        column = part.column(entry["name"]) if entry["name"] in part.names else None
        made.append(mixedcolumns.encode(column, entry, len(part)))
    return np.ascontiguousarray(np.stack(made, axis=1), np.float32)


def decode(rows: Rows, classes: Ints, target: Density, facts: Mapping[str, Any], *, seed: int) -> pa.Table:
    """Return rows ``(n, columns)`` of the classes ``(n,)`` as a table, its columns in the order of the data.

    The column of the class is there where the model knows it; -1 is a missing cell.
    """
    import pyarrow as pa

    draw = np.random.Generator(np.random.Philox(key=seed))
    place = {entry["name"]: k for k, entry in enumerate(_learned(facts))}
    named = {}
    for entry in facts["columns"]:
        if _is_learned(entry):
            named[entry["name"]] = mixedcolumns.decode(rows[:, place[entry["name"]]].astype(np.float64), entry, draw)
        elif entry["use"] == "constant":
            named[entry["name"]] = mixedcolumns.decode(np.zeros(len(rows)), entry, draw)
    if target.conditional:
        names = np.array([*target.classes, None], dtype=object)
        named[facts["target"]["name"]] = pa.array(names[classes].tolist(), pa.string())
    order = [name for name in facts["order"] if name in named]
    return pa.table({name: named[name] for name in order})


def classes_in(part: Cells, target: Density, facts: Mapping[str, Any]) -> Ints:
    """Return the class of each row ``(n,)``, -1 where the table does not tell it or the model is not told it."""
    name = facts["target"]["name"]
    if not target.conditional or name not in part.names:
        return np.full(len(part), -1, np.int64)
    entry = _class_column(name, target.classes)
    codes = mixedcolumns.encode(part.column(name), entry, len(part)).astype(np.int64) - tablecodes.FIRST
    return np.where(codes >= 0, codes, -1)


def _is_learned(entry: Mapping[str, Any]) -> bool:
    return entry["use"] in _LEARNED


def _learned(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the columns in the order of `MixedRow`: numbers and dates, then categories."""
    numbers = [entry for entry in facts["columns"] if entry["use"] in ("number", "date")]
    return [*numbers, *(entry for entry in facts["columns"] if entry["use"] == "category")]


def _target(
    train: Split,
    config: DensityConfig,
    wanted: type[Density],
    classes: tuple[str, ...],
    known: Mapping[str, Any] | None,
) -> Density:
    """Return what is learned: told the class, each as often as in training, or what is normal."""
    if issubclass(wanted, Normality):
        normal = tuple(known["normal"]) if known else densityprep.normal_classes(train, classes, config.anomalous)
        return wanted(classes=classes, normal=normal)
    if config.condition == "on" and len(classes) < 2:
        raise UsageError("there are no classes to tell the model", fix="name their column: --target NAME")
    conditional = len(classes) > 1 and config.condition != "off"
    if not conditional:
        return wanted(classes=classes)
    if known:
        return wanted(classes=classes, conditional=True, shares=tuple(known["shares"]))
    counts = np.bincount(np.asarray(train.targets), minlength=len(classes))
    return wanted(classes=classes, conditional=True, shares=tuple((counts / counts.sum()).tolist()))


def _fit(dataset: Dataset, train: Split, config: TableConfig, target: Density) -> dict[str, Any]:
    given = dataset.spec.input
    if not isinstance(given, Table):
        raise TypeError(f"a {type(given).__name__} is no table")
    rows = np.unique(np.linspace(0, len(train) - 1, min(len(train), _MOST_FITTED)).astype(np.int64))
    some: Cells = train.inputs[rows] if len(rows) < len(train) else train.inputs[0 : len(train)]
    settings = tablecodes.Settings(
        text_features=0,
        min_count=tableprep.least_count(config, len(some)),
        max_categories=config.max_categories,
    )
    columns = [mixedcolumns.fit(column, some.column(column.name), settings) for column in given.columns]
    name = str(dataset.facts.get("target", ""))
    if target.classes and not target.conditional and not isinstance(target, Normality):
        columns.append(_class_column(name, target.classes))
    facts = {
        "kind": densityprep.KIND,
        "learned": type(target).__name__,
        "columns": columns,
        "target": {"name": name, "kind": "label" if target.classes else "none"},
        "order": list(dataset.facts.get("names", [column.name for column in given.columns])),
        "conditional": target.conditional,
        "shares": list(target.shares),
    }
    known = some[0 : min(len(some), _MOST_COMPARED)]
    facts["told"] = toldcolumns.find(encode(known, facts), leaf_of(facts)) if any(map(_is_learned, columns)) else []
    return facts | ({"normal": list(target.normal)} if isinstance(target, Normality) else {})


def _class_column(name: str, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the entry of the column of the class, where it is learned as all others are."""
    size = tablecodes.FIRST + len(classes)
    about = {"name": name, "type": "category", "form": "", "use": "category", "why": "", "is_class": True}
    never = [tablecodes.MISSING, tablecodes.UNSEEN]
    return {**about, "numbers": [], "categories": [[name, size]], "values": list(classes), "pooled": [], "never": never}


def _encoder(part: Split, facts: Mapping[str, Any]) -> Callable[[Cells], Rows]:
    """Return what makes rows of the pieces of a split, in their order; the class comes from the split's targets."""
    own = next((k for k, entry in enumerate(_learned(facts)) if entry.get("is_class")), None)
    done = 0

    def encoded(piece: Cells) -> Rows:
        nonlocal done
        rows = encode(piece, facts)
        if own is not None:
            rows[:, own] = np.asarray(part.targets[done : done + len(piece)]) + tablecodes.FIRST
        done += len(piece)
        return rows

    return encoded


def _require_variety(train: Split, dataset: Dataset) -> None:
    if len(train) < 2:
        raise DataError(f"{len(train)} row is too few to learn from", fix="give some dozens", path=dataset.source)


def _key(dataset: Dataset, facts: Mapping[str, Any], split: str, part: Split) -> str:
    digest = hashlib.blake2b(repr((dataset.fingerprint, facts, split)).encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(part.hashes.tobytes())
    return digest.hexdigest()


def _guesses(facts: Mapping[str, Any], target: Density) -> list[Guess]:
    guesses = list(tableprep.left_out(facts))
    rough = [printable(entry["name"]) for entry in facts["columns"] if entry.get("discretised")]
    if rough:
        what = f"{', '.join(rough[:6])}{', …' if len(rough) > 6 else ''}: learned in steps, as a probability needs them"
        guesses.append(Guess(what=what, why="the values lie on no grid of up to six decimals", flag=""))
    names = leaf_of(facts).names
    told = [f"{printable(names[rule['column']])} (by {printable(names[rule['by']])})" for rule in facts["told"][:6]]
    if told and not isinstance(target, Normality):
        what = f"{', '.join(told)}: told by another column, and so in new rows"
        guesses.append(Guess(what=what, why="nearly all training rows say the same", flag=""))
    if target.conditional:
        what = (
            f"the model is told the class, {printable(facts['target']['name'])!r}, and draws each as often as it came"
        )
        guesses.append(Guess(what=what, why="its column is known", flag="--set density.condition=off"))
    return guesses
