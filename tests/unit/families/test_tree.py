from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from tree_cells import chain, from_parents, padded, star

from gnomon.core.errors import UsageError
from gnomon.core.spec import Label, NodeLabels, Number, Spec, Tree
from gnomon.core.training import Allowance, Speed
from gnomon.families import tree
from gnomon.layers.tree_plain import PlainCell

LEAF = Tree(sizes=(7,), nodes=9, arity=3, depth=3)
SPEC = Spec(input=LEAF, target=Label(classes=("a", "b")))
WORDS = Spec(input=Tree(sizes=(9000, 700), nodes=110, arity=2, depth=30), target=NodeLabels(classes=tuple("01234")))
SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)
CELLS = ("gated", "nary", "childsum", "bidirectional", "plain", "tensor")
SMALL = {"width": 6, "hidden": 8, "embedding": 5, "ngram_rows": 64}


def built(cell, spec=SPEC):
    torch.manual_seed(0)
    return tree.build(tree.Config(cell=cell, **SMALL), spec)


def allowed(seconds, num_train=8000):
    return Allowance(train_s=seconds, samples=None, flop=None, num_train=num_train)


@pytest.mark.parametrize("cell", CELLS)
class TestCells:
    def test_every_cell_learns_in_every_parameter(self, cell):
        network = built(cell)
        network(padded([from_parents([0, 0, 1], [2, 3, 1, 4]), star(4), chain(3)])).value.square().sum().backward()
        idle = {name for name, p in network.named_parameters() if p.grad is None}
        assert idle == set()

    def test_every_node_has_a_value_where_every_node_has_a_label(self, cell):
        network = built(cell, replace(SPEC, target=NodeLabels(classes=("a", "b", "c"))))
        assert network(padded([chain(4), star(2)])).value.shape == (2, 7, 3)

    def test_a_number_comes_with_its_quantiles(self, cell):
        value = built(cell, replace(SPEC, target=Number()))(padded([star(2), chain(3)])).value
        assert value.shape == (2, 4)
        assert (value[:, 1:].diff(dim=1) > 0).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("every_node", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_gpu_computes_what_the_processor_computes_gradients_too(cell, every_node):
    classes = ("a", "b", "c")
    target = NodeLabels(classes=classes) if every_node else Label(classes=classes)
    ours = built(cell, replace(SPEC, target=target)).eval()
    theirs = deepcopy(ours).cuda()
    trees = padded([from_parents([0, 0, 1], [2, 3, 1, 4]), star(40), chain(40), from_parents([], [5])])
    first, second = ours(trees).value, theirs(trees.cuda()).value
    torch.testing.assert_close(second.cpu(), first, rtol=1e-3, atol=1e-4)
    first.square().sum().backward()
    second.square().sum().backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        wanted, found = (p.grad.to_dense() if p.grad.is_sparse else p.grad for p in (one, other))
        torch.testing.assert_close(
            found.cpu(), wanted, rtol=1e-2, atol=1e-3, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_children_without_an_order_may_come_in_any():
    network = built("gated", replace(SPEC, input=replace(LEAF, ordered=False))).eval()
    inputs = padded([from_parents([0, 0], [2, 3, 4]), from_parents([0, 0], [2, 4, 3])])
    first, second = network(inputs).value
    torch.testing.assert_close(first, second)


def test_no_more_places_than_children_need():
    wide = replace(SPEC, input=replace(LEAF, arity=10_000))
    for spec, num_places in ((SPEC, 3), (wide, 8)):
        cell = built("plain", spec).cell
        assert isinstance(cell, PlainCell)
        assert cell.num_places == num_places


def test_more_time_buys_a_wider_network():
    widths = [tree.size_for(allowed(seconds), WORDS, SPEED).config.width for seconds in (1.0, 60.0, 1200.0, 36_000.0)]
    assert widths == sorted(widths)
    assert widths[-1] > widths[0]


def test_labels_of_all_nodes_bear_more_passes_than_one_a_tree():
    roots = replace(WORDS, target=Label(classes=("a", "b")))
    passes = [tree.size_for(allowed(60.0), spec, SPEED).settings["train.max_epochs"] for spec in (SPEC, WORDS, roots)]
    assert passes == [300, 6, 4]


def test_words_are_dropped_where_there_are_many_and_their_vectors_begin_small():
    words, notation = (tree.size_for(allowed(60.0), spec, SPEED).config for spec in (WORDS, SPEC))
    assert words.word_dropout > 0 == notation.word_dropout
    assert words.embedding_scale < 1 == notation.embedding_scale
    tables = [tree.build(replace(config, ngram_rows=64), WORDS).embedding.table.std() for config in (words, notation)]
    torch.testing.assert_close(tables[0], words.embedding_scale * tables[1], rtol=0.02, atol=0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("width", 0), ("dropout", 1.0), ("ngrams", 17), ("ngram_rows", 3), ("embedding", 0), ("hidden", 5)],
)
def test_what_is_not_possible_is_refused(setting, value):
    with pytest.raises(UsageError, match=f"family.{setting}"):
        tree.Config(**{setting: value})


@pytest.mark.parametrize("cell", ["plain", "tensor"])
def test_a_cell_refuses_a_dropout_that_it_has_no_place_for(cell):
    with pytest.raises(UsageError, match=f"candidate_dropout is nothing that the {cell} cell has"):
        tree.Config(cell=cell, candidate_dropout=0.5)
