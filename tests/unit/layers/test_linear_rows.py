"""A linear model of rows that answers beside a network."""

import pytest
import torch

from gnomon.core.spec import Label, Number, Vector
from gnomon.layers.linear_rows import LinearRows, columns_of

ROWS = Vector(names=("x", "y"), categories=(("colour", 4),))
NUMBER = Number(name="price", mean=100.0, deviation=10.0)


def rows(count=80):
    draw = torch.Generator().manual_seed(0)
    numbers, codes = torch.randn(count, 2, generator=draw), torch.randint(0, 4, (count, 1), generator=draw)
    return torch.cat([numbers, codes.float()], dim=1)


def test_a_number_that_is_linear_in_columns_codes_and_what_is_missing_is_found():
    inputs = rows()
    inputs[::5, 1] = torch.nan
    line = 2 * inputs[:, 0] + 3 * inputs[:, 1].nan_to_num(1.5) + 5 * (inputs[:, 2] == 2)
    model = LinearRows(ROWS, NUMBER)
    assert (model(inputs) == 0).all()
    model.solve(inputs, (100 + 10 * line).double())
    torch.testing.assert_close(model(inputs)[:, 0], line, atol=0.01, rtol=0)


def test_numbers_far_away_count_as_ten_spreads():
    model = LinearRows(ROWS, NUMBER)
    model.solve(rows(), (100 + 10 * rows()[:, 0]).double())
    near, far = torch.tensor([[10.0, 0.0, 0.0]]), torch.tensor([[1e9, 0.0, 0.0]])
    assert torch.equal(model(near), model(far))


def test_probabilities_are_averaged_by_share():
    model = LinearRows(ROWS, Label(classes=("a", "b", "c")))
    inputs = rows()
    model.solve(inputs, inputs[:, 2].long().clamp_max(2))
    answers = torch.randn(80, 3, generator=torch.Generator().manual_seed(3))
    assert torch.equal(model.beside(answers, inputs), answers)
    model.share.fill_(0.25)
    wanted = 0.75 * answers.softmax(1) + 0.25 * model(inputs).softmax(1)
    torch.testing.assert_close(model.beside(answers, inputs).exp(), wanted)
    model.share.fill_(1.0)
    torch.testing.assert_close(model.beside(answers, inputs).exp(), model(inputs).softmax(1))


def test_quantiles_move_with_the_number():
    model = LinearRows(ROWS, NUMBER)
    inputs = rows()
    model.solve(inputs, (100 + 10 * inputs[:, 0]).double())
    model.share.fill_(0.5)
    answers = torch.tensor([[0.0, -1.0, 1.0]]).expand(80, -1)
    found = model.beside(answers, inputs)
    torch.testing.assert_close(found - found[:, :1], answers)
    torch.testing.assert_close(found[:, 0], model(inputs)[:, 0] / 2)


def test_columns_are_numbers_twice_and_codes():
    assert columns_of(ROWS) == 8
    assert LinearRows(ROWS, NUMBER).weights.shape == (1, 9)
    assert not any(parameter.requires_grad for parameter in LinearRows(ROWS, NUMBER).parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_answers_in_the_format_it_is_in(dtype):
    model = LinearRows(ROWS, NUMBER).to(dtype)
    assert model(rows().to(dtype)).dtype == dtype
