"""core/jsontext.py: what Gnomon writes is strict JSON, and comes back as it was."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gnomon.core.jsontext import document, line


def test_a_document_has_one_line_a_key():
    assert document({"a": 1, "b": {"c": [1, 2]}}) == b'{\n"a": 1,\n"b": {"c": [1, 2]}\n}\n'


@pytest.mark.parametrize("value", [{}, [], [1, {"a": 2}], "text", 3, None, True])
def test_other_values_are_one_line(value):
    assert document(value) == line(value)
    assert json.loads(line(value)) == value


def test_letters_stay_readable():
    assert line({"类": "Löwe"}) == '{"类": "Löwe"}\n'.encode()


def test_a_file_name_that_is_not_utf8_survives():
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    written = line([name])
    assert written == b'["caf\\udce9.png"]\n'
    assert json.loads(written.decode("utf-8")) == [name]


def test_numbers_that_are_not_finite_become_null():
    value = {"loss": float("nan"), "best": [float("-inf"), 0.5], "deep": {"x": (float("inf"),)}}
    assert json.loads(document(value)) == {"loss": None, "best": [None, 0.5], "deep": {"x": [None]}}


def test_floats_keep_every_bit():
    values = [0.1, 1e-308, 2 / 3, 123456789.123456789]
    assert json.loads(line(values)) == values


@dataclass(frozen=True)
class Point:
    x: float
    where: Path


def test_numpy_paths_dates_and_dataclasses():
    value = {
        "scalar": np.float32(0.5),
        "nan": np.float64("nan"),
        "count": np.int64(3),
        "flag": np.bool_(True),
        "array": np.array([[1, 2], [3, 4]]),
        "path": Path("a/b"),
        "day": date(2026, 11, 23),
        "point": Point(x=1.5, where=Path("c")),
    }
    assert json.loads(document(value)) == {
        "scalar": 0.5,
        "nan": None,
        "count": 3,
        "flag": True,
        "array": [[1, 2], [3, 4]],
        "path": "a/b",
        "day": "2026-11-23",
        "point": {"x": 1.5, "where": "c"},
    }


def test_what_json_has_no_form_for_is_an_error():
    with pytest.raises(TypeError, match="Thing has no form in JSON"):
        line({"a": type("Thing", (), {})()})
