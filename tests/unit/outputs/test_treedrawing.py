"""Trees as SVG."""

import re
from xml.etree import ElementTree

from small_trees import DEEP, SMALL, chain

from gnomon.data import prefix
from gnomon.outputs.treedrawing import MOST_NODES, drawing

SHADES = {"0": "s-4", "1": "s4"}


def test_a_disc_for_each_label_and_a_ring_for_a_wrong_one():
    svg = drawing(SMALL, ["0", "1", "0", "1", "0"], SHADES, true=["0", "1", "1", "", "0"], marked=3)
    root = ElementTree.fromstring(str(svg))
    discs = [one.get("class") for one in root.iter("circle")]
    assert discs == ["s-4", "s4", "s-4 wrong", "s4 marked", "s-4"]
    assert len(list(root.iter("line"))) == 4
    assert "c is 0 (truly 1)" in svg
    assert "A tree of 5 nodes, its root labelled 0" in svg


def test_without_labels_there_are_words_and_small_points():
    svg = drawing(SMALL, [""] * 5, {})
    assert re.findall(r'class="(\w+)" c', svg) == ["bare"]
    assert [word for word in "abcf" if f">{word}</text>" in svg] == list("abcf")


def test_the_parent_stands_above_its_children():
    root = ElementTree.fromstring(str(drawing(SMALL, list("01010"), SHADES)))
    at = [(float(one.get("cx")), float(one.get("cy"))) for one in root.iter("circle")]
    assert at[0][0] < at[1][0] < at[2][0]
    assert at[3][0] == (at[1][0] + at[2][0]) / 2
    assert at[4][1] < at[3][1] == at[0][1] < at[1][1]


def test_wide_symbols_do_not_lie_on_each_other():
    tree = prefix.parse("[AVeryLongSymbol [AnotherLongSymbol a ] [AThirdLongSymbol b ] ]")
    root = ElementTree.fromstring(str(drawing(tree, [""] * 5, {})))
    places = {one.text: float(one.get("x")) for one in root.iter("text")}
    assert places["AThirdLongSymbol"] - places["AnotherLongSymbol"] > 16 * 6.6


def test_markup_in_symbols_is_escaped():
    svg = drawing(prefix.parse("[<b> & ]"), ["", ""], {})
    assert "<b>" not in svg
    ElementTree.fromstring(str(svg))


def test_large_trees_are_cut():
    svg = drawing(chain(DEEP), ["0"] * DEEP, SHADES)
    assert svg.count("<circle") == MOST_NODES
    assert "A tree of 100,000 nodes" in svg
