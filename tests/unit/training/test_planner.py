from dataclasses import replace

import pytest
import torch
from small_training import CPU, feed_of, pictures, small, spec

from gnomon.core.errors import UsageError
from gnomon.core.training import AugmentConfig, TrainConfig
from gnomon.data.batch import looks
from gnomon.tasks.classify import Config, Task
from gnomon.training.budget import parse_budget
from gnomon.training.planner import Costs, Counted, Probe, allowed_s, count_steps, mean_step_s, share
from gnomon.training.precision import Precision

PHASES = ((0.0, 16), (0.3, 24), (0.7, 32))
COSTS = Costs(step_s={16: 0.1, 24: 0.2, 32: 0.4}, look_s=0.001)
CONFIG = TrainConfig(batch_size=100, evaluations=10, max_epochs="off")


def look(size):
    """A batch as evaluation makes them."""
    (batch,) = looks(pictures(8), batch_size=8, size=size, device=CPU)
    return batch


def counted(text, config=CONFIG, **changed):
    facts = {"num_train": 1000, "num_valid": 100, "available_s": None, "flop_per_step": None, **changed}
    return count_steps(parse_budget(text), config, PHASES, COSTS, **facts)


def test_the_mean_step_is_weighed_by_the_phases():
    assert mean_step_s(PHASES, COSTS) == pytest.approx(0.3 * 0.1 + 0.4 * 0.2 + 0.3 * 0.4)
    assert mean_step_s(((0.0, 24),), COSTS) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "steps"),
    [("30steps", 30), ("2epochs", 20), ("0.25epochs", 3), ("1e3samples", 10), ("1samples", 1), ("1001samples", 11)],
)
def test_counts_become_steps_rounded_up(text, steps):
    assert counted(text) == Counted(steps=steps, num_looks=10)


class TestTime:
    def test_seconds_become_steps_after_the_looks(self):
        # ten looks of 0.1 s; 99 s at 0.23 s a step
        assert counted("5m", available_s=100.0) == Counted(steps=430, num_looks=10)

    def test_looks_take_at_most_a_fiftieth(self):
        assert counted("1m", available_s=20.0).num_looks == 4
        assert counted("1m", available_s=1.0).num_looks == 1

    @pytest.mark.parametrize("available_s", [-5.0, 0.0, 0.3])
    def test_too_little_is_no_step(self, available_s):
        assert counted("1s", available_s=available_s).steps == 0

    def test_without_a_validation_split_all_looks_are_free(self):
        assert counted("5m", available_s=100.0, num_valid=0) == Counted(steps=434, num_looks=10)


def test_operations_become_steps_rounded_down():
    assert counted("1e9flop", flop_per_step=3e8).steps == 3
    assert counted("1e8flop", flop_per_step=3e8).steps == 0


class TestSmallData:
    config = TrainConfig(batch_size=100, max_epochs=5.0)

    @pytest.mark.parametrize(("text", "facts"), [("1h", {"available_s": 3000.0}), ("1e15flop", {"flop_per_step": 1e9})])
    def test_more_passes_than_help_are_not_made_and_it_is_said(self, text, facts):
        found = counted(text, self.config, **facts)
        assert found.steps == 50
        assert "5 passes over it are enough" in found.limited
        assert "--set train.max_epochs=off" in found.limited

    def test_how_many_the_budget_would_allow_is_said(self):
        # (3000 - 1) / 0.23 steps of a tenth of the data
        assert "would allow 1,304 (" in counted("1h", self.config, available_s=3000.0).limited

    @pytest.mark.parametrize("text", ["900steps", "90epochs", "90000samples"])
    def test_what_was_asked_for_by_count_is_done(self, text):
        assert counted(text, self.config) == Counted(steps=900, num_looks=10)

    def test_a_budget_below_the_limit_is_left_alone(self):
        assert counted("5s", self.config, available_s=5.0).limited == ""


