"""From texts to a data set."""

from pathlib import Path

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked, silent
from gnomon.core.spec import Label, Skipped, Tags, Text
from gnomon.data import documents, texts
from gnomon.data.listing import File
from gnomon.data.ragged import Ragged
from gnomon.data.reading import Reading

CONFIG = DataConfig(path="set")


def labelled(labels=(0, 1, 0), skipped=(), split="all", words=("one", "two", "one")):
    return texts.Found(
        reader="some",
        path=Path("set.csv"),
        target=Label(classes=("a", "b")),
        parts=[
            texts.Part(split=split, ids=["x", "y", "z"], texts=list(words), targets=np.array(labels, np.int64)),
            texts.Part(split="test", ids=[], texts=[], targets=np.zeros(0, np.int64)),
        ],
        skipped=skipped,
        facts={"encodings": {"utf-8": 1}},
    )


def test_labelled_texts():
    found = texts.dataset(labelled(), CONFIG)
    assert (found.name, found.reader, found.spec.input) == ("set", "some", Text())
    assert list(found.splits) == ["all"]
    split = found.splits["all"]
    assert (split.inputs[:], split.ids[1], split.targets.tolist()) == (["one", "two", "one"], "y", [0, 1, 0])
    assert split.hashes[0] == split.hashes[2] != split.hashes[1]
    assert found.facts["num_characters"] == 9
    assert found.facts["num_distinct_characters"] == 5
    assert found.facts["length"] == {"unit": "characters", "min": 3, "median": 3, "mean": 3.0, "p95": 3, "max": 3}
    assert found.facts["num_empty"] == 0


def test_the_fingerprint_changes_with_texts_labels_and_splits():
    prints = {
        texts.dataset(found, CONFIG).fingerprint
        for found in (labelled(), labelled((0, 1, 1)), labelled(split="train"), labelled(words=("one", "too", "one")))
    }
    assert len(prints) == 4
    assert texts.dataset(labelled(), CONFIG).fingerprint in prints


def test_what_is_to_be_continued_is_its_own_target():
    part = texts.Part(split="all", ids=["a"], texts=["今天 text"])
    found = texts.dataset(texts.Found(reader="r", path=Path("b.txt"), target=Text(), parts=[part]), CONFIG)
    assert found.splits["all"].targets is found.splits["all"].inputs
    assert found.facts["num_characters"] == 7


def test_tagged_words_are_measured_in_words():
    part = texts.Part(
        split="all",
        ids=["1", "2"],
        texts=[("The", "cat"), ("Go",)],
        targets=Ragged.of([np.array([0, 1]), np.array([1])], like=np.empty(0, np.int64)),
    )
    found = texts.dataset(
        texts.Found(reader="r", path=Path("s"), target=Tags(classes=("D", "N")), parts=[part]), CONFIG
    )
    assert found.spec.input == Text(words=True)
    assert (found.facts["num_words"], found.facts["num_characters"]) == (3, 8)
    assert found.facts["length"]["max"] == 2


def test_too_many_unusable_samples_are_refused_with_their_reasons():
    skipped = (Skipped(id="set.csv:7", reason="has no text"),)
    with pytest.raises(DataError, match=r"1 of 4 samples cannot be used \(25.0%, the limit is 1.0%\)") as error:
        texts.dataset(labelled(skipped=skipped), CONFIG)
    assert "set.csv:7 has no text" in str(error.value)
    assert "--max-bad 0.26" in error.value.fix
    assert texts.dataset(labelled(skipped=skipped), DataConfig(path="s", max_bad=0.25)).facts["num_empty"] == 1


def test_no_text_at_all_is_refused():
    with pytest.raises(DataError, match="holds no text"):
        texts.dataset(texts.Found(reader="r", path=Path("s"), target=Text(), parts=[]), CONFIG)


def surroundings(should_stop=lambda: False, emit=silent):
    return Reading(cache_dir=Path("c"), emit=emit, should_stop=should_stop)


def test_files_are_read_and_the_bad_ones_told(tmp_path):
    contents = {"a.txt": "naïve".encode(), "b.txt": b"caf\xe9 cr\xe8me", "c.txt": b"\0" * 9, "d.txt": b"z\xfc" * 3}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [File((), name, 0, 0) for name in [*contents, "gone.txt"]]
    found, skipped = texts.read_all(documents.picked(tmp_path, files), files, "auto", surroundings())
    assert [one and one.text for one in found] == ["naïve", "café crème", None, "zü" * 3, None]
    assert texts.encodings(found) == {"cp1252": 2, "utf-8": 1}
    assert [one.id for one in skipped] == ["c.txt", "gone.txt"]
    assert "NUL" in skipped[0].reason
    assert "cannot be read" in skipped[1].reason


def test_a_named_encoding_is_used_for_all_files(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xe8")
    files = [File((), "a.txt", 1, 0)]
    found, _ = texts.read_all(documents.picked(tmp_path, files), files, "cp1250", surroundings())
    assert found[0].text == "č"


def test_progress_is_told_and_a_wish_to_stop_obeyed():
    told = []
    texts.tick(surroundings(emit=told.append), 0, 5000)
    texts.tick(surroundings(emit=told.append), 2000, 5000)
    texts.tick(surroundings(emit=told.append), 2001, 5000)
    assert told == [Worked(what="reading texts", done=2000, total=5000, unit="texts")]
    with pytest.raises(StoppedError):
        texts.tick(surroundings(should_stop=lambda: True), 0, 1)
