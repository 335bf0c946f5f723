"""Columns that hold trees."""

import pytest

from gnomon.data import treetable


@pytest.mark.parametrize(
    ("values", "are"),
    [
        (["[MAX 1 [MIN 2 3 ] ]", "[MAX 1 2 ]", "[SM [MAX 1 2 ] ]"] * 3, True),
        (["(a (b c))", "((a b) c)"], True),
        (["[MAX 1 2 ]"] * 20, False),
        (["[1, 2, [3]]"] * 5, False),
        (["a text (with a remark) and more"] * 5, False),
        (["[MAX 1 [MIN 2 3 ] ]", "no tree"], False),
        ([1, 2], False),
        ([], False),
    ],
)
def test_what_is_a_column_of_trees(values, are):
    assert treetable.are_trees(values) == are


def test_how_values_are_read():
    assert treetable.form_of(["[MAX 1 [MIN 2 3 ] ]"])[0] == "prefix"
    assert treetable.form_of(["(+ 1 (* 2 3))"])[0] == "prefix"
    assert treetable.form_of(["((a b) (c d))"])[0] == "bare"
    assert treetable.PARSERS["bare"]("((a b) c)").symbols == ("a", "b", "", "c", "")
    assert treetable.PARSERS["prefix"]("[MAX 1 2 ]").symbols == ("1", "2", "MAX")
    assert treetable.PARSERS["labels"]("(3 (2 a) (1 b))").symbols == ("a", "b", "")
