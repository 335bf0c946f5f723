"""Tables with a column of trees."""

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Label, Number
from gnomon.data.reading import Reading
from gnomon.readers import tree_table

ROWS = ("9\t[MAX 2 9 [MIN 4 7 ] 0 ]", "3\t3", "1\t[MIN 1 [MAX 2 3 ] ]", "2\t[MED 1 2 3 ]")


@pytest.fixture
def read(tmp_path):
    def run(path, layers=(), **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return tree_table.read(path, DataConfig(path=str(path), **config), reading)

    return run


def table(folder, rows, header="label\texpression", name="listops.tsv"):
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_expressions_beside_their_values(tmp_path, read):
    path = table(tmp_path, [*ROWS[:1] * 9, *ROWS[2:] * 2])
    assert tree_table.sniff(path).why == "the column 'expression' of listops.tsv holds trees"
    found = read(path)
    assert found.spec.target == Label(classes=("1", "2", "9"))
    part = found.splits["all"]
    assert part.inputs[0].symbols == ("2", "9", "4", "7", "MIN", "0", "MAX")
    assert part.targets.tolist() == [2] * 9 + [0, 1] * 2
    assert part.ids[0] == "listops.tsv:2"
    assert found.facts["form"] == "prefix"


def test_splits_by_the_names_of_files(tmp_path, read):
    for split in ("train", "val", "test"):
        table(tmp_path, ROWS[2:] * 2, name=f"{split}.tsv")
    assert list(read(tmp_path).splits) == ["train", "valid", "test"]


def test_broken_ones_are_named_by_file_line_and_column(tmp_path, read):
    path = table(tmp_path, [*ROWS[2:] * 9, "1\t[MAX 1 2", "1\t[MAX 1 ] ]", "\t[MAX 1 2 ]"])
    found = read(path, max_bad=0.2)
    assert [(one.id, one.reason) for one in found.skipped] == [
        ("listops.tsv:20:1", "the bracket '[' is never closed"),
        ("listops.tsv:21:10", "']' after the end of the expression"),
        ("listops.tsv:22", "has no label"),
    ]
    assert len(found.splits["all"]) == 18
    with pytest.raises(DataError, match="3 of 21 trees cannot be used"):
        read(path)


def test_numbers_and_names_of_columns(tmp_path, read):
    rows = [f"[MAX {i} [MIN 1 2 ] ],{i / 8},{'ab'[i % 2]}" for i in range(60)]
    path = table(tmp_path, rows, header="tree,depth,kind", name="x.csv")
    assert read(path).spec.target == Label(classes=("a", "b"))
    found = read(path, target="depth")
    assert found.spec.target == Number(name="depth")
    assert found.splits["all"].targets.dtype == np.float64
    assert read(path, [("user", {"reader.tree": "tree"})]).spec.target == Label(classes=("a", "b"))
    with pytest.raises(UsageError, match="there is no column 'nothing'"):
        read(path, [("user", {"reader.tree": "nothing"})])
    with pytest.raises(UsageError, match="there is no target 'nothing'"):
        read(path, target="nothing")


def test_brackets_without_heads(tmp_path, read):
    path = table(tmp_path, ["good\t((so good) !)", "bad\t(so (very bad))"] * 3, header="label\ttree")
    found = read(path)
    assert found.facts["form"] == "bare"
    assert found.splits["all"].inputs[0].symbols == ("so", "good", "", "!", "")


def test_what_is_not_claimed(tmp_path, read):
    path = table(tmp_path, ["1\tsome text (with a remark)", "2\tmore of it"], name="x.tsv")
    assert tree_table.sniff(path) is None
    with pytest.raises(DataError, match="has no column of trees"):
        read(path)
    (tmp_path / "empty.tsv").write_text("")
    assert tree_table.sniff(tmp_path / "empty.tsv") is None
    with pytest.raises(DataError, match="holds no table"):
        read(tmp_path / "nothing.txt")
