"""Lines that begin with their label."""

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import labelled_lines

TRAIN = b"DESC:manner How did it end ?\nENTY:cremat What films ?\nDESC:def What is sister\xf0city ?\n"
TEST = b"NUM:dist How far is it ?\n"


@pytest.fixture
def read(tmp_path):
    def run(path, **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return labelled_lines.read(path, DataConfig(path=str(path), **config), reading)

    return run


@pytest.fixture
def trec(tmp_path):
    (tmp_path / "trec").mkdir()
    (tmp_path / "trec" / "train_5500.label").write_bytes(TRAIN)
    (tmp_path / "trec" / "TREC_10.label").write_bytes(TEST)
    return tmp_path / "trec"


def test_trec_as_it_is_downloaded(trec, read):
    assert labelled_lines.sniff(trec).confidence == 0.8
    found = read(trec)
    assert found.spec.target.classes == ("DESC", "ENTY", "NUM")
    assert found.splits["train"].targets.tolist() == [0, 1, 0]
    assert found.splits["train"].inputs[0] == "How did it end ?"
    assert found.splits["test"].ids[:] == ["TREC_10.label:1"]
    told = [guess.what for guess in found.guesses]
    assert "TREC_10.label is the test split" in told
    assert "1 of 2 files are cp1252" in told


def test_the_fine_labels_may_be_wanted(trec, read):
    assert read(trec, target="fine").spec.target.classes[0] == "DESC:def"
    with pytest.raises(UsageError, match="no target 'finest'"):
        read(trec, target="finest")


def test_the_lines_of_fasttext(tmp_path, read):
    path = tmp_path / "r.txt"
    good = "".join(f"__label__{i % 2} text {i}\n" for i in range(97))
    path.write_text(good + "\n__label__1 __label__2 both\n__label__1\nno label here\n")
    assert labelled_lines.sniff(path)
    found = read(path, max_bad=0.1)
    assert found.spec.target.classes == ("0", "1")
    assert len(found.splits["all"]) == 97
    assert [(one.id, one.reason) for one in found.skipped] == [
        ("r.txt:99", "has several labels"),
        ("r.txt:100", "has no text"),
        ("r.txt:101", "does not begin with a label"),
    ]
    with pytest.raises(UsageError):
        read(path, target="fine", max_bad=0.1)


@pytest.mark.parametrize("content", ["First Citizen:\nBefore we proceed.\n", "ROMEO: But soft\nJULIET: Ay me\n", ""])
def test_other_text_is_not_claimed(tmp_path, read, content):
    (tmp_path / "a.txt").write_text(content)
    assert labelled_lines.sniff(tmp_path / "a.txt") is None
    assert labelled_lines.sniff(tmp_path) is None
    with pytest.raises(DataError, match="no lines that begin with labels"):
        read(tmp_path / "a.txt")
