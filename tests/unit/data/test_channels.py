import numpy as np
import pytest
import raw_data

from gnomon.data import channels


def found(spec, **splits):
    return [(finding.level, finding.text) for finding in channels.find(raw_data.dataset(spec, **splits))]


def test_rows_that_change_are_fine():
    assert found(raw_data.FORECAST, train=raw_data.ramp(100), test=raw_data.ramp(10)) == []


def test_a_hole_is_refused_with_row_time_and_channel():
    values = raw_data.ramp(200).inputs.copy()
    values[16, 1], values[30, 0], values[30, 1] = np.nan, np.inf, -np.inf
    (finding,) = channels.find(raw_data.dataset(raw_data.FORECAST, train=raw_data.rows(values)))
    assert finding.level == "error"
    assert finding.text == "3 values in train are missing or infinite, the first in row 17 (hour 16), channel 'b'"
    assert finding.ids == ("hour 16", "hour 30")


def test_holes_in_blocks_of_rows_are_counted_together(monkeypatch):
    monkeypatch.setattr(channels, "_AT_ONCE", 3)
    values = raw_data.ramp(10).inputs.copy()
    values[[4, 9]] = np.nan
    (finding,) = channels.find(raw_data.dataset(raw_data.FORECAST, test=raw_data.rows(values)))
    assert finding.text == "4 values in test are missing or infinite, the first in row 5 (hour 4), channel 'a'"
    assert finding.ids == ("hour 4", "hour 9")


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_a_constant_channel_is_told(monkeypatch, at_once):
    monkeypatch.setattr(channels, "_AT_ONCE", at_once)
    values = raw_data.ramp(100).inputs.copy()
    values[:, 0] = 5
    assert found(raw_data.FORECAST, train=raw_data.rows(values), test=raw_data.ramp(5)) == [
        ("warning", "constant in train, so nothing is learned from it: 'a'")
    ]


def test_a_constant_target_is_nothing_to_learn():
    values = raw_data.ramp(100).inputs.copy()
    values[:, 1] = 5
    assert found(raw_data.FORECAST, train=raw_data.rows(values)) == [
        ("error", "what is to be forecast, 'b', is constant in train: there is nothing to learn")
    ]


def test_few_rows_are_told():
    assert found(raw_data.FORECAST, train=raw_data.ramp(99)) == [("warning", "train has only 99 rows")]


def test_labelled_series_are_looked_at_too():
    waves = np.random.default_rng(0).normal(size=(4, 3, 2))
    assert found(raw_data.WAVES, all=raw_data.waves(waves, [0, 1, 0, 1])) == []
    assert found(raw_data.WAVES, all=raw_data.waves(np.ones((4, 3, 2)), [0, 1, 0, 1]))[0][0] == "error"
    waves[2, 1, 0] = np.nan
    assert found(raw_data.WAVES, all=raw_data.waves(waves, [0, 1, 0, 1])) == [
        ("error", "1 values in all are missing or infinite, the first in series 3 (w2), channel 'a'")
    ]


def test_other_data_have_no_channels():
    assert found(raw_data.CONTINUED, all=raw_data.documents("a")) == []
    assert found(raw_data.FORECAST) == []
