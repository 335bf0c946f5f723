"""Columns of a table that another column tells: ``education_num`` beside ``education``, or a country beside its city.

A model that makes the cells of a row apart from each other would break such rules now and then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import MixedRow
from gnomon.data.tablecodes import FIRST

Rows = npt.NDArray[np.float32]

_EXCEPTIONS = 0.001
"""Share of the rows that may break a rule."""
_MOST_CODES = 1000
_LEAST_EACH = 5
"""Rows that a value must have on average, or chance alone would make rules."""


def find(rows: Rows, leaf: MixedRow) -> list[dict[str, Any]]:
    """Return which columns of rows ``(n, columns)`` a category tells: ``column``, ``by`` and ``values``, a JSON value.

    ``values`` are pairs of a code and the value that goes with it. No column that is told tells another one.
    """
    count, found = len(leaf.numbers), []
    told: set[int] = set()
    tellers: set[int] = set()
    for by in range(count, len(leaf.names)):
        size = leaf.categories[by - count][1]
        if by in told or size > _MOST_CODES or len(rows) < _LEAST_EACH * (size - FIRST) or size - FIRST < 2:
            continue
        for column in range(len(leaf.names)):
            if column == by or column in told or column in tellers:
                continue
            values = _rule(rows[:, by].astype(np.int64), rows[:, column])
            if values:
                found.append({"column": column, "by": by, "values": values})
                told.add(column)
                tellers.add(by)
    return found


def agree(rows: Rows, rules: Sequence[Mapping[str, Any]]) -> Rows:
    """Return rows in which every column that another one tells has the value that goes with it."""
    made = rows.copy()
    for rule in rules:
        codes = made[:, rule["by"]]
        for code, value in rule["values"]:
            made[codes == code, rule["column"]] = value
    return made


def _rule(codes: npt.NDArray[np.int64], values: Rows) -> list[list[float]]:
    """Return the value that goes with each code, where all but a few rows have it; nothing where they do not.

    Values must differ, and none be missing: what is the same in all rows is told by anything.
    """
    usual = codes >= FIRST
    if not usual.any() or np.isnan(values).any():
        return []
    codes, values = codes[usual], values[usual]
    distinct, places = np.unique(values, return_inverse=True)
    if len(distinct) < 2 or len(distinct) > codes.max() + 1:
        return []
    counts = np.zeros((int(codes.max()) + 1, len(distinct)), np.int64)
    np.add.at(counts, (codes, places), 1)
    common = np.sort(counts.sum(axis=0))[::-1]
    if counts.max(axis=1).sum() < (1 - _EXCEPTIONS) * len(codes) or common[0] > (1 - 10 * _EXCEPTIONS) * len(codes):
        return []
    there = np.flatnonzero(counts.sum(axis=1))
    return [[int(code), float(distinct[counts[code].argmax()])] for code in there]
