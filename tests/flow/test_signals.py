"""Stopped, killed off, crowded out: what was saved goes on, within what is left of the budget, on the same data."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_data

from gnomon import api
from gnomon.cli import main
from gnomon.core import faults
from gnomon.core.errors import DataError, ResourceError, StoppedError, UsageError
from gnomon.core.events import Said, Stepped
from gnomon.core.lock import RunLock
from gnomon.core.run import RunFolder, list_runs, read_lines

SMALL = {"family": "mlp", "settings": ("family.width=32", "train.max_epochs=off")}


def stopping_at(step, number=signal.SIGTERM):
    """Return a watcher that sends this process a signal when a step is made."""

    def watch(event):
        if isinstance(event, Stepped) and event.step == step:
            os.kill(os.getpid(), number)

    return watch


def stopped(out, source="digits", budget="60steps", at=25, **more):
    with pytest.raises(StoppedError) as caught:
        api.train(source, budget=budget, out=str(out), emit=stopping_at(at), **{**SMALL, **more})
    assert caught.value.exit_code == 75
    assert caught.value.fix == f"gnomon resume {out}"
    return Path(out)


def events(path):
    return list(read_lines(path / "plan.jsonl"))


@pytest.fixture
def number(request):
    """A signal that this process does not ignore: a shell starts what runs in the background with SIGINT ignored."""
    before = signal.signal(request.param, signal.SIG_DFL)
    yield request.param
    signal.signal(request.param, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], indirect=True)
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(cache, tmp_path, number):
    whole = api.train("digits", budget="60steps", out=str(tmp_path / "whole"), **SMALL)
    with pytest.raises(StoppedError, match="step 25 of 60"):
        api.train("digits", budget="60steps", out=str(tmp_path / "cut"), emit=stopping_at(25, number), **SMALL)
    assert list_runs(tmp_path)[0 if list_runs(tmp_path)[0]["name"] == "cut" else 1]["state"] == "stopped"
    run = api.resume(str(tmp_path / "cut"))
    assert run.folder.weights.read_bytes() == whole.folder.weights.read_bytes()
    assert run.scores == whole.scores
    assert {record["state"] for record in list_runs(tmp_path)} == {"finished"}


def test_a_process_that_is_told_to_end_saves_and_says_75(cache, tmp_path):
    words = ["train", "digits", "--budget", "1e6steps", "--family", "mlp", "--set", "family.width=32", "--out", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon", *words, "--json"],
        cwd=tmp_path,
        env={**os.environ, "GNOMON_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline_s = time.monotonic() + 120
        while not (tmp_path / "run" / "metrics.jsonl").exists() and time.monotonic() < deadline_s:
            assert process.poll() is None, process.communicate()
            # the first record of a million steps comes after five thousand: the plan and a checkpoint are enough
            if list(tmp_path.glob("run/checkpoints/step-*")):
                time.sleep(0.3)
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 75, err
    told = json.loads(out)
    assert told["exit_code"] == 75
    assert told["fix"] == "gnomon resume run"
    assert "Traceback" not in err
    assert list_runs(tmp_path)[0]["state"] == "stopped"


def test_resume_finishes_within_what_is_left_of_the_budget(cache, tmp_path):
    path = stopped(tmp_path / "run", budget="5s", at=10)
    used_s = max(event.get("elapsed_s", 0.0) for event in read_lines(path / "metrics.jsonl"))
    time.sleep(1.0)  # time between sittings is not counted
    started_s = time.monotonic()
    api.resume(str(path))
    took_s = time.monotonic() - started_s
    assert took_s < 5 - used_s + 2
    finish = next(event for event in events(path) if event["event"] == "finish")
    assert finish["step"] > 10
    assert used_s < finish["elapsed_s"] < 5 + 2


def test_a_new_allotment_counts_from_now_and_is_remembered(cache, tmp_path):
    path = stopped(tmp_path / "run", budget="3s", at=5)
    with pytest.raises(StoppedError):
        api.resume(str(path), budget="6s", emit=stopping_at(10))
    granted = [event for event in events(path) if event["event"] == "resume"]
    assert granted[0]["at_step"] == 5
    assert granted[0]["budget_s"] - granted[0]["elapsed_s"] == pytest.approx(6.0, abs=0.2)
    api.resume(str(path), emit=stopping_at(-1))
    again = [event for event in events(path) if event["event"] == "resume"][1]
    assert again["budget_s"] == granted[0]["budget_s"]
    finish = next(event for event in events(path) if event["event"] == "finish")
    assert 3 < finish["elapsed_s"] < granted[0]["budget_s"] + 2


def test_a_count_cannot_be_extended_by_time(cache, tmp_path):
    path = stopped(tmp_path / "run")
    with pytest.raises(UsageError, match="counts its budget in steps"):
        api.resume(str(path), budget="5m")


def test_a_finished_run_has_nothing_to_resume(trained, capsys):
    assert main(["resume", str(trained), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert "finished" in told["error"]
    assert "--budget" in told["fix"]


def test_two_trainers_do_not_share_a_folder(cache, tmp_path, capsys):
    path = stopped(tmp_path / "run")
    with RunLock(RunFolder(path)):
        assert list_runs(tmp_path)[0]["state"] == "running"
        assert main(["resume", str(path), "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert f"in use by process {os.getpid()}" in told["error"]
    assert str(os.getpid()) in told["fix"]
    assert api.resume(str(path)).folder.report.is_file()


def test_the_lock_of_a_dead_trainer_is_taken_over_and_said_so(cache, tmp_path):
    path = stopped(tmp_path / "run")
    with RunLock(RunFolder(path)):
        held = json.loads((path / "lock.json").read_text())
    (path / "lock.json").write_text(json.dumps(held | {"born": "long ago"}))
    heard = []
    api.resume(str(path), emit=heard.append)
    assert any("taking over" in event.text for event in heard if isinstance(event, Said))
    assert not (path / "lock.json").exists()


@pytest.fixture
def photos(cache, tmp_path):
    return small_data.class_folder(tmp_path / "photos", per_class=20)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda folder: small_data.draw("cross", 999).save(folder / "cross" / "new.png"), "1 added: cross/new.png"),
        (lambda folder: (folder / "cross" / "4.png").unlink(), "1 removed: cross/4.png"),
        (lambda folder: small_data.draw("cross", 998).save(folder / "cross" / "6.png"), "1 edited: cross/6.png"),
    ],
)
def test_data_that_changed_is_refused_or_accepted(photos, tmp_path, capsys, change, what):
    path = stopped(tmp_path / "run", source=str(photos))
    change(photos)
    assert main(["resume", str(path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert what in told["error"]
    assert "--accept-changed-data" in told["fix"]
    assert main(["resume", str(path), "--accept-changed-data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 60


def test_a_class_that_came_up_is_refused_in_any_case(photos, tmp_path):
    path = stopped(tmp_path / "run", source=str(photos))
    shutil.copytree(photos / "cross", photos / "star")
    with pytest.raises(DataError, match="classes changed"):
        api.resume(str(path), accept_changed_data=True)


def test_the_same_data_touched_is_the_same_data(photos, tmp_path):
    path = stopped(tmp_path / "run", source=str(photos))
    for file in photos.rglob("*.png"):
        file.touch()
    assert api.resume(str(path)).folder.report.is_file()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_full_disk_is_told_without_a_traceback_and_the_run_goes_on_later(cache, tmp_path, monkeypatch, n):
    path = stopped(tmp_path / "run")
    monkeypatch.setattr(faults, "_armed", None)  # this process has passed fault points before
    monkeypatch.setenv("GNOMON_FAULT", f"write:{n}:enospc")
    with pytest.raises(ResourceError) as caught:
        api.resume(str(path))
    assert caught.value.exit_code == 4
    assert "No space left on device" in str(caught.value)
    monkeypatch.delenv("GNOMON_FAULT")
    assert api.resume(str(path)).folder.report.is_file()


def test_a_checkpoint_for_which_there_is_no_space_ends_with_4(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(faults, "_armed", None)  # this process has passed fault points before
    monkeypatch.setenv("GNOMON_FAULT", "write:8:enospc")
    words = ["train", "digits", "--budget", "30steps", "--family", "mlp", "--set", "family.width=32", "--out", "run"]
    assert main([*words, "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 4
    assert told["path"].startswith("run/checkpoints/step-000000/")
    assert "No space left on device" in told["error"]
    assert told["fix"]
    monkeypatch.delenv("GNOMON_FAULT")
    assert main(["resume", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 30
