"""What each column of a table holds, numbers, categories, dates, texts or identifiers, and why that is thought."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from gnomon.core.spec import TableColumn
from gnomon.data import freetext, tablevalues, timetable

if TYPE_CHECKING:
    import pyarrow as pa

Type = Literal["number", "category", "date", "text", "identifier", "empty"]
TYPES: tuple[Type, ...] = get_args(Type)

_LEAST_READ = 0.95
"""Share of the cells that are there which must be readable as numbers or dates."""
_LEAST_MIXED = 0.8
"""The same for a column of so many different texts that they would be no categories."""
_SOME = 2000
_LEAST_WORDS = 4.0
_TEXT_DISTINCT = 0.3
_ID_DISTINCT = 0.95
_FEW = 20
"""Fewer rows than this do not tell an identifier from a category."""
_MANY = 50
_MAX_SHOWN = 3
_ID_NAMES = re.compile(
    r"(?:^|[_\s.-])(?:id|uuid|guid|key|index|idx|no\.?|nr|number)$|^(?:id|row|rownum|unnamed: \d+)$", re.IGNORECASE
)
_ID_ENDS = re.compile(r"[a-z]I[dD]$|ID$")
_CODE_NAMES = re.compile(r"(?:^|[_\s-])(?:zip|zipcode|zip_code|postcode|postal|plz|code)(?:$|[_\s-])", re.IGNORECASE)
_DATE_LIKE = re.compile(r"\d[-/.:]\d|\d (?:[a-z]{3})|[a-z]{3,9} \d|^\d{8}(?:\D|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What some cells of a column look like."""

    column: Any
    """The cells, an Arrow array."""
    distinct: Any
    """The different texts and how often each comes, columns ``text`` and ``n``; None where they are no texts."""
    texts: Sequence[str]
    """Some of those that are there, where they are texts."""
    num_rows: int
    num_there: int
    num_distinct: int

    @property
    def is_unique(self) -> bool:
        """Whether nearly every cell that is there has a value of its own."""
        return self.num_there >= _FEW and self.num_distinct >= _ID_DISTINCT * self.num_there


def column_of(name: str, cells: Any, wanted: Mapping[str, Type] | None = None) -> TableColumn:
    """Return what a column of cells, an Arrow array, holds; ``wanted`` are the types that the user named."""
    seen = _look(cells)
    if not seen.num_there:
        return TableColumn(name=name, type="empty", why=f"all {seen.num_rows:,} cells are missing")
    if wanted and name in wanted:
        return TableColumn(name=name, type=wanted[name], why="you named it", form=_form_for(wanted[name], seen))
    found = _typed(name, seen) if not seen.texts else _written(name, seen)
    type_, why, form = found
    return TableColumn(name=name, type=type_, why=why, form=form)


_Found = tuple[Type, str, str]


def _look(cells: Any) -> Seen:
    import pyarrow.compute as pc

    array = tablevalues.flat(cells)
    num_there = int(len(array) - tablevalues.is_missing(array).sum())
    texts: list[str] = []
    distinct = None
    if tablevalues.is_text(array):
        distinct = counts_of(array)
        some = tablevalues.texts(array.take(spread(len(array)))).drop_null()
        texts = some.to_pylist() or distinct["text"].slice(0, _SOME).to_pylist()
    num_distinct = pc.count_distinct(array, mode="only_valid").as_py() if distinct is None else len(distinct)
    return Seen(
        column=array,
        distinct=distinct,
        texts=texts,
        num_rows=len(array),
        num_there=num_there,
        num_distinct=num_distinct,
    )


def counts_of(column: Any) -> pa.Table:
    """Return the different texts of a column and how often each comes, as the columns ``text`` and ``n``."""
    import pyarrow as pa

    words, places = tablevalues.coded(column)
    counts = np.bincount(np.asarray(places.drop_null()), minlength=len(words))
    again = words.dictionary_encode()  # texts that differed in blanks alone
    there = np.asarray(again.indices.is_valid())
    at = np.asarray(again.indices.drop_null())
    sums = np.bincount(at, weights=counts[there], minlength=len(again.dictionary))
    return pa.table({"text": again.dictionary, "n": sums.astype(np.int64)})


