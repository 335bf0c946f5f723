"""Which column of a table is the target, and how its values become classes. Shared by all readers of tables."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Guess
from gnomon.data import pictures

TARGET_NAMES = (
    *("label", "labels", "class", "class_name", "classname", "class_id", "category", "target", "y"),
    *("sentiment", "polarity", "intent", "topic", "stars", "rating"),
    *("fine_label", "species", "breed", "diagnosis", "emotion", "type", "kind", "name"),
)
MISSING = -1
MAX_NUMBERS = 50
"""More distinct numbers with decimals than this are a quantity, not classes."""

_ABSENT = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True)
class Choice:
    """A chosen column, and the guess to print where the user did not name it."""

    name: str
    guesses: tuple[Guess, ...] = ()


def choose_target(columns: Mapping[str, Sequence[object]], target: str, path: Path) -> Choice:
    """Return the column that holds the classes. ``columns`` are the candidates with some of their values.

    Raises ``UsageError`` for a ``target`` that is no column, ``DataError`` where no column looks like classes.
    """
    if target != "auto":
        if target not in columns:
            raise pictures.unknown_target(target, tuple(columns), path)
        return Choice(target)
    by_name = {name.strip().lower(): name for name in reversed(list(columns))}
    for known in TARGET_NAMES:
        if known in by_name:
            return _guessed(by_name[known], "by its name", columns)
    distinct = {name: len({str(value) for value in values}) for name, values in columns.items()}
    fitting = {name: n for name, n in distinct.items() if 2 <= n <= max(2, len(columns[name]) // 2)}
    if not fitting:
        names = ", ".join(printable(name) for name in columns) or "none"
        raise DataError(
            f"no column looks like classes (other columns: {names})", fix="name it with --target", path=path
        )
    name = min(reversed(list(fitting)), key=lambda name: fitting[name])
    return _guessed(name, f"it has the fewest distinct values ({fitting[name]})", columns)


def _guessed(name: str, why: str, columns: Iterable[str]) -> Choice:
    others = [other for other in columns if other != name]
    flag = f"--target {others[0]}" if others else "--target NAME"
    return Choice(name, (Guess(what=f"the target is the column {printable(name)!r}", why=why, flag=flag),))


def encode(values: Sequence[object], path: Path) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the classes and an index for each value, shape ``(len(values),)``; ``MISSING`` where there is none.

    Whole numbers are sorted by size, all else as text. Raises ``DataError`` where the values are no classes.
    """
    texts = [_text(value) for value in values]
    present = {text for text in texts if text is not None}
    if not present:
        raise DataError("the target column is empty", fix="name another column with --target", path=path)
    numbers = {text: _number(text) for text in present}
    whole = all(number is not None and number.is_integer() for number in numbers.values())
    if not whole and len(present) > MAX_NUMBERS and None not in numbers.values():
        what = f"the target column holds {len(present)} different numbers, not classes"
        raise DataError(what, fix="name another column with --target", path=path)
    if whole:
        named = {text: str(int(number)) for text, number in numbers.items() if number is not None}
        classes = tuple(sorted(set(named.values()), key=int))
    else:
        named = {text: text for text in present}
        classes = tuple(sorted(present))
    index = {name: i for i, name in enumerate(classes)}
    lookup = {text: index[name] for text, name in named.items()}
    return classes, np.array([MISSING if text is None else lookup[text] for text in texts], np.int64)


def encode_named(
    values: Sequence[object], names: Sequence[str], path: Path
) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the classes ``names`` and the values, which index them; negative or absent ones are ``MISSING``."""
    indices = np.array([MISSING if value is None else int(str(value)) for value in values], np.int64)
    if indices.size and indices.max() >= len(names):
        what = f"has the label {indices.max()}, but {len(names)} class names"
        raise DataError(what, fix="name another column with --target", path=path)
    return tuple(names), np.maximum(indices, MISSING)


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = unicodedata.normalize("NFC", value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
    text = text.strip()
    return None if text.lower() in _ABSENT else text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
