import torch
from hypothesis import given, settings
from tree_cells import any_trees, both_ways, from_parents, padded, same

from gnomon.layers.tree_both_ways import BothWays
from gnomon.layers.tree_schedule import forest
from gnomon.layers.tree_sums import ChildSum


def cell():
    torch.manual_seed(1)
    return BothWays(ChildSum(3, 4), 5)


@settings(max_examples=25, deadline=None)
@given(trees=any_trees())
def test_it_is_what_the_recursion_gives_gradients_too(trees):
    same(cell(), both_ways, trees, 3)


def test_a_whole_tree_is_its_root_from_below_and_the_mean_of_its_nodes_from_above():
    batch = forest(padded([from_parents([0, 0], [2, 3, 4]), from_parents([], [5])]))
    states = torch.arange(4 * 9.0).view(4, 9)
    below, above = batch.padded(states)[0, :3].split([4, 5], 1)
    found = cell().whole(batch, states)
    assert found.shape == (2, 9)
    torch.testing.assert_close(found[0], torch.cat([below[2], above.mean(0)]))
