import pytest
import torch

from gnomon.layers.gaussian_latents import Prior, log_normal
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.learned_prior import log_mixture, of_mixture


def test_the_density_is_the_mean_of_those_of_the_components():
    torch.manual_seed(0)
    latents, mean, log_scale = torch.randn(4, 3), torch.randn(2, 3), torch.randn(2, 3) * 0.3
    each = torch.stack([log_normal(latents, mean[k].expand(4, -1), log_scale[k].expand(4, -1)) for k in (0, 1)])
    torch.testing.assert_close(log_mixture(latents, mean, log_scale), each.exp().mean(0).log(), rtol=1e-4, atol=1e-4)
    shares = torch.tensor([[0.9, 0.1]]).log().expand(4, -1)
    wanted = (0.9 * each[0].exp() + 0.1 * each[1].exp()).log()
    torch.testing.assert_close(log_mixture(latents, mean, log_scale, shares), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("shares", "wanted"), [(None, 0.5), (torch.tensor([0.2, 0.8]), 0.8)])
def test_components_are_drawn_by_their_shares(shares, wanted):
    pick = Prior(DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0)), 0.0)
    mean = torch.tensor([[-1.0], [1.0]])
    logs = None if shares is None else shares.log().expand(2000, -1)
    drawn = of_mixture(pick, (2000, 1), mean, torch.zeros(2, 1), logs)
    assert set(drawn.unique().tolist()) == {-1.0, 1.0}
    assert abs((drawn > 0).float().mean().item() - wanted) < 0.04
