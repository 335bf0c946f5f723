"""training/health.py, through the loop: what happens to a run when numbers stop being finite."""

import json

import numpy as np
import pytest
import torch
from small_training import CPU, LatePrecision, feed_of, parts_of, pictures

from gnomon.core.clock import Stopwatch
from gnomon.core.errors import DivergedError, StoppedError
from gnomon.core.run import read_lines
from gnomon.core.spec import Batch
from gnomon.core.training import TrainConfig
from gnomon.training import checkpoint
from gnomon.training.loop import fit


class Poison:
    """The objective of a training, spoilt at some calls: ``spoils(call)`` says which; calls count from 0."""

    def __init__(self, objective, spoils, *, gradient_only=False):
        self.objective, self.spoils, self.gradient_only = objective, spoils, gradient_only
        self.calls = 0

    def loss(self, output, targets):
        loss = self.objective.loss(output, targets)
        spoilt = self.spoils(self.calls)
        self.calls += 1
        if not spoilt:
            return loss
        if self.gradient_only:  # a finite loss whose gradient is infinite
            return loss + (output.value.sum() * 0.0).sqrt()
        return loss * float("nan")


def train(folder, spoils=lambda call: False, *, gradient_only=False, **changed):
    said = []
    parts = parts_of(folder, emit=lambda event: said.append(event), **changed)
    parts.objective = Poison(parts.objective, spoils, gradient_only=gradient_only)
    fit(parts)
    return parts, [event.text for event in said if type(event).__name__ == "Said"]


def weights(parts):
    return parts.state.tensors()


def same(one, other):
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def health_events(parts):
    return [record for record in read_lines(parts.run.metrics) if "event" in record]


def all_checkpoints_are_finite(parts):
    steps = []
    for path in sorted(parts.run.checkpoints.iterdir()):
        loaded = checkpoint._load_one(checkpoint.CheckpointFolder(path))
        assert all(tensor.isfinite().all() for tensor in loaded.tensors.values() if tensor.is_floating_point())
        steps.append(loaded.step)
    return steps


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return train(tmp_path_factory.mktemp("clean") / "run")[0]


@pytest.mark.parametrize("gradient_only", [False, True])
def test_a_fault_that_happens_once_is_redone_and_leaves_no_trace(tmp_path, clean, gradient_only):
    parts, said = train(tmp_path, lambda call: call == 12, gradient_only=gradient_only)
    assert parts.objective.calls == 31
    assert same(weights(parts), weights(clean))
    (event,) = health_events(parts)
    assert (event["event"], event["step"]) == ("redone_step", 12)
    assert said == ["step 12: the loss was not finite at first: a fault of the machine? (redone step)"]


def test_a_batch_that_fails_twice_is_skipped_and_named(tmp_path, clean):
    parts, said = train(tmp_path, lambda call: call in (12, 13))
    (event,) = health_events(parts)
    assert event == {
        "step": 12,
        "event": "skipped_batch",
        "reason": "the loss is not finite",
        "ids": parts.feed.batch(12, size=6).ids.tolist(),
    }
    assert len(event["ids"]) == 4
    assert said == ["step 12: the loss is not finite (skipped batch)"]
    assert parts.state.step == 30
    assert parts.state.skipped_in_a_row == 0
    assert not same(weights(parts), weights(clean))


def test_a_skipped_batch_moves_neither_weights_nor_statistics(tmp_path):
    skipped, _ = train(tmp_path / "skipped", lambda call: call >= 29)  # the last of 30 steps, both times
    shorter = parts_of(tmp_path / "shorter")
    shorter.should_stop = lambda: shorter.state.step >= 29
    with pytest.raises(StoppedError):
        fit(shorter)
    own = skipped.state.network.state_dict()
    assert "norm.running_mean" in own
    assert same(own, shorter.state.network.state_dict())
    assert same(skipped.state.optimizer.state(), shorter.state.optimizer.state())


def test_inputs_that_are_not_finite_do_not_reach_the_running_statistics(tmp_path):
    parts = parts_of(tmp_path, steps=10)
    feed = parts.feed

    class Spoilt:
        num_samples = feed.num_samples

        def batch(self, step, *, size):
            batch = feed.batch(step, size=size)
            bad = torch.full(batch.inputs.shape, float("nan"))
            return Batch(inputs=bad, targets=batch.targets, ids=batch.ids) if step == 4 else batch

    parts.feed = Spoilt()
    fit(parts)
    assert [event["event"] for event in health_events(parts)] == ["skipped_batch"]
    assert all(tensor.isfinite().all() for tensor in parts.state.tensors().values())
    assert parts.state.network.norm.num_batches_tracked.item() == 9


