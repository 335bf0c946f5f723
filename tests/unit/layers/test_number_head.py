import torch

from gnomon.layers.number_head import NumberHead, free_of
from gnomon.layers.scaling import with_quantiles


def test_quantiles_rise_and_the_number_is_the_first():
    torch.manual_seed(0)
    answers = NumberHead(6)(torch.randn(50, 6) * 10)
    assert answers.shape == (50, 4)
    assert (answers[:, 1:].diff(dim=1) >= 0).all()


def test_an_answer_is_for_every_input():
    head, wanted = NumberHead(3), torch.tensor([0.1, -1.2, 0.0, 1.4])
    head.answer(wanted)
    torch.testing.assert_close(head(torch.randn(5, 3)), wanted.expand(5, 4))


def test_free_numbers_undo_the_order():
    values = torch.tensor([[0.5, -1.0, 0.25, 3.0], [0.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(with_quantiles(free_of(values)), values, atol=1e-5, rtol=1e-5)
