"""What columns look like, in numbers."""

import pyarrow as pa

from gnomon.data import tableprofile, tabletypes


def profile(**columns):
    table = pa.table(columns)
    return tableprofile.profile([tabletypes.column_of(name, table.column(name)) for name in columns], table)


def test_numbers_have_a_range_and_a_histogram():
    (entry,) = profile(x=[str(k / 2) for k in range(101)])
    assert (entry["min"], entry["median"], entry["max"]) == (0, 25, 50)
    assert (entry["num_missing"], entry["num_distinct"], entry["num_bad"]) == (0, 101, 0)
    assert sum(entry["histogram"]["counts"]) == 101
    assert len(entry["histogram"]["counts"]) == tableprofile.NUM_BINS


def test_categories_have_their_most_frequent_values_and_what_is_missing():
    (entry,) = profile(c=["b", "a", "b", "NA", None])
    assert entry["values"] == [["b", 2], ["a", 1]]
    assert (entry["num_missing"], entry["num_distinct"]) == (2, 2)


def test_a_cell_that_is_no_number_is_shown():
    (entry,) = profile(x=[*[str(k) for k in range(0, 300, 3)], "oops"])
    assert (entry["num_bad"], entry["bad"]) == (1, "oops")


def test_dates_have_a_first_and_a_last():
    (entry,) = profile(d=["2020-03-01", "2020-01-05", None])
    assert (entry["min"], entry["max"]) == ("2020-01-05", "2020-03-01")


def test_an_empty_column_and_one_value_alone():
    entries = profile(e=["", "NA"], k=["5", "5"])
    assert entries[0]["num_missing"] == 2
    assert "histogram" not in entries[1]


def test_of_very_many_columns_the_later_ones_are_counted_only(monkeypatch):
    monkeypatch.setattr(tableprofile, "_DETAILED", 1)
    first, second = profile(a=["1", "2"], b=["1", "2"])
    assert "examples" in first
    assert second == {"name": "b", "type": "number", "why": "numbers", "num_missing": 0, "num_distinct": 2}