class TestShare:
    """One network wants 100 steps of 0.1 s, which is enough; each further one costs a second beside."""

    ONE = Counted(steps=100, num_looks=10, limited="the data is small")

    def shared(self, available_s=100.0, *, counted=ONE, ensemble="auto", can=True, extra_s=1.0):
        config = replace(CONFIG, ensemble=ensemble, max_epochs=4.0)
        return share(counted, config, step_s=0.1, available_s=available_s, extra_s=extra_s, can=can)

    @pytest.mark.parametrize(
        ("available_s", "networks", "each"),
        [(14.0, 1, 100), (16.5, 2, 75), (20.1, 2, 92), (25.0, 2, 100), (40.0, 4, 89), (1000.0, 8, 100)],
    )
    def test_as_many_as_the_budget_pays_for(self, available_s, networks, each):
        found = self.shared(available_s)
        assert (found.networks, found.steps) == (networks, networks * each)
        assert found.steps * 0.1 + (networks - 1) * 1.0 <= available_s

    def test_it_is_said(self):
        assert "about 4 passes over it are enough for one network, so that 8 are trained" in self.shared(1000.0).limited
        assert self.shared(10.0).limited == "the data is small"

    def test_one_that_is_not_enough_stays_alone(self):
        counted = replace(self.ONE, limited="")
        assert self.shared(counted=counted) == counted
        assert self.shared(None, counted=counted) == counted

    def test_answers_that_cannot_be_averaged(self):
        assert self.shared(can=False) == self.ONE
        assert self.shared(can=False, ensemble=1) == self.ONE
        with pytest.raises(UsageError, match="do not answer together"):
            self.shared(can=False, ensemble=2)

    def test_a_number_that_is_asked_for(self):
        assert self.shared(ensemble=1) == self.ONE
        assert self.shared(ensemble=3).steps == 300
        assert self.shared(20.1, ensemble=3).steps == 3 * 58  # 97 % of 20.1 s less two seconds, by three
        by_count = self.shared(None, counted=Counted(steps=101, num_looks=10), ensemble=3)
        assert (by_count.steps, by_count.networks, by_count.limited) == (99, 3, "")

    def test_too_many_for_the_budget(self):
        with pytest.raises(UsageError, match="too small for 3 networks"):
            self.shared(2.0, ensemble=3)


def test_measuring_takes_a_small_share_of_the_budget():
    assert allowed_s(parse_budget("100s")) == 3.0
    assert allowed_s(parse_budget("100steps")) == 2.0


class TestProbe:
    @pytest.fixture
    def network(self):
        return small()

    @pytest.fixture
    def probe(self, network):
        feed = feed_of(pictures(), batch_size=16, augment=AugmentConfig())
        return Probe(network, TrainConfig(batch_size=16), Task(Config(), spec()), feed, Precision("fp32", CPU))

    def test_costs_are_measured_and_leave_no_trace(self, probe, network):
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        costs = probe.costs(((0.0, 6),), look(6), allowed_s=1.0)
        assert set(costs.step_s) == {6}
        assert 0 < costs.step_s[6] < 5
        assert 0 < costs.look_s < 1
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
        assert all(parameter.grad is None for parameter in network.parameters())

    def test_where_there_is_no_time_left_costs_grow_with_the_area(self, probe, monkeypatch):
        monkeypatch.setattr(probe, "_step_s", lambda size: 0.1)
        monkeypatch.setattr(probe, "_look_s", lambda batch: 0.01)
        costs = probe.costs(((0.0, 6), (0.5, 12), (0.8, 18)), look(18), allowed_s=0.0)
        assert costs.step_s == pytest.approx({6: 0.1, 12: 0.4, 18: 0.9})

    def test_operations_of_a_step_by_hand(self, probe):
        # forward: 16 x 36 x 8 and 16 x 8 x 3 products; backward: both for the weights, the head's for its input too
        forward = 2 * 16 * (36 * 8 + 8 * 3)
        backward = 2 * 16 * (36 * 8 + 2 * 8 * 3)
        iteration = probe.flop(((0.0, 6),)) - forward - backward
        # the matrix iteration of the optimizer: three rounds on 8 x 36
        assert iteration == 3 * 2 * (8 * 36 * 8 + 8 * 8 * 8 + 8 * 8 * 36)
