"""core/files.py: the old content or the new, never a mixture, whatever fails."""

import errno
import io
import os
import shutil
import signal
import stat
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from gnomon.core import files
from gnomon.core.errors import ResourceError

MODES = ("enospc", "eio", "edquot", "erofs", "short")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def sweep(monkeypatch, action, mode):
    """Call ``action(n)`` with the n-th call failing, for every n until none fails; return how many failed."""
    for n in range(1, 200):
        monkeypatch.setenv("GNOMON_FAULT", f"any:{n}:{mode}")
        if action(n):
            monkeypatch.delenv("GNOMON_FAULT")
            return n - 1
    raise AssertionError("the fault points never end")


class TestOneFile:
    def test_the_content_is_there_and_nothing_else(self, tmp_path):
        files.write_bytes(tmp_path / "a", b"one")
        files.write_bytes(tmp_path / "a", b"two")
        files.write_text(tmp_path / "b", "Löwe\n")
        files.write_json(tmp_path / "c", {"x": 1})
        assert (tmp_path / "a").read_bytes() == b"two"
        assert (tmp_path / "b").read_bytes() == b"L\xc3\xb6we\n"
        assert (tmp_path / "c").read_text() == '{\n"x": 1\n}\n'
        assert names(tmp_path) == ["a", "b", "c"]

    def test_permissions_follow_the_umask(self, tmp_path):
        old = os.umask(0o027)
        try:
            files.write_bytes(tmp_path / "a", b"")
        finally:
            os.umask(old)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    def test_a_name_of_255_bytes_has_room_for_its_temporary_name(self, tmp_path):
        files.write_bytes(tmp_path / ("n" * 255), b"x")
        assert names(tmp_path) == ["n" * 255]

    def test_calls_happen_in_the_order_that_survives_a_power_cut(self, tmp_path, monkeypatch):
        calls = []

        def act(operation, action, *, half=None):
            calls.append(operation)
            return action()

        monkeypatch.setattr(files.faults, "act", act)
        files.write_bytes(tmp_path / "a", b"content")
        assert calls == ["open", "write", "fsync", "rename", "open", "fsync"]

    @pytest.mark.parametrize("mode", MODES)
    def test_whatever_call_fails_the_old_or_the_new_content_stays(self, tmp_path, monkeypatch, mode):
        path = tmp_path / "a"

        def attempt(n):
            monkeypatch.delenv("GNOMON_FAULT")
            files.write_bytes(path, b"old")
            monkeypatch.setenv("GNOMON_FAULT", f"any:{n}:{mode}")
            try:
                files.write_bytes(path, b"new content")
                return True
            except ResourceError as error:
                assert error.path in (str(path), str(tmp_path))
                assert path.read_bytes() in (b"old", b"new content")
                assert names(tmp_path) == ["a"]
                return False

        assert sweep(monkeypatch, attempt, mode) == 6

    @pytest.mark.parametrize("mode", ["kill", "kill-after"])
    def test_whenever_the_process_dies_the_old_or_the_new_content_stays(self, tmp_path, mode, in_child):
        path = tmp_path / "a"
        codes = []
        for n in range(1, 8):
            files.write_bytes(path, b"old")
            codes.append(in_child(lambda n=n: write_with_fault(path, f"any:{n}:{mode}")))
            assert path.read_bytes() in (b"old", b"new content")
        assert codes == [-signal.SIGKILL] * 6 + [0]
        files.remove_leftovers(tmp_path)
        assert names(tmp_path) == ["a"]

    def test_a_full_disk_is_told_with_the_bytes_needed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GNOMON_FAULT", "write:1:enospc")
        with pytest.raises(ResourceError) as caught:
            files.write_bytes(tmp_path / "big", b"x" * 2_500_000)
        assert caught.value.what.startswith("cannot be written: No space left on device (2.5 MB needed, ")
        assert caught.value.what.endswith(" free)")
        assert caught.value.fix == "free some space, or choose another disk"

    def test_a_file_where_a_folder_should_be(self, tmp_path):
        files.write_bytes(tmp_path / "a", b"")
        with pytest.raises(ResourceError, match="cannot be opened for writing: Not a directory") as caught:
            files.write_bytes(tmp_path / "a" / "b", b"")
        assert "a part of this path is a file" in caught.value.fix


