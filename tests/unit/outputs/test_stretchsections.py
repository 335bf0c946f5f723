"""Models of series in the report."""

import json

import pytest
from small_stretches import dataset, model, split

from gnomon.core.run import RunFolder
from gnomon.core.spec import Normality
from gnomon.outputs import seriesportrait, stretchmeasures, stretchsections
from gnomon.outputs.record import read_record


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run, known = RunFolder(tmp_path_factory.mktemp("run")), model()
    run.config.write_text('[run]\ntask = "anomaly"\n')
    seriesportrait.write(known, dataset(Normality()), run, seed=0)
    found = stretchmeasures.measured(known, split(120))
    scores = {"nll_per_value": {"value": 0.1, "low": 0.0, "high": 0.2, "n": 10}}
    run.evaluation.write_text(
        json.dumps({"headline": "nll_per_value", "scores": {"test": scores}, "details": {"test": found}})
    )
    return run


def test_drawn_and_real_stretches_stand_beside_each_other(run):
    found = stretchsections.stretches(read_record(run))
    assert [channel["name"] for channel in found["channels"]] == ["load", "wind"]
    assert len(found["channels"][0]["drawn"]) == len(found["channels"][0]["real"]) == seriesportrait.SHOWN
    assert all(chart[name] for chart in found["charts"] for name in ("margins", "following", "swinging"))
    assert found["beside"][0]["name"] == "load"


def test_strange_stretches_are_drawn_with_their_times(run):
    found = stretchsections.oddities(read_record(run))
    assert found["over_time"]["svg"]
    assert found["rows"][0]["span"].startswith("1970-01-0")
    assert all(row["svg"] for row in found["rows"])


def test_without_portrait_and_evaluation_there_is_nothing_to_tell(tmp_path):
    (tmp_path / "run.toml").write_text('[run]\ntask = "anomaly"\n')
    record = read_record(RunFolder(tmp_path))
    assert stretchsections.stretches(record) == {}
    assert stretchsections.oddities(record) == {}


def test_a_torn_portrait_is_named(run, tmp_path):
    (tmp_path / "run.toml").write_text('[run]\ntask = "anomaly"\n')
    torn = RunFolder(tmp_path)
    torn.portrait.mkdir()
    torn.portrait_facts.write_text("{")
    record = read_record(torn)
    assert stretchsections.stretches(record) == {}
    assert "not complete" in record.gaps["portrait"]
