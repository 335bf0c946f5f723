"""How one column becomes numbers."""

import numpy as np
import pyarrow as pa
import pytest

from gnomon.core.spec import TableColumn
from gnomon.data import tablecodes
from gnomon.data.tablecodes import Settings

SETTINGS = Settings(text_features=4, min_count=2, max_categories=10)


def fitted(kind, cells, settings=SETTINGS, form=""):
    return tablecodes.fit(TableColumn(name="c", type=kind, form=form), pa.array(cells), settings)


def made(entry, cells):
    return tablecodes.encode(None if cells is None else pa.array(cells), entry, 2 if cells is None else len(cells))


def test_numbers_are_centred_at_their_median_and_divided_by_the_distance_of_their_quartiles():
    entry = fitted("number", ["1", "2", "3", "4", "5", "NA"])
    assert entry["scales"] == [[3.0, 2.0]]
    (values,) = made(entry, ["5", "x", None, "3"]).numbers
    np.testing.assert_equal(values, [1.0, np.nan, np.nan, 0.0])


@pytest.mark.parametrize(
    ("cells", "scale"), [([0, 0, 0, 0, 0, 0, 8], [0, 4]), ([5, 5, None], [5, 1]), ([1e308, -1e308, 0], [0, 1e308])]
)
def test_the_spread_of_numbers_that_are_mostly_one(cells, scale):
    assert fitted("number", cells)["scales"] == [scale]


def test_no_number_becomes_infinite_in_float32():
    entry = fitted("number", ["1", "2", "3"])
    assert np.isfinite(np.float32(made(entry, ["1e308"]).numbers[0]) ** 2).all()


def test_categories_have_codes_for_missing_and_unseen_and_rare_ones_are_pooled():
    entry = fitted("category", ["b", "b", "b", "a", "a", "rare", None])
    assert entry["categories"] == [["c", 4]]
    assert (entry["values"], entry["num_pooled"]) == (["b", "a"], 1)
    assert made(entry, ["a", "b", "rare", "new", "NA", None, " b "]).codes[0].tolist() == [3, 2, 1, 1, 0, 0, 2]


def test_at_most_so_many_categories_get_a_code():
    entry = fitted("category", ["a", "b", "c"] * 3, Settings(text_features=0, min_count=1, max_categories=2))
    assert entry["values"] == ["a", "b"]


def test_whole_numbers_are_the_same_category_with_and_without_a_point():
    entry = fitted("category", ["3", "3", "7", "7"])
    assert made(entry, [3.0, 7.0, None]).codes[0].tolist() == [2, 3, 0]


def test_dates_become_a_number_and_the_parts_that_vary():
    entry = fitted("date", ["2024-01-01", "2024-02-06", "2024-02-07"])
    assert entry["numbers"] == ["c (time)"]
    assert entry["categories"] == [["c (month)", 14], ["c (weekday)", 9]]
    found = made(entry, ["2024-02-06", None])
    assert [codes.tolist() for codes in found.codes] == [[3, 0], [3, 0]]  # February, a Tuesday
    assert found.numbers[0][0] == 0.0
    assert np.isnan(found.numbers[0][1])


def test_hours_count_where_there_are_several():
    entry = fitted("date", ["2024-01-01 05:00:00", "2024-01-01 23:59:00"])
    assert entry["categories"] == [["c (hour)", 26]]
    assert made(entry, ["2024-01-01 23:59:00"]).codes[0].tolist() == [25]


def test_texts_become_counts_of_hashed_words_with_unit_spread():
    entry = fitted("text", ["red apple", "green apple tree", "red red sky", None])
    found = made(entry, ["red apple", None, "RED, apple"])
    assert len(found.numbers) == 4
    columns = np.stack(found.numbers)
    assert np.isnan(columns[:, 1]).all()
    np.testing.assert_array_equal(columns[:, 0], columns[:, 2])


@pytest.mark.parametrize(
    ("kind", "cells", "why"),
    [
        ("number", ["5", "5"], "it is 5 in all training rows"),
        ("number", [None, "x"], "it is empty in all training rows"),
        ("category", ["a", "a"], "it is 'a' in all training rows"),
        ("category", ["a", "b", "c"], "none of its 3 values has 2 training rows"),
        ("identifier", ["1", "2"], ""),
    ],
)
def test_columns_that_tell_nothing_are_left_out(kind, cells, why):
    entry = fitted(kind, cells)
    assert (entry["use"], entry["why"]) == ("none", why)


def test_a_constant_with_holes_is_kept_for_what_is_missing():
    assert fitted("number", ["5", None, "5"])["use"] == "number"
    assert fitted("category", ["a", None, "a"])["use"] == "category"


@pytest.mark.parametrize(("kind", "cells"), [("number", ["1", "2"]), ("category", ["a", "a", "b", "b"])])
def test_a_column_that_is_not_there_is_missing_in_all_rows(kind, cells):
    found = made(fitted(kind, cells), None)
    for numbers in found.numbers:
        assert np.isnan(numbers).all()
    for codes in found.codes:
        assert codes.tolist() == [0, 0]
