"""Pictures unlike those that are remembered are strange, simple ones too."""

import pytest
import torch

from gnomon.core.spec import Image
from gnomon.layers.familiarity import VIEWS, Familiarity, unexplained

STRIPED = Image(height_px=16, width_px=16, channels=1)
NONE = torch.zeros(())
"""Nothing of a picture is unexplained in particular."""


def stripes(count, seed=0):
    """Upright stripes somewhere, under noise."""
    draw = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 60, (count, 16, 16, 1), generator=draw)
    for row, place in enumerate(torch.randint(0, 13, (count,), generator=draw).tolist()):
        pixels[row, :, place : place + 3] += 180
    return pixels.to(torch.uint8)


def fitted():
    familiarity = Familiarity(STRIPED)
    familiarity.fit(stripes(300), torch.zeros(300))
    return familiarity


def test_turned_stripes_and_empty_pictures_are_stranger_than_stripes():
    familiarity, usual = fitted(), stripes(50, seed=1)
    calm = familiarity(usual, NONE)
    assert (familiarity(usual.transpose(1, 2), NONE) > calm.max()).all()
    assert familiarity(torch.zeros(1, 16, 16, 1, dtype=torch.uint8), NONE) > calm.max()
    assert calm.mean().abs() < 0.3


def test_a_picture_is_judged_alone():
    familiarity, usual = fitted(), stripes(5, seed=2)
    torch.testing.assert_close(familiarity(usual[2:3], NONE), familiarity(usual, NONE)[2:3], rtol=1e-4, atol=1e-5)


def test_a_spot_in_one_place_is_strange():
    familiarity, usual = fitted(), stripes(20, seed=1)
    spotted = usual.clone()
    spotted[:, 6:9, 6:9] = 255 - spotted[:, 6:9, 6:9]
    assert (familiarity.plane(usual) < 2).all()
    assert familiarity.plane(spotted).mean() > 0.2
    assert (familiarity(spotted, NONE) > familiarity(usual, NONE)).float().mean() > 0.8


def test_before_anything_is_remembered_all_is_alike():
    assert torch.equal(
        Familiarity(Image(height_px=8, width_px=8, channels=3))(
            torch.zeros(2, 8, 8, 3, dtype=torch.uint8), torch.ones(2)
        ),
        torch.zeros(2),
    )


def test_every_view_has_a_say():
    familiarity, odd = fitted(), stripes(5).transpose(1, 2)
    whole = familiarity(odd, NONE)
    for view in familiarity.views:
        count = view.count.clone()
        view.count.zero_()  # it remembers nothing
        assert (familiarity(odd, NONE) < whole).all()
        view.count.copy_(count)
    assert len(familiarity.views) == len(VIEWS) > 1


def test_what_is_left_unexplained_counts_as_much_as_it_varies():
    usual, left = stripes(300), torch.linspace(-1, 1, 300)
    wide, narrow = Familiarity(STRIPED), Familiarity(STRIPED)
    wide.fit(usual, left)
    narrow.fit(usual, left / 10)
    some = usual[:1].expand(2, -1, -1, -1)
    calm, odd = wide(some, torch.tensor([0.0, 1.0])).tolist()
    assert odd > calm
    assert narrow(some, torch.tensor([0.0, 0.1])).tolist() == pytest.approx([calm, odd], abs=1e-4)


def test_where_all_are_left_alike_the_edges_alone_are_asked():
    familiarity, some = fitted(), stripes(2, seed=3)
    assert torch.equal(familiarity(some, torch.tensor([0.0, 9.0])), familiarity(some, NONE))


def test_the_unexplained_share_does_not_depend_on_brightness_or_contrast():
    picture = torch.tensor([[0.0, 40.0], [80.0, 120.0]])[None, :, :, None].repeat(1, 8, 8, 3)
    nothing = (picture.mean() / 255).expand(1, 3, 16, 16)
    assert unexplained(picture.to(torch.uint8), nothing).item() == pytest.approx(0, abs=1e-5)
    half = nothing + (picture.permute(0, 3, 1, 2) / 255 - nothing) / 2
    faint, strong = (unexplained((picture * k).to(torch.uint8), half * k).item() for k in (1, 2))
    assert faint == pytest.approx(-0.69, abs=0.06)
    assert strong == pytest.approx(faint, abs=0.04)
    brighter = (picture + 100).to(torch.uint8)
    assert unexplained(brighter, half + 100 / 255).item() == pytest.approx(faint, abs=1e-4)


def test_an_even_picture_that_is_rebuilt_is_nothing_strange():
    even = torch.full((1, 8, 8, 1), 51, dtype=torch.uint8)
    assert unexplained(even, torch.full((1, 1, 8, 8), 0.2)).item() == pytest.approx(0, abs=1e-5)
    assert unexplained(even, torch.full((1, 1, 8, 8), 0.9)).item() > 3