@pytest.mark.parametrize("gradient_only", [False, True])
def test_more_than_three_in_a_row_go_back_to_the_checkpoint_with_half_the_rates(tmp_path, gradient_only):
    # steps 10 to 13 fail twice each: three are skipped, the fourth goes back
    parts, said = train(tmp_path, lambda call: 10 <= call < 18, gradient_only=gradient_only)
    assert [event["event"] for event in health_events(parts)] == ["skipped_batch"] * 4
    assert [event["step"] for event in health_events(parts)] == [10, 11, 12, 13]
    (event,) = [event for event in parts.log.events if event["event"] == "rollback"]
    assert (event["at_step"], event["from_step"], event["lr_factor"]) == (0, 13, 0.5)
    assert json.loads(parts.run.plan.read_text().splitlines()[-1]) == event
    assert said[-1] == "4 batches in a row gave a loss that is not finite: back to step 0 with half the rates"
    assert (parts.state.step, parts.state.rollbacks, parts.state.optimizer.lr_factor) == (30, 1, 0.5)
    assert parts.objective.calls == 10 + 8 + 30


def test_after_going_back_training_is_the_one_with_half_the_rates(tmp_path):
    parts, _ = train(tmp_path / "back", lambda call: 10 <= call < 18)
    half = parts_of(tmp_path / "half")
    half.state.optimizer.lr_factor = 0.5
    fit(half)
    assert same(weights(parts), weights(half))


def test_it_goes_back_to_the_newest_checkpoint(tmp_path):
    parts, _ = train(tmp_path, lambda call: 10 <= call < 18, save_at=(6,))
    (event,) = [event for event in parts.log.events if event["event"] == "rollback"]
    assert (event["at_step"], event["from_step"]) == (6, 13)
    assert parts.objective.calls == 10 + 8 + 24


@pytest.mark.parametrize("gradient_only", [False, True])
def test_skips_that_good_steps_part_are_not_in_a_row(tmp_path, gradient_only):
    # every third batch fails both times; calls: good, good, bad, bad
    parts, _ = train(tmp_path, lambda call: call % 4 >= 2, gradient_only=gradient_only)
    assert len(health_events(parts)) == 10
    assert parts.log.events == []


def test_the_third_time_training_has_diverged(tmp_path):
    parts = parts_of(tmp_path)
    parts.objective = Poison(parts.objective, lambda call: call >= 10)
    with pytest.raises(DivergedError, match=r"training diverged at step 3: .*3 times over") as caught:
        fit(parts)
    assert caught.value.exit_code == 5
    assert "--set train.precision=fp32" in caught.value.fix
    assert [event["lr_factor"] for event in parts.log.events] == [0.5, 0.25]
    assert all_checkpoints_are_finite(parts) == [0]


def test_nothing_that_is_not_finite_is_ever_saved(tmp_path):
    config = TrainConfig(batch_size=4, average=0.1, lr_vector=1.0, checkpoint_every_s=0.0)
    parts = parts_of(tmp_path, config=config)
    parts.objective = Poison(parts.objective, lambda call: call >= 10)

    class Ticking:
        s = 0.0

        def now_s(self):
            self.s += 1.0
            return self.s

    parts.stopwatch = Stopwatch(Ticking())
    with pytest.raises(DivergedError):
        fit(parts)
    assert all_checkpoints_are_finite(parts)


class TestOnADeviceThatIsNotWaitedFor:
    def late(self, folder, spoils, **changed):
        return train(folder, spoils, precision=LatePrecision("fp32", CPU), steps=45, **changed)

    def test_spoilt_weights_are_found_late_and_thrown_away(self, tmp_path):
        parts, said = self.late(tmp_path / "late", lambda call: call == 12)
        assert [(e["event"], e["at_step"], e["from_step"]) for e in parts.log.events] == [("rollback", 0, 20)]
        assert said == ["the loss is not finite: back to step 0 with half the rates"]
        assert parts.objective.calls == 21 + 45
        half = parts_of(tmp_path / "half", steps=45)
        half.state.optimizer.lr_factor = 0.5
        fit(half)
        assert same(weights(parts), weights(half))

    def test_a_fault_in_the_last_steps_is_found(self, tmp_path):
        parts, _ = self.late(tmp_path, lambda call: call == 42)
        assert [(e["event"], e["from_step"]) for e in parts.log.events] == [("rollback", 44)]
        assert all(t.isfinite().all() for t in weights(parts).values())

    def test_spoilt_weights_are_not_saved(self, tmp_path):
        parts, _ = self.late(tmp_path, lambda call: call == 12, save_at=(5, 15, 16))
        assert [(e["event"], e["at_step"]) for e in parts.log.events] == [("rollback", 5)]
        assert all_checkpoints_are_finite(parts) == [16, 45]

    def test_a_stop_keeps_the_last_good_checkpoint(self, tmp_path):
        parts = parts_of(tmp_path, precision=LatePrecision("fp32", CPU), save_at=(5,))
        parts.objective = Poison(parts.objective, lambda call: call == 12)
        parts.should_stop = lambda: parts.state.step >= 15
        with pytest.raises(StoppedError):
            fit(parts)
        assert all_checkpoints_are_finite(parts) == [0, 5]


def test_the_ids_are_those_of_the_split(tmp_path):
    split = pictures(20)
    feed = feed_of(split)
    parts, _ = train(tmp_path, lambda call: call in (0, 1), feed=feed)
    (event,) = health_events(parts)
    assert np.array_equal(split.targets[event["ids"]], feed.batch(0, size=6).targets.numpy())
