import base64
import io

import numpy as np
import pytest
from PIL import Image

from gnomon.outputs.thumbnails import sheet


def decoded(made):
    head, _, body = made.address.partition(",")
    return head, Image.open(io.BytesIO(base64.b64decode(body)))


def test_small_pictures_keep_every_pixel():
    pictures = [np.random.default_rng(k).integers(0, 256, (32, 32, 3), dtype=np.uint8) for k in range(5)]
    made = sheet(pictures, columns=3)
    head, image = decoded(made)
    assert head == "data:image/png;base64"
    assert (made.columns, made.rows, image.size) == (3, 2, (96, 64))
    assert made.sharp
    assert np.array_equal(np.asarray(image)[32:64, 32:64], pictures[4])


def test_places_are_background_positions():
    made = sheet([np.zeros((8, 8, 1), np.uint8)] * 5, columns=3)
    assert [made.place(i) for i in (0, 1, 2, 3)] == [(0, 0), (50, 0), (100, 0), (0, 100)]
    assert sheet([np.zeros((8, 8, 1), np.uint8)]).place(0) == (0, 0)


def test_grey_stays_grey_and_photos_become_small():
    assert decoded(sheet([np.zeros((28, 28, 1), np.uint8)]))[1].mode == "L"
    made = sheet([np.zeros((224, 160, 3), np.uint8)] * 2, largest_px=96)
    head, image = decoded(made)
    assert head == "data:image/jpeg;base64"
    assert not made.sharp
    assert image.size == (2 * made.width_px, made.height_px)
    assert made.height_px == 96


def test_pictures_of_unlike_sizes_are_centred_in_equal_cells():
    made = sheet([np.full((4, 8, 1), 255, np.uint8), np.full((8, 4, 1), 255, np.uint8)])
    image = np.asarray(decoded(made)[1])
    assert image.shape == (8, 16)
    assert image[0, 0] == 128
    assert image[2, 0] == 255
    assert image[0, 10] == 255


def test_no_picture_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        sheet([])
