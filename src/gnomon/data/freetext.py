"""Which columns of a table hold free text, whether its first line is a header, and which names its classes have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.core.errors import UsageError, printable
from gnomon.core.spec import Guess

TEXT_NAMES = (
    *("text", "sentence", "review", "content", "comment", "tweet", "message", "question", "document", "body"),
    *("utterance", "query", "description", "headline", "title"),
)
TITLES = ("title", "subject", "headline")
FLAG = "--set reader.text=NAME"

_LOOKED_AT = 200
_LOOKED_AT_CHARS = 2000
_NUMERIC_SHARE = 0.9
_FEW_WORDS, _MANY_WORDS = 3.0, 6.0
_WIDE = 4
"""In a table of more columns than this, a column of names (of people, of ships) is no reason to read it as text."""
_LETTER_SHARE = 0.25
_DISTINCT_SHARE = 0.3


@dataclass(frozen=True)
class Look:
    """What some values of a column look like."""

    words: float
    """Mean number of words; a character of a script without spaces counts as half a word."""
    characters: float
    letters: float
    """Share of letters among the characters that are no space."""
    distinct: float
    numeric: float


def look(values: Sequence[Any]) -> Look:
    """Return what the values of a column look like, spread over all of them."""
    some = [value for value in values[:: max(1, len(values) // _LOOKED_AT)] if value is not None and value != ""]
    strings = [value for value in some if isinstance(value, str)]
    if not strings:
        return Look(0.0, 0.0, 0.0, 0.0, float(bool(some)))
    joined = "".join("".join(text[:_LOOKED_AT_CHARS] for text in strings).split())
    spaceless = sum(_has_no_spaces(c) for c in joined)
    words = (sum(len(text.split()) for text in strings) + spaceless / 2) / len(strings)
    return Look(
        words=words,
        characters=sum(map(len, strings)) / len(strings),
        letters=sum(c.isalpha() for c in joined) / max(1, len(joined)),
        distinct=len(set(strings)) / len(strings),
        numeric=sum(map(_is_number, strings)) / len(some),
    )


def text_columns(columns: Mapping[str, Sequence[Any]]) -> dict[str, Look]:
    """Return the columns that hold free text: many words, mostly letters, few repetitions."""
    least = _FEW_WORDS if len(columns) <= _WIDE else _MANY_WORDS
    looks = {name: look(values) for name, values in columns.items()}
    return {name: seen for name, seen in looks.items() if _is_free(seen, _least(name, least))}


def choose(columns: Mapping[str, Sequence[Any]], wanted: str, path: Path) -> tuple[tuple[str, ...], tuple[Guess, ...]]:
    """Return the columns whose values are joined into one text, and the guess; empty where there is none.

    Raises ``UsageError`` where ``wanted`` names no column.
    """
    if wanted != "auto":
        names = tuple(name.strip() for name in wanted.split(","))
        if unknown := [name for name in names if name not in columns]:
            fix = f"there are: {', '.join(map(printable, columns))}"
            raise UsageError(f"there is no column {unknown[0]!r}", fix=fix, path=path)
        return names, ()
    free = text_columns(columns)
    if not free:
        return (), ()
    chosen, why = _chosen(free)
    told = " and ".join(repr(printable(name)) for name in chosen)
    others = [name for name in free if name not in chosen]
    flag = f"--set reader.text={others[0]}" if others else FLAG
    return chosen, (Guess(what=f"the text is the column {told}", why=why, flag=flag),)


def has_header(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Return whether the names of the columns are names: a first row of samples looks like the rows below it."""
    against = 0
    for name, values in columns.items():
        seen = look(values)
        if seen.numeric > _NUMERIC_SHARE:
            if not _is_number(name):
                return True
            against += 1
        elif seen.words >= _FEW_WORDS:
            against += _words(name) >= max(_FEW_WORDS, seen.words / 4)
        elif seen.distinct < _DISTINCT_SHARE:
            against += name in set(values)
    return against == 0


def class_names(columns: Mapping[str, Sequence[Any]], target: str) -> tuple[str, dict[str, str]] | None:
    """Return the column that names each number of the column ``target``, and the name of each number, or None."""
    numbers = [str(value) for value in columns[target]]
    if not all(map(_is_number, set(numbers) - {"", "None"})):
        return None
    for name in (f"{target}_name", f"{target}_text", f"{target}name", f"{target} name"):
        if name in columns:
            pairs = {(number, str(text)) for number, text in zip(numbers, columns[name], strict=True)}
            if len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}):
                return name, dict(pairs)
    return None


def _chosen(free: Mapping[str, Look]) -> tuple[tuple[str, ...], str]:
    by_name = {name.strip().lower(): name for name in reversed(list(free))}
    known = next((by_name[name] for name in TEXT_NAMES if name in by_name), None)
    if known is not None:
        title = next((by_name[name] for name in TITLES if name in by_name and by_name[name] != known), None)
        return ((title, known), "by their names") if title else ((known,), "by its name")
    if all(name.startswith("column ") for name in free) and len(free) > 1:
        return tuple(free), "they hold free text, and the table has no header"
    longest = max(free, key=lambda name: free[name].characters)
    return (longest,), f"its values are the longest texts ({free[longest].words:.0f} words on average)"


def _least(name: str, least: float) -> float:
    return _FEW_WORDS if name.strip().lower() in TEXT_NAMES else least


def _is_free(seen: Look, least: float) -> bool:
    return (
        seen.words >= least
        and seen.letters >= _LETTER_SHARE
        and seen.distinct >= _DISTINCT_SHARE
        and seen.numeric < 1 - _NUMERIC_SHARE
    )


def _words(text: str) -> float:
    return len(text.split()) + sum(map(_has_no_spaces, text)) / 2


def _has_no_spaces(c: str) -> bool:
    """Return whether a character is of a script that writes no spaces between words: Thai to Han."""
    return "\u0e00" <= c <= "\u0eff" or "\u1000" <= c <= "\u109f" or "\u3040" <= c <= "\u9fff" or c >= "\U00020000"


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
