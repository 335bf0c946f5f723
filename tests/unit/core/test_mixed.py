import numpy as np
import pytest

from gnomon.core.mixed import marginals, naming, num_options, num_parameters
from gnomon.core.spec import Density, MixedRow, Quantity

AGE = Quantity(name="age", low=0.0, step=1.0, places=10, spikes=(0, 9), means=(4.0, 6.0), deviations=(1.0, 1.0))
LEAF = MixedRow(numbers=(AGE,), categories=(("city", 4),))


def test_each_cell_has_its_parameters():
    assert num_options(AGE) == 1 + 2 + 2
    assert num_parameters(LEAF) == 5 + 2 * 2 + 4


def test_marginals_are_the_shares_of_the_rows_with_half_a_row_added_to_each():
    rows = np.array([[0, 2], [0, 2], [9, 3], [np.nan, 0]], np.float32)
    found = np.exp(marginals(rows, LEAF))
    assert found[:5] == pytest.approx(np.array([1.5, 2.5, 1.5, 0.5, 0.5]) / 6.5, rel=1e-5)
    assert found[5:9].tolist() == [1.0] * 4
    assert found[9:] == pytest.approx(np.array([1.5, 0.5, 2.5, 1.5]) / 6, rel=1e-5)


def test_what_lies_between_modes_is_shared_by_them():
    rows = np.array([[5, 2]] * 10, np.float32)
    found = np.exp(marginals(rows, LEAF))
    assert found[3] == pytest.approx(found[4])


def test_a_class_costs_the_logarithm_of_its_share():
    told = Density(classes=("a", "b"), conditional=True, shares=(0.25, 0.75))
    assert naming([0, 1, -1], told) == pytest.approx([np.log(4), np.log(4 / 3), 0.0])
    assert naming([0, 1], Density(classes=("a", "b"))).tolist() == [0, 0]
