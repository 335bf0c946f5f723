import pytest
import torch

from gnomon.layers.attention_pool import AttentionPool


def mask(*lengths, time):
    return torch.arange(time)[:, None] < torch.tensor(lengths)


def test_equal_scores_give_the_mean_beside_the_maximum():
    pool = AttentionPool(2, num_heads=1)
    torch.nn.init.zeros_(pool.score.weight)
    x = torch.tensor([[1.0, 5.0], [3.0, 1.0], [100.0, 100.0]])[:, None]
    assert pool(x, mask(2, time=3)).tolist() == [[2.0, 3.0, 3.0, 5.0]]


def test_each_head_weighs_its_own_units():
    pool = AttentionPool(2, num_heads=2)
    with torch.no_grad():
        pool.score.weight.copy_(torch.tensor([[100.0, 0.0], [0.0, -100.0]]))
    x = torch.tensor([[1.0, 5.0], [3.0, 1.0]])[:, None]
    assert pool(x, mask(2, time=2))[0, :2].tolist() == pytest.approx([3.0, 1.0])


def test_padding_and_neighbours_change_nothing():
    torch.manual_seed(0)
    pool, x = AttentionPool(8), torch.randn(6, 3, 8)
    found = pool(x, mask(6, 4, 1, time=6))
    torch.testing.assert_close(found[1:2], pool(x[:4, 1:2], mask(4, time=4)))
    torch.testing.assert_close(found[2], torch.cat([x[0, 2], x[0, 2]]))


def test_a_sample_without_tokens_gives_noughts_and_finite_gradients():
    pool, x = AttentionPool(8), torch.randn(4, 2, 8, requires_grad=True)
    found = pool(x, mask(4, 0, time=4))
    assert found[1].eq(0).all()
    found.sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad[:, 1].eq(0).all()


def test_heads_that_cannot_share_the_units_are_refused():
    with pytest.raises(ValueError, match="4 heads cannot share 6 units"):
        AttentionPool(6)
