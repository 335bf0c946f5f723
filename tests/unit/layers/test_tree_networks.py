import torch
from tree_cells import from_parents, padded

from gnomon.core.spec import Tree
from gnomon.layers.head import Head
from gnomon.layers.tree_fold import FoldCell
from gnomon.layers.tree_networks import TreeNetwork
from gnomon.layers.tree_spans import SpanLogits

TREES = [from_parents([0, 0], [1, 3, 4]), from_parents([], [5])]
LEAF = Tree(sizes=(7,), nodes=9, arity=2, depth=3)


def network(*, every_node, wide=None):
    torch.manual_seed(0)
    return TreeNetwork(LEAF, Head(6, 3), FoldCell(4, 6, 8), embedding=4, every_node=every_node, wide=wide).eval()


def test_a_tree_has_the_value_of_its_root():
    inputs = padded(TREES)
    nodes = network(every_node=True)(inputs).value
    trees = network(every_node=False)(inputs).value
    torch.testing.assert_close(trees, torch.stack([nodes[0, 2], nodes[1, 0]]))
    assert nodes.shape == (2, inputs.shape[1], 3)
    assert not nodes[1, 1:].any()


def test_the_linear_model_is_added():
    wide = SpanLogits((1,), 50, 3)
    torch.nn.init.normal_(wide.table)
    inputs = padded(TREES)
    alone, both = network(every_node=False), network(every_node=False, wide=wide)
    assert not torch.allclose(alone(inputs).value, both(inputs).value)


def test_what_learns_how():
    some = network(every_node=True, wide=SpanLogits((1,), 50, 3))
    roles = {name: some.role(name, parameter) for name, parameter in some.named_parameters()}
    assert {name for name, role in roles.items() if role == "sparse"} == {"embedding.table", "wide.table"}
    assert roles["cell.enter"] == "adam"
    some.orthogonal = True
    assert {name for name, p in some.named_parameters() if some.role(name, p) == "orthogonal"} == {
        "cell.symbol.weight",
        "cell.enter",
        "cell.leave",
    }
    assert roles["head.linear.weight"] == roles["cell.leave_bias"] == "adam"
