"""Models of how probable a series is: killed and resumed, or replayed, they give the very same weights and scores."""

import hashlib
import math
import random
import shutil
from datetime import datetime, timedelta

import pytest
from nursery import Nursery

from gnomon.core.run import RunFolder, read_json

STEPS = 24
SETTINGS = (
    "train.threads=1",
    "train.batch_size=8",
    "family.widths=[8]",
    "family.components=6",
    "train.average=0.1",
    "train.checkpoint_every_s=0.05",
)


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Hours of a series with a season of a day."""
    draw, lines = random.Random(0), ["time,load,wind"]
    for hour in range(600):
        season = math.sin(2 * math.pi * hour / 24)
        time = datetime(2026, 1, 1) + timedelta(hours=hour)
        lines.append(f"{time},{10 + 3 * season + draw.gauss(0, 0.2):.3f},{5 - season + draw.gauss(0, 0.2):.3f}")
    path = tmp_path_factory.mktemp("data") / "sensors.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def whole(gnomon, table, tmp_path_factory):
    """The run that nobody stopped; the first one also measures the machine."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert train(gnomon, table, run.path) == 0
    return run, gnomon.seconds


def train(gnomon, table, run, **request):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    words = ("train", table, "--task", "anomaly", "--budget", f"{STEPS}steps", "--out", run, *sets)
    return gnomon(*words, **request)


def weights(run):
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def test_killed_at_a_random_moment_it_resumes_to_the_same_bytes(gnomon, table, whole, tmp_path):
    wanted, usual_s = whole
    run = RunFolder(tmp_path / "run")
    code = train(gnomon, table, run.path, kill_after_s=usual_s * random.Random(4).uniform(0.4, 0.9))
    if not run.plan.exists():
        shutil.rmtree(run.path, ignore_errors=True)
        assert train(gnomon, table, run.path) == 0
    elif code == -9:
        assert gnomon("resume", run.path) in (0, 2)  # 2: it was killed after its report
    assert weights(run) == weights(wanted)
    assert read_json(run.evaluation)["scores"] == read_json(wanted.evaluation)["scores"]
    assert read_json(run.evaluation)["details"] == read_json(wanted.evaluation)["details"]
    assert read_json(run.card)["held_out"] == read_json(wanted.card)["held_out"]
    assert run.portrait_facts.read_bytes() == wanted.portrait_facts.read_bytes()


def test_stopped_by_a_signal_in_the_middle_it_goes_on(gnomon, table, whole, tmp_path):
    wanted, _ = whole
    run = RunFolder(tmp_path / "run")
    stopped = {"at": "gnomon.training.loop:train_step", "count": 12, "signals": ["SIGTERM"]}
    assert train(gnomon, table, run.path, **stopped) == 75
    assert gnomon("resume", run.path) == 0
    assert weights(run) == weights(wanted)


def test_a_replay_gives_the_same_weights(gnomon, whole, tmp_path):
    wanted, _ = whole
    assert gnomon("train", "--replay", wanted.path, "--out", tmp_path / "replayed") == 0
    assert weights(RunFolder(tmp_path / "replayed")) == weights(wanted)


def test_rows_are_answered_and_stretches_are_drawn(gnomon, table, whole, tmp_path):
    wanted, _ = whole
    assert gnomon("predict", wanted.path, table, "-o", tmp_path / "scores.csv") == 0
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 601
    for name in ("one", "two"):
        assert gnomon("generate", wanted.path, "--count", "3", "--seed", "7", "-o", tmp_path / f"{name}.csv") == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert gnomon("generate", wanted.path, "--count", "3", "-o", tmp_path / "three.png") == 2
    assert gnomon("evaluate", wanted.path, table) == 0
