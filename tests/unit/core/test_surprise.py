import numpy as np
import pytest

from gnomon.core.surprise import KEPT, kept, p_values, thresholds


def test_a_p_value_counts_the_held_out_samples_that_are_as_strange():
    assert p_values([0.5, 2.0, 3.0, 9.0], [1.0, 2.0, 3.0]).tolist() == [1.0, 0.75, 0.5, 0.25]


def test_without_held_out_samples_nothing_is_strange():
    assert p_values([5.0], []).tolist() == [1.0]


def test_p_values_of_the_same_source_are_uniform():
    draw = np.random.default_rng(0)
    found = p_values(draw.normal(size=20_000), draw.normal(size=999))
    assert [float((found <= level).mean()) for level in (0.05, 0.5)] == pytest.approx([0.05, 0.5], abs=0.02)


def test_few_scores_are_kept_in_order_and_many_by_rank():
    assert kept([3, 1, 2]) == (1.0, 2.0, 3.0)
    many = kept(np.arange(5001)[::-1])
    assert len(many) == KEPT
    assert (many[0], many[-1]) == (0.0, 5000.0)
    assert np.median(many) == pytest.approx(2500, abs=5)


def test_a_threshold_lets_as_many_false_alarms_through_as_its_rate():
    rows = thresholds(np.arange(200.0), strange=[150.0, 198.5, 500.0, 600.0])
    assert [row["rate"] for row in rows] == [0.005, 0.01, 0.02, 0.05, 0.1]  # one in a thousand of 200 cannot be told
    five = rows[3]
    assert five["threshold"] == 189.0
    assert five["false_alarms"]["value"] == 0.05
    assert five["caught"]["value"] == 0.75
    assert five["caught"]["low"] < 0.75 < five["caught"]["high"]


def test_ties_never_raise_more_false_alarms_than_said():
    five, ten = thresholds([1.0] * 19 + [2.0])
    assert (five["rate"], five["threshold"], five["false_alarms"]["value"]) == (0.05, 1.0, 0.05)
    assert (ten["rate"], ten["threshold"], ten["false_alarms"]["value"]) == (0.1, 1.0, 0.05)
    assert thresholds([1.0] * 20)[0]["false_alarms"]["value"] == 0.0


def test_without_strange_samples_nothing_is_said_of_what_is_caught():
    assert "caught" not in thresholds(np.arange(100.0))[0]
    assert thresholds(np.arange(5.0)) == []
