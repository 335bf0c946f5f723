import json

import numpy as np
import pytest
import small_rows

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Density, MixedRow, Normality
from gnomon.data import mixedprep
from gnomon.data.cells import Cells
from gnomon.data.densityprep import DensityConfig


def test_rows_are_places_and_codes_and_the_class_is_told(tmp_path):
    made, facts = small_rows.prepared(tmp_path)
    assert isinstance(made.spec.input, MixedRow)
    assert made.spec.input.names == ("age", "debt", "since", "city")
    assert made.spec.target.conditional
    assert sum(made.spec.target.shares) == pytest.approx(1.0)
    rows = np.asarray(made.splits["train"].inputs[0:300])
    assert rows.dtype == np.float32
    assert np.isnan(rows[:, 1]).sum() == 30
    assert json.loads(json.dumps(facts)) == facts
    told = " ".join(f"{guess.what} {guess.why}" for guess in made.guesses)
    assert "1 column is left out" in told and "id (" in told
    assert "the model is told the class, 'class'" in told


def test_what_was_fitted_makes_the_same_of_the_same(tmp_path):
    made, facts = small_rows.prepared(tmp_path)
    again, _ = small_rows.prepared(tmp_path, known=json.loads(json.dumps(facts)))
    assert again.spec == made.spec
    assert np.array_equal(again.splits["test"].inputs, made.splits["test"].inputs, equal_nan=True)


def test_a_class_that_is_not_told_is_a_column_like_others(tmp_path):
    made, facts = small_rows.prepared(tmp_path, density=DensityConfig(condition="off"))
    assert not made.spec.target.conditional
    assert made.spec.input.categories[-1] == ("class", 4)
    rows = np.asarray(made.splits["test"].inputs[0:80])
    assert np.array_equal(rows[:, -1] - 2, made.splits["test"].targets)
    table = mixedprep.decode(rows, made.splits["test"].targets, made.spec.target, facts, seed=0)
    assert table.column("class").to_pylist() == small_rows.table(80, seed=2).column("class").to_pylist()


def test_back_from_rows_the_table_is_as_it_was_without_what_is_left_out(tmp_path):
    made, facts = small_rows.prepared(tmp_path)
    split, given = made.splits["test"], small_rows.table(80, seed=2)
    inside = [k for k, age in enumerate(given.column("age").to_pylist())]
    table = mixedprep.decode(np.asarray(split.inputs[0:80]), split.targets, made.spec.target, facts, seed=0)
    assert table.column_names == ["age", "city", "debt", "since", "country", "class"]
    for name in ("age", "city", "class", "country"):
        assert table.column(name).take(inside).to_pylist() == given.column(name).take(inside).to_pylist()


def test_without_classes_nothing_is_told_and_nothing_can_be(tmp_path):
    made, _ = small_rows.prepared(tmp_path, labelled=False)
    assert made.spec.target == Density()
    with pytest.raises(UsageError, match="no classes to tell"):
        small_rows.prepared(tmp_path, labelled=False, density=DensityConfig(condition="on"))


def test_what_is_anomalous_is_kept_out_of_the_training(tmp_path):
    made, facts = small_rows.prepared(tmp_path, wanted=Normality, density=DensityConfig(anomalous=("rich",)))
    assert made.spec.target.normal == ("poor",)
    assert facts["normal"] == ["poor"]
    assert set(made.splits["train"].targets.tolist()) == {0}
    assert set(made.splits["test"].targets.tolist()) == {0, 1}
    with pytest.raises(UsageError, match="which is no class"):
        small_rows.prepared(tmp_path, wanted=Normality, density=DensityConfig(anomalous=("ric",)))


def test_numbers_are_not_binarised(tmp_path):
    with pytest.raises(UsageError, match="not binarised"):
        small_rows.prepared(tmp_path, density=DensityConfig(binarize="dynamic"))


def test_a_table_without_anything_to_learn_is_refused(tmp_path):
    given = small_rows.dataset(labelled=False)
    splits = {
        name: small_rows.split_of(small_rows.table(30).select(["id", "country", "class"]), name)
        for name in given.splits
    }
    kept = [column for column in given.spec.input.columns if column.name in ("id", "country")]
    from dataclasses import replace

    from gnomon.core.spec import Table
    from gnomon.data.tableprep import TableConfig

    poor = replace(given, splits=splits, spec=replace(given.spec, input=Table(columns=tuple(kept))))
    with pytest.raises(DataError, match="no column is left to learn"):
        mixedprep.prepare(poor, TableConfig(), DensityConfig(), Density, cache_dir=tmp_path)


def test_classes_are_found_by_name(tmp_path):
    made, facts = small_rows.prepared(tmp_path)
    given = small_rows.table(20, seed=5)
    wanted = [("poor", "rich").index(text) for text in given.column("class").to_pylist()]
    assert mixedprep.classes_in(Cells(given), made.spec.target, facts).tolist() == wanted
    assert mixedprep.classes_in(Cells(given.drop_columns(["class"])), made.spec.target, facts).tolist() == [-1] * 20
