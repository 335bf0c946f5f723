"""Trees in the report."""

import re

import pytest
from fake_sequence_runs import rewrite
from fake_tree_runs import FakeTrees, measures, sentences

from gnomon.outputs import report, treesections
from gnomon.outputs.record import read_record
from gnomon.outputs.wording import number


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    return FakeTrees(tmp_path_factory.mktemp("nodes"))


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    return FakeTrees(tmp_path_factory.mktemp("roots"), sentences(roots=True))


def test_training_trees_are_drawn_with_their_labels(nodes, roots):
    found = treesections.glance(read_record(nodes.run), nodes.examples)
    assert [one["label"] for one in found["trees"]][:2] == ["1", "4"]
    assert found["trees"][0]["svg"].count("<circle") == 7
    assert [one["shade"] for one in found["legend"]] == ["s-4", "s-2", "s0", "s2", "s4"]
    assert "The middle tree has" in found["sizes"]["sentence"]
    found = treesections.glance(read_record(roots.run), roots.examples)
    assert found["trees"][0]["svg"].count('<circle class="s') == 1


def test_accuracy_by_depth_and_size(nodes, roots):
    charts = treesections.shapes(read_record(nodes.run))["charts"]
    assert len(charts) == 4
    assert "Whole trees by their number of nodes" in charts[0]["svg"]
    two = [{"from": 4, "to": 7, "accuracy": 1.0, "low": 0.5, "high": 1.0, "n": 3}]
    two.append(two[0] | {"from": 8, "to": 15})
    record = read_record(nodes.run)
    record.evaluation["details"]["test"]["by_tree_size"] = two
    ticks = re.findall(
        r'text-anchor="(?:start|middle|end)">([^<%]*)<', str(treesections.shapes(record)["charts"][0]["svg"])
    )
    assert [text for text in ticks if text] == ["4", "8"]
    assert len(treesections.shapes(read_record(roots.run))["charts"]) == 2


def test_where_composition_flips(nodes, roots):
    record = read_record(nodes.run)
    found = treesections.flips(record, nodes.examples)
    assert found["num"] > 0
    flip = {"index": 5, "id": "test5", "node": 4, "label": "3", "children": ["2", "1"], "size": 3}
    record.evaluation["details"]["test"]["flips"] = [flip, flip]
    (row,) = treesections.flips(record, nodes.examples)["rows"]
    assert (row["text"], row["label"], row["children"]) == ("not bad", "3", ["2", "1"])
    assert row["svg"].count("<circle") == 3
    assert "so no trees are shown" in treesections.flips(record, None)["absent"]
    assert treesections.flips(read_record(roots.run), roots.examples) == {}


@pytest.mark.parametrize("kind", ["nodes", "roots"])
def test_the_worst_are_drawn_with_what_was_said(kind, request):
    fake = request.getfixturevalue(kind)
    record = read_record(fake.run)
    found = treesections.worst(record, fake.examples)
    assert len(found["rows"]) == min(12, len(record.evaluation["details"]["test"]["worst"])) > 2
    for row in found["rows"]:
        assert row["true"] != row["predicted"]
        assert "wrong" in row["svg"]
    gone = treesections.worst(record, None)
    assert "so no trees are shown" in gone["absent"]
    assert all(row["svg"] == "" for row in gone["rows"])


def test_numbers_that_were_told_farthest_from_the_truth_are_drawn(tmp_path):
    fake = FakeTrees(tmp_path, measures())
    record = read_record(fake.run)
    found = treesections.worst_numbers(record, fake.examples)
    assert len(found["rows"]) == 12
    first = record.evaluation["details"]["test"]["worst"][0]
    assert found["rows"][0]["true"] == number(first["true"])
    assert found["rows"][0]["predicted"].startswith(f"{number(first['predicted'])} (")
    assert all('class="tree"' in row["svg"] for row in found["rows"])
    page = report.render(record, examples=fake.examples)
    assert "It made no mistake" not in page
    assert "in the colour of the label" not in page
    assert "so no trees are shown" in treesections.worst_numbers(record, None)["absent"]


def test_the_whole_page(nodes, roots):
    for fake in (nodes, roots):
        page = report.render(read_record(fake.run), examples=fake.examples)
        assert 'class="tree"' in page
        assert "Depth and size" in page
        assert "is not complete" not in page
        page = report.render(read_record(fake.run), examples=None)
        assert "so no trees are shown" in page
    assert "Where composition flips" in report.render(read_record(nodes.run), examples=nodes.examples)


def test_trees_that_were_no_mistakes(nodes):
    record = read_record(nodes.run)
    details = record.evaluation["details"]["test"]
    details["worst"], details["flips"] = [], []
    found = treesections.answered(record, nodes.examples)
    assert found["split"] == "test"
    assert 1 <= len(found["trees"]) <= 3
    assert treesections.answered(record, None) == {}


def test_a_page_of_an_evaluation_without_trees(nodes, tmp_path):
    fake = FakeTrees(tmp_path)
    rewrite(fake.run.evaluation, lambda found: found["details"]["test"].update(trees=[], worst=[]))
    page = report.render(read_record(fake.run), examples=fake.examples)
    assert "It made no mistake" in page
