"""core/training.py: what there is to spend, and settings that fit their types."""

import pytest

from gnomon.core import config
from gnomon.core.errors import UsageError
from gnomon.core.training import Allowance, AugmentConfig, Proposal, RunConfig, Speed, TrainConfig

SPEED = Speed(flop_per_s=1e9, device="cpu", memory_bytes=2**30)


def allowance(**given) -> Allowance:
    return Allowance(**{"train_s": None, "samples": None, "flop": None, "num_train": 100, **given})


def test_seconds_buy_samples_by_the_speed_of_the_machine():
    assert allowance(train_s=60.0).samples_at(2e6, SPEED) == 30_000


def test_operations_buy_samples_on_any_machine():
    assert allowance(flop=1e12).samples_at(2e6, SPEED) == 500_000


def test_samples_are_samples():
    assert allowance(samples=1234.0, train_s=60.0, flop=1e12).samples_at(2e6, SPEED) == 1234


def test_nothing_buys_nothing():
    assert allowance().samples_at(2e6, SPEED) == 0


@pytest.mark.parametrize(("cls", "section"), [(RunConfig, "run"), (TrainConfig, "train"), (AugmentConfig, "augment")])
def test_the_defaults_are_values_that_a_file_may_hold(cls, section):
    made, settings = config.build(cls, section, [])
    tree = config.as_toml(settings)[section]
    again, _ = config.build(cls, section, [("config", {f"{section}.{name}": value for name, value in tree.items()})])
    assert again == made == cls()


def test_phases_come_from_lists():
    train, _ = config.build(TrainConfig, "train", [("user", {"train.phases": [[0.0, 24], [0.5, 32]]})])
    assert train.phases == ((0.0, 24), (0.5, 32))


@pytest.mark.parametrize(
    ("name", "value"), [("precision", "fp8"), ("average", "on"), ("phases", [[0.0]]), ("threads", "all")]
)
def test_words_that_mean_nothing_are_refused(name, value):
    with pytest.raises(UsageError, match=f"train.{name} = "):
        config.build(TrainConfig, "train", [("user", {f"train.{name}": value})])


def test_a_proposal_says_no_more_than_it_must():
    proposal = Proposal(config=None, merit=0.5)
    assert (proposal.settings, proposal.why) == ({}, ())
