"""Texts in class folders."""

import io
import tarfile

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import text_folder


@pytest.fixture
def read(tmp_path):
    def run(path, **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return text_folder.read(path, DataConfig(path=str(path), **config), reading)

    return run


def write(root, *names, encoding="utf-8"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"the café text of {name}".encode(encoding))
    return root


def imdb(root):
    names = [f"{s}/{c}/{i}_8.txt" for s in ("train", "test") for c in ("pos", "neg") for i in range(3)]
    return write(root, *names, "train/unsup/0_0.txt", "train/urls_pos.txt", "README", "imdb.vocab")


def test_imdb_as_it_is_unpacked(tmp_path, read):
    path = imdb(tmp_path / "aclImdb")
    assert text_folder.sniff(path).confidence == 0.7
    found = read(path)
    assert found.spec.target.classes == ("neg", "pos")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 6, "test": 6}
    split = found.splits["test"]
    assert split.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert split.ids[3] == "test/pos/0_8.txt"
    assert split.inputs[3] == "the café text of test/pos/0_8.txt"
    told = [guess.what for guess in found.guesses]
    assert told == ["the folder train/unsup is not used", "1 texts in other folders are not used"]


def test_imdb_as_it_is_downloaded(tmp_path, read):
    source = imdb(tmp_path / "aclImdb")
    (tmp_path / "imdb").mkdir()
    with tarfile.open(tmp_path / "imdb" / "aclImdb_v1.tar.gz", "w:gz") as archive:
        archive.add(source, "aclImdb")
    assert text_folder.sniff(tmp_path / "imdb").confidence == 0.7
    packed, plain = read(tmp_path / "imdb"), read(source)
    for name in ("train", "test"):
        assert packed.splits[name].inputs[:] == plain.splits[name].inputs[:]
        assert packed.splits[name].targets.tolist() == plain.splits[name].targets.tolist()


def test_the_beginning_of_an_archive_is_enough_to_claim_it(tmp_path, monkeypatch):
    monkeypatch.setattr("gnomon.data.documents._PEEKED", 3)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for i in range(9):
            info = tarfile.TarInfo(f"set/train/good/{i}.txt")
            info.size = 4
            archive.addfile(info, io.BytesIO(b"text"))
    assert text_folder.sniff(tmp_path / "a.tar")


def test_class_folders_alone_are_one_split(tmp_path, read):
    path = write(tmp_path / "news", "sport/1", "sport/2.txt", "politics/1.eml")
    found = read(path)
    assert list(found.splits) == ["all"]
    assert found.splits["all"].targets.tolist() == [0, 1, 1]


def test_the_innermost_folders_can_be_the_classes(tmp_path, read):
    path = write(tmp_path / "news", "sport/tennis/1.txt", "sport/golf/2.txt", "politics/tax/3.txt")
    assert read(path).spec.target.classes == ("politics", "sport")
    assert "--target leaf" in [guess.flag for guess in read(path).guesses]
    assert read(path, target="leaf").spec.target.classes == ("golf", "tax", "tennis")
    with pytest.raises(UsageError, match="no target 'top1'"):
        read(path, target="top1")


def test_files_in_another_encoding_share_it(tmp_path, read):
    path = write(tmp_path / "set", *(f"a/{i}.txt" for i in range(5)), *(f"b/{i}.txt" for i in range(5)))
    write(path, "a/9.txt", encoding="cp1252")
    found = read(path)
    assert "the café text of a/9.txt" in found.splits["all"].inputs[:]
    assert found.facts["encodings"] == {"cp1252": 1, "utf-8": 10}
    assert found.guesses[-1].what == "1 of 11 files are cp1252"


def test_empty_and_binary_files_are_skipped_with_reasons(tmp_path, read):
    path = write(tmp_path / "set", "a/1.txt", "b/1.txt")
    (path / "a" / "2.txt").write_text("")
    (path / "b" / "2.txt").write_bytes(b"\0\1\2" * 20)
    found = read(path, max_bad=0.5)
    assert {one.id: one.reason.split(" ")[0] for one in found.skipped} == {"a/2.txt": "has", "b/2.txt": "holds"}
    assert found.facts["num_empty"] == 1


@pytest.mark.parametrize(
    "names",
    [
        ["a.txt", "b.txt"],
        ["train/a.txt", "test/b.txt"],
        ["src/a.py", "tests/b.py"],
        ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/1.txt", "a/1.txt"],
    ],
)
def test_other_folders_are_not_claimed(tmp_path, names):
    assert text_folder.sniff(write(tmp_path / "set", *names)) is None


def test_without_class_folders_the_tree_is_drawn(tmp_path, read):
    with pytest.raises(DataError, match="fewer than two class folders") as error:
        read(write(tmp_path / "set", "a/1.txt"))
    assert "reviews/train/good/1.txt" in error.value.fix
