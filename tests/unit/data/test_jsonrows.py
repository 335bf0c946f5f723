import json

import pytest

from gnomon.data.jsonrows import objects

ROWS = [{"text": "a, b", "n": 1}, {"text": "]", "n": None}, {"text": "ü", "n": {"x": [1]}}]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_holds_the_same_as_lines(indent):
    lines = "\n".join(json.dumps(row) for row in ROWS)
    assert list(objects(lines)) == [(1, ROWS[0], ""), (2, ROWS[1], ""), (3, ROWS[2], "")]
    assert [found for _, found, _ in objects(json.dumps(ROWS, indent=indent))] == ROWS


def test_objects_of_an_array_have_the_line_on_which_they_begin():
    assert [line for line, _, _ in objects('[{"a": 1},\n\n{"a":\n 2}, {"a": 3}\n]')] == [1, 3, 4]


def test_what_is_no_object_is_told():
    found = list(objects('{"a": 1}\n[1]\n\n7\n{"a": '))
    assert [line for line, _, _ in found] == [1, 2, 4, 5]
    assert [why for _, _, why in found][1:3] == ["is no JSON object: it is a list", "is no JSON object: it is a int"]
    assert found[3][2].startswith("is no JSON object: ")
    assert [why for _, _, why in objects('[{"a": 1}, 7]')] == ["", "is no JSON object: it is a int"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"a": 1},\n{"a": ', "is no JSON: "),
        ('[{"a": 1},\n{"a": NaN}]', "NaN is no JSON number"),
        ('[{"a": 1},\n' + "[" * 100_000, "is no JSON: "),
        ('[{"a": 1},\n', "ends before its array does"),
    ],
)
def test_a_damaged_array_is_told_with_its_line(text, why):
    first, last = objects(text)
    assert first[1] == {"a": 1}
    assert last[1] is None
    assert why in last[2]
    assert last[0] == (1 if "ends" in why else 2)
    assert len(list(objects(text, whole=False))) == 1


def test_nothing_holds_nothing():
    assert list(objects(" \n")) == []
    assert list(objects("[]")) == []
