"""Running text."""

import gzip
import zipfile

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Text
from gnomon.data.reading import Reading
from gnomon.readers import text_file

BOOK = "First Citizen:\nBefore we proceed any further, hear me speak.\n"


@pytest.fixture
def read(tmp_path):
    def run(path, settings=None, **config):
        layers = [("user", settings)] if settings else []
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return text_file.read(path, DataConfig(path=str(path), **config), reading)

    return run


def write(folder, **contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["book.txt", "book.md", "book.py", "book", "book.weird", "book.txt.gz"])
def test_a_file_of_text_is_one_document(tmp_path, read, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(BOOK.encode()) if name.endswith(".gz") else BOOK.encode())
    assert text_file.sniff(path).confidence >= 0.3
    found = read(path)
    assert found.spec.input == found.spec.target == Text()
    split = found.splits["all"]
    assert split.inputs[:] == [BOOK]
    assert split.targets is split.inputs
    assert split.ids[:] == [name]
    assert found.facts["num_characters"] == len(BOOK)


def test_characters_stay_but_crlf_becomes_lf_and_is_told(tmp_path, read):
    (tmp_path / "b.txt").write_bytes("\ufeff今天 mixed\r\ntext\x0c\r end \r\n".encode())
    found = read(tmp_path / "b.txt")
    assert found.splits["all"].inputs[0] == "今天 mixed\ntext\x0c\r end \n"
    assert [guess.what for guess in found.guesses] == ["2 line ends CRLF become LF"]


def test_an_encoding_is_found_told_and_can_be_named(tmp_path, read):
    (tmp_path / "b.txt").write_bytes("今天天气很好，我们去公园玩吧。\n".encode("gb18030") * 5)
    found = read(tmp_path / "b.txt")
    assert found.splits["all"].inputs[0].startswith("今天天气很好")
    assert found.facts["encodings"] == {"gb18030": 1}
    assert found.guesses[0].flag == "--set reader.encoding=NAME"
    assert read(tmp_path / "b.txt", {"reader.encoding": "gb18030"}).guesses == ()
    with pytest.raises(DataError, match=r"is not utf-8 text: byte 0 is 0xbd"):
        read(tmp_path / "b.txt", {"reader.encoding": "utf-8"})


def test_an_empty_file_is_claimed_and_refused(tmp_path, read):
    (tmp_path / "b.txt").write_text("")
    assert text_file.sniff(tmp_path / "b.txt").confidence < 0.2
    with pytest.raises(DataError, match=r"b.txt: is empty"):
        read(tmp_path / "b.txt")
    (tmp_path / "b.txt").write_text(" \n\n")
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path / "b.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"a,b\n1,2\n"),
        ("a.conllu", b"1\ta\n"),
        ("a.png", b"text"),
        ("a.bin", b"\0\1\2\3" * 9),
        ("a.zip", b"PK nothing"),
    ],
)
def test_tables_pictures_and_bytes_are_not_claimed(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert text_file.sniff(tmp_path / name) is None


def test_numbers_are_claimed_with_little_confidence(tmp_path):
    (tmp_path / "a.txt").write_text("1.5 2.5 3.5\n" * 20)
    assert text_file.sniff(tmp_path / "a.txt").confidence < 0.2


def test_names_say_the_splits_where_all_files_have_them(tmp_path, read):
    folder = write(
        tmp_path / "wiki",
        wiki__train__tokens="a b",
        wiki__valid__tokens="c",
        wiki__test__tokens="d",
        README__md="about",
    )
    found = read(folder)
    assert {name: split.inputs[:] for name, split in found.splits.items()} == {
        "train": ["a b"],
        "valid": ["c"],
        "test": ["d"],
    }
    assert found.guesses[0].what == "the files' names say the splits"
    assert found.facts["passed_over"] == {"other files": 1}


def test_one_file_without_a_split_makes_all_of_them_one(tmp_path, read):
    folder = write(tmp_path / "code", train__py="import a", test__py="import b", model__py="import c")
    found = read(folder)
    assert found.splits["all"].ids[:] == ["model.py", "test.py", "train.py"]


def test_folders_say_splits_too(tmp_path, read):
    for split in ("train", "dev"):
        write(tmp_path / "set")
        write(tmp_path / "set" / split, a__txt=f"a {split}", b__txt=f"b {split}")
    found = read(tmp_path / "set")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 2, "valid": 2}
    assert found.splits["valid"].ids[0] == "dev/a.txt"


def test_an_archive_is_read_as_it_is(tmp_path, read):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for split in ("train", "valid", "test"):
            archive.writestr(f"w/wiki.{split}.tokens", f"text of {split}")
    assert text_file.sniff(tmp_path / "w.zip")
    assert read(tmp_path / "w.zip").splits["test"].inputs[:] == ["text of test"]


def test_files_without_text_are_skipped_and_counted(tmp_path, read):
    folder = write(tmp_path / "books", a__txt="words", b__txt=" \n")
    with pytest.raises(DataError, match=r"1 of 2 samples cannot be used .*\n.*b.txt has no text"):
        read(folder)
    found = read(folder, max_bad=0.5)
    assert found.facts["num_empty"] == 1
    assert [one.id for one in found.skipped] == ["b.txt"]


def test_a_folder_with_only_a_readme_or_few_texts_is_another_ones(tmp_path):
    assert text_file.sniff(write(tmp_path / "set", README__md="about the data", a__csv="a,b\n", b__csv="a,b\n")) is None
    assert text_file.sniff(write(tmp_path / "set", notes__txt="some words")).confidence < 0.3
    assert text_file.sniff(tmp_path / "nothing") is None


def test_there_is_no_target_to_choose(tmp_path, read):
    (tmp_path / "b.txt").write_text(BOOK)
    with pytest.raises(UsageError, match="no target 'x'"):
        read(tmp_path / "b.txt", target="x")