def spread(count: int) -> Any:
    """Return at most so many places as are looked at, evenly spread over ``count``."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, _SOME)).astype(np.int64))


def _typed(name: str, seen: Seen) -> _Found:
    """Return what a column holds whose type the file says."""
    import pyarrow as pa

    if pa.types.is_temporal(seen.column.type):
        return "date", f"the file says so: {seen.column.type}", ""
    return _of_numbers(name, seen, tablevalues.PLAIN, f"the file says so: {seen.column.type}")


def _written(name: str, seen: Seen) -> _Found:
    """Return what a column of texts holds."""
    best = best_form(seen)
    if best is not None:
        form, num_bad = best
        return _of_numbers(name, seen, form, _number_why(seen, form, num_bad))
    if (date := _date(seen)) is not None:
        return date
    look = freetext.look(seen.texts)
    if look.words >= _LEAST_WORDS and look.distinct >= _TEXT_DISTINCT:
        return "text", f"{look.words:.0f} words on average, mostly different", ""
    if seen.num_distinct > _MANY and (mixed := best_form(seen, _LEAST_MIXED)) is not None:
        return _of_numbers(name, seen, mixed[0], _number_why(seen, *mixed))
    if seen.is_unique:
        return "identifier", f"{seen.num_distinct:,} different values in {seen.num_there:,} rows", ""
    shown = "1 value" if seen.num_distinct == 1 else f"{seen.num_distinct:,} different values"
    return "category", shown, ""


def best_form(seen: Seen, least_read: float = _LEAST_READ) -> tuple[str, int] | None:
    """Return how the numbers of a column of texts are written, and how many cells are none; None if too many are."""
    words = tablevalues.flat(seen.distinct["text"])
    counts = np.asarray(seen.distinct["n"])
    best: tuple[str, int] | None = None
    for form in (tablevalues.PLAIN, *_likely(words)):
        num_bad = int(counts[tablevalues.numbers(words, form).bad].sum())
        if num_bad <= (1 - least_read) * seen.num_there and (best is None or num_bad < best[1]):
            best = (form, num_bad)
        if best is not None and best[1] == 0:
            break
    return best


def _likely(words: Any) -> tuple[str, ...]:
    """Return the other forms of numbers in the order in which texts speak for them."""
    import pyarrow.compute as pc

    decimals = pc.sum(pc.match_substring_regex(words, r"\.\d{3},\d|\d,\d{1,2}\D*$|,\d{4,}|\.\d{3}\.\d{3}")).as_py() or 0
    grouped = pc.sum(pc.match_substring_regex(words, r",\d{3}\.\d|,\d{3},\d{3}|^\D*\d{1,3},\d{3}\D*$")).as_py() or 0
    forms = (tablevalues.GROUPED, tablevalues.COMMA)
    return forms if grouped >= decimals else forms[::-1]


def _number_why(seen: Seen, form: str, num_bad: int) -> str:
    why = "numbers" + (f" written as {form}" if form else "")
    return why + (f", but for {num_bad:,} cells, which count as missing" if num_bad else "")


def _of_numbers(name: str, seen: Seen, form: str, why: str) -> _Found:
    """Return whether numbers are measured, or only name something."""
    if seen.texts and _has_leading_zeros(seen.texts):
        type_: Type = "identifier" if seen.is_unique else "category"
        return type_, "digits with leading zeros: codes, not numbers", ""
    values = tablevalues.numbers(seen.column, form).values
    there = values[np.isfinite(values)]
    whole = len(there) > 0 and bool((there % 1 == 0).all())
    if whole and _is_counter(there):
        return "identifier", "it counts the rows", ""
    if whole and (_ID_NAMES.search(name.strip()) or _ID_ENDS.search(name.strip())):
        if seen.is_unique:
            return "identifier", "whole numbers, all different, under a name of identifiers", ""
        if seen.num_distinct > _MANY and not _is_dense(there, seen.num_distinct):
            return "category", "whole numbers under a name of identifiers", ""
    if whole and _CODE_NAMES.search(name.strip()):
        return "category", "whole numbers under a name of codes", ""
    return "number", why, form


def _is_counter(values: Any) -> bool:
    return len(values) >= _FEW and values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _is_dense(values: Any, num_distinct: int) -> bool:
    return bool(values.max() - values.min() < 2 * num_distinct)


def _has_leading_zeros(texts: Sequence[str]) -> bool:
    digits = [text for text in texts if text.isdigit()]
    zeros = sum(len(text) > 1 and text[0] == "0" for text in digits)
    return len(digits) == len(texts) and zeros > 0 and len({len(text) for text in texts}) == 1


def _date(seen: Seen) -> _Found | None:
    if sum(bool(_DATE_LIKE.search(text)) for text in seen.texts) < _LEAST_READ * len(seen.texts):
        return None
    found = timetable.read_texts(seen.texts)
    if found is None or found.form != "date" or found.share < _LEAST_READ:
        return None
    return "date", found.told, _order(seen.texts)


def _order(texts: Sequence[str]) -> str:
    """Return ``day`` or ``month`` where dates are written so that it matters which comes first, else nothing."""
    whole = timetable.read_texts(texts)
    for order in ("day", "month"):
        found = timetable.read_texts(texts, order)
        if whole is None or found is None or not np.array_equal(found.values, whole.values):
            return "month" if order == "day" else "day"
    return ""


def _form_for(type_: Type, seen: Seen) -> str:
    """Return how the numbers or dates are written of a column whose type the user named."""
    if type_ == "number" and seen.texts:
        best = best_form(seen)
        return best[0] if best else tablevalues.PLAIN
    return _order(seen.texts) if type_ == "date" and seen.texts else ""
