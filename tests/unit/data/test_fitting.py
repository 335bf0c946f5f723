"""Sizes: which frame pictures get, and how one is brought to it."""

import numpy as np
import pytest
from PIL import Image

from gnomon.data.fitting import choose, fit_into, least_size, square_side


def test_small_pictures_of_one_size_are_kept_even_if_not_square():
    frame = choose([(40, 28)] * 3, grey=True, size_px="auto", fit="crop")
    assert (frame.height_px, frame.width_px, frame.channels, frame.kept) == (28, 40, 1, True)


def test_one_size_above_64_px_becomes_a_square():
    frame = choose([(65, 64)] * 3, grey=False, size_px="auto", fit="crop")
    assert (frame.height_px, frame.width_px, frame.channels, frame.kept) == (64, 64, 3, False)


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        ([(500, 375), (400, 300), (1000, 90)], 192),
        ([(100, 120), (95, 300), (70, 70)], 64),  # median short side 95
        ([(96, 120)] * 2, 96),
        ([(200, 159)] * 2, 128),
        ([(8, 8), (9, 9)], 32),
    ],
)
def test_the_side_is_the_largest_not_above_the_median_short_side(sizes, side):
    assert square_side(sizes) == side


def test_a_wished_size_wins_over_keeping():
    frame = choose([(8, 8)] * 2, grey=True, size_px=20, fit="pad")
    assert (frame.height_px, frame.width_px, frame.kept, frame.fit) == (20, 20, False, "pad")


def striped(width, height):
    """Left third black, middle third grey, right third white."""
    pixels = np.zeros((height, width, 1), np.uint8)
    pixels[:, width // 3 : 2 * width // 3] = 128
    pixels[:, 2 * width // 3 :] = 255
    return pixels


def test_crop_keeps_the_middle_square():
    assert set(np.unique(fit_into(striped(30, 10), 10, 10, "crop"))) == {128}


def test_squash_keeps_everything():
    pixels = fit_into(striped(30, 10), 10, 10, "squash")
    assert pixels.shape == (10, 10, 1)
    assert pixels[0, [0, 5, 9], 0].tolist() == [0, 128, 255]


def test_pad_keeps_proportions_and_adds_a_black_border():
    pixels = fit_into(np.full((20, 40, 3), 255, np.uint8), 20, 20, "pad")
    assert pixels[:5].max() == 0
    assert pixels[5:15].min() == 255
    assert pixels[15:].max() == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(90, 120), (33, 200), (20, 20)])
def test_resizing_is_pillow_s_within_one_level(size, channels):
    noise = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    picture = Image.fromarray(noise[:, :, 0] if channels == 1 else noise)
    expected = np.asarray(picture.resize((31, 32), Image.Resampling.BILINEAR)).reshape(32, 31, channels)
    assert np.abs(fit_into(noise, 32, 31, "squash").astype(int) - expected).max() <= 1


def test_fine_stripes_become_grey_and_not_coarse_stripes():
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(fit_into(stripes, 8, 8, "crop").astype(int) - 128).max() <= 8


@pytest.mark.parametrize(("fit", "least"), [("crop", (388, 194)), ("pad", (194, 97)), ("squash", (194, 194))])
def test_least_size_is_the_wanted_one_less_a_thirty_second(fit, least):
    assert least_size((800, 400), 200, 200, fit) == least


def test_extreme_proportions_work():
    for fit in ("crop", "squash", "pad"):
        assert fit_into(np.full((20000, 1, 1), 7, np.uint8), 32, 32, fit).shape == (32, 32, 1)
