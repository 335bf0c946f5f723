import numpy as np
import pytest

from gnomon.data.timetable import MISSING, Stamps, instant, month_starts, months_of, read_numbers, read_texts


def told(texts, order="auto"):
    found = read_texts(texts, order)
    return found and Stamps(found.values, found.form)[:]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2016-07-01 00:00:00", "2016-07-01 01:00:00"], ["2016-07-01 00:00:00", "2016-07-01 01:00:00"]),
        (["2016-07-01", "2016-07-02"], ["2016-07-01", "2016-07-02"]),
        (["2016-07-01T00:30Z", "2016-07-01T01:00+01:00"], ["2016-07-01 00:30:00", "2016-07-01 00:00:00"]),
        (["2016-07-01 00:00:00.25"], ["2016-07-01 00:00:00.250"]),
        (["01.01.2009 00:10:00", "13.01.2009 00:20:00"], ["2009-01-01 00:10:00", "2009-01-13 00:20:00"]),
        (["13/02/2020", "14/02/2020"], ["2020-02-13", "2020-02-14"]),
        (["2/13/20 1:05 PM", "2/14/20 12:05 am"], ["2020-02-13 13:05:00", "2020-02-14 00:05:00"]),
        (["1/2/70", "1/13/68"], ["1970-01-02", "2068-01-13"]),
        (["1949-01", "1949-02"], ["1949-01-01", "1949-02-01"]),
        (["Jan-81", "Feb-81"], ["1981-01-01", "1981-02-01"]),
        (["January 1981", "February 1981"], ["1981-01-01", "1981-02-01"]),
        (["01/1981", "02/1981"], ["1981-01-01", "1981-02-01"]),
        (["5-Jan-2016", "6-Jan-2016"], ["2016-01-05", "2016-01-06"]),
        (["Jan 5, 2016", "Jan 6, 2016"], ["2016-01-05", "2016-01-06"]),
        (["Fri, 01 Jul 2016 00:30:00 GMT"], ["2016-07-01 00:30:00"]),
        (["20160701", "20160702"], ["2016-07-01", "2016-07-02"]),
        (["201607010010"], ["2016-07-01 00:10:00"]),
        (["2016/07/01 3:05"], ["2016-07-01 03:05:00"]),
        (["13/03/2004 18.00.00"], ["2004-03-13 18:00:00"]),
    ],
)
def test_the_forms_that_people_write_are_read(texts, expected):
    assert told(texts) == expected


@pytest.mark.parametrize("texts", [["hello", "x"], ["12:30", "12:31"], ["1.5", "2.5"], ["3-4", "5-6"], [""], []])
def test_what_is_no_date_is_none(texts):
    assert read_texts(texts) is None


def test_a_number_above_twelve_anywhere_tells_the_day():
    assert told(["01/02/2020"] * 5 + ["25/02/2020"])[0] == "2020-02-01"
    assert told(["01/02/2020"] * 5 + ["02/25/2020"])[0] == "2020-01-02"


def test_where_no_number_tells_the_day_the_even_order_is_taken_and_said():
    days = read_texts(["01/02/2020", "02/02/2020", "03/02/2020", "04/02/2020"])
    assert days.told == "day, month, year"
    assert days.ambiguous
    assert Stamps(days.values, "date")[3] == "2020-02-04"
    assert told(["02/01/2020", "02/02/2020", "02/03/2020", "02/04/2020"])[3] == "2020-02-04"
    assert told(["01/02/2020", "02/02/2020", "03/02/2020"], "month")[1] == "2020-02-02"
    assert not read_texts(["13/02/2020"]).ambiguous


def test_impossible_dates_and_empty_cells_are_missing():
    found = read_texts(["30/02/2020", "14/02/2020", "", "32/01/2020"])
    assert (found.values == MISSING).tolist() == [True, False, True, True]
    assert found.share == 0.25
    assert read_texts(["2016-07-01 00:00", "", "2016-07-01 00:01"]).values[1] == MISSING


def test_texts_of_few_days_and_times_are_read_as_one_by_one():
    texts = [
        f"{day:02}.03.2020 {hour:02}:{minute:02}" for day in range(1, 29) for hour in range(24) for minute in (0, 9)
    ]
    found = read_texts(texts)
    assert told(texts)[:2] == ["2020-03-01 00:00:00", "2020-03-01 00:09:00"]
    assert (np.sort(found.values) == found.values).all()
    assert [Stamps(found.values, "date")[i] for i in (-1,)] == told(texts[-1:])


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1467331200, 1467334800], ["2016-07-01 00:00:00", "2016-07-01 01:00:00"]),
        ([1467331200000], ["2016-07-01"]),
        ([1467331200000000], ["2016-07-01"]),
        ([1467331200000000000], ["2016-07-01"]),
        ([20160701, 20160702], ["2016-07-01", "2016-07-02"]),
        ([0, 1, 2], ["0", "1", "2"]),
        ([0.0, 0.1, -0.5], ["0", "0.1", "-0.5"]),
        ([20160732, 20160701], ["20160732", "20160701"]),
    ],
)
def test_numbers_are_epochs_days_or_themselves(numbers, expected):
    found = read_numbers(np.array(numbers))
    assert Stamps(found.values, found.form)[:] == expected


def test_numbers_that_are_not_finite_are_missing():
    assert (read_numbers(np.array([np.nan, 2.0])).values == MISSING).tolist() == [True, False]
    assert read_numbers(np.array([np.nan])) is None
    assert read_numbers(np.array([1e300])) is None


@pytest.mark.parametrize("form", ["date", "number"])
def test_what_stamps_write_is_read_back(form):
    values = np.array([1467331200_000_000, 1467331200_500_000, 0])
    stamps = Stamps(values, form)
    assert [instant(text, form) for text in stamps[:]] == values.tolist()
    assert stamps[np.array([2, 0])] == [stamps[2], stamps[0]]
    assert len(stamps) == 3


def test_months_and_back():
    values = np.array([instant(text, "date") for text in ("1970-01-01", "1969-12-31", "2020-03-15 06:00:00")])
    months, within = months_of(values)
    assert months.tolist() == [0, -1, 602]
    assert within[2] == (14 * 24 + 6) * 3600 * 1_000_000
    assert month_starts(months)[2] == instant("2020-03-01", "date")
