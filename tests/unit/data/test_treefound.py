"""From trees to a data set."""

from pathlib import Path

import numpy as np
import pytest
from small_trees import SMALL, chain, star

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked
from gnomon.core.spec import Label, NodeLabels, Skipped, Trees
from gnomon.data import treefound
from gnomon.data.reading import Reading

TWO = (SMALL, chain(3))


def found(trees=TWO, skipped=(), **settings):
    part = treefound.Part(
        split="all", ids=[f"t{i}" for i in range(len(trees))], trees=trees, targets=np.zeros(len(trees), np.int64)
    )
    about = {"reader": "r", "path": Path("trees.txt"), "target": Label(classes=("a", "b")), "parts": [part]}
    return treefound.Found(**about, skipped=skipped, **settings)


def test_what_is_counted():
    made = treefound.dataset(found(), DataConfig(path="x"))
    assert made.spec.input == Trees()
    assert made.name == "trees"
    assert made.facts["num_nodes"] == 8
    assert made.facts["num_symbols"] == 5
    assert made.facts["most_children"] == 2
    assert made.facts["height"]["max"] == 2
    assert made.splits["all"].inputs[0] == SMALL
    assert len(set(made.splits["all"].hashes.tolist())) == 2


def test_the_fingerprint_is_of_the_content():
    def print_of(**settings):
        return treefound.dataset(found(**settings), DataConfig(path="x")).fingerprint

    assert print_of() == print_of()
    assert print_of() != print_of(trees=(SMALL, star(2)))


def test_too_many_bad_ones_are_refused():
    skipped = (Skipped(id="x:3:7", reason="empty brackets"),)
    with pytest.raises(DataError, match=r"1 of 3 trees cannot be used \(33.3%.*\n.*x:3:7") as caught:
        treefound.dataset(found(skipped=skipped), DataConfig(path="x"))
    assert "--max-bad 0.34" in caught.value.fix
    assert treefound.dataset(found(skipped=skipped), DataConfig(path="x", max_bad=0.5)).skipped == skipped
    with pytest.raises(DataError, match="holds no tree"):
        treefound.dataset(found(trees=()), DataConfig(path="x"))


def test_classes_of_nodes():
    column = treefound.of_nodes([("a", None, "b"), ("", "zzz")], {"a": 0, "b": 1})
    assert [one.tolist() for one in column[:]] == [[0, -1, 1], [-1, -1]]
    assert [one.tolist() for one in treefound.chosen(column, [1])[:]] == [[-1, -1]]
    part = treefound.Part(split="all", ids=["t"], trees=[star(1)], targets=treefound.chosen(column, [1]))
    about = treefound.Found(reader="r", path=Path("x"), target=NodeLabels(classes=("a", "b")), parts=[part])
    assert treefound.dataset(about, DataConfig(path="x")).fingerprint


def test_progress_and_stopping(tmp_path):
    told = []
    reading = Reading(cache_dir=tmp_path, emit=told.append, should_stop=lambda: False)
    for done in range(1500):
        treefound.tick(reading, done, 1500)
    assert told == [Worked(what="reading trees", done=1000, total=1500, unit="trees")]
    with pytest.raises(StoppedError):
        treefound.tick(Reading(cache_dir=tmp_path, emit=told.append, should_stop=lambda: True), 0, 1)
