"""The decoded cache on disk: whole or not there, damage noticed, failures named."""

import os

import numpy as np
import pytest

from gnomon.core.errors import ResourceError
from gnomon.data import cache
from gnomon.data.cache import DamagedError, Names, folder_for, open_stored, writing


def pixels(n=5):
    return np.random.default_rng(3).integers(0, 256, (n, 3, 5, 1), np.uint8)


def build(folder, facts=None):
    with writing(folder, 75) as writer:
        writer.add(pixels()[:2], b"a" * 16 + b"b" * 16, np.array([0, 1]), ["one", "tw\udcffo"])
        writer.add(pixels()[2:], b"c" * 48, np.array([1, 1, 0]), ["three", "four\n", "five"])
        writer.facts = facts or {"classes": ["x", "y"]}


@pytest.fixture
def folder(tmp_path):
    found = folder_for(tmp_path, "key")
    build(found)
    return found


def test_what_was_written_is_read(folder):
    stored = open_stored(folder)
    assert np.array_equal(stored.pixels, pixels())
    assert stored.targets.tolist() == [0, 1, 1, 1, 0]
    assert stored.hashes.tobytes() == b"a" * 16 + b"b" * 16 + b"c" * 48
    assert stored.ids[:] == ["one", "tw\udcffo", "three", "four\n", "five"]
    assert stored.header["classes"] == ["x", "y"]
    assert not stored.pixels.flags.writeable


def test_there_is_nothing_before_it_is_built(tmp_path):
    assert open_stored(folder_for(tmp_path, "key")) is None


FILES = ("header.json", "pixels.u8", "hashes.v16", "targets.i64", "ids.txt", "ids.i64", "sums.u64")


def test_the_folder_holds_these_files_and_no_others(folder):
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    assert [file.name for file in folder.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_is_noticed(folder, name):
    good = (folder / name).read_bytes()
    for at in range(0, len(good), 1 + len(good) // 40):
        (folder / name).write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
        with pytest.raises(DamagedError):
            open_stored(folder)
    (folder / name).write_bytes(good)
    assert open_stored(folder) is not None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["short", "long", "empty", "gone"])
def test_a_file_of_another_length_is_noticed(folder, name, damage):
    path = folder / name
    good = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"short": good[:-2], "long": good + b"}", "empty": b""}[damage])
    with pytest.raises(DamagedError):
        open_stored(folder)


def test_of_large_pixels_some_blocks_are_checked(folder, monkeypatch):
    monkeypatch.setattr(cache, "CHECKED_WHOLE_BYTES", 0)
    assert open_stored(folder) is not None
    data = bytearray((folder / "pixels.u8").read_bytes())
    data[0] ^= 1
    (folder / "pixels.u8").write_bytes(data)
    with pytest.raises(DamagedError, match="block 0"):
        open_stored(folder)


def test_another_schema_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(cache, "SCHEMA", 99)
    with pytest.raises(DamagedError, match="schema 1 instead of 99"):
        open_stored(folder)


def test_building_again_takes_the_place_of_the_old_one_which_stays_readable(folder):
    old = open_stored(folder)
    build(folder, {"classes": ["z"]})
    assert open_stored(folder).header["classes"] == ["z"]
    assert np.array_equal(old.pixels, pixels())


def test_two_processes_may_build_at_once(tmp_path, in_child):
    folder = folder_for(tmp_path, "key")
    with writing(folder, 75) as writer:
        writer.add(pixels()[:1], b"a" * 16, np.array([0]), ["mine"])
        assert in_child(lambda: build(folder)) == 0
        assert len(open_stored(folder).ids) == 5
    assert open_stored(folder).ids[:] == ["mine"]


def test_a_builder_that_is_killed_leaves_nothing_to_be_mistaken(tmp_path, in_child, monkeypatch):
    folder = folder_for(tmp_path, "key")
    for n in range(1, 100):
        monkeypatch.setenv("GNOMON_FAULT", f"any:{n}:kill")
        code = in_child(lambda: build(folder))
        monkeypatch.delenv("GNOMON_FAULT")
        if code == 0:
            break
        assert code == -9
        stored = open_stored(folder)
        assert stored is None or len(stored.ids) == 5
    assert n > 8
    assert len(open_stored(folder).ids) == 5


def test_what_a_killed_builder_left_is_removed_later(tmp_path, in_child, monkeypatch):
    folder = folder_for(tmp_path, "key")
    monkeypatch.setenv("GNOMON_FAULT", "write:4:kill")
    assert in_child(lambda: build(folder)) == -9
    monkeypatch.delenv("GNOMON_FAULT")
    assert len(list(folder.parent.iterdir())) == 1
    build(folder)
    assert len(list(folder.parent.iterdir())) == 2  # it may still be at work on another machine
    monkeypatch.setattr(cache, "ABANDONED_AFTER_S", -1.0)
    build(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("fault", ["write:1:enospc", "write:3:short", "mkdir:1:erofs", "open:1:eacces", "fsync:1:eio"])
def test_a_disk_that_refuses_is_a_resource_error_that_names_the_variable(tmp_path, monkeypatch, fault):
    folder = folder_for(tmp_path, "key")
    monkeypatch.setenv("GNOMON_FAULT", fault)
    with pytest.raises(ResourceError) as error:
        build(folder)
    assert "GNOMON_CACHE" in str(error.value)
    assert error.value.exit_code == 4
    assert not folder.exists()


def test_a_cache_folder_that_cannot_be_made_is_a_resource_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ResourceError, match="cannot be created"):
        build(folder_for(tmp_path / "file", "key"))


def test_more_than_the_disk_holds_is_refused_at_once(tmp_path):
    with pytest.raises(ResourceError, match="the decoded cache needs 1e\\+03 TB"), writing(tmp_path / "k", 10**15):
        raise AssertionError("nothing may be decoded")


def test_names_are_taken_like_an_array(folder):
    names = open_stored(folder).ids
    assert (names[0], names[-1], len(names)) == ("one", "five", 5)
    assert names[np.array([4, 0])] == ["five", "one"]
    assert names[np.array([True, False, False, False, True])] == ["one", "five"]
    assert names[np.int64(2)] == "three"
    assert names[1:3] == ["tw\udcffo", "three"]
    part = names.part(2, 4)
    assert (len(part), part[0], part[-1]) == (2, "three", "four\n")
    with pytest.raises(IndexError):
        part[2]


def test_names_may_be_none_at_all():
    assert len(Names(np.zeros(0, np.uint8), np.zeros(1, np.int64))) == 0


def test_the_current_umask_does_not_matter(tmp_path):
    old = os.umask(0o077)
    try:
        build(folder_for(tmp_path, "key"))
    finally:
        os.umask(old)
    assert open_stored(folder_for(tmp_path, "key")) is not None
