"""Tables: from a file to answers beside its rows; killed and resumed it gives the very same weights."""

import csv
import hashlib
import random

import numpy as np
import pytest
from nursery import Nursery

from gnomon.core.run import RunFolder, read_json

STEPS = 24
SETTINGS = ("train.threads=1", "train.batch_size=16", "train.checkpoint_every_s=0.05")


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    draw = np.random.default_rng(3)
    rows = ["size,colour,built,price"]
    for k in range(400):
        size, colour = draw.normal(100, 30), draw.choice(["red", "blue", "NA"])
        rows.append(f"{size:.2f},{colour},20{k % 24:02}-0{1 + k % 9}-11,{3 * size + 50 * (colour == 'red'):.1f}")
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def train(gnomon, data, run, **request):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    return gnomon("train", data, "--target", "price", "--budget", f"{STEPS}steps", "--out", run, *sets, **request)


@pytest.fixture(scope="module")
def whole(gnomon, data, tmp_path_factory):
    """The run that nobody stopped; the first one also measures the machine."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert train(gnomon, data, run.path) == 0
    return run, gnomon.seconds


def weights(run):
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def test_killed_at_a_random_moment_it_resumes_to_the_same_bytes(gnomon, data, whole, tmp_path):
    wanted, usual_s = whole
    run = RunFolder(tmp_path / "run")
    code = train(gnomon, data, run.path, kill_after_s=usual_s * random.Random(5).uniform(0.5, 0.8))
    if code == -9 and run.plan.exists():
        assert gnomon("resume", run.path) in (0, 2)  # 2: it was killed after its report
        assert weights(run) == weights(wanted)
        assert read_json(run.evaluation)["scores"] == read_json(wanted.evaluation)["scores"]


def test_stopped_by_a_signal_in_the_middle_it_goes_on(gnomon, data, whole, tmp_path):
    wanted, _ = whole
    run = RunFolder(tmp_path / "run")
    assert train(gnomon, data, run.path, at="gnomon.training.loop:train_step", count=12, signals=["SIGTERM"]) == 75
    assert gnomon("resume", run.path) == 0
    assert weights(run) == weights(wanted)


def test_answers_stand_beside_the_rows_and_the_report_tells_of_the_columns(gnomon, data, whole, tmp_path):
    run, _ = whole
    assert gnomon("predict", run.path, data, "-o", tmp_path / "out.csv") == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 400
    assert list(rows[0]) == ["size", "colour", "built", "price", "price_predicted", "price_low", "price_high"]
    assert gnomon("evaluate", run.path, data) == 0
    page = run.report.read_text()
    assert 'id="importance"' in page
    assert 'id="residuals"' in page
