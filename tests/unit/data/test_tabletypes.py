"""What the columns of a table hold, and why."""

import pyarrow as pa
import pytest

from gnomon.data import tabletypes


def found(cells, name="c", **wanted):
    return tabletypes.column_of(name, pa.array(cells), wanted or None)


@pytest.mark.parametrize(
    ("cells", "kind", "form"),
    [
        (["1", "2.5", "NA"], "number", ""),
        (["1,234.5", "12", "3,000"], "number", "1,234.5"),
        (["1.234,5", "1,5"], "number", "1.234,5"),
        (["0,5", "1,25"], "number", "1.234,5"),
        (["12 %", "3%"], "number", ""),
        (["a", "b", "a"], "category", ""),
        (["001", "002", "010"], "category", ""),
        (["2020-01-02", "2020-01-03"], "date", ""),
        (["13/02/2020", "01/02/2020"], "date", "day"),
        (["02/13/2020", "02/01/2020"], "date", "month"),
        (["1.2.3.4", "10.0.0.1"], "category", ""),
        (["3", "x", "4"], "category", ""),
        ([None, "NA", "?"], "empty", ""),
        ([1.5, 2.0], "number", ""),
        (["true", "false"], "category", ""),
    ],
)
def test_types_by_what_the_cells_look_like(cells, kind, form):
    column = found(cells)
    assert (column.type, column.form) == (kind, form)
    assert column.why


def test_a_few_cells_that_are_no_numbers_count_as_missing_and_are_told():
    column = found([str(k) for k in range(0, 400, 3)] + ["oops", "n.d."])
    assert column.type == "number"
    assert "but for 2 cells" in column.why


def test_numbers_with_words_between_them_are_numbers_where_they_would_be_no_categories():
    column = found([f"{k * 1.5}" if k % 10 else "unknown" for k in range(300)])
    assert column.type == "number"
    assert column.why == "numbers, but for 30 cells, which count as missing"
    assert found([f"{k % 20}" if k % 10 else "unknown" for k in range(300)]).type == "category"
    assert found([f"{k * 1.5}" if k % 4 else f"A{k}" for k in range(300)]).type != "number"


def test_a_counter_of_rows_is_an_identifier():
    assert found([str(k) for k in range(30)]).why == "it counts the rows"
    assert found([str(k) for k in range(10)]).type == "number"  # too few to tell


def test_names_of_identifiers_and_codes_tell():
    ids = [str((k * 7919) % 100_003) for k in range(100)]
    assert found(ids, "customer_id").type == "identifier"
    assert found(ids, "weight").type == "number"
    assert found(ids * 2, "userId").type == "category"
    assert found(["75001", "69001", "75001"], "zip code").type == "category"


def test_texts_and_names_that_are_all_different():
    sentences = [f"the quick brown fox number {k} jumps" for k in range(30)]
    assert found(sentences).type == "text"
    assert found([f"user{k:x}q" for k in range(30)]).type == "identifier"


def test_the_user_says_what_a_column_holds():
    column = found(["1", "2"], c="category")
    assert (column.type, column.why) == ("category", "you named it")
    assert found(["1,5", "2"], c="number").form == "1.234,5"


def test_stamps_of_parquet_are_dates():
    assert tabletypes.column_of("t", pa.array([0, 1], pa.timestamp("us"))).type == "date"


def test_texts_that_differ_in_blanks_are_counted_as_one():
    counts = tabletypes.counts_of(pa.array(["a", " a", "b", None]))
    assert dict(zip(counts["text"].to_pylist(), counts["n"].to_pylist(), strict=True)) == {"a": 2, "b": 1}
