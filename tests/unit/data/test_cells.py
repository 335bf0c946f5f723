"""Rows of a table as a column of samples."""

import numpy as np
import pyarrow as pa

from gnomon.data import cells
from gnomon.data.cells import Cells, Joined, RowNames


def table(**columns):
    return Cells(pa.table(columns))


def test_rows_slices_and_picks():
    some = table(a=["x", "y", "z"], n=[1.0, 2.0, None])
    assert (len(some), some.names) == (3, ("a", "n"))
    assert some[1] == {"a": "y", "n": 2.0}
    assert some[-1] == {"a": "z", "n": None}
    assert some[1:].column("a").to_pylist() == ["y", "z"]
    assert some[np.array([2, 0])].column("a").to_pylist() == ["z", "x"]


def test_names_of_rows():
    names = RowNames("t.csv", np.array([1, 5, 9]))
    assert names[1] == "t.csv#5"
    assert names[np.array([0, 2])] == ["t.csv#1", "t.csv#9"]


def test_joined_columns():
    both = Joined([RowNames("a", np.array([1, 2])), RowNames("b", np.array([1]))])
    assert len(both) == 3
    assert both[2] == "b#1"
    assert both[0:3:2] == ["a#1", "b#1"]


def test_equal_rows_have_equal_digests_however_their_numbers_are_written():
    one = cells.digests(table(a=["1", "2", "NA"], b=["x", "y", "x"]), ("a", "b"))
    two = cells.digests(table(a=[1.0, 2.0, None], b=["x", " y", "x"]), ("a", "b"))
    np.testing.assert_array_equal(one, two)
    assert len(set(one.tolist())) == 3


def test_a_cell_in_another_column_is_another_row():
    found = cells.digests(table(a=["x", "y"], b=["y", "x"]), ("a", "b"))
    assert found[0] != found[1]


def test_digests_do_not_depend_on_the_pieces(monkeypatch):
    some = table(a=[str(k % 7) for k in range(40)], b=["w" * (k % 3) for k in range(40)])
    whole = cells.digests(some, some.names)
    assert [len(piece) for piece in cells.pieces(some, 16)] == [16, 16, 8]
    parts = np.concatenate([cells.digests(piece, some.names) for piece in cells.pieces(some, 16)])
    np.testing.assert_array_equal(whole, parts)


def test_codes_tell_equal_cells():
    found = cells.codes(pa.array(["b", "a", None, "b", "1", "1.0"]))
    assert found[0] == found[3] != found[1]
    assert found[4] == found[5]
    assert len(set(found.tolist())) == 4
