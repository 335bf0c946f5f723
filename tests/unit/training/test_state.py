import json

import pytest
import torch
from small_training import CPU, feed_of, pictures, small, spec

from gnomon.core.errors import ArtefactError
from gnomon.core.spec import Label, Spec, Vector
from gnomon.core.training import TrainConfig
from gnomon.layers.ensemble import Ensemble
from gnomon.tasks.classify import Config, Task
from gnomon.training.average import Average
from gnomon.training.optim import Optimizer
from gnomon.training.precision import Precision
from gnomon.training.state import State
from gnomon.training.step import train_step

CONFIG = TrainConfig(average=0.1)


def fresh(seed=0):
    network = small(seed)
    optimizer = Optimizer(network, CONFIG, iterate_in=torch.float32)
    return State(network=network, optimizer=optimizer, average=Average(CONFIG), seed=7)


def trained(state, steps):
    feed, task = feed_of(pictures()), Task(Config(), spec())
    for step in steps:
        torch.manual_seed(step)
        progress = step / 10
        train_step(
            state.network,
            task,
            state.optimizer,
            feed.batch(step, size=6),
            progress=progress,
            precision=Precision("fp32", CPU),
        )
        state.average.update(state.network, progress=progress, steps=10)
        state.step = step + 1
        state.losses.append(step * 0.1)
    return state


def copied(state):
    """What a checkpoint makes of a state: tensors apart from it, facts through JSON."""
    tensors = {name: tensor.clone() for name, tensor in state.tensors().items()}
    return tensors, json.loads(json.dumps(state.facts()))


def test_a_loaded_state_goes_on_as_the_first_one_does():
    state = trained(fresh(), range(6))
    state.elapsed_s, state.rollbacks, state.skipped_in_a_row, state.optimizer.lr_factor = 12.5, 1, 2, 0.5
    other = fresh(seed=1)
    other.load(*copied(state))
    assert (other.step, other.elapsed_s, other.rollbacks, other.skipped_in_a_row) == (6, 12.5, 1, 2)
    assert (other.seed, other.optimizer.lr_factor, other.losses) == (7, 0.5, state.losses)
    trained(state, range(6, 9))
    trained(other, range(6, 9))
    assert all(torch.equal(tensor, other.tensors()[name]) for name, tensor in state.tensors().items())
    assert state.facts() == other.facts()


class TestTurns:
    """An ensemble: `small` networks that learn one after another."""

    @staticmethod
    def several():
        target = Spec(input=Vector(names=("x",)), target=Label(classes=("a", "b")))
        network = Ensemble(small(0), target, another=small)

        def renew(learner):
            return Optimizer(learner, CONFIG, iterate_in=torch.float32), Average(CONFIG)

        optimizer, average = renew(network.learner)
        return State(network=network, optimizer=optimizer, average=average, seed=7, renew=renew)

    @staticmethod
    def learn(state, steps):
        """As `trained`, with the learner."""
        whole, state.network = state.network, state.network.learner
        trained(state, steps)
        state.network = whole
        return state

    def test_the_next_begins_with_nothing_and_the_last_keeps_its_average(self):
        state = self.learn(self.several(), range(10))
        state.optimizer.lr_factor = 0.5
        averaged = state.average.weights(state.network.learner)["linear.weight"].clone()
        with torch.no_grad():
            state.network.learner.linear.weight.add_(1.0)
        assert torch.equal(state.weights()["networks.0.linear.weight"], averaged)
        state.begin(1)
        assert torch.equal(state.network.networks[0].linear.weight, averaged)
        assert state.network.turn == 1
        assert state.optimizer.lr_factor == 0.5
        assert not state.average.state()
        assert not any(tensor.any() for tensor in state.optimizer.state().values())

    def test_a_loaded_state_goes_on_in_the_same_turn(self):
        state = self.learn(self.several(), range(10))
        state.begin(1)
        self.learn(state, range(10, 16))
        tensors, facts = copied(state)
        other = self.several()
        other.load(tensors, facts)
        assert other.network.turn == facts["turn"] == 1
        self.learn(state, range(16, 19))
        self.learn(other, range(16, 19))
        assert state.tensors().keys() == other.tensors().keys()
        assert all(torch.equal(tensor, other.tensors()[name]) for name, tensor in state.tensors().items())

    def test_it_goes_back_to_a_turn_before(self):
        state = self.learn(self.several(), range(6))
        tensors, facts = copied(state)
        state.begin(1)
        self.learn(state, range(10, 12))
        state.load(tensors, facts)
        assert (state.network.turn, state.step) == (0, 6)
        assert all(torch.equal(tensor, tensors[name]) for name, tensor in state.tensors().items())

    def test_one_network_has_one_turn(self):
        tensors, facts = copied(fresh())
        with pytest.raises(ArtefactError, match="one network has no turn 1"):
            fresh().load(tensors, {**facts, "turn": 1})


def test_every_tensor_has_a_name_of_its_own():
    tensors = trained(fresh(), range(6)).tensors()
    assert {name.partition("/")[0] for name in tensors} == {"network", "optimizer", "average"}
    assert "network/norm.running_var" in tensors
    assert "average/norm.running_var" in tensors
    assert "optimizer/linear.weight" in tensors


@pytest.mark.parametrize("part", ["network/linear.weight", "network/norm.running_mean", "optimizer/norm.bias"])
def test_a_missing_tensor_is_refused(part):
    tensors, facts = copied(trained(fresh(), range(6)))
    del tensors[part]
    with pytest.raises(ArtefactError, match="the checkpoint does not fit this run"):
        fresh().load(tensors, facts)


@pytest.mark.parametrize("name", sorted(fresh().facts()))
def test_a_missing_fact_is_refused(name):
    tensors, facts = copied(fresh())
    del facts[name]
    with pytest.raises(ArtefactError, match=name):
        fresh().load(tensors, facts)


def test_tensors_of_another_network_are_refused():
    tensors, facts = copied(fresh())
    with pytest.raises(ArtefactError):
        fresh().load({**tensors, "network/linear.weight": torch.zeros(3, 5)}, facts)
    with pytest.raises(ArtefactError):
        fresh().load({**tensors, "stranger/x": torch.zeros(1)}, facts)


def test_a_fact_of_the_wrong_kind_is_refused():
    tensors, facts = copied(fresh())
    with pytest.raises(ArtefactError):
        fresh().load(tensors, {**facts, "step": "many"})


def test_what_is_carried_from_batch_to_batch_is_part_of_the_state():
    state = fresh()
    state.carry = torch.arange(6.0).reshape(3, 2)
    other = fresh(seed=1)
    other.load(*copied(state))
    assert torch.equal(other.carry, state.carry)
    other.load(*copied(fresh()))
    assert other.carry is None
