import numpy as np
import pytest

from gnomon.data.season import autocorrelation, find_period


def wave(num_rows, period, *, noise=0.0, trend=0.0, seed=0):
    time = np.arange(num_rows)
    noises = np.random.default_rng(seed).normal(size=num_rows) * noise
    return (np.sin(2 * np.pi * time / period) + trend * time + noises)[:, None]


@pytest.mark.parametrize("period", [4, 7, 12, 24, 96])
def test_a_noisy_wave_on_a_trend_is_found(period):
    found, strength = find_period(wave(1200, period, noise=0.5, trend=0.01))
    assert found == period
    assert 0.5 < strength <= 1


def test_growing_waves_of_a_short_series_are_found():
    time = np.arange(132)
    rows = (np.exp(time / 80) * (3 + np.sin(2 * np.pi * time / 12)))[:, None]
    assert find_period(rows)[0] == 12


def test_the_day_is_preferred_to_the_week_where_they_are_nearly_as_strong():
    time = np.arange(24 * 7 * 10)
    day = np.sin(2 * np.pi * time / 24)
    assert find_period((day + 0.2 * (time // 24 % 7 >= 5))[:, None])[0] == 24


def test_the_week_is_found_where_days_differ_much():
    time = np.arange(7 * 40)
    assert find_period((1.0 * (time % 7 >= 5))[:, None])[0] == 7


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_season(seed):
    noise = np.random.default_rng(seed).normal(size=(1000, 2))
    assert find_period(noise) == (1, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_random_walks_have_no_season(seed):
    walk = np.random.default_rng(seed).normal(size=(2000, 3)).cumsum(axis=0)
    assert find_period(walk) == (1, 0.0)


def test_a_straight_line_a_constant_and_a_few_rows_have_no_season():
    assert find_period(np.arange(100.0)[:, None]) == (1, 0.0)
    assert find_period(np.full((100, 2), 7.0)) == (1, 0.0)
    assert find_period(np.zeros((3, 1))) == (1, 0.0)


def test_one_channel_with_a_season_among_constants_counts():
    rows = np.concatenate([wave(600, 24), np.ones((600, 3))], axis=1)
    assert find_period(rows)[0] == 24


def test_autocorrelation_of_alternating_values_is_worked_by_hand():
    # 1, -1, 1, -1, … : at each lag the products are all equal to (-1)**lag. The trend of an even count is small.
    found = autocorrelation(np.array([1.0, -1.0] * 500)[:, None], 3)
    assert found == pytest.approx([1, -1, 1, -1], abs=0.01)


def test_a_day_that_rides_on_a_large_slow_change_is_found():
    walk = np.random.default_rng(3).normal(size=3000).cumsum()
    day = 4 * np.sin(2 * np.pi * np.arange(3000) / 24)
    period, strength = find_period((walk + day)[:, None])
    assert period == 24
    assert strength < 0.9
