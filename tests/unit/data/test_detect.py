"""From the user's words to a reader."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.detect import detect


def draw(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(path, "PNG")


def detected(source, tmp_path, data_dir=None, emit=silent, **wish):
    return detect(str(source), data_dir=data_dir, cache_dir=tmp_path / "cache", emit=emit, **wish)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Stand in an empty folder, so that names mean names."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_class_folders_are_read_as_such(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        draw(tmp_path / "pets" / name)
    found = detected(tmp_path / "pets", tmp_path)
    assert (found.reader, found.path, found.name) == ("image_folder", tmp_path / "pets", "pets")
    assert found.match.why == "it holds folders with pictures (cat, dog)"


def test_a_table_beside_loose_pictures_wins_over_the_loose_pictures(tmp_path):
    draw(tmp_path / "birds" / "1.png")
    (tmp_path / "birds" / "labels.csv").write_text("path,label\n1.png,owl\n")
    assert detected(tmp_path / "birds", tmp_path).reader == "image_csv"


def test_a_relative_folder_gets_its_real_name(tmp_path, monkeypatch):
    draw(tmp_path / "pets.v2" / "cat" / "1.png")
    monkeypatch.chdir(tmp_path / "pets.v2")
    assert detected(".", tmp_path).name == "pets"


def test_the_built_in_name_needs_no_file(tmp_path):
    found = detected("digits", tmp_path)
    assert (found.reader, found.name, found.match.confidence) == ("digits", "digits", 1.0)


def test_a_folder_of_that_name_wins_and_it_is_said(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        draw(Path("digits", name))
    told = []
    assert detected("digits", tmp_path, emit=told.append).reader == "image_folder"
    assert told[0].level == "guess"
    assert "not as the known data set" in told[0].text


def test_a_known_name_is_found_in_the_data_folder(tmp_path):
    import struct

    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 2, 2) + bytes(4))
    (folder / "train-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + struct.pack(">I", 1) + bytes(1))
    found = detected("mnist", tmp_path, data_dir=tmp_path / "data")
    assert (found.reader, found.path, found.name) == ("idx", folder, "mnist")


def test_any_folder_in_the_data_folder_may_be_named(tmp_path):
    draw(tmp_path / "data" / "pets" / "cat" / "1.png")
    assert detected("pets", tmp_path, data_dir=tmp_path / "data").path == tmp_path / "data" / "pets"


def test_nothing_there_names_the_nearest_path_or_name(tmp_path):
    draw(Path("photos", "cat", "1.png"))
    with pytest.raises(UsageError) as error:
        detected("photo", tmp_path)
    assert "did you mean 'photos'?" in error.value.fix
    with pytest.raises(UsageError) as error:
        detected("cifar-10", tmp_path)
    assert "did you mean 'cifar10'?" in error.value.fix
    assert error.value.exit_code == 2


def test_what_no_reader_understands_is_refused_with_what_they_read(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.bin").write_bytes(bytes(range(32)))
    with pytest.raises(DataError, match="no reader understands") as error:
        detected(tmp_path / "notes", tmp_path)
    assert "Pictures in class folders" in error.value.fix
    assert len(str(error.value).splitlines()) <= 8


@pytest.mark.parametrize(
    ("make", "what"), [(os.mkfifo, "is a pipe"), (lambda p: p.symlink_to("/dev/zero"), "is a device")]
)
def test_a_pipe_or_a_device_is_refused_without_being_opened(tmp_path, make, what):
    make(tmp_path / "odd")
    with pytest.raises(DataError, match=what):
        detected(tmp_path / "odd", tmp_path)


def test_a_broken_link_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match="cannot be read: No such file"):
        detected(tmp_path / "link", tmp_path)


def test_the_user_may_name_the_reader(tmp_path):
    (tmp_path / "t.csv").write_text("text,label\na long and winding sentence,1\nanother one like it,0\n")
    found = detected(tmp_path / "t.csv", tmp_path)
    assert found.reader == "text_table"
    assert "tables" in found.others
    assert detected(tmp_path / "t.csv", tmp_path, reader="tables").reader == "tables"
    with pytest.raises(UsageError, match="tabels"):
        detected(tmp_path / "t.csv", tmp_path, reader="tabels")


def test_a_single_picture_is_no_data_set(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, "PNG")
    (tmp_path / "one.png").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="no reader understands"):
        detected(tmp_path / "one.png", tmp_path)


def test_the_user_may_name_another_reader(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / "reviews" / name).mkdir(parents=True)
        for i in range(4):
            (tmp_path / "reviews" / name / f"{i}.txt").write_text(f"a {name} text, number {i}, of some length")
    found = detected(tmp_path / "reviews", tmp_path)
    assert (found.reader, "text_file" in found.others) == ("text_folder", True)
    wished = detect(
        str(tmp_path / "reviews"), data_dir=None, cache_dir=tmp_path / "cache", emit=silent, reader="text_file"
    )
    assert (wished.reader, wished.match.why) == ("text_file", "as you said")
    with pytest.raises(UsageError, match="no reader called 'textfile'") as caught:
        detect(str(tmp_path / "reviews"), data_dir=None, cache_dir=tmp_path, emit=silent, reader="textfile")
    assert "text_file" in caught.value.fix


def test_what_suits_the_asked_task_goes_before_what_is_surer(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / "reviews" / name).mkdir(parents=True)
        for i in range(4):
            (tmp_path / "reviews" / name / f"{i}.txt").write_text(f"a {name} text, number {i}, of some length")
    assert detected(tmp_path / "reviews", tmp_path, task="classify").reader == "text_folder"
    found = detected(tmp_path / "reviews", tmp_path, task="predict_next")
    assert (found.reader, found.others[0]) == ("text_file", "text_folder")
