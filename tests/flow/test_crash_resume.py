"""Kill it at any moment: the resumed run gives the very same weights as one that was never stopped."""

import hashlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nursery import Nursery

from gnomon.core.events import silent
from gnomon.core.run import RunFolder, read_json, read_lines
from gnomon.training import checkpoint

STEPS = 120
SETTINGS = {
    "family.width": 32,
    "train.threads": 1,
    "train.batch_size": 64,
    "train.average": 0.1,
    "train.checkpoint_every_s": 0.05,
}
TRAIN_STEP = "gnomon.training.loop:train_step"


class Digits(Nursery):
    """Trains a small network on digits."""

    def train(self, run: Path, steps: int = STEPS, **request: Any) -> int:
        """Train a small network on digits."""
        sets = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
        budget = ("--budget", f"{steps}steps")
        return self("train", "digits", "--family", "mlp", *budget, "--out", run, *sets, **request)

    def resume(self, run: Path, **request: Any) -> int:
        """Go on with a run; train it anew where it was killed before its plan was written."""
        if not RunFolder(run).plan.exists():
            shutil.rmtree(run, ignore_errors=True)
            return self.train(run, **request)
        return self("resume", run, **request)


@pytest.fixture(scope="module")
def gnomon(tmp_path_factory) -> Iterator[Digits]:
    nursery = Digits(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def whole(gnomon, tmp_path_factory) -> RunFolder:
    """The run that nobody stopped. It is made twice: the first also measures the machine and decodes the data."""
    for name in ("first", "whole"):
        run = RunFolder(tmp_path_factory.mktemp("runs") / name)
        assert gnomon.train(run.path) == 0
    return run


@pytest.fixture(scope="module")
def usual_s(gnomon, whole, tmp_path_factory) -> float:
    """Seconds that an undisturbed training takes here and now."""
    assert gnomon.train(tmp_path_factory.mktemp("runs") / "timed") == 0
    return gnomon.seconds


def weights_hash(run: RunFolder) -> str:
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def records(run: RunFolder) -> list[tuple[Any, ...]]:
    """What a run wrote about its training, without what a clock measured."""
    kept = ("step", "progress", "split", "loss", "lr", "accuracy", "log_loss", "event")
    return [tuple(record.get(name) for name in kept) for record in read_lines(run.metrics)]


def assert_equal(run: RunFolder, whole: RunFolder) -> None:
    assert weights_hash(run) == weights_hash(whole)
    assert read_json(run.card) == read_json(whole.card)
    assert read_json(run.evaluation)["scores"] == read_json(whole.evaluation)["scores"]
    assert records(run) == records(whole)
    assert run.report.exists()


def last_step(run: RunFolder) -> int:
    loaded = checkpoint.load(run, silent) if run.checkpoints.is_dir() else None
    return loaded.step if loaded else 0


def stop_at(gnomon: Digits, run: RunFolder, step: int) -> None:
    """Stop a training before a step, its state saved."""
    assert gnomon.train(run.path, at=TRAIN_STEP, count=step, signals=["SIGTERM"]) == 75
    assert last_step(run) == step


def test_two_runs_that_nobody_stopped_are_equal(gnomon, whole, tmp_path):
    run = RunFolder(tmp_path / "run")
    assert gnomon.train(run.path) == 0
    assert_equal(run, whole)


def test_killed_at_20_random_moments(gnomon, whole, usual_s, tmp_path):
    chance = random.Random(0)
    reached = []
    for n in range(20):
        run = RunFolder(tmp_path / f"run{n}")
        if n % 4:  # in the midst of training: some milliseconds into a random step
            moment = {"at": TRAIN_STEP, "count": chance.randint(1, STEPS - 15), "dies_in_s": chance.uniform(0, 0.02)}
        else:  # at any time, also while data is read or the report is written
            moment = {"kill_after_s": chance.uniform(0.1, 0.9) * usual_s}
        code = gnomon.train(run.path, **moment)
        assert code == -9 or "kill_after_s" in moment
        if code == -9:
            reached.append(last_step(run))
            assert gnomon.resume(run.path) == 0
        assert_equal(run, whole)
        shutil.rmtree(run.path)
    assert len(reached) >= 15
    assert len(set(reached)) >= 5


@pytest.mark.parametrize("num_kills", [2, 10])
def test_killed_again_and_again(gnomon, whole, tmp_path, num_kills):
    run = RunFolder(tmp_path / "run")
    chance = random.Random(num_kills)
    kill: Callable[..., int] = gnomon.train
    for _ in range(num_kills):
        step = chance.randint(2, STEPS // num_kills)
        assert kill(run.path, at=TRAIN_STEP, count=step, signals=["SIGKILL"]) == -9
        kill = gnomon.resume
    assert gnomon.resume(run.path) == 0
    assert_equal(run, whole)


@pytest.mark.parametrize(
    "at",
    [
        "gnomon.training.checkpoint:write_tensors",
        "gnomon.training.checkpoint:save_model",
        "gnomon.outputs.evaluate:evaluation",
        "gnomon.outputs.report:write_report",
    ],
)
def test_killed_while_saving_exporting_evaluating_and_reporting(gnomon, whole, tmp_path, at):
    run = RunFolder(tmp_path / "run")
    assert gnomon.train(run.path, at=at, signals=["SIGKILL"]) == -9
    assert gnomon.resume(run.path) == 0
    assert_equal(run, whole)


class TestSignals:
    @pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
    def test_one_is_answered_with_a_saved_state(self, gnomon, whole, tmp_path, name):
        run = RunFolder(tmp_path / "run")
        assert gnomon.train(run.path, at=TRAIN_STEP, count=40, signals=[name]) == 75
        assert last_step(run) == 40
        assert f"fix: gnomon resume {run.path}" in gnomon.log.read_text()
        assert not run.lock.exists()
        assert gnomon.resume(run.path) == 0
        assert_equal(run, whole)

    @pytest.mark.parametrize(
        "at",
        [
            "gnomon.sitting.carrying:make_plan",
            "gnomon.training.checkpoint:save",
            "gnomon.outputs.evaluate:calibrated",
            "gnomon.outputs.evaluate:evaluation",
            "gnomon.training.checkpoint:save_model",
            "gnomon.outputs.report:write_report",
        ],
    )
    def test_wherever_it_comes_nothing_is_lost(self, gnomon, whole, tmp_path, at):
        run = RunFolder(tmp_path / "run")
        code = gnomon.train(run.path, at=at, signals=["SIGTERM"])
        assert code in (0, 75)
        if code == 75:
            assert gnomon.resume(run.path) == 0
        assert_equal(run, whole)

    def test_a_second_sigint_ends_it_at_once(self, gnomon, whole, tmp_path):
        run = RunFolder(tmp_path / "run")
        assert gnomon.train(run.path, at=TRAIN_STEP, count=40, signals=["SIGINT", "SIGINT"]) == 130
        assert gnomon.resume(run.path) == 0
        assert_equal(run, whole)


class TestDisk:
    @pytest.mark.parametrize("fault", ["write:1:enospc", "fsync:2:eio", "rename:1:erofs"])
    def test_a_disk_that_fails_ends_with_4_and_the_run_goes_on_later(self, gnomon, whole, tmp_path, fault):
        run = RunFolder(tmp_path / "run")
        assert gnomon.train(run.path, at="gnomon.training.checkpoint:save", count=3, fault=fault) == 4
        assert gnomon.resume(run.path) == 0
        assert_equal(run, whole)


@pytest.fixture
def stopped(gnomon, whole, tmp_path) -> RunFolder:
    """A run that was stopped after 80 of its steps: its average has begun."""
    run = RunFolder(tmp_path / "run")
    stop_at(gnomon, run, 80)
    return run


def rewrite(run: RunFolder, *, tensors: dict[str, Any] | None = None, facts: dict[str, Any] | None = None) -> None:
    """Commit the newest checkpoint anew with other content."""
    loaded = checkpoint.load(run, silent)
    chosen = loaded.tensors if tensors is None else tensors
    checkpoint.save(run, loaded.step, chosen, {**loaded.facts, **(facts or {})})


class TestNegativeControls:
    """Leaving out any one item of the state is seen: these prove that the equality above means something."""

    def test_a_checkpoint_that_is_only_rewritten_changes_nothing(self, gnomon, whole, stopped):
        rewrite(stopped)
        assert gnomon.resume(stopped.path) == 0
        assert_equal(stopped, whole)

    @pytest.mark.parametrize("item", ["weights", "norm statistics", "optimizer", "average"])
    def test_tensors_that_are_forgotten(self, gnomon, whole, stopped, tmp_path, item):
        fresh = RunFolder(tmp_path / "fresh")
        stop_at(gnomon, fresh, 1)
        loaded, initial = checkpoint.load(stopped, silent), checkpoint.load(fresh, silent).tensors
        belongs = {
            "weights": lambda name: name.startswith("network/") and "running_" not in name,
            "norm statistics": lambda name: name.startswith("network/") and "running_" in name,
            "optimizer": lambda name: name.startswith("optimizer/"),
            "average": lambda name: name.startswith("average/"),
        }[item]
        forgotten = [name for name in loaded.tensors if belongs(name)]
        assert forgotten
        kept = {name: tensor for name, tensor in loaded.tensors.items() if name not in forgotten}
        rewrite(stopped, tensors={**kept, **{name: initial[name] for name in forgotten if name in initial}})
        assert gnomon.resume(stopped.path) == 0
        assert weights_hash(stopped) != weights_hash(whole)

    @pytest.mark.parametrize("fact", [{"step": 0}, {"step": 79}, {"seed": 1}, {"lr_factor": 0.5}])
    def test_facts_that_are_forgotten(self, gnomon, whole, stopped, fact):
        rewrite(stopped, facts=fact)
        assert gnomon.resume(stopped.path) == 0
        assert weights_hash(stopped) != weights_hash(whole)

    def test_every_fact_and_every_kind_of_tensor_is_required(self, gnomon, stopped):
        loaded = checkpoint.load(stopped, silent)
        assert set(loaded.facts) == {
            "step",
            "turn",
            "elapsed_s",
            "seed",
            "lr_factor",
            "rollbacks",
            "skipped_in_a_row",
            "losses",
        }
        for missing in sorted(loaded.facts):
            facts = {name: value for name, value in loaded.facts.items() if name != missing}
            checkpoint.save(stopped, loaded.step, loaded.tensors, facts)
            assert gnomon.resume(stopped.path) == 6, missing
        for kind in ("network/", "optimizer/"):
            missing = next(name for name in loaded.tensors if name.startswith(kind))
            tensors = {name: tensor for name, tensor in loaded.tensors.items() if name != missing}
            checkpoint.save(stopped, loaded.step, tensors, loaded.facts)
            assert gnomon.resume(stopped.path) == 6, missing

    def test_elapsed_time_goes_on_from_where_it_was(self, gnomon, stopped):
        used_s = checkpoint.load(stopped, silent).facts["elapsed_s"]
        assert used_s > 0
        for offset_s in (0.0, 1000.0):
            rewrite(stopped, facts={"elapsed_s": used_s + offset_s})
            assert gnomon.resume(stopped.path, at=TRAIN_STEP, signals=["SIGTERM"]) == 75
            resumed = [event for event in read_lines(stopped.plan) if event["event"] == "resume"][-1]
            assert -0.01 < resumed["elapsed_s"] - used_s - offset_s < 60  # it is written rounded

    def test_losses_since_the_last_record_go_into_the_next(self, gnomon, whole, stopped):
        rewrite(stopped, facts={"losses": [1e6]})
        assert gnomon.resume(stopped.path) == 0
        assert records(stopped) != records(whole)


class TestDamage:
    def test_a_damaged_newest_checkpoint_costs_time_and_nothing_else(self, gnomon, whole, stopped):
        newest = RunFolder(stopped.path).checkpoint(last_step(stopped))
        newest.state.write_bytes(newest.state.read_bytes()[:-1])
        assert 0 < last_step(stopped) < 80
        assert gnomon.resume(stopped.path) == 0
        assert "damaged checkpoint passed over: step-000080 (state.safetensors has" in gnomon.log.read_text()
        assert_equal(stopped, whole)

    def test_when_all_are_damaged_it_is_said_with_6(self, gnomon, stopped):
        for folder in stopped.checkpoints.iterdir():
            (folder / "state.json").unlink()
        assert gnomon.resume(stopped.path) == 6
        assert "none of 2 checkpoints is whole" in gnomon.log.read_text()

    def test_a_torn_last_line_of_the_records_is_no_matter(self, gnomon, whole, stopped):
        for path in (stopped.metrics, stopped.plan):
            with path.open("a") as file:
                file.write('{"step": 81, "lo')
        assert gnomon.resume(stopped.path) == 0
        assert_equal(stopped, whole)


def test_a_second_trainer_in_the_same_folder_is_refused(gnomon, stopped):
    from gnomon.core.lock import RunLock

    with RunLock(stopped):
        assert gnomon.resume(stopped.path) == 4
    assert f"in use by process {os.getpid()} on " in gnomon.log.read_text()


def test_a_finished_run_is_not_trained_again(gnomon, whole):
    before = weights_hash(whole)
    assert gnomon("train", "digits", "--budget", "5steps", "--out", whole.path) == 4
    assert weights_hash(whole) == before
