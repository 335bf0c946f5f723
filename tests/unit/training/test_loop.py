import math

import pytest
import torch
from small_training import HandClock, TimedFeed, feed_of, parts_of, pictures, small

from gnomon.core.clock import Stopwatch
from gnomon.core.errors import StoppedError
from gnomon.core.events import Stepped, silent
from gnomon.core.ranks import Ranks
from gnomon.core.run import read_lines
from gnomon.core.training import TrainConfig
from gnomon.training import checkpoint
from gnomon.training.loop import fit
from gnomon.training.pace import Pace
from gnomon.training.plan import PlanLog, Progress


def timed(folder, cost_s, *, steps=100, deadline_s=10.0, planned_s=0.1, phases=((0.0, 6),), **changed):
    """A training whose batches take ``cost_s(size)`` seconds on a clock made by hand."""
    clock = HandClock()
    feed = TimedFeed(feed_of(pictures()), clock, cost_s)
    step_s = {size: planned_s for _, size in phases}
    return parts_of(
        folder, steps=steps, phases=phases, step_s=step_s, deadline_s=deadline_s, clock=clock, feed=feed, **changed
    )


def same(one, other):
    one, other = one.state.tensors(), other.state.tensors()
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def records(parts, split):
    return [record for record in read_lines(parts.run.metrics) if record.get("split") == split]


class TestTraining:
    def test_every_step_is_made_once_in_order_and_the_loss_falls(self, tmp_path):
        parts = timed(tmp_path, lambda size: 0.1)
        fit(parts)
        assert parts.feed.steps == list(range(100))
        assert parts.state.step == 100
        losses = [record["loss"] for record in records(parts, "train")]
        assert len(losses) == 100
        assert sum(losses[-20:]) < 0.9 * sum(losses[:20])
        assert parts.log.events == []

    def test_the_same_run_twice_gives_the_same_bits_another_seed_others(self, tmp_path):
        one, two, other = (parts_of(tmp_path / name) for name in ("one", "two", "other"))
        other.state.seed = 1
        for parts in (one, two, other):
            torch.manual_seed(hash(str(parts.run.path)) % 1000)  # nothing may hang on the global generator
            fit(parts)
        assert same(one, two)
        assert not same(one, other)

    def test_a_finished_training_is_left_as_it_is(self, tmp_path):
        parts = parts_of(tmp_path)
        parts.state.step = 30
        fit(parts)
        assert parts.state.network.training
        assert not parts.run.checkpoints.exists()

    def test_the_resolution_follows_the_progress(self, tmp_path):
        sizes = []

        class Feed:
            num_samples = 20

            def batch(self, step, *, size):
                sizes.append(size)
                return feed_of(pictures()).batch(step, size=6)

        fit(parts_of(tmp_path, steps=10, phases=((0.0, 2), (0.3, 4), (0.7, 6)), feed=Feed()))
        assert sizes == [2] * 3 + [4] * 4 + [6] * 3