def write_with_fault(path: Path, fault: str) -> None:
    os.environ["GNOMON_FAULT"] = fault
    files.write_bytes(path, b"new content")


class TestOutput:
    def test_an_exception_in_the_block_leaves_the_old_content(self, tmp_path):
        files.write_bytes(tmp_path / "a", b"old")
        with pytest.raises(KeyError), files.output(tmp_path / "a") as file:
            file.write(b"half of the new")
            raise KeyError
        assert (tmp_path / "a").read_bytes() == b"old"
        assert names(tmp_path) == ["a"]

    def test_it_can_seek_read_and_be_mapped(self, tmp_path):
        import numpy as np

        with files.output(tmp_path / "a") as file:
            file.write(b"0123456789")
            file.seek(2)
            assert file.read(3) == b"234"
            mapped = np.memmap(file, dtype=np.uint8, mode="r+", shape=(10,))
            mapped[0] = ord("X")
            mapped.flush()
        assert (tmp_path / "a").read_bytes() == b"X123456789"

    def test_a_write_that_the_system_cuts_short_is_continued(self, tmp_path, monkeypatch):
        real = io.FileIO.write

        class Trickle(files._CountedFile):
            def write(self, data):
                return real(self, memoryview(data)[:1000])

        monkeypatch.setattr(files, "_CountedFile", Trickle)
        data = os.urandom(50_000)
        files.write_bytes(tmp_path / "a", data)
        assert (tmp_path / "a").read_bytes() == data


class TestAppend:
    def test_lines_follow_each_other(self, tmp_path):
        files.append_line(tmp_path / "a", "one")
        files.append_json(tmp_path / "a", {"x": float("nan")})
        files.append_line(tmp_path / "a", "three", sync=False)
        assert (tmp_path / "a").read_text() == 'one\n{"x": null}\nthree\n'

    @pytest.mark.parametrize("torn", ["", '{"ste', "x" * 10_000])
    def test_a_torn_last_line_is_cut_off(self, tmp_path, torn):
        (tmp_path / "a").write_text("one\ntwo\n" + torn)
        files.append_line(tmp_path / "a", "three")
        assert (tmp_path / "a").read_text() == "one\ntwo\nthree\n"

    def test_a_file_that_is_one_torn_line_starts_anew(self, tmp_path):
        (tmp_path / "a").write_text('{"half')
        files.append_line(tmp_path / "a", "one")
        assert (tmp_path / "a").read_text() == "one\n"

    @pytest.mark.parametrize("mode", MODES)
    def test_a_line_that_cannot_be_written_whole_leaves_nothing(self, tmp_path, monkeypatch, mode):
        path = tmp_path / "a"

        def attempt(n):
            path.write_text("one\n")
            try:
                files.append_line(path, "two")
                return True
            except ResourceError:
                assert path.read_text() in ("one\n", "one\ntwo\n")
                return False

        assert sweep(monkeypatch, attempt, mode) == 3
        assert path.read_text() == "one\ntwo\n"


