"""Listing folders that are odd or hostile."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from gnomon.data import listing
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import is_picture, read_bytes, read_head, walk


def put(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ids(found):
    return [file.id for file in found.files]


def test_files_come_sorted_with_size_and_folders(tmp_path):
    put(tmp_path / "b" / "2.jpg", b"four")
    put(tmp_path / "a" / "deep" / "1.jpg")
    put(tmp_path / "b" / "10.jpg")
    found = walk(tmp_path)
    assert ids(found) == ["a/deep/1.jpg", "b/10.jpg", "b/2.jpg"]
    assert found.files[2].num_bytes == 4
    assert found.files[2].changed_ns == (tmp_path / "b" / "2.jpg").stat().st_mtime_ns
    assert found.folders == [("a",), ("a", "deep"), ("b",)]


ODD_NAMES = [
    "with space",
    "emoji😀",
    "line\nbreak",
    "quote'\"",
    "-rf",
    "*?[",
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "Case",
    "case",
    "n" * 251,
    os.fsdecode(b"bytes\xff\xfe"),
]


def test_odd_names_are_listed_and_read(tmp_path):
    for name in ODD_NAMES:
        put(tmp_path / name / f"{name}.jpg", name.encode("utf-8", "surrogateescape"))
    found = walk(tmp_path)
    assert sorted(file.name for file in found.files) == sorted(f"{name}.jpg" for name in ODD_NAMES)
    for file in found.files:
        expected = file.folders[0].encode("utf-8", "surrogateescape")
        assert read_bytes(Path(tmp_path, *file.folders, file.name), 1000) == expected


def test_what_systems_leave_behind_is_ignored_and_counted(tmp_path):
    put(tmp_path / "cat" / "1.jpg")
    for name in (".ipynb_checkpoints/1.jpg", ".DS_Store", "Thumbs.db", "__MACOSX/cat/1.jpg", "cat/._1.jpg"):
        put(tmp_path / name)
    found = walk(tmp_path)
    assert ids(found) == ["cat/1.jpg"]
    assert found.folders == [("cat",)]
    assert found.counts["hidden"] == 5


def test_links_never_lead_out_or_round(tmp_path):
    outside = put(tmp_path / "outside" / "secret.jpg")
    root = tmp_path / "root"
    real = put(root / "cat" / "1.jpg")
    (root / "cat" / "inside.jpg").symlink_to(real)
    (root / "cat" / "out.jpg").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "cat" / "self").symlink_to("self")
    (root / "everything").symlink_to("/")
    (root / "zero.jpg").symlink_to("/dev/zero")
    (root / "gone.jpg").symlink_to(root / "nothing")
    os.link(real, root / "cat" / "hard.jpg")
    found = walk(root)
    assert ids(found) == ["cat/1.jpg", "cat/hard.jpg", "cat/inside.jpg"]
    assert found.counts["links not followed"] == 6


def test_a_root_that_is_a_link_is_walked(tmp_path):
    put(tmp_path / "real" / "1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert ids(walk(tmp_path / "link")) == ["1.jpg"]


def test_pipes_and_sockets_are_counted_and_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        found = walk(tmp_path)
    assert ids(found) == []
    assert found.counts["pipes, sockets and devices"] == 2


def test_a_folder_that_cannot_be_read_is_counted_and_named(tmp_path, monkeypatch):
    put(tmp_path / "open" / "1.jpg")
    put(tmp_path / "shut" / "2.jpg")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "shut":  # as root, no permission would stop us
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(listing.os, "scandir", refuse)
    found = walk(tmp_path)
    assert ids(found) == ["open/1.jpg"]
    assert [(one.id, one.reason) for one in found.skipped] == [("shut", "the folder cannot be read: Permission denied")]
    assert found.counts["unreadable folders"] == 1


def test_folders_deeper_than_the_limit_are_counted(tmp_path):
    put(tmp_path.joinpath(*"abcdefghijklmnopqr") / "1.jpg")
    found = walk(tmp_path)
    assert ids(found) == []
    assert found.counts["folders too deep"] == 1


def test_reading_never_waits_for_a_pipe_or_a_device(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableError, match="is a pipe"):
        read_bytes(tmp_path / "pipe", 10)
    with pytest.raises(UnreadableError, match="is a device"):
        read_bytes(Path("/dev/zero"), 10)
    with pytest.raises(UnreadableError, match="is a folder"):
        read_bytes(tmp_path, 10)
    with pytest.raises(UnreadableError, match="cannot be read: No such file"):
        read_bytes(tmp_path / "none", 10)


def test_reading_has_a_limit(tmp_path):
    path = put(tmp_path / "a", b"12345")
    assert read_bytes(path, 5) == b"12345"
    assert read_head(path, 2) == b"12"
    with pytest.raises(UnreadableError, match="5 bytes, the limit is 4"):
        read_bytes(path, 4)


def test_a_picture_is_told_by_its_ending_whatever_its_case():
    named = {name: is_picture(listing.File((), name, 0, 0)) for name in ("a.JPEG", "b.Tif", "c.txt", "d", "e.heic")}
    assert named == {"a.JPEG": True, "b.Tif": True, "c.txt": False, "d": False, "e.heic": True}
