"""Models of a table's rows: killed and resumed, or replayed, they give the very same weights, scores and rows."""

import hashlib
import random
import shutil

import numpy as np
import pytest
from nursery import Nursery

from gnomon.core.run import RunFolder, read_json

STEPS = 24
SETTINGS = (
    "train.threads=1",
    "train.batch_size=16",
    "family.widths=[8]",
    "family.latents=[2]",
    "family.components=5",
    "task.importance_samples=5",
    "train.average=0.1",
    "train.checkpoint_every_s=0.05",
)


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    draw = np.random.default_rng(3)
    rows = ["size,colour,built,class"]
    for k in range(400):
        size, colour = draw.normal(100, 30), draw.choice(["red", "blue", "NA"])
        kind = "odd" if k % 20 == 0 else "usual"
        rows.append(f"{size:.2f},{colour},20{k % 24:02}-0{1 + k % 9}-11,{kind}")
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


KINDS = [
    pytest.param(("generate",), id="generate"),
    pytest.param(("anomaly", "--set", 'density.anomalous=["odd"]'), id="anomaly", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=KINDS)
def task(request):
    return request.param


def train(gnomon, data, task, run, **request):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    return gnomon("train", data, "--task", *task, "--budget", f"{STEPS}steps", "--out", run, *sets, **request)


@pytest.fixture(scope="module")
def whole(gnomon, data, task, tmp_path_factory):
    """The run that nobody stopped; the first one also measures the machine."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert train(gnomon, data, task, run.path) == 0
    return run, gnomon.seconds


def weights(run):
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def test_killed_at_a_random_moment_it_resumes_to_the_same_bytes(gnomon, data, task, whole, tmp_path):
    wanted, usual_s = whole
    run = RunFolder(tmp_path / "run")
    code = train(gnomon, data, task, run.path, kill_after_s=usual_s * random.Random(4).uniform(0.4, 0.9))
    if not run.plan.exists():
        shutil.rmtree(run.path, ignore_errors=True)
        assert train(gnomon, data, task, run.path) == 0
    elif code == -9:
        assert gnomon("resume", run.path) in (0, 2)  # 2: it was killed after its report
    assert weights(run) == weights(wanted)
    assert read_json(run.evaluation)["scores"] == read_json(wanted.evaluation)["scores"]
    assert read_json(run.card)["held_out"] == read_json(wanted.card)["held_out"]
    assert read_json(run.fidelity) == read_json(wanted.fidelity)


def test_stopped_by_a_signal_in_the_middle_it_goes_on(gnomon, data, task, whole, tmp_path):
    wanted, _ = whole
    run = RunFolder(tmp_path / "run")
    code = train(gnomon, data, task, run.path, at="gnomon.training.loop:train_step", count=12, signals=["SIGTERM"])
    assert code == 75
    assert gnomon("resume", run.path) == 0
    assert weights(run) == weights(wanted)


def test_a_replay_gives_the_same_weights(gnomon, task, whole, tmp_path):
    wanted, _ = whole
    assert gnomon("train", "--replay", wanted.path, "--out", tmp_path / "replayed") == 0
    assert weights(RunFolder(tmp_path / "replayed")) == weights(wanted)
