import json
from dataclasses import replace

import numpy as np
import pytest
import small_rows

from gnomon.core.run import RunFolder
from gnomon.core.spec import Normality
from gnomon.data.densityprep import DensityConfig
from gnomon.outputs import rowportrait
from gnomon.outputs.rowfidelity import Effort

EFFORT = Effort(rows=80, rounds=3)
TOLD = [{"index": 3, "id": "test.csv#4", "score": 9.0, "p_value": 0.1}]


def written(tmp_path, **about):
    model, dataset = small_rows.model(tmp_path, **about)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    found = rowportrait.write(model, dataset, run, details={"strangest": TOLD}, effort=EFFORT, seed=0)
    assert json.loads(run.fidelity.read_text()) == json.loads(json.dumps(found))
    return found, model, dataset


@pytest.mark.parametrize("condition", ["auto", "off"])
def test_rows_stand_beside_real_ones_and_those_of_simpler_models(tmp_path, condition):
    found, *_ = written(tmp_path, density=DensityConfig(condition=condition))
    assert list(found["beside"]) == ["this model", "Gaussian copula", "column by column", "other real rows"]
    assert found["label"] == "class"
    assert {"marginal_distance", "synthetic_accuracy", "detection_auroc", "copies"} <= found["beside"][
        "this model"
    ].keys()
    assert "copies" not in found["beside"]["other real rows"]
    assert [column["name"] for column in found["columns"]] == ["age", "debt", "since", "city", "class"]
    assert np.array(found["associations"]["real"]).shape == (5, 5)
    assert len(found["rows"]) == 8
    assert set(found["rows"][0]) == {"age", "city", "debt", "since", "country", "class"}
    (row,) = found["strangest"]
    assert row["id"] == "test.csv#4"


def test_without_classes_no_classifier_is_trained_on_them(tmp_path):
    found, *_ = written(tmp_path, labelled=False)
    assert found["label"] == ""
    assert "synthetic_accuracy" not in found["beside"]["this model"]


def test_the_cell_that_breaks_the_rules_is_named(tmp_path):
    model, dataset = small_rows.model(tmp_path)
    split = dataset.splits["test"]
    split.inputs[3, 0] = 5000.0
    (row,) = rowportrait.strangest(model, split, TOLD)
    assert row["cells"][0]["name"] == "age"
    assert row["cells"][0]["nats"] > 50


def test_of_what_is_normal_only_what_is_strange_is_told(tmp_path):
    found, *_ = written(tmp_path, wanted=Normality)
    assert "beside" not in found
    assert len(found["strangest"]) == 1


def test_more_time_buys_more():
    assert rowportrait.effort_for(None) == rowportrait.effort_for(10.0) == rowportrait.QUICK
    assert rowportrait.effort_for(60.0) == rowportrait.USUAL


def test_wide_tables_take_longer_and_hide_no_cells(tmp_path, monkeypatch):
    model, dataset = small_rows.model(tmp_path)
    usual = rowportrait.seconds_for(rowportrait.USUAL, model.spec)
    wide = replace(model.spec.input, categories=tuple((f"c{k}", 3) for k in range(60)), never=())
    assert rowportrait.seconds_for(rowportrait.USUAL, replace(model.spec, input=wide)) > 4 * usual
    rows = np.asarray(dataset.splits["test"].inputs[0:5])
    hidden = rowportrait.alone(model, rows)
    monkeypatch.setattr(rowportrait, "_MOST_HIDDEN", 2)
    assert hidden.shape == rowportrait.alone(model, rows).shape == (5, 4)
