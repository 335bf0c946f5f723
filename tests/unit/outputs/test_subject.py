import json

import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter

from gnomon.outputs.record import read_record
from gnomon.outputs.subject import chapters, classes_of, kinds_of, task_of, things

SEQUENCES = [
    (FakeTexts, "classify", ("Text", "Label"), "text"),
    (FakeTags, "tag_sequence", ("Text", "Tags"), "sentence"),
    (FakeWriter, "predict_next", ("Text", "Text"), "document"),
    (FakeForecast, "forecast", ("Series", "Series"), "time step"),
    (FakeCurves, "classify", ("Series", "Label"), "series"),
]


@pytest.mark.parametrize(("kind", "task", "kinds", "thing"), SEQUENCES)
def test_every_kind_of_run_is_known(tmp_path, kind, task, kinds, thing):
    record = read_record(kind(tmp_path).run)
    assert (task_of(record), kinds_of(record), things(record)) == (task, kinds, thing)


def test_each_task_has_its_chapters(tmp_path):
    found = {kind: [c.id for c in chapters(read_record(kind(tmp_path / task / thing).run))]
             for kind, task, _, thing in SEQUENCES}  # fmt: skip
    assert found[FakeTexts][2:7] == ["telling", "curves", "scores", "classes", "confusion"]
    assert "telling" not in found[FakeCurves]
    assert "calibration" not in found[FakeTags]
    assert found[FakeWriter][2:6] == ["curves", "written", "scores", "along"]
    assert found[FakeForecast][2:6] == ["curves", "scores", "forecasts", "horizon"]
    for ids in found.values():
        assert ids[:2] == ["plan", "data"]
        assert ids[-4:] == ["health", "settings", "environment", "use"]


def test_the_task_is_found_whatever_file_is_missing(tmp_path):
    fake = FakeForecast(tmp_path)
    for path in (fake.run.evaluation, fake.run.plan):
        path.unlink()
        assert task_of(read_record(fake.run)) == "forecast"
    fake.run.config.write_text("[run]\nseed = 0\n")
    assert task_of(read_record(fake.run)) == "forecast"
    fake.run.data.unlink()
    record = read_record(fake.run)
    assert task_of(record) == "classify"
    assert kinds_of(record, "Image") == ("Image", "Label")


def test_a_task_of_somebody_else_gets_what_all_tasks_have(tmp_path):
    fake = FakeRun(tmp_path)
    fake.run.evaluation.write_text(json.dumps({"task": "segment"}))
    ids = [chapter.id for chapter in chapters(read_record(fake.run))]
    assert ids == ["plan", "data", "curves", "scores", "health", "settings", "environment", "use"]


def test_classes_are_named(tmp_path):
    assert classes_of(read_record(FakeTexts(tmp_path).run)) == ["PLACE", "NUMBER", "PERSON"]
    assert classes_of(read_record(FakeWriter(tmp_path).run)) == []
