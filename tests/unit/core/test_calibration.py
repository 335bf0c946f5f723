import numpy as np
import pytest

from gnomon.core import calibration


def test_error_worked_by_hand():
    # Two of three answers of confidence 0.95 are right, one of 0.5 is: (|2 - 2.85| + |1 - 0.5|) / 4.
    confidence, is_right = np.array([0.95, 0.95, 0.95, 0.5]), np.array([True, True, False, True])
    score = calibration.error(confidence, is_right, seed=0)
    assert score.value == pytest.approx((0.85 + 0.5) / 4)
    assert score.n == 4
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_overconfidence_in_one_bin_does_not_cancel_against_another():
    confidence, is_right = np.array([1.0, 0.5]), np.array([False, True])
    assert calibration.error(confidence, is_right, seed=0).value == pytest.approx(0.75)


def test_one_sample_has_an_interval_around_its_value():
    score = calibration.error(np.array([0.7]), np.array([True]), seed=0)
    assert score.low <= score.value <= score.high


def test_bounds_of_bins_belong_to_the_bin_below():
    table = calibration.table(np.array([0.0, 1 / 15, 0.0667, 1.0]), np.array([True, True, False, True]))
    assert [row["n"] for row in table] == [2, 1] + [0] * 12 + [1]
    assert table[0]["accuracy"] == 1.0
    assert table[0]["confidence"] == pytest.approx(1 / 30)
    assert table[1] == {"low": 1 / 15, "high": 2 / 15, "confidence": 0.0667, "accuracy": 0.0, "n": 1}


@pytest.mark.parametrize("heat", [0.25, 1.0, 3.0])
def test_temperature_finds_by_how_much_logits_are_too_large(heat):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 5)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (chances.cumsum(axis=1) < generator.random((20_000, 1))).sum(axis=1)
    assert calibration.temperature((logits * heat).astype(np.float32), targets) == pytest.approx(heat, rel=0.05)


def test_few_answers_that_are_all_right_do_not_make_a_model_sure():
    """Their log-loss alone is least at the coldest temperature there is, at which the first mistake costs a fortune."""
    margins = np.array([4.0, 6.0, 3.0, 5.0, 8.0, 4.0, 6.0, 5.0, 7.0, 3.0])
    found = calibration.temperature(np.stack([margins, -margins], axis=1), np.zeros(10, np.int64))
    assert 0.9 < found < 1.0
    # With d = 2 margins and t = ln T, the cost is sum(ln(1 + exp(-d / e^t))) + t^2 / (2 * 0.5^2): its slope is 0 there.
    slopes = 2 * margins / found / (1 + np.exp(2 * margins / found))
    assert np.log(found) / 0.5**2 + slopes.sum() == pytest.approx(0, abs=0.01)


def test_many_answers_that_are_all_right_do():
    logits = np.tile([[2.0, -2.0]], (10_000, 1))
    assert calibration.temperature(logits, np.zeros(10_000, np.int64)) < 0.5


def test_temperature_of_perfect_answers_stays_finite():
    found = calibration.temperature(np.array([[900.0, 0.0], [0.0, 900.0]]), np.array([0, 1]))
    assert 0 < found <= calibration.HOTTEST
