import torch

from gnomon.layers.forecast_head import ForecastHead


def test_values_stand_step_after_step():
    head = ForecastHead(1, 2, 3)
    with torch.no_grad():
        head.linear.weight.copy_(torch.arange(6.0)[:, None])
    assert head(torch.tensor([[10.0]])).view(2, 3).tolist() == [[0, 10, 20], [30, 40, 50]]


def test_an_answer_is_for_every_step():
    head = ForecastHead(4, 3, 2)
    head.answer(torch.tensor([0.25, -3.0]))
    assert head(torch.randn(5, 4)).view(5, 3, 2).tolist() == [[[0.25, -3.0]] * 3] * 5


def test_a_head_for_points_takes_the_point():
    head = ForecastHead(4, 3, 1)
    head.answer(torch.tensor([0.5, 1.0, 2.0, 3.0]))
    assert head(torch.randn(2, 4)).tolist() == [[0.5] * 3] * 2
