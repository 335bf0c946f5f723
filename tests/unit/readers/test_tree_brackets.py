"""Trees in brackets."""

import numpy as np
import pytest
from small_trees import DEEP

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Label, NodeLabels, Number
from gnomon.data.reading import Reading
from gnomon.readers import tree_brackets

LINES = ("(3 (2 It) (4 (2 's) (3 good)))", "(0 (2 so) (0 bad))", "(2 (2 a) (2 film))")


@pytest.fixture
def read(tmp_path):
    def run(path, layers=(), **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return tree_brackets.read(path, DataConfig(path=str(path), **config), reading)

    return run


@pytest.fixture
def treebank(tmp_path):
    folder = tmp_path / "sst"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.txt").write_text("\n".join([*LINES, ""]))
    (folder / "README.md").write_text("about (this)")
    return folder


def test_every_node_has_its_label(treebank, read):
    match = tree_brackets.sniff(treebank)
    assert match.why == "train.txt has trees in brackets, with labels"
    found = read(treebank)
    assert list(found.splits) == ["train", "valid", "test"]
    assert found.spec.target == NodeLabels(classes=("0", "2", "3", "4"))
    part = found.splits["train"]
    assert [one.tolist() for one in part.targets[:]] == [[1, 1, 2, 3, 2], [1, 0, 0], [1, 1, 1]]
    assert part.inputs[1].symbols == ("so", "bad", "")
    assert part.ids[:] == ["train.txt:1", "train.txt:2", "train.txt:3"]
    assert found.facts["form"] == "labels"
    assert [guess.flag for guess in found.guesses] == ["--target root"]


def test_the_root_alone(treebank, read):
    found = read(treebank, target="root")
    assert found.spec.target == Label(classes=("0", "2", "3"))
    assert found.splits["test"].targets.tolist() == [2, 0, 1]
    assert found.guesses == ()
    with pytest.raises(UsageError, match="there is no target 'leaf'") as caught:
        read(treebank, target="leaf")
    assert "nodes, root" in caught.value.fix


def test_a_task_of_whole_trees_asks_about_the_root(treebank, tmp_path, read):
    found = read(treebank, [("user", {"run.task": "classify"})])
    assert found.spec.target == Label(classes=("0", "2", "3"))
    assert found.guesses == ()
    number = read(treebank, [("user", {"run.task": "regress"})])
    assert number.spec.target == Number(name="root")
    assert number.splits["train"].targets.tolist() == [3.0, 0.0, 2.0]
    (tmp_path / "penn.txt").write_text("(S (DT the) (NN cat))\n")
    with pytest.raises(UsageError, match="the label 'S' is no number"):
        read(tmp_path / "penn.txt", [("user", {"run.task": "regress"})])


def test_a_deep_tree_may_come_first(tmp_path, read):
    path = tmp_path / "deep.txt"
    path.write_text("(2 (2 x) " * DEEP + "(2 y)" + ")" * DEEP + "\n(1 (1 a) (2 b))\n")
    assert tree_brackets.sniff(path) is not None
    assert len(read(path).splits["all"].inputs[0]) == 2 * DEEP + 1


def test_two_classes_without_the_middle(treebank, read):
    found = read(treebank, [("user", {"reader.classes": "binary"})])
    assert found.spec.target.classes == ("negative", "positive")
    assert [one.tolist() for one in found.splits["train"].targets[:]] == [[-1, -1, 1, 1, 1], [-1, 0, 0]]
    assert found.facts["num_neutral"] == 3
    assert "3 trees are left out" in found.guesses[0].what
    roots = read(treebank, [("user", {"reader.classes": "binary"})], target="root")
    assert roots.splits["train"].targets.tolist() == [1, 0]


def test_names_are_not_two_sides(tmp_path, read):
    (tmp_path / "penn.mrg").write_text("( (S (NP (DT the) (NN cat))\n   (VP sat there)) )\n")
    found = read(tmp_path / "penn.mrg")
    assert found.spec.target.classes == ("DT", "NN", "NP", "S", "VP")
    assert found.splits["all"].targets[0].tolist() == [0, 1, 2, -1, -1, 4, 3]
    assert found.guesses[0].what == "2 nodes have no label"
    with pytest.raises(UsageError, match="needs labels that are numbers, not DT, NN"):
        read(tmp_path / "penn.mrg", [("user", {"reader.classes": "binary"})])


def test_broken_trees_are_named_by_file_line_and_column(tmp_path, read):
    path = tmp_path / "x.txt"
    path.write_text("\n".join(["(1 (0 a) (1 b))"] * 3 + ["(1 (0 a) (1 b)))", "(1 (0 a)", "(0 (0 b) (1 c))"]))
    found = read(path, max_bad=0.5)
    assert [(one.id, one.reason) for one in found.skipped] == [
        ("x.txt:4:16", "')' after the end of the tree"),
        ("x.txt:5:1", "a bracket is never closed"),
    ]
    assert len(found.splits["all"]) == 4
    with pytest.raises(DataError, match="2 of 6 trees cannot be used"):
        read(path)


@pytest.mark.parametrize("text", ["((a b) c)\n((d e) f)\n", "some (1 text)\n", "(define (f x) x\n", "", "(((("])
def test_what_is_not_claimed(tmp_path, text, read):
    path = tmp_path / "x.txt"
    path.write_text(text)
    assert tree_brackets.sniff(path) is None
    with pytest.raises(DataError, match="holds no trees in brackets"):
        read(path)


def test_classes_are_in_the_order_of_numbers(tmp_path, read):
    path = tmp_path / "x.txt"
    path.write_text("(10 (9 a) (-1 b))\n(9 (9 a) (10 b))\n")
    assert read(path).spec.target.classes == ("-1", "9", "10")
    assert np.array_equal(read(path).splits["all"].targets[0], [1, 0, 2])