class TestTime:
    @pytest.mark.parametrize("factor", [0.5, 0.9, 1.3, 3.0])
    def test_it_lands_on_the_deadline_however_fast_the_machine_is(self, tmp_path, factor):
        parts = timed(tmp_path, lambda size: 0.1 * factor)
        fit(parts)
        assert parts.stopwatch.elapsed_s() == pytest.approx(10, abs=0.25)
        assert parts.state.step == pytest.approx(100 / factor, abs=2)
        refits = [event for event in parts.log.events if event["event"] == "refit"]
        assert refits[-1]["steps"] == parts.state.step
        assert refits[0]["was"] == 100
        assert "times as long as planned" in refits[0]["reason"]

    def test_looks_at_the_validation_split_are_part_of_the_time(self, tmp_path):
        clock = []

        def validate(network, tensors):
            clock[0].s += 1.0
            return {"accuracy": 0.5}

        parts = timed(tmp_path, lambda size: 0.1, validate=validate, validate_s=1.0, eval_at=(0.25, 0.5, 0.75, 1.0))
        clock.append(parts.clock)
        fit(parts)
        assert parts.stopwatch.elapsed_s() == pytest.approx(10, abs=0.25)
        assert parts.state.step == pytest.approx(60, abs=2)
        assert len(records(parts, "valid")) == 4

    def test_without_a_deadline_the_clock_changes_nothing(self, tmp_path):
        slow = timed(tmp_path / "slow", lambda size: 5.0, deadline_s=None, steps=30)
        quick = timed(tmp_path / "quick", lambda size: 0.01, deadline_s=None, steps=30)
        fit(slow)
        fit(quick)
        assert slow.log.events == quick.log.events == []
        assert same(slow, quick)

    def test_a_replay_of_the_refits_gives_the_same_bits_without_a_clock(self, tmp_path):
        timed_run = timed(tmp_path / "timed", lambda size: 0.17)
        fit(timed_run)
        assert timed_run.log.refits()
        replayed = parts_of(tmp_path / "replayed")
        replayed.pace = Pace(Progress(100, timed_run.log.refits()), ((0.0, 6),), {}, deadline_s=None)
        fit(replayed)
        assert replayed.state.step == timed_run.state.step
        assert same(replayed, timed_run)

    @pytest.mark.parametrize("factor", [0.3, 2.7])
    def test_every_look_is_taken_once_though_refits_move_the_progress(self, tmp_path, factor):
        points = tuple(round((i + 1) / 10, 4) for i in range(10))
        parts = timed(tmp_path, lambda size: 0.1 * factor, eval_at=points)
        fit(parts)
        assert len(records(parts, "valid")) == pytest.approx(10, abs=1)
        assert records(parts, "valid")[-1]["progress"] == 1.0

    def test_a_refit_that_jumps_over_a_look_does_not_lose_it(self, tmp_path):
        costs = iter([0.1] * 48 + [2.0] + [0.1] * 1000)  # a pause just before half of the way
        parts = timed(tmp_path, lambda size: next(costs), eval_at=(0.5, 1.0))
        fit(parts)
        first, last = records(parts, "valid")
        assert first["progress"] > 0.5
        assert last["progress"] == 1.0


class TestStoppingAndResuming:
    def stopped(self, parts, step):
        parts.should_stop = lambda: parts.state.step >= step
        with pytest.raises(StoppedError) as caught:
            fit(parts)
        return caught.value

    def test_a_stop_saves_the_state_and_says_how_to_go_on(self, tmp_path):
        parts = timed(tmp_path, lambda size: 0.1)
        error = self.stopped(parts, 7)
        assert error.what == "stopped at step 7 of 100; the state is saved"
        assert error.fix == f"gnomon resume {parts.run.path}"
        assert error.exit_code == 75
        loaded = checkpoint.load(parts.run, silent)
        assert loaded.step == loaded.facts["step"] == 7
        assert loaded.facts["elapsed_s"] == pytest.approx(0.7)

    def test_a_stop_before_the_first_step(self, tmp_path):
        parts = parts_of(tmp_path)
        self.stopped(parts, 0)
        assert checkpoint.load(parts.run, silent).step == 0

    @pytest.mark.parametrize("step", [1, 15, 29])
    def test_stopped_and_resumed_is_the_same_as_never_stopped(self, tmp_path, step):
        whole, first = parts_of(tmp_path / "whole"), parts_of(tmp_path / "cut")
        fit(whole)
        self.stopped(first, step)
        second = parts_of(tmp_path / "other")
        second.run = first.run
        loaded = checkpoint.load(first.run, silent)
        second.state.load(loaded.tensors, loaded.facts)
        fit(second)
        assert same(whole, second)
        assert second.state.losses == whole.state.losses

    def test_stopped_and_resumed_with_refits_is_the_same(self, tmp_path):
        whole = timed(tmp_path / "whole", lambda size: 0.17)
        fit(whole)
        first = timed(tmp_path / "cut", lambda size: 0.17)
        self.stopped(first, 30)
        second = timed(tmp_path / "other", lambda size: 0.17)
        second.run = first.run
        loaded = checkpoint.load(first.run, silent)
        second.state.load(loaded.tensors, loaded.facts)
        log = PlanLog.read(first.run)
        refits = [refit for refit in whole.log.refits() if refit.at_step > 30]
        second.pace = Pace(Progress(100, [*log.refits(), *refits]), ((0.0, 6),), {}, deadline_s=None)
        fit(second)
        assert same(whole, second)

    def test_time_that_was_used_before_counts(self, tmp_path):
        parts = timed(tmp_path, lambda size: 0.1, steps=100)
        parts.stopwatch = Stopwatch(parts.clock, already_s=5.0)
        fit(parts)
        assert parts.stopwatch.elapsed_s() == pytest.approx(10, abs=0.2)
        assert parts.state.step == pytest.approx(50, abs=2)


