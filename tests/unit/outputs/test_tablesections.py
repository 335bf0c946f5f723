"""Tables in the report."""

import pytest

from gnomon import api
from gnomon.core.errors import DataError
from gnomon.outputs import report, tablesections
from gnomon.outputs.examples import Examples
from gnomon.outputs.record import read_record
from gnomon.outputs.subject import chapters

LINES = [f"{k * 1.5},{'red' if k % 3 else 'blue'},{'<b>' if k % 9 == 4 else 'ok'},{k % 3 * 50 + k}" for k in range(300)]


@pytest.fixture(scope="module")
def records(cache, tmp_path_factory):
    """Records of runs on one table, with a number and with labels as the target."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "t.csv").write_text("size,colour,note,price\n" + "\n".join(LINES) + "\n")
    made = {}
    for target in ("price", "colour"):
        run = api.train(str(folder / "t.csv"), target=target, budget="10steps", out=str(folder / target))
        made[target] = read_record(run.folder)
    return made


def test_the_columns_are_shown_with_the_target_first(records):
    found = tablesections.glance(records["price"])
    assert [row["name"] for row in found["rows"]] == ["price", "size", "colour", "note"]
    assert found["rows"][0]["is_target"]
    assert found["rows"][1]["values"] == "0 … 224 … 448"
    assert found["rows"][2]["values"] == "red, blue"
    assert found["rows"][2]["svg"].count("<rect") == 2


def test_importance_of_each_column_and_the_answers_along_the_important_ones(records):
    found = tablesections.importance(records["price"])
    assert found["num_columns"] == 3
    assert found["chart"].count('class="point"') == 3
    assert {curve["name"] for curve in found["curves"]} <= {"size", "colour", "note"}
    curve = next(one for one in found["curves"] if one["name"] == "size")
    assert "data-plot" in curve["svg"]
    bars = next(one for one in found["curves"] if one["name"] == "colour")
    assert "red" in bars["chart"]
    assert 'class="between"' in curve["svg"]
    assert found["has_ranges"]


def test_probabilities_along_a_column_have_no_band(records):
    """That of a sure classifier would fill the chart."""
    found = tablesections.importance(records["colour"])
    curve = next(one for one in found["curves"] if one["name"] == "size")
    assert 'class="between"' not in curve["svg"]
    assert not curve["has_ranges"]


def test_residuals_of_numbers_and_none_of_labels(records):
    found = tablesections.residuals(records["price"])
    assert found["num_points"] == 30
    assert found["scatter"].count("<circle") == 30
    assert [row["share"] for row in found["quantiles"]] == ["10.0\u202f%", "50.0\u202f%", "90.0\u202f%"]
    assert tablesections.residuals(records["colour"]) == {}


def examples(fail=False):
    def samples(split, indices):
        if fail:
            raise DataError("is gone", fix="put it back")
        return [{"size": 1.25, "colour": None, "note": "<b>"} for _ in indices]

    return Examples(kind="Table", samples=samples, labels=lambda s: None, tags=lambda s, i: [], names=lambda s, i: [])


def test_the_worst_rows_have_their_most_important_cells(records):
    found = tablesections.worst(records["price"], examples())
    row = found["rows"][0]
    assert set(found["columns"]) == {"size", "colour", "note"}
    assert sorted(row["cells"]) == ["1.25", "<b>", "–"]
    gone = tablesections.worst(records["price"], examples(fail=True))
    assert (gone["columns"], "is gone" in gone["absent"]) == ([], True)


def test_the_chapters_and_the_page(records):
    for target, chapter in (("price", "residuals"), ("colour", "confusion")):
        ids = [one.id for one in chapters(records[target])]
        assert ids.index("importance") == ids.index("scores") + 1
        assert chapter in ids
        page = report.render(records[target], examples=examples())
        assert 'id="importance"' in page
        assert "<b>, " not in page
        assert "rows of 3 columns" in page
        assert ("lie farthest from the truth" in page) == (target == "price")
        assert ("in the target&#39;s own unit; 0 is perfect" in page) == (target == "price")
