import torch
from hypothesis import given, settings
from tree_cells import any_trees, chain, children, from_parents, padded, star

from gnomon.layers.tree_schedule import downward, forest, ordered_steps, slots, unordered_steps, upward

TREE = from_parents([0, 0, 1, 1], [2, 3, 4, 5, 6])  # 0 over 1 and 2, 1 over 3 and 4; in post-order 3 4 1 2 0


def test_lower_nodes_come_first():
    batch = forest(padded([TREE, from_parents([], [6])]))
    assert batch.position.tolist() == [0, 1, 3, 5, 2, 4]
    assert batch.height.tolist() == [0, 0, 0, 0, 1, 2]
    assert batch.parent.tolist() == [4, 4, 5, 3, 5, 5]
    assert batch.roots.tolist() == [5, 3]
    assert batch.tree.tolist() == [0, 0, 0, 1, 0, 0]
    assert (batch.starts, batch.edge_starts) == ((0, 4, 5, 6), (0, 0, 2, 4))
    assert batch.child.tolist() == [0, 1, 4, 2]
    assert batch.symbols[:, 0].tolist() == [5, 6, 4, 6, 3, 2]
    assert batch.kinds[batch.kind].tolist() == batch.symbols[batch.named].tolist()
    assert len(batch.kinds) == 5


def test_values_go_back_to_their_places():
    inputs = padded([TREE, from_parents([], [6])])
    batch = forest(inputs)
    assert torch.equal(batch.padded(batch.symbols[:, 0]), inputs[..., 3])


def test_a_sample_without_a_node_is_a_leaf():
    inputs = padded([TREE])
    batch = forest(torch.cat([inputs, torch.zeros_like(inputs)]))
    assert (batch.num_nodes, batch.num_leaves, batch.tree[batch.roots].tolist()) == (6, 4, [0, 1])
    assert len(batch.named) == 5


@settings(max_examples=40, deadline=None)
@given(trees=any_trees())
def test_every_schedule_visits_every_node_after_what_it_needs(trees):
    batch = forest(padded(trees))
    for flow in (upward(batch), downward(batch)):
        assert sorted(flow.node.tolist()) == list(range(batch.num_nodes))
        assert (flow.source < flow.target).all()
        begins = torch.tensor([flow.num_first, *(end for _, end, _, _ in flow.levels)])
        level = torch.bucketize(torch.arange(batch.num_nodes), begins, right=True)
        assert (level[flow.source] < level[flow.target]).all()
        assert int(begins[-1]) == batch.num_nodes
    for steps in (ordered_steps(batch), unordered_steps(batch)):
        done = batch.num_nodes
        for begin, end, first, until in steps.turns:
            assert (steps.left[begin:end] < done).all()
            assert (steps.right[first:until] < done).all()
            done += end - begin
        assert done == batch.num_nodes + len(steps.left)
        used = torch.cat([steps.left, steps.right, steps.last[batch.roots]])
        assert len(used.unique()) == len(used)


@settings(max_examples=25, deadline=None)
@given(trees=any_trees())
def test_every_child_has_its_place(trees):
    batch = forest(padded(trees))
    where = slots(batch, 2)
    rank = batch.position.argsort()
    start = 0
    extra = []
    for tree in trees:
        for node, below in enumerate(children(tree)):
            mine = [int(rank[start + child]) for child in below]
            number = int(rank[start + node]) - batch.num_leaves
            if mine:
                wanted = (mine + [batch.num_nodes] * 2)[:2]
                assert where.child[number].tolist() == wanted
                extra += [(number, child) for child in mine[2:]]
        start += len(tree)
    assert sorted(zip(where.extra_parent.tolist(), where.extra.tolist(), strict=True)) == sorted(extra)


def test_a_deep_tree_has_a_level_a_node_and_a_wide_one_a_turn_a_child():
    assert len(upward(forest(padded([chain(500)]))).levels) == 499
    assert len(upward(forest(padded([star(500)]))).levels) == 1
    assert len(ordered_steps(forest(padded([star(500)]))).turns) == 500
    assert len(unordered_steps(forest(padded([star(500)]))).turns) == 1
