import numpy as np
import pytest

from gnomon.core.intervals import block_bootstrap, block_bootstrap_sums, bootstrap, bootstrap_counts, widened, wilson


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


def moving_average(num_samples, width, seed=0):
    """Values whose neighbours up to ``width`` apart are correlated, as errors of overlapping windows are."""
    noise = np.random.default_rng(seed).normal(size=num_samples + width - 1)
    return np.convolve(noise, np.ones(width) / width, "valid")


def test_blocks_of_one_are_the_plain_bootstrap():
    values = np.random.default_rng(0).normal(size=200)

    def statistic(picks):
        return values[picks].mean(axis=1)

    assert block_bootstrap(statistic, 200, block=1, seed=4) == bootstrap(statistic, 200, seed=4)


def test_blocks_are_runs_of_neighbours_on_a_circle():
    seen = []

    def statistic(picks):
        seen.append(picks)
        return np.zeros(len(picks))

    block_bootstrap(statistic, 10, block=4, seed=0, draws=300)
    (picks,) = seen
    assert picks.shape == (300, 10)
    for first, last in ((0, 4), (4, 8), (8, 10)):
        assert (np.diff(picks[:, first:last], axis=1) % 10 == 1).all()
    counts = np.bincount(picks.ravel(), minlength=10)
    assert counts.min() > 220
    assert counts.max() < 380


def test_blocks_keep_the_dependence_that_single_samples_hide():
    # The mean of 2,000 averages over 50 is known like the mean of 2,000 / 50 = 40 independent ones of deviation
    # 1 / sqrt(50): half width 1.96 / sqrt(2,000) = 0.0438; taken as independent it would seem 7 times as narrow.
    values = moving_average(2000, 50)

    def width(block):
        low, high = block_bootstrap(lambda picks: values[picks].mean(axis=1), 2000, block=block, seed=1)
        return high - low

    assert width(200) == pytest.approx(2 * 0.0438, rel=0.35)
    assert width(1) < width(200) / 4


def test_sums_of_blocks_give_the_very_same_interval():
    values = moving_average(103, 7)
    parts = np.stack([values, values**2], axis=1)

    def of_sums(sums):
        return sums[:, 1] / 103 - (sums[:, 0] / 103) ** 2

    def of_picks(picks):
        return (values[picks] ** 2).mean(axis=1) - values[picks].mean(axis=1) ** 2

    for block in (1, 10, 103):
        expected = block_bootstrap(of_picks, 103, block=block, seed=3, draws=200)
        assert block_bootstrap_sums(of_sums, parts, block=block, seed=3, draws=200) == pytest.approx(expected)


@pytest.mark.parametrize("block", [0, 11])
def test_blocks_that_do_not_fit_are_refused(block):
    with pytest.raises(ValueError, match=f"blocks of {block} out of 10 samples"):
        block_bootstrap(lambda picks: np.zeros(len(picks)), 10, block=block, seed=0)
    with pytest.raises(ValueError, match=f"blocks of {block} out of 10 samples"):
        block_bootstrap_sums(lambda sums: sums[:, 0], np.zeros((10, 1)), block=block, seed=0)


def test_few_blocks_make_an_interval_wider_as_students_law_says():
    # Student's quantiles are 3.182 (3 degrees of freedom) and 1.984 (99): 3.182 / 1.960 * sqrt(4 / 3) = 1.875.
    assert widened(-1.0, 2.0, 0.0, blocks=4) == pytest.approx((-1.875, 3.75), rel=0.01)
    assert widened(-1.0, 1.0, 0.0, blocks=100) == pytest.approx((-1.0174, 1.0174), rel=0.001)


def test_intervals_of_long_blocks_hold_the_truth_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        values = moving_average(400, 40, seed)
        low, high = block_bootstrap_sums(lambda sums: sums[:, 0] / 400, values[:, None], block=80, seed=seed, draws=200)
        low, high = widened(low, high, float(values.mean()), blocks=5)
        hits += low <= 0 <= high
    assert 0.9 <= hits / 200 <= 0.99
