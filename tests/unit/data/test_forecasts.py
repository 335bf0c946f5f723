import numpy as np
import pytest

from gnomon.data.forecasts import PENALTIES, fit_linear, last_value, seasonal
from gnomon.data.windows import Windows


def test_the_last_value_is_repeated():
    inputs = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    assert last_value(inputs, 2).tolist() == [[[4, 5], [4, 5]], [[10, 11], [10, 11]]]


def test_the_last_season_is_repeated():
    inputs = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
    assert seasonal(inputs, 4, 3)[0, :, 0].tolist() == [2, 3, 4, 2]
    assert seasonal(inputs, 3, 1)[0, :, 0].tolist() == [4, 4, 4]
    assert seasonal(inputs, 3, 9)[0, :, 0].tolist() == [0, 1, 2]


def by_hand(windows, deviation, penalty):
    """The ridge regression with every window written out."""
    known, ahead = windows[np.arange(len(windows))] / deviation, windows.futures(np.arange(len(windows))) / deviation
    last = known[:, -1:]
    inputs = (known - last)[:, :-1].transpose(0, 2, 1).reshape(-1, windows.lookback - 1).astype(np.float64)
    targets = (ahead - last).transpose(0, 2, 1).reshape(-1, windows.horizon).astype(np.float64)
    centred, wanted = inputs - inputs.mean(0), targets - targets.mean(0)
    gram = centred.T @ centred / len(inputs)
    gram += penalty * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram, centred.T @ wanted / len(inputs))
    return weights, targets.mean(0) - inputs.mean(0) @ weights


def test_the_linear_model_equals_the_regression_on_windows_that_are_written_out():
    walk = np.random.default_rng(0).normal(size=(150, 3)).cumsum(axis=0).astype(np.float32) * [1, 5, 0.1] + [0, 50, -3]
    deviation = walk.std(axis=0)
    windows = Windows(walk[4:], lookback=8, horizon=3, first=8)
    found = fit_linear(windows, deviation)
    weights, bias = by_hand(windows, deviation, found.penalty)
    assert found.weights[:-1] == pytest.approx(weights, abs=1e-4)
    assert found.bias == pytest.approx(bias[:, None] * deviation, rel=1e-3, abs=1e-4)
    inputs = windows[np.array([5])]
    changes = ((inputs - inputs[:, -1:])[0, :-1] / deviation).T @ weights + bias
    assert found(inputs)[0] == pytest.approx(inputs[0, -1] + (changes * deviation[:, None]).T, rel=1e-3, abs=1e-3)


def test_a_wave_without_noise_is_forecast_exactly():
    wave = np.sin(np.arange(300) / 5)[:, None].astype(np.float32)
    windows = Windows(wave, lookback=20, horizon=10, first=20)
    found = fit_linear(windows, wave.std(axis=0))
    assert found.penalty == PENALTIES[0]
    assert found(windows[np.arange(5)]) == pytest.approx(windows.futures(np.arange(5)), abs=0.02)


def test_noise_is_forecast_near_its_mean_and_takes_a_penalty():
    noise = np.random.default_rng(1).normal(size=(400, 1)).astype(np.float32)
    windows = Windows(noise, lookback=100, horizon=4, first=100)
    found = fit_linear(windows, noise.std(axis=0))
    assert found.penalty > 0.01
    assert abs(found(windows[np.arange(290)])).mean() < 0.75


def test_only_the_channels_that_are_forecast_are_fitted():
    rows = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    some = Windows(rows, lookback=6, horizon=2, first=6, columns=(2, 0))
    alone = Windows(rows[:, [2, 0]], lookback=6, horizon=2, first=6)
    deviation = np.array([1.0, 2.0, 3.0])
    assert np.allclose(fit_linear(some, deviation).weights, fit_linear(alone, deviation[[2, 0]]).weights)


def test_one_known_step_and_few_windows_are_enough():
    rows = np.arange(8, dtype=np.float32)[:, None]
    found = fit_linear(Windows(rows, lookback=1, horizon=2, first=1), np.ones(1))
    assert found(rows[None, :1]).ravel() == pytest.approx([1, 2])
    few = fit_linear(Windows(rows, lookback=5, horizon=2, first=5), np.ones(1))
    assert np.isfinite(few(rows[None, :5])).all()
