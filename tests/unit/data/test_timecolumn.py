import numpy as np
import pytest

from gnomon.data.timecolumn import find, numbers, read_cells
from gnomon.data.timetable import Stamps

DAYS = [f"2020-01-{day:02}" for day in range(1, 29)]
COUNT = len(DAYS)
VALUES = np.arange(float(COUNT))


def test_dates_are_found_under_any_name_and_usual_names_come_first():
    assert find({"x": VALUES, "zeit": DAYS}).names == ("zeit",)
    assert find({"when": DAYS, "date": DAYS, "x": VALUES}).names == ("date",)
    assert find({"when": DAYS, "x": VALUES}).why == "it holds times (ISO 8601)"


@pytest.mark.parametrize(
    "columns",
    [
        {"a": VALUES, "b": list("xy") * (COUNT // 2)},
        {"id": VALUES, "x": VALUES},
        {"year": VALUES[::-1] + 1990, "x": VALUES},
        {"time": np.zeros(COUNT), "x": VALUES},
        {"date": ["2020-01-01"] * COUNT, "x": VALUES},
        {"born": [f"{1950 + k * k % 50}-0{1 + k % 9}-{10 + k % 17}" for k in range(COUNT)], "x": VALUES},
        {"date": DAYS[:2]},
        {},
    ],
)
def test_tables_without_times_have_none(columns):
    assert find(columns) is None


def test_rising_numbers_under_a_usual_name_are_times():
    found = find({"x": VALUES, "t": VALUES / 10})
    assert found.names == ("t",)
    assert found.why == "it holds numbers that rise evenly under the name 't'"


def test_a_wish_is_obeyed_where_it_can_be_read():
    columns = {"date": DAYS, "stamp": [text.replace("-", "/") for text in DAYS], "word": ["a"] * COUNT}
    assert find(columns, "stamp").names == ("stamp",)
    assert find(columns, "word") is None
    assert find({"id": VALUES}, "id").names == ("id",)


@pytest.mark.parametrize("clocks", [[f"{hour:02}.00.00" for hour in range(24)], np.arange(24.0)])
def test_a_day_and_a_time_of_day_belong_together(clocks):
    columns = {"Date": ["10/03/2004"] * 12 + ["13/03/2004"] * 12, "Time": clocks, "CO": np.arange(24.0)}
    found = find(columns)
    assert found.names == ("Date", "Time")
    read = found.read(columns)
    assert Stamps(read.values, read.form)[[0, 13]] == ["2004-03-10 00:00:00", "2004-03-13 13:00:00"]


def test_year_month_day_and_hour_belong_together():
    hours = np.arange(48)
    columns = {"No": hours + 1.0, "year": np.full(48, 2010.0), "month": np.full(48, 2.0), "day": 1.0 + hours // 24}
    columns |= {"hour": hours % 24.0, "pm2.5": hours * 1.0}
    found = find(columns)
    assert found.names == ("year", "month", "day", "hour")
    read = found.read(columns)
    assert Stamps(read.values, read.form)[[25]] == ["2010-02-02 01:00:00"]


def test_cells_are_read_by_their_type():
    stamps = np.array(["2020-01-01", "NaT"], "datetime64[us]")
    assert read_cells(stamps).share == 0.5
    assert read_cells(np.array([True, False])) is None
    assert read_cells(["x"]) is None


def test_texts_of_numbers():
    assert numbers(["1", " 2.5 ", "", "-1e3"]) == pytest.approx([1, 2.5, np.nan, -1000], nan_ok=True)
    assert numbers(["1", "x"]) is None


UNEVEN = [f"2020-01-{day:02}" for day in (1, 2, 4, 5, 11, 12, 20, 27, 30)]


def test_uneven_times_are_found_only_where_they_are_looked_for():
    columns = {"x": VALUES[: len(UNEVEN)], "date": UNEVEN}
    assert find(columns) is None
    found = find(columns, uneven=True)
    assert (found.names, found.even) == (("date",), False)
    assert found.why == "it holds times (ISO 8601) that rise from row to row, though unevenly"
    assert find({"date": DAYS}, uneven=True).even


@pytest.mark.parametrize("times", [UNEVEN[5:] + UNEVEN[:5], UNEVEN[::2] * 2, ["?"] * 9])
def test_times_that_jump_or_repeat_are_no_series_at_all(times):
    assert find({"date": times}, uneven=True) is None


def test_uneven_times_need_a_usual_name():
    assert find({"born": UNEVEN}, uneven=True) is None
