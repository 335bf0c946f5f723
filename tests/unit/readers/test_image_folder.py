"""Class folders in all the ways that people lay them out."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Density
from gnomon.data.reading import Reading
from gnomon.readers import image_folder


def draw(path, shade=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(path, "PNG")
    return path


@pytest.fixture
def root(tmp_path):
    return tmp_path / "pets"


@pytest.fixture
def read(tmp_path, root):
    def run(**settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return image_folder.read(root, DataConfig(path=str(root), **settings), reading)

    return run


def summary(found):
    classes = found.spec.target.classes
    return {
        name: [(one, classes[target]) for one, target in zip(split.ids[:], split.targets, strict=True)]
        for name, split in found.splits.items()
    }


def test_flat_class_folders_become_one_split(root, read):
    for i, name in enumerate(["dog/a.png", "cat/b.PNG", "cat/c.png"]):
        draw(root / name, i)
    found = read()
    assert summary(found) == {"all": [("cat/b.PNG", "cat"), ("cat/c.png", "cat"), ("dog/a.png", "dog")]}
    assert found.splits["all"].inputs[:, 0, 0, 0].tolist() == [1, 2, 0]
    assert (found.name, found.reader) == ("pets", "image_folder")


def test_split_folders_become_splits(root, read):
    for split in ("training", "val", "test"):
        for name in ("cat", "dog"):
            draw(root / split / name / "1.png")
    found = read()
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 2, "valid": 2, "test": 2}


def test_pictures_at_the_root_are_refused_with_the_tree_to_make(root, read):
    draw(root / "1.png")
    draw(root / "2.png")
    with pytest.raises(DataError) as error:
        read()
    text = str(error.value)
    assert "its 2 pictures lie side by side, so their classes are unknown" in text
    assert "photos/train/cat/1.jpg" in text
    assert len(text.splitlines()) <= 8


def test_a_folder_without_pictures_says_so_and_names_links_that_it_did_not_follow(root, read, tmp_path):
    root.mkdir()
    (root / "all").symlink_to(draw(tmp_path / "elsewhere" / "1.png").parent)
    with pytest.raises(DataError, match=r"holds no pictures \(1 links"):
        read()


def test_pictures_beside_class_folders_are_passed_over_and_said(root, read):
    for name in ("cat/1.png", "dog/1.png", "stray.png"):
        draw(root / name)
    found = read()
    assert len(found.splits["all"]) == 2
    assert found.facts["passed_over"] == {"pictures without a class": 1}
    assert any("1 pictures are not used" in guess.what for guess in found.guesses)


def test_nested_folders_are_said_and_target_leaf_turns_the_meaning(root, read):
    for i, name in enumerate(["animals/cat/1.png", "animals/dog/1.png", "plants/oak/1.png"]):
        draw(root / name, i)
    found = read()
    assert found.spec.target.classes == ("animals", "plants")
    assert any(guess.flag == "--target leaf" for guess in found.guesses)
    assert read(target="leaf").spec.target.classes == ("cat", "dog", "oak")


def test_a_target_that_means_nothing_here_is_refused(root, read):
    draw(root / "cat" / "1.png")
    with pytest.raises(UsageError, match="there is no target 'label'"):
        read(target="label")


def test_an_empty_class_is_refused_unless_allowed(root, read):
    for name in ("cat/1.png", "dog/1.png"):
        draw(root / name)
    (root / "owl").mkdir()
    with pytest.raises(DataError, match="1 of 3 classes have no readable sample: owl"):
        read()
    assert read(allow_empty=True).spec.target.classes == ("cat", "dog", "owl")


def test_a_class_whose_pictures_are_all_broken_is_refused_with_the_reasons(root, read):
    for i in range(200):
        draw(root / "cat" / f"{i}.png", i)
    (root / "dog").mkdir()
    (root / "dog" / "1.jpg").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=r"dog/1\.jpg is an HTML page"):
        read()


def test_broken_files_are_skipped_with_their_reasons(root, read):
    for i in range(97):
        draw(root / ("cat" if i % 2 else "dog") / f"{i}.png", i)
    (root / "cat" / "empty.jpg").write_bytes(b"")
    (root / "cat" / "text.jpg").write_bytes(b"hello")
    (root / "dog" / "cut.png").write_bytes(draw(root / "dog" / "0.png").read_bytes()[:40])
    found = read(max_bad=0.03)
    assert len(found.splits["all"]) == 97
    reasons = {one.id: one.reason for one in found.skipped}
    assert reasons["cat/empty.jpg"] == "is empty"
    assert reasons["cat/text.jpg"] == "is text, not a picture"
    assert sorted(reasons) == ["cat/empty.jpg", "cat/text.jpg", "dog/cut.png"]
    with pytest.raises(DataError, match="3 of 100 samples cannot be used"):
        read(max_bad=0.02)


def test_odd_names_come_through_the_cache_unchanged(root, read):
    names = ["with space", "emoji😀", "line\nbreak", "-rf", 'quote"', os.fsdecode(b"\xff\xfe")]
    for i, name in enumerate(names):
        draw(root / name / f"{name}.png", i)
    for _ in range(2):
        found = read()
        assert sorted(found.spec.target.classes) == sorted(names)
        assert sorted(found.splits["all"].ids[:]) == sorted(f"{name}/{name}.png" for name in names)


def test_two_spellings_of_an_accent_are_one_class_and_said(root, read):
    for i, form in enumerate(("NFC", "NFD")):
        draw(root / unicodedata.normalize(form, "caf\u00e9") / f"{i}.png", i)
    draw(root / "tea" / "1.png", 9)
    found = read()
    assert found.spec.target.classes == ("caf\u00e9", "tea")
    assert found.splits["all"].targets.tolist().count(0) == 2
    assert any("are one class" in guess.what for guess in found.guesses)


def test_special_files_and_links_do_no_harm_and_are_counted(root, read):
    for name in ("cat/1.png", "dog/1.png"):
        draw(root / name)
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "cat" / "zero.png").symlink_to("/dev/zero")
    (root / "loop").symlink_to(root)
    (root / "world").symlink_to("/")
    draw(root / ".ipynb_checkpoints" / "1.png")
    found = read()
    assert len(found.splits["all"]) == 2
    assert found.facts["passed_over"] == {"hidden": 1, "links not followed": 3, "pipes, sockets and devices": 1}


def test_a_changed_file_is_read_again(root, read):
    for i, name in enumerate(["cat/1.png", "dog/1.png"]):
        draw(root / name, i)
    before = read()
    draw(root / "cat" / "1.png", 200)
    os.utime(root / "cat" / "1.png", ns=(0, 0))
    after = read()
    assert after.splits["all"].inputs[0, 0, 0, 0] == 200
    assert before.fingerprint != after.fingerprint


def test_a_file_that_vanishes_after_the_listing_is_skipped(root, read, monkeypatch):
    for i in range(3):
        draw(root / "cat" / f"{i}.png", i)
        draw(root / "dog" / f"{i}.png", i)
    walk = image_folder.listing.walk

    def walk_then_remove(path):
        found = walk(path)
        (root / "cat" / "1.png").unlink()
        return found

    monkeypatch.setattr(image_folder.listing, "walk", walk_then_remove)
    found = read(max_bad=0.5)
    assert [(one.id, one.reason) for one in found.skipped] == [
        ("cat/1.png", "cannot be read: No such file or directory")
    ]


def test_sniffing_is_sure_of_class_folders_and_unsure_of_loose_pictures(root, tmp_path):
    draw(root / "cat" / "1.png")
    assert image_folder.sniff(root).confidence == 0.8
    draw(tmp_path / "loose" / "1.png")
    assert image_folder.sniff(tmp_path / "loose").confidence == 0.3
    (tmp_path / "nothing").mkdir()
    assert image_folder.sniff(tmp_path / "nothing") is None
    assert image_folder.sniff(root / "cat" / "1.png") is None


def test_imagenet_mini_is_read_as_its_splits(tmp_path):
    if "GNOMON_DATA" not in os.environ or not Path(os.environ["GNOMON_DATA"], "imagenet-mini").is_dir():
        pytest.skip("needs GNOMON_DATA with imagenet-mini")
    path = Path(os.environ["GNOMON_DATA"], "imagenet-mini")
    reading = Reading(cache_dir=tmp_path, emit=silent, should_stop=lambda: False)
    found = image_folder.read(path, DataConfig(path=str(path), size_px=32), reading)
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 500, "valid": 150}
    assert found.facts["modes"] == {"RGB": 637, "L": 13}


@pytest.fixture
def read_without_labels(tmp_path, root):
    def run(**settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, needs_labels=False)
        return image_folder.read(root, DataConfig(path=str(root), **settings), reading)

    return run


def test_without_a_need_for_labels_loose_pictures_are_read_for_what_they_are(root, read_without_labels):
    for i, name in enumerate(["b.png", "a.png", "more/c.png"]):
        draw(root / name, i)
    found = read_without_labels()
    assert found.spec.target == Density()
    assert list(found.splits["all"].ids[:]) == ["a.png", "b.png", "more/c.png"]
    assert found.splits["all"].inputs[:, 0, 0, 0].tolist() == [1, 0, 2]
    assert found.splits["all"].targets.tolist() == [-1, -1, -1]


def test_loose_pictures_keep_the_splits_that_their_folders_say(root, read_without_labels):
    for name in ("train/1.png", "train/2.png", "test/3.png", "elsewhere/4.png"):
        draw(root / name)
    found = read_without_labels()
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 2, "test": 1}
    assert [guess.what for guess in found.guesses] == ["the pictures in elsewhere are not used"]


def test_class_folders_keep_their_classes_where_none_are_needed_and_one_may_be_empty(root, read_without_labels):
    for name in ("train/good/1.png", "test/good/2.png", "test/broken/3.png"):
        draw(root / name)
    found = read_without_labels()
    assert summary(found)["test"] == [("test/broken/3.png", "broken"), ("test/good/2.png", "good")]


def test_loose_pictures_that_another_task_has_read_are_still_refused_where_labels_are_needed(
    root, read, read_without_labels
):
    draw(root / "1.png")
    read_without_labels()
    with pytest.raises(DataError, match="its 1 pictures lie side by side") as error:
        read()
    assert error.value.fix.endswith("--task generate")
    assert len(str(error.value).splitlines()) <= 8


def test_a_bad_picture_without_a_class_is_skipped_with_its_reason(root, read_without_labels):
    draw(root / "1.png")
    (root / "2.png").write_bytes(b"no picture")
    found = read_without_labels(max_bad=0.9)
    assert [(one.id, one.label) for one in found.skipped] == [("2.png", "")]
