"""Cells as numbers, instants and texts."""

import numpy as np
import pyarrow as pa
import pytest

from gnomon.data import tablevalues, timetable
from gnomon.data.tablevalues import COMMA, GROUPED


def values(cells, form=""):
    found = tablevalues.numbers(pa.array(cells), form)
    return found.values.tolist(), found.bad.tolist()


def test_plain_numbers_missing_ones_and_what_is_none():
    found, bad = values(["1", " 2.5 ", "+7", "NA", None, "?", "abc", "1e400", "inf"])
    np.testing.assert_equal(found, [1, 2.5, 7, *[np.nan] * 6])
    assert bad == [False] * 6 + [True] * 3


def test_a_column_without_a_blemish_takes_the_short_way_to_the_same_numbers():
    assert values(["1", "2.5", "-3e2"]) == ([1, 2.5, -300], [False] * 3)


@pytest.mark.parametrize(
    ("form", "cells", "wanted"),
    [
        (GROUPED, ["1,234.5", "12", "1,234,567"], [1234.5, 12, 1234567]),
        (COMMA, ["1.234,5", "12", "1.234.567", "0,5"], [1234.5, 12, 1234567, 0.5]),
        ("", ["12 %", "$ 3.5", "4 €"], [12, 3.5, 4]),
        (COMMA, ["1\u00a0234,5", "2\u202f000"], [1234.5, 2000]),
    ],
)
def test_written_numbers_with_their_signs_and_marks(form, cells, wanted):
    assert values(cells, form) == (wanted, [False] * len(wanted))


def test_a_group_of_two_digits_is_no_number():
    assert values(["1,23"], GROUPED)[1] == [True]


def test_typed_columns_keep_their_numbers_and_infinity_counts_as_bad():
    found, bad = values([1.5, None, float("inf"), float("nan")])
    np.testing.assert_equal(found, [1.5, np.nan, np.nan, np.nan])
    assert bad == [False, False, True, False]
    assert values([True, False]) == ([1, 0], [False, False])


def test_texts_lose_blanks_and_the_words_for_nothing():
    assert tablevalues.texts(pa.array([" a ", "NULL", "", None, "b"])).to_pylist() == ["a", None, None, None, "b"]


def test_missing_cells_of_all_types():
    assert tablevalues.is_missing(pa.array(["a", "-", None])).tolist() == [False, True, True]
    assert tablevalues.is_missing(pa.array([1.0, None, float("nan")])).tolist() == [False, True, True]


def test_instants_of_texts_and_stamps_are_the_same():
    texts = tablevalues.instants(pa.array(["2020-01-02", None, "rubbish?"]))
    assert texts[1] == timetable.MISSING
    read = tablevalues.instants(pa.array(["2020-01-02", "2020-01-03", None]))
    stamps = pa.array(["2020-01-02", "2020-01-03", None]).cast(pa.timestamp("us"))
    np.testing.assert_array_equal(tablevalues.instants(stamps), read)
    assert read[1] - read[0] == timetable.DAY


def test_which_comes_first_day_or_month_is_a_form():
    day, month = (tablevalues.instants(pa.array(["03/04/2020"]), form)[0] for form in ("day", "month"))
    assert (day - month) / timetable.DAY == 30  # 3 April, 4 March


def test_a_column_in_pieces_becomes_one():
    column = pa.chunked_array([["1"], ["2", "x"]])
    assert tablevalues.numbers(column).values[:2].tolist() == [1, 2]
    assert tablevalues.flat(pa.chunked_array([], type=pa.string())).to_pylist() == []
