from itertools import pairwise

from gnomon.core.spec import MixedRow, Quantity
from gnomon.core.training import Allowance, Speed
from gnomon.layers.row_size import LADDER, flop_of, row_settings, row_shape

LEAF = MixedRow(
    numbers=(Quantity(name="x", low=0.0, step=1.0, places=9, means=(4.0,), deviations=(2.0,)),), categories=(("c", 9),)
)
SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)


def allowance(num_train=100_000, **about):
    return Allowance(**{"train_s": None, "samples": None, "flop": None} | about, num_train=num_train)


def test_larger_networks_cost_more():
    assert all(flop_of(small, LEAF) < flop_of(large, LEAF) for small, large in pairwise(LADDER))


def test_more_time_buys_a_larger_network():
    widths = [row_shape(allowance(train_s=seconds), LEAF, SPEED).width for seconds in (0.1, 10.0, 100.0, 10_000.0)]
    assert widths == sorted(widths)
    assert widths[0] == LADDER[0].width and widths[-1] == LADDER[-1].width


def test_few_rows_get_a_small_network_whatever_the_time():
    assert row_shape(allowance(num_train=100, train_s=1e5), LEAF, SPEED) == LADDER[0]


def test_the_batch_grows_with_the_rows():
    sizes = [row_settings(allowance(num_train=num))["train.batch_size"] for num in (20, 2000, 100_000)]
    assert sizes == [16, 64, 256]
