"""Texts, series and trees too: killed and resumed, or replayed, they give the very same weights as undisturbed."""

import hashlib
import random
import shutil

import numpy as np
import pytest
import small_sounds
from nursery import Nursery

from gnomon.core.run import RunFolder, read_json, read_lines

WORDS = ("the", "sun", "dial", "casts", "a", "shadow", "and", "tells", "time", "of", "day", "by", "its", "length")
STEPS = 24
SETTINGS = (
    "train.threads=1",
    "train.batch_size=8",
    "family.width=16",
    "train.average=0.1",
    "train.checkpoint_every_s=0.05",
)


def sentence(draw):
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(3, 12)))


def running_text(folder):
    draw = random.Random(1)
    (folder / "book.txt").write_text("\n".join(sentence(draw) for _ in range(400)))
    return folder / "book.txt"


def labelled_texts(folder):
    draw = random.Random(2)
    rows = ["text,label"]
    for n in range(200):
        label = ("light", "dark")[n % 2]
        rows.append(f"{sentence(draw)} {('sun', 'shadow')[n % 2]} {sentence(draw)},{label}")
    (folder / "texts.csv").write_text("\n".join(rows))
    return folder / "texts.csv"


def series(folder):
    draw = np.random.default_rng(3)
    rows = ["time,load"]
    for hour in range(700):
        value = 5 + np.sin(2 * np.pi * hour / 24) + draw.normal(0, 0.1)
        rows.append(f"2026-{1 + hour // 672:02d}-{1 + hour % 672 // 24:02d} {hour % 24:02d}:00,{value:.4f}")
    (folder / "load.csv").write_text("\n".join(rows))
    return folder / "load.csv"


def recordings(folder):
    return small_sounds.folder(folder / "tones", per_class=40, seconds=0.1)


def trees(folder):
    draw = random.Random(4)
    lines = [f"({n % 2} (0 {draw.choice(WORDS)}) ({n % 2} (1 {('sun', 'moon')[n % 2]}) (0 .)))" for n in range(200)]
    (folder / "trees.txt").write_text("\n".join(lines))
    return folder / "trees.txt"


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


KINDS = [
    pytest.param(running_text, id="text"),
    pytest.param(labelled_texts, id="labelled texts", marks=pytest.mark.slow),
    pytest.param(series, id="series"),
    pytest.param(recordings, id="recordings", marks=pytest.mark.slow),
    pytest.param(trees, id="trees"),
]


@pytest.fixture(scope="module", params=KINDS)
def data(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(gnomon, data, tmp_path_factory):
    """The run that nobody stopped; the first one also measures the machine."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert train(gnomon, data, run.path) == 0
    return run, gnomon.seconds


def train(gnomon, data, run, **request):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    family = "rnn"
    if data.name.startswith("trees"):  # two networks, one after the other: it is killed in the turns of both
        family, sets = "tree", [*sets, "--set", "train.ensemble=2"]
    return gnomon("train", data, "--family", family, "--budget", f"{STEPS}steps", "--out", run, *sets, **request)


def weights(run):
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def records(run):
    kept = ("step", "progress", "split", "loss", "lr", "event", "text")
    return [tuple(record.get(name) for name in kept) for record in read_lines(run.metrics)]


def test_killed_at_random_moments_it_resumes_to_the_same_bytes(gnomon, data, whole, tmp_path):
    wanted, usual_s = whole
    draw = random.Random(4)
    killed = 0
    for attempt in range(2):
        run = RunFolder(tmp_path / f"run{attempt}")
        code = train(gnomon, data, run.path, kill_after_s=usual_s * draw.uniform(0.3, 0.95))
        killed += code == -9
        if not run.plan.exists():
            shutil.rmtree(run.path, ignore_errors=True)
            assert train(gnomon, data, run.path) == 0
        elif code == -9:
            assert gnomon("resume", run.path) in (0, 2)  # 2: it was killed after its report
        assert weights(run) == weights(wanted)
        assert read_json(run.evaluation)["scores"] == read_json(wanted.evaluation)["scores"]
        assert records(run) == records(wanted)
    assert killed >= 1


def test_stopped_by_a_signal_in_the_middle_it_goes_on(gnomon, data, whole, tmp_path):
    wanted, _ = whole
    run = RunFolder(tmp_path / "run")
    assert train(gnomon, data, run.path, at="gnomon.training.loop:train_step", count=12, signals=["SIGTERM"]) == 75
    assert gnomon("resume", run.path) == 0
    assert weights(run) == weights(wanted)


def test_a_replay_gives_the_same_weights(gnomon, data, whole, tmp_path):
    wanted, _ = whole
    assert gnomon("train", "--replay", wanted.path, "--out", tmp_path / "replayed") == 0
    assert weights(RunFolder(tmp_path / "replayed")) == weights(wanted)
