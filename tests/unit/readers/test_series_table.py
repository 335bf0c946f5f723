"""Tables of measurements over time."""

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Series
from gnomon.data.reading import Reading
from gnomon.readers import series_table


def hours(count):
    return np.datetime_as_string(np.datetime64("2016-07-01T00") + np.arange(count), unit="m").tolist()


def table(path, lines, header="date,x,y"):
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.fixture
def plain(tmp_path):
    lines = [f"{time.replace('T', ' ')},{i},{-i}" for i, time in enumerate(hours(60))]
    return table(tmp_path / "power" / "power.csv", lines)


def read(path, *, stop=False, layers=(), **settings):
    reading = Reading(cache_dir=path.parent / "cache", emit=silent, should_stop=lambda: stop, layers=layers)
    return series_table.read(path, DataConfig(path=str(path), **settings), reading)


def test_a_table_with_times_is_claimed_as_file_and_as_folder(plain):
    for path in (plain, plain.parent):
        match = series_table.sniff(path)
        assert match.confidence == 0.8
        assert match.why == "the column 'date' of power.csv holds times, and 2 others hold numbers"


def test_tables_without_times_or_numbers_are_not_claimed(tmp_path):
    assert series_table.sniff(table(tmp_path / "a.csv", ["1,2,3"] * 9, "a,b,c")) is None
    assert series_table.sniff(table(tmp_path / "b.csv", [f"{time},x" for time in hours(9)], "date,word")) is None
    assert series_table.sniff(tmp_path / "none.csv") is None


def test_reviews_with_dates_are_hardly_claimed(tmp_path):
    lines = [f"{time},{i},{'a fine thing that I bought for my garden ' * 2}" for i, time in enumerate(hours(20))]
    assert series_table.sniff(table(tmp_path / "a.csv", lines)).confidence == 0.3


def uneven(count):
    starts = np.datetime64("2016-07-01T00:00:00") + np.cumsum(np.arange(count) * 7919 % 5000 + 60)
    return [str(time).replace("T", " ") for time in starts]


def test_uneven_times_are_a_series_where_all_else_is_measured(tmp_path):
    path = table(tmp_path / "log.csv", [f"{time},{i},{i % 7}" for i, time in enumerate(uneven(80))], "time,x,y")
    match = series_table.sniff(path)
    assert match.confidence == 0.6
    assert match.why == "the column 'time' of log.csv holds times, at uneven distances, and 2 others hold numbers"
    found = read(path)
    assert "that rise from row to row, though unevenly" in found.guesses[0].why
    assert any("at uneven times: values at every" in told for told in found.facts["repaired"])
    assert np.isfinite(found.splits["all"].inputs[:]).all()


def test_sales_are_a_series_only_where_a_forecast_is_asked_for(tmp_path):
    path = table(
        tmp_path / "sales.csv", [f"{time},{i},shop {i % 7}" for i, time in enumerate(uneven(80))], "time,x,where"
    )
    match = series_table.sniff(path)
    assert match.confidence == 0.02
    assert match.suits == ("forecast",)
    assert "another one holds numbers" in match.why


def test_rows_become_one_split_whose_targets_are_its_inputs(plain):
    found = read(plain)
    assert found.spec.input == found.spec.target == Series(names=("x", "y"), length=0)
    split = found.splits["all"]
    assert split.targets is split.inputs
    assert split.inputs.dtype == np.float32
    assert split.inputs[:3].tolist() == [[0, 0], [1, -1], [2, -2]]
    assert split.ids[:2] == ["2016-07-01 00:00:00", "2016-07-01 01:00:00"]
    assert len(split) == len(split.ids) == len(split.hashes) == len(np.unique(split.hashes)) == 60
    assert split.hashes.dtype == np.dtype("V16")
    assert [guess.what for guess in found.guesses] == [
        "the times are in the column 'date', one row every 1 h",
        "all 2 channels are forecast",
    ]
    assert found.facts["repaired"] == []
    assert (found.facts["step_s"], found.facts["num_rows"]) == (3600, 60)
    assert (found.facts["first"], found.facts["last"]) == ("2016-07-01 00:00:00", "2016-07-03 11:00:00")


def test_nothing_is_forecast_where_the_rows_themselves_are_learned(plain):
    reading = Reading(cache_dir=plain.parent / "cache", emit=silent, should_stop=lambda: False, needs_labels=False)
    found = series_table.read(plain, DataConfig(path=str(plain)), reading)
    assert not any("forecast" in guess.what for guess in found.guesses)


