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
