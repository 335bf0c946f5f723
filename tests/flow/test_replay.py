"""A run that watched the clock is repeated without one, to the last bit; a plan that was changed is found out."""

import json
import time

import pytest

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import ArtefactError, ReproducibilityError, UsageError
from gnomon.core.events import Stepped
from gnomon.core.run import read_lines


@pytest.fixture(scope="module")
def hurried(cache, tmp_path_factory):
    """A run of six seconds that was held up for one of them, so that its plan had to be re-fitted."""
    held = []

    def hold_up(event):
        if isinstance(event, Stepped) and event.progress > 0.3 and not held:
            held.append(event.step)
            time.sleep(1.0)

    return api.train("digits", budget="6s", out=str(tmp_path_factory.mktemp("runs") / "hurried"), emit=hold_up)


def finish(path):
    return next(event for event in read_lines(path / "plan.jsonl") if event["event"] == "finish")


def test_the_run_was_refitted(hurried):
    refits = [event for event in read_lines(hurried.folder.plan) if event["event"] == "refit"]
    assert refits
    assert finish(hurried.path)["step"] == refits[-1]["steps"] != hurried.plan["steps"]


def test_a_replay_without_a_clock_gives_the_same_weights(hurried, tmp_path, capsys):
    assert main(["train", "--replay", str(hurried.path), "--out", str(tmp_path / "again"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["weights_sha256"] == finish(hurried.path)["weights_sha256"]
    again = api.load_run(tmp_path / "again")
    assert again.folder.weights.read_bytes() == hurried.folder.weights.read_bytes()
    assert again.evaluation["scores"] == hurried.evaluation["scores"]


def test_a_replay_of_a_replay_is_a_run_like_any_other(trained, tmp_path):
    once = api.train(replay=str(trained), out=str(tmp_path / "once"))
    twice = api.train(replay=str(once.path), out=str(tmp_path / "twice"))
    assert finish(twice.path)["weights_sha256"] == finish(trained)["weights_sha256"]


def changed_plan(copied, **facts):
    path = copied / "plan.jsonl"
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | facts), *rest]) + "\n")


def test_other_steps_in_the_plan_are_found_out(copied, tmp_path, capsys):
    changed_plan(copied, steps=59)
    assert main(["train", "--replay", str(copied), "--out", str(tmp_path / "again"), "--json"]) == 7
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 7
    assert "other weights" in told["error"]
    assert "env.json" in told["fix"]


def test_another_setting_in_the_configuration_is_found_out(copied, tmp_path):
    config = (copied / "run.toml").read_text()
    assert "shift_px = 1" in config
    (copied / "run.toml").write_text(config.replace("shift_px = 1", "shift_px = 0"))
    with pytest.raises(ReproducibilityError):
        api.train(replay=str(copied), out=str(tmp_path / "again"))


def test_a_run_that_is_not_finished_cannot_be_replayed(copied, tmp_path):
    lines = (copied / "plan.jsonl").read_text().splitlines()
    (copied / "plan.jsonl").write_text(lines[0] + "\n")
    with pytest.raises(UsageError, match="not finished") as caught:
        api.train(replay=str(copied), out=str(tmp_path / "again"))
    assert "gnomon resume" in caught.value.fix


def test_a_run_without_a_plan_cannot_be_replayed(copied, tmp_path):
    (copied / "plan.jsonl").unlink()
    with pytest.raises(ArtefactError, match="no plan"):
        api.train(replay=str(copied), out=str(tmp_path / "again"))
