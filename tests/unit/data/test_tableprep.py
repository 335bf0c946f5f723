"""From cells to rows of numbers."""

import json

import numpy as np
import pyarrow as pa
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.spec import Number, Vector
from gnomon.data import split, tableprep, tableset
from gnomon.data.cells import Cells
from gnomon.data.tableprep import TableConfig
from gnomon.data.tableset import Found, Part

NUM = 300


@pytest.fixture
def raw():
    draw = np.random.default_rng(0)
    table = pa.table({
        "row": [str(k) for k in range(NUM)],
        "x": [f"{value:.4f}" for value in draw.normal(10, 2, NUM)],
        "twice": ["2"] * NUM,
        "colour": draw.choice(["red", "blue", "NA"], NUM).tolist(),
        "price": draw.normal(size=NUM).round(6).tolist(),
    })  # fmt: skip
    copy = table.append_column("y", table.column("x"))
    found = Found(reader="tables", path="t.csv", name="t", parts=[Part(split="all", name="t", table=copy)], types={})
    return split.split(tableset.dataset(found, DataConfig(path="t.csv", target="price")), "auto", 0)


def prepared(raw, tmp_path, known=None, **config):
    return tableprep.prepare(raw, TableConfig(**config), known, cache_dir=tmp_path)


def test_the_layout_of_rows_and_what_is_left_out(raw, tmp_path):
    made, facts = prepared(raw, tmp_path)
    assert made.spec.input == Vector(names=("x",), categories=(("colour", 4),))
    why = {entry["name"]: entry["why"] for entry in facts["columns"] if entry["use"] == "none"}
    assert why == {
        "row": "it counts the rows",
        "twice": "it is 2 in all training rows",
        "y": "it tells the same as the column 'x'",
    }
    assert made.guesses[-1].what == "3 columns are left out"
    inputs = made.splits["train"].inputs
    assert inputs.dtype == np.float32
    assert set(np.unique(inputs[:, 1])) == {0, 2, 3}
    assert abs(np.median(inputs[:, 0])) < 1e-6


def test_all_is_fitted_on_the_training_rows(raw, tmp_path):
    made, facts = prepared(raw, tmp_path)
    x = next(entry for entry in facts["columns"] if entry["name"] == "x")
    train = raw.splits["train"].inputs
    values = np.array([float(train[k]["x"]) for k in range(len(train))])
    assert x["scales"][0][0] == pytest.approx(np.median(values))
    targets = raw.splits["train"].targets
    assert made.spec.target == Number(name="price", mean=targets.mean(), deviation=targets.std())


def test_what_was_fitted_gives_the_same_rows_again(raw, tmp_path):
    made, facts = prepared(raw, tmp_path)
    again, same = prepared(raw, tmp_path, json.loads(json.dumps(facts)))
    assert same == json.loads(json.dumps(facts))
    assert again.spec == made.spec
    for name, part in made.splits.items():
        np.testing.assert_array_equal(again.splits[name].inputs, part.inputs)


def test_large_tables_are_mapped_and_the_same(raw, tmp_path, monkeypatch):
    whole = prepared(raw, tmp_path)[0].splits["train"].inputs
    monkeypatch.setattr(tableprep, "IN_MEMORY_BYTES", 100)
    mapped = prepared(raw, tmp_path)[0].splits["train"].inputs
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(np.array(mapped), whole)


def test_rows_of_another_table_may_lack_columns(raw, tmp_path):
    _, facts = prepared(raw, tmp_path)
    assert tableprep.used_columns(facts) == ("x", "colour")
    rows = tableprep.encode(Cells(pa.table({"colour": ["green", "red"], "other": [1, 2]})), facts)
    assert np.isnan(rows[:, 0]).all()
    assert rows[0, 1] == 1
    assert rows[1, 1] > 1


def test_settings_are_checked():
    with pytest.raises(UsageError, match=r"table\.text_features"):
        TableConfig(text_features=0)
    with pytest.raises(UsageError, match=r"table\.min_count"):
        TableConfig(min_count=0)


def test_min_count_pools(raw, tmp_path):
    with pytest.raises(DataError, match="no column is left"):
        only = tableset.dataset(
            Found(
                reader="tables", path="t", name="t", types={},
                parts=[Part(split="train", name="t", table=pa.table({"c": list("abcd") * 9, "y": list("xy") * 18}))],
            ),
            DataConfig(path="t"),
        )  # fmt: skip
        prepared(only, tmp_path, min_count=100)


def test_the_preparation_of_another_kind_is_refused():
    with pytest.raises(ArtefactError):
        tableprep.vector_of({"kind": "Series"})
