import io
import tarfile
import zipfile

import pytest
from small_sounds import folder, tone, wav

from gnomon.core.errors import DataError
from gnomon.data import soundfiles
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File


def contents(path):
    box = soundfiles.box(path)
    with soundfiles.opened(box) as read:
        return {file.id: read(file) for file in box.files}


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


MEMBERS = {"set/a/1.wav": wav(tone()), "set/b/2.flac": b"two", "set/readme.txt": b"about", "__MACOSX/a/._1.wav": b"x"}


def test_a_folder_gives_its_recordings_and_counts_the_rest(tmp_path):
    folder(tmp_path / "set", per_class=2)
    (tmp_path / "set" / "notes.txt").write_text("x")
    (tmp_path / "set" / "empty").mkdir()
    box = soundfiles.box(tmp_path / "set")
    assert [file.id for file in box.files] == ["high/0.wav", "high/1.wav", "low/0.wav", "low/1.wav"]
    assert box.others == {"other files": 1}
    assert ("empty",) in box.folders
    assert contents(tmp_path / "set")["low/1.wav"] == (tmp_path / "set" / "low" / "1.wav").read_bytes()


@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
def test_an_archive_is_read_without_unpacking(tmp_path, make):
    path = make(tmp_path / ("set.zip" if make is zipped else "set.tar.gz"), MEMBERS)
    assert contents(path) == {name: MEMBERS[name] for name in ("set/a/1.wav", "set/b/2.flac")}
    assert soundfiles.box(path).others == {"other files": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_only_archive_of_a_folder_stands_for_it(tmp_path):
    (tmp_path / "README.md").write_text("about")
    path = zipped(tmp_path / "recordings.zip", MEMBERS)
    assert soundfiles.box(tmp_path).root == path
    (tmp_path / "one.wav").write_bytes(wav(tone()))
    assert soundfiles.box(tmp_path).root == tmp_path


def test_names_lead_nowhere_else(tmp_path):
    path = zipped(tmp_path / "set.zip", {"../../a/x.wav": b"1", "/etc/b/y.wav": b"2", "c\\..\\z.wav": b"3"})
    assert set(contents(path)) == {"a/x.wav", "etc/b/y.wav", "c/z.wav"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["set.zip"]


def test_links_and_devices_in_a_tar_are_not_recordings(tmp_path):
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"a/{kind.decode()}.wav")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert soundfiles.box(tmp_path / "set.tar").files == []


def test_what_would_unpack_to_far_more_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfiles, "_SLACK_BYTES", 1000)
    path = zipped(tmp_path / "bomb.zip", {"a/x.wav": bytes(3_000_000)})
    with pytest.raises(DataError, match=r"would unpack to 3,000,000 bytes in 1 files"):
        soundfiles.box(path)


def test_a_member_that_lies_about_its_size_is_read_up_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfiles, "MAX_FILE_BYTES", 1000)
    path = zipped(tmp_path / "set.zip", {"a/x.wav": bytes(5000)})
    box = soundfiles.box(path)
    with soundfiles.opened(box) as read, pytest.raises(UnreadableError, match="too large: more than 1,000 bytes"):
        read(box.files[0])


def test_a_damaged_member_has_a_reason_and_others_are_read(tmp_path):
    path = zipped(tmp_path / "set.zip", {"a/x.wav": b"first " * 400, "a/y.wav": b"second"})
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(bytes(data))
    box = soundfiles.box(path)
    with soundfiles.opened(box) as read:
        with pytest.raises(UnreadableError, match="cannot be unpacked"):
            read(box.files[0])
        assert read(box.files[1]) == b"second"


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz"])
def test_what_is_no_archive_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind" * 30)
    with pytest.raises(DataError, match="cannot be unpacked"):
        soundfiles.box(tmp_path / name)


def test_endings_tell_recordings():
    assert all(soundfiles.is_recording(File((), name, 0, 0)) for name in ("a.wav", "b.FLAC", "c.mp3", "d.ogg"))
    assert not any(soundfiles.is_recording(File((), name, 0, 0)) for name in ("a.txt", "wav", "b.zip", "c.png"))
