"""Sentences of tagged words."""

import gzip

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Text
from gnomon.data.reading import Reading
from gnomon.readers import tagged_text

WORDS = (("We", "PRON", "PRP"), ("go", "VERB", "VB"), ("home", "ADV", "_"))
NER = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\nleft VBD B-VP O\n\n"


def conllu(words=WORDS, name="s1"):
    lines = [f"{i}\t{w}\t_\t{u}\t{x}\t_\t0\tdep\t_\t_" for i, (w, u, x) in enumerate(words, start=1)]
    return "\n".join([f"# sent_id = {name}", *lines, "", ""])


@pytest.fixture
def read(tmp_path):
    def run(path, **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return tagged_text.read(path, DataConfig(path=str(path), **config), reading)

    return run


@pytest.fixture
def treebank(tmp_path):
    folder = tmp_path / "ewt"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        data = (conllu(name=f"{split}-1") + conllu(WORDS[:2], name=f"{split}-2")).encode()
        (folder / f"en_ewt-ud-{split}.conllu.gz").write_bytes(gzip.compress(data))
    (folder / "README.md").write_text("about")
    return folder


def test_a_treebank_with_its_splits(treebank, read):
    assert tagged_text.sniff(treebank).confidence == 0.9
    found = read(treebank)
    assert list(found.splits) == ["train", "valid", "test"]
    assert found.spec.input == Text(words=True)
    assert found.spec.target.classes == ("ADV", "PRON", "VERB")
    split = found.splits["valid"]
    assert split.inputs[:] == [("We", "go", "home"), ("We", "go")]
    assert [tags.tolist() for tags in split.targets[:]] == [[1, 2, 0], [1, 2]]
    assert split.targets[0].dtype == np.int64
    assert split.ids[0] == "en_ewt-ud-dev.conllu.gz#dev-1"
    assert found.guesses[0].flag == "--target xpos"


def test_another_column_and_words_without_a_tag(treebank, read):
    found = read(treebank, target="XPOS")
    assert found.spec.target.classes == ("PRP", "VB")
    assert found.splits["train"].targets[0].tolist() == [0, 1, -1]
    assert found.facts["num_untagged"] == 3
    with pytest.raises(UsageError, match="no target 'pos'") as error:
        read(treebank, target="pos")
    assert "upos, xpos, deprel, feats" in error.value.fix
    with pytest.raises(DataError, match="column 'feats' is empty"):
        read(treebank, target="feats")


def test_the_columns_of_conll_2003_and_its_file_names(tmp_path, read):
    for name in ("eng.train", "eng.testa", "eng.testb"):
        (tmp_path / name).write_text(NER)
    assert tagged_text.sniff(tmp_path).confidence == 0.8
    found = read(tmp_path)
    assert list(found.splits) == ["train", "valid", "test"]
    assert found.spec.target.classes == ("B-ORG", "B-PER", "O")
    assert found.splits["train"].inputs[:] == [("EU", "rejects"), ("Peter", "left")]
    assert found.guesses[0].what == "the tags are the column 'ner'"
    assert read(tmp_path, target="chunk").spec.target.classes == ("B-NP", "B-VP")


def test_a_single_file_is_one_split(tmp_path, read):
    (tmp_path / "words.txt").write_text("a\tX\nb\tY\n\nc\tX\nd\tX\n", newline="\r\n")
    assert tagged_text.sniff(tmp_path / "words.txt")
    found = read(tmp_path / "words.txt")
    assert found.splits["all"].inputs[:] == [("a", "b"), ("c", "d")]
    assert found.splits["all"].ids[:] == ["words.txt#1", "words.txt#2"]


def test_a_sentence_that_does_not_fit_is_skipped_with_its_line(tmp_path, read):
    (tmp_path / "w.conllu").write_text(conllu() + conllu() + "1\tbroken\n\n" + conllu())
    with pytest.raises(DataError, match="conllu:11 has 2 fields, not 10"):
        read(tmp_path / "w.conllu")
    assert len(read(tmp_path / "w.conllu", max_bad=0.3).splits["all"]) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "First Citizen:\nBefore we proceed.\n\nAll:\nSpeak.\n"),
        ("a.csv", "a,b\n1,2\n"),
        ("train.txt", "(3 (2 It) (4 lovely))\n" * 9),
        ("a.conllu", ""),
    ],
)
def test_other_files_are_not_claimed(tmp_path, read, name, content):
    (tmp_path / name).write_text(content)
    assert tagged_text.sniff(tmp_path / name) is None
    assert tagged_text.sniff(tmp_path) is None
    with pytest.raises(DataError, match="holds no tagged words"):
        read(tmp_path / name)
