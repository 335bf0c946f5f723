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
    assert (made.columns, made.rows, image.size) == (3, 2, (102, 68))
    assert made.sharp
    cell = np.asarray(image)[34:68, 34:68]
    assert np.array_equal(cell[1:33, 1:33], pictures[4])
    assert np.array_equal(cell[0, 1:33], pictures[4][0])
    assert np.array_equal(cell[1:33, 33], pictures[4][:, 31])


def test_places_are_background_positions():
    made = sheet([np.zeros((8, 8, 1), np.uint8)] * 5, columns=3)
    # Cells of 10 px with their rims: a sheet of 30 x 20 px, of which a window of 8 px can move by 22 x 12 px.
    assert made.scale == (100 * 30 / 8, 100 * 20 / 8)
    assert made.place(0) == (100 * 1 / 22, 100 * 1 / 12)
    assert made.place(4) == (100 * 11 / 22, 100 * 11 / 12)


def test_grey_stays_grey_and_photos_become_small():
    assert decoded(sheet([np.zeros((28, 28, 1), np.uint8)]))[1].mode == "L"
    made = sheet([np.zeros((224, 160, 3), np.uint8)] * 2, largest_px=96)
    head, image = decoded(made)
    assert head == "data:image/jpeg;base64"
    assert not made.sharp
    assert image.size == (2 * (made.width_px + 2), made.height_px + 2)
    assert made.height_px == 96


def test_pictures_of_unlike_sizes_are_centred_in_equal_cells():
    made = sheet([np.full((4, 8, 1), 255, np.uint8), np.full((8, 4, 1), 255, np.uint8)])
    image = np.asarray(decoded(made)[1])
    assert image.shape == (10, 20)
    assert image[1, 1] == 128
    assert image[3, 1] == 255
    assert image[1, 13] == 255


def test_no_picture_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        sheet([])
