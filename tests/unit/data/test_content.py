"""What readers hand over before anything is decoded."""

import numpy as np
import pytest

from gnomon.data.content import Listed, spread


@pytest.mark.parametrize(
    ("num_items", "count", "chosen"),
    [(10, 3, [0, 4, 9]), (3, 10, [0, 1, 2]), (1, 5, [0]), (0, 5, []), (5, 5, [0, 1, 2, 3, 4])],
)
def test_spread_indices_are_even_and_never_repeat(num_items, count, chosen):
    assert spread(num_items, count) == chosen


def test_listed_arrays_come_in_order_and_some_of_them_spread():
    pictures = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    assert [int(one[0, 0, 0]) for one in Listed(pictures)] == list(range(10))
    assert [int(one[0, 0, 0]) for one in Listed(pictures).some(3)] == [0, 4, 9]
