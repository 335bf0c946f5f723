"""Text files in folders and archives."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from gnomon.core.errors import DataError
from gnomon.data import documents
from gnomon.data.listing import File


def tar(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


MEMBERS = {"set/b.txt": b"bee", "set/a.txt": b"ay", "set/.hidden.txt": b"x", "__MACOSX/a.txt": b"x", "set/p.png": b"x"}


@pytest.fixture(params=["folder", "zip", "tar.gz", "tar", "alone"])
def place(request, tmp_path):
    """The same files in a folder, in archives, and in an archive that is alone in a folder."""
    if request.param == "folder":
        for name, content in MEMBERS.items():
            path = tmp_path / "here" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "here"
    if request.param == "zip":
        return make_zip(tmp_path / "here.zip", MEMBERS)
    if request.param == "alone":
        (tmp_path / "here").mkdir()
        tar(tmp_path / "here" / "set.tgz", MEMBERS)
        return tmp_path / "here"
    return tar(tmp_path / f"here.{request.param}", MEMBERS, "w:gz" if request.param == "tar.gz" else "w")


def test_all_places_give_the_same_files_in_order(place):
    shelf = documents.shelf(place, documents.is_prose)
    assert [file.id for file in shelf.files] == ["set/a.txt", "set/b.txt"]
    assert [shelf.content(file) for file in shelf.files] == [b"ay", b"bee"]


def test_a_look_names_the_files_without_reading_them(place):
    assert {"set/a.txt", "set/b.txt"} <= {file.id for file in documents.peek(place)}


def test_names_that_lead_out_of_an_archive_are_names_only(tmp_path):
    path = tar(tmp_path / "bad.tar.gz", {"../../evil.txt": b"a", "/etc/evil.txt": b"b"})
    shelf = documents.shelf(path, documents.is_prose)
    assert [file.id for file in shelf.files] == ["evil.txt", "etc/evil.txt"]
    assert sorted(tmp_path.iterdir()) == [path]


def test_links_and_devices_in_an_archive_are_passed_over(tmp_path):
    with tarfile.open(tmp_path / "odd.tar", "w") as archive:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert documents.shelf(tmp_path / "odd.tar", documents.is_prose).files == []


def test_a_bomb_is_refused(tmp_path):
    path = make_zip(tmp_path / "bomb.zip", {"a.txt": bytes(4 << 20)})
    with pytest.raises(DataError, match="more than 200 times"):
        documents.shelf(path, documents.is_prose)


def test_too_much_in_an_archive_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_MAX_TOTAL_BYTES", 4)
    with pytest.raises(DataError, match="more than 4 bytes"):
        documents.shelf(tar(tmp_path / "a.tar", {"a.txt": b"abc", "b.txt": b"de"}, "w"), documents.is_prose)


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.gz", "broken.tar"])
def test_a_damaged_archive_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive at all" * 100)
    assert documents.peek(tmp_path / name) == []
    with pytest.raises(DataError, match="cannot be unpacked"):
        documents.shelf(tmp_path / name, documents.is_prose)


def test_a_cut_tar_is_told(tmp_path):
    path = tar(tmp_path / "cut.tar.gz", {f"{i}.txt": bytes(range(256)) * 40 for i in range(20)})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be unpacked"):
        documents.shelf(path, documents.is_prose)


@pytest.mark.parametrize(
    ("name", "prose", "about"),
    [
        ("a.txt", True, False),
        ("a.TXT.gz", True, False),
        ("49960", True, False),
        ("a.py", True, False),
        ("README.md", True, True),
        ("LICENSE", True, True),
        ("LICENSES.txt", True, True),
        ("a.csv", False, False),
        ("a.conllu.gz", False, False),
        ("a.png", False, False),
    ],
)
def test_names_tell_what_a_file_holds(name, prose, about):
    file = File((), name, 0, 0)
    assert (documents.is_prose(file), documents.is_about(file)) == (prose, about)


@pytest.mark.parametrize(
    ("name", "stem"), [("a.txt.gz", "a"), ("wiki.train.tokens", "wiki.train"), ("v1.2", "v1.2"), (".txt", ".txt")]
)
def test_stems(name, stem):
    assert documents.stem(name) == stem


def test_what_lies_beside_is_counted(tmp_path):
    for name in ("a.txt", "b.bin", ".c"):
        (tmp_path / name).write_bytes(b"x")
    assert documents.passed_over(documents.shelf(tmp_path, documents.is_prose)) == {"hidden": 1, "other files": 1}
    assert documents.passed_over(documents.picked(tmp_path, [])) == {}


def test_only_a_lone_archive_stands_for_its_folder(tmp_path):
    tar(tmp_path / "a.tar", {"a.txt": b"x"}, "w")
    assert documents.archive_in(tmp_path) == tmp_path / "a.tar"
    (tmp_path / "b.txt").write_text("x")
    assert documents.archive_in(tmp_path) is None
    assert documents.archive_in(Path("nothing")) is None
