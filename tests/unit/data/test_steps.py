import numpy as np
import pytest

from gnomon.data.steps import Step, find_step, future, places, step_text
from gnomon.data.timetable import DAY, MILLION, Stamps, instant

HOUR = 3600 * MILLION


def dates(*texts):
    return np.array([instant(text, "date") for text in texts])


def ahead(last, step, count):
    return Stamps(future(instant(last, "date"), step, count), "date")[:]


def test_the_commonest_distance_is_the_step():
    step = find_step(np.array([0, 1, 2, 3, 6, 7]) * HOUR, "date")
    assert step == Step(size=HOUR)
    assert step_text(step, "date") == "1 h"


def test_where_no_distance_prevails_it_is_the_middle_one():
    assert find_step(np.array([0, 9, 21, 30, 41, 50]) * MILLION, "number").size == 9 * MILLION
    assert find_step(np.array([0, 10, 21, 30, 42]) * MILLION, "number").size == 10.5 * MILLION


@pytest.mark.parametrize(
    ("minutes", "text"), [((58, 63, 59, 61), "1 h"), ((14, 16, 15.5, 13), "15 min"), ((44, 41, 39), "41 min")]
)
def test_uneven_times_near_a_round_distance_get_that(minutes, text):
    times = np.cumsum([0, *minutes]) * 60 * MILLION
    assert step_text(find_step(times.astype(np.int64), "date"), "date") == text


@pytest.mark.parametrize("day", ["01", "28"])
def test_months_are_counted(day):
    step = find_step(dates(*(f"2020-{month:02}-{day}" for month in range(1, 13))), "date")
    assert step.months == 1
    assert step_text(step, "date") == "1 month"
    assert ahead(f"2020-12-{day}", step, 2) == [f"2021-01-{day}", f"2021-02-{day}"]


def test_ends_of_months_quarters_and_years():
    ends = find_step(dates("2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"), "date")
    assert ends.months == 1
    assert ahead("2021-01-31", ends, 2) == ["2021-02-28", "2021-03-31"]
    quarters = find_step(dates("2020-01-01", "2020-04-01", "2020-07-01", "2020-10-01"), "date")
    assert step_text(quarters, "date") == "3 months"
    years = find_step(dates("1700-01-01", "1701-01-01", "1702-01-01"), "date")
    assert step_text(years, "date") == "1 year"
    assert places(dates("1700-01-01", "1703-01-01"), years).tolist() == [0, 3]


def test_days_without_weekends_go_on_without_them():
    working = [day for day in range(60) if (day + 3) % 7 < 5]  # 1970 began on a Thursday
    step = find_step(np.array(working) * DAY, "date")
    assert step == Step(size=DAY, weekdays=True, even=False)
    assert ahead("2026-11-20", step, 2) == ["2026-11-23", "2026-11-24"]  # after a Friday


def test_hours_of_trading_are_a_rule_and_a_few_lost_rows_are_not():
    trading = np.array([day * 24 + hour for day in range(20) for hour in range(9, 17)]) * HOUR
    assert find_step(trading, "date") == Step(size=HOUR, even=False)
    lost = np.delete(np.arange(200), [5, 6, 50, 90, 91, 92]) * HOUR
    assert find_step(lost, "date").even


def test_steps_are_told_in_the_largest_unit():
    assert [step_text(Step(size=size * MILLION), "date") for size in (0.5, 90, 900, 86400)] == [
        *("0.5 s", "90 s", "15 min", "1 d")
    ]
    assert step_text(Step(size=MILLION // 4), "number") == "0.25"
    assert future(3 * MILLION, Step(size=MILLION), 2).tolist() == [4 * MILLION, 5 * MILLION]
