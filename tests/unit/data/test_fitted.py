import numpy as np
import pytest

from gnomon.core.spec import Image
from gnomon.data import decode
from gnomon.data.fitted import Fitted

GREY = Image(height_px=4, width_px=6, channels=1)
COLOUR = Image(height_px=5, width_px=5, channels=3)


def column(count=3, channels=3):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 12, channels)).astype(np.uint8)


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("image", [GREY, COLOUR])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_picture_is_brought_to_the_shape_of_the_model(fit, image, channels):
    pixels = column(channels=channels)
    found = Fitted(pixels, image, fit)[np.array([2, 0])]
    assert found.shape == (2, image.height_px, image.width_px, image.channels)
    assert found.dtype == np.uint8
    for picture, index in zip(found, (2, 0), strict=True):
        wanted = decode.fit_array(pixels[index], image.height_px, image.width_px, image.channels, fit).pixels
        assert np.array_equal(picture, wanted)


def test_one_index_gives_one_picture_a_slice_gives_many():
    fitted = Fitted(column(), GREY, "squash")
    assert len(fitted) == 3
    assert fitted[1].shape == (4, 6, 1)
    assert np.array_equal(fitted[1:3], fitted[np.array([1, 2])])


def test_of_no_picture_there_is_an_empty_array_of_the_right_shape():
    assert Fitted(column(), GREY, "crop")[np.zeros(0, dtype=np.int64)].shape == (0, 4, 6, 1)


def test_pictures_of_the_right_shape_stay_as_they_are():
    pixels = column()
    assert np.array_equal(Fitted(pixels, Image(height_px=8, width_px=12, channels=3), "crop")[:], pixels)
