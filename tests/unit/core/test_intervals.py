import numpy as np
import pytest

from gnomon.core.intervals import bootstrap, bootstrap_counts, wilson


def test_wilson_of_eight_out_of_ten_is_the_value_worked_by_hand():
    # z² = 3.8415; middle (0.8 + 0.19207) / 1.38415 = 0.71674;
    # half 1.95996 / 1.38415 * sqrt(0.016 + 0.0096036) = 0.22658
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.49016, abs=1e-5)
    assert high == pytest.approx(0.94332, abs=1e-5)


def test_wilson_of_a_half_is_symmetric():
    low, high = wilson(50, 100)
    assert low + high == pytest.approx(1.0)
    assert low == pytest.approx(0.40383, abs=1e-5)


def test_wilson_never_claims_certainty():
    low, high = wilson(10, 10)
    assert high == 1.0
    assert low == pytest.approx(10 / (10 + 1.959963984540054**2))
    assert wilson(0, 10) == pytest.approx((0.0, 1 - low))
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_narrows_as_samples_grow():
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000, 10_000))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96 * 0.5 / 100, rel=0.01)


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match="11 successes out of 10"):
        wilson(11, 10)


def test_bootstrap_of_a_mean_agrees_with_the_normal_law():
    values = np.random.default_rng(0).normal(3.0, 2.0, 2000)
    low, high = bootstrap(lambda picks: values[picks].mean(axis=1), len(values), seed=1, draws=2000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_bootstrap_is_a_pure_function_of_its_seed():
    values = np.arange(50.0)

    def interval(seed):
        return bootstrap(lambda picks: values[picks].mean(axis=1), 50, seed=seed, draws=200)

    assert interval(7) == interval(7)
    assert interval(7) != interval(8)


def test_bootstrap_makes_exactly_the_draws_that_were_asked_for():
    seen = []

    def statistic(picks):
        seen.append(picks.shape)
        return np.zeros(len(picks))

    bootstrap(statistic, 400_000, seed=0, draws=7)
    assert sum(rows for rows, _ in seen) == 7
    assert len(seen) > 1
    assert {columns for _, columns in seen} == {400_000}


def test_bootstrap_of_counts_equals_the_wilson_interval_of_a_share():
    low, high = bootstrap_counts(lambda counts: counts[:, 0] / 1000, np.array([700, 300]), seed=0, draws=4000)
    assert (low, high) == pytest.approx(wilson(700, 1000), abs=0.004)


def test_shift_puts_the_mean_of_the_resamples_on_the_value():
    # |mean| of a symmetric sample is 0 and of every resample larger: plain percentiles would leave it out.
    values = np.array([-1.0, 1.0] * 50)

    def statistic(picks):
        return np.abs(values[picks].mean(axis=1))

    assert bootstrap(statistic, 100, seed=0)[0] >= 0.0
    low, high = bootstrap(statistic, 100, seed=0, about=0.0)
    assert low < 0.0 < high
