"""Rows unlike those that are remembered are strange: by the bound, column by column, and beside their neighbours."""

import pytest
import torch

from gnomon.core.spec import MixedRow, Quantity
from gnomon.layers.row_familiarity import ENOUGH, RowFamiliarity

LEAF = MixedRow(
    numbers=(
        Quantity(name="length", low=0.0, step=1.0, places=200, means=(100.0,), deviations=(25.0,)),
        Quantity(name="weight", low=0.0, step=1.0, places=200, means=(100.0,), deviations=(25.0,)),
    ),
    categories=(("colour", 4),),
)


def usual(count, seed=0):
    """Weight follows length, and red ones are the long ones."""
    draw = torch.Generator().manual_seed(seed)
    length = (100 + 25 * torch.randn(count, generator=draw)).round()
    weight = (length + 2 * torch.randn(count, generator=draw)).round()
    return torch.stack([length, weight, 2 + (length > 100).float()], dim=1)


def nothing(rows):
    return torch.zeros(len(rows))


@pytest.fixture(scope="module")
def known():
    made = RowFamiliarity(LEAF)
    made.fit(usual(500), nothing(usual(500)))
    made.temper(usual(200, seed=1), nothing(usual(200)))
    return made


def test_a_row_that_breaks_a_rule_is_strange_though_each_of_its_cells_is_usual(known):
    calm = known(usual(200, seed=2), torch.zeros(200))
    broken = usual(50, seed=3)
    broken[:, 1] = 200 - broken[:, 0]
    broken = broken[(broken[:, 0] - 100).abs() > 20]
    assert len(broken) > 10
    assert known(broken, nothing(broken)).min() > calm.quantile(0.95)


def test_what_lies_far_out_is_strange_and_farther_is_stranger(known):
    rows = usual(1).repeat(3, 1)
    rows[:, 0] = torch.tensor([100.0, 400.0, 4000.0])
    near, far, farther = known(rows, nothing(rows)).tolist()
    assert near < far < farther


def test_the_bound_counts():
    made = RowFamiliarity(LEAF)
    bounds = torch.linspace(5, 15, 500)
    made.fit(usual(500), bounds)
    rows = usual(3, seed=4)
    low, high, higher = made(rows[:1].repeat(3, 1), torch.tensor([10.0, 40.0, 80.0])).tolist()
    assert low < high < higher


def test_rows_are_judged_alone_and_missing_cells_are_no_trouble(known):
    rows = usual(5, seed=5)
    rows[2, 0] = torch.nan
    rows[3, 2] = 0.0
    whole = known(rows, nothing(rows))
    assert whole.isfinite().all()
    torch.testing.assert_close(known(rows[2:3], torch.zeros(1)), whole[2:3], rtol=1e-4, atol=1e-4)


def test_few_later_rows_do_not_say_what_is_usual():
    made = RowFamiliarity(LEAF)
    made.temper(usual(50), torch.zeros(50))  # nothing is remembered: nothing happens
    assert not made.ready
    made.fit(usual(100), torch.zeros(100))
    before = made.middle.clone()
    made.temper(usual(ENOUGH - 1, seed=1), torch.zeros(ENOUGH - 1))
    assert torch.equal(made.middle, before)
    made.temper(usual(ENOUGH, seed=1), torch.ones(ENOUGH))
    assert made.middle[0] == 1.0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_of_few_or_equal_rows_scores_are_finite(count):
    made = RowFamiliarity(LEAF)
    made.fit(usual(1).repeat(count, 1), torch.zeros(count))
    assert made(usual(20, seed=1), torch.zeros(20)).isfinite().all()
