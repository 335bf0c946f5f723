"""Which network of series a budget pays for."""

from gnomon.core.spec import Series
from gnomon.core.training import Allowance, Speed
from gnomon.layers.vae_series_size import DENSE_STEPS, series_size

SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)


def sized(length=48, seconds=60.0, num_train=5000):
    allowance = Allowance(train_s=seconds, samples=None, flop=None, num_train=num_train)
    return series_size(allowance, Series(names=("a", "b"), length=length), SPEED)


def test_short_windows_are_looked_at_whole_and_long_ones_over_time():
    short, long = sized(DENSE_STEPS)[0], sized(DENSE_STEPS + 1)[0]
    assert (short.over, short.patch_steps) == ("dense", DENSE_STEPS)
    assert (long.over, long.patch_steps) == ("convolutional", 2)
    assert sized(4000)[0].patch_steps == 250


def test_more_time_pays_for_a_larger_network():
    widths = [sized(seconds=seconds)[0].width for seconds in (1.0, 60.0, 3600.0, 36_000.0)]
    assert widths == sorted(widths)
    assert widths[-1] > widths[0]


def test_few_windows_are_seen_in_small_batches():
    assert sized(num_train=100)[1]["train.batch_size"] == 16
    assert sized(num_train=100_000)[1]["train.batch_size"] == 64
    assert "convolutional over time, width" in sized()[2][0]