class TestFolders:
    def fill(self, path: Path, text: str) -> None:
        with files.output_folder(path) as staging:
            files.write_text(staging / "x", text, sync=False)
            files.make_folder(staging / "deep")
            files.write_text(staging / "deep" / "y", text, sync=False)

    def read(self, path: Path) -> list[str]:
        return [(path / "x").read_text(), (path / "deep" / "y").read_text()]

    def test_a_folder_appears_whole_and_takes_the_place_of_an_older_one(self, tmp_path):
        for text in ("one", "two"):
            self.fill(tmp_path / "a", text)
            assert self.read(tmp_path / "a") == [text, text]
            assert names(tmp_path) == ["a"]

    def test_where_names_cannot_be_exchanged_two_renames_do_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
        self.fill(tmp_path / "a", "one")
        self.fill(tmp_path / "a", "two")
        assert self.read(tmp_path / "a") == ["two", "two"]
        assert names(tmp_path) == ["a"]

    def test_an_exception_in_the_block_leaves_the_old_folder(self, tmp_path):
        self.fill(tmp_path / "a", "one")
        with pytest.raises(KeyError), files.output_folder(tmp_path / "a") as staging:
            files.write_text(staging / "x", "two")
            raise KeyError
        assert self.read(tmp_path / "a") == ["one", "one"]
        assert names(tmp_path) == ["a"]

    def test_an_error_names_the_final_path_not_the_temporary_one(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GNOMON_FAULT", "write:1:enospc")
        with pytest.raises(ResourceError) as caught:
            self.fill(tmp_path / "a", "one")
        assert caught.value.path == str(tmp_path / "a" / "x")

    @pytest.mark.parametrize("mode", ["kill", "kill-after"])
    def test_whenever_the_process_dies_the_folder_is_the_old_or_the_new(self, tmp_path, mode, in_child):
        path = tmp_path / "a"
        self.fill(path, "old")

        def replace(n):
            os.environ["GNOMON_FAULT"] = f"any:{n}:{mode}"
            self.fill(path, "new")

        codes = []
        while 0 not in codes:
            n = len(codes) + 1
            codes.append(in_child(lambda n=n: replace(n)))
            assert self.read(path) in (["old", "old"], ["new", "new"])
            self.fill(path, "old")
        assert set(codes[:-1]) == {-signal.SIGKILL}
        assert 20 < len(codes) < 60
        files.remove_leftovers(tmp_path)
        assert names(tmp_path) == ["a"]

    def test_remove_tree_takes_folders_files_and_links_but_not_what_links_point_to(self, tmp_path):
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "z").write_text("z")
        self.fill(tmp_path / "a", "one")
        (tmp_path / "a" / "deep" / "link").symlink_to(tmp_path / "kept")
        (tmp_path / "file").write_text("")
        (tmp_path / "link").symlink_to(tmp_path / "kept")
        for name in ("a", "file", "link", "never-was"):
            files.remove_tree(tmp_path / name)
        assert names(tmp_path) == ["kept"]
        assert names(tmp_path / "kept") == ["z"]

    def test_leftovers_are_known_by_their_names(self, tmp_path):
        files.make_folder(files.temporary_name(tmp_path / "a"))
        (files.temporary_name(tmp_path / "b")).write_text("half")
        (tmp_path / ".gnomon-mine").write_text("kept")
        files.remove_leftovers(tmp_path)
        assert names(tmp_path) == [".gnomon-mine"]


