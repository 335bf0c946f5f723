from gnomon.core.run import read_lines
from gnomon.sitting import planning
from gnomon.sitting.records import log_of
from gnomon.training.budget import parse_budget


def test_a_plan_in_steps_counts_them_and_one_in_time_keeps_seconds_back(sitting, made):
    log = planning.make_plan(sitting, made)
    assert log.plan["steps"] == 60
    assert sitting.baselines is not None
    sitting.budget = parse_budget("20s")
    plan = planning.make_plan(sitting, made).plan
    assert plan["budget_s"] == 20.0
    assert plan["reserve_s"].keys() == {"evaluate", "report"}
    assert plan["expected_finish_s"] <= 20.0
    assert log_of(sitting.run).plan == next(read_lines(sitting.run.plan))


def test_a_short_budget_measures_only_the_trivial_models(sitting, made):
    sitting.budget = parse_budget("5s")
    planning.measure_baselines(sitting, made)
    short = [found["name"] for found in sitting.baselines]
    sitting.budget = parse_budget("5m")
    planning.measure_baselines(sitting, made)
    assert len(short) < len(sitting.baselines)
    assert short == [found["name"] for found in sitting.baselines][: len(short)]
