import pytest
import torch

from gnomon.sitting import parts
from gnomon.training.budget import parse_budget


def test_the_parts_fit_together(sitting, made):
    batch = made.feed.batch(0, size=made.phases[0][1])
    value = made.network(batch.inputs).value
    assert value.shape == (sitting.choice.train.batch_size, made.task.output_size)
    assert made.test_px == 8
    assert made.precision.name == "fp32"


def test_an_ensemble_begins_with_the_network_and_builds_others_from_other_numbers(sitting, made):
    first = made.network
    parts.assemble_ensemble(sitting, made, {"networks": 2, "steps": 10, "valid_too": False})
    assert made.network.learner is first
    made.network.begin(1)
    second = made.network.learner.state_dict()
    assert second.keys() == first.state_dict().keys()
    assert not all(tensor.equal(second[name]) for name, tensor in first.state_dict().items())


def test_batches_of_later_networks_come_from_elsewhere():
    class Numbered:
        num_samples, typical_step = 7, 3

        def __init__(self, name):
            self.name = name

        def batch(self, step, *, size):
            return self.name, step, size

    feed = parts._InTurns(first=Numbered("first"), later=Numbered("later"), from_step=5)
    assert (feed.num_samples, feed.typical_step) == (7, 3)
    assert [feed.batch(step, size=0) for step in (4, 5)] == [("first", 4, 0), ("later", 5, 0)]


@pytest.mark.parametrize(
    ("wanted", "device", "budget", "compiles"),
    [
        ("auto", "cpu", "60m", False),
        ("auto", "cuda", "60s", False),
        ("auto", "cuda", "10m", True),
        ("auto", "cuda", "5epochs", False),
        ("on", "cpu", "5s", True),
        ("off", "cuda", "60m", False),
    ],
)
def test_compiling_has_to_be_paid_back(wanted, device, budget, compiles):
    assert parts._compiles(wanted, torch.device(device), parse_budget(budget)) is compiles
