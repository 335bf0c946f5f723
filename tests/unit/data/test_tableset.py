"""From loaded tables to datasets."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Label, Number
from gnomon.data import tableset
from gnomon.data.tableset import Found, Part

PATH = Path("t.csv")
ROWS = {"x": [str(k * 1.5) for k in range(20)], "c": list("ab") * 10, "y": list("no") * 10}


def dataset(parts, types=None, **config):
    made = [Part(split=split, name=f"{split}.csv", table=pa.table(columns), bad=bad) for split, columns, bad in parts]
    found = Found(reader="tables", path=PATH, name="t", parts=made, types=types or {})
    return tableset.dataset(found, DataConfig(path="t.csv", **config))


def one(columns=ROWS, **config):
    return dataset([("all", columns, ())], **config)


def test_columns_targets_and_ids():
    found = one()
    part = found.splits["all"]
    assert [(column.name, column.type) for column in found.spec.input.columns] == [("x", "number"), ("c", "category")]
    assert found.spec.target == Label(classes=("n", "o"))
    assert part.inputs[3] == {"x": "4.5", "c": "b"}
    assert (part.ids[0], part.targets[:3].tolist()) == ("all.csv#1", [0, 1, 0])
    assert found.facts["of_target"]["name"] == found.facts["target"] == "y"
    assert [entry["name"] for entry in found.facts["columns"]] == ["x", "c"]


def test_rows_without_a_target_and_bad_ones_are_skipped_and_named():
    columns = {**ROWS, "y": [None, *ROWS["y"][1:]]}
    found = dataset([("all", columns, ((7, "has 1 fields, the header 3"),))], max_bad=0.2)
    assert [skipped.id for skipped in found.skipped] == ["all.csv:7", "all.csv#1"]
    assert (len(found.splits["all"]), found.splits["all"].ids[0]) == (19, "all.csv#2")
    with pytest.raises(DataError, match="2 of 21 rows cannot be used"):
        dataset([("all", columns, ((7, "has 1 fields, the header 3"),))])


def test_numbers_as_a_target():
    found = one({"x": ROWS["x"], "price": [str(k * 2.5) for k in range(20)]})
    assert found.spec.target == Number(name="price")
    assert found.splits["all"].targets.dtype == np.float64


def test_groups_are_numbers_and_their_column_is_no_input():
    found = one({"who": ["p1", "p2"] * 10, **ROWS}, group="who")
    groups = found.splits["all"].groups
    assert groups[0] == groups[2] != groups[1]
    assert found.spec.input.columns[0].type == "identifier"


def test_times_rise_with_time():
    found = one({"when": [f"2024-01-{20 - k:02}" for k in range(20)], **ROWS}, time="when")
    assert (np.diff(found.splits["all"].times) < 0).all()


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"group": "whoo"}, "there is no column 'whoo' for --group"),
        ({"time": "x", "group": "c"}, "two ways to split"),
    ],
)
def test_wishes_that_cannot_be_met(config, what):
    with pytest.raises(UsageError, match=what):
        one(**config)


def test_a_time_that_says_nothing_is_refused():
    with pytest.raises(DataError, match="not when they were"):
        one(time="c")


def test_a_test_table_may_lack_a_column_and_one_without_the_target_is_not_used():
    test = {"x": ["1", "2"], "y": ["n", "o"]}
    found = dataset([("train", ROWS, ()), ("test", test, ())])
    assert found.splits["test"].inputs[0] == {"x": "1", "c": None}
    found = dataset([("train", ROWS, ()), ("test", {"x": ["1"], "c": ["a"]}, ())])
    assert list(found.splits) == ["train"]
    assert "test.csv is not used" in [guess.what for guess in found.guesses]


def test_where_most_rows_are_repeated_they_are_samples_of_their_own():
    found = one({"c": ["a", "b"] * 50, "y": ["n", "o"] * 50})
    assert len(set(found.splits["all"].hashes.tolist())) == 100
    assert "equal rows are samples of their own" in [guess.what for guess in found.guesses]


def test_the_fingerprint_follows_the_cells_and_the_targets():
    other = {**ROWS, "x": ["7", *ROWS["x"][1:]]}
    swapped = {**ROWS, "y": list("on") + ROWS["y"][2:]}
    prints = {one(columns).fingerprint for columns in (ROWS, other, swapped)}
    assert len(prints) == 3
    assert one().fingerprint == one().fingerprint


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"y": ["a", "b"]}, "has one column only"),
        ({"x": [], "y": []}, "has no rows"),
        ({"e": [None, None], "y": ["a", "b"]}, "has no column to learn from"),
    ],
)
def test_tables_with_nothing_to_learn_are_refused(columns, what):
    with pytest.raises(DataError, match=what):
        one({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
