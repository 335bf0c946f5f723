"""JSON of any depth."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.data import deepjson

DEEP = 100_000
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_it_reads_what_the_library_writes(value):
    for indent in (None, 2):
        text = json.dumps(value, indent=indent)
        assert deepjson._Reader(text).value() == json.loads(text) == deepjson.loads(text)


def test_depth_is_no_limit():
    found = deepjson.loads('{"a": [' * DEEP + "1" + "]}" * DEEP)
    depth = 0
    while isinstance(found, dict):
        found, depth = found["a"][0], depth + 1
    assert (found, depth) == (1, DEEP)


@pytest.mark.parametrize(
    ("end", "what"),
    [
        ("", "Expecting value"),
        ("1", "Expecting ',' delimiter"),
        ("1}", "Expecting ',' delimiter"),
        ("1" + "]" * (DEEP + 1), "Extra data"),
        ("{1", "Expecting property name"),
        ('{"a" 1', "Expecting ':' delimiter"),
        ('"a', "Unterminated string"),
        ("nonsense", "Expecting value"),
    ],
)
def test_deep_nonsense_is_named(end, what):
    with pytest.raises(json.JSONDecodeError, match=what):
        deepjson.loads("[" * DEEP + end)
