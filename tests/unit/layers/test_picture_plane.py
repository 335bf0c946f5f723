"""What stands out in one place of a picture."""

import pytest
import torch

from gnomon.core.spec import Image
from gnomon.layers.picture_plane import SIDE_PX, PicturePlane


def plates(count, *, side=64, seed=0):
    """Pictures of a bright disc, as bright as it happens to be, under noise."""
    draw = torch.Generator().manual_seed(seed)
    place = torch.arange(side) / side - 0.5
    disc = ((place[:, None] ** 2 + place[None, :] ** 2) < 0.16).float()
    bright = 120 + 30 * torch.rand(count, 1, 1, 1, generator=draw)
    noise = 6 * torch.randn(count, side, side, 3, generator=draw)
    return (40 + disc[None, :, :, None] * bright + noise).clamp(0, 255).to(torch.uint8)


@pytest.fixture(scope="module")
def plane():
    made = PicturePlane(Image(height_px=64, width_px=64, channels=3))
    made.fit(plates(200))
    return made


def test_a_stain_stands_out_wherever_it_is(plane):
    usual = plates(100, seed=1)
    calm = plane(usual)
    assert (calm == 0).float().mean() > 0.8
    stained = usual.clone()
    stained[:50, 30:36, 24:30, 0] = 60
    stained[50:, 10:16, 40:46, 2] = 255
    assert plane(stained).min() > calm.max()


def test_it_tells_the_place(plane):
    usual = plates(3, seed=4)
    stained = usual.clone()
    stained[1, 30:36, 24:30, 0] = 60
    found = plane.where(stained)
    assert found.shape == (3, 64, 64)
    assert found[1, 32, 27] == pytest.approx(found.max().item(), rel=0.1)
    assert found[1, 32, 27] > 2
    assert (found[1, :20] < 1).all()
    assert (found[[0, 2]] < 1.3).all()
    assert (plane.where(usual).amax((1, 2)) > 1).tolist() == (plane(usual) > 0).tolist()


def test_pictures_are_made_small_and_small_ones_stay():
    large = PicturePlane(Image(height_px=200, width_px=50, channels=1))
    assert large.shape == (1, SIDE_PX, SIDE_PX)
    assert PicturePlane(Image(height_px=8, width_px=40, channels=3)).shape == (3, 8, SIDE_PX)


def test_a_picture_is_judged_alone(plane):
    some = plates(5, seed=3)
    some[2, 20:30, 20:30] = 0
    torch.testing.assert_close(plane(some[2:3]), plane(some)[2:3], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_few_pictures_are_no_reason_for_alarm(count):
    made = PicturePlane(Image(height_px=16, width_px=16, channels=3))
    made.fit(plates(count, side=16))
    assert made(plates(20, side=16, seed=1)).isfinite().all()
    if count == 1:
        assert not made(plates(20, side=16, seed=1)).any()


def test_pictures_that_are_all_alike_and_nothing_fitted_yet():
    made = PicturePlane(Image(height_px=8, width_px=8, channels=1))
    even = torch.full((20, 8, 8, 1), 77, dtype=torch.uint8)
    assert not made(even).any()
    assert not made.where(even).any()
    made.fit(even)
    assert not made(even).any()
    assert not made.where(even).any()
