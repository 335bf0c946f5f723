import pytest

from gnomon.cli.shell import findings
from gnomon.cli.shell.rows import plain

FOUND = {
    "name": "pets",
    "reader": "image_folder",
    "spec": {
        "input": {"kind": "Image", "height_px": 32, "width_px": 48, "channels": 3},
        "target": {"kind": "Label", "classes": ["cat", "dog"]},
    },
    "splits": {
        "train": {"num_samples": 1200, "counts": [1000, 200]},
        "test": {"num_samples": 30, "counts": [20, 10]},
    },
    "skipped": {"count": 1, "first": [{"id": "a\n.jpg", "reason": "ends in the middle"}]},
    "would": {"task": "classify", "family": "cnn", "why": ["it is small"]},
}


def text(changes):
    return [plain(row) for row in findings.rows(FOUND | changes)]


def test_the_columns_of_a_table_are_listed():
    columns = [
        {
            "name": "size",
            "type": "number",
            "why": "numbers",
            "num_missing": 3,
            "num_distinct": 9,
            "min": 0.5,
            "max": 12000,
        },
        {"name": "colour", "type": "category", "why": "", "num_missing": 0, "num_distinct": 2, "values": [["red", 9]]},
        {"name": "id", "type": "identifier", "why": "it counts the rows", "num_missing": 0, "num_distinct": 9},
        {"name": "when", "type": "date", "why": "", "num_missing": 0, "num_distinct": 2, "min": "2024", "max": "2025"},
    ]
    spec = {"input": {"kind": "Table", "columns": columns}, "target": {"kind": "Number", "name": "price"}}
    shown = text({"spec": spec, "facts": {"num_rows": 30, "columns": columns}})
    assert "  input       rows of 4 columns" in shown
    assert "  target      a number: price" in shown
    start = shown.index("  column  holds       missing  values")
    assert shown[start + 1 : start + 5] == [
        "  size    number       10.0\u00a0%  0.5 … 12,000",
        "  colour  category             2: red",
        "  id      identifier           it counts the rows",
        "  when    date                 2024 … 2025",
    ]


def test_data_counts_and_intentions_are_shown():
    assert text({}) == [
        "",
        "Data",
        "  name        pets",
        "  samples     1,230, read by the reader image_folder",
        "  input       pictures of 32 × 48 px, RGB",
        "  target      one of 2 classes",
        "  skipped     1",
        "              a\\n.jpg: ends in the middle",
        "",
        "  class  train  test",
        "  cat    1,000    20",
        "  dog      200    10",
        "  all    1,200    30",
        "",
        "Training would be",
        "  task        classify",
        "  family      cnn",
        "  because     it is small",
        "",
    ]


def test_many_classes_do_not_fill_the_screen():
    classes = [f"class {i}" for i in range(100)]
    spec = FOUND["spec"] | {"target": {"kind": "Label", "classes": classes}}
    shown = text({"spec": spec, "splits": {"train": {"num_samples": 100, "counts": [1] * 100}}})
    assert sum("class " in line for line in shown) == 13
    assert "  and 88 more classes; --json lists them" in shown


def test_data_without_counts_has_its_splits_only():
    spec = {"input": {"kind": "Text", "words": False}, "target": {"kind": "Text", "words": False}}
    shown = text({"spec": spec, "splits": {"train": {"num_samples": 3}, "test": {"num_samples": 1}}})
    assert [line.split() for line in shown[9:11]] == [["train", "test"], ["all", "3", "1"]]
    sized = {
        name: {"num_samples": 1, "unit": "characters", "size": size} for name, size in (("train", 900), ("test", 99))
    }
    shown = text({"spec": spec, "splits": sized})
    assert [line.split() for line in shown[10:12]] == [["all", "1", "1"], ["characters", "900", "99"]]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"kind": "Image", "height_px": 8, "width_px": 8, "channels": 1}, "pictures of 8 × 8 px, grey"),
        ({"kind": "Text", "words": False}, "text"),
        ({"kind": "Text", "words": True}, "sentences, cut into words"),
        ({"kind": "Tags", "classes": ["DET", "NOUN"]}, "one of 2 tags for each word"),
        ({"kind": "Series", "names": ["x"], "length": 140}, "series of 140 steps of 1 channel: x"),
        (
            {"kind": "Series", "names": list("abcdefghij"), "length": 0},
            "series of 10 channels: a, b, c, d, e, f, g, h, ...",
        ),
        ({"kind": "Number", "name": ""}, "a number"),
    ],
)
def test_every_kind_of_data_has_words(kind, words):
    assert findings.leaf(kind) == words
