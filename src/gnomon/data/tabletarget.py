"""Which column of a table is to be foreseen, and whether its values are classes or a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Density, Guess, Label, Number, TableColumn
from gnomon.data import pictures, tabletypes, tablevalues

Kind = Literal["auto", "label", "number"]

NAMES = (
    *("target", "label", "labels", "class", "y", "outcome", "response", "output", "classes"),
    *("income", "survived", "churn", "churned", "exited", "default", "diagnosis", "species", "fraud", "is_fraud"),
    *("attrition", "cover_type", "quality", "price", "saleprice", "median_house_value", "medv"),
)
"""Names under which tables usually hold what is to be foreseen."""
MAX_CODES = 20
"""Up to so many different whole numbers are taken for classes, not for a quantity."""

_LAST_CLASSES = 10
_TOO_MANY = 0.5
_FEW_ROWS = 10
_SHOWN = 12
_FLAG = "--task regress"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The targets of some rows: class indices or numbers ``(n,)``, and which rows have one."""

    leaf: Label | Number | Density
    values: npt.NDArray[Any]
    there: npt.NDArray[np.bool_]
    guesses: tuple[Guess, ...] = ()


def choose(
    columns: Sequence[TableColumn], distinct: Sequence[int], wanted: str, path: Path
) -> tuple[str, tuple[Guess, ...]]:
    """Return the column to be foreseen, and the guess where the user did not name it.

    It is the one with a usual name, else the last one where that holds few classes. Raises ``UsageError`` for a
    ``wanted`` that is no column, ``DataError`` with the columns where none is obvious.
    """
    names = [column.name for column in columns]
    if wanted != "auto":
        if wanted not in names:
            raise pictures.unknown_target(wanted, tuple(names), path)
        return wanted, ()
    if (obvious := _obvious(columns, distinct)) is not None:
        return _guessed(*obvious, names)
    last = columns[-1]
    shown = ", ".join(map(printable, names[:_SHOWN])) + (
        f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    )
    raise DataError(
        f"it is not obvious which column is to be foreseen (columns: {shown})",
        fix=f"name it, such as --target {_quoted(last.name)}",
        path=path,
    )


def class_column(
    columns: Sequence[TableColumn], distinct: Sequence[int], missing: Sequence[int], wanted: str, path: Path
) -> tuple[str, tuple[Guess, ...]]:
    """Return the column that says of which class a row is, where rows themselves are learned; empty where none does.

    ``wanted`` is its name, ``off`` for none. A guess takes a column of few classes in which no cell is missing.
    """
    names = [column.name for column in columns]
    if wanted == "off":
        return "", ()
    if wanted != "auto":
        if wanted not in names:
            raise pictures.unknown_target(wanted, tuple(names), path)
        return wanted, ()
    obvious = _obvious(columns, distinct)
    if obvious is None:
        return "", ()
    place = names.index(obvious[0])
    if not 2 <= distinct[place] <= MAX_CODES or missing[place] or columns[place].type not in ("category", "number"):
        return "", ()
    what, why = f"the column {printable(obvious[0])!r} is taken for the class of a row", obvious[1]
    return obvious[0], (Guess(what=what, why=why, flag="--target off"),)


def unlabelled(num_rows: int) -> Target:
    """Return the targets of rows that have no class."""
    return Target(leaf=Density(), values=np.full(num_rows, -1, np.int64), there=np.ones(num_rows, np.bool_))


def encode(name: str, parts: Sequence[Any], kind: Kind, path: Path) -> list[Target]:
    """Return the targets of each part of the data, columns of cells, under one leaf; classes are those of all parts.

    Raises ``DataError`` where the values are neither classes nor numbers, or where all are the same.
    """
    import pyarrow as pa

    arrays = [tablevalues.flat(part) for part in parts]
    typed = [array for array in arrays if not tablevalues.is_text(array)]
    if typed and len(typed) < len(arrays):
        arrays = [array.cast(pa.string()) for array in arrays]
    whole = pa.concat_arrays([array.cast(arrays[0].type) for array in arrays])
    found = tabletypes.column_of(name, whole)
    if found.type == "empty":
        raise DataError(f"the column {printable(name)!r} is empty", fix="name another column with --target", path=path)
    numbers = _numbers(whole, found, kind, name, path)
    made = (
        _as_numbers(name, whole, found, numbers, kind, path) if numbers is not None else _as_labels(name, whole, path)
    )
    ends = np.cumsum([len(array) for array in arrays])[:-1]
    cut = zip(np.split(made.values, ends), np.split(made.there, ends), strict=True)
    return [Target(leaf=made.leaf, values=values, there=there, guesses=made.guesses) for values, there in cut]


