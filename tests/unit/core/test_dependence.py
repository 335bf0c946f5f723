import numpy as np
import pytest

from gnomon.core.dependence import calibration, positive_mean, share_mean
from gnomon.core.intervals import student, wilson


def errors(generator, count, lasting):
    """Errors of one step after the other, each resembling the one before, of variance one."""
    fresh = generator.normal(size=count + 200) * np.sqrt(1 - lasting**2)
    for i in range(1, len(fresh)):
        fresh[i] += lasting * fresh[i - 1]
    return fresh[200:]


def windowed(values, horizon):
    running = np.concatenate([[0.0], np.cumsum(values)])
    return (running[horizon:] - running[:-horizon]) / horizon


def share_held(interval, truth, values, *, count, horizon, reach, lasting, rounds=200):
    generator = np.random.default_rng(0)
    held = 0
    for seed in range(rounds):
        found = windowed(values(errors(generator, count + horizon - 1, lasting)), horizon)
        low, high = interval(found, reach=reach, seed=seed)
        held += low <= truth <= high
    return held / rounds


@pytest.mark.parametrize(
    ("count", "horizon", "lasting"), [(40, 24, 0.9), (200, 96, 0.0), (200, 96, 0.9), (200, 24, 0.9), (1000, 96, 0.9)]
)
def test_intervals_of_overlapping_windows_hold_the_truth_as_often_as_they_say(count, horizon, lasting):
    shape = {"count": count, "horizon": horizon, "reach": horizon + 24, "lasting": lasting}
    assert share_held(positive_mean, 1.0, np.square, **shape) >= 0.92


@pytest.mark.parametrize(("count", "horizon"), [(40, 24), (200, 96), (1000, 24)])
def test_intervals_of_a_share_of_overlapping_windows_do_too(count, horizon):
    shape = {"count": count, "horizon": horizon, "reach": horizon + 24, "lasting": 0.9}
    inside = 0.6826894921370859  # of a normal law within one deviation
    assert share_held(share_mean, inside, lambda e: np.abs(e) < 1, **shape) >= 0.92


def test_single_independent_samples_in_plenty_need_no_calibration():
    factor, freedom = calibration(200, 1, 1)
    assert factor == pytest.approx(1.0, abs=0.01)
    assert freedom == pytest.approx(199, rel=0.01)  # the variance of 200 samples: chi-square with 199 degrees


def test_the_variance_of_two_blocks_of_one_by_hand():
    """Of two samples, correlated by a half, drawn again one at a time: (x - y)² / 8 is expected to be 1 / 8.

    The mean of the two varies by (1 + 1 + 2 · 0.5) / 4 = 3 / 4, six times as much; and there is one degree of freedom.
    """
    factor, freedom = calibration(2, 1, 2)
    assert factor == pytest.approx(6**0.5)
    assert freedom == pytest.approx(1.0)


def test_where_the_mean_is_near_nothing_the_interval_does_not_fall_below_it():
    low, high = positive_mean(np.array([0.0] * 4 + [10.0]), reach=5, seed=0)
    assert low == 0
    assert high > 2 * 2.0


def test_no_error_at_all_leaves_nothing_to_doubt():
    assert positive_mean(np.zeros(50), reach=5, seed=0) == (0.0, 0.0)


def test_a_share_that_never_varies_is_judged_by_the_stretches_that_do_not_overlap():
    assert share_mean(np.ones(50), reach=5, seed=0) == pytest.approx(wilson(10, 10))


def test_one_window_says_next_to_nothing():
    low, high = positive_mean(np.array([2.0]), reach=5, seed=0)
    assert (low, high) == (0.0, 16.0)


@pytest.mark.parametrize(("freedom", "quantile", "within"), [(2, 4.303, 0.04), (5, 2.571, 0.01), (30, 2.042, 0.001)])
def test_students_quantiles(freedom, quantile, within):
    assert student(freedom) == pytest.approx(quantile, rel=within)
