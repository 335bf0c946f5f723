"""Two-valued pictures: drawn anew, drawn once, cut."""

import pytest
import torch

from gnomon.layers.binarise import binarise


def greys():
    return torch.full((40, 10, 10, 1), 51, dtype=torch.uint8) + torch.arange(40, dtype=torch.uint8)[:, None, None, None]


def test_pixels_are_white_as_often_as_they_are_grey():
    found = binarise(torch.full((200, 10, 10, 1), 51, dtype=torch.uint8), "dynamic", anew=True)
    assert found.unique().tolist() == [0.0, 1.0]
    assert found.mean().item() == pytest.approx(0.2, abs=0.01)


def test_black_and_white_stay_what_they_are():
    ends = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 8, 8, 1)
    for how in ("dynamic", "static", "threshold", "off"):
        assert torch.equal(binarise(ends, how, anew=True)[:, 0, 0, 0], torch.tensor([0.0, 1.0]))


def test_dynamic_draws_anew_in_training_only():
    torch.manual_seed(0)
    assert not torch.equal(binarise(greys(), "dynamic", anew=True), binarise(greys(), "dynamic", anew=True))
    assert torch.equal(binarise(greys(), "dynamic", anew=False), binarise(greys(), "dynamic", anew=False))


def test_static_is_one_draw_for_each_picture_whatever_the_batch():
    whole = binarise(greys(), "static", anew=True)
    assert torch.equal(whole, binarise(greys(), "dynamic", anew=False))
    assert torch.equal(binarise(greys()[7:8], "static", anew=True), whole[7:8])
    assert not torch.equal(whole[0], whole[1])


def test_the_middle_is_white():
    pixels = torch.tensor([127, 128], dtype=torch.uint8).view(1, 1, 2, 1)
    assert binarise(pixels, "threshold", anew=False).flatten().tolist() == [0.0, 1.0]


def test_off_scales_and_puts_channels_first():
    found = binarise(torch.full((2, 3, 4, 3), 51, dtype=torch.uint8), "off", anew=True)
    assert found.shape == (2, 3, 3, 4)
    torch.testing.assert_close(found, torch.full_like(found, 0.2))


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match="no binarisation 'maybe'"):
        binarise(greys(), "maybe", anew=False)
