"""Trees as lines."""

from small_trees import DEEP, SMALL, chain, star

from gnomon.outputs import treetext


def test_a_tree_with_its_labels():
    assert treetext.lines(SMALL, ["1", "2", "3", "4", "5"]) == [
        "(5) f",
        "├─ (1) a",
        "└─ (4)",
        "   ├─ (2) b",
        "   └─ (3) c",
    ]
    assert treetext.lines(SMALL) == ["f", "├─ a", "└─ ·", "   ├─ b", "   └─ c"]
    assert treetext.lines(SMALL, ["", "", "", "", "x"])[:2] == ["(x) f", "├─ a"]


def test_large_and_deep_trees_are_cut():
    wide = treetext.lines(star(100))
    assert len(wide) == treetext.MOST_LINES + 1
    assert wide[-1] == "… 41 more nodes"
    deep = treetext.lines(chain(DEEP))
    assert len(deep) == treetext.MOST_DEPTH + 2
    assert deep[-1].endswith("└─ x …")


def test_from_the_row_of_a_prediction():
    assert treetext.tree_of(list(SMALL.symbols), SMALL.parents.tolist()) == SMALL


def test_symbols_are_made_printable():
    tree = treetext.tree_of(["a\x1b[31mb" + "c" * 60], [-1])
    (line,) = treetext.lines(tree)
    assert "\x1b" not in line
    assert len(line) == 40
