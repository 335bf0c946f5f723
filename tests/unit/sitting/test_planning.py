import pytest
import torch

from gnomon.core.run import read_lines
from gnomon.sitting import planning
from gnomon.sitting.records import log_of
from gnomon.training.budget import parse_budget
from gnomon.training.planner import Counted


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


def test_looks_lie_along_the_first_network_and_after_the_others():
    counted = Counted(steps=120, num_looks=4, networks=3)
    along = [0.0833, 0.1667, 0.25, 0.3333]
    assert planning._eval_at(counted, valid_too=False) == [*along, 0.6667, 1.0]
    assert planning._eval_at(counted, valid_too=True) == along
    assert planning._eval_at(Counted(steps=120, num_looks=4), valid_too=False) == [0.25, 0.5, 0.75, 1.0]


def test_a_short_budget_measures_only_the_trivial_models(sitting, made):
    sitting.budget = parse_budget("5s")
    planning.measure_baselines(sitting, made)
    short = [found["name"] for found in sitting.baselines]
    sitting.budget = parse_budget("5m")
    planning.measure_baselines(sitting, made)
    assert len(short) < len(sitting.baselines)
    assert short == [found["name"] for found in sitting.baselines][: len(short)]


def test_the_more_a_network_weighs_the_longer_it_takes_to_save(sitting, made, monkeypatch):
    sitting.budget = parse_budget("20s")
    plain = planning._saving_s(made)
    assert plain > 0
    made.network.register_buffer("ballast", torch.zeros(25_000_000))
    assert planning._saving_s(made) == pytest.approx(plain + 1.0)  # 100 MB
    monkeypatch.setattr(planning, "_saving_s", lambda _: 3.0)
    kept = planning.make_plan(sitting, made).plan["reserve_s"]["evaluate"]
    assert kept > 3.0
