"""JSON lines as tables."""

import pytest

from gnomon.core.errors import DataError
from gnomon.data import tablejson


def test_objects_become_rows_and_inner_objects_names_with_a_point(tmp_path):
    text = '{"a": 1, "b": {"c": "x", "d": [1]}}\n\n{"a": 2.5}\n'
    table, bad, left_out = tablejson.read(text, tmp_path)
    assert table.to_pydict() == {"a": [1.0, 2.5], "b.c": ["x", None]}
    assert (bad, left_out) == ([], ("b.d",))


def test_bad_lines_are_counted_with_their_reason(tmp_path):
    table, bad, _ = tablejson.read('{"a": 1}\nnonsense\n[1]\n{"a": NaN}\n{"a": 1, "b"', tmp_path)
    assert len(table) == 1
    assert [line for line, _ in bad] == [2, 3, 4, 5]
    assert bad[1][1] == "is no JSON object: it is a list"


def test_numbers_that_float_does_not_hold_stay_texts(tmp_path):
    table, _, _ = tablejson.read('{"id": 9007199254740993}\n{"id": 1}', tmp_path)
    assert table.to_pydict() == {"id": ["9007199254740993", "1"]}


def test_mixed_types_are_texts_and_truth_values_are_words(tmp_path):
    table, _, _ = tablejson.read('{"a": 1, "t": true}\n{"a": "x", "t": false}', tmp_path)
    assert table.to_pydict() == {"a": ["1", "x"], "t": ["true", "false"]}


def test_deep_nesting_is_a_bad_line_not_a_crash(tmp_path):
    table, bad, _ = tablejson.read('{"a": 1}\n{"a": ' + "[" * 100_000 + "\n", tmp_path)
    assert (len(table), len(bad)) == (1, 1)


def test_no_object_at_all_is_refused(tmp_path):
    with pytest.raises(DataError, match="is no JSON object") as error:
        tablejson.read("1\n2\n", tmp_path)
    assert error.value.line == 1
