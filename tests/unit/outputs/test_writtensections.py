import json

import pytest
from fake_sequence_runs import FakeWriter

from gnomon.outputs.record import read_record
from gnomon.outputs.writtensections import along, glance, written


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeWriter(tmp_path_factory.mktemp("run"))


def test_passages_begin_with_a_line_and_the_splits_are_counted(fake):
    found = glance(read_record(fake.run), fake.examples)
    text = fake.dataset.splits["train"].inputs[0]
    assert len(found["passages"]) == 3
    assert all(passage.removesuffix("…") in text for passage in found["passages"])
    assert found["extents"][0] == ("train", len(text), 1)
    assert [name for name, _, _ in found["extents"]] == ["train", "valid", "test"]


def test_first_middle_and_last_text_are_shown_with_the_score_by_then(fake):
    found = written(read_record(fake.run))
    assert [row["step"] for row in found["rows"]] == [100, 500, 900]
    assert found["num"] == 5
    assert all(row["score"].startswith("loss ") and row["text"] for row in found["rows"])


def test_texts_written_before_a_resume_are_replaced_by_those_after_it(tmp_path):
    fake = FakeWriter(tmp_path, samples=False)
    lines = [{"event": "sample", "step": step, "progress": step / 9, "text": text}
             for step, text in ((1, "a"), (5, "lost"), (4, "b"))]  # fmt: skip
    with fake.run.metrics.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    record = read_record(fake.run)
    assert [row["text"] for row in written(record)["rows"]] == ["a", "b"]
    assert record.health == []


def test_a_run_that_wrote_nothing_has_nothing_to_show(tmp_path):
    assert written(read_record(FakeWriter(tmp_path, samples=False).run)) == {}


def test_the_loss_along_the_text_is_drawn(fake):
    found = along(read_record(fake.run))
    assert found["easiest"] < found["mean"] < found["hardest"]
    assert "Loss along the text" in found["svg"]
    assert along(read_record(FakeWriter(fake.run.path.parent / "open", finished=False).run)) == {}
