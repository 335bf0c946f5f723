import csv

import numpy as np
import pyarrow as pa
import pytest
import small_rows
from pyarrow import parquet

from gnomon.core.errors import UsageError
from gnomon.core.spec import Normality
from gnomon.outputs import synthesis


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return small_rows.model(tmp_path_factory.mktemp("cache"))[0]


def test_the_first_rows_do_not_depend_on_how_many_are_wanted(people):
    few, many = (synthesis.rows(people, count=count, seed=3) for count in (5, 600))
    assert np.array_equal(few.rows, many.rows[:5], equal_nan=True)
    assert np.array_equal(few.classes, many.classes[:5])
    assert not np.array_equal(synthesis.rows(people, count=5, seed=4).rows, few.rows, equal_nan=True)


def test_classes_come_as_often_as_in_training_or_one_alone(people):
    share = people.spec.target.shares[1]
    assert abs(synthesis.rows(people, count=3000).classes.mean() - share) < 0.04
    assert set(synthesis.rows(people, count=20, label="rich").classes.tolist()) == {1}
    with pytest.raises(UsageError, match="there is no class 'rch'"):
        synthesis.rows(people, count=5, label="rch")


def test_a_table_has_the_columns_and_the_ranges_of_the_data(people):
    table = synthesis.table_of(people, synthesis.rows(people, count=400))
    assert table.column_names == ["age", "city", "debt", "since", "country", "class"]
    given = small_rows.table(300)
    ages = table.column("age").to_pylist()
    assert table.column("age").type == pa.int64()
    assert min(ages) >= min(given.column("age").to_pylist()) and max(ages) <= max(given.column("age").to_pylist())
    assert set(table.column("country").to_pylist()) == {"X"}
    assert table.column("debt").null_count > 0
    assert all(round(debt, 2) == debt for debt in table.column("debt").to_pylist() if debt is not None)
    assert pa.types.is_date32(table.column("since").type)


def test_rows_are_made_like_those_of_a_table(people, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("age,city,class\n30,Lima,rich\n50,Bonn,poor\n")
    made = synthesis.alike(people, path)
    assert made.classes.tolist() == [1, 0]
    table = synthesis.table_of(people, made)
    assert table.num_rows == 2
    assert table.column("class").to_pylist() == ["rich", "poor"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_tables_are_written_by_the_ending_of_the_name(people, tmp_path, name):
    table = synthesis.table_of(people, synthesis.rows(people, count=7))
    synthesis.write(table, tmp_path / name)
    if name == "out.csv":
        with (tmp_path / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["city"] for row in rows] == table.column("city").to_pylist()
        assert rows[0]["since"] == str(table.column("since")[0].as_py())
    if name == "out.parquet":
        assert parquet.read_table(tmp_path / name).equals(table)
    with pytest.raises(UsageError, match="no known format"):
        synthesis.write(table, tmp_path / "out.png")


@pytest.mark.parametrize(
    ("about", "match"), [({"count": 0}, "0 rows"), ({"count": 5, "temperature": -1.0}, "a temperature of -1")]
)
def test_what_is_not_possible_is_refused(people, about, match):
    with pytest.raises(UsageError, match=match):
        synthesis.rows(people, **about)


def test_a_model_of_what_is_normal_makes_rows_too_and_other_models_none(people, tmp_path):
    normal, _ = small_rows.model(tmp_path, wanted=Normality)
    assert synthesis.fits(normal.spec)
    assert len(synthesis.rows(normal, count=3).rows) == 3
    from dataclasses import replace

    import torch

    with pytest.raises(UsageError, match="makes no tables"):
        synthesis.rows(replace(people, network=torch.nn.Linear(1, 1)), count=1)
