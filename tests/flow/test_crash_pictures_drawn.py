"""Models that draw: killed and resumed, or replayed, they give the very same weights, scores and samples."""

import hashlib
import random
import shutil

import pytest
from nursery import Nursery

from gnomon.core.run import RunFolder, read_json

STEPS = 24
SETTINGS = (
    "train.threads=1",
    "train.batch_size=8",
    "family.widths=[8]",
    "family.latents=[2,4]",
    "task.importance_samples=5",
    "train.average=0.1",
    "train.checkpoint_every_s=0.05",
)


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


KINDS = [
    pytest.param(("generate",), id="generate"),
    pytest.param(("anomaly", "--set", 'density.anomalous=["3"]'), id="anomaly", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=KINDS)
def task(request):
    return request.param


@pytest.fixture(scope="module")
def whole(gnomon, task, tmp_path_factory):
    """The run that nobody stopped; the first one also measures the machine."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert train(gnomon, task, run.path) == 0
    return run, gnomon.seconds


def train(gnomon, task, run, **request):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    return gnomon("train", "digits", "--task", *task, "--budget", f"{STEPS}steps", "--out", run, *sets, **request)


def weights(run):
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def test_killed_at_a_random_moment_it_resumes_to_the_same_bytes(gnomon, task, whole, tmp_path):
    wanted, usual_s = whole
    run = RunFolder(tmp_path / "run")
    code = train(gnomon, task, run.path, kill_after_s=usual_s * random.Random(4).uniform(0.4, 0.9))
    if not run.plan.exists():
        shutil.rmtree(run.path, ignore_errors=True)
        assert train(gnomon, task, run.path) == 0
    elif code == -9:
        assert gnomon("resume", run.path) in (0, 2)  # 2: it was killed after its report
    assert weights(run) == weights(wanted)
    assert read_json(run.evaluation)["scores"] == read_json(wanted.evaluation)["scores"]
    assert read_json(run.card)["held_out"] == read_json(wanted.card)["held_out"]


def test_stopped_by_a_signal_in_the_middle_it_goes_on(gnomon, task, whole, tmp_path):
    wanted, _ = whole
    run = RunFolder(tmp_path / "run")
    assert train(gnomon, task, run.path, at="gnomon.training.loop:train_step", count=12, signals=["SIGTERM"]) == 75
    assert gnomon("resume", run.path) == 0
    assert weights(run) == weights(wanted)


def test_a_replay_gives_the_same_weights(gnomon, task, whole, tmp_path):
    wanted, _ = whole
    assert gnomon("train", "--replay", wanted.path, "--out", tmp_path / "replayed") == 0
    assert weights(RunFolder(tmp_path / "replayed")) == weights(wanted)