def _obvious(columns: Sequence[TableColumn], distinct: Sequence[int]) -> tuple[str, str] | None:
    """Return the column that most would want to foresee, and why it is that; None where it is not obvious."""
    plain = {column.name.strip().lower().replace(" ", "_"): column.name for column in reversed(columns)}
    for known in NAMES:
        if known in plain:
            return plain[known], "by its name"
    last, count = columns[-1], distinct[-1]
    if last.type == "category" and 2 <= count <= _LAST_CLASSES:
        return last.name, f"it is the last column and has {count} different values"
    return None


def _guessed(name: str, why: str, names: Sequence[str]) -> tuple[str, tuple[Guess, ...]]:
    other = next((other for other in names if other != name), "NAME")
    guess = Guess(what=f"the target is the column {printable(name)!r}", why=why, flag=f"--target {_quoted(other)}")
    return name, (guess,)


def _quoted(name: str) -> str:
    return f'"{printable(name)}"' if " " in name else printable(name)


def _numbers(column: Any, found: TableColumn, kind: Kind, name: str, path: Path) -> tablevalues.Numbers | None:
    """Return the values of a quantity, None where they are classes."""
    if kind == "label":
        return None
    if found.type == "number":
        return tablevalues.numbers(column, found.form)
    if kind == "number":
        values = tablevalues.numbers(column, found.form)
        if values.bad.sum() > (1 - 0.95) * len(column):
            what = f"the column {printable(name)!r} holds no numbers ({found.why})"
            raise DataError(what, fix="name another column with --target, or say --task classify", path=path)
        return values
    if found.type == "date":
        raise DataError(
            f"the column {printable(name)!r} holds dates, which are no target",
            fix="name a column of classes or numbers with --target",
            path=path,
        )
    return None


def _as_numbers(
    name: str, column: Any, found: TableColumn, numbers: tablevalues.Numbers, kind: Kind, path: Path
) -> Target:
    there = np.isfinite(numbers.values)
    values = numbers.values[there]
    distinct = np.unique(values)
    if len(distinct) < 2:
        raise _one_value(name, f"{distinct[0]:g}", path)
    codes = len(distinct) <= MAX_CODES and bool((distinct % 1 == 0).all())
    if kind == "auto" and codes and len(distinct) <= max(2, len(values) // 2):
        guess = Guess(
            what=f"{printable(name)!r} holds {len(distinct)} classes",
            why=f"its values are the whole numbers {_listed(distinct)}",
            flag=_FLAG,
        )
        index = np.searchsorted(distinct, np.where(there, numbers.values, distinct[0]))
        leaf = Label(classes=tuple(str(int(value)) for value in distinct))
        return Target(leaf=leaf, values=index.astype(np.int64), there=there, guesses=(guess,))
    return Target(leaf=Number(name=name), values=numbers.values, there=there)


def _as_labels(name: str, column: Any, path: Path) -> Target:
    import pyarrow.compute as pc

    if not tablevalues.is_text(column):
        column = _whole(column)
    texts = tablevalues.texts(column)
    coded = texts.dictionary_encode()
    present = coded.dictionary.to_pylist()
    num_there = len(texts) - texts.null_count
    if len(present) < 2:
        raise _one_value(name, present[0] if present else "", path)
    if num_there >= _FEW_ROWS and len(present) > _TOO_MANY * num_there:
        raise DataError(
            f"the column {printable(name)!r} has {len(present):,} different values in {num_there:,} rows: it looks "
            "like free text or an identifier, not like classes",
            fix="name another column with --target",
            path=path,
        )
    classes = tuple(sorted(present, key=_by_size))
    place = {text: k for k, text in enumerate(classes)}
    known = np.array([place[text] for text in present] + [0], np.int64)
    values = known[np.asarray(pc.fill_null(coded.indices, len(present)))]
    return Target(leaf=Label(classes=classes), values=values, there=np.asarray(texts.is_valid()))


def _whole(column: Any) -> Any:
    """Return numbers as texts, whole ones without a point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = tablevalues.numbers(column).values
    if (values[np.isfinite(values)] % 1 == 0).all():
        return pc.cast(pa.array(values, mask=np.isnan(values)).cast(pa.int64()), pa.string())
    return pc.cast(column, pa.string())


def _by_size(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _one_value(name: str, value: str, path: Path) -> DataError:
    return DataError(
        f"the column {printable(name)!r} has one value only, {printable(value)!r}: there is nothing to foresee",
        fix="name another column with --target, or give rows with other values",
        path=path,
    )


def _listed(numbers: npt.NDArray[Any]) -> str:
    shown = [f"{value:g}" for value in numbers]
    return ", ".join(shown) if len(shown) <= _LAST_CLASSES else f"{shown[0]} to {shown[-1]}"
