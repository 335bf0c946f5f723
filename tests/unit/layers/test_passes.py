import pytest

from gnomon.layers.passes import enough_passes


@pytest.mark.parametrize(
    ("num_windows", "horizon", "passes"),
    [(7680, 96, 10), (8640, 720, 1.5), (100, 24, 32), (10**6, 24, 60)],  # 100 windows: 200 batches of 16
)
def test_a_far_horizon_is_not_seen_as_often(num_windows, horizon, passes):
    assert enough_passes(num_windows, horizon, batch_size=64 if num_windows > 1000 else 16) == passes


def test_one_window_is_not_seen_without_end():
    assert enough_passes(1, 24, 16) == 60
