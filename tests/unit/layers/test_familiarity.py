"""Pictures unlike those that are remembered are strange, simple ones too."""

import torch

from gnomon.layers.familiarity import VIEWS, Familiarity


def stripes(count, seed=0):
    """Upright stripes somewhere, under noise."""
    draw = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 60, (count, 16, 16, 1), generator=draw)
    for row, place in enumerate(torch.randint(0, 13, (count,), generator=draw).tolist()):
        pixels[row, :, place : place + 3] += 180
    return pixels.to(torch.uint8)


def fitted():
    familiarity = Familiarity()
    familiarity.fit(stripes(300))
    return familiarity


def test_turned_stripes_and_empty_pictures_are_stranger_than_stripes():
    familiarity, usual = fitted(), stripes(50, seed=1)
    calm = familiarity(usual)
    assert (familiarity(usual.transpose(1, 2)) > calm.max()).all()
    assert familiarity(torch.zeros(1, 16, 16, 1, dtype=torch.uint8)) > calm.max()
    assert calm.mean().abs() < 0.3


def test_a_picture_is_judged_alone():
    familiarity, usual = fitted(), stripes(5, seed=2)
    torch.testing.assert_close(familiarity(usual[2:3]), familiarity(usual)[2:3], rtol=1e-4, atol=1e-5)


def test_before_anything_is_remembered_all_is_alike():
    assert torch.equal(Familiarity()(torch.zeros(2, 8, 8, 3, dtype=torch.uint8)), torch.zeros(2))


def test_every_view_has_a_say():
    familiarity, odd = fitted(), stripes(5).transpose(1, 2)
    whole = familiarity(odd)
    for view in familiarity.views:
        count = view.count.clone()
        view.count.zero_()  # it remembers nothing
        assert (familiarity(odd) < whole).all()
        view.count.copy_(count)
    assert len(familiarity.views) == len(VIEWS) > 1
