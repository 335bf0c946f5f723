import pytest
import torch
from small_training import small

from gnomon.core.training import TrainConfig
from gnomon.training.average import Average


def filled(value):
    network = small()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.fill_(value)
    return network


def value_of(average, network):
    return average.weights(network)["linear.weight"].flatten()[0].item()


def test_an_exponential_average_over_a_share_of_all_steps():
    average = Average(TrainConfig(average=0.04))
    average.update(filled(1.0), progress=0.5, steps=100)  # the first is taken as it is
    average.update(filled(5.0), progress=0.51, steps=100)  # a horizon of 4 steps: a quarter of the way
    assert value_of(average, filled(9.0)) == pytest.approx(2.0)
    average.update(filled(6.0), progress=0.52, steps=50)  # the plan was cut: 2 steps
    assert value_of(average, filled(9.0)) == pytest.approx(4.0)


def test_a_horizon_shorter_than_a_step_is_the_network_itself():
    average = Average(TrainConfig(average=0.01))
    for value in (1.0, 5.0):
        average.update(filled(value), progress=0.9, steps=20)
    assert value_of(average, filled(9.0)) == 5.0


def test_before_half_of_the_training_there_is_no_average():
    average = Average(TrainConfig(average=0.1))
    average.update(filled(1.0), progress=0.49, steps=100)
    assert average.state() == {}
    assert value_of(average, filled(9.0)) == 9.0


def test_switched_off_there_is_none():
    average = Average(TrainConfig(average="off"))
    average.update(filled(1.0), progress=1.0, steps=100)
    assert average.state() == {}


def test_statistics_are_averaged_and_counters_are_the_networks_own():
    average = Average(TrainConfig(average=0.1))
    average.update(filled(1.0), progress=0.6, steps=100)
    weights = average.weights(filled(7.0))
    assert weights["norm.running_mean"].tolist() == [1.0] * 8
    assert weights["norm.num_batches_tracked"].item() == 7
    assert set(weights) == set(small().state_dict())


def test_the_average_does_not_move_with_the_network():
    network = filled(1.0)
    average = Average(TrainConfig(average=0.1))
    average.update(network, progress=0.6, steps=100)
    with torch.no_grad():
        network.linear.weight.fill_(3.0)
    assert value_of(average, network) == 1.0


def test_the_state_comes_back_and_is_a_copy():
    average, other = Average(TrainConfig(average=0.1)), Average(TrainConfig(average=0.1))
    average.update(filled(1.0), progress=0.6, steps=100)
    other.load_state(average.state())
    average.update(filled(2.0), progress=0.7, steps=100)
    assert value_of(other, filled(9.0)) == 1.0
    other.update(filled(2.0), progress=0.7, steps=100)
    assert value_of(other, filled(9.0)) == value_of(average, filled(9.0))
