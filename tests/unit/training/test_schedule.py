import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.training.schedule import early_rate, rate


@pytest.mark.parametrize(
    ("progress", "warmup", "factor"),
    [
        (0, 0, 1),
        (0.25, 0, 0.75),
        (1, 0, 0),
        (0, 0.1, 0.001 / 0.101),
        (0.05, 0.1, 0.051 / 0.101),
        (0.1, 0.1, 1),
        (0.55, 0.1, 0.5),
        (1, 0.1, 0),
        (1.5, 0, 0),
    ],
)
def test_up_over_the_warmup_then_straight_down_to_zero(progress, warmup, factor):
    assert rate(progress, warmup=warmup) == pytest.approx(factor, abs=1e-12)


@given(st.floats(0, 1), st.floats(0, 0.5))
def test_a_rate_lies_between_zero_and_one_and_the_first_is_not_zero(progress, warmup):
    assert 0 <= rate(progress, warmup=warmup) <= 1
    assert rate(0, warmup=warmup) > 0
    assert rate(1, warmup=warmup) == 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_after_the_warmup_the_rate_only_falls(one, other):
    early, late = sorted((one, other))
    assert rate(late, warmup=0) <= rate(early, warmup=0)


@pytest.mark.parametrize(
    ("progress", "until", "factor"), [(0, 0.4, 1), (0.1, 0.4, 0.75), (0.4, 0.4, 0), (0.9, 0.4, 0), (0, 0, 0)]
)
def test_early_parameters_stop_early(progress, until, factor):
    assert early_rate(progress, until=until) == pytest.approx(factor)
