"""Trees in JSON lines."""

import json

import pytest
from small_trees import DEEP

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Label, NodeLabels, Number, Trees
from gnomon.data.reading import Reading
from gnomon.readers import tree_json

TREE = {"value": "and", "children": ["rain", {"value": "not", "children": ["wind"]}]}


@pytest.fixture
def read(tmp_path):
    def run(path, layers=(), **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return tree_json.read(path, DataConfig(path=str(path), **config), reading)

    return run


@pytest.fixture
def lines(tmp_path):
    def write(*rows, name="trees.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        return path

    return write


def test_a_tree_and_its_label(lines, read):
    path = lines({"tree": TREE, "label": "wet"}, {"tree": {"value": "rain"}, "label": "dry"})
    assert tree_json.sniff(path).why == "the lines of trees.jsonl hold trees"
    found = read(path)
    assert found.spec.input == Trees(ordered=True)
    assert found.spec.target == Label(classes=("dry", "wet"))
    part = found.splits["all"]
    assert part.inputs[0].symbols == ("rain", "wind", "not", "and")
    assert part.targets.tolist() == [1, 0]
    assert part.ids[:] == ["trees.jsonl:1", "trees.jsonl:2"]
    assert read(path, [("user", {"reader.ordered": False})]).spec.input == Trees(ordered=False)


def test_labels_in_the_nodes(lines, read):
    node = {"value": "not", "label": "neg", "children": [{"value": "good", "label": "pos"}, "!"]}
    path = lines(node, {"tree": node})
    found = read(path)
    assert found.spec.target == NodeLabels(classes=("neg", "pos"))
    assert [one.tolist() for one in found.splits["all"].targets[:]] == [[1, -1, 0]] * 2
    roots = read(path, target="root")
    assert roots.spec.target == Label(classes=("neg",))
    with pytest.raises(UsageError, match="there is no target 'nonsense'"):
        read(path, target="nonsense")


def test_numbers_and_several_values_beside(lines, read):
    path = lines(*({"tree": TREE, "energy": i / 8, "kind": "ab"[i % 2]} for i in range(60)))
    assert read(path, target="energy").spec.target == Number(name="energy")
    assert read(path).spec.target == Label(classes=("a", "b"))


def test_a_tree_may_be_a_bare_leaf(lines, read):
    path = lines({"tree": 5, "label": 5}, {"tree": TREE, "label": 6}, {"tree": "rain", "label": 5})
    assert tree_json.sniff(path) is not None
    part = read(path).splits["all"]
    assert [one.symbols for one in part.inputs[:]][::2] == [("5",), ("rain",)]
    assert part.targets.tolist() == [0, 1, 0]
    assert tree_json.sniff(lines({"tree": "oak", "label": 1}, {"tree": "elm", "label": 2}, name="wood.jsonl")) is None


def test_the_first_line_may_be_broken(lines):
    assert tree_json.sniff(lines("{", {"tree": TREE, "label": 1}, {"tree": TREE, "label": 2})) is not None


def test_a_task_says_what_the_labels_are(lines, read):
    def asked(task, path):
        return read(path, [("user", {"run.task": task})]).spec.target

    path = lines(*({"tree": TREE, "label": n} for n in (3, 1, 3.5)))
    assert asked("regress", path) == Number(name="label")
    assert asked("classify", path) == Label(classes=("1", "3", "3.5"))
    inside = lines({"value": "not", "label": 1.5, "children": [{"value": "a", "label": 2}]}, name="inside.jsonl")
    assert asked("auto", inside) == NodeLabels(classes=("1.5", "2"))
    assert asked("regress", inside) == Number(name="root")


def test_what_is_broken_is_named(lines, read):
    good = {"tree": TREE, "label": 1}
    path = lines(good, {"tree": TREE, "label": 0}, '{"tree": {"value"', {"label": 1}, {"tree": TREE},
                 {"tree": {"value": 1, "children": [[2]]}, "label": 1})  # fmt: skip
    found = read(path, max_bad=0.8)
    assert [(one.id, one.reason.split(":")[0]) for one in found.skipped] == [
        ("trees.jsonl:3:18", "is no JSON"),
        ("trees.jsonl:4", "has no tree"),
        ("trees.jsonl:6", "a list stands where a node should be"),
        ("trees.jsonl:5", "has no label"),
    ]
    with pytest.raises(DataError, match="4 of 6 trees"):
        read(path)


def test_deep_trees(lines, read):
    deep = '{"value": 1, "children": [' * DEEP + '"x"' + "]}" * DEEP
    path = lines({"tree": TREE, "label": 1}, f'{{"tree": {deep}, "label": 2}}')
    assert len(read(path).splits["all"].inputs[1]) == DEEP + 1
    assert tree_json.sniff(lines(f'{{"tree": {deep}, "label": 2}}', name="first.jsonl")) is not None


def test_what_is_not_claimed(lines, read):
    for number, row in enumerate(({"text": "so", "label": 1}, "nonsense", "", "[1, 2]")):
        assert tree_json.sniff(lines(row, name=f"{number}.jsonl")) is None
    with pytest.raises(DataError, match="holds no trees"):
        read(lines({"text": "so"}))
    with pytest.raises(DataError, match="its trees have no labels"):
        read(lines({"tree": TREE}))
