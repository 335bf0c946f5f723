import numpy as np
import pytest

from gnomon.core.errors import DataError
from gnomon.data.regular import Measured, make_regular
from gnomon.data.timetable import MILLION, MISSING

HOUR = 3600 * MILLION


def regular(hours, values=None, *, max_gap=5, names=("x",)):
    hours = np.asarray(hours, float)
    values = hours if values is None else np.asarray(values, float)
    values = values.reshape(len(hours), -1)
    return make_regular(
        Measured(times=np.rint(hours * HOUR).astype(np.int64), form="date", values=values, names=names),
        max_gap=max_gap,
    )


def test_a_regular_series_is_left_alone():
    made = regular(range(10))
    assert made.told == ()
    assert made.values[:, 0].tolist() == list(range(10))
    assert (np.diff(made.times) == HOUR).all()


def test_rows_out_of_order_are_sorted_and_said():
    made = regular([0, 1, 3, 2, 4, 5])
    assert made.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert made.told == ("1 row not in order of time (first: row 4, 1970-01-01 02:00:00): sorted",)
    assert regular(range(9, -1, -1)).told == ("the rows ran backwards in time: sorted",)


def test_rows_of_one_time_are_averaged_and_said():
    made = regular([*range(12), 3], [*range(12), 5])
    assert made.values[:5, 0].tolist() == [0, 1, 2, 4, 4]
    assert made.told[-1] == "1 row with the time of another averaged with it (first: 1970-01-01 03:00:00)"


def test_of_rows_of_one_time_only_known_values_count():
    made = regular([*range(12), 3], [*range(3), np.nan, *range(4, 12), 5])
    assert made.values[3, 0] == 5


def test_many_rows_of_one_time_are_several_series_and_refused():
    with pytest.raises(DataError, match=r"20 rows have only 10 different times .*: several series one below the other"):
        regular([*range(10)] * 2)


def test_short_gaps_are_filled_with_straight_lines_and_said():
    made = regular([0, 1, 2, 5, 6, 7, 8, 9], [0, 10, 20, 50, 60, 70, 80, 90])
    assert made.values[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert made.told == (
        "2 rows missing in the regular order of time (first: 1970-01-01 03:00:00)",
        "2 missing values of 'x' filled with straight lines (1970-01-01 03:00:00)",
    )


def test_missing_cells_are_filled_channel_by_channel():
    values = np.array([[0, 0], [1, np.nan], [2, np.nan], [np.nan, 30], [4, 40], [5, 50]])
    made = regular(range(6), values, names=("a", "b"))
    assert made.values.tolist() == [[0, 0], [1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]
    assert made.told == (
        "1 missing value of 'a' filled with straight lines (1970-01-01 03:00:00)",
        "2 missing values of 'b' filled with straight lines (1970-01-01 01:00:00)",
    )


def test_missing_values_at_the_ends_are_cut_off():
    made = regular(range(8), [np.nan, 1, 2, 3, 4, 5, 6, np.nan])
    assert made.values[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert made.told == ("2 rows at the ends, where values are missing, left out",)


def test_of_a_series_with_a_hole_the_longest_stretch_is_kept_and_said():
    made = regular([*range(10), *range(100, 130)])
    assert made.values[:, 0].tolist() == list(range(100, 130))
    assert made.told == (
        "1 hole of more than 5 steps: only the longest stretch without one is used, 30 rows from 1970-01-05 04:00:00 "
        "to 1970-01-06 09:00:00",
    )


def test_holes_of_values_count_as_holes_of_rows_do():
    values = np.arange(40.0)
    values[10:20] = np.nan
    assert regular(range(40), values).values[:, 0].tolist() == list(range(20, 40))
    assert len(regular(range(40), values, max_gap=10).values) == 40


def test_a_series_that_is_mostly_holes_is_refused_with_advice():
    with pytest.raises(
        DataError, match="3 holes of more than 5 steps; its longest stretch without one has 10 rows"
    ) as e:
        regular([*range(10), *range(100, 110), *range(200, 210), *range(300, 310)])
    assert "--set reader.max_gap" in e.value.fix


def test_one_time_far_away_takes_no_memory():
    made = regular([*range(50), 10_000_000])
    assert len(made.values) == 50


def test_uneven_times_are_interpolated_and_said():
    hours = np.arange(50) + 0.3 * np.sin(np.arange(50))
    made = regular(hours, 3 * hours)
    assert made.values[:, 0] == pytest.approx(3 * (made.times / HOUR))
    assert "rows at uneven times: values at every" in made.told[0]


def test_a_clock_that_is_a_second_off_is_put_right():
    hours = np.arange(50.0)
    hours[7] += 1 / 3600
    made = regular(hours)
    assert len(made.values) == 50
    assert (np.diff(made.times) == HOUR).all()


def test_rows_without_a_time_are_left_out_and_said():
    measured = Measured(
        times=np.array([0, MISSING, 2, 3]) * np.array([HOUR, 1, HOUR, HOUR]),
        form="date",
        values=np.arange(4.0)[:, None],
        names=("x",),
    )
    made = make_regular(measured, max_gap=5)
    assert made.values[:, 0].tolist() == [0, 1, 2, 3]
    assert made.told[0] == "1 row without a readable time left out (first: row 2)"


def test_weekends_are_no_holes():
    working = [day for day in range(60) if (day + 3) % 7 < 5]
    made = regular(np.array(working) * 24.0)
    assert len(made.values) == len(working)
    assert made.told == ("there are no rows at weekends: each row is taken as the step after the one before",)


def test_one_time_is_no_series():
    with pytest.raises(DataError, match="fewer than two different times"):
        regular([1])
