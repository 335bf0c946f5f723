import pytest

from gnomon.core.events import Said
from gnomon.core.run import read_json
from gnomon.sitting import carrying, planning
from gnomon.training.budget import parse_budget


def test_without_a_step_the_model_answers_as_the_baseline_does(sitting, made):
    heard = []
    sitting.emit = heard.append
    sitting.budget = parse_budget("1s")
    log = planning.make_plan(sitting, made)
    assert log.plan["steps"] == 0
    result = carrying.carry_out(sitting, made, log)
    assert any("too small for a single step" in event.text for event in heard if isinstance(event, Said))
    assert result["steps"] == 0
    majority = next(b for b in sitting.baselines if "frequent" in b["name"] or "majority" in b["name"])
    accuracy = result["scores"]["test"]["accuracy"]["value"]
    assert accuracy == pytest.approx(majority["scores"]["accuracy"]["value"])
    assert read_json(sitting.run.evaluation)["scores"]["test"]["accuracy"]["value"] == accuracy


def test_a_few_steps_end_in_a_model_and_a_report(sitting, made):
    sitting.budget = parse_budget("3steps")
    log = planning.make_plan(sitting, made)
    result = carrying.carry_out(sitting, made, log)
    assert result["steps"] == 3
    assert sitting.run.weights.is_file()
    assert sitting.run.report.is_file()
    assert [event["event"] for event in log.events] == ["finish", "reported"]
