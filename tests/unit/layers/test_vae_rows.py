import numpy as np
import pytest
import small_rows
import torch

from gnomon.core.spec import Density, Normality
from gnomon.layers.vae_rows import RowEmbedding


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return small_rows.prepared(tmp_path_factory.mktemp("cache"))[0]


@pytest.fixture
def network(people):
    return small_rows.network(people.spec, train=people.splits["train"])


def rows(people, count=6):
    split = people.splits["test"]
    return torch.from_numpy(np.array(split.inputs[0:count])), torch.from_numpy(split.targets[0:count])


def test_the_bound_is_reconstruction_and_divergence_and_names_the_class(people, network):
    inputs, given = rows(people)
    told, untold = network(inputs, None, given).value, network(inputs).value
    assert told.shape == (6, 3)
    torch.testing.assert_close(told[:, 1], told[:, 0] + told[:, 2], rtol=1e-4, atol=1e-4)
    shares = torch.tensor(people.spec.target.shares)
    torch.testing.assert_close(network.naming(given), -shares[given].log())
    assert network.naming(torch.full((1,), 2))[0] == 0
    assert not torch.allclose(told[:, 0], untold[:, 0])


def test_what_is_measured_repeats_exactly_in_any_batch(people, network):
    inputs, given = rows(people)
    whole, again = network(inputs, None, given).value, network(inputs[2:3], None, given[2:3]).value
    torch.testing.assert_close(again, whole[2:3], rtol=1e-4, atol=1e-4)
    assert torch.equal(whole, network(inputs, None, given).value)


def test_more_draws_tighten_the_bound(people, network):
    inputs, given = rows(people, 40)
    with torch.no_grad():  # so that the latents matter
        network.head.linear.weight.mul_(20)
    one, many = (network.bound(inputs, given, k=k)[:, 0].mean() for k in (1, 200))
    assert many < one


def test_new_rows_are_drawn_by_the_generator_alone(network):
    draws = [network.sample(8, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0].nan_to_num(-1), draws[1].nan_to_num(-1))
    assert not torch.equal(draws[0].nan_to_num(-1), draws[2].nan_to_num(-1))
    assert draws[0].shape == (8, 4)


def test_an_untrained_network_draws_columns_as_they_are_spread(people, network):
    drawn = network.sample(2000, generator=torch.Generator().manual_seed(0))
    train = np.asarray(people.splits["train"].inputs[0:300])
    assert abs(drawn[:, 1].isnan().float().mean().item() - 0.1) < 0.05
    assert abs(np.nanmean(drawn[:, 0].numpy()) - np.nanmean(train[:, 0])) < 6


def test_a_hidden_cell_does_not_tell_of_itself(people, network):
    inputs, _ = rows(people)
    other = inputs.clone()
    other[:, 0] = other[:, 0] + 1
    one, two = network.cells(inputs, hidden=0), network.cells(other, hidden=0)
    torch.testing.assert_close(one[:, 1:], two[:, 1:])
    assert not torch.allclose(network.cells(inputs)[:, 1:], network.cells(other)[:, 1:])


def test_missing_cells_and_spikes_are_embedded_apart(people):
    leaf = people.spec.input
    embed = RowEmbedding(leaf, size=3)
    inputs, _ = rows(people)
    embed.measure(torch.from_numpy(np.asarray(people.splits["train"].inputs[0:300])))
    zero = inputs.clone()
    zero[:, 1] = 0.0
    gone = inputs.clone()
    gone[:, 1] = torch.nan
    assert embed(inputs).shape == (6, embed.width)
    assert embed(gone).isfinite().all()
    assert not torch.allclose(embed(zero), embed(gone))


def test_without_classes_and_for_anomalies_it_is_told_nothing(people):
    for target in (Density(), Normality(classes=("poor", "rich"), normal=("poor",))):
        network = small_rows.network(
            type(people.spec)(input=people.spec.input, target=target), train=people.splits["train"]
        )
        inputs, given = rows(people)
        assert torch.equal(network(inputs, None, given).value, network(inputs).value)


def test_it_learns_what_ties_the_columns(people):
    network = small_rows.network(people.spec, train=people.splits["train"]).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    inputs = torch.from_numpy(np.asarray(people.splits["train"].inputs[0:300]))
    given = torch.from_numpy(people.splits["train"].targets)
    losses = []
    for step in range(60):
        torch.manual_seed(step)
        output = network(inputs, None, given)
        loss = output.value[:, 0].mean() + output.penalties["kl"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.2
