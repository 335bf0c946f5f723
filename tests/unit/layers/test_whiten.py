import pytest
import torch
from torch.nn import functional as F

from gnomon.layers import whiten
from gnomon.layers.whiten import WhitenedPatches


def images(count=40, channels=3, side=8, seed=0):
    """Correlated pixels: smooth pictures, as real ones are."""
    noise = torch.randn(count, channels, side + 4, side + 4, generator=torch.Generator().manual_seed(seed))
    return F.avg_pool2d(noise, 5, stride=1) * 3


def measured(some, **settings):
    layer = WhitenedPatches(some.shape[1], **{"size": 2, **settings})
    layer.measure(some)
    return layer


def test_patches_come_out_uncorrelated_with_variance_one():
    some = images()
    found = measured(some)(some)
    assert found.shape == (40, 24, 7, 7)
    half = found[:, :12].permute(1, 0, 2, 3).flatten(1).double()
    second_moment = half @ half.T / half.shape[1]
    off = second_moment - torch.diag(second_moment.diag())
    assert off.abs().max() < 1e-3
    values = torch.linalg.eigvalsh(
        (lambda p: p.T @ p / len(p))(F.unfold(some, 2).transpose(1, 2).reshape(-1, 12).double())
    )
    torch.testing.assert_close(second_moment.diag(), values / (values + 5e-4), atol=1e-3, rtol=0)


def test_both_signs_of_every_filter_are_there():
    found = measured(images())(images(seed=1))
    torch.testing.assert_close(found[:, 12:], -found[:, :12])


def test_a_single_pixel_by_hand():
    # second moment (9 + 1) / 2 = 5
    layer = measured(torch.tensor([3.0, -1.0]).reshape(2, 1, 1, 1), size=1)
    expected = 1 / (5 + 5e-4) ** 0.5
    assert layer.weight.flatten().tolist() == pytest.approx([expected, -expected])


def test_only_the_bias_learns():
    layer = WhitenedPatches(3, size=2)
    assert [name for name, p in layer.named_parameters() if p.requires_grad] == ["bias"]
    assert layer.bias.tolist() == [0.0] * 24


def test_stride_steps_over_patches():
    some = images(side=9)
    dense, sparse = measured(some, size=3), measured(some, size=3, stride=2)
    torch.testing.assert_close(sparse(some), dense(some)[:, :, ::2, ::2])


def test_pictures_of_one_colour_give_finite_filters():
    assert measured(torch.zeros(3, 1, 4, 4)).weight.isfinite().all()


def test_the_same_data_gives_the_same_filters():
    assert torch.equal(measured(images()).weight, measured(images()).weight)


def test_a_few_of_many_pictures_are_taken_evenly_from_all(monkeypatch):
    some = images(count=10)
    monkeypatch.setattr(whiten, "_MAX_PATCHES", 5 * 64)
    assert torch.equal(measured(some).weight, measured(some[::2]).weight)
    monkeypatch.setattr(whiten, "_MAX_PATCHES", 1)
    assert torch.equal(measured(some).weight, measured(some[:1]).weight)