def test_a_target_is_one_channel_or_several(plain):
    assert read(plain, target="y").spec.target.names == ("y",)
    assert read(plain, target="y, x").spec.target.names == ("y", "x")
    assert read(plain, target="y").spec.input.names == ("x", "y")
    with pytest.raises(UsageError, match="there is no target 'z'"):
        read(plain, target="z")
    assert read(plain).fingerprint != read(plain, target="y").fingerprint


def test_everything_that_was_done_is_told(tmp_path):
    times = hours(60)
    lines = [f"{times[i]},{i},{'inf' if i == 9 else i},word" for i in range(60) if i not in (5, 6)]
    lines[20], lines[21] = lines[21], lines[20]
    lines.append(lines[-1])
    found = read(table(tmp_path / "a.csv", lines, "date,x,y,note"), max_bad=0.05)
    assert found.splits["all"].inputs[:, 0].tolist() == list(range(60))
    assert found.splits["all"].inputs[9, 1] == 9
    assert found.facts["repaired"] == [
        "left out: the column 'note', which holds no numbers",
        "1 cell is no finite number: row 8 of 'y' is 'inf'; taken as missing",
        "1 row not in order of time (first: row 22, 2016-07-01 22:00:00): sorted",
        "1 row with the time of another averaged with it (first: 2016-07-03 11:00:00)",
        "2 rows missing in the regular order of time (first: 2016-07-01 05:00:00)",
        "2 missing values of 'x' filled with straight lines (2016-07-01 05:00:00)",
        "3 missing values of 'y' filled with straight lines (2016-07-01 05:00:00, 2016-07-01 09:00:00)",
    ]


def test_a_dead_sensor_and_a_hole_are_refused_with_the_file(tmp_path):
    lines = [f"{time},{i if i % 20 < 10 else ''}" for i, time in enumerate(hours(80))]
    path = table(tmp_path / "a.csv", lines, "date,x")
    with pytest.raises(DataError, match="holes of more than 5 steps") as error:
        read(path)
    assert error.value.path == str(path)
    assert len(read(path, layers=[("user", {"reader.max_gap": 10})]).splits["all"]) == 70


def test_days_before_months_are_read_off_the_rows_or_told(tmp_path):
    lines = [f"{day:02}/03/2020,{day}" for day in range(1, 12)]
    path = table(tmp_path / "a.csv", lines, "date,x")
    found = read(path)
    assert found.facts["step"] == "1 d"
    (guess,) = [guess for guess in found.guesses if guess.what == "dates are written day, month, year"]
    assert guess.flag == "--set reader.order=month"
    other = read(path, layers=[("user", {"reader.order": "month"})])
    assert other.facts["step"] == "1 month"
    assert len(other.guesses) == len(found.guesses) - 1


def test_the_column_of_times_can_be_named(tmp_path):
    lines = [f"{i},{i * 7 % 5},{i}" for i in range(30)]
    path = table(tmp_path / "a.csv", lines, "n,x,y")
    assert series_table.sniff(path) is None
    with pytest.raises(DataError, match="no column that says when its rows were measured"):
        read(path)
    found = read(path, layers=[("user", {"reader.time": "n"})])
    assert found.splits["all"].ids[29] == "29"
    assert found.facts["step_s"] is None
    with pytest.raises(UsageError, match="there is no target 'nonsense'"):
        read(path, layers=[("user", {"reader.time": "nonsense"})])


def test_files_whose_names_say_splits_are_splits(tmp_path):
    times = hours(60)
    table(tmp_path / "d" / "power_train.csv", [f"{times[i]},{i},{i}" for i in range(40)])
    table(tmp_path / "d" / "power_test.csv", [f"{times[i]},{i},{i}" for i in range(40, 60)])
    found = read(tmp_path / "d")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 40, "test": 20}
    table(tmp_path / "d" / "power_test.csv", [f"{times[i]},{i}" for i in range(40, 60)], "date,x")
    with pytest.raises(DataError, match="the table of test has other channels or another step than that of train"):
        read(tmp_path / "d")


def test_several_series_without_splits_are_refused_by_name(plain):
    table(plain.parent / "wind.csv", plain.read_text().splitlines()[1:])
    with pytest.raises(DataError, match=r"holds 2 tables \(power\.csv, wind\.csv\), not one series"):
        read(plain.parent)


def test_the_same_values_at_another_time_are_no_copies(tmp_path):
    found = read(table(tmp_path / "a.csv", [f"{time},7,7" for time in hours(30)]))
    assert len(np.unique(found.splits["all"].hashes)) == 30


def test_a_wish_to_stop_is_obeyed(plain):
    with pytest.raises(StoppedError):
        read(plain, stop=True)
