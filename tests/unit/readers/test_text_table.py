"""Tables with texts and labels."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import text_table

TEXTS = [f"this is film number {i} and it is {'good' if i % 3 else 'rather bad'}" for i in range(24)]
LABELS = ["pos" if i % 3 else "neg" for i in range(24)]


@pytest.fixture
def read(tmp_path):
    def run(path, settings=None, **config):
        layers = [("user", settings)] if settings else []
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return text_table.read(path, DataConfig(path=str(path), **config), reading)

    return run


def csv(path, header, *columns, encoding="utf-8", mark=","):
    lines = [mark.join(header)] if header else []
    lines += [mark.join(f'"{value}"' if mark in str(value) else str(value) for value in row) for row in zip(*columns)]  # noqa: B905
    path.parent.mkdir(exist_ok=True)
    data = ("\n".join(lines) + "\n").encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def told(found):
    return [guess.what for guess in found.guesses]


@pytest.mark.parametrize("name", ["r.csv", "r.csv.gz", "r.tsv", "r.jsonl", "r.parquet"])
def test_text_and_label_are_found_and_said(tmp_path, read, name):
    path = tmp_path / name
    if name.endswith("jsonl"):
        lines = (
            json.dumps({"id": i, "review": t, "sentiment": n})
            for i, (t, n) in enumerate(zip(TEXTS, LABELS, strict=True))
        )
        path.write_text("\n".join(lines))
    elif name.endswith("parquet"):
        pq.write_table(pa.table({"id": list(range(24)), "review": TEXTS, "sentiment": LABELS}), path)
    else:
        mark = "\t" if name.endswith("tsv") else ","
        csv(path, ("id", "review", "sentiment"), range(24), TEXTS, LABELS, mark=mark)
    assert text_table.sniff(path).confidence == 0.75
    found = read(path)
    assert found.spec.target.classes == ("neg", "pos")
    assert found.splits["all"].inputs[:] == TEXTS
    assert found.splits["all"].targets.tolist() == [int(label == "pos") for label in LABELS]
    assert told(found) == ["the text is the column 'review'", "the target is the column 'sentiment'"]
    assert [guess.flag for guess in found.guesses] == ["--set reader.text=NAME", "--target NAME"]


def test_readable_names_are_preferred_to_numbers(tmp_path, read):
    numbers = [int(label == "pos") for label in LABELS]
    path = csv(tmp_path / "r.csv", ("text", "label", "label_name"), TEXTS, numbers, LABELS)
    found = read(path)
    assert found.spec.target.classes == ("neg", "pos")
    assert found.splits["all"].targets.tolist() == numbers
    assert told(found)[-1] == "the classes are named by the column 'label_name'"


def test_a_table_without_header_and_names_beside_it(tmp_path, read):
    titles = [f"News of day {i} from the market" for i in range(24)]
    for split in ("train", "test"):
        csv(tmp_path / "ag" / f"{split}.csv", (), [i % 2 + 1 for i in range(24)], titles, TEXTS)
    found = read(tmp_path / "ag")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 24, "test": 24}
    assert found.splits["train"].inputs[0] == f"{titles[0]}\n{TEXTS[0]}"
    assert found.splits["train"].ids[0] == "train.csv:1"
    assert found.spec.target.classes == ("1", "2")
    assert told(found)[0] == "train.csv has no header: its columns are called column 1 to 3"
    (tmp_path / "ag" / "classes.txt").write_text("World\nSports\n")
    assert read(tmp_path / "ag").spec.target.classes == ("World", "Sports")


def test_tabs_with_stray_quotes_and_commas(tmp_path, read):
    lines = [f'{"ham" if i % 2 else "spam"}\tGo until point {i}, "crazy.. only in bugis, n great' for i in range(20)]
    (tmp_path / "sms.tsv").write_text("\n".join(lines) + "\n")
    found = read(tmp_path / "sms.tsv")
    assert len(found.splits["all"]) == 20
    assert found.spec.target.classes == ("ham", "spam")
    assert found.splits["all"].inputs[0] == 'Go until point 0, "crazy.. only in bugis, n great'


def test_line_breaks_and_rare_characters_inside_a_text_stay(tmp_path, read):
    odd = [f"a text {i} with\nlines and\u2028rare\x85marks in it" for i in range(12)]
    rows = "".join(f'"{text}",{i % 2}\n' for i, text in enumerate(odd))
    (tmp_path / "r.csv").write_text("text,label\n" + rows, encoding="utf-8")
    assert read(tmp_path / "r.csv").splits["all"].inputs[:] == odd


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, read, encoding):
    path = csv(tmp_path / "r.csv", ("text", "label"), [f"{t} café" for t in TEXTS], LABELS, encoding=encoding)
    found = read(path)
    assert found.splits["all"].inputs[0].endswith("café")
    assert found.facts["encodings"] == {encoding.removesuffix("-sig"): 1}


def test_the_user_may_name_the_columns(tmp_path, read):
    path = csv(tmp_path / "r.csv", ("text", "note", "label", "stars"), TEXTS, TEXTS[::-1], LABELS, [5, 1] * 12)
    found = read(path, {"reader.text": "note"}, target="stars")
    assert found.splits["all"].inputs[:] == TEXTS[::-1]
    assert found.spec.target.classes == ("1", "5")
    with pytest.raises(UsageError, match="no column 'notes'"):
        read(path, {"reader.text": "notes"})
    with pytest.raises(UsageError, match="no target 'star'"):
        read(path, target="star")


def test_labels_that_are_all_distinct_look_like_text_or_an_id(tmp_path, read):
    path = csv(tmp_path / "r.csv", ("text", "label"), TEXTS, [f"id{i}" for i in range(24)])
    with pytest.raises(
        DataError, match="'label' has 24 different values in 24 rows: it looks like free text or an id"
    ) as error:
        read(path)
    assert "--target" in error.value.fix
    path = csv(tmp_path / "s.csv", ("text", "key", "label"), TEXTS, range(24), LABELS)
    with pytest.raises(DataError, match="'key' has 24 different values"):
        read(path, target="key")


def test_one_class_is_left_to_the_audit(tmp_path, read):
    path = csv(tmp_path / "r.csv", ("text", "label"), TEXTS, ["same"] * 24)
    assert read(path).spec.target.classes == ("same",)


def test_rows_without_text_or_label_and_ragged_rows_are_named(tmp_path, read):
    path = csv(tmp_path / "r.csv", ("text", "label"), ["", *TEXTS[1:]], ["pos", "", *LABELS[2:]])
    with path.open("a") as file:
        file.write("a,b,c\n")
    found = read(path, max_bad=0.2)
    assert {one.id: one.reason for one in found.skipped} == {
        "r.csv:26": "has another number of fields than the header",
        "r.csv:2": "has no text",
        "r.csv:3": "has no label",
    }
    assert len(found.splits["all"]) == 22
    assert found.facts["num_empty"] == 1


def test_declared_class_names_of_parquet_are_used(tmp_path, read):
    features = {"text": {"_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    schema = pa.schema([("text", pa.string()), ("label", pa.int64())], metadata=metadata)
    (tmp_path / "set").mkdir()
    for split in ("train", "test"):
        table = pa.table({"text": TEXTS, "label": [int(label == "pos") for label in LABELS]}, schema=schema)
        pq.write_table(table, tmp_path / "set" / f"{split}-00000-of-00001.parquet")
    found = read(tmp_path / "set")
    assert found.spec.target.classes == ("neg", "pos")
    assert set(found.splits) == {"train", "test"}


def test_a_test_table_without_labels_is_not_used_and_this_is_said(tmp_path, read):
    csv(tmp_path / "set" / "train.csv", ("text", "label"), TEXTS, LABELS)
    csv(tmp_path / "set" / "test.csv", ("text", "number"), TEXTS, range(24))
    found = read(tmp_path / "set")
    assert list(found.splits) == ["train"]
    assert told(found)[-1] == "test.csv is not used"


def test_tables_of_different_columns_cannot_be_one(tmp_path, read):
    csv(tmp_path / "set" / "a.csv", ("text", "label"), TEXTS, LABELS)
    csv(tmp_path / "set" / "b.csv", ("other", "label"), TEXTS, LABELS)
    with pytest.raises(DataError, match="2 tables of different columns"):
        read(tmp_path / "set")


def test_tables_without_free_text_are_not_claimed_and_refused(tmp_path, read):
    path = csv(tmp_path / "adult.csv", ("age", "work", "income"), range(24), ["Private", "State-gov"] * 12, LABELS)
    assert text_table.sniff(path) is None
    with pytest.raises(DataError, match=r"has no column of free text \(columns: age, work, income\)"):
        read(path)
    only = csv(tmp_path / "only.csv", ("text",), TEXTS)
    assert text_table.sniff(only) is None
    with pytest.raises(DataError, match="no column looks like classes"):
        read(only)


def test_an_empty_table_is_claimed_and_refused(tmp_path, read):
    (tmp_path / "r.csv").write_text("")
    assert text_table.sniff(tmp_path / "r.csv").confidence < 0.1
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path / "r.csv")


def test_a_table_without_rows_is_refused(tmp_path, read):
    (tmp_path / "r.csv").write_text("text,label\n")
    assert text_table.sniff(tmp_path / "r.csv") is None
    with pytest.raises(DataError, match="has no rows"):
        read(tmp_path / "r.csv")
    with pytest.raises(DataError, match="holds no table"):
        read(tmp_path / "nothing")
