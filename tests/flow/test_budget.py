"""What is promised of budgets: the wall time holds, counts are exact, and next to nothing still gives a model."""

import json
import math
import os
import signal
import time

import pytest

from gnomon import api
from gnomon.core.errors import StoppedError
from gnomon.core.events import Planned, Said, Stepped
from gnomon.core.run import read_lines

TRAIN = 1438
"""Training samples of digits."""


def events(run):
    return {event["event"]: event for event in read_lines(run.folder.plan)}


def train(out, budget, **more):
    return api.train(
        "digits", **{"family": "mlp", "settings": ("family.width=32",), **more}, budget=budget, out=str(out)
    )


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ("50steps", 50),
        ("2epochs", math.ceil(2 * TRAIN / 64)),
        ("0.1epochs", math.ceil(0.1 * TRAIN / 64)),
        ("5000samples", math.ceil(5000 / 64)),
        ("1e3 samples", 16),
        ("1 step", 1),
    ],
)
def test_counts_are_kept_exactly(cache, tmp_path, budget, steps):
    heard = []
    run = train(tmp_path / "run", budget, settings=("family.width=32", "train.batch_size=64"), emit=heard.append)
    assert events(run)["finish"]["step"] == run.plan["steps"] == steps
    assert run.plan["budget_s"] is None
    assert [event.step for event in heard if isinstance(event, Stepped)] == list(range(1, steps + 1))
    assert "refit" not in events(run)


def test_operations_are_counted(cache, tmp_path):
    """Forward two operations a weight, backward four, less the input's; on top of it what the optimizer computes."""
    settings = ("family.width=32", "family.depth=1", "train.batch_size=64")
    run = train(tmp_path / "run", "1e8flop", settings=settings)
    steps = events(run)["finish"]["step"]
    assert steps == run.plan["steps"]
    layers = 64 * (4 * 64 * 32 + 6 * 32 * 10)
    assert 1e8 / (10 * layers) < steps <= 1e8 / layers


def test_twice_the_operations_buy_twice_the_steps(cache, tmp_path):
    settings = ("family.width=32", "family.depth=1", "train.batch_size=64")
    one, two = (train(tmp_path / b, b, settings=settings).plan["steps"] for b in ("2e7flop", "4e7flop"))
    assert two in (2 * one, 2 * one + 1)


def test_the_learning_rate_lands_on_zero(trained):
    plan = next(read_lines(trained / "plan.jsonl"))
    rates = [record["lr"] for record in read_lines(trained / "metrics.jsonl") if record.get("split") == "train"]
    assert rates[0] == max(rates)
    # the record tells the rate of the step that was just made: the last one before zero
    assert rates[-1] == pytest.approx(rates[0] / plan["steps"])


def test_a_budget_too_small_for_one_step_gives_the_baseline_and_says_so(cache, tmp_path):
    heard = []
    run = train(tmp_path / "run", "3s", already_s=2.9, emit=heard.append)
    assert run.plan["steps"] == events(run)["finish"]["step"] == 0
    assert any(isinstance(e, Said) and e.level == "warning" and "too small for a single step" in e.text for e in heard)
    majority = next(b for b in run.evaluation["baselines"] if b["name"] == "majority class")
    assert run.scores["test"]["log_loss"]["value"] == pytest.approx(majority["scores"]["log_loss"]["value"], abs=0.01)
    assert run.folder.report.is_file()
    assert run.predict(["no such file"])[0]["error"]


def test_a_time_is_used_and_not_exceeded_by_more_than_the_reserve(cache, tmp_path):
    heard = []
    started_s = time.monotonic()
    run = train(tmp_path / "run", "5s", settings=("train.max_epochs=off",), emit=heard.append)
    took_s = time.monotonic() - started_s
    assert took_s < 5 + 2
    finish = events(run)["finish"]
    assert finish["step"] > 0
    last = [event for event in heard if isinstance(event, Stepped)][-1]
    assert (last.step, last.progress) == (last.steps, 1.0) == (finish["step"], 1.0)
    plan = next(event for event in heard if isinstance(event, Planned)).plan
    assert sum(plan["reserve_s"].values()) < 5


def test_small_data_stops_early_and_says_why(cache, tmp_path):
    run = train(tmp_path / "run", "60s", settings=("family.width=32", "train.max_epochs=2"))
    assert events(run)["finish"]["step"] == math.ceil(2 * TRAIN / run.plan["batch_size"])
    assert any("passes over it are enough" in line for line in run.plan["why"])
    assert events(run)["reported"]["elapsed_s"] < 30


@pytest.mark.slow
def test_from_pressing_return_to_the_report_within_the_budget(gnomon_process):
    """Measured from outside. Another program may take the processor for a while: so there is a second try."""
    for attempt in (1, 2):
        started_s = time.monotonic()
        done = gnomon_process("train", "digits", "--budget", "10s", "--out", f"run{attempt}", "--json")
        took_s = time.monotonic() - started_s
        assert done.returncode == 0, done.stderr
        if took_s <= 10 + max(0.02 * 10, 2.0):
            break
    result = json.loads(done.stdout)
    assert took_s <= 12.0
    assert result["elapsed_s"] <= took_s
    assert result["steps"] > 0
    assert result["budget_s"] == 10.0


def test_a_resumed_run_stands_beside_the_baselines_that_its_budget_has_time_for(cache, tmp_path):
    def stop(event):
        if isinstance(event, Stepped) and event.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError):
        train(tmp_path / "short", "4s", emit=stop)
    short = api.resume(str(tmp_path / "short"))
    assert [one["name"] for one in short.evaluation["baselines"]] == ["majority class"]
    with pytest.raises(StoppedError):
        train(tmp_path / "counted", "9steps", emit=stop)
    counted = api.resume(str(tmp_path / "counted"))
    assert [one["name"] for one in counted.evaluation["baselines"]] == ["majority class", "linear model (ridge)"]