class TestSaving:
    def saved_steps(self, parts):
        return sorted(int(path.name.removeprefix("step-")) for path in parts.run.checkpoints.iterdir())

    def test_every_so_many_seconds(self, tmp_path):
        config = TrainConfig(batch_size=4, lr_vector=1.0, checkpoint_every_s=2.95)
        parts = timed(tmp_path, lambda size: 0.1, config=config)
        fit(parts)
        assert self.saved_steps(parts) == [90, 100]  # the newest two of 0, 30, 60, 90 and the end

    def test_it_saves_where_it_is_told_to(self, tmp_path):
        parts = parts_of(tmp_path, save_at=(3, 8))
        fit(parts)
        assert self.saved_steps(parts) == [8, 30]  # the newest two of 0, 3, 8 and the end

    def test_other_ranks_write_no_checkpoint(self, tmp_path):
        parts = parts_of(tmp_path, ranks=Ranks(rank=1, world_size=2))
        fit(parts)
        assert not parts.run.checkpoints.exists()


class TestTelling:
    def test_every_step_is_told(self, tmp_path):
        seen = []
        parts = timed(tmp_path, lambda size: 0.1, emit=seen.append, steps=10, deadline_s=None)
        fit(parts)
        steps = [event for event in seen if isinstance(event, Stepped)]
        assert [event.step for event in steps] == list(range(1, 11))
        assert all(math.isfinite(event.loss) for event in steps)
        assert steps[3].samples_per_s == pytest.approx(40)
        assert steps[3].left_s == pytest.approx(0.6)
        assert steps[3].progress == 0.4
        assert steps[3].lr == pytest.approx(0.2 * 0.6)
        assert (steps[3].valid, steps[5].valid) == ({}, {"accuracy": 0.5})

    def test_records_are_about_200_means_over_all_losses_in_between(self, tmp_path):
        seen = []
        parts = timed(tmp_path, lambda size: 0.1, emit=seen.append, steps=450, deadline_s=None)
        fit(parts)
        train = records(parts, "train")
        assert len(train) == 200
        assert train[-1]["step"] == 450
        losses = [event.loss for event in seen if isinstance(event, Stepped)]
        assert train[0]["loss"] == pytest.approx(sum(losses[:3]) / 3)
        assert set(train[0]) == {
            *("step", "progress", "elapsed_s", "split", "loss", "lr", "samples_per_s", "size"),
        }

    def test_a_look_is_at_the_average_and_leaves_the_weights_alone(self, tmp_path):
        seen = []

        def validate(network, tensors):
            seen.append({name: tensor.clone() for name, tensor in tensors.items()})
            return {"accuracy": 0.25, "log_loss": 1.5}

        parts = parts_of(tmp_path, validate=validate)
        fit(parts)
        assert len(seen) == 2
        final = parts.state.average.weights(parts.state.network)
        assert all(torch.equal(seen[-1][name], final[name]) for name in final)
        assert not torch.equal(final["linear.weight"], parts.state.network.linear.weight)
        assert [(r["step"], r["accuracy"], r["log_loss"]) for r in records(parts, "valid")] == [
            (15, 0.25, 1.5),
            (30, 0.25, 1.5),
        ]


def test_what_the_network_draws_hangs_on_seed_and_step_only(tmp_path):
    """Dropout of step 7 is the same whether or not other steps went before."""
    drawn = []

    def spied(folder, first_step):
        parts = parts_of(folder, steps=8, network=small())
        parts.state.step = first_step
        parts.state.network.dropout.register_forward_hook(lambda m, i, o: drawn.append((o == 0) & (i[0] != 0)))
        parts.state.network.norm.bias.requires_grad_(False).fill_(100.0)  # so that the only zeros are the dropped ones
        parts.state.network.train()
        fit(parts)
        return drawn[-1]

    assert torch.equal(spied(tmp_path / "all", 0), spied(tmp_path / "last", 7))
    assert drawn[0].any()
