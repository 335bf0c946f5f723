"""The cells of a table's column as numbers, instants or texts, a whole column at once and never as Python objects.

A column is an Arrow array: of texts where the file holds text, else of the file's own type. What a cell lacks is
null. Numbers may be written as ``1,234.5``, ``1.234,5``, ``12 %`` or ``$ 5``; dates as `timetable` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.data import timetable

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

ABSENT = (
    *("", "?", "-", "--", ".", "NA", "N/A", "n/a", "na", "<NA>", "#N/A", "NaN", "nan", "-nan", "NAN"),
    *("null", "NULL", "Null", "None", "none", "NONE", "nil", "missing", "Missing", "NaT", "\\N"),
)
"""Texts that stand for a missing cell, without the blanks around them."""
PLAIN, GROUPED, COMMA = "", "1,234.5", "1.234,5"
"""Forms of written numbers: a point, a comma between thousands too, or a comma before the decimals."""
FORMS = (PLAIN, GROUPED, COMMA)

_DIGITS = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_WRITTEN = {
    PLAIN: _DIGITS,
    GROUPED: r"^[+-]?(?:\d{1,3}(?:[, '_]\d{3})+|\d+)(?:\.\d*)?$",
    COMMA: r"^[+-]?(?:\d{1,3}(?:[. '_]\d{3})+|\d+)(?:,\d*)?$",
}
_SIGNS = r"^(?:USD|EUR|GBP|CHF|[$€£¥₹])\s*|\s*(?:%|USD|EUR|GBP|CHF|[$€£¥₹])$"
_SPACES = "\u00a0\u202f"
"""Blanks that are written between thousands: not breaking, narrow."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Cells as numbers: ``values (n,)`` float64 with NaN where a cell is missing, infinite or no number.

    ``bad (n,)`` tells where a cell holds something that is no finite number.
    """

    values: Floats
    bad: npt.NDArray[np.bool_]


def texts(column: Any) -> pa.StringArray:
    """Return cells as texts without blanks around them, null where they are missing."""
    words, places = coded(column)
    return words.take(places)


def coded(column: Any) -> tuple[pa.StringArray, pa.Int32Array]:
    """Return the different texts of a column without blanks around them, and for each cell which it holds.

    A text that stands for a missing cell is null, as is the place of a cell that is null. Texts that differ in
    blanks alone come twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = flat(column)
    if not is_text(array):
        array = pc.cast(array, pa.string())
    encoded = array.dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(encoded.dictionary)
    absent = pc.is_in(trimmed, value_set=pa.array(ABSENT, trimmed.type))
    return pc.if_else(absent, pa.scalar(None, trimmed.type), trimmed), encoded.indices


def numbers(column: Any, form: str = PLAIN) -> Numbers:
    """Return cells as numbers that are written in ``form``; those of a type for numbers as they are."""
    import pyarrow.compute as pc

    array = flat(column)
    if not is_text(array):
        return _typed(array)
    if form == PLAIN and (plain := _cast(array)) is not None and np.isfinite(plain).all():
        return Numbers(values=plain, bad=np.zeros(len(array), np.bool_))
    words, places = coded(array)
    of_words = np.append(_read(words, form), np.nan)  # the last one is that of a cell that is null
    there = np.append(np.asarray(words.is_valid()), False)
    at = np.asarray(pc.fill_null(places, len(words)))
    return Numbers(values=of_words[at], bad=(there & np.isnan(of_words))[at])


def _read(words: Any, form: str) -> Floats:
    """Return texts as finite numbers, NaN for all else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _cast(words) if form == PLAIN else None
    if values is None:
        cleaned = pc.replace_substring_regex(words, _SIGNS, "")
        cleaned = pc.replace_substring_regex(cleaned, f"[{_SPACES}]", " ")
        fits = pc.match_substring_regex(cleaned, _WRITTEN[form])
        values = _cast(_pointed(pc.if_else(fits, cleaned, pa.scalar(None, cleaned.type)), form))
        if values is None:
            raise ValueError(f"numbers of the form {form!r} cannot be read")
    return np.where(np.isfinite(values), values, np.nan)


def instants(column: Any, form: str = "auto") -> npt.NDArray[np.int64]:
    """Return cells as instants in millionths of a second since 1970, `timetable.MISSING` where there is none.

    ``form`` is ``day`` or ``month`` where that comes first in ``03/04/2020``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = flat(column)
    if pa.types.is_temporal(array.type):
        stamps = pc.cast(pc.cast(array, pa.timestamp("us"), safe=False), pa.int64())
        return np.asarray(pc.fill_null(stamps, timetable.MISSING))
    given, indices = coded(array)
    words = [word or "" for word in given.to_pylist()]
    found = timetable.read_texts(words, form) if words else None  # type: ignore[arg-type]
    known = np.full(len(words) + 1, timetable.MISSING)
    if found is not None and found.form == "date":
        known[:-1] = found.values
    places = np.asarray(pc.fill_null(indices, len(words)))
    taken: npt.NDArray[np.int64] = known[places]
    return taken


def is_missing(column: Any) -> npt.NDArray[np.bool_]:
    """Return which cells hold nothing, ``(n,)``."""
    array = flat(column)
    if is_text(array):
        words, places = coded(array)
        absent = np.append(np.asarray(words.is_null()), True)
        return absent[np.asarray(places.fill_null(len(words)))]
    return ~np.isfinite(_typed(array).values) if _is_numeric(array) else np.asarray(array.is_null())


def is_text(array: Any) -> bool:
    """Return whether an Arrow array holds texts."""
    import pyarrow as pa

    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))


def flat(column: Any) -> pa.Array:
    """Return a column, in one piece or several, as one Arrow array."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _is_numeric(array: Any) -> bool:
    import pyarrow as pa

    kind = array.type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _typed(array: Any) -> Numbers:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_temporal(array.type):
        stamps = instants(array)
        values = np.where(stamps == timetable.MISSING, np.nan, stamps / timetable.MILLION)
        return Numbers(values=values, bad=np.zeros(len(array), np.bool_))
    if not (_is_numeric(array) or pa.types.is_boolean(array.type)):
        return Numbers(values=np.full(len(array), np.nan), bad=np.asarray(array.is_valid()))
    made = pc.cast(array, pa.float64(), safe=False)
    values = np.array(pc.fill_null(made, np.nan), np.float64)
    infinite = np.isinf(values)
    return Numbers(values=np.where(infinite, np.nan, values), bad=infinite)


def _cast(array: Any) -> Floats | None:
    """Return texts as float64, NaN for null; None where one is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return np.array(pc.fill_null(pc.cast(array, pa.float64()), np.nan), np.float64)
    except pa.ArrowInvalid:
        return None


def _pointed(array: Any, form: str) -> Any:
    """Return written numbers as plain ones, with a point and nothing between thousands."""
    import pyarrow.compute as pc

    if form == GROUPED:
        return pc.replace_substring_regex(array, "[, '_]", "")
    if form == COMMA:
        return pc.replace_substring(pc.replace_substring_regex(array, "[. '_]", ""), ",", ".")
    return array
