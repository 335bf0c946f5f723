"""What tasks share whose model says how probable a sample is."""

import math

import numpy as np
import pytest
import torch

from gnomon.core.densities import Densities
from gnomon.core.errors import DataError
from gnomon.core.spec import Density, Image, Label, MixedRow, Output, Quantity, Spec

IMAGE = Image(height_px=2, width_px=5, channels=1)


def densities(target=None):
    return Densities(Spec(input=IMAGE, target=target or Density(binarize="dynamic")))


def value():
    return torch.tensor([[5.0, 0.5, 1.0, 2.0], [7.0, 1.5, 0.0, 3.0]])


def test_the_loss_is_the_reconstruction_and_penalties_are_the_loops():
    output = Output(value(), penalties={"kl": torch.tensor(9.0)})
    assert densities().loss(output, torch.zeros(2)).item() == 6.0


def test_what_is_kept():
    kept = densities().keep(Output(value()), torch.zeros(2))
    assert kept.tolist() == [[5.0, 0.5, 8.0, 0.0, 1.0, 1.0, 2.0], [7.0, 1.5, 10.0, 0.0, 1.0, 0.0, 3.0]]


def test_the_headline_is_nats_of_two_values_and_bits_of_many():
    assert densities().headline == "nll"
    assert densities(Density()).headline == "bits_per_dim"
    kept = densities().keep(Output(value()), torch.zeros(2)).numpy()
    scores = densities().metrics(kept, np.array([-1, -1]), seed=0)
    assert next(iter(scores)) == "nll"
    assert scores["nll"].value == 9.0
    assert scores["bits_per_dim"].value == pytest.approx(9 / (10 * math.log(2)))


def test_a_class_that_was_told_is_paid_for():
    task = densities(Density(binarize="dynamic", classes=("a", "b", "c", "d"), conditional=True))
    kept = task.keep(Output(value()), torch.zeros(2)).numpy()
    assert task.metrics(kept, np.array([0, 1]), seed=0)["nll"].value == pytest.approx(9 + math.log(4))
    assert task.details(kept, np.array([0, 1]), np.array(["x", "y"]))["label_nats"] == pytest.approx(math.log(4))


def test_rows_compare_with_what_was_held_out():
    task = densities()
    task.remember((0.0, 1.0, 2.0))
    first, second = task.decode(value().numpy(), np.zeros((2, 2, 5, 1)))
    assert first == {
        "nll_bound": 8.0,
        "reconstruction": 5.0,
        "kl": 3.0,
        "bits_per_dim": pytest.approx(8 / (10 * math.log(2))),
        "score": 0.5,
        "p_value": 0.75,
    }
    assert second["p_value"] == 0.5


def test_the_strangest_come_first():
    task = densities()
    kept = task.keep(Output(value()), torch.zeros(2)).numpy()
    found = task.details(kept, np.array([-1, -1]), np.array(["x", "y"], dtype=object))
    assert [one["id"] for one in found["strangest"]] == ["y", "x"]
    assert [one["id"] for one in found["typical"]] == ["x", "y"]
    assert sum(found["histogram"]["normal"]) == 2


def test_the_live_line_has_the_parts():
    kept = densities().keep(Output(value()), torch.zeros(2))
    assert densities().progress_metrics(kept, None) == {"nll": 9.0, "reconstruction": 6.0, "kl": 3.0}


def test_scores_of_another_model():
    found = densities().of_nats(np.array([10.0, 20.0]))
    assert found["nll"].value == 15.0


def test_other_targets_are_refused():
    with pytest.raises(DataError, match="nothing to generate"):
        densities(Label(classes=("a", "b")))


def test_rows_of_a_table_are_told_in_nats_and_pay_for_their_class_themselves():
    age = Quantity(name="age", low=0.0, step=1.0, places=90, means=(40.0,), deviations=(20.0,))
    told = Density(classes=("a", "b"), conditional=True, shares=(0.5, 0.5))
    found = Densities(Spec(input=MixedRow(numbers=(age,), categories=(("city", 9),)), target=told))
    assert (found.headline, found.num_values, found.also) == ("nll", 2, 0.0)
