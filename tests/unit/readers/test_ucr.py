"""Labelled series of the UCR and UEA archives."""

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Label, Series
from gnomon.data.reading import Reading
from gnomon.readers import ucr

HEADER = "# made for a test\n@problemName Toy\n@timeStamps false\n@univariate false\n@classLabel true up down\n@data\n"


def read(path, *, stop=False, **settings):
    reading = Reading(cache_dir=path / "cache", emit=silent, should_stop=lambda: stop)
    return ucr.read(path, DataConfig(path=str(path), **settings), reading)


def rows(path, *lines):
    path.write_text("\n".join("\t".join(map(str, line)) for line in lines) + "\n")


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "Toy"
    folder.mkdir()
    rows(folder / "Toy_TRAIN.tsv", [2, *range(6)], [1, *range(6, 0, -1)], [10, *range(1, 7)])
    rows(folder / "Toy_TEST.tsv", [1, *range(9, 3, -1)])
    return folder


def test_the_files_of_the_archive_become_splits(archive):
    found = read(archive)
    assert ucr.sniff(archive).confidence == 0.9
    assert found.spec.input == Series(names=("value",), length=6)
    assert found.spec.target == Label(classes=("1", "2", "10"))
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 3, "test": 1}
    train = found.splits["train"]
    assert train.inputs.shape == (3, 6, 1)
    assert train.inputs.dtype == np.float32
    assert train.inputs[1, :, 0].tolist() == [6, 5, 4, 3, 2, 1]
    assert train.targets.tolist() == [1, 0, 2]
    assert train.ids[2] == "Toy_TRAIN.tsv#2"
    assert len(np.unique(train.hashes)) == 3
    assert found.guesses == ()
    assert found.facts["repaired"] == []
    assert found.name == "Toy"


def test_one_file_is_one_split(archive):
    assert list(read(archive / "Toy_TRAIN.tsv").splits) == ["all"]


def test_series_of_several_lengths_are_stretched_and_said(tmp_path):
    rows(tmp_path / "A_TRAIN.tsv", [0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 0, 4, 8, "NaN", "NaN"])
    found = read(tmp_path / "A_TRAIN.tsv")
    assert found.splits["all"].inputs[1, :, 0].tolist() == list(range(9))
    assert found.guesses[0].what == "all series are stretched to 9 steps"
    assert found.facts["repaired"] == []


def test_holes_are_filled_and_said(tmp_path):
    rows(tmp_path / "A_TRAIN.tsv", [0, 0, "NaN", 4, 6, 8], [1, 1, 1, 1, 1, 1])
    found = read(tmp_path / "A_TRAIN.tsv")
    assert found.splits["all"].inputs[0, :, 0].tolist() == [0, 2, 4, 6, 8]
    assert found.facts["repaired"] == ["missing values in 1 series filled with straight lines"]


def test_ts_files_have_channels_and_named_classes(tmp_path):
    (tmp_path / "Toy_TRAIN.ts").write_text(HEADER + "1,2,3:4,5,6:up\n3,2,1:?,5,7:down\n")
    (tmp_path / "Toy_TEST.ts").write_text(HEADER + "1,2,3:4,5,6:up\n")
    found = read(tmp_path)
    assert ucr.sniff(tmp_path).confidence == 0.95
    assert found.spec.input == Series(names=("channel 1", "channel 2"), length=3)
    assert found.spec.target.classes == ("down", "up")
    assert found.splits["train"].inputs[1].tolist() == [[3, 5], [2, 5], [1, 7]]
    assert found.splits["train"].hashes[0] == found.splits["test"].hashes[0]


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (HEADER + "1,2,x:4,5,6:up\n", "something else than a number", 7),
        (HEADER + "1,2:4,5:up\n1,2:up\n", "has 1 channels, not 2", 8),
        (HEADER + "?,?:4,5:up\n", "has no number", 7),
        (HEADER + "inf,1:4,5:up\n", "has an infinite number", 7),
        (HEADER, "holds no series", None),
        (HEADER.replace("@data\n", ""), "has no line @data", None),
        (HEADER.replace("Stamps false", "Stamps true"), "time stamps inside", None),
        (HEADER.replace("@classLabel true up down", "@classLabel false"), "has no class labels", None),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_with_its_line(tmp_path, text, what, line):
    (tmp_path / "Toy_TRAIN.ts").write_text(text)
    with pytest.raises(DataError, match=what) as error:
        read(tmp_path / "Toy_TRAIN.ts")
    assert error.value.line == line
    assert error.value.path.endswith("Toy_TRAIN.ts")


def test_other_tables_and_folders_are_not_claimed(tmp_path):
    (tmp_path / "words_train.tsv").write_text("text\tlabel\nhello\t1\n")
    (tmp_path / "words_test.tsv").write_text("text\tlabel\nhello\t1\n")
    (tmp_path / "numbers.tsv").write_text("1\t2\t3\t4\t5\t6\t7\n")
    assert ucr.sniff(tmp_path) is None
    assert ucr.sniff(tmp_path / "words_train.tsv") is None
    assert ucr.sniff(tmp_path / "numbers.tsv") is None
    assert ucr.sniff(tmp_path / "nothing") is None
    with pytest.raises(DataError, match="holds no files such as NAME_TRAIN"):
        read(tmp_path / "nothing")


def test_another_target_and_a_wish_to_stop_are_obeyed(archive):
    with pytest.raises(UsageError, match="there is no target 'nonsense'"):
        read(archive, target="nonsense")
    with pytest.raises(StoppedError):
        read(archive, stop=True)
