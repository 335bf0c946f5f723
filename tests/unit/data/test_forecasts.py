import numpy as np
import pytest

from gnomon.core.spec import Series, Split
from gnomon.data import forecasts
from gnomon.data.forecasts import PENALTIES, exact, fit_linear, last_value, seasonal
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


def split_of(windows):
    rows = np.arange(len(windows))
    return Split(inputs=windows, targets=windows, ids=[str(i) for i in rows], hashes=rows.astype(np.uint64))


def test_the_exact_weights_of_standardised_values_are_the_linear_model():
    rows = np.random.default_rng(2).normal(size=(90, 3)).cumsum(axis=0).astype(np.float32) * [1, 20, 0.1] + [5, 0, -9]
    windows = Windows(rows, lookback=6, horizon=3, first=6, columns=(1, 0))
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    given = Series(names=("a", "b", "c"), length=6, mean=tuple(mean), deviation=tuple(deviation))
    weight, offset = exact(split_of(windows), given)
    assert weight.shape == (3, 6)
    assert offset.shape == (2, 3)
    known = (windows[np.arange(4)] - mean)[..., [1, 0]] / deviation[[1, 0]]
    last = known[:, -1:]
    ahead = np.einsum("hl,nlc->nhc", weight, known - last) + offset.T + last
    expected = fit_linear(windows, deviation)(windows[np.arange(4)][..., [1, 0]])
    assert ahead * deviation[[1, 0]] + mean[[1, 0]] == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_a_channel_that_never_changes_is_no_division_by_zero():
    rows = np.stack([np.sin(np.arange(60)), np.full(60, 4.0)], axis=1).astype(np.float32)
    given = Series(names=("a", "b"), length=5, mean=(0.0, 4.0), deviation=(0.7, 0.0))
    weight, offset = exact(split_of(Windows(rows, lookback=5, horizon=2, first=5)), given)
    assert np.isfinite(weight).all()
    assert np.isfinite(offset).all()


def test_of_very_many_known_steps_the_newest_are_used(monkeypatch):
    monkeypatch.setattr(forecasts, "MOST_KNOWN", 4)
    rows = np.random.default_rng(0).normal(size=(120, 1)).astype(np.float32)
    found = fit_linear(Windows(rows, lookback=9, horizon=2, first=9), np.ones(1))
    few = fit_linear(Windows(rows[5:], lookback=4, horizon=2, first=4), np.ones(1))
    assert not found.weights[:5].any()
    assert found.weights[5:] == pytest.approx(few.weights, abs=1e-5)


def test_noise_with_a_season_is_forecast_by_the_mean_of_the_phase():
    generator = np.random.default_rng(3)
    level = np.tile([0.0, 5.0, -2.0, 9.0], 40)[:, None]
    rows = (level + generator.normal(size=level.shape)).astype(np.float32)
    windows = Windows(rows, lookback=41, horizon=6, first=41)
    drawn = fit_linear(windows, np.ones(1), 4)
    plain = fit_linear(windows, np.ones(1))
    other = level + generator.normal(size=level.shape)
    unseen = Windows(other.astype(np.float32), lookback=41, horizon=6, first=41)
    some = np.arange(len(unseen))
    errors = [((model(unseen[some]) - unseen.futures(some)) ** 2).mean() for model in (drawn, plain)]
    assert errors[0] < 1.15  # the mean of ten such values misses by 1 + 1 / 10
    assert errors[0] < errors[1]


def test_the_penalty_draws_to_the_phase_and_not_to_nothing(monkeypatch):
    monkeypatch.setattr(forecasts, "PENALTIES", (1e9,))
    rows = np.random.default_rng(0).normal(size=(80, 1)).astype(np.float32)
    windows = Windows(rows, lookback=9, horizon=3, first=9)  # two seasons of four, and a step that fills none
    found = fit_linear(windows, np.ones(1), 4)
    assert (
        pytest.approx(
            np.array(
                [[0, 0.5, 0, 0, 0, 0.5, 0, 0, 0], [0, 0, 0.5, 0, 0, 0, 0.5, 0, 0], [0, 0, 0, 0.5, 0, 0, 0, 0.5, 0]]
            ),
            abs=1e-6,
        )
        == found.weights.T
    )


def test_a_split_without_windows_is_a_mistake_of_the_caller():
    rows = np.zeros((3, 2))
    split = Split(inputs=rows, targets=rows, ids=["a"] * 3, hashes=np.arange(3, dtype=np.uint64))
    with pytest.raises(TypeError, match="holds no windows"):
        exact(split, Series(names=("a",), length=2))
