import pytest
import torch
from hypothesis import given, settings
from tree_cells import any_trees, chain, fold, from_parents, padded, same, star

from gnomon.layers import tree_inputs
from gnomon.layers.tree_fold import FoldCell
from gnomon.layers.tree_schedule import forest


def cell(*, ordered=True, dropout=0.0):
    torch.manual_seed(1)
    return FoldCell(3, 4, 6, ordered=ordered, dropout=dropout)


def states(some, trees, *, width_in=3):
    batch = forest(padded(trees))
    torch.manual_seed(2)
    return batch.padded(some(batch, torch.randn(7, width_in)[batch.kinds[:, 0]]))


@pytest.mark.parametrize("ordered", [True, False])
@settings(max_examples=25, deadline=None)
@given(trees=any_trees())
def test_it_is_what_the_recursion_gives_gradients_too(ordered, trees):
    same(cell(ordered=ordered), fold, trees, 3)


def test_the_order_counts_where_it_is_said_to():
    one, other = from_parents([0, 0], [2, 3, 4]), from_parents([0, 0], [2, 4, 3])
    first, second = states(cell(), [one, other])[:, 2]
    assert not torch.allclose(first, second)
    first, second = states(cell(ordered=False), [one, other])[:, 2]
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("ordered", [True, False])
def test_deep_and_wide_trees_end(ordered):
    some = cell(ordered=ordered)
    found = states(some, [chain(3000), star(2000)])
    found.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in some.parameters())


def test_gradients_do_not_grow_past_all_bounds(monkeypatch):
    def gradients():
        some = cell()
        some.leave.data *= 8
        states(some, [chain(1500)])[0, -4, 0].backward()
        return some.enter.grad

    assert gradients().isfinite().all()
    monkeypatch.setattr(tree_inputs, "_FREE_LEVELS", 10_000)
    assert not gradients().isfinite().all()


def test_states_have_unit_variance():
    found = states(cell(), [chain(5)], width_in=3)[0, :5]
    torch.testing.assert_close(found.var(1, correction=0), torch.ones(5), rtol=1e-3, atol=1e-3)


def test_candidates_are_dropped_in_training_only():
    some = cell(dropout=0.5)
    assert not torch.equal(states(some, [chain(9)]), states(some.eval(), [chain(9)]))
    assert torch.equal(states(some, [chain(9)]), states(cell().eval(), [chain(9)]))