class TestBeforeTraining:
    def test_folders_above_are_created(self, tmp_path):
        files.require_writable(tmp_path / "a" / "b" / "c")
        files.require_writable(tmp_path / "a" / "b" / "c")
        assert names(tmp_path / "a" / "b") == ["c"]
        assert names(tmp_path / "a" / "b" / "c") == []

    def test_an_existing_folder_is_refused_unless_allowed(self, tmp_path):
        with pytest.raises(ResourceError, match="cannot be created: File exists") as caught:
            files.make_folder(tmp_path)
        assert isinstance(caught.value.__cause__, FileExistsError)
        files.make_folder(tmp_path, exist_ok=True)

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "a").write_text("")
        for folder in (tmp_path / "a", tmp_path / "a" / "b"):
            with pytest.raises(ResourceError, match="cannot be created"):
                files.require_writable(folder)

    def test_a_name_of_more_than_255_bytes(self, tmp_path):
        with pytest.raises(ResourceError, match="File name too long") as caught:
            files.require_writable(tmp_path / ("é" * 128))
        assert caught.value.fix == "choose a shorter name"

    def test_a_folder_that_this_user_may_not_write_to(self, in_child):
        folder = Path(tempfile.mkdtemp())
        folder.chmod(0o555)

        def as_another_user():
            if os.getuid() == 0:
                os.setuid(65534)
            with pytest.raises(ResourceError, match="Permission denied") as caught:
                files.require_writable(folder)
            assert caught.value.path == str(folder)
            assert caught.value.fix.startswith("choose a folder that you may write to")

        try:
            assert in_child(as_another_user) == 0
        finally:
            shutil.rmtree(folder)

    @pytest.mark.parametrize("mode", ["erofs", "enospc", "eio"])
    def test_a_disk_that_refuses_writing(self, tmp_path, monkeypatch, mode):
        monkeypatch.setenv("GNOMON_FAULT", f"write:1:{mode}")
        with pytest.raises(ResourceError, match=os.strerror(getattr(errno, mode.upper()))) as caught:
            files.require_writable(tmp_path)
        assert caught.value.path == str(tmp_path)
        assert names(tmp_path) == []

    def test_too_little_space_is_told_with_numbers(self, tmp_path, monkeypatch):
        answer(monkeypatch, f_bavail=500, f_frsize=1000)
        files.require_space(tmp_path / "runs" / "new", 500_000, "the run")
        with pytest.raises(ResourceError) as caught:
            files.require_space(tmp_path / "runs" / "new", 500_001, "two checkpoints")
        assert caught.value.what == "two checkpoints needs 500 kB, but 500 kB are free on this disk"

    def test_no_inode_left(self, tmp_path, monkeypatch):
        answer(monkeypatch, f_favail=0)
        with pytest.raises(ResourceError, match="no inode is free"):
            files.require_space(tmp_path, 1, "the run")

    def test_this_disk_has_room_for_a_byte_and_not_for_an_exabyte(self, tmp_path):
        files.require_space(tmp_path, 1, "a byte")
        with pytest.raises(ResourceError, match=r"needs 1e\+06 TB"):
            files.require_space(tmp_path, 10**18, "an exabyte")


def answer(monkeypatch, **changed):
    fields = {"f_bavail": 10**6, "f_frsize": 4096, "f_files": 10, "f_favail": 5} | changed
    system = namedtuple("System", fields)(**fields)
    monkeypatch.setattr(files.os, "statvfs", lambda path: system)


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_600, "1 MB"),
        (1_500_000, "1.5 MB"),
        (2.34e9, "2.34 GB"),
        (5e13, "50 TB"),
    ],
)
def test_readable_bytes(num_bytes, text):
    assert files.readable_bytes(num_bytes) == text


class TestTransfers:
    def test_what_was_written_stays_and_is_continued(self, tmp_path):
        part = tmp_path / "part"
        with pytest.raises(KeyError), files.continued(part) as file:
            file.write(b"0123456789")
            raise KeyError
        assert part.read_bytes() == b"0123456789"
        with files.continued(part, at=4) as file:
            file.write(b"XY")
        assert part.read_bytes() == b"0123XY"

    def test_a_full_disk_is_told_with_the_bytes_needed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GNOMON_FAULT", "write:1:enospc")
        part = tmp_path / "part"
        with pytest.raises(ResourceError, match="170 MB needed"), files.continued(part, num_bytes=170_000_000) as file:
            file.write(b"x")

    def test_the_finished_part_takes_its_place(self, tmp_path):
        (tmp_path / "part").write_text("new")
        (tmp_path / "a").write_text("old")
        files.put_in_place(tmp_path / "part", tmp_path / "a")
        assert names(tmp_path) == ["a"]
        assert (tmp_path / "a").read_text() == "new"

    @pytest.mark.parametrize("operation", ["fsync", "rename"])
    def test_where_it_cannot_be_put_in_place_the_old_one_stays(self, tmp_path, monkeypatch, operation):
        (tmp_path / "part").write_text("new")
        (tmp_path / "a").write_text("old")
        monkeypatch.setenv("GNOMON_FAULT", f"{operation}:1:eio")
        with pytest.raises(ResourceError, match="Input/output error"):
            files.put_in_place(tmp_path / "part", tmp_path / "a")
        assert ((tmp_path / "a").read_text(), (tmp_path / "part").read_text()) == ("old", "new")
