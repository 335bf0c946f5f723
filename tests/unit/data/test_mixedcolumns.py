import json
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from gnomon.core.spec import TableColumn
from gnomon.data import mixedcolumns, tabletypes
from gnomon.data.tablecodes import Settings

SETTINGS = Settings(text_features=0, min_count=2, max_categories=3)


def fitted(cells, name="x", type=None):
    array = pa.array(cells)
    column = tabletypes.column_of(name, array) if type is None else TableColumn(name=name, type=type)
    return array, mixedcolumns.fit(column, array, SETTINGS)


def again(array, entry):
    """The cells after they went through numbers."""
    values = mixedcolumns.encode(array, entry, len(array))
    return mixedcolumns.decode(values, entry, np.random.default_rng(0)).to_pylist()


@pytest.mark.parametrize(
    "cells",
    [
        [1, 5, 9, None, 5],
        [1.25, 2.5, None, 10.0],
        ["1", "5", "", "9"],
        ["2020-01-03", "2021-05-01", None, "2020-02-29"],
        ["red", "blue", None, "red", "blue"],
    ],
)
def test_there_and_back_cells_are_the_same(cells):
    array, entry = fitted(cells)
    assert json.loads(json.dumps(entry)) == entry
    wanted = [
        None if cell in (None, "") else date.fromisoformat(cell) if str(cell).startswith("202") else cell
        for cell in cells
    ]
    found = again(array, entry)
    assert [str(cell) for cell in found] == [str(cell) for cell in wanted]


def test_whole_numbers_come_back_as_whole_ones_and_inside_their_range():
    _, entry = fitted([10, 20, 30, 50])
    found = mixedcolumns.decode(np.array([-3.0, 1.0, 99.0]), entry, np.random.default_rng(0))
    assert found.type == pa.int64()
    assert found.to_pylist() == [10, 20, 50]


def test_times_of_day_stay():
    array, entry = fitted(["2020-01-03 10:30:00", "2020-01-03 11:00:00", "2020-02-03 12:30:00"])
    assert entry["grid"]["step"] == 60e6 * 1
    assert again(array, entry)[0] == datetime(2020, 1, 3, 10, 30)


def test_a_column_of_one_value_comes_back_and_is_not_learned():
    for cells, value in (([7, 7, 7], 7), (["a", "a"], "a"), ([0.5, 0.5], 0.5)):
        _, entry = fitted(cells)
        assert entry["use"] == "constant"
        assert mixedcolumns.decode(np.zeros(2), entry, np.random.default_rng(0)).to_pylist() == [value, value]


@pytest.mark.parametrize(("type", "why"), [("text", "free text is not made up"), ("identifier", "")])
def test_what_names_or_describes_rows_is_left_out(type, why):
    _, entry = fitted(["a b c d", "e f g h"], type=type)
    assert (entry["use"], entry["why"]) == ("none", why)


def test_rare_categories_are_one_and_come_back_as_one_of_them():
    _, entry = fitted(["a"] * 5 + ["b"] * 4 + ["c", "d"])
    assert entry["values"] == ["a", "b"]
    assert mixedcolumns.encode(pa.array(["d", "new", None]), entry, 3).tolist() == [1, 1, 0]
    drawn = mixedcolumns.decode(np.ones(50), entry, np.random.default_rng(0)).to_pylist()
    assert set(drawn) == {"c", "d"}


def test_a_column_that_is_not_there_is_missing():
    _, number = fitted([1, 2, 4])
    _, category = fitted(["a", "b", "a", "b"])
    assert np.isnan(mixedcolumns.encode(None, number, 2)).all()
    assert mixedcolumns.encode(None, category, 2).tolist() == [0, 0]


def test_a_value_outside_has_a_place_outside():
    _, entry = fitted(list(range(100)), type="number")
    assert mixedcolumns.encode(pa.array([500]), entry, 1).tolist() == [500.0]
    assert mixedcolumns.quantity(entry).places == 100
