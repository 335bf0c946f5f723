"""Tables with a column to foresee."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Label, Number
from gnomon.data.reading import Reading
from gnomon.readers import tables

ROWS = [(f"{k * 1.25}", "red" if k % 3 else "blue", f"{k * 7 % 11}", "yes" if k % 2 else "no") for k in range(40)]
NAMES = ("size", "colour", "age", "target")


@pytest.fixture
def read(tmp_path):
    def run(path, settings=None, **config):
        layers = [("user", settings)] if settings else []
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return tables.read(path, DataConfig(path=str(path), **config), reading)

    return run


def write(path, rows=ROWS, names=NAMES, mark=","):
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows))
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({name: [row[k] for row in rows] for k, name in enumerate(names)}), path)
    else:
        path.write_text("\n".join(mark.join(row) for row in [names, *rows]) + "\n")
    return path


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.tsv", "\t"), ("t.jsonl", ""), ("t.parquet", "")])
def test_every_form_gives_the_same_data(tmp_path, read, name, mark):
    path = write(tmp_path / name, mark=mark)
    match = tables.sniff(path)
    assert (match.confidence, match.why) == (0.5, f"{name} has 4 columns: 2 of numbers, 2 of categories")
    found = read(path)
    assert found.spec.target == Label(classes=("no", "yes"))
    assert [column.type for column in found.spec.input.columns] == ["number", "category", "number"]
    assert len(found.splits["all"]) == 40


def test_a_file_named_train_is_read_with_those_beside_it(tmp_path, read):
    path = write(tmp_path / "adult_train.csv")
    write(tmp_path / "adult_test.csv", ROWS[:9])
    write(tmp_path / "other_test.csv", ROWS[:5])
    assert {name: len(part) for name, part in read(path).splits.items()} == {"train": 40, "test": 9}
    assert list(read(path, split="0.5,0.5").splits) == ["all"]
    assert list(read(path, test="other_test.csv").splits) == ["all"]


def test_a_folder_of_parts_is_one_table_and_of_splits_several(tmp_path, read):
    write(tmp_path / "parts" / "a.csv", ROWS[:20])
    write(tmp_path / "parts" / "b.csv", ROWS[20:])
    assert len(read(tmp_path / "parts").splits["all"]) == 40
    write(tmp_path / "splits" / "train.csv")
    write(tmp_path / "splits" / "valid.csv", ROWS[:6])
    assert {name: len(part) for name, part in read(tmp_path / "splits").splits.items()} == {"train": 40, "valid": 6}
    write(tmp_path / "mixed" / "a.csv")
    write(tmp_path / "mixed" / "b.csv", names=("a", "b", "c", "d"))
    with pytest.raises(DataError, match="2 tables of different columns"):
        read(tmp_path / "mixed")


def test_the_user_says_what_columns_hold_and_which_are_dropped(tmp_path, read):
    found = read(write(tmp_path / "t.csv"), {"reader.categories": "age", "reader.drop": "size"})
    assert [(column.name, column.type) for column in found.spec.input.columns] == [
        ("colour", "category"),
        ("age", "category"),
    ]
    with pytest.raises(UsageError, match="there is no column 'sise' to drop"):
        read(tmp_path / "t.csv", {"reader.drop": "sise"})
    with pytest.raises(UsageError, match="there is no column 'agee'"):
        read(tmp_path / "t.csv", {"reader.numbers": "agee"})


def test_the_task_that_was_asked_for_decides_between_classes_and_numbers(tmp_path, read):
    path = write(tmp_path / "t.csv")
    assert isinstance(read(path, target="age").spec.target, Label)
    assert isinstance(read(path, {"run.task": "regress"}, target="age").spec.target, Number)


def test_lists_are_left_out_with_a_word(tmp_path, read):
    (tmp_path / "t.jsonl").write_text(
        "\n".join(json.dumps({"x": k * 1.5, "l": [k], "target": k % 2}) for k in range(30))
    )
    assert "the column 'l' holds lists or bytes and is left out" in read(tmp_path / "t.jsonl").facts["repaired"]


def test_what_tables_claim_and_what_not(tmp_path):
    prose = [
        (*row[:3], f"a long sentence with {k} words in it, so to say", "x" * (k % 2)) for k, row in enumerate(ROWS)
    ]
    few = write(tmp_path / "few.tsv", [(row[3], row[4]) for row in prose], ("text", "label"), mark="\t")
    assert tables.sniff(few).confidence < 0.5
    wide = [(*row[:3], *row[:2], *row[3:]) for row in prose]
    many = write(tmp_path / "many.tsv", wide, ("a", "b", "c", "d", "e", "text", "label"), mark="\t")
    assert tables.sniff(many).confidence == 0.78
    (tmp_path / "one.csv").write_text("a\n1\n")
    assert tables.sniff(tmp_path / "one.csv") is None
    assert tables.sniff(tmp_path / "nothing.txt") is None
    (tmp_path / "empty.csv").touch()
    assert tables.sniff(tmp_path / "empty.csv").confidence < 0.05
    (tmp_path / "nul.csv").write_bytes(b"a,b\n1,\0\n")
    assert "NUL" in tables.sniff(tmp_path / "nul.csv").why
