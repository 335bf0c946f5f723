import numpy as np
import pytest
from PIL import Image

from gnomon.core.errors import UsageError
from gnomon.outputs import contactsheet


def pictures(num, *, side=3, channels=1):
    return np.stack([np.full((side, side, channels), 10 * (k + 1), np.uint8) for k in range(num)])


def test_a_grid_is_read_row_by_row_with_lines_between():
    found = contactsheet.grid(pictures(3), columns=2, enlarge=False)
    assert found.shape == (12, 12, 1)
    assert [int(found[2, 2, 0]), int(found[2, 7, 0]), int(found[7, 2, 0])] == [10, 20, 30]
    assert (found[:2] == 255).all() and (found[5:7] == 255).all() and (found[7:, 7:] == 255).all()


def test_small_pictures_are_enlarged_by_a_whole_factor_and_large_ones_kept():
    assert contactsheet.grid(pictures(1, side=28)).shape == (60, 60, 1)
    assert contactsheet.grid(pictures(1, side=100, channels=3)).shape == (104, 104, 3)


def test_many_pictures_make_a_square():
    assert contactsheet.grid(pictures(10, side=60)).shape[:2] == (3 * 62 + 2, 4 * 62 + 2)
    with pytest.raises(ValueError, match="at least one picture"):
        contactsheet.grid(pictures(1)[:0])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_file_holds_the_grid(tmp_path, channels):
    out = tmp_path / "samples.png"
    assert contactsheet.write(pictures(4, channels=channels), "abcd", out, columns=4) == [out]
    with Image.open(out) as image:
        assert (image.format, image.mode) == ("PNG", "L" if channels == 1 else "RGB")
        expected = contactsheet.grid(pictures(4, channels=channels), columns=4)
        assert np.array_equal(np.asarray(image).reshape(expected.shape), expected)


def test_a_folder_takes_each_picture_with_its_own_pixels(tmp_path):
    out = tmp_path / "new" / "samples"
    found = contactsheet.write(pictures(2), ["one", "two"], out)
    assert found == [out / "one.png", out / "two.png"]
    with Image.open(found[1]) as image:
        assert np.asarray(image).tolist() == [[20] * 3] * 3


@pytest.mark.parametrize("name", ["samples.jpg", "samples.csv"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="is no place for pictures") as error:
        contactsheet.require_place(tmp_path / name)
    assert ".png" in error.value.fix


def test_a_file_in_the_way_of_the_folder_is_refused(tmp_path):
    (tmp_path / "samples").write_bytes(b"")
    with pytest.raises(UsageError, match="is no place for pictures"):
        contactsheet.require_place(tmp_path / "samples")


def test_a_folder_whose_name_has_a_point_is_a_folder(tmp_path):
    (tmp_path / "v1.2").mkdir()
    contactsheet.require_place(tmp_path / "v1.2")


def test_originals_stand_above_what_was_made_of_them(tmp_path):
    above, below = pictures(3), 255 - pictures(3)
    found = contactsheet.paired(above, below, columns=2)
    assert found[:, 0, 0, 0].tolist() == [10, 20, 245, 235, 30, 255, 225, 255]
    out = tmp_path / "pairs.png"
    contactsheet.write(below, "abc", out, above=above, columns=2)
    with Image.open(out) as image:
        assert np.array_equal(np.asarray(image)[:, :, None], contactsheet.grid(found, columns=2))
    folder = tmp_path / "pairs"
    assert len(contactsheet.write(below, "abc", folder, above=above)) == 3
